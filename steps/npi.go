package steps

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckNPI reports why a text can't be a National Provider Identifier: ten
// digits, the last of them a Luhn check digit computed over 80840 and the first
// nine (45 CFR 162.406, ISO/IEC 7812).
func CheckNPI(npi string) error {
	switch {
	case npi == "":
		return problem(wordsNPIEmpty, wordsNPIHint)
	case strings.ContainsFunc(npi, unicode.IsLetter):
		return problem(wordsNPILetters, wordsNPIHint)
	case strings.ContainsFunc(npi, func(r rune) bool { return r < '0' || r > '9' }):
		return problem(wordsNPISigns, wordsNPIHint)
	case len(npi) != 10:
		return problem(wordsNPILength(len(npi)), wordsNPIHint)
	case !luhn("80840" + npi):
		return problem(wordsNPIDigit, wordsNPIDigitHint)
	}
	return nil
}

// luhn reports whether the last digit is the check digit of those before it.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// maxLabel is the portal's limit for the label of a token or key, in characters.
const maxLabel = 25

// CheckLabel reports why the portal would refuse a label.
func CheckLabel(label string) error {
	label = strings.TrimSpace(label)
	n := utf8.RuneCountInString(label)
	switch {
	case n == 0:
		return problem(wordsLabelBlank, wordsLabelWrongHint)
	case n > maxLabel:
		return problem(wordsLabelLong(n), wordsLabelWrongHint)
	case strings.ContainsFunc(label, unseen):
		return problem(wordsLabelControl, wordsLabelWrongHint)
	}
	return nil
}
