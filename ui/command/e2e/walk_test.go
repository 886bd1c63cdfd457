//go:build unix

package e2e_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
	"dpc-onboard/ui/plain"
	"dpc-onboard/ui/wizard"
)

// TestBothAskTheSame takes one way through the whole onboarding in the wizard, line by
// line, and in the flow itself, which says what is to be asked. Both ask that, in that
// order, and all three come to the same state.
func TestBothAskTheSame(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) {
		askTheSame(t, []answer{
			{"access", "", stepstest.Values{"organization": stepstest.Organization, "npi": stepstest.NPI}},
			{"token", "", nil},
			{"save", "", tokens(t, keystest.TokenSpec{})},
			{"key", "", nil},
			{"add", "", nil},
			{"id", "", stepstest.Values{"id": stepstest.KeyID}},
			{"check", "check", nil},
			{"check", "go on", nil},
			{"seal", "", nil},
			{"deliver", "other", nil},
			{"finish", "", nil},
			{"finish-confirm", "yes", nil},
		})
	})
	t.Run("production", func(t *testing.T) {
		askTheSame(t, []answer{
			{"access", "", stepstest.Values{"organization": stepstest.Organization, "npi": stepstest.NPI, "environment": "production"}},
			{"portal", "", nil},
			{"token", "failed", nil},
			{"token", "", nil},
			{"save", "", tokens(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api"})},
			{"key", "", nil},
			{"add", "refused", nil},
			{"refused", "", stepstest.Values{"pasted": "Invalid signature snippet."}},
			{"add", "", nil},
			{"addresses", "", stepstest.Values{"addresses": "203.0.113.7 198.51.100.1"}},
			{"id", "", stepstest.Values{"id": stepstest.KeyID}},
			{"check", "check", nil},
			{"check", "go on", nil},
			{"seal", "", nil},
			{"deliver", "other", nil},
			{"finish", "", nil},
			{"finish-confirm", "yes", nil},
		})
	})
}

// answer is what a person does at a screen.
type answer struct {
	screen, action string // action "" for the first
	values         stepstest.Values
}

func tokens(t *testing.T, spec keystest.TokenSpec) stepstest.Values {
	spec.Expires = stepstest.Start.AddDate(1, 0, 0)
	return stepstest.Values{record.ClientTokenName: keystest.Token(t, spec).Reveal(), record.OrganizationTokenName: keystest.OrganizationID}
}

func askTheSame(t *testing.T, way []answer) {
	person := stepstest.NewPerson(t, stepstest.New(t), record.State{})
	size := size{120, 100} // in which every prompt fits
	inWizard, full := begin(t, size, wizardIn)
	inPlain, lines := begin(t, size, plainIn)
	said := 0 // how much of what was written line by line is answered
	for _, answer := range way {
		person.At(answer.screen)
		p := person.Flow.Prompt()
		chosen := max(0, slices.IndexFunc(p.Actions, func(a steps.Action) bool { return a.Name == answer.action }))

		said = lines.follow(said, p.Title)
		for _, f := range p.Fields {
			said = lines.follow(said, "\n"+f.Label)
			if f.Kind == steps.Choose && answer.values[f.Name] != "" {
				lines.send(strconv.Itoa(1+indexOf(f, answer.values[f.Name])) + "\r")
			} else {
				lines.send(answer.values[f.Name] + "\r")
			}
		}
		for i, a := range p.Actions {
			if len(p.Fields) == 0 {
				said = lines.follow(said, "\n"+strconv.Itoa(i+1)+". "+a.Label+".")
			}
		}
		if len(p.Fields) == 0 {
			lines.send(strconv.Itoa(chosen+1) + "\r")
		}

		full.wait(p.Title)
		if answer.screen == "token" { // which may follow on itself, with another label
			full.wait(p.Copies[0].Value)
		}
		for _, f := range p.Fields {
			full.wait(f.Label)
			switch value := answer.values[f.Name]; {
			case value == "":
			case f.Kind == steps.Choose:
				for range indexOf(f, value) {
					full.press("right")
				}
			default:
				full.paste(value)
			}
		}
		for _, a := range p.Actions {
			if len(p.Fields) == 0 {
				full.wait(a.Label)
			}
		}
		if chosen == 0 {
			full.press("enter")
		} else {
			full.press(p.Actions[chosen].Key)
		}
		if err := person.Try(answer.action, answer.values); err != nil {
			t.Fatal(err)
		}
	}
	want := timeless(t, person.Flow)
	if !person.Flow.Quit() || !steps.Complete(person.Flow.State()) {
		t.Errorf("this is not the whole way: %s", want)
	}
	if got := timeless(t, inWizard()); got != want {
		t.Errorf("the wizard comes to\n%s, and the flow to\n%s", got, want)
	}
	if got := timeless(t, inPlain()); got != want {
		t.Errorf("line by line it comes to\n%s, and the flow to\n%s", got, want)
	}
}

// indexOf finds a value among a field's choices.
func indexOf(f steps.Field, value string) int {
	return slices.IndexFunc(f.Choices, func(c steps.Choice) bool { return c.Value == value })
}

// begin starts a UI in a terminal. result waits for its end.
func begin(t *testing.T, s size, run func(*testing.T, *os.File, *stepstest.World) (steps.Flow, error)) (result func() steps.Flow, w *terminal) {
	var flow steps.Flow
	var err error
	world := stepstest.New(t)
	w = host(t, s, func(tty *os.File) { flow, err = run(t, tty, world) })
	return func() steps.Flow {
		if w.code(); err != nil {
			t.Error(err)
		}
		return flow
	}, w
}

func wizardIn(t *testing.T, tty *os.File, world *stepstest.World) (steps.Flow, error) {
	return wizard.Run(t.Context(), wizard.Options{
		Services: world.Services(), Facts: steps.Facts{Session: world.Session()}, ReducedMotion: true,
		Input: tty, Output: tty, Environ: []string{"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8"},
	})
}

func plainIn(t *testing.T, tty *os.File, world *stepstest.World) (steps.Flow, error) {
	return plain.Run(t.Context(), plain.Options{
		Services: world.Services(), Facts: steps.Facts{Session: world.Session()}, In: tty, Out: tty,
	})
}

// follow waits until the output behind a place holds a text, and returns where the
// text ends.
func (w *terminal) follow(from int, text string) int {
	w.t.Helper()
	end := 0
	w.until(func(string) bool {
		after := strings.ReplaceAll(w.output(), "\r", "")
		end = from + strings.Index(after[from:], text) + len(text)
		return end >= from+len(text)
	}, text)
	return end
}

var instant = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*"`)

// timeless is a state without its times.
func timeless(t *testing.T, f steps.Flow) string {
	data, err := json.MarshalIndent(f.State(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return instant.ReplaceAllString(string(data), `"some time"`)
}
