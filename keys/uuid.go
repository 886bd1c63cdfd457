package keys

import (
	"errors"

	"github.com/google/uuid"
)

// lenUUID is the length of a UUID's canonical form, in characters.
const lenUUID = 36

// ErrUUID says that a value isn't a UUID.
var ErrUUID = errors.New("this is not an ID of the form 01234567-89ab-cdef-0123-456789abcdef")

// ParseUUID returns a UUID in its canonical form: 36 characters, lower case. It
// takes only that form, as the portal shows it, with white space or quotes
// around it; RFC 9562's other spellings are typing errors here.
func ParseUUID(s string) (string, error) {
	s = unquoted(s)
	id, err := uuid.Parse(s)
	if err != nil || len(s) != lenUUID {
		return "", ErrUUID
	}
	return id.String(), nil
}
