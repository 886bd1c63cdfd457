package dpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// Registry is DPC's list of what an organization has, open to be changed. It is a
// steps.Registry.
type Registry struct{ *session }

// Registry signs in with credentials. What it returns works for the five minutes of
// an access token.
func (c *Client) Registry(ctx context.Context, state record.State, creds record.Credentials) (*Registry, error) {
	s, f := c.open(creds)
	if f == nil {
		f = s.validate(ctx)
	}
	if f == nil {
		f = s.authorize(ctx, state)
	}
	return &Registry{s}, s.failure(ctx, "sign in to DPC", f)
}

// failure makes an error of a fault, with the remedy, and of record.ErrRefused where
// DPC said no. It returns nil for none.
func (s *session) failure(ctx context.Context, what string, f *fault) error {
	if f == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	line := s.secrets.line(*f)
	line.ID = check.Accept
	var kind error
	if line.Cause.Personal() {
		kind = record.ErrRefused
	}
	return record.WithKind(fmt.Errorf("%s: %s", what, line.Reason()), kind, line.Remedy())
}

var paths = map[record.Rotation]string{record.TokenRotation: "/Token", record.KeyRotation: "/Key"}

// List returns all client tokens, or all public keys.
func (r *Registry) List(ctx context.Context, what record.Rotation) (all []steps.Listed, err error) {
	var f *fault
	if what == record.KeyRotation {
		var list []key
		list, f = fetch(ctx, r.session, paths[what], typeJSON, parseKeys)
		for _, k := range list {
			all = append(all, steps.Listed{What: what, ID: k.id, Label: r.secrets.clean(k.label), Fingerprint: k.public.Fingerprint()})
		}
	} else {
		var list []token
		list, f = fetch(ctx, r.session, paths[what], typeJSON, parseTokens)
		for _, t := range list {
			all = append(all, steps.Listed{What: what, ID: t.id, Label: r.secrets.clean(t.label)})
		}
	}
	return all, r.failure(ctx, "read DPC's list", f)
}

// NewToken makes a client token. The request is not repeated: each makes another.
func (r *Registry) NewToken(ctx context.Context, label string) (keys.Secret, error) {
	var made struct {
		Token string `json:"token"`
	}
	const what = "make a client token"
	err := r.change(ctx, what, request{method: http.MethodPost, path: labeled(record.TokenRotation, label)}, &made)
	if err != nil {
		return keys.Secret{}, err
	}
	clean, _, err := keys.ParseToken(keys.NewSecret(made.Token))
	if err != nil {
		return clean, fmt.Errorf("%s: what DPC answered can't be used: %w", what, err)
	}
	r.secrets = append(r.secrets, clean)
	return clean, nil
}

// AddKey registers a public key, and returns its ID.
func (r *Registry) AddKey(ctx context.Context, label string, k record.KeyFact) (string, error) {
	body, err := json.Marshal(map[string]string{"key": k.PublicKey, "signature": k.Signature})
	if err != nil {
		return "", err
	}
	var made struct {
		ID string `json:"id"`
	}
	const what = "add the public key"
	err = r.change(ctx, what, request{
		method: http.MethodPost, path: labeled(record.KeyRotation, label), kind: typeJSON, body: keys.NewSecret(string(body)),
	}, &made)
	if err != nil {
		return "", err
	}
	id, err := keys.ParseUUID(made.ID)
	if err != nil {
		return "", fmt.Errorf("%s: what DPC answered can't be used: %w", what, err)
	}
	return id, nil
}

func labeled(what record.Rotation, label string) string {
	return paths[what] + "?" + url.Values{"label": {label}}.Encode()
}

// Delete deletes a client token or a public key.
func (r *Registry) Delete(ctx context.Context, what record.Rotation, id string) error {
	return r.change(ctx, "delete it at DPC", request{method: http.MethodDelete, path: paths[what] + "/" + url.PathEscape(id)}, nil)
}

// duplicate is part of what DPC says where a key or its label is taken.
const duplicate = "duplicate key value"

// change asks for something to be made or deleted, once, and reads the answer into
// made, where that is not nil. DPC's 400 and 422 are its no.
func (r *Registry) change(ctx context.Context, what string, q request, made any) error {
	q.accept, q.once = typeJSON, true
	a, f := r.do(ctx, q)
	words := message(a)
	switch {
	case strings.Contains(words, duplicate): // DPC says so with 400, and may with 500
		return record.WithKind(fmt.Errorf("%s: %w", what, steps.ErrTaken), record.ErrRefused, "Try again: another label is taken for it.")
	case f != nil:
	case a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity:
		return record.WithKind(errors.New(what+": DPC refuses: "+r.secrets.clean(words)), record.ErrRefused, "Nothing was changed. Use the portal instead.")
	case made != nil:
		f = decode(a, made)
	case a.status != http.StatusOK && a.status != http.StatusNoContent:
		f = unexpected(a, words)
	}
	return r.failure(ctx, what, f)
}
