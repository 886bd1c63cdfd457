package progress

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"dpc-onboard/steps/record"
)

// exampleState is a state of an onboarding with every kind of fact.
func exampleState(id string) record.State {
	at := time.Date(2026, 11, 22, 18, 4, 5, 0, time.UTC)
	fact := record.SecretFact{At: at, Digest: "0011223344556677", Length: 825}
	return record.State{
		Schema:            record.Schema,
		Organization:      "Sunrise Family Practice",
		NPI:               id[:10],
		Environment:       record.Environment(id[11:]),
		CreatedAt:         at,
		UpdatedAt:         at.Add(time.Hour),
		AccessAt:          at,
		Storage:           &record.Storage{Kind: record.Keyring, At: at},
		TokenLabel:        "Sunrise 2026",
		TokenShownAt:      at,
		ClientToken:       &record.TokenFact{SecretFact: fact, OrganizationID: "46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0", Environment: record.Sandbox, Expires: at.AddDate(1, 0, 0)},
		OrganizationToken: &fact,
		Key:               &record.KeyFact{SecretFact: fact, Label: "Sunrise key", Fingerprint: "SHA256:abc", PublicKey: strings.Repeat("MIICIjANBgkqhkiG9w0B\n", 38), Signature: strings.Repeat("c2lnbmF0dXJl\n", 57)},
		KeyID:             &record.KeyIDFact{ID: "9f2c7a34-0d5c-4a43-8f37-0a8f7f7a4b10", Fingerprint: "SHA256:abc", At: at},
	}
}

func example(t testing.TB, id string) []byte {
	t.Helper()
	data, err := formatState(exampleState(id))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestStateComesBack(t *testing.T) {
	want := exampleState(testID)
	got, reason := parseState(testID, example(t, testID))
	if reason != "" || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\ngot  %+v\nwant %+v", reason, got, want)
	}
}

func TestStateToleratesUnknownFields(t *testing.T) {
	got, reason := parseState(testID, []byte(`{"schema":1,"npi":"1234567893","environment":"production","organization":"Sunrise","mood":{"now":"good"}}`))
	if reason != "" || got.Organization != "Sunrise" {
		t.Fatalf("%q, %+v", reason, got)
	}
}

// badStates are files that must be set aside, and why.
var badStates = []struct{ name, data, reason string }{
	{"empty", "", "empty"},
	{"white space", " \n", "empty"},
	{"zeros of a crashed disk", strings.Repeat("\x00", 512), "damaged"},
	{"not JSON", "hello", "damaged"},
	{"two values", `{"schema":1}{"schema":1}`, "damaged"},
	{"null", "null", "not written by dpc-onboard"},
	{"list", "[]", "not written by dpc-onboard"},
	{"number", "5", "not written by dpc-onboard"},
	{"string", `"state"`, "not written by dpc-onboard"},
	{"another program's", `{"version":3,"window":{"x":1}}`, "not written by dpc-onboard"},
	{"no schema", `{"npi":"1234567893","environment":"production"}`, "not written by dpc-onboard"},
	{"negative schema", `{"schema":-1,"npi":"1234567893","environment":"production"}`, "not written by dpc-onboard"},
	{"schema in words", `{"schema":"one","npi":"1234567893","environment":"production"}`, "not written by dpc-onboard"},
	{"newer", `{"schema":2,"npi":"1234567893","environment":"production"}`, "newer version of dpc-onboard (schema 2)"},
	{"newer in another form", `{"schema":9,"npi":{"value":"1234567893"}}`, "newer version of dpc-onboard (schema 9)"},
	{"another NPI", `{"schema":1,"npi":"1245319599","environment":"production"}`, "another onboarding"},
	{"another environment", `{"schema":1,"npi":"1234567893","environment":"sandbox"}`, "another onboarding"},
	{"unknown environment", `{"schema":1,"npi":"1234567893","environment":"moon"}`, "not written by dpc-onboard"},
	{"no NPI", `{"schema":1,"environment":"production"}`, "not written by dpc-onboard"},
	{"NPI with a path", `{"schema":1,"npi":"../../../etc","environment":"production"}`, "not written by dpc-onboard"},
	{"unknown storage", `{"schema":1,"npi":"1234567893","environment":"production","storage":{"kind":"desktop"}}`, "not written by dpc-onboard"},
	{"impossible length", `{"schema":1,"npi":"1234567893","environment":"production","client_token":{"length":-1}}`, "not written by dpc-onboard"},
	{"impossible time", `{"schema":1,"npi":"1234567893","environment":"production","created_at":"yesterday"}`, "not written by dpc-onboard"},
}

func TestStateRefuses(t *testing.T) {
	for _, c := range badStates {
		if _, reason := parseState(testID, []byte(c.data)); !strings.Contains(reason, c.reason) {
			t.Errorf("%s: reason %q, want %q", c.name, reason, c.reason)
		}
	}
}

func TestStateTruncatedAtEveryByte(t *testing.T) {
	data := example(t, testID)
	for n := range len(data) - 2 { // the last two are the brace and the line's end
		_, reason := parseState(testID, data[:n])
		if want := "is cut short"; n > 0 && reason != want || n == 0 && reason != "is empty" {
			t.Fatalf("cut to %d bytes: %q", n, reason)
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add(example(f, testID))
	for _, c := range badStates {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		state, reason := parseState(testID, data)
		if reason != "" {
			if !reflect.DeepEqual(state, record.State{}) {
				t.Fatalf("refused (%s), and yet returned %+v", reason, state)
			}
			return
		}
		if state.ID() != testID || state.Schema < 1 || state.Schema > record.Schema {
			t.Fatalf("accepted %+v", state)
		}
		again, err := formatState(state)
		if err != nil {
			return // a time that JSON can't hold: a year beyond 9999
		}
		if _, reason := parseState(testID, again); reason != "" {
			t.Fatalf("what was accepted does not come back: %s\n%s", reason, again)
		}
	})
}

func TestStateFormIsIndentedJSON(t *testing.T) {
	data := example(t, testID)
	if !json.Valid(data) || !strings.HasPrefix(string(data), "{\n  \"schema\": 1,\n") || !strings.HasSuffix(string(data), "}\n") {
		t.Errorf("got %.60q", data)
	}
}
