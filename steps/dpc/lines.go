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
	f := r.authorize(ctx)
	if f != nil {
		return r.underOtherID(ctx, *f)
	}
	r.organization, f = r.prove(ctx)
	if f != nil && f.Cause.Personal() {
		return *f
	}
	r.unknown = f // that DPC accepts the token is known all the same
	return check.Line{Status: check.Passed}
}

// underOtherID looks whether this key is accepted under an ID that was recorded
// for it before. Only with an access token could DPC's own list of keys be asked,
// and without the right ID there is none.
func (r *run) underOtherID(ctx context.Context, line check.Line) check.Line {
	if line.Cause != check.CauseKeyIDUnknown && line.Cause != check.CausePrivateKey {
		return line
	}
	var former []record.KeyIDFact
	if k := r.state.KeyID; k != nil {
		former = append(former, *k)
	}
	if c := r.state.Check; c != nil && c.Passed {
		former = append(former, record.KeyIDFact{ID: c.KeyID, Fingerprint: c.Fingerprint})
	}
	if k := r.state.Replaced().KeyID; k != nil {
		former = append(former, *k)
	}
	for _, k := range former {
		id, err := keys.ParseUUID(k.ID)
		if err != nil || id == r.keyID || k.Fingerprint != r.pair.Public().Fingerprint() {
			continue
		}
		if r.exchange(ctx, id) == nil {
			line.Cause, line.Fix, line.KeyID = check.CauseKeyIDOther, check.FixRecordKeyID, id
			return line
		}
	}
	return line
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
