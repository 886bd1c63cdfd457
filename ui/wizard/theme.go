package wizard

import (
	"image/color"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
)

// shade is one color of the theme in the forms that terminals know: one of the
// 16 ANSI colors, whose look the person's own palette decides, and 24 bits.
type shade struct {
	ansi uint8
	rgb  string
}

// palette is the theme: few colors, each with one meaning. No meaning is carried
// by color alone; every mark has a sign and a word beside it.
type palette struct {
	text, dim, accent, good, warn, bad, line, onAccent shade
}

// Contrast against the backgrounds that terminals have is at least 4.5 to 1
// (WCAG 2.2, level AA); a test computes it.
var (
	darkPalette = palette{
		text:   shade{7, "#e4e7eb"},
		dim:    shade{7, "#a3adb8"},
		accent: shade{14, "#7cc4ff"},
		good:   shade{10, "#7fd99a"},
		warn:   shade{11, "#f5c26b"},
		bad:    shade{9, "#ff9a91"},
		line:   shade{8, "#4b5663"}, onAccent: shade{0, "#06243c"},
	}
	lightPalette = palette{
		text:   shade{0, "#1b2430"},
		dim:    shade{0, "#55606c"},
		accent: shade{4, "#0a558c"},
		good:   shade{2, "#136338"},
		warn:   shade{5, "#7a4b00"},
		bad:    shade{1, "#a3231b"},
		line:   shade{8, "#b4bcc5"}, onAccent: shade{15, "#ffffff"},
	}
)

// styles is the theme made for one terminal.
type styles struct {
	text, dim, accent, good, warn, bad lipgloss.Style
	title, button, line, portal, stale lipgloss.Style
	lineColor                          color.Color
}

// newStyles makes the theme for a background and what the terminal can show.
// Below 16 colors only weight, underline and reverse are left, and the program's
// own renderer drops the colors.
func newStyles(dark bool, profile colorprofile.Profile) styles {
	p := lightPalette
	if dark {
		p = darkPalette
	}
	complete := lipgloss.Complete(profile)
	pick := func(s shade) color.Color {
		rgb := lipgloss.Color(s.rgb)
		return complete(lipgloss.ANSIColor(s.ansi), rgb, rgb)
	}
	base := lipgloss.NewStyle()
	ink := func(s shade) lipgloss.Style { return base.Foreground(pick(s)) }
	st := styles{
		text: ink(p.text), dim: ink(p.dim), accent: ink(p.accent),
		good: ink(p.good), warn: ink(p.warn), bad: ink(p.bad),
		title:     ink(p.accent).Bold(true),
		button:    base.Foreground(pick(p.onAccent)).Background(pick(p.accent)).Bold(true),
		line:      ink(p.line),
		portal:    ink(p.accent).Bold(true),
		lineColor: pick(p.line),
	}
	if profile <= colorprofile.ASCII {
		st.button = base.Reverse(true).Bold(true)
	}
	return st
}
