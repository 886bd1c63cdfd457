package stepstest

import (
	"context"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
)

// Values are a form's values in plain, for tests.
type Values map[string]string

// Person answers prompts and runs the effects that follow.
type Person struct {
	t     testing.TB
	World *World
	Flow  steps.Flow
	// Token is the client token that the portal shows.
	Token keys.Secret
	// KeyID is the key ID that the portal shows.
	KeyID string
	// Seen, where set, is told of every prompt before it is answered.
	Seen func(steps.Flow)
}

// NewPerson sits down before a program that starts with a state.
func NewPerson(t testing.TB, w *World, s record.State) *Person {
	t.Helper()
	p := &Person{t: t, World: w, KeyID: KeyID, Token: keystest.Token(t, keystest.TokenSpec{Expires: Start.AddDate(1, 0, 0)})}
	p.Launch(s)
	return p
}

// T is the test that the person is part of.
func (p *Person) T() testing.TB { return p.t }

// Launch starts the program with a state.
func (p *Person) Launch(s record.State) {
	p.t.Helper()
	flow, effect := steps.New(steps.Facts{State: s, Session: p.World.Session()}).Start()
	p.Flow = flow
	p.Run(effect)
}

// Relaunch starts the program anew with what is saved of an onboarding.
func (p *Person) Relaunch(id string) {
	p.t.Helper()
	p.World.Restart()
	p.Launch(p.World.Progress.States[id])
}

// Run runs an effect to its end.
func (p *Person) Run(effect steps.Effect) {
	p.t.Helper()
	p.Flow = p.Flow.Apply(effect.Run(context.Background(), p.World.Services(), nil))
	p.look()
}

func (p *Person) look() {
	if p.Seen != nil {
		p.Seen(p.Flow)
	}
}

// Try answers and returns what the flow says against it.
func (p *Person) Try(action string, values Values) error {
	p.t.Helper()
	answer := steps.Answer{Action: action, Values: map[string]keys.Secret{}}
	for name, value := range values {
		answer.Values[name] = keys.NewSecret(value)
	}
	flow, effect, err := p.Flow.Answer(answer)
	if err != nil {
		return err
	}
	p.Flow = flow
	if flow.Busy() == "" {
		p.look() // a question whether it is meant
		return nil
	}
	p.Run(effect)
	return p.Flow.Err()
}

// Answer answers the screen of that name, which must be the current one, and
// fails the test where the flow refuses.
func (p *Person) Answer(screen, action string, values Values) {
	p.t.Helper()
	p.At(screen)
	if err := p.Try(action, values); err != nil {
		p.t.Fatalf("%s, %q: %v (%s)", screen, action, err, record.Hint(err))
	}
}

// At fails the test where another screen is the current one.
func (p *Person) At(screen string) {
	p.t.Helper()
	if got := p.Flow.Prompt(); got.Screen != screen {
		p.t.Fatalf("the screen is %q and not %q; its notes: %s", got.Screen, screen, Notes(got))
	}
}

// Back goes back to the screen of that name.
func (p *Person) Back(screen string) {
	p.t.Helper()
	flow, ok := p.Flow.Back()
	if !ok {
		p.t.Fatalf("there is no way back from %q", p.Flow.Prompt().Screen)
	}
	p.Flow = flow
	p.look()
	p.At(screen)
}

// Said reports whether a note of the current prompt holds a text.
func (p *Person) Said(text string) {
	p.t.Helper()
	if notes := Notes(p.Flow.Prompt()); !strings.Contains(notes, text) {
		p.t.Fatalf("no note says %q: %s", text, notes)
	}
}

// Notes joins what a prompt remarks.
func Notes(p steps.Prompt) string {
	var b strings.Builder
	for _, n := range p.Notes {
		b.WriteString("[" + string(n.Kind) + "] " + n.Text + " → " + n.Hint + "\n")
	}
	return b.String()
}

// walk is the default onboarding, screen by screen.
var walk = []struct {
	screen, action string
	values         func(*Person) Values
}{
	{"access", "", func(*Person) Values { return Values{"organization": Organization, "npi": NPI} }},
	{"portal", "", nil},
	{"token", "", nil},
	{"save", "", func(p *Person) Values {
		return Values{record.ClientTokenName: p.Token.Reveal(), record.OrganizationTokenName: keystest.OrganizationID}
	}},
	{"key", "", nil},
	{"add", "", nil},
	{"addresses", "", nil},
	{"id", "", func(p *Person) Values { return Values{"id": p.KeyID} }},
	{"check", "check", nil},
	{"check", "go on", nil},
	{"seal", "", nil},
	{"deliver", "other", nil},
}

// WalkTo takes the default way from the current screen up to the one of that
// name, "finish" for all of it.
func (p *Person) WalkTo(screen string) *Person {
	p.t.Helper()
	for _, step := range walk {
		switch at := p.Flow.Prompt().Screen; {
		case at == screen:
			return p
		case at != step.screen:
			continue
		}
		var values Values
		if step.values != nil {
			values = step.values(p)
		}
		p.Answer(step.screen, step.action, values)
	}
	p.At(screen)
	return p
}
