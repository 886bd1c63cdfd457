package wizard

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/stepstest"
)

// system is an operating system's clipboard.
type system struct {
	held string
	err  error
}

func (s *system) plug(o *Options) {
	o.Copy = func(text string) error {
		if s.err == nil {
			s.held = text
		}
		return s.err
	}
	o.ClearClipboard = func(secret keys.Secret) error {
		if s.held == secret.Reveal() {
			s.held = ""
		}
		return s.err
	}
}

func unplugged(o *Options) { o.Copy, o.ClearClipboard = nil, nil }

// atItems is the screen that gives the six items one by one.
func atItems(t testing.TB, o func(*Options)) *desk {
	t.Helper()
	return at("", steps.Send, packedItems, showsItems).show(t, o).at("items")
}

// TestSecretsLeaveTheClipboard copies a secret, which is not there for longer than
// a minute, on either clipboard; what was copied since stays.
func TestSecretsLeaveTheClipboard(t *testing.T) {
	stepstest.New(t) // makes the key pair outside of the bubbles
	clientToken(t)
	for name, c := range map[string]struct {
		keys     []string
		terminal []string // what it was asked to hold, in turn
		system   string   // what it holds in the end
		broken   error
		none     bool
	}{
		"system":                          {keys: []string{"2"}, terminal: []string{theClientToken}},
		"system, then another value":      {keys: []string{"2", "1"}, terminal: []string{theClientToken, stepstest.NPI}, system: stepstest.NPI},
		"another secret":                  {keys: []string{"2", "6"}, terminal: []string{theClientToken, thePrivateKey}},
		"terminal alone":                  {keys: []string{"2"}, terminal: []string{theClientToken, ""}, none: true},
		"terminal alone, then no secret":  {keys: []string{"2", "1"}, terminal: []string{theClientToken, stepstest.NPI}, none: true},
		"system that does not answer":     {keys: []string{"6"}, terminal: []string{thePrivateKey, ""}, broken: errors.New("no display")},
		"leaving, terminal alone":         {keys: []string{"2", "ctrl+c"}, terminal: []string{theClientToken, ""}, none: true},
		"leaving, system does not answer": {keys: []string{"2", "ctrl+d"}, terminal: []string{theClientToken, ""}, broken: errors.New("no display")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &system{err: c.broken}
				plug := s.plug
				if c.none {
					plug = unplugged
				}
				d := atItems(t, plug)
				d.still = true
				d.press(c.keys...)
				d.still = false
				d.settle() // a minute later
				if !slices.Equal(d.clipboard, c.terminal) {
					t.Errorf("the terminal was asked to copy %d texts, want %d", len(d.clipboard), len(c.terminal))
				}
				if s.held != c.system {
					t.Errorf("the system's clipboard holds %d characters, want %q", len(s.held), c.system)
				}
			})
		})
	}
}

// TestLeavingTakesSecretsBack empties the system's clipboard when the program ends.
func TestLeavingTakesSecretsBack(t *testing.T) {
	s := &system{}
	d := atItems(t, s.plug)
	d.m.clipboard.secret, d.m.clipboard.native, s.held = keys.NewSecret(theClientToken), true, theClientToken
	d.press("ctrl+c")
	if _, ok := d.quit.(tea.InterruptMsg); !ok {
		t.Fatalf("ended by %T", d.quit)
	}
	if d.m.clipboard.close(); s.held != "" {
		t.Error("the secret is still on the clipboard")
	}
}
