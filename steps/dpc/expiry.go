package dpc

import (
	"context"
	"time"

	"dpc-onboard/steps"
)

const (
	// soon is how many days before its end a client token is worth a note.
	soon = 30
	// sameMoment is how far apart the end that a token says of itself and the end
	// in DPC's list may be: DPC reads its clock twice.
	sameMoment = time.Minute
)

// expiry says when the client token ends, from the token itself, and what DPC's
// list says of it, where there is an access token to ask with.
func (r *run) expiry(ctx context.Context) steps.CheckLine {
	if r.says.OrganizationID == "" { // it can't be read
		return failed(r.unread)
	}
	now := r.now().Add(-r.skew)
	line := expiryLine(r.says.Expires, r.says.DaysLeft(now), r.says.Expired(now))
	if r.bearer.token.IsZero() {
		return line
	}
	listed, f := r.listed(ctx)
	if line.Cause == "" && f != nil {
		line.Status, line.Cause, line.HTTPStatus, line.Detail = steps.CheckNoted, f.cause, f.status, f.detail
	}
	line.TokenLabel, line.Created = listed.label, listed.created
	return line
}

func expiryLine(expires time.Time, days int, expired bool) steps.CheckLine {
	line := passed()
	switch {
	case expires.IsZero():
		return noted(steps.CauseUnexpected)
	case expired:
		line = failed(&fault{cause: steps.CauseTokenExpired, mend: steps.MendToken})
	case days < soon:
		line = noted(steps.CauseTokenExpiring)
	}
	line.Expires, line.DaysLeft = expires, days
	return line
}

// listed finds the client token in DPC's list by its end, because the list holds
// no part of it.
func (r *run) listed(ctx context.Context) (token, *fault) {
	a, f := r.ask(ctx, "/Token", typeJSON)
	if f != nil {
		return token{}, f
	}
	all, f := parseTokens(a, r.words)
	if f != nil {
		return token{}, f
	}
	best, nearest := token{}, sameMoment+1
	for _, t := range all {
		if apart := t.expires.Sub(r.says.Expires).Abs(); apart < nearest {
			best, nearest = t, apart
		}
	}
	if nearest > sameMoment {
		return token{}, &fault{cause: steps.CauseTokenUnlisted}
	}
	return best, nil
}
