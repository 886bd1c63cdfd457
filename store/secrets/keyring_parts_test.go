package secrets

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHeaderComesBack(t *testing.T) {
	for _, n := range []int{1, 3272, maxParts * partSize} {
		value := text("v", n)
		h := newHeader(generationB, value, len(split(value)))
		got, err := parseHeader(h.String())
		if err != nil || got != h {
			t.Errorf("%d bytes: %q came back as %+v, %v", n, h, got, err)
		}
	}
}

func TestHeaderRefuses(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for text, want := range map[string]error{
		"":                                   errHeader,
		"hunter2":                            errHeader,
		"dpc-onboard/1":                      errHeader,
		"dpc-onboard/0 a 1 5 " + sum:         errHeader,
		"dpc-onboard/x a 1 5 " + sum:         errHeader,
		"dpc-onboard/1 c 1 5 " + sum:         errHeader,
		"dpc-onboard/1 a 0 5 " + sum:         errHeader,
		"dpc-onboard/1 a 65 5 " + sum:        errHeader,
		"dpc-onboard/1 a 1 0 " + sum:         errHeader,
		"dpc-onboard/1 a 1 2049 " + sum:      errHeader,
		"dpc-onboard/1 a -1 5 " + sum:        errHeader,
		"dpc-onboard/1 a 01 5 " + sum:        errHeader,
		"dpc-onboard/1 a +1 5 " + sum:        errHeader,
		"dpc-onboard/1  a 1 5 " + sum:        errHeader,
		"dpc-onboard/1 a 1 5 " + sum + " ":   errHeader,
		"dpc-onboard/1 a 1 5 " + sum + "\n":  errHeader,
		"dpc-onboard/1 a 1 5 " + sum[2:]:     errHeader,
		"dpc-onboard/1 a 1 5 " + sum + "ab":  errHeader,
		"dpc-onboard/1 a 1 5 " + "zz" + sum:  errHeader,
		"dpc-onboard/2 a 1 5 " + sum:         errHeaderNewer,
		"dpc-onboard/7 whatever comes later": errHeaderNewer,
	} {
		if _, err := parseHeader(text); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
}

func TestSplitKeepsCharactersWhole(t *testing.T) {
	for _, value := range []string{"", "a", strings.Repeat("ü", 3000), "x" + strings.Repeat("€", 3000), "xx" + strings.Repeat("😀", 3000), strings.Repeat("\x80", 5000)} {
		parts := split(value)
		if strings.Join(parts, "") != value {
			t.Errorf("%.8q: the parts are not the whole", value)
		}
		for _, part := range parts {
			if len(part) > partSize || utf8.ValidString(value) && !utf8.ValidString(part) {
				t.Errorf("%.8q: a part of %d bytes cuts a character", value, len(part))
			}
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(newHeader(generationA, "value", 1).String())
	f.Add("dpc-onboard/2 later")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHeader(text)
		if err == nil && (h.String() != text || len(h.sum) != 64 || h.parts > maxParts) {
			t.Fatalf("%q was accepted as %+v", text, h)
		}
	})
}
