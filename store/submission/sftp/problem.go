package sftp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"dpc-onboard/steps"
)

// problem returns an error with a remedy beside it.
func problem(hint, format string, args ...any) error {
	return steps.WithHint(fmt.Errorf(format, args...), sentence(hint))
}

// sentence makes a remedy read as those of the other rooms do.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimRight(text[size:], ".") + "."
}

// alsoHint adds a remark to an error's hint. It returns nil for nil.
func alsoHint(err error, remark string) error {
	return steps.WithHint(err, strings.TrimSpace(steps.Hint(err)+" "+sentence(remark)))
}

// maxForeign is how much of a server's own words is repeated, in bytes.
const maxForeign = 200

// foreign makes a server's own words fit to be shown: one line, printable, not
// long. Control characters could rewrite a terminal.
func foreign(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text[:min(len(text), maxForeign)], ""))
	return strings.Join(strings.Fields(text), " ")
}
