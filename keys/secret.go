package keys

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
)

// redacted is what a Secret shows of itself, wherever it is printed.
const redacted = "[redacted]"

// Secret is a value that never prints itself: not in any verb of fmt, not in
// slog, not in JSON or text encodings, not as a field of a struct that is
// printed. The zero value is the empty secret.
//
// The value sits behind a function so that printers that walk a struct by
// reflection meet an address and not the text, and so that two secrets can't be
// compared with ==, which takes a time that depends on them: use Equal.
type Secret struct {
	reveal func() string
}

// NewSecret wraps a value. The caller should drop its own copy.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return value }}
}

// Reveal returns the value itself. Every call is a place to review: what it
// returns may go to the keyring, a seal, a request's body or, when a person asks
// for it, the screen, and nowhere else.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Len returns the length in bytes.
func (s Secret) Len() int { return len(s.Reveal()) }

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Equal compares in a time that depends on the lengths alone.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// Digest returns the first 8 bytes of the value's SHA-256 as 16 hexadecimal
// digits: enough to tell whether a stored secret is still the same one, of no
// use for finding it. Only for values of high entropy, never for a passphrase.
func (s Secret) Digest() string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// Format implements fmt.Formatter and thereby covers every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements fmt.Stringer for callers that do not go through fmt.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler and thereby covers JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
