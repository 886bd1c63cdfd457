package keys

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// redacted is for types that never print themselves. Embedded, it puts
// "[redacted]" in their place in every verb of fmt, in slog, in JSON and in text
// encodings.
type redacted struct{}

// String implements fmt.Stringer for callers that do not go through fmt.
func (redacted) String() string { return "[redacted]" }

// GoString implements fmt.GoStringer.
func (r redacted) GoString() string { return r.String() }

// Format implements fmt.Formatter and thereby covers every verb.
func (r redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements slog.LogValuer.
func (r redacted) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText implements encoding.TextMarshaler and thereby covers JSON.
func (r redacted) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Secret is a value that never prints itself: not in any verb of fmt, not in
// slog, not in JSON or text encodings, not as a field of a struct that is
// printed. The zero value is the empty secret.
//
// The value sits behind a function so that printers that walk a struct by
// reflection meet an address and not the text, and so that two secrets can't be
// compared with ==, which takes a time that depends on them: use Equal.
type Secret struct {
	redacted
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

// Equal reports whether both hold the same value, in a time that depends on the
// lengths alone.
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
