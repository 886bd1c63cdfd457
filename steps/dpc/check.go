package dpc

import (
	"context"
	"net/http"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// needs names the line that must not have failed before another one is tried.
// Expiry and addresses can be told without DPC.
var needs = map[steps.CheckID]steps.CheckID{
	steps.CheckClock:        steps.CheckReach,
	steps.CheckAssertion:    steps.CheckClock,
	steps.CheckAccept:       steps.CheckAssertion,
	steps.CheckOrganization: steps.CheckAccept,
	steps.CheckKey:          steps.CheckAccept,
}

// run is one live check.
type run struct {
	*session
	unread *fault // why the credentials can't be read
	state  steps.State
	creds  steps.Credentials
	report func(steps.CheckLine)
	lines  []steps.CheckLine

	now          func() time.Time
	date         time.Time     // DPC's clock as it answered first, zero where it did not say
	skew         time.Duration // this computer's clock minus DPC's
	organization organization
	unknown      *fault // why the organization is not known
}

// Check asks DPC whether the credentials work, line by line in the order of
// steps.CheckIDs, and reports each line as it starts (with CheckRunning) and as
// it ends. report may be nil. What goes wrong is in the report; an error is
// returned only where ctx ended, together with the lines until then.
func (c *Client) Check(ctx context.Context, state steps.State, creds steps.Credentials, report func(steps.CheckLine)) (steps.CheckReport, error) {
	if report == nil {
		report = func(steps.CheckLine) {}
	}
	r := &run{state: state, creds: creds, report: report, now: c.Now}
	r.session, r.unread = c.open(creds)
	out := steps.CheckReport{
		At: c.Now(), API: c.base,
		TokenDigest: creds.ClientToken.Digest(), KeyID: creds.KeyID, Fingerprint: r.fingerprint(),
	}
	for _, id := range steps.CheckIDs {
		if id == steps.CheckAddresses && state.Environment != steps.Production {
			continue
		}
		if err := r.line(ctx, id); err != nil {
			out.Lines = r.lines
			return out, err
		}
	}
	out.Lines = r.lines
	_, failed := out.Failure()
	out.Passed = !failed
	return out, nil
}

func (r *run) fingerprint() string {
	if r.state.Key != nil {
		return r.state.Key.Fingerprint
	}
	return r.pair.Public().Fingerprint()
}

// line runs one line to its end. A line that was cut short by ctx does not end.
func (r *run) line(ctx context.Context, id steps.CheckID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.blocked(id) {
		r.end(steps.CheckLine{ID: id, Status: steps.CheckNotTried})
		return nil
	}
	r.report(steps.CheckLine{ID: id, Status: steps.CheckRunning})
	started := r.now()
	line := r.probe(ctx, id)
	if err := ctx.Err(); err != nil {
		return err
	}
	line.ID, line.Took = id, max(0, r.now().Sub(started))
	r.end(line)
	return nil
}

func (r *run) blocked(id steps.CheckID) bool {
	for _, line := range r.lines {
		if line.ID == needs[id] && (line.Status == steps.CheckFailed || line.Status == steps.CheckNotTried) {
			return true
		}
	}
	return false
}

func (r *run) end(line steps.CheckLine) {
	r.lines = append(r.lines, line)
	r.report(line)
}

func (r *run) probe(ctx context.Context, id steps.CheckID) steps.CheckLine {
	switch id {
	case steps.CheckReach:
		return r.reach(ctx)
	case steps.CheckClock:
		return clockLine(r.date, r.skew)
	case steps.CheckAssertion:
		return r.wellFormed(ctx)
	case steps.CheckAccept:
		return r.accept(ctx)
	case steps.CheckOrganization:
		return r.compareOrganization()
	case steps.CheckKey:
		return r.compareKey(ctx)
	case steps.CheckExpiry:
		return r.expiry(ctx)
	case steps.CheckAddresses:
		return noted(steps.CauseAddresses)
	}
	return steps.CheckLine{Status: steps.CheckNotTried}
}

func passed() steps.CheckLine { return steps.CheckLine{Status: steps.CheckPassed} }

func noted(cause steps.CheckCause) steps.CheckLine {
	return steps.CheckLine{Status: steps.CheckNoted, Cause: cause}
}

func failed(f *fault) steps.CheckLine {
	return steps.CheckLine{
		Status: steps.CheckFailed, Cause: f.cause, Mend: f.mend,
		HTTPStatus: f.status, Skew: f.skew, Detail: f.detail,
	}
}

// ended is a line that passed, or failed with a fault.
func ended(f *fault) steps.CheckLine {
	if f != nil {
		return failed(f)
	}
	return passed()
}

func (r *run) reach(ctx context.Context) steps.CheckLine {
	a, f := r.get(ctx, "/metadata", typeFHIR)
	if f == nil {
		f = isDPC(a)
	}
	r.date, r.skew = a.date, a.skew
	return ended(f)
}

// clockLine says how far the clocks are apart. Without a date there is nothing to
// compare, which is no fault of the person's.
func clockLine(date time.Time, skew time.Duration) steps.CheckLine {
	line := passed()
	switch {
	case date.IsZero():
		line = noted(steps.CauseUnexpected)
	case tooFar(skew):
		line = failed(&fault{cause: steps.CauseClock, mend: steps.MendClock})
	case skew.Abs() > tolerance:
		line = noted(steps.CauseClock)
		line.Mend = steps.MendClock
	}
	line.Skew = skew
	return line
}

func (r *run) wellFormed(ctx context.Context) steps.CheckLine {
	if r.unread != nil {
		return failed(r.unread)
	}
	return ended(r.validate(ctx))
}

func (r *run) accept(ctx context.Context) steps.CheckLine {
	f := r.authorize(ctx, r.keyID)
	if f != nil {
		return r.underOtherID(ctx, f)
	}
	r.organization, f = r.prove(ctx)
	if f != nil && f.cause.Personal() {
		return failed(f)
	}
	r.unknown = f // that DPC accepts the token is known all the same
	return passed()
}

// underOtherID looks whether this key is accepted under an ID that was recorded
// for it before. Only with an access token could DPC's own list of keys be asked,
// and without the right ID there is none.
func (r *run) underOtherID(ctx context.Context, f *fault) steps.CheckLine {
	line := failed(f)
	if f.cause != steps.CauseKeyIDUnknown && f.cause != steps.CausePrivateKey {
		return line
	}
	for _, id := range r.formerIDs() {
		if r.exchange(ctx, id) == nil {
			line.Cause, line.Mend, line.KeyID = steps.CauseKeyIDOther, steps.MendRecordKeyID, id
			return line
		}
	}
	return line
}

// formerIDs lists the other IDs that the facts name for this very key.
func (r *run) formerIDs() []string {
	mine := r.pair.Public().Fingerprint()
	var all []string
	add := func(id, fingerprint string) {
		id, err := keys.ParseUUID(id)
		if err == nil && fingerprint == mine && id != r.keyID {
			all = append(all, id)
		}
	}
	if k := r.state.KeyID; k != nil {
		add(k.ID, k.Fingerprint)
	}
	if c := r.state.Check; c != nil && c.Passed {
		add(c.KeyID, c.Fingerprint)
	}
	if p := r.state.Previous; p != nil && p.KeyID != nil {
		add(p.KeyID.ID, p.KeyID.Fingerprint)
	}
	return all
}

func (r *run) compareOrganization() steps.CheckLine {
	if r.unknown != nil {
		return failed(r.unknown)
	}
	o := r.organization
	line := passed()
	switch {
	case r.entered() != "" && r.entered() != o.id:
		line = failed(&fault{cause: steps.CauseOrganization, mend: steps.MendOrganization})
	case o.npi == r.state.NPI:
	case o.npi == "" || r.state.Environment != steps.Production:
		line = noted(steps.CauseNPI)
	default:
		line = failed(&fault{cause: steps.CauseNPI, mend: steps.MendNPI})
	}
	line.OrganizationID, line.Organization, line.NPI = o.id, o.name, o.npi
	return line
}

// entered returns the ID of the organization that the person entered: as the
// organization token, or inside of it.
func (r *run) entered() string {
	if id, err := keys.ParseUUID(r.creds.OrganizationToken.Reveal()); err == nil {
		return id
	}
	if _, says, err := keys.ParseToken(r.creds.OrganizationToken); err == nil {
		return says.OrganizationID
	}
	return ""
}

func (r *run) compareKey(ctx context.Context) steps.CheckLine {
	a, f := r.ask(ctx, "/Key/"+r.keyID, typeJSON)
	if f != nil {
		return failed(f)
	}
	if a.status == http.StatusNotFound {
		return r.findKey(ctx, steps.CauseKeyIDUnknown)
	}
	found, f := parseKey(a, r.words)
	if f != nil {
		return failed(f)
	}
	if !found.public.Equal(r.pair.Public()) {
		return r.findKey(ctx, steps.CauseKeyOther)
	}
	line := passed()
	line.KeyLabel = found.label
	return line
}

// findKey looks for this key in DPC's list. cause is what is wrong where it isn't
// there.
func (r *run) findKey(ctx context.Context, cause steps.CheckCause) steps.CheckLine {
	a, f := r.ask(ctx, "/Key", typeJSON)
	if f != nil {
		return failed(f)
	}
	all, f := parseKeys(a, r.words)
	if f != nil {
		return failed(f)
	}
	for _, k := range all {
		if k.public.Equal(r.pair.Public()) && k.id != r.keyID {
			line := failed(&fault{cause: steps.CauseKeyIDOther, mend: steps.MendRecordKeyID})
			line.KeyID, line.KeyLabel = k.id, k.label
			return line
		}
	}
	return failed(&fault{cause: cause, mend: steps.MendKey})
}
