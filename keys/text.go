package keys

import (
	"errors"
	"strings"
	"unicode"

	"github.com/google/uuid"
)

// quotes are the marks that people, mail programs and chat programs put around
// a value that they pass on.
const quotes = "\"'`“”„‘’«»"

// ErrUUID says that a value isn't a UUID.
var ErrUUID = errors.New("this is not an ID of the form 01234567-89ab-cdef-0123-456789abcdef")

// ParseUUID returns a UUID in its canonical form: 36 characters, lower case. It
// takes only that form, as the portal shows it, with white space or quotes
// around it; RFC 9562's other spellings are typing errors here.
func ParseUUID(s string) (string, error) {
	s = unquoted(strings.TrimFunc(s, invisible))
	if len(s) != 36 {
		return "", ErrUUID
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return "", ErrUUID
	}
	return id.String(), nil
}

// withoutSpace removes everything that a terminal, a browser or a mail program
// may add inside a value and that nobody sees: white space, byte order marks,
// zero-width and other formatting characters.
func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
}

func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// unquoted removes quotes and what is invisible from both ends.
func unquoted(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return invisible(r) || strings.ContainsRune(quotes, r) })
}
