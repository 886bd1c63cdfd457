package dpctest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"gopkg.in/macaroon.v2"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/dpc/dpctest"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// world is a stand-in whose clock a test can set, and one organization's good
// credentials.
type world struct {
	*dpctest.Server
	now    *time.Time
	token  keys.Secret
	keyID  string
	signer *rsa.PrivateKey
}

func newWorld(t *testing.T) world { return newWorldOf(t, dpctest.Options{}) }

func newWorldOf(t *testing.T, o dpctest.Options) world {
	t.Helper()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return now }
	w := world{Server: dpctest.New(t, o), now: &now}
	w.token = w.Token(dpctest.Token{})
	w.keyID = w.AddKey(keystest.Pair(t).Public())
	w.signer = signer(t, keystest.Pair(t))
	return w
}

func signer(t *testing.T, pair keys.Pair) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(pair.Private().Reveal()))
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// draft is an assertion before it is signed.
type draft struct {
	method jwt.SigningMethod
	header map[string]any
	claims jwt.MapClaims
	key    any
}

func (w world) draft() draft {
	return draft{
		method: jwt.SigningMethodRS384,
		header: map[string]any{"kid": w.keyID},
		claims: jwt.MapClaims{
			"iss": w.token.Reveal(), "sub": w.token.Reveal(), "aud": w.Base() + "/Token/auth",
			"jti": rand.Text(), "exp": w.now.Add(240 * time.Second).Unix(),
		},
		key: w.signer,
	}
}

func (d draft) sign(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(d.method, d.claims)
	for name, value := range d.header {
		token.Header[name] = value
	}
	signed, err := token.SignedString(d.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (w world) post(t *testing.T, path, kind, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Base()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	return do(t, r)
}

func (w world) get(t *testing.T, path, bearer string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Base()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return do(t, r)
}

func do(t *testing.T, r *http.Request) (int, map[string]any) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
	}
	return response.StatusCode, body
}

func (w world) auth(t *testing.T, assertion string) (int, map[string]any) {
	t.Helper()
	return w.post(t, "/Token/auth", "application/x-www-form-urlencoded", url.Values{
		"scope": {"system/*.*"}, "grant_type": {"client_credentials"},
		"client_assertion_type": {assertionType}, "client_assertion": {assertion},
	}.Encode())
}

func (w world) access(t *testing.T) string {
	t.Helper()
	status, body := w.auth(t, w.draft().sign(t))
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	return body["access_token"].(string)
}

func TestAssertions(t *testing.T) {
	const ok = ""
	for _, c := range []struct {
		name           string
		change         func(*testing.T, world, *draft)
		validate, auth string // the message, or ok
		status         int    // of auth
	}{
		{"good", func(*testing.T, world, *draft) {}, ok, ok, 200},
		{"300 s ahead", func(_ *testing.T, w world, d *draft) { d.claims["exp"] = w.now.Add(300 * time.Second).Unix() }, ok, ok, 200},
		{"301 s ahead", func(_ *testing.T, w world, d *draft) { d.claims["exp"] = w.now.Add(301 * time.Second).Unix() }, "Token expiration cannot be more than 5 minutes in the future", "Not authorized", 401},
		{"over", func(_ *testing.T, w world, d *draft) { d.claims["exp"] = w.now.Add(-time.Second).Unix() }, "JWT is expired", "Invalid JWT", 401},
		{"no exp", func(_ *testing.T, _ world, d *draft) { delete(d.claims, "exp") }, "Claim `expiration` must be present", "Claim expiration must be present", 400},
		{"no jti", func(_ *testing.T, _ world, d *draft) { delete(d.claims, "jti") }, "Claim `id` must be present", "Claim id must be present", 400},
		{"no iss", func(_ *testing.T, _ world, d *draft) { delete(d.claims, "iss") }, "Claim `issuer` must be present", "Claim issuer must be present", 400},
		{"no sub", func(_ *testing.T, _ world, d *draft) { delete(d.claims, "sub") }, "Claim `subject` must be present", "JWT must have client_id", 401},
		{"iss is not sub", func(_ *testing.T, _ world, d *draft) { d.claims["iss"] = "someone" }, "Issuer and Subject must be identical", "Issuer and Subject must be identical", 400},
		{"no aud", func(_ *testing.T, _ world, d *draft) { delete(d.claims, "aud") }, "Claim `audience` must be present", "Invalid JWT", 401},
		{"another aud", func(_ *testing.T, _ world, d *draft) { d.claims["aud"] = "https://example.com" }, "Audience claim value is incorrect", "Invalid JWT", 401},
		{"two auds", func(_ *testing.T, _ world, d *draft) { d.claims["aud"] = []any{d.claims["aud"], "https://example.com"} }, "Audience claim value is incorrect", ok, 200},
		{"a list of one aud", func(_ *testing.T, _ world, d *draft) { d.claims["aud"] = []any{d.claims["aud"]} }, ok, ok, 200},
		{"empty jti", func(_ *testing.T, _ world, d *draft) { d.claims["jti"] = "" }, ok, "Claim id must be present", 400},
		{"nbf to come", func(_ *testing.T, w world, d *draft) { d.claims["nbf"] = w.now.Add(time.Minute).Unix() }, ok, "Invalid JWT", 401},
		{"no kid", func(_ *testing.T, _ world, d *draft) { delete(d.header, "kid") }, "JWT header must have `kid` value", "There was an error processing your request. It has been logged (ID 5f0c1a2b3c4d5e6f).", 500},
		{"kid is a label", func(_ *testing.T, _ world, d *draft) { d.header["kid"] = "my key" }, "`kid` value must be a UUID", "Invalid Public Key ID", 401},
		{"unknown kid", func(_ *testing.T, _ world, d *draft) { d.header["kid"] = "a2f6dbd2-6f3c-4f0b-8c64-6d8a1f0b7c55" }, ok, "Cannot find public key with id: a2f6dbd2-6f3c-4f0b-8c64-6d8a1f0b7c55", 401},
		{"kid in capitals", func(_ *testing.T, w world, d *draft) { d.header["kid"] = strings.ToUpper(w.keyID) }, ok, ok, 200},
		{"RS256", func(_ *testing.T, _ world, d *draft) { d.method = jwt.SigningMethodRS256 }, ok, ok, 200},
		{"RS512", func(_ *testing.T, _ world, d *draft) { d.method = jwt.SigningMethodRS512 }, ok, ok, 200},
		{"PS384", func(_ *testing.T, _ world, d *draft) { d.method = jwt.SigningMethodPS384 }, ok, ok, 200},
		{"no signature", func(_ *testing.T, _ world, d *draft) {
			d.method, d.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
		}, ok, "Invalid JWT", 401},
		{"another private key", func(t *testing.T, _ world, d *draft) { d.key = signer(t, keystest.OtherPair(t)) }, ok, "Invalid JWT", 401},
		{"token ID", func(_ *testing.T, _ world, d *draft) {
			d.claims["iss"], d.claims["sub"] = dpctest.OrganizationID, dpctest.OrganizationID
		}, "Cannot use Token ID as `client_token`, must use actual token value", "There was an error processing your request. It has been logged (ID 5f0c1a2b3c4d5e6f).", 500},
		{"no token", func(_ *testing.T, _ world, d *draft) { d.claims["iss"], d.claims["sub"] = "token", "token" }, "Client token is not formatted correctly", "There was an error processing your request. It has been logged (ID 5f0c1a2b3c4d5e6f).", 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			d := w.draft()
			c.change(t, w, &d)
			assertion := d.sign(t)
			status, body := w.post(t, "/Token/validate", "text/plain", assertion)
			if got, _ := body["message"].(string); got != c.validate || (status == 200) != (c.validate == ok) {
				t.Errorf("validate: %d %q", status, got)
			}
			status, body = w.auth(t, assertion)
			if got, _ := body["message"].(string); got != c.auth || status != c.status {
				t.Errorf("auth: %d %q", status, got)
			}
		})
	}
}

func TestAssertionsWorkOnce(t *testing.T) {
	w := newWorld(t)
	d := w.draft()
	assertion := d.sign(t)
	for range 2 { // asking does not use it up
		if status, body := w.post(t, "/Token/validate", "text/plain", assertion); status != 200 {
			t.Fatal(status, body)
		}
	}
	if status, body := w.auth(t, assertion); status != 200 {
		t.Fatal(status, body)
	}
	if status, body := w.auth(t, assertion); status != 401 || body["message"] != "Invalid JWT" {
		t.Error(status, body)
	}
	if status, body := w.post(t, "/Token/validate", "text/plain", assertion); status != 400 || body["message"] != "Token ID cannot be re-used" {
		t.Error(status, body)
	}
	*w.now = w.now.Add(5 * time.Minute)
	d.claims["exp"] = w.now.Add(time.Minute).Unix()
	if status, body := w.auth(t, d.sign(t)); status != 200 {
		t.Error("an ID is forgotten after five minutes:", status, body)
	}
}

func TestAccessTokens(t *testing.T) {
	w := newWorld(t)
	access := w.access(t)
	status, body := w.get(t, "/Organization", access)
	if status != 200 || body["resourceType"] != "Bundle" {
		t.Fatal(status, body)
	}
	if status, _ := w.get(t, "/Key/"+w.keyID, access); status != 200 {
		t.Error("key:", status)
	}
	if status, body := w.get(t, "/Key/a2f6dbd2-6f3c-4f0b-8c64-6d8a1f0b7c55", access); status != 404 || body["message"] != "Cannot find public key" {
		t.Error("unknown key:", status, body)
	}
	*w.now = w.now.Add(5 * time.Minute)
	if status, _ := w.get(t, "/Organization", access); status != 401 {
		t.Error("after five minutes:", status)
	}
}

// The client token's own signature is looked at only now.
func TestAccessTokensOfBadClientTokens(t *testing.T) {
	for name, o := range map[string]dpctest.Token{
		"forged": {Forged: true}, "deleted": {Deleted: true}, "expired": {Life: -time.Hour},
	} {
		w := newWorld(t)
		w.token = w.Token(o)
		status, body := w.get(t, "/Organization", w.access(t))
		if status != 401 || body["resourceType"] != "OperationOutcome" {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	w := newWorld(t)
	for _, bearer := range []string{"nonsense", w.token.Reveal()} { // the last is not discharged
		if status, _ := w.get(t, "/Token", bearer); status != 401 {
			t.Errorf("%.10q: %d", bearer, status)
		}
	}
}

func TestOrganizationsAreApart(t *testing.T) {
	w := newWorld(t)
	const other = "2f9f3a3e-7f35-4b0c-9f5e-0d9b6c1c2a11"
	w.AddOrganization(dpctest.Organization{ID: other, Name: "Other", NPI: "1245319599"})
	theirs := w.AddKeyOf(other, "theirs", keystest.OtherPair(t).Public())
	if status, _ := w.get(t, "/Key/"+theirs, w.access(t)); status != 404 {
		t.Error("another organization's key:", status)
	}
	_, body := w.get(t, "/Key", w.access(t))
	if body["count"] != 1.0 {
		t.Error("keys:", body)
	}
	w.Token(dpctest.Token{Organization: other})
	if _, body := w.get(t, "/Token", w.access(t)); body["count"] != 1.0 {
		t.Error("tokens:", body)
	}
	w.keyID = theirs
	if status, body := w.auth(t, w.draft().sign(t)); status != 401 || body["message"] != "Cannot find public key with id: "+theirs {
		t.Error(status, body)
	}
}

// A token has the form of DPC's own, as the program reads it, and the list names it
// by the ID that stands in it. The two take a year for another span.
func TestTokenForm(t *testing.T) {
	w := newWorld(t)
	if got := w.token.Reveal(); !strings.HasPrefix(got, "W3sidiI6Mi") || len(got) < 500 || len(got) > 1500 {
		t.Errorf("%d characters", len(got))
	}
	raw, err := base64.URLEncoding.DecodeString(w.token.Reveal())
	version := base64.RawURLEncoding.EncodeToString([]byte("dpc_macaroon_version = 2"))
	if err != nil || !strings.Contains(string(raw), `{"i64":"`+version+`"}`) || strings.Contains(string(raw), "=") {
		t.Errorf("not DPC's form: %v, %s", err, raw)
	}
	listed := w.Tokens()[0]
	_, says, err := keys.ParseToken(w.token)
	if err != nil || says.OrganizationID != dpctest.OrganizationID || says.Host != "sandbox.dpc.cms.gov" || says.ID != listed.ID {
		t.Errorf("%+v, %v", says, err)
	}
	if got := says.Expires.Sub(*w.now); got != 365*24*time.Hour+5*time.Hour+49*time.Minute+12*time.Second {
		t.Errorf("it lasts %s", got)
	}
	if !listed.Expires.Equal(w.now.AddDate(1, 0, 0)) || !listed.Created.Equal(*w.now) {
		t.Errorf("%+v", listed)
	}
}

// DPC reads tokens in other forms than its own, but no V2 binary.
func TestTokenForms(t *testing.T) {
	w := newWorld(t)
	array, err := base64.URLEncoding.DecodeString(w.token.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	plain := string(array)
	v1, err := keystest.Macaroon(t, keystest.TokenSpec{}, macaroon.V1).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	v2, err := keystest.Macaroon(t, keystest.TokenSpec{}, macaroon.V2).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		taken bool
	}{
		"plain array":  {plain, true},
		"plain object": {plain[1 : len(plain)-1], true},
		"no padding":   {strings.TrimRight(w.token.Reveal(), "="), true},
		"V1 binary":    {base64.URLEncoding.EncodeToString(v1), true},
		"V2 binary":    {base64.URLEncoding.EncodeToString(v2), false},
		"a line end":   {w.token.Reveal() + "\n", false},
	} {
		d := w.draft()
		d.claims["iss"], d.claims["sub"] = c.token, c.token
		want := "Client token is not formatted correctly"
		if c.taken {
			want = ""
		}
		_, body := w.post(t, "/Token/validate", "text/plain", d.sign(t))
		if got, _ := body["message"].(string); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestDate(t *testing.T) {
	w := newWorld(t)
	response, err := http.Get(w.Base() + "/metadata") // on loopback
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Date"); got != "Sun, 22 Nov 2026 12:00:00 GMT" {
		t.Error(got)
	}
}
