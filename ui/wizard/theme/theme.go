// Package theme is how the wizard looks: its colors on a dark and a light
// background, in 24 bits, in 16 colors and in none, and the ways to wrap and to
// set off text that every part of it draws with.
package theme

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
)

// shade is one color of the theme in the forms that terminals know: one of the
// 16 ANSI colors, whose look the person's own palette decides (or -1 for the
// color of plain text), and 24 bits.
type shade struct {
	ansi int
	rgb  string
}

// palette is the theme: few colors, each with one meaning. Plain text keeps the
// terminal's own color. No meaning is carried by color alone; every mark has a
// sign and a word beside it.
type palette struct {
	dim, accent, good, warn, bad, line, onAccent shade
}

// Background is what is known of the terminal's.
type Background string

const (
	Unknown Background = "unknown"
	Dark    Background = "dark"
	Light   Background = "light"
)

// palettes are for each background. Contrast is at least 4.5 to 1 (WCAG 2.2,
// level AA), which a test computes; the one for a background that the terminal
// did not tell keeps to it on black and on white.
var palettes = map[Background]palette{
	Dark: {
		dim: shade{7, "#a3adb8"}, accent: shade{14, "#7cc4ff"}, good: shade{10, "#7fd99a"},
		warn: shade{11, "#f5c26b"}, bad: shade{9, "#ff9a91"},
		line: shade{8, "#4b5663"}, onAccent: shade{0, "#06243c"},
	},
	Light: {
		dim: shade{-1, "#55606c"}, accent: shade{4, "#0a558c"}, good: shade{2, "#136338"},
		warn: shade{5, "#7a4b00"}, bad: shade{1, "#a3231b"},
		line: shade{7, "#b4bcc5"}, onAccent: shade{15, "#ffffff"},
	},
	Unknown: {
		dim: shade{-1, "#767676"}, accent: shade{4, "#1d7ac0"}, good: shade{2, "#2b8543"},
		warn: shade{5, "#a1690c"}, bad: shade{1, "#d0443c"},
		line: shade{8, "#808080"}, onAccent: shade{15, "#ffffff"},
	},
}

// Ink draws text in a style. A style of lipgloss's own looks at all that it could
// do for each text, borders and margins included; what it comes to for these here
// is asked once.
type Ink struct {
	lipgloss.Style
	on, off string
}

func ink(style lipgloss.Style) Ink {
	on, off, _ := strings.Cut(style.Render("x"), "x")
	return Ink{style, on, off}
}

// Render draws a text, line by line, as it is: nothing is wrapped or padded.
func (i Ink) Render(s string) string {
	if s == "" || i.on == "" {
		return s
	}
	return i.on + strings.ReplaceAll(s, "\n", i.off+"\n"+i.on) + i.off
}

// Styles is the theme made for one terminal.
type Styles struct {
	Text, Strong, Dim, Accent, Good, Warn, Bad Ink

	Title  Ink // also names of what the portal shows
	Button Ink // what Enter does
	Cursor Ink
	Line   Ink // borders, and what is not reached yet
}

// New makes the theme for a background and what the terminal can show. Below 16
// colors only weight and reverse are left; the program's own renderer drops the
// colors.
func New(b Background, profile colorprofile.Profile) Styles {
	p := palettes[b]
	complete := lipgloss.Complete(profile)
	pick := func(s shade) color.Color {
		rgb := lipgloss.Color(s.rgb)
		if s.ansi < 0 {
			return complete(lipgloss.NoColor{}, rgb, rgb)
		}
		return complete(lipgloss.ANSIColor(s.ansi), rgb, rgb)
	}
	base := lipgloss.NewStyle()
	colored := func(s shade) Ink { return ink(base.Foreground(pick(s))) }
	button := base.Foreground(pick(p.onAccent)).Background(pick(p.accent))
	if profile <= colorprofile.ASCII {
		button = base.Reverse(true)
	}
	return Styles{
		Text: ink(base), Strong: ink(base.Bold(true)), Dim: colored(p.dim), Accent: colored(p.accent),
		Good: colored(p.good), Warn: colored(p.warn), Bad: colored(p.bad), Line: colored(p.line),
		Title:  ink(base.Foreground(pick(p.accent)).Bold(true)),
		Button: ink(button.Bold(true)),
		Cursor: ink(base.Reverse(true)),
	}
}
