package dpctest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"gopkg.in/macaroon.v2"

	"dpc-onboard/keys"
)

// assertionLife is how far ahead of DPC's clock an assertion may expire, and how
// long its ID is remembered.
const assertionLife = 300 * time.Second

// refusal is a status and DPC's words for it.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func badRequest(message string) error   { return &refusal{http.StatusBadRequest, message} }
func unauthorized(message string) error { return &refusal{http.StatusUnauthorized, message} }

// logged is how DPC begins to say that it failed.
const logged = "There was an error processing your request. It has been logged (ID 5f0c1a2b3c4d5e6f)"

var errLogged = &refusal{http.StatusInternalServerError, logged + "."}

var errMediaType = &refusal{http.StatusUnsupportedMediaType, "HTTP 415 Unsupported Media Type"}

var errInvalidJWT = unauthorized("Invalid JWT")

// invalid is DPC's answer to a request whose parts it does not take.
func invalid(w http.ResponseWriter, status int, errs ...string) {
	answer(w, status, "application/json", object{"id": "5f0c1a2b3c4d5e6f", "errors": errs})
}

const noHTML = "Cannot contain HTML"

// validate looks at the form of an assertion, as DPC's TokenValidator does.
func (s api) validate(w http.ResponseWriter, r *http.Request) {
	assertion := keep(r)
	switch {
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain"):
		refuse(w, errMediaType)
		return
	case assertion == "":
		invalid(w, http.StatusUnprocessableEntity, "The request body Must submit JWT")
		return
	case strings.ContainsAny(assertion, "<>"):
		invalid(w, http.StatusUnprocessableEntity, "The request body "+noHTML)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.wellFormed(assertion); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s api) wellFormed(assertion string) error {
	claims := jwt.MapClaims{}
	token, _, err := jwt.NewParser().ParseUnverified(assertion, claims)
	if err != nil {
		return badRequest("JWT is not formatted correctly")
	}
	for _, look := range []func(*jwt.Token, jwt.MapClaims) error{formKeyID, s.formExpiry, s.formClaims, formClientToken} {
		if err := look(token, claims); err != nil {
			return err
		}
	}
	return nil
}

func formKeyID(token *jwt.Token, _ jwt.MapClaims) error {
	id, ok := token.Header["kid"].(string)
	if !ok {
		return badRequest("JWT header must have `kid` value")
	}
	if uuid.Validate(id) != nil {
		return badRequest("`kid` value must be a UUID")
	}
	return nil
}

func (s api) formExpiry(_ *jwt.Token, claims jwt.MapClaims) error {
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil {
		return badRequest("Claim `expiration` must be present")
	}
	if now := s.options.Now(); now.After(exp.Time) {
		return badRequest("JWT is expired")
	} else if now.Add(assertionLife).Before(exp.Time) {
		return badRequest("Token expiration cannot be more than 5 minutes in the future")
	}
	return nil
}

// formClaims takes an empty claim for one that is there, as DPC does.
func (s api) formClaims(_ *jwt.Token, claims jwt.MapClaims) error {
	for _, c := range []struct{ claim, name string }{{"iss", "issuer"}, {"jti", "id"}, {"sub", "subject"}, {"aud", "audience"}} {
		if claims[c.claim] == nil {
			return badRequest("Claim `" + c.name + "` must be present")
		}
	}
	jti, _ := claims["jti"].(string)
	audience, err := claims.GetAudience()
	switch {
	case s.replayed(jti):
		return badRequest("Token ID cannot be re-used")
	case claims["iss"] != claims["sub"]:
		return badRequest("Issuer and Subject must be identical")
	case err != nil || len(audience) != 1 || audience[0] != s.Base()+"/Token/auth":
		return badRequest("Audience claim value is incorrect")
	}
	return nil
}

func formClientToken(_ *jwt.Token, claims jwt.MapClaims) error {
	iss, _ := claims["iss"].(string)
	if uuid.Validate(iss) == nil {
		return badRequest("Cannot use Token ID as `client_token`, must use actual token value")
	}
	if _, err := decode(iss); err != nil {
		return badRequest("Client token is not formatted correctly")
	}
	return nil
}

func (s api) replayed(jti string) bool {
	used, ok := s.jtis[jti]
	return ok && s.options.Now().Before(used.Add(assertionLife))
}

// auth exchanges an assertion for an access token.
func (s api) auth(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		refuse(w, errMediaType)
		return
	}
	if errs := formParameters(r.PostForm); errs != nil {
		invalid(w, http.StatusBadRequest, errs...)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	client, err := s.grant(r.PostForm)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, "application/json", map[string]any{
		"access_token": s.access(client),
		"token_type":   "bearer",
		"expires_in":   int(accessLife.Seconds()),
		"scope":        "system/*.*",
	})
}

// formParameters looks whether all parameters are there.
func formParameters(form url.Values) (errs []string) {
	for i, p := range []struct{ field, name string }{
		{"scope", "Scope"}, {"grant_type", "Grant type"}, {"client_assertion_type", "Assertion type"}, {"client_assertion", "Assertion"},
	} {
		switch value := form.Get(p.field); {
		case value == "":
			errs = append(errs, fmt.Sprintf("arg%d %s is required", i, p.name))
		case strings.ContainsAny(value, "<>"):
			errs = append(errs, fmt.Sprintf("arg%d %s", i, noHTML))
		}
	}
	return errs
}

// grant looks at the values of the parameters, and then at the assertion.
func (s api) grant(form url.Values) (*macaroon.Macaroon, error) {
	const kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	switch {
	case form.Get("grant_type") != "client_credentials":
		return nil, badRequest("Grant Type must be 'client_credentials'")
	case form.Get("client_assertion_type") != kind:
		return nil, badRequest("Client Assertion Type must be '" + kind + "'")
	case form.Get("scope") != "system/*.*":
		return nil, badRequest("Access Scope must be 'system/*.*'")
	}
	return s.authorize(form.Get("client_assertion"))
}

// authorize goes through an assertion in DPC's order: organization, key,
// signature, claims.
func (s api) authorize(assertion string) (*macaroon.Macaroon, error) {
	claims := jwt.MapClaims{}
	token, _, err := jwt.NewParser().ParseUnverified(assertion, claims)
	if err != nil {
		return nil, errInvalidJWT
	}
	client, err := clientToken(claims)
	if err != nil {
		return nil, err
	}
	key, err := s.keyFor(token, organizationOf(client))
	if err != nil {
		return nil, err
	}
	if !s.signed(assertion, key) {
		return nil, errInvalidJWT
	}
	return client, s.claimed(claims)
}

func clientToken(claims jwt.MapClaims) (*macaroon.Macaroon, error) {
	sub, _ := claims["sub"].(string)
	if sub == "" {
		return nil, unauthorized("JWT must have client_id")
	}
	all, err := decode(sub)
	if err != nil {
		return nil, errLogged
	}
	if organizationOf(all[0]) == "" {
		return nil, unauthorized("JWT client token must have organization_id")
	}
	return all[0], nil
}

func (s api) keyFor(token *jwt.Token, organization string) (registeredKey, error) {
	id, ok := token.Header["kid"].(string)
	if !ok {
		return registeredKey{}, errLogged
	}
	canonical, err := uuid.Parse(id)
	if err != nil {
		return registeredKey{}, unauthorized("Invalid Public Key ID")
	}
	for _, k := range s.keys {
		if k.id == canonical.String() && k.organization == organization {
			return k, nil
		}
	}
	return registeredKey{}, unauthorized("Cannot find public key with id: " + id)
}

// signed verifies the signature, by any of RSA's methods, that the audience is one
// of those named, and that the time has come and is not over. A line end behind the
// signature is not base64.
func (s api) signed(assertion string, key registeredKey) bool {
	if strings.ContainsAny(assertion, "\r\n") {
		return false
	}
	candidates := []registeredKey{key}
	if s.options.AnyKey {
		candidates = s.keys
	}
	for _, k := range candidates {
		_, err := jwt.Parse(assertion, func(*jwt.Token) (any, error) { return publicKey(k.public) },
			jwt.WithValidMethods([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
			jwt.WithTimeFunc(s.options.Now),
			jwt.WithAudience(s.Base()+"/Token/auth"))
		if err == nil && k.organization == key.organization {
			return true
		}
	}
	return false
}

func publicKey(k keys.PublicKey) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(k.PEM()))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not RSA")
	}
	return public, nil
}

// claimed looks at what the signature vouches for. It remembers the ID even of
// an assertion that is then refused, as DPC does.
func (s api) claimed(claims jwt.MapClaims) error {
	for _, c := range []struct{ claim, name string }{{"iss", "issuer"}, {"sub", "subject"}, {"jti", "id"}} {
		if value, _ := claims[c.claim].(string); value == "" {
			return badRequest("Claim " + c.name + " must be present")
		}
	}
	if claims["iss"] != claims["sub"] {
		return badRequest("Issuer and Subject must be identical")
	}
	jti, _ := claims["jti"].(string)
	if s.replayed(jti) {
		return errInvalidJWT
	}
	s.jtis[jti] = s.options.Now()
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil {
		return badRequest("Claim expiration must be present")
	}
	if s.options.Now().Add(assertionLife).Before(exp.Time) {
		return unauthorized("Not authorized")
	}
	return nil
}
