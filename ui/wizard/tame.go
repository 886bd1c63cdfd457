package wizard

import (
	"regexp"
	"strings"
	"unicode"
)

// styling is the one kind of sequence that the wizard itself draws with.
var styling = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// tame takes out of a frame all that steers a terminal but styles and line ends:
// a progress file that was edited by hand, or a name from elsewhere, may hold
// anything, and Bubble Tea hands links and device strings on to the terminal.
func tame(frame string) string {
	var out strings.Builder
	end := 0
	for _, at := range styling.FindAllStringIndex(frame, -1) {
		out.WriteString(strings.Map(harmless, frame[end:at[0]]))
		out.WriteString(frame[at[0]:at[1]])
		end = at[1]
	}
	out.WriteString(strings.Map(harmless, frame[end:]))
	return out.String()
}

// harmless drops controls, and the marks that turn the direction of writing.
func harmless(r rune) rune {
	if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
		return -1
	}
	return r
}
