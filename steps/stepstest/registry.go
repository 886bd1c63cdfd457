package stepstest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
)

// Registry is what DPC holds of the organization, in memory. It implements
// steps.Registry, for any credentials.
type Registry struct {
	Listed []steps.Listed
	// Fail, where set, is asked before each call: "sign in", "list token", "new
	// token", "add key", "delete token". After is asked once it is done.
	Fail, After func(call string) error
	// Made is each client token that was made, in order.
	Made []keys.Secret

	t testing.TB
}

func (r *Registry) open(ctx context.Context, _ record.State, _ record.Credentials) (steps.Registry, error) {
	return r, r.asked(ctx, "sign in")
}

func (r *Registry) asked(ctx context.Context, call string) error {
	if ctx.Err() != nil || r.Fail == nil {
		return ctx.Err()
	}
	return r.Fail(call)
}

func (r *Registry) done(call string) error {
	if r.After == nil {
		return nil
	}
	return r.After(call)
}

// List is steps.Registry's.
func (r *Registry) List(ctx context.Context, what record.Rotation) ([]steps.Listed, error) {
	var all []steps.Listed
	for _, l := range r.Listed {
		if l.What == what {
			all = append(all, l)
		}
	}
	return all, r.asked(ctx, "list "+string(what))
}

// NewToken is steps.Registry's. Each token lasts two years, and so longer than the one
// before.
func (r *Registry) NewToken(ctx context.Context, label string) (keys.Secret, error) {
	if err := r.asked(ctx, "new token"); err != nil {
		return keys.Secret{}, err
	}
	id := uuid.NewString()
	expires := Start.AddDate(2, 0, len(r.Made))
	value := keystest.Token(r.t, keystest.TokenSpec{RootKeyID: id, Expires: expires})
	r.Made = append(r.Made, value)
	r.Listed = append(r.Listed, steps.Listed{What: record.TokenRotation, ID: id, Label: label})
	return value, r.done("new token")
}

// AddKey is steps.Registry's.
func (r *Registry) AddKey(ctx context.Context, label string, k record.KeyFact) (string, error) {
	if err := r.asked(ctx, "add key"); err != nil {
		return "", err
	}
	for _, l := range r.Listed {
		if l.What == record.KeyRotation && (l.Label == label || l.Fingerprint == k.Fingerprint) {
			return "", steps.ErrTaken
		}
	}
	id := uuid.NewString()
	r.Listed = append(r.Listed, steps.Listed{What: record.KeyRotation, ID: id, Label: label, Fingerprint: k.Fingerprint})
	return id, r.done("add key")
}

// Delete is steps.Registry's.
func (r *Registry) Delete(ctx context.Context, what record.Rotation, id string) error {
	if err := r.asked(ctx, "delete "+string(what)); err != nil {
		return err
	}
	for i, l := range r.Listed {
		if l.What == what && l.ID == id {
			r.Listed = append(r.Listed[:i:i], r.Listed[i+1:]...)
			return r.done("delete " + string(what))
		}
	}
	return errors.New("there is no such entry")
}
