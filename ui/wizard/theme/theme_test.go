package theme

import (
	"image/color"
	"math"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
)

// The backgrounds that each palette has to stand out from: plain ones, and those
// of themes that many people use. What the terminal does not tell may be either.
var backgrounds = map[Background][]string{
	Dark:    {"#000000", "#101010", "#1e1e1e", "#282c34", "#2e3440"},
	Light:   {"#ffffff", "#fafafa", "#fdf6e3", "#eee8d5"},
	Unknown: {"#000000", "#ffffff"},
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
		st := New(b, colorprofile.TrueColor)
		for name, style := range map[string]Ink{
			"dim": st.Dim, "accent": st.Accent, "good": st.Good, "warn": st.Warn, "bad": st.Bad, "title": st.Title,
		} {
			for _, ground := range grounds {
				if got := contrast(style.GetForeground(), lipgloss.Color(ground)); got < levelAA {
					t.Errorf("%s, %s on %s: %.2f, want %.1f", b, name, ground, got, levelAA)
				}
			}
		}
		if got := contrast(st.Button.GetForeground(), st.Button.GetBackground()); got < levelAA {
			t.Errorf("%s, button: %.2f, want %.1f", b, got, levelAA)
		}
		if _, own := st.Text.GetForeground().(lipgloss.NoColor); !own {
			t.Errorf("%s: plain text has not the terminal's own color", b)
		}
	}
}

// TestSixteenColors asks that the 16 colors differ where the meaning does, and
// that no text takes the color of a usual background.
func TestSixteenColors(t *testing.T) {
	for b, p := range palettes {
		for name, s := range map[string]shade{"good": p.good, "warn": p.warn, "bad": p.bad, "accent": p.accent, "dim": p.dim} {
			if s.ansi == 0 && b != Light || s.ansi == 15 && b != Dark || s.ansi == 7 && b == Light {
				t.Errorf("%s, %s: color %d may be the background's", b, name, s.ansi)
			}
		}
		if p.good.ansi == p.bad.ansi || p.good.ansi == p.warn.ansi || p.bad.ansi == p.warn.ansi {
			t.Errorf("%s: two meanings have one color", b)
		}
	}
}

// TestInkDrawsWhatLipglossDraws where nothing is to be padded.
func TestInkDrawsWhatLipglossDraws(t *testing.T) {
	for _, profile := range []colorprofile.Profile{colorprofile.ASCII, colorprofile.ANSI, colorprofile.TrueColor} {
		st := New(Dark, profile)
		for _, ink := range []Ink{st.Text, st.Strong, st.Dim, st.Title, st.Button, st.Cursor} {
			for _, s := range []string{"", "x", "two words", "two\nrow"} {
				if got, want := ink.Render(s), ink.Style.Render(s); got != want && s != "" {
					t.Errorf("%v: %q, lipgloss draws %q", profile, got, want)
				}
			}
		}
	}
}

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{"": "", "x": "X.", "été": "Été.", "is it?": "Is it?"} {
		if got := Sentence(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}
