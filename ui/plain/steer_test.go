package plain_test

import (
	"strings"
	"testing"
	"unicode"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestNothingSteersTheTerminal: a progress file may have been edited by hand, and
// values that stand whole, to be copied, come out of it, too.
func TestNothingSteersTheTerminal(t *testing.T) {
	const hostile = "Sun\x1b[2J\x1b]52;c;aGk=\a\x1bPq\x1b\\\u009b2K\u202e!"
	for _, screen := range []string{"add", "id", "finish"} {
		w := stepstest.New(t)
		s := stepstest.NewPerson(t, w, record.State{}).WalkTo(screen).Flow.State()
		s.Organization, s.Key.Label = hostile, hostile
		if s.Sealed != nil {
			s.Sealed.Recipient, s.Sealed.File, s.Sent[0].Where = hostile, hostile, hostile
		}
		w.Progress.States[s.ID()] = s
		w.Restart()
		_, out := piped(t, w, s, "")
		if !strings.Contains(out, "Sun") {
			t.Errorf("%s: nothing of it is shown, so this test sees nothing", screen)
		}
		for _, r := range out {
			if unicode.IsControl(r) && r != '\n' || r == '\u202e' {
				t.Errorf("%s: %q is in the output", screen, r)
			}
		}
	}
}
