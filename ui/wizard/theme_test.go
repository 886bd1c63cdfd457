package wizard

import (
	"fmt"
	"image/color"
	"math"
	"regexp"
	"slices"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps"
	"dpc-onboard/steps/stepstest"
)

// The backgrounds that each palette has to stand out from: plain ones, and those
// of themes that many people use. What the terminal does not tell may be either.
var backgrounds = map[background][]string{
	dark:    {"#000000", "#101010", "#1e1e1e", "#282c34", "#2e3440"},
	light:   {"#ffffff", "#fafafa", "#fdf6e3", "#eee8d5"},
	unknown: {"#000000", "#ffffff"},
}

// levelAA is the contrast that WCAG 2.2 asks of text at level AA (criterion
// 1.4.3), https://www.w3.org/TR/WCAG22/#contrast-minimum.
const levelAA = 4.5

// luminance is the relative luminance of a color, by WCAG's definition.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// contrast is the ratio of two colors, from 1 to 21.
func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrastIsWCAGs(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}, {"#767676", "#ffffff", 4.54}, {"#0000ff", "#ffffff", 8.59}, {"#123456", "#123456", 1},
	} {
		if got := contrast(lipgloss.Color(c.a), lipgloss.Color(c.b)); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// TestContrast computes the contrast of all that is written, as it is drawn: from
// the styles, in 24 bits.
func TestContrast(t *testing.T) {
	for b, grounds := range backgrounds {
		st := newStyles(b, colorprofile.TrueColor)
		for name, style := range map[string]lipgloss.Style{
			"dim": st.dim, "accent": st.accent, "good": st.good, "warn": st.warn, "bad": st.bad, "title": st.title, "portal": st.portal,
		} {
			for _, ground := range grounds {
				if got := contrast(style.GetForeground(), lipgloss.Color(ground)); got < levelAA {
					t.Errorf("%s, %s on %s: %.2f, want %.1f", b, name, ground, got, levelAA)
				}
			}
		}
		if got := contrast(st.button.GetForeground(), st.button.GetBackground()); got < levelAA {
			t.Errorf("%s, button: %.2f, want %.1f", b, got, levelAA)
		}
		if _, own := st.text.GetForeground().(lipgloss.NoColor); !own {
			t.Errorf("%s: plain text has not the terminal's own color", b)
		}
	}
}

// TestEveryColorIsInThePalette finds a color that the test above does not know.
func TestEveryColorIsInThePalette(t *testing.T) {
	looked := 0
	for b, p := range palettes {
		known := []string{p.line.rgb}
		for _, s := range []shade{p.dim, p.accent, p.good, p.warn, p.bad, p.onAccent} {
			known = append(known, s.rgb)
		}
		var codes []string
		for _, rgb := range known {
			r, g, bl, _ := lipgloss.Color(rgb).RGBA()
			codes = append(codes, fmt.Sprintf("8;2;%d;%d;%d", r>>8, g>>8, bl>>8))
		}
		for _, scene := range scenes() {
			d := scene.show(t)
			d.m.background = b
			d.m.restyle()
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

// TestSixteenColors asks that the 16 colors differ where the meaning does, and
// that no text takes the color of a usual background.
func TestSixteenColors(t *testing.T) {
	for b, p := range palettes {
		for name, s := range map[string]shade{"good": p.good, "warn": p.warn, "bad": p.bad, "accent": p.accent, "dim": p.dim} {
			if s.ansi == 0 && b != light || s.ansi == 15 && b != dark || s.ansi == 7 && b == light {
				t.Errorf("%s, %s: color %d may be the background's", b, name, s.ansi)
			}
		}
		if p.good.ansi == p.bad.ansi || p.good.ansi == p.warn.ansi || p.bad.ansi == p.warn.ansi {
			t.Errorf("%s: two meanings have one color", b)
		}
	}
}

// TestMeaningIsNotByColorAlone draws each thing that color tells apart in the
// profile without colors: signs and words alone have to differ.
func TestMeaningIsNotByColorAlone(t *testing.T) {
	d := launch(t, noColor)
	m := d.m
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
	var notes, lines []string
	for _, k := range []steps.NoteKind{steps.NoteOK, steps.NoteInfo, steps.NoteWarning, steps.NoteError} {
		notes = append(notes, m.note(steps.Note{Kind: k, Text: "the same"}, 60))
	}
	differ("notes", notes...)
	for _, s := range []steps.CheckStatus{steps.CheckPassed, steps.CheckNoted, steps.CheckFailed, steps.CheckRunning, steps.CheckNotTried} {
		sign, _ := m.checkSign(s)
		lines = append(lines, sign)
	}
	differ("lines of the check", lines...)
	differ("steps", m.stop1(steps.Stop{Title: "Key pair", Status: steps.StopDone}), m.stop1(steps.Stop{Title: "Key pair", Status: steps.StopCurrent}), m.stop1(steps.Stop{Title: "Key pair", Status: steps.StopToDo}))
	f := &field{Field: steps.Field{Kind: steps.Choose, Choices: []steps.Choice{{Label: "A"}, {Label: "A"}}}}
	first := m.choices(f, true, 40)
	f.choice = 1
	differ("choices", first, m.choices(f, true, 40))
	differ("progress", m.bar(1, 8, 8), m.bar(2, 8, 8), m.bar(8, 8, 8))
	var days []string
	for _, left := range []int{300, 29, 6, -1} {
		days = append(days, m.tokenDays(steps.State{ClientToken: &steps.TokenFact{Expires: stepstest.Start.AddDate(0, 0, left)}}))
	}
	differ("days left", days...)
}

// TestFocusIsSeenWithoutColor moves the focus and looks for its sign.
func TestFocusIsSeenWithoutColor(t *testing.T) {
	d := launch(t, noColor).resize(size{100, 40})
	seen := map[string]bool{}
	for range d.m.form.stops() {
		seen[d.text()] = true
		d.press("tab")
	}
	if len(seen) != d.m.form.stops() {
		t.Errorf("%d looks for %d places of the focus", len(seen), d.m.form.stops())
	}
}
