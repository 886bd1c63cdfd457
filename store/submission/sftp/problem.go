package sftp

import (
	"fmt"
	"strings"
	"unicode"

	"dpc-onboard/steps"
)

// problem returns an error with a remedy beside it.
func problem(hint, format string, args ...any) error {
	return steps.WithHint(fmt.Errorf(format, args...), hint)
}

// alsoHint adds a remark to an error's hint. It returns nil for nil.
func alsoHint(err error, remark string) error {
	if hint := steps.Hint(err); hint != "" {
		remark = hint + "; " + remark
	}
	return steps.WithHint(err, remark)
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
