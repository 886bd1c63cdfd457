package wizard

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
)

// hostile steers a terminal in every way that Bubble Tea's renderer, or lipgloss,
// would let through or not: a screen cleared, the clipboard written, a link, a
// sequence for the terminal around (tmux), an 8-bit control, text turned around.
const hostile = "Sun\x1b[2J\x1b]52;c;aGk=\a\x1b]8;;https://evil.example\x1b\\rise\x1bPtmux;\x1b\x1b]0;x\a\x1b\\\x1b_Gq\x1b\\\u009b2K\u202e!"

// ours is the one kind of sequence that the wizard draws with.
var ours = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// TestNothingSteersTheTerminal: a progress file may have been edited by hand.
func TestNothingSteersTheTerminal(t *testing.T) {
	poisoned := func(s *stage) {
		s.State.Organization, s.State.TokenLabel = hostile, hostile
		if s.State.Key != nil {
			s.State.Key.Label = hostile
		}
	}
	handedOver := func(s *stage) {
		poisoned(s)
		packed(s)
		s.State.Sealed.File, s.State.Sealed.Recipient = hostile, hostile
		s.State.Sent = sent(s.State.Sealed.SHA256)
		s.State.Sent[0].Where = hostile
	}
	list := func(t testing.TB) ([]record.State, error) {
		s := complete(t)
		s.Organization = hostile
		return []record.State{s}, nil
	}
	var all []scene
	for _, id := range steps.IDs {
		all = append(all, at(string(id), id, poisoned, nil))
	}
	all = append(all, at("finish", steps.Send, handedOver, nil), atHome("list", list, nil), atHome("other line", list, presses("down")), atHome("forget", list, presses("ctrl+x")))
	shown := 0
	for _, scene := range all {
		d := scene.show(t)
		for _, s := range []size{{120, 36}, {40, 24}} {
			d.resize(s)
			frame := ours.ReplaceAllString(d.m.View().Content, "")
			if strings.Contains(frame, "Sun") {
				shown++
			}
			for _, r := range frame {
				if unicode.IsControl(r) && r != '\n' || r == '\u202e' {
					t.Errorf("%s at %d: %q is on the screen", scene.name, s.width, r)
				}
			}
		}
	}
	if shown < len(steps.IDs) {
		t.Errorf("the name is on %d screens only: this test sees too little", shown)
	}
}
