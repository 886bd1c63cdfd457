package wizard

import (
	"image/color"

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

// background is what is known of the terminal's.
type background string

const (
	unknown background = "unknown"
	dark    background = "dark"
	light   background = "light"
)

// palettes are for each background. Contrast is at least 4.5 to 1 (WCAG 2.2,
// level AA), which a test computes; the one for a background that the terminal
// did not tell keeps to it on black and on white.
var palettes = map[background]palette{
	dark: {
		dim: shade{7, "#a3adb8"}, accent: shade{14, "#7cc4ff"}, good: shade{10, "#7fd99a"},
		warn: shade{11, "#f5c26b"}, bad: shade{9, "#ff9a91"},
		line: shade{8, "#4b5663"}, onAccent: shade{0, "#06243c"},
	},
	light: {
		dim: shade{-1, "#55606c"}, accent: shade{4, "#0a558c"}, good: shade{2, "#136338"},
		warn: shade{5, "#7a4b00"}, bad: shade{1, "#a3231b"},
		line: shade{7, "#b4bcc5"}, onAccent: shade{15, "#ffffff"},
	},
	unknown: {
		dim: shade{-1, "#767676"}, accent: shade{4, "#1d7ac0"}, good: shade{2, "#2b8543"},
		warn: shade{5, "#a1690c"}, bad: shade{1, "#d0443c"},
		line: shade{8, "#808080"}, onAccent: shade{15, "#ffffff"},
	},
}

// styles is the theme made for one terminal.
type styles struct {
	text, dim, accent, good, warn, bad lipgloss.Style
	title, button, line, portal        lipgloss.Style
	lineColor                          color.Color
}

// newStyles makes the theme for a background and what the terminal can show.
// Below 16 colors only weight and reverse are left; the program's own renderer
// drops the colors.
func newStyles(b background, profile colorprofile.Profile) styles {
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
	ink := func(s shade) lipgloss.Style { return base.Foreground(pick(s)) }
	st := styles{
		text: base, dim: ink(p.dim), accent: ink(p.accent),
		good: ink(p.good), warn: ink(p.warn), bad: ink(p.bad), line: ink(p.line),
		title:     ink(p.accent).Bold(true),
		portal:    ink(p.accent).Bold(true),
		button:    base.Foreground(pick(p.onAccent)).Background(pick(p.accent)).Bold(true),
		lineColor: pick(p.line),
	}
	if profile <= colorprofile.ASCII {
		st.button = base.Reverse(true).Bold(true)
	}
	return st
}
