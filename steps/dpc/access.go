package dpc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// AccessToken returns a fresh access token and how long it lasts. It has been
// used once, so that a token that DPC would refuse is not handed out. Where DPC
// says no, the error is of steps.ErrRefused; every error has a hint.
func (c *Client) AccessToken(ctx context.Context, creds steps.Credentials) (keys.Secret, time.Duration, error) {
	s, f := c.open(creds)
	if f == nil {
		f = s.authorize(ctx, s.keyID)
	}
	if f == nil {
		_, f = s.prove(ctx)
		if f != nil && !f.cause.Personal() {
			f = nil // it was given out; what came after says nothing about it
		}
	}
	if err := ctx.Err(); err != nil {
		return keys.Secret{}, 0, err
	}
	if f != nil {
		return keys.Secret{}, 0, explain(f)
	}
	return s.bearer.token, s.bearer.life, nil
}

// explain makes an error from a fault, in the words of the live check.
func explain(f *fault) error {
	line := failed(f)
	line.ID = steps.CheckAccept
	err := fmt.Errorf("no access token: %w", errors.New(line.Reason()))
	if f.cause.Personal() {
		return steps.WithKind(err, steps.ErrRefused, line.Remedy())
	}
	return steps.WithHint(err, line.Remedy())
}

// Reach tells whether DPC answers, and whether this computer's clock agrees with
// DPC's: the first two lines of the live check. The second is "not tried" where
// the first failed.
func (c *Client) Reach(ctx context.Context) [2]steps.CheckLine {
	r := &run{session: &session{client: c}, report: func(steps.CheckLine) {}, now: c.Now}
	for _, id := range []steps.CheckID{steps.CheckReach, steps.CheckClock} {
		if err := r.line(ctx, id); err != nil {
			r.end(steps.CheckLine{ID: id, Status: steps.CheckNotTried})
		}
	}
	return [2]steps.CheckLine{r.lines[0], r.lines[1]}
}
