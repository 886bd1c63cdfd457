package theme

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps/text"
)

// idForm finds key IDs and organization IDs.
var idForm = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// unbroken is the hyphen at which no line is broken.
const unbroken = "\u2011"

// Wrap breaks text at spaces and hyphens, but no ID at its hyphens, and anywhere
// where a word is longer than a line.
func Wrap(s string, width int) string {
	if len(s) <= width && !strings.Contains(s, "\n") {
		return s
	}
	if strings.Count(s, "-") >= 4 {
		s = idForm.ReplaceAllStringFunc(s, func(id string) string { return strings.ReplaceAll(id, "-", unbroken) })
	}
	return strings.ReplaceAll(ansi.Wrap(s, max(1, width), " "), unbroken, "-")
}

// WrapValue breaks a value of one word, a digest or a path, only at the end of
// the line, so that it can be read and selected as it is.
func WrapValue(value string, width int) string {
	if strings.Contains(value, " ") || strings.Count(value, "-") > 6 {
		return Wrap(value, width)
	}
	return ansi.Hardwrap(value, max(1, width), true)
}

var (
	portalName = regexp.MustCompile(`\*([^*]+)\*`)
	bracketed  = regexp.MustCompile(`\[[^\]\x1b]+\]`)
)

// Rich wraps a text and sets off the *names between stars* of what the portal
// shows: as [buttons], so that they stand out without color, too.
func (st *Styles) Rich(s string, width int) string {
	if !strings.ContainsAny(s, "*[") {
		return Wrap(s, width)
	}
	marked := portalName.ReplaceAllStringFunc(s, func(name string) string {
		return "[" + strings.ReplaceAll(strings.Trim(name, "*"), " ", "\u00a0") + "]"
	})
	return bracketed.ReplaceAllStringFunc(Wrap(marked, width), func(name string) string {
		return st.Title.Render(strings.ReplaceAll(name, "\u00a0", " "))
	})
}

// Marked draws a sentence behind a sign, and the remedy below it, both hanging.
func (st *Styles) Marked(sign Ink, mark, sentence, hint string, width int) string {
	marked := sign.Render(mark) + " " + Hang(st.Rich(Sentence(sentence), width-2), 2)
	if hint != "" {
		marked += "\n" + Indent(st.Rich(hint, width-2), 2)
	}
	return marked
}

// Bar is a share as blocks; it reads without color, too.
func (st *Styles) Bar(done, of, width int) string {
	full := 0
	if of > 0 {
		full = width * done / of
	}
	return st.Accent.Render(strings.Repeat("━", full)) + st.Line.Render(strings.Repeat("╌", width-full))
}

// Sentence gives an error's text a capital and a period.
func Sentence(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + text.Ended(s)[size:]
}

// Hang indents all lines but the first.
func Hang(s string, by int) string {
	return strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", by))
}

// Indent indents all lines.
func Indent(s string, by int) string { return strings.Repeat(" ", by) + Hang(s, by) }

// Fit cuts a line, or pads it, to a width in cells.
func Fit(line string, width int) string {
	over := ansi.StringWidth(line) - width
	if over <= 0 {
		return line + strings.Repeat(" ", -over)
	}
	line = ansi.Truncate(line, max(0, width), "…")
	return line + strings.Repeat(" ", max(0, width-ansi.StringWidth(line)))
}
