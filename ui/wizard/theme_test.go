package wizard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/ui/wizard/theme"
)

// TestEveryColorIsInThePalette finds a color that the test above does not know.
func TestEveryColorIsInThePalette(t *testing.T) {
	looked := 0
	for _, b := range []theme.Background{theme.Dark, theme.Light, theme.Unknown} {
		st := theme.New(b, colorprofile.TrueColor)
		var codes []string
		for _, ink := range []theme.Ink{st.Dim, st.Accent, st.Good, st.Warn, st.Bad, st.Line, st.Button} {
			r, g, bl, _ := ink.GetForeground().RGBA()
			codes = append(codes, fmt.Sprintf("8;2;%d;%d;%d", r>>8, g>>8, bl>>8))
		}
		for _, scene := range scenes() {
			d := scene.show(t)
			d.m.background = b
			d.m.restyle()
			d.m.layout()
			for _, sequence := range styleSequences(d.m.View().Content) {
				for _, found := range trueColor.FindAllString(sequence, -1) {
					looked++
					if !slices.Contains(codes, found) {
						t.Errorf("%s, %s: %q is not of the palette", b, scene.name, found)
					}
				}
			}
		}
	}
	if looked < 1000 {
		t.Errorf("only %d colors were looked at", looked)
	}
}

// trueColor is a color in a style's parameters, for the letters or behind them.
var trueColor = regexp.MustCompile(`8;2;\d+;\d+;\d+`)

// TestMeaningIsNotByColorAlone draws each thing that color tells apart without its
// colors: signs and words alone have to differ.
func TestMeaningIsNotByColorAlone(t *testing.T) {
	d := launch(t, noColor)
	differ := func(what string, drawn ...string) {
		t.Helper()
		var seen []string
		for _, s := range drawn {
			if s = ansi.Strip(s); slices.Contains(seen, s) {
				t.Errorf("%s: %q means two things", what, s)
			}
			seen = append(seen, s)
		}
	}
	shown := func(p steps.Prompt) string {
		p.Title = "Title"
		d.m.card.Show(p)
		d.m.layout()
		return d.text()
	}
	var notes []string
	for _, k := range []steps.NoteKind{steps.NoteOK, steps.NoteInfo, steps.NoteWarning, steps.NoteError} {
		notes = append(notes, shown(steps.Prompt{Notes: []steps.Note{{Kind: k, Text: "the same"}}}))
	}
	differ("notes", notes...)
	var lines []string
	for _, s := range []check.Status{check.Passed, check.Noted, check.Failed, check.Running, check.NotTried} {
		lines = append(lines, strings.Split(shown(steps.Prompt{Lines: []check.Line{{Status: s}}}), "\n")[4])
	}
	differ("lines of the check", lines...)
	var choices []string
	for _, value := range []string{"a", "b"} {
		choices = append(choices, shown(steps.Prompt{Fields: []steps.Field{
			{Kind: steps.Choose, Value: value, Choices: []steps.Choice{{Value: "a", Label: "A"}, {Value: "b", Label: "A"}}},
		}}))
	}
	differ("choices", choices...)
	var stepper []string
	for _, s := range []steps.Status{steps.Done, steps.Current, steps.ToDo} {
		stepper = append(stepper, d.m.drawStep(steps.StepStatus{Title: "Key pair", Status: s}))
	}
	differ("steps", stepper...)
	differ("progress", d.m.styles.Bar(1, 8, 8), d.m.styles.Bar(2, 8, 8), d.m.styles.Bar(8, 8, 8))
}

// TestFocusIsSeenWithoutColor moves the focus and looks for its sign.
func TestFocusIsSeenWithoutColor(t *testing.T) {
	d := launch(t, noColor).resize(size{100, 40})
	places := len(d.m.card.Prompt.Fields) + len(d.m.card.Prompt.Actions)
	seen := map[string]bool{}
	for range places {
		seen[d.text()] = true
		d.press("tab")
	}
	if len(seen) != places {
		t.Errorf("%d looks for %d places of the focus", len(seen), places)
	}
}
