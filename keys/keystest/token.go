package keystest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"gopkg.in/macaroon.v2"

	"dpc-onboard/keys"
)

// OrganizationID is the organization of tokens that name no other.
const OrganizationID = "46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0"

// TokenSpec says what a client token is to hold. Each zero field has a default.
type TokenSpec struct {
	OrganizationID string    // OrganizationID
	Location       string    // "https://sandbox.dpc.cms.gov/api"
	Expires        time.Time // a year from now
	RootKeyID      string    // tokens with different IDs differ
	Conditions     []string  // further first-party caveats, such as "expires = …"
}

func (s TokenSpec) withDefaults() TokenSpec {
	if s.OrganizationID == "" {
		s.OrganizationID = OrganizationID
	}
	if s.Location == "" {
		s.Location = "https://sandbox.dpc.cms.gov/api"
	}
	if s.Expires.IsZero() {
		s.Expires = time.Now().AddDate(1, 0, 0)
	}
	if s.RootKeyID == "" {
		s.RootKeyID = "0e1c9aee-0f2b-4b2e-9f5c-3c8f6a2b7d51"
	}
	return s
}

// Token returns a client token in the form that DPC makes: URL-safe base64, with
// padding, of a JSON array of one V2 macaroon with DPC's caveats. Each call gives
// another token, because the third-party caveat has a random part.
func Token(t testing.TB, spec TokenSpec) keys.Secret {
	t.Helper()
	array := "[" + string(JSON(t, Macaroon(t, spec, macaroon.V2))) + "]"
	return keys.NewSecret(base64.URLEncoding.EncodeToString([]byte(array)))
}

// Macaroon returns what is inside of Token, for other forms of it.
func Macaroon(t testing.TB, spec TokenSpec, version macaroon.Version) *macaroon.Macaroon {
	t.Helper()
	spec = spec.withDefaults()
	m, err := macaroon.New(digest("root key"), []byte(spec.RootKeyID), spec.Location, version)
	if err != nil {
		t.Fatal(err)
	}
	conditions := append([]string{
		"dpc_macaroon_version = 2",
		"expires = " + spec.Expires.UTC().Format("2006-01-02T15:04:05.000000Z"),
		"organization_id = " + spec.OrganizationID,
	}, spec.Conditions...)
	for _, c := range conditions {
		if err := m.AddFirstPartyCaveat([]byte(c)); err != nil {
			t.Fatal(err)
		}
	}
	addLocalCaveat(t, m)
	return m
}

// addLocalCaveat adds the third-party caveat that DPC discharges itself: sealed
// bytes that only DPC can read. V1 takes text alone.
func addLocalCaveat(t testing.TB, m *macaroon.Macaroon) {
	t.Helper()
	var sealed []byte
	for _, part := range []string{"a", "b", "c", "d", "e"} {
		sealed = append(sealed, digest(part)...)
	}
	if m.Version() == macaroon.V1 {
		sealed = []byte(base64.RawURLEncoding.EncodeToString(sealed))
	}
	if err := m.AddThirdPartyCaveat(digest("caveat key"), sealed, "local"); err != nil {
		t.Fatal(err)
	}
}

// form is one macaroon in V2 JSON, with the version in front and the fields in the
// order in which DPC writes them.
type form struct {
	Version   int          `json:"v"`
	Location  string       `json:"l,omitempty"`
	ID        string       `json:"i"`
	Caveats   []caveatForm `json:"c"`
	Signature string       `json:"s64"`
}

// caveatForm is a caveat: its ID is base64 without padding, even where it is text.
type caveatForm struct {
	ID           string `json:"i64"`
	Location     string `json:"l,omitempty"`
	Verification string `json:"v64,omitempty"`
}

// JSON returns a V2 macaroon in plain JSON as DPC writes it.
func JSON(t testing.TB, m *macaroon.Macaroon) []byte {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	f := form{Version: 2, Location: m.Location(), ID: string(m.Id()), Signature: b64(m.Signature())}
	for _, c := range m.Caveats() {
		f.Caveats = append(f.Caveats, caveatForm{b64(c.Id), c.Location, b64(c.VerificationId)})
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func digest(of string) []byte {
	sum := sha256.Sum256([]byte(of))
	return sum[:]
}
