package text_test

import (
	"testing"

	"dpc-onboard/steps/text"
)

func TestFramesKeepStylesAndText(t *testing.T) {
	for _, frame := range []string{"", "\x1b[1;38;2;1;2;3mAna Núñez\x1b[m\n‹t› ✓ 👩‍⚕️", "\x1b[0m"} {
		if got := text.CleanFrame(frame); got != frame {
			t.Errorf("text.CleanFrame(%q) = %q", frame, got)
		}
	}
}

func TestFramesLoseTheRest(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b": "a", "a\x1b[": "a[", "a\x1b[1": "a[1", "\x1b[2Jb\x1b[1mc": "[2Jb\x1b[1mc", "\x1b\x1b[m": "\x1b[m",
		"\u009b2K": "2K", "\x9b2K": "2K", "a\rb\tc\x7f\n": "abc\n", "\u202ea\u2066": "a", "\x1b[[1m": "[[1m",
	} {
		if got := text.CleanFrame(in); got != want {
			t.Errorf("text.CleanFrame(%q) = %q, want %q", in, got, want)
		}
	}
}
