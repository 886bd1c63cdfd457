package steps_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

func asJSON(s record.State) string {
	data, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// TestStateHoldsNoSecret looks for pieces of each secret in the JSON of a
// complete onboarding, one that is being replaced included.
func TestStateHoldsNoSecret(t *testing.T) {
	p := stepstest.NewPerson(t, stepstest.New(t), record.State{}).WalkTo("finish")
	p.Answer("finish", "key", nil)
	text := asJSON(p.Flow.State())
	for where, secret := range p.World.Secrets.Values {
		if strings.Contains(where, record.OrganizationTokenName) {
			continue // the organization's ID is no secret: it is in the token's fact
		}
		value := strings.ReplaceAll(secret.Reveal(), "\n", "")
		// A private key begins with its public half.
		for i := len(value) / 2; i+16 <= len(value)-40; i += 4 {
			if strings.Contains(text, value[i:i+16]) {
				t.Fatalf("a piece of %s is in the state", where)
			}
		}
	}
	if strings.Contains(text, stepstest.Passphrase) {
		t.Error("the package's passphrase is in the state")
	}
}

func TestStateSurvivesJSON(t *testing.T) {
	p := stepstest.NewPerson(t, stepstest.New(t), record.State{}).WalkTo("finish")
	var back record.State
	if err := json.Unmarshal([]byte(asJSON(p.Flow.State())), &back); err != nil {
		t.Fatal(err)
	}
	if !same(back, p.Flow.State()) || !steps.Complete(back) {
		t.Errorf("stands at %q after JSON", steps.Next(back))
	}
}
