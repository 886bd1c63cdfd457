package dpc

import (
	"regexp"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/text"
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

// cleaner holds the secrets that may come back in words from outside.
type cleaner []keys.Secret

// line returns a line that is fit to be shown. All that DPC or the system said
// goes through here, and nowhere else, on its way out of this room.
func (c cleaner) line(l check.Line) check.Line {
	for _, words := range []*string{&l.KeyLabel, &l.TokenLabel, &l.Organization, &l.NPI, &l.Detail} {
		*words = c.clean(*words)
	}
	return l
}

// clean takes any bytes, and returns one line without controls, not too long, and
// without the secrets in it.
func (c cleaner) clean(words string) string {
	words = text.CleanLine(strings.ToValidUTF8(words[:min(len(words), maxMessage)], ""))
	for _, s := range c {
		words = without(words, s.Reveal())
	}
	return text.Brief(credential.ReplaceAllString(words, hidden), maxDetail)
}

// without takes every run of words that also stands in the secret out of it.
func without(words, secret string) string {
	var out strings.Builder
	for i := 0; i < len(words); {
		n := shared(words[i:], secret)
		if n == 0 {
			out.WriteByte(words[i])
			i++
			continue
		}
		out.WriteString(hidden)
		i += n
	}
	return strings.ToValidUTF8(out.String(), "")
}

// shared returns how many bytes at the start of words stand in the secret in a
// row, or 0 where they are too few to matter.
func shared(words, secret string) int {
	if len(words) < fragment || !strings.Contains(secret, words[:fragment]) {
		return 0
	}
	n := fragment
	for n < len(words) && strings.Contains(secret, words[:n+1]) {
		n++
	}
	return n
}
