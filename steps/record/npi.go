package record

import (
	"fmt"
	"strings"
	"unicode"
)

// CheckNPI reports why a text can't be a National Provider Identifier: ten
// digits, the last of them a Luhn check digit computed over 80840 and the first
// nine (45 CFR 162.406, ISO/IEC 7812).
func CheckNPI(npi string) error {
	switch {
	case npi == "":
		return NewProblem("the NPI is missing", npiHint)
	case strings.ContainsFunc(npi, unicode.IsLetter):
		return NewProblem("an NPI has no letters", npiHint)
	case strings.ContainsFunc(npi, func(r rune) bool { return r < '0' || r > '9' }):
		return NewProblem("there are spaces or other signs in this NPI", npiHint)
	case len(npi) != 10:
		return NewProblem(fmt.Sprintf("an NPI has 10 digits, this one has %d", len(npi)), npiHint)
	case !luhn("80840" + npi):
		return NewProblem("a digit of this NPI is wrong: its check digit does not fit", "Compare it with the NPI that was used to register with DPC; two digits may have changed places.")
	}
	return nil
}

const npiHint = "Type the 10 digits of the NPI that was used to register with DPC, and nothing else."

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
