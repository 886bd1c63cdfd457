package dpc

import (
	"context"
	"slices"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// This file holds how each line of the live check is tried, in their order.

// verdict is a line that passed, or failed with a fault.
func verdict(f *fault) check.Line {
	if f != nil {
		return *f
	}
	return check.Line{Status: check.Passed}
}

func (r *run) reach(ctx context.Context) check.Line {
	var f *fault
	r.first, f = r.do(ctx, request{path: "/metadata", accept: typeFHIR})
	if f == nil {
		f = isDPC(r.first)
	}
	return verdict(f)
}

const (
	// assertionLimit is how far ahead of DPC's clock an assertion may expire.
	assertionLimit = 300 * time.Second
	// tolerance is the difference between the clocks that needs no word.
	tolerance = 30 * time.Second
	// delivery is time that an assertion may spend on its way.
	delivery = 5 * time.Second
)

// tooFar reports whether a clock that is off by skew (above 0 is fast) makes
// assertions that DPC refuses: too far ahead, or over before they arrive.
func tooFar(skew time.Duration) bool {
	return skew > assertionLimit-keys.AssertionLife || skew < delivery-keys.AssertionLife
}

// compareClocks says how far the clocks are apart. Without a date there is nothing
// to compare, which is no fault of the person's.
func (r *run) compareClocks(context.Context) check.Line {
	line := check.Line{Status: check.Passed, Skew: r.first.skew}
	switch {
	case r.first.date.IsZero():
		line.Status, line.Cause = check.Noted, check.CauseUnexpected
	case tooFar(line.Skew):
		line.Status, line.Cause, line.Fix = check.Failed, check.CauseClock, check.FixClock
	case line.Skew.Abs() > tolerance:
		line.Status, line.Cause, line.Fix = check.Noted, check.CauseClock, check.FixClock
	}
	return line
}

func (r *run) wellFormed(ctx context.Context) check.Line {
	if r.unread != nil {
		return *r.unread
	}
	return verdict(r.validate(ctx))
}

func (r *run) accept(ctx context.Context) check.Line {
	f := r.authorize(ctx, r.state)
	if f != nil {
		return *f
	}
	r.organization, f = r.prove(ctx)
	if f != nil && f.Cause.Personal() {
		return *f
	}
	r.unknown = f // that DPC accepts the token is known all the same
	return check.Line{Status: check.Passed}
}

func (r *run) compareOrganization(context.Context) check.Line {
	if r.unknown != nil {
		return *r.unknown
	}
	o := r.organization
	line := check.Line{Status: check.Passed, OrganizationID: o.id, Organization: o.name, NPI: o.npi}
	switch {
	case r.entered != "" && r.entered != o.id:
		line.Status, line.Cause, line.Fix = check.Failed, check.CauseOrganization, check.FixOrganization
	case o.npi == r.state.NPI:
	case o.npi == "" || r.state.Environment != record.Production: // in sandbox, CMS makes it up
		line.Status, line.Cause = check.Noted, check.CauseNPI
	default:
		line.Status, line.Cause, line.Fix = check.Failed, check.CauseNPI, check.FixNPI
	}
	return line
}

// compareKey looks for the key ID, and for this key, in DPC's list.
func (r *run) compareKey(ctx context.Context) check.Line {
	all, f := fetch(ctx, r.session, "/Key", typeJSON, parseKeys)
	if f != nil {
		return *f
	}
	line := *failed(check.CauseKeyIDUnknown, check.FixKey, "")
	for _, k := range all {
		switch ours := k.public.Equal(r.pair.Public()); {
		case ours && k.id == r.keyID:
			return check.Line{Status: check.Passed, KeyLabel: k.label}
		case ours:
			line.Cause, line.Fix, line.KeyID, line.KeyLabel = check.CauseKeyIDOther, check.FixRecordKeyID, k.id, k.label
		case k.id == r.keyID && line.Cause == check.CauseKeyIDUnknown:
			line.Cause = check.CauseKeyOther
		}
	}
	return line
}

// soon is how many days before its end a client token is worth a note.
const soon = 30

// expiry says when the client token ends, from the token itself; and what DPC's
// list says of it, where there is an access token to ask with.
func (r *run) expiry(ctx context.Context) check.Line {
	if r.says.OrganizationID == "" { // it can't be read
		return *r.unread
	}
	now := r.client.Now().Add(-r.first.skew)
	line := check.Line{Status: check.Passed, Expires: r.says.Expires, DaysLeft: r.says.DaysLeft(now)}
	switch {
	case line.Expires.IsZero():
		line = check.Line{Status: check.Noted, Cause: check.CauseUnexpected}
	case r.says.Expired(now) && r.doubtful():
		line.Status, line.Cause, line.Fix = check.Noted, check.CauseClock, check.FixClock
	case r.says.Expired(now):
		line.Status, line.Cause, line.Fix = check.Failed, check.CauseTokenExpired, check.FixToken
	case line.DaysLeft < soon:
		line.Status, line.Cause = check.Noted, check.CauseTokenExpiring
	}
	if r.bearer.token.IsZero() {
		return line
	}
	all, f := fetch(ctx, r.session, "/Token", typeJSON, parseTokens)
	own := slices.IndexFunc(all, func(t token) bool { return t.id == r.says.ID })
	switch {
	case f != nil:
	case r.says.ID == "": // nothing to find it by
	case len(all) == 0:
		f = failed(check.CauseTokensGone, check.FixNone, "")
	case own >= 0:
		line.TokenLabel, line.Created = all[own].label, all[own].created
	default:
		f = failed(check.CauseTokenUnlisted, check.FixNone, "")
	}
	if f != nil && line.Cause == "" {
		line.Status, line.Cause, line.HTTPStatus, line.Detail = check.Noted, f.Cause, f.HTTPStatus, f.Detail
	}
	return line
}

// doubtful reports whether this computer's clock alone tells the time, and something
// speaks against it: a certificate that is out of date by it, or a refused time.
func (r *run) doubtful() bool {
	return r.first.date.IsZero() && slices.ContainsFunc(r.lines, func(l check.Line) bool {
		return l.Status == check.Failed && (l.Cause == check.CauseClock || l.Cause == check.CauseTLSExpired)
	})
}
