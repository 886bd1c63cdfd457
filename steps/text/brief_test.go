package text

import (
	"strings"
	"testing"
)

func TestBrief(t *testing.T) {
	for in, want := range map[string]string{
		"Ana Núñez <ana@x>":        "Ana Núñez <ana@x>",
		"\x1b]0;owned\aRiley":      "]0;ownedRiley",
		"Riley\nfingerprint: AAA":  "Riley fingerprint: AAA",
		"a\u202eb":                 "ab",
		"a\x1b[2J\r\n b\u202e":     "a[2J b",
		strings.Repeat("ä", 120):   strings.Repeat("ä", 120),
		strings.Repeat("€", 30000): strings.Repeat("€", 119) + "…",
	} {
		if got := Brief(in, 120); got != want {
			t.Errorf("Brief(%q) = %q, want %q", in, got, want)
		}
	}
}
