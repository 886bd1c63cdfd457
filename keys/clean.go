package keys

import (
	"strings"
	"unicode"
)

// quotes are the marks that people, mail programs and chat programs put around
// a value that they pass on.
const quotes = "\"'`“”„‘’«»"

// invisible reports whether a character is one that a terminal, a browser or a mail
// program may add to a value and that nobody sees: white space, byte order marks,
// zero-width and other formatting characters.
func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// withoutSpace removes everything that is invisible.
func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
}

// unquoted removes quotes and what is invisible from both ends.
func unquoted(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return invisible(r) || strings.ContainsRune(quotes, r) })
}
