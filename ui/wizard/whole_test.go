package wizard

import (
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestTextIsShownWhole: a value that fits into its field is seen from its start,
// also where the field was narrower, or not drawn yet, when the value came.
func TestTextIsShownWhole(t *testing.T) {
	const folder = "/home/practice/Documents/onboarding/sandbox"
	facts := factsAt(t, steps.Send)
	facts.Session.Folder = folder
	d := showing(t, facts, nil).at("seal").says(folder)
	d.press("shift+tab").resize(size{40, 40}).write("/x").resize(size{100, 40}).says(folder + "/x")
}

// TestRowsKeepOneWordWhole: what people copy or read aloud is not broken where
// there is a line for all of it.
func TestRowsKeepOneWordWhole(t *testing.T) {
	const passphrase = "judo-request-celibate-reheat-overdrawn-habitable-chatty-shawl"
	d := launch(t)
	d.m.card.Show(steps.Prompt{Rows: []steps.Row{
		{Name: "Size", Value: "7.0 KB"},
		{Name: "Passphrase, shown once", Secret: keys.NewSecret(passphrase)},
	}})
	for _, width := range []int{102, 92} {
		if d.resize(size{width, 40}); !strings.Contains(d.text(), passphrase) {
			t.Errorf("at %d:\n%s", width, d.text())
		}
	}
}

// TestEscOnAnEmptyMachine: there is no list to go back to, so nothing that was
// typed is lost.
func TestEscOnAnEmptyMachine(t *testing.T) {
	d := launch(t, func(o *Options) { o.Entries = func() ([]record.State, error) { return nil, nil } })
	d.write(organization).press("enter").write(stepstest.NPI).press("esc").at("access").says("there is no other onboarding yet")
	if d.value("organization") != organization || d.value("npi") != stepstest.NPI {
		t.Error("what was typed is lost")
	}
}

// TestHomeSaysHowManyAndWhich: a window shows a few of many, and two of them may
// have the same name.
func TestHomeSaysHowManyAndWhich(t *testing.T) {
	var list []record.State
	for _, npi := range []string{"1234567893", "1000000004", "2000000002"} {
		s := complete(t)
		s.NPI = npi
		list = append(list, s)
	}
	d := atHomeWith(t, func() []record.State { return list })
	d.says("Your onboardings: 3 · NPI 1234567893").press("down").says("NPI 1000000004")
	d.write("2000").says("Your onboardings: 1 of 3 · NPI 2000000002")
}
