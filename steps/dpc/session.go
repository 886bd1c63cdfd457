package dpc

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

const (
	typeJSON = "application/json"
	typeFHIR = "application/fhir+json"
)

// session is one set of credentials on its way to an access token. words knows
// every secret that was sent so far, and hides it in what comes back.
type session struct {
	client *Client
	token  keys.Secret
	keyID  string
	pair   keys.Pair
	says   keys.Token // what the client token says of itself
	words  cleaner
	bearer access
}

// open reads the credentials, without asking DPC. It returns a session even with
// a fault: what could be read is in it.
func (c *Client) open(creds steps.Credentials) (*session, *fault) {
	s := &session{client: c, token: creds.ClientToken}
	s.words = cleaner{}.with(creds.ClientToken, creds.PrivateKey)
	if _, err := keys.ParseUUID(creds.OrganizationToken.Reveal()); err != nil {
		s.words = s.words.with(creds.OrganizationToken) // an ID is no secret
	}
	var err error
	if _, s.says, err = keys.ParseToken(creds.ClientToken); err != nil {
		return s, &fault{cause: steps.CauseTokenRefused, mend: steps.MendToken, detail: s.words.clean(err.Error())}
	}
	if s.keyID, err = keys.ParseUUID(creds.KeyID); err != nil {
		return s, &fault{cause: steps.CauseKeyIDUnknown, mend: steps.MendKeyID, detail: s.words.clean(err.Error())}
	}
	if s.pair, err = keys.ParsePrivateKey(creds.PrivateKey); err == nil {
		err = matches(s.pair, creds.PublicKey)
	}
	if err != nil {
		return s, &fault{cause: steps.CausePrivateKey, mend: steps.MendKey, detail: s.words.clean(err.Error())}
	}
	return s, nil
}

// matches compares a pair with the public key that was saved beside it.
func matches(pair keys.Pair, pem string) error {
	public, err := keys.ParsePublicKey(pem)
	if err != nil {
		return err
	}
	return pair.Matches(public)
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
		return keys.Secret{}, &fault{cause: steps.CauseAssertion, mend: steps.MendAgain, detail: s.words.clean(err.Error())}
	}
	s.words = s.words.with(made)
	return made, nil
}

// do sends a request and returns DPC's own answer, or why there is none.
func (s *session) do(ctx context.Context, r request) (answer, *fault) {
	r.bearer = s.bearer.token
	a, err := s.client.send(ctx, r)
	if err != nil {
		return a, classify(err, s.words)
	}
	return a, judge(a, s.words)
}

func (s *session) get(ctx context.Context, path, accept string) (answer, *fault) {
	return s.do(ctx, request{method: http.MethodGet, path: path, accept: accept})
}

// validate asks DPC whether an assertion is well formed. DPC doesn't remember it,
// so it may be asked again.
func (s *session) validate(ctx context.Context) *fault {
	assertion, f := s.assertion(s.keyID)
	if f != nil {
		return f
	}
	a, f := s.do(ctx, request{
		method: http.MethodPost, path: "/Token/validate", accept: typeJSON,
		kind: "text/plain", body: assertion,
	})
	if f == nil && a.status != http.StatusOK {
		f = s.refusal(a)
	}
	return f
}

// authorize exchanges an assertion for an access token. "Invalid JWT" is what DPC
// says to a signature that does not fit, and also to an assertion that some proxy
// on the way sent twice; a second, fresh one tells them apart.
func (s *session) authorize(ctx context.Context, keyID string) *fault {
	f := s.exchange(ctx, keyID)
	if f != nil && f.cause == steps.CausePrivateKey {
		f = s.exchange(ctx, keyID)
	}
	return f
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
		method: http.MethodPost, path: "/Token/auth", accept: typeJSON,
		kind: "application/x-www-form-urlencoded", body: keys.NewSecret(form.Encode()), once: true,
	})
	if f == nil && a.status != http.StatusOK {
		f = s.refusal(a)
	}
	if f != nil {
		return f
	}
	if s.bearer, f = parseAccess(a); f == nil {
		s.words = s.words.with(s.bearer.token)
	}
	return f
}

// ask is get with the access token, where 401 is about the client token: the
// access token itself is fresh.
func (s *session) ask(ctx context.Context, path, accept string) (answer, *fault) {
	a, f := s.get(ctx, path, accept)
	if f != nil || a.status != http.StatusUnauthorized {
		return a, f
	}
	f = &fault{cause: steps.CauseTokenRefused, mend: steps.MendToken, status: a.status, detail: s.words.clean(message(a))}
	if s.says.Expired(s.client.Now().Add(-a.skew)) {
		f.cause = steps.CauseTokenExpired
	}
	return a, f
}

// prove asks for the organization with the access token. It is part of being
// accepted: DPC gives an access token for any client token that names the right
// organization, and looks at the client token itself (deleted, expired, made by
// someone else) only when the access token is used.
func (s *session) prove(ctx context.Context) (organization, *fault) {
	a, f := s.ask(ctx, "/Organization", typeFHIR)
	if f != nil {
		return organization{}, f
	}
	return parseOrganization(a, s.words)
}

// refusals are DPC's words for what it does not accept, and what they mean. The
// first that stands in the message counts.
var refusals = []struct {
	words string
	cause steps.CheckCause
	mend  steps.Mend
}{
	{"cannot find public key", steps.CauseKeyIDUnknown, steps.MendKeyID},
	{"invalid public key id", steps.CauseKeyIDUnknown, steps.MendKeyID},
	{"`kid` value must be", steps.CauseKeyIDUnknown, steps.MendKeyID},
	{"invalid jwt", steps.CausePrivateKey, steps.MendKeyID},
	{"jwt is expired", steps.CauseClock, steps.MendClock},
	{"more than 5 minutes", steps.CauseClock, steps.MendClock},
	{"not authorized", steps.CauseClock, steps.MendClock},
	{"client_token", steps.CauseTokenRefused, steps.MendToken},
	{"client token", steps.CauseTokenRefused, steps.MendToken},
	{"client_id", steps.CauseTokenRefused, steps.MendToken},
}

// refusal says what DPC's 400 or 401 means. Where the clocks are too far apart
// for any assertion, it means that, whatever the words are.
func (s *session) refusal(a answer) *fault {
	if a.status != http.StatusBadRequest && a.status != http.StatusUnauthorized {
		return unexpected(a, s.words.clean(message(a)))
	}
	f := &fault{
		cause: steps.CauseAssertion, mend: steps.MendAgain,
		status: a.status, skew: a.skew, detail: s.words.clean(message(a)),
	}
	said := strings.ToLower(message(a))
	for _, r := range refusals {
		if strings.Contains(said, r.words) {
			f.cause, f.mend = r.cause, r.mend
			break
		}
	}
	if tooFar(a.skew) {
		f.cause, f.mend = steps.CauseClock, steps.MendClock
	}
	return f
}
