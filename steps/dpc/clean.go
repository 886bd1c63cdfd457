package dpc

import (
	"regexp"
	"strings"
	"unicode"

	"dpc-onboard/keys"
)

const (
	maxDetail  = 200  // runes of the other side's words that are kept
	maxMessage = 4096 // bytes of them that are looked at
	fragment   = 16   // bytes of a secret in a row that count as a leak
	hidden     = "[redacted]"
)

// credential is what a token, an assertion or a key looks like: longer than a
// UUID, without a space or a slash in it.
var credential = regexp.MustCompile(`[A-Za-z0-9_+=%-]{40,}`)

// cleaner makes words that came from outside fit to be shown: no control
// characters, not too long, and nothing in them of the secrets that it knows.
type cleaner struct{ secrets []keys.Secret }

// with returns a cleaner that knows more secrets.
func (c cleaner) with(secrets ...keys.Secret) cleaner {
	return cleaner{append(append([]keys.Secret(nil), c.secrets...), secrets...)}
}

// clean is safe for any bytes.
func (c cleaner) clean(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxMessage)], "")
	text = strings.Join(strings.FieldsFunc(text, unprintable), " ")
	for _, s := range c.secrets {
		text = without(text, s.Reveal())
	}
	return shorten(credential.ReplaceAllString(text, hidden))
}

// unprintable covers controls, spaces of all kinds, and the invisible characters
// that turn text around.
func unprintable(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }

func shorten(text string) string {
	if runes := []rune(text); len(runes) > maxDetail {
		return string(runes[:maxDetail-1]) + "…"
	}
	return text
}

// without takes every run of text that also stands in the secret out of it.
func without(text, secret string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		n := shared(text[i:], secret)
		if n == 0 {
			out.WriteByte(text[i])
			i++
			continue
		}
		out.WriteString(hidden)
		i += n
	}
	return strings.ToValidUTF8(out.String(), "")
}

// shared returns how many bytes at the start of text stand in the secret in a
// row, or 0 where they are too few to matter.
func shared(text, secret string) int {
	if len(text) < fragment || !strings.Contains(secret, text[:fragment]) {
		return 0
	}
	n := fragment
	for n < len(text) && strings.Contains(secret, text[:n+1]) {
		n++
	}
	return n
}
