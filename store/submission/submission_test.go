package submission

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

const (
	testNPI   = "1234567893"
	testKeyID = "3f9a2f1e-6d1b-4d0c-9d53-0a7b1c2d3e4f"
	otherID   = "11111111-2222-4333-8444-555555555555"
	wrongPass = "wrong horse battery staple"
)

func testNow() time.Time    { return time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) }
func testExpiry() time.Time { return time.Date(2027, 11, 22, 18, 4, 5, 123456000, time.UTC) }
func testPass() keys.Secret { return keys.NewSecret("seven-gentle-otters-carry-blue-lanterns") }
func pass(text string) ask  { return func() (keys.Secret, error) { return keys.NewSecret(text), nil } }

func token(t testing.TB, spec keystest.TokenSpec) keys.Secret {
	if spec.Expires.IsZero() {
		spec.Expires = testExpiry()
	}
	return keystest.Token(t, spec)
}

// noHint reports whether an error comes without a remedy, or with one that is no
// sentence.
func noHint(err error) bool {
	if err == nil {
		return false
	}
	hint := record.Hint(err)
	return hint == "" || !unicode.IsUpper([]rune(hint)[0]) || !strings.HasSuffix(hint, ".")
}

// onboarding returns a finished onboarding in sandbox, checked with DPC.
func onboarding(t testing.TB) (record.State, record.Credentials) {
	t.Helper()
	pair := keystest.Pair(t)
	signature, err := pair.Sign()
	if err != nil {
		t.Fatal(err)
	}
	c := record.Credentials{
		NPI:               testNPI,
		ClientToken:       token(t, keystest.TokenSpec{}),
		OrganizationToken: keys.NewSecret(keystest.OrganizationID),
		KeyID:             testKeyID,
		PublicKey:         pair.Public().PEM(),
		PrivateKey:        pair.Private(),
	}
	digest, fingerprint := c.ClientToken.Digest(), pair.Public().Fingerprint()
	at := testNow().Add(-time.Hour)
	return record.State{
		Schema: 1, Organization: "Riverside Family Practice", NPI: testNPI, Environment: record.Sandbox,
		TokenLabel: "riverside sandbox",
		ClientToken: &record.TokenFact{
			SecretFact:     record.SecretFact{At: at, Digest: digest},
			OrganizationID: keystest.OrganizationID, Environment: record.Sandbox, Expires: testExpiry(),
		},
		OrganizationToken: &record.SecretFact{At: at, Digest: c.OrganizationToken.Digest()},
		Key:               &record.KeyFact{SecretFact: record.SecretFact{At: at, Digest: c.PrivateKey.Digest()}, Label: "riverside key", Fingerprint: fingerprint, PublicKey: c.PublicKey, Signature: signature},
		KeyID:             &record.KeyIDFact{ID: testKeyID, Fingerprint: fingerprint},
		Check: &record.CheckFact{
			Report: check.Report{Passed: true, At: at},
			Origin: record.Origin{TokenDigest: digest, KeyID: testKeyID, Fingerprint: fingerprint},
		},
	}, c
}

// contents returns a good package.
func contents(t testing.TB) Contents {
	t.Helper()
	state, c := onboarding(t)
	got, err := New("1.2.3", testNow(), state, c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// same reports whether two packages hold the same.
func same(t testing.TB, a, b Contents) bool {
	t.Helper()
	one, err := a.JSON(true)
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.JSON(true)
	if err != nil {
		t.Fatal(err)
	}
	return string(one) == string(two)
}

func secrets(c Contents) []string {
	k := c.Credentials
	body := strings.Split(k.PrivateKey.Reveal(), "\n")[3]
	return []string{k.ClientToken.Reveal(), k.PrivateKey.Reveal(), body, testPass().Reveal()}
}

// without fails the test where a text holds a secret.
func without(t testing.TB, text string, hidden []string) {
	t.Helper()
	for _, s := range hidden {
		if strings.Contains(text, s) {
			t.Error("the text holds a secret")
		}
	}
}

func TestSubmissionSaysWhatThePackageIs(t *testing.T) {
	c := contents(t)
	files, err := c.files()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(files[0].data, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"schema": 1.0, "tool_version": "1.2.3", "created_at": "2026-11-23T09:30:00Z",
		"organization": "Riverside Family Practice", "npi": testNPI, "environment": "sandbox",
		"token_label": "riverside sandbox", "token_expiry": "2027-11-22T18:04:05.123456Z",
		"organization_id": keystest.OrganizationID, "key_label": "riverside key", "key_id": testKeyID,
		"key_fingerprint": keystest.Pair(t).Public().Fingerprint(),
		"check":           map[string]any{"passed": true, "at": "2026-11-23T08:30:00Z"},
	}
	for name, value := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint(value) {
			t.Errorf("%s = %v, want %v", name, got[name], value)
		}
	}
	if sums := got["files"].(map[string]any); len(sums) != 6 || sums[npiName] != "9ca2c4aa81a40ac02ea5572e0b6c603f198c725a52324ef14b37963e070759f7" {
		t.Errorf("files = %v", sums)
	}
	if len(got) != len(want)+1 {
		t.Errorf("submission.json has %d names, want %d", len(got), len(want)+1)
	}
	without(t, string(files[0].data), secrets(c))
}

func TestCheckCountsForTheseCredentialsAlone(t *testing.T) {
	for name, change := range map[string]func(*record.State){
		"never":          func(s *record.State) { s.Check = nil },
		"later":          func(s *record.State) { s.Check.Later = true },
		"failed":         func(s *record.State) { s.Check.Passed = false },
		"another token":  func(s *record.State) { s.Check.TokenDigest = "0000000000000000" },
		"another key ID": func(s *record.State) { s.Check.KeyID = otherID },
		"another key":    func(s *record.State) { s.Check.Fingerprint = "SHA256:other" },
	} {
		state, c := onboarding(t)
		change(&state)
		got, err := New("1", testNow(), state, c)
		if err != nil {
			t.Fatal(err)
		}
		if got.Submission.Check != (Check{}) {
			t.Errorf("%s: check = %+v", name, got.Submission.Check)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	other := keystest.OtherPair(t)
	otherSignature, err := other.Sign()
	if err != nil {
		t.Fatal(err)
	}
	put := func(s *record.State, c *record.Credentials, token keys.Secret) {
		c.ClientToken, s.ClientToken.Digest = token, token.Digest()
	}
	for _, test := range []struct {
		name, want string
		change     func(*record.State, *record.Credentials)
	}{
		{"no NPI", "complete: npi.txt missing", func(_ *record.State, c *record.Credentials) { c.NPI = "" }},
		{"no client token", "complete: client-token.txt missing", func(_ *record.State, c *record.Credentials) { c.ClientToken = keys.Secret{} }},
		{"no organization token", "organization-token.txt missing", func(_ *record.State, c *record.Credentials) { c.OrganizationToken = keys.Secret{} }},
		{"no key ID", "public-key-id.txt missing", func(_ *record.State, c *record.Credentials) { c.KeyID = "" }},
		{"no public key", "public-key.pem missing", func(_ *record.State, c *record.Credentials) { c.PublicKey = "" }},
		{"no private key", "private-key.pem missing", func(_ *record.State, c *record.Credentials) { c.PrivateKey = keys.Secret{} }},
		{"two missing", "npi.txt, private-key.pem missing", func(_ *record.State, c *record.Credentials) { c.NPI, c.PrivateKey = "", keys.Secret{} }},
		{"no organization", "organization's name is missing", func(s *record.State, _ *record.Credentials) { s.Organization = "" }},
		{"no environment", "not complete", func(s *record.State, _ *record.Credentials) { s.Environment = "" }},
		{"no token fact", "not all credentials are recorded as saved", func(s *record.State, _ *record.Credentials) { s.ClientToken = nil }},
		{"no organization token fact", "not all credentials are recorded", func(s *record.State, _ *record.Credentials) { s.OrganizationToken = nil }},
		{"client token that was given up", "not all credentials are recorded", func(s *record.State, _ *record.Credentials) { s.LostToken = s.ClientToken.Digest }},
		{"no key fact", "not all credentials are recorded", func(s *record.State, _ *record.Credentials) { s.Key = nil }},
		{"no key ID fact", "not all credentials are recorded", func(s *record.State, _ *record.Credentials) { s.KeyID = nil }},
		{"another NPI", "different NPIs", func(s *record.State, _ *record.Credentials) { s.NPI = "1003000126" }},
		{"bad NPI", "digit", func(s *record.State, c *record.Credentials) { s.NPI, c.NPI = "1234567890", "1234567890" }},
		{"another key ID", "different key IDs", func(s *record.State, _ *record.Credentials) { s.KeyID.ID = otherID }},
		{"key ID of another key", "not all credentials are recorded", func(s *record.State, _ *record.Credentials) { s.KeyID.Fingerprint = "SHA256:x" }},
		{"key ID is no UUID", "not all credentials are recorded", func(s *record.State, c *record.Credentials) { s.KeyID.ID, c.KeyID = "riverside key", "riverside key" }},
		{"another token", "not the ones that the progress file records", func(s *record.State, _ *record.Credentials) { s.ClientToken.Digest = "0000000000000000" }},
		{"token is none", "client token can't be used", func(s *record.State, c *record.Credentials) { put(s, c, keys.NewSecret(otherID)) }},
		{"token of production", "token is for production", func(s *record.State, c *record.Credentials) {
			put(s, c, token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api"}))
		}},
		{"token of another organization", "another organization than the package", func(s *record.State, c *record.Credentials) {
			put(s, c, token(t, keystest.TokenSpec{OrganizationID: otherID}))
		}},
		{"token with another expiry", "expires at another time", func(s *record.State, c *record.Credentials) {
			put(s, c, token(t, keystest.TokenSpec{Expires: testExpiry().AddDate(0, 1, 0)}))
		}},
		{"organization ID differs", "come from different organizations", func(_ *record.State, c *record.Credentials) { c.OrganizationToken = keys.NewSecret(otherID) }},
		{"organization token differs", "come from different organizations", func(_ *record.State, c *record.Credentials) {
			c.OrganizationToken = token(t, keystest.TokenSpec{OrganizationID: otherID})
		}},
		{"organization token of production", "token is for production", func(_ *record.State, c *record.Credentials) {
			c.OrganizationToken = token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api"})
		}},
		{"organization token is none", "organization token can't be used", func(_ *record.State, c *record.Credentials) { c.OrganizationToken = keys.NewSecret("riverside") }},
		{"organization ID in the state is none", "organization ID is no UUID", func(s *record.State, _ *record.Credentials) { s.ClientToken.OrganizationID = "riverside" }},
		{"environment is none", "no environment called", func(s *record.State, _ *record.Credentials) {
			s.Environment, s.ClientToken.Environment = "test", "test"
		}},
		{"public key of another pair", "not a pair", func(s *record.State, c *record.Credentials) { c.PublicKey, s.Key.Signature = other.Public().PEM(), "" }},
		{"private key of another pair", "not a pair", func(_ *record.State, c *record.Credentials) { c.PrivateKey = other.Private() }},
		{"both of another pair", "not the one that the fingerprint names", func(s *record.State, c *record.Credentials) {
			c.PublicKey, c.PrivateKey, s.Key.Signature = other.Public().PEM(), other.Private(), ""
		}},
		{"signature of another pair", "signature that the portal was given", func(s *record.State, _ *record.Credentials) { s.Key.Signature = otherSignature }},
		{"public key is none", "public key can't be used", func(_ *record.State, c *record.Credentials) { c.PublicKey = "hello" }},
		{"private key is none", "private key can't be used", func(_ *record.State, c *record.Credentials) { c.PrivateKey = keys.NewSecret("hello") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			state, c := onboarding(t)
			test.change(&state, &c)
			_, err := New("1", testNow(), state, c)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error = %v, want %q", err, test.want)
			}
			if noHint(err) {
				t.Error("the error has no hint")
			}
			without(t, err.Error()+record.Hint(err), secrets(Contents{Credentials: contents(t).Credentials}))
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for name, change := range map[string]func(*record.State, *record.Credentials){
		"an organization token": func(_ *record.State, c *record.Credentials) {
			c.OrganizationToken = token(t, keystest.TokenSpec{RootKeyID: "2"})
		},
		"an organization ID in capitals": func(_ *record.State, c *record.Credentials) {
			c.OrganizationToken = keys.NewSecret(strings.ToUpper(keystest.OrganizationID))
		},
		"a pair without a signature": func(s *record.State, _ *record.Credentials) { s.Key.Signature = "" },
		"a token of another API": func(s *record.State, c *record.Credentials) {
			c.ClientToken = token(t, keystest.TokenSpec{Location: "http://127.0.0.1:9000/api"})
			s.ClientToken.Digest = c.ClientToken.Digest()
		},
		"production": func(s *record.State, c *record.Credentials) {
			c.ClientToken = token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api"})
			s.Environment, s.ClientToken.Environment = record.Production, record.Production
			s.ClientToken.Digest = c.ClientToken.Digest()
		},
	} {
		state, c := onboarding(t)
		change(&state, &c)
		if _, err := New("1", testNow(), state, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJSONHoldsSecretsOnlyWhenAsked(t *testing.T) {
	c := contents(t)
	plain, err := c.JSON(false)
	if err != nil {
		t.Fatal(err)
	}
	without(t, string(plain), secrets(c))
	if strings.Contains(string(plain), "private_key") {
		t.Error("the private key has a place in the JSON without secrets")
	}
	full, err := c.JSON(true)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema      int               `json:"schema"`
		Submission  Submission        `json:"submission"`
		Credentials map[string]string `json:"credentials"`
	}
	if err := json.Unmarshal(full, &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != 1 || got.Submission.NPI != testNPI || len(got.Credentials) != 6 ||
		got.Credentials["private_key"] != c.Credentials.PrivateKey.Reveal() ||
		got.Credentials["client_token"] != c.Credentials.ClientToken.Reveal() ||
		got.Credentials["organization_token"] != keystest.OrganizationID ||
		got.Credentials["public_key"] != c.Credentials.PublicKey ||
		got.Credentials["key_id"] != testKeyID || got.Credentials["npi"] != testNPI {
		t.Error("the JSON with secrets is not the package")
	}
	without(t, fmt.Sprintf("%v %+v %#v", c, c, c), secrets(c))
}
