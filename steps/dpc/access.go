package dpc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// This file holds the way from credentials to an access token, as RFC 7523 has it:
// an assertion, signed with the private key, is exchanged for the token.

// AccessToken returns a fresh access token and how long it lasts. It has been
// used once, so that a token that DPC would refuse is not handed out. Where DPC
// says no, the error is of record.ErrRefused; every error has a hint. What went
// wrong is told as Check tells it.
func (c *Client) AccessToken(ctx context.Context, state record.State, creds record.Credentials) (keys.Secret, time.Duration, error) {
	s, f := c.open(creds)
	if f == nil {
		f = s.validate(ctx)
	}
	if f == nil {
		f = s.authorize(ctx, state)
	}
	if f == nil {
		_, f = s.prove(ctx)
		if f != nil && !f.Cause.Personal() {
			f = nil // it was given out; what came after says nothing about it
		}
	}
	if err := ctx.Err(); err != nil {
		return keys.Secret{}, 0, err
	}
	if f == nil {
		return s.bearer.token, s.bearer.life, nil
	}
	line := s.secrets.line(*f)
	line.ID = check.Accept
	var kind error
	if line.Refused() {
		kind = record.ErrRefused
	}
	return keys.Secret{}, 0, record.WithKind(fmt.Errorf("no access token: %s", line.Reason()), kind, line.Remedy())
}

const (
	typeJSON = "application/json"
	typeFHIR = "application/fhir+json"
)

// session is one set of credentials on its way to an access token.
type session struct {
	client  *Client
	token   keys.Secret
	says    keys.Token // what the client token says of itself
	entered string     // the organization's ID, as the person entered it or in the token that they entered
	keyID   string
	pair    keys.Pair
	bearer  access
	secrets cleaner // all that was sent so far, or never may be
}

// open reads the credentials, without asking DPC. It returns a session even with
// a fault: what could be read is in it.
func (c *Client) open(creds record.Credentials) (*session, *fault) {
	s := &session{client: c, token: creds.ClientToken, secrets: cleaner{creds.ClientToken, creds.PrivateKey}}
	clean, organization, err := keys.ParseOrganizationToken(creds.OrganizationToken)
	s.entered = organization.OrganizationID
	if err != nil || clean.Reveal() != s.entered { // an ID is no secret
		s.secrets = append(s.secrets, creds.OrganizationToken)
	}
	if _, s.says, err = keys.ParseToken(creds.ClientToken); err != nil {
		return s, failed(check.CauseTokenRefused, check.FixToken, err.Error())
	}
	if s.keyID, err = keys.ParseUUID(creds.KeyID); err != nil {
		return s, failed(check.CauseKeyIDUnknown, check.FixKeyID, err.Error())
	}
	var public keys.PublicKey
	if s.pair, err = keys.ParsePrivateKey(creds.PrivateKey); err == nil {
		public, err = keys.ParsePublicKey(creds.PublicKey)
	}
	if err == nil {
		err = s.pair.Matches(public)
	}
	if err != nil {
		return s, failed(check.CausePrivateKey, check.FixKey, err.Error())
	}
	return s, nil
}

// assertion makes a fresh assertion for a key ID. DPC takes each only once.
func (s *session) assertion(keyID string) (keys.Secret, *fault) {
	made, err := s.pair.Assertion(keys.Claims{
		Token:    s.token,
		KeyID:    keyID,
		Audience: s.client.base + "/Token/auth",
		ID:       s.client.NewID(),
		Now:      s.client.Now(),
	})
	if err != nil {
		return keys.Secret{}, failed(check.CauseAssertion, check.FixAgain, err.Error())
	}
	s.secrets = append(s.secrets, made)
	return made, nil
}

// validate asks DPC whether an assertion is well formed. DPC doesn't remember it,
// so it may be asked again.
func (s *session) validate(ctx context.Context) *fault {
	assertion, f := s.assertion(s.keyID)
	if f == nil {
		_, f = s.do(ctx, request{path: "/Token/validate", accept: typeJSON, kind: "text/plain", body: assertion})
	}
	return f
}

// authorize exchanges an assertion for an access token. "Invalid JWT" is what DPC
// says to a signature that does not fit, and also to an assertion that some proxy
// on the way sent twice; a second, fresh one tells them apart.
//
// Where DPC does not take the key ID, authorize looks whether it takes one that was
// recorded for this key before. Only with an access token could DPC's own list of
// keys be asked, and without the right ID there is none.
func (s *session) authorize(ctx context.Context, state record.State) *fault {
	f := s.exchange(ctx, s.keyID)
	if f != nil && f.Cause == check.CausePrivateKey {
		f = s.exchange(ctx, s.keyID)
	}
	if f == nil || f.Cause != check.CauseKeyIDUnknown && f.Cause != check.CausePrivateKey {
		return f
	}
	for _, k := range former(state) {
		id, err := keys.ParseUUID(k.ID)
		if err != nil || id == s.keyID || k.Fingerprint != s.pair.Public().Fingerprint() {
			continue
		}
		if s.exchange(ctx, id) == nil {
			f.Cause, f.Fix, f.KeyID = check.CauseKeyIDOther, check.FixRecordKeyID, id
			break
		}
	}
	return f
}

// former lists the key IDs that were recorded so far.
func former(state record.State) []record.KeyIDFact {
	var all []record.KeyIDFact
	if k := state.KeyID; k != nil {
		all = append(all, *k)
	}
	if c := state.Check; c != nil && c.Passed {
		all = append(all, record.KeyIDFact{ID: c.KeyID, Fingerprint: c.Fingerprint})
	}
	if k := state.Replaced().KeyID; k != nil {
		all = append(all, *k)
	}
	return all
}

func (s *session) exchange(ctx context.Context, keyID string) *fault {
	assertion, f := s.assertion(keyID)
	if f != nil {
		return f
	}
	form := url.Values{
		"scope":                 {"system/*.*"},
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion.Reveal()},
	}
	a, f := s.do(ctx, request{
		path: "/Token/auth", accept: typeJSON, once: true,
		kind: "application/x-www-form-urlencoded", body: keys.NewSecret(form.Encode()),
	})
	if f != nil {
		return f
	}
	if s.bearer, f = parseAccess(a); f == nil {
		s.secrets = append(s.secrets, s.bearer.token)
	}
	return f
}

// prove asks for the organization with the access token. It is part of being
// accepted: DPC gives an access token for any client token that names the right
// organization, and looks at the client token itself (deleted, expired, made by
// someone else) only when the access token is used.
func (s *session) prove(ctx context.Context) (organization, *fault) {
	return fetch(ctx, s, "/Organization", typeFHIR, parseOrganization)
}

// fetch gets a path with the access token and reads the answer with parse.
func fetch[T any](ctx context.Context, s *session, path, accept string, parse func(answer) (T, *fault)) (T, *fault) {
	a, f := s.do(ctx, request{path: path, accept: accept})
	if f != nil {
		var none T
		return none, f
	}
	return parse(a)
}

// do sends a request and returns DPC's own answer, or why there is none. The
// answer to an assertion is one of status 200. A 401 to the access token, which
// is fresh, is about the client token behind it.
func (s *session) do(ctx context.Context, r request) (answer, *fault) {
	r.bearer = s.bearer.token
	a, err := s.client.send(ctx, r)
	if err != nil {
		return a, classify(err)
	}
	f := onTheWay(a)
	switch {
	case f != nil || a.status == http.StatusOK:
	case r.bearer.IsZero() && !r.body.IsZero():
		f = refusal(a)
	case !r.bearer.IsZero() && a.status == http.StatusUnauthorized:
		f = failed(check.CauseTokenRefused, check.FixToken, message(a))
		f.HTTPStatus = a.status
		if s.says.Expired(s.client.Now().Add(-a.skew)) {
			f.Cause = check.CauseTokenExpired
		}
	}
	return a, f
}

// refusals are DPC's words for what it does not accept, and what they mean. The
// first that stands in the message counts.
var refusals = []struct {
	words string
	cause check.Cause
	fix   check.Fix
}{
	{"cannot find public key", check.CauseKeyIDUnknown, check.FixKeyID},
	{"invalid public key id", check.CauseKeyIDUnknown, check.FixKeyID},
	{"`kid` value must be", check.CauseKeyIDUnknown, check.FixKeyID},
	{"audience claim value", check.CauseAudience, check.FixAgain},
	{"invalid jwt", check.CausePrivateKey, check.FixKeyID},
	{"jwt is expired", check.CauseClock, check.FixClock},
	{"more than 5 minutes", check.CauseClock, check.FixClock},
	{"not authorized", check.CauseClock, check.FixClock},
	{"client_token", check.CauseTokenRefused, check.FixToken},
	{"client token", check.CauseTokenRefused, check.FixToken},
	{"client_id", check.CauseTokenRefused, check.FixToken},
}

// refusal says what DPC's 400 or 401 to an assertion means. Where the clocks are
// too far apart for any assertion, it means that, whatever the words are.
func refusal(a answer) *fault {
	words := message(a)
	if a.status != http.StatusBadRequest && a.status != http.StatusUnauthorized {
		return unexpected(a, words)
	}
	f := failed(check.CauseAssertion, check.FixAgain, words)
	f.HTTPStatus, f.Skew = a.status, a.skew
	for _, r := range refusals {
		if strings.Contains(strings.ToLower(words), r.words) {
			f.Cause, f.Fix = r.cause, r.fix
			break
		}
	}
	if tooFar(a.skew) {
		f.Cause, f.Fix = check.CauseClock, check.FixClock
	}
	return f
}
