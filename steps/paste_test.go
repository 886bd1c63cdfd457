package steps_test

import (
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

func TestPastesFindTheirFields(t *testing.T) {
	save := at(t, "save").Flow.Prompt()
	access := stepstest.NewPerson(t, stepstest.New(t), record.State{}).Flow.Prompt()
	imports := at(t, "import").Flow.Prompt()
	token, other := newToken(t).Reveal(), newToken(t).Reveal()
	const uuid = keystest.OrganizationID
	private := keystest.Pair(t).Private().Reveal()
	expired := keystest.Token(t, keystest.TokenSpec{Expires: stepstest.New(t).Now().Add(-time.Hour)}).Reveal()
	broken := token[:100] + "\n" + token[100:200] + "\n" + token[200:]
	for _, c := range []struct {
		name    string
		prompt  steps.Prompt
		focused string
		pasted  string
		want    stepstest.Values
	}{
		{"right field", save, "client-token", token, stepstest.Values{"client-token": token}},
		{"ID into the token's field", save, "client-token", uuid, stepstest.Values{"organization-token": uuid}},
		{"expired token", save, "client-token", expired, stepstest.Values{"client-token": expired}},
		{"both at once", save, "client-token", token + "\n" + uuid, stepstest.Values{"client-token": token, "organization-token": uuid}},
		{"both at once, the other way round", save, "client-token", uuid + " , " + token, stepstest.Values{"client-token": token, "organization-token": uuid}},
		{"both at once into the second field", save, "organization-token", uuid + "\r\n" + token, stepstest.Values{"client-token": token, "organization-token": uuid}},
		{"two tokens", save, "client-token", token + "\n" + other, stepstest.Values{"client-token": token, "organization-token": other}},
		{"token in lines", save, "client-token", broken, stepstest.Values{"client-token": broken}},
		{"token in lines and the ID", save, "client-token", broken + "\n" + uuid, stepstest.Values{"client-token": strings.ReplaceAll(broken, "\n", ""), "organization-token": uuid}},
		{"both with names", save, "client-token", "Token: " + token + "\nID: " + uuid, stepstest.Values{"client-token": "Token: " + token + "\nID: " + uuid}},
		{"three values", save, "client-token", token + "\n" + uuid + "\n" + uuid, stepstest.Values{"client-token": token + "\n" + uuid + "\n" + uuid}},
		{"garbage", save, "organization-token", "what is this", stepstest.Values{"organization-token": "what is this"}},
		{"no field has the focus", save, "", uuid, stepstest.Values{"organization-token": uuid}},
		{"garbage, and no field has the focus", save, "", "what", stepstest.Values{"client-token": "what"}},
		{"NPI into the name", access, "organization", stepstest.NPI, stepstest.Values{"npi": stepstest.NPI}},
		{"name into the NPI", access, "npi", "Sunrise", stepstest.Values{"npi": "Sunrise"}},
		{"NPI while choosing", access, "environment", stepstest.NPI, stepstest.Values{"npi": stepstest.NPI}},
		{"private key into the public key's field", imports, "public", private, stepstest.Values{"private": private}},
		{"path", imports, "public", "~/public.pem", stepstest.Values{"public": "~/public.pem"}},
		{"nothing to paste into", steps.Prompt{}, "", token, nil},
	} {
		got := stepstest.Values{}
		for name, value := range c.prompt.Sort(keys.NewSecret(c.pasted), c.focused) {
			got[name] = value.Reveal()
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: went to %d fields, want %d", c.name, len(got), len(c.want))
		}
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%s: %s got %d characters, want %d", c.name, name, len(got[name]), len(want))
			}
		}
	}
}

// TestNothingPastedIsDropped, however the pieces are mixed.
func TestNothingPastedIsDropped(t *testing.T) {
	prompt := at(t, "save").Flow.Prompt()
	pieces := []string{newToken(t).Reveal(), keystest.OrganizationID, "Token:", "x", newToken(t).Reveal()[:90]}
	kept := func(order []uint8) bool {
		var all []string
		for _, n := range order[:min(len(order), 5)] {
			all = append(all, pieces[int(n)%len(pieces)])
		}
		var got []byte
		for _, v := range prompt.Sort(keys.NewSecret(strings.Join(all, "\n")), "client-token") {
			got = append(got, v.Reveal()...)
		}
		return slices.Equal(letters(string(got)), letters(strings.Join(all, "")))
	}
	if err := quick.Check(kept, &quick.Config{MaxCount: 200}); err != nil {
		t.Error(err)
	}
}

func letters(text string) []byte {
	sorted := []byte(strings.Join(strings.Fields(text), ""))
	slices.Sort(sorted)
	return sorted
}
