package keys

import (
	"strings"
	"unicode"
)

// withoutSpace removes everything that a terminal, a browser or a mail program
// may add inside a value and that nobody sees: white space, byte order marks,
// zero-width and other formatting characters.
func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}
