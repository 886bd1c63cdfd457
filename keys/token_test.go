package keys_test

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"gopkg.in/macaroon.v2"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

const otherOrganization = "9a1b2c3d-0000-4000-8000-0123456789ab"

var expiry = time.Date(2027, 11, 22, 18, 4, 5, 123456000, time.UTC)

func spec() keystest.TokenSpec { return keystest.TokenSpec{Expires: expiry} }

func wanted() keys.Token {
	return keys.Token{
		ID:             "0e1c9aee-0f2b-4b2e-9f5c-3c8f6a2b7d51",
		OrganizationID: keystest.OrganizationID,
		Host:           "sandbox.dpc.cms.gov",
		Expires:        expiry,
	}
}

func encode(data []byte) string { return base64.URLEncoding.EncodeToString(data) }

// inArray writes macaroons as DPC does.
func inArray(t testing.TB, all ...*macaroon.Macaroon) string {
	var parts []string
	for _, m := range all {
		parts = append(parts, string(keystest.JSON(t, m)))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func binary(t testing.TB, m *macaroon.Macaroon) []byte {
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// aligned returns a token that needs no padding.
func aligned(t testing.TB) string {
	plain := inArray(t, keystest.Macaroon(t, spec(), macaroon.V2))
	return encode([]byte(plain + strings.Repeat(" ", (3-len(plain)%3)%3)))
}

func discharge(t testing.TB) *macaroon.Macaroon {
	m, err := macaroon.New([]byte("k"), []byte("a discharge"), "local", macaroon.V2)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTokenIsInDPCsForm(t *testing.T) {
	token := keystest.Token(t, keystest.TokenSpec{}).Reveal()
	if !strings.HasPrefix(token, "W3sidiI6Mi") || len(token) < 700 || len(token)%4 != 0 {
		t.Errorf("a token of %d characters", len(token))
	}
}

func TestParseTokenForms(t *testing.T) {
	normal := keystest.Token(t, spec()).Reveal()
	v2 := keystest.Macaroon(t, spec(), macaroon.V2)
	v1 := keystest.Macaroon(t, spec(), macaroon.V1)
	plain := inArray(t, v2)
	once := base64.RawURLEncoding.EncodeToString(binary(t, v1))
	twice := encode([]byte(once))
	twiceStandard := encode([]byte(base64.StdEncoding.EncodeToString(binary(t, v1))))
	if once[0] != 'M' || twice[0] != 'T' {
		t.Fatalf("V1 starts with %c and %c", once[0], twice[0])
	}
	cases := []struct{ name, raw, clean string }{
		{"as DPC shows it", normal, normal},
		{"without padding", strings.TrimRight(normal, "="), normal},
		{"too much padding", normal + "==", normal},
		{"standard alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(normal), normal},
		{"line breaks", normal[:76] + "\r\n" + normal[76:152] + "\n" + normal[152:] + "\n", normal},
		{"spaces and tabs", "\t " + normal[:10] + " " + normal[10:] + " \t", normal},
		{"straight quotes", `"` + normal + `"`, normal},
		{"curly quotes", "“" + normal + "”", normal},
		{"quotes with a line break", "'" + normal + "\n'\n", normal},
		{"a byte order mark", "\ufeff" + normal, normal},
		{"zero-width characters", normal[:9] + "\u200b\u2060\u00ad" + normal[9:], normal},
		{"non-breaking space", normal + "\u00a0", normal},
		{"plain array", plain, plain},
		{"plain object", plain[1 : len(plain)-1], plain[1 : len(plain)-1]},
		{"plain with white space", "\n[ " + plain[1:len(plain)-1] + "\r\n]\n", plain},
		{"plain, indented", strings.NewReplacer("[", "[\n  ", `",`, `"`+",\n    ", "}", "\n  }").Replace(plain), plain},
		{"object in base64", encode([]byte(plain[1 : len(plain)-1])), encode([]byte(plain[1 : len(plain)-1]))},
		{"with a discharge", encode([]byte(inArray(t, v2, discharge(t)))), encode([]byte(inArray(t, v2, discharge(t))))},
		{"V1 binary", encode(binary(t, v1)), encode(binary(t, v1))},
		{"V1 binary, encoded twice", twice, twice},
		{"V1 binary, encoded twice without padding", strings.TrimRight(twice, "="), twice},
		{"V1 binary in the standard alphabet, encoded twice", twiceStandard, twiceStandard},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clean, token, err := keys.ParseToken(keys.NewSecret(c.raw))
			if err != nil {
				t.Fatal(err)
			}
			if clean.Reveal() != c.clean {
				t.Errorf("clean is %d characters, want %d", clean.Len(), len(c.clean))
			}
			if token != wanted() {
				t.Errorf("got %+v", token)
			}
		})
	}
}

func TestParseTokenRefusals(t *testing.T) {
	normal := keystest.Token(t, spec()).Reveal()
	other := keystest.Token(t, spec()).Reveal()
	bare, otherBare := strings.TrimRight(normal, "="), strings.TrimRight(other, "=")
	v2 := keystest.Macaroon(t, spec(), macaroon.V2)
	v1 := keystest.Macaroon(t, spec(), macaroon.V1)
	once := encode(binary(t, v1))
	twice := encode([]byte(once))
	v2Binary := encode(binary(t, v2))
	v1JSON := must[[]byte](t)(v1.MarshalJSON())
	narrowed := spec()
	narrowed.Conditions = []string{"expires = 2026-11-22T18:09:05.123456Z"}
	access := keystest.Macaroon(t, narrowed, macaroon.V2)
	assertion, err := keystest.Pair(t).Assertion(claims())
	if err != nil {
		t.Fatal(err)
	}
	private, public := keystest.Pair(t).Private().Reveal(), keystest.Pair(t).Public().PEM()
	signature, err := keystest.Pair(t).Sign()
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Split(private, "-----")[2]
	without := func(caveat string) string {
		m, err := macaroon.New([]byte("k"), []byte("a root key with a long name"), "https://sandbox.dpc.cms.gov/api", macaroon.V2)
		if err != nil {
			t.Fatal(err)
		}
		_ = m.AddFirstPartyCaveat([]byte(caveat))
		return encode([]byte(inArray(t, m)))
	}
	with := func(conditions ...string) string {
		s := spec()
		s.Conditions = conditions
		return keystest.Token(t, s).Reveal()
	}
	cases := []struct {
		name, raw string
		want      error
	}{
		{"nothing", "", keys.ErrTokenEmpty},
		{"white space", " \r\n\t\u200b", keys.ErrTokenEmpty},
		{"quotes alone", `""`, keys.ErrTokenEmpty},
		{"an ID", keystest.OrganizationID, keys.ErrTokenUUID},
		{"an ID in capitals and quotes", `"` + strings.ToUpper(keystest.OrganizationID) + `" `, keys.ErrTokenUUID},
		{"an ID with a label", "Token ID: " + keystest.OrganizationID, keys.ErrTokenUUID},
		{"a private key", private, keys.ErrTokenPEM},
		{"a public key in one line", strings.ReplaceAll(public, "\n", " "), keys.ErrTokenPEM},
		{"a key without its first line", body, keys.ErrTokenPEM},
		{"a JWT", assertion.Reveal(), keys.ErrTokenJWT},
		{"a JWT with a line break", assertion.Reveal()[:80] + "\n" + assertion.Reveal()[80:], keys.ErrTokenJWT},
		{"a bearer header", "Bearer " + assertion.Reveal(), keys.ErrTokenJWT},
		{"cut at the end", normal[:len(normal)-20], keys.ErrTokenCut},
		{"cut to a beginning", normal[:24], keys.ErrTokenCut},
		{"cut, plain", inArray(t, v2)[:300], keys.ErrTokenCut},
		{"cut, V1 binary", once[:300], keys.ErrTokenCut},
		{"cut, V1 binary, encoded twice", twice[:301], keys.ErrTokenCut},
		{"a label with a colon", "Token: " + normal, keys.ErrTokenLabel},
		{"a label with an equals sign", "CLIENT_TOKEN=" + normal, keys.ErrTokenLabel},
		{"a label in JSON", `"token": "` + normal + `",`, keys.ErrTokenLabel},
		{"a label without a colon", "Token " + normal, keys.ErrTokenLabel},
		{"a bearer token", "bearer " + normal, keys.ErrTokenLabel},
		{"a word", "Sunrise", keys.ErrTokenWord},
		{"a label of two words", "Sunrise sandbox 2026-11", keys.ErrTokenWord},
		{"a sentence", "Here's the token that you asked for!", keys.ErrTokenWord},
		{"one letter", "W", keys.ErrTokenWord},
		{"the same token twice", normal + normal, keys.ErrTokenTwo},
		{"the same token twice, in two lines", normal + "\n" + normal, keys.ErrTokenTwo},
		{"two tokens without padding", bare + " " + otherBare, keys.ErrTokenTwo},
		{"two tokens in one array", encode([]byte(inArray(t, v2, v2))), keys.ErrTokenTwo},
		{"two in plain", inArray(t, v2) + inArray(t, v2), keys.ErrTokenTwo},
		{"two in binary", encode(append(binary(t, v1), binary(t, v1)...)), keys.ErrTokenTwo},
		{"two in two alphabets", normal + "+" + other, keys.ErrTokenTwo},
		{"a token and an ID", normal + "\n" + keystest.OrganizationID, keys.ErrTokenTwo},
		{"letters of no token", "<" + normal + ">", keys.ErrTokenBase64},
		{"cyrillic letters", strings.Replace(normal, "c", "с", 1), keys.ErrTokenBase64},
		{"a character too many", normal + "Q", keys.ErrTokenBase64},
		{"a group and a character too many", aligned(t) + "ICAgQ", keys.ErrTokenForeign},
		{"a signature", signature, keys.ErrTokenForeign},
		{"an access token", encode([]byte(inArray(t, access, discharge(t)))), keys.ErrTokenAccess},
		{"an access token in plain", inArray(t, access, discharge(t)), keys.ErrTokenAccess},
		{"V2 binary", v2Binary, keys.ErrTokenForm},
		{"V2 binary, encoded twice", encode([]byte(v2Binary)), keys.ErrTokenForeign},
		{"V2 binary in JSON", `["` + v2Binary + `"]`, keys.ErrTokenForeign},
		{"V1 JSON", string(v1JSON), keys.ErrTokenForm},
		{"V1 JSON in base64", encode(v1JSON), keys.ErrTokenForm},
		{"JSON, encoded twice", encode([]byte(normal)), keys.ErrTokenForeign},
		{"V1 binary, encoded three times", encode([]byte(twice)), keys.ErrTokenForeign},
		{"padding alone", "====", keys.ErrTokenWord},
		{"plain JSON of something else", `{"resourceType":"OperationOutcome"}`, keys.ErrTokenForeign},
		{"an array of nothing", `[null]`, keys.ErrTokenForeign},
		{"an empty array", `[]`, keys.ErrTokenForeign},
		{"text after the JSON", inArray(t, v2) + " thanks", keys.ErrTokenForeign},
		{"no organization", without("expires = 2027-11-22T18:04:05Z"), keys.ErrTokenOrganization},
		{"an organization that is no UUID", without("organization_id = sunrise"), keys.ErrTokenOrganization},
		{"two organizations", with("organization_id = " + otherOrganization), keys.ErrTokenOrganizations},
		{"no date", with("expires = next year"), keys.ErrTokenExpiry},
		{"a whole book", strings.Repeat(normal, 30), keys.ErrTokenLong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clean, token, err := keys.ParseToken(keys.NewSecret(c.raw))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if !clean.IsZero() || token != (keys.Token{}) {
				t.Error("a refusal came with a token")
			}
		})
	}
}

// Wherever a token is cut, the person hears that it is cut, except where so
// little is left that it could be anything.
func TestParseTokenCutAnywhere(t *testing.T) {
	normal := strings.TrimRight(keystest.Token(t, spec()).Reveal(), "=")
	for n := 8; n < len(normal); n++ {
		if _, _, err := keys.ParseToken(keys.NewSecret(normal[:n])); !errors.Is(err, keys.ErrTokenCut) {
			t.Fatalf("%d of %d characters: %v", n, len(normal), err)
		}
	}
}

func TestParseTokenCaveats(t *testing.T) {
	sooner := expiry.Add(-time.Hour)
	cases := []struct {
		name string
		spec keystest.TokenSpec
		want func(*keys.Token)
	}{
		{"the earliest end counts", keystest.TokenSpec{Expires: expiry, Conditions: []string{
			"expires = " + sooner.Format(time.RFC3339Nano), "expires = 2099-01-01T00:00:00Z",
		}}, func(w *keys.Token) { w.Expires = sooner }},
		{"the organization again", keystest.TokenSpec{Expires: expiry, Conditions: []string{
			"organization_id = " + strings.ToUpper(keystest.OrganizationID),
		}}, func(*keys.Token) {}},
		{"another time zone", keystest.TokenSpec{Expires: expiry, Conditions: []string{
			"expires=2027-11-22T12:04:05-05:00",
		}}, func(w *keys.Token) { w.Expires = time.Date(2027, 11, 22, 17, 4, 5, 0, time.UTC) }},
		{"no seconds", keystest.TokenSpec{Expires: expiry, Conditions: []string{
			"expires = 2027-01-01T10:00Z",
		}}, func(w *keys.Token) { w.Expires = time.Date(2027, 1, 1, 10, 0, 0, 0, time.UTC) }},
		{"unknown caveats", keystest.TokenSpec{Expires: expiry, Conditions: []string{
			"color = blue", "no sign at all",
		}}, func(*keys.Token) {}},
		{"production", keystest.TokenSpec{Expires: expiry, Location: "https://PROD.dpc.cms.gov/api"}, func(w *keys.Token) { w.Host = "prod.dpc.cms.gov" }},
		{"a local stand-in", keystest.TokenSpec{Expires: expiry, Location: "http://[::1]:3002"}, func(w *keys.Token) { w.Host = "::1" }},
		{"a location that is no address", keystest.TokenSpec{Expires: expiry, Location: "\x1b[31mred"}, func(w *keys.Token) { w.Host = "" }},
		{"a location of another kind", keystest.TokenSpec{Expires: expiry, Location: "file:///etc"}, func(w *keys.Token) { w.Host = "" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, got, err := keys.ParseToken(keystest.Token(t, c.spec))
			want := wanted()
			c.want(&want)
			if err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

// What belongs into the field "Organization Token" is an ID or a token.
func TestParseOrganizationToken(t *testing.T) {
	normal := keystest.Token(t, spec()).Reveal()
	organization := keys.Token{OrganizationID: keystest.OrganizationID}
	cases := []struct {
		name, raw, clean string
		token            keys.Token
		err              error
	}{
		{"an ID", keystest.OrganizationID, keystest.OrganizationID, organization, nil},
		{"an ID in capitals and quotes", "“" + strings.ToUpper(keystest.OrganizationID) + "”\n", keystest.OrganizationID, organization, nil},
		{"a token", normal, normal, wanted(), nil},
		{"a token with line breaks", normal[:76] + "\n" + normal[76:] + "\n", normal, wanted(), nil},
		{"nothing", " ", "", keys.Token{}, keys.ErrTokenEmpty},
		{"an ID with a label", "ID: " + keystest.OrganizationID, "", keys.Token{}, keys.ErrTokenUUID},
		{"an ID cut short", keystest.OrganizationID[:30], "", keys.Token{}, keys.ErrTokenWord},
		{"a token and an ID", normal + "\n" + keystest.OrganizationID, "", keys.Token{}, keys.ErrTokenTwo},
		{"a token cut short", normal[:300], "", keys.Token{}, keys.ErrTokenCut},
		{"a whole book", strings.Repeat("\n", 17<<10) + "x", "", keys.Token{}, keys.ErrTokenLong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clean, token, err := keys.ParseOrganizationToken(keys.NewSecret(c.raw))
			if !errors.Is(err, c.err) || clean.Reveal() != c.clean || token != c.token {
				t.Errorf("got %d characters, %+v, %v", clean.Len(), token, err)
			}
		})
	}
}

func TestTokenExpiry(t *testing.T) {
	cases := []struct {
		name    string
		expires time.Time
		expired bool
		days    int
	}{
		{"a year", now.AddDate(1, 0, 0), false, 365},
		{"a moment short of two days", now.Add(48*time.Hour - 1), false, 1},
		{"two days", now.Add(48 * time.Hour), false, 2},
		{"a moment", now.Add(1), false, 0},
		{"now", now, true, 0},
		{"a moment ago", now.Add(-1), true, -1},
		{"a day ago", now.Add(-24 * time.Hour), true, -1},
		{"no end", time.Time{}, false, math.MaxInt},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			token := keys.Token{Expires: c.expires}
			if token.Expired(now) != c.expired || token.DaysLeft(now) != c.days {
				t.Errorf("got %v, %d", token.Expired(now), token.DaysLeft(now))
			}
		})
	}
}

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestParseUUID(t *testing.T) {
	const id = "46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0"
	for _, good := range []string{id, strings.ToUpper(id), " " + id + "\n", `"` + id + `"`, "“" + id + "”", "\ufeff" + id} {
		if got, err := keys.ParseUUID(good); got != id || err != nil {
			t.Errorf("%q: %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", id[:35], id + "0", strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id,
		strings.Replace(id, "a", "g", 1), strings.Replace(id, "-", " ", 1), "ID: " + id,
	} {
		if got, err := keys.ParseUUID(bad); got != "" || !errors.Is(err, keys.ErrUUID) {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}

// TestTokenID takes the identifier of the macaroon for the token's ID only where
// it is a UUID.
func TestTokenID(t *testing.T) {
	const id = "0e1c9aee-0f2b-4b2e-9f5c-3c8f6a2b7d51"
	for root, want := range map[string]string{id: id, strings.ToUpper(id): id, "root key 7": ""} {
		_, token, err := keys.ParseToken(keystest.Token(t, keystest.TokenSpec{RootKeyID: root}))
		if err != nil || token.ID != want {
			t.Errorf("%s: got %q, %v, want %q", root, token.ID, err, want)
		}
	}
}
