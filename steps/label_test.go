package steps_test

import (
	"fmt"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"dpc-onboard/steps"
)

func TestNPIExamples(t *testing.T) {
	for _, npi := range []string{"1234567893", "1245319599", "1679576722"} {
		if err := steps.CheckNPI(npi); err != nil {
			t.Errorf("%s: %v", npi, err)
		}
	}
	for _, npi := range []string{"", "1234567890", "1243567893", "12345678931", "123456789", "１２３４５６７８９３", "1234567893 "} {
		if steps.CheckNPI(npi) == nil {
			t.Errorf("%q was taken for an NPI", npi)
		}
	}
}

// TestOneCheckDigitIsRight is what a check digit is for: nine digits leave one
// choice for the tenth.
func TestOneCheckDigitIsRight(t *testing.T) {
	one := func(n uint32) bool {
		right := 0
		for digit := range 10 {
			if steps.CheckNPI(fmt.Sprintf("%09d%d", n%1e9, digit)) == nil {
				right++
			}
		}
		return right == 1
	}
	if err := quick.Check(one, nil); err != nil {
		t.Error(err)
	}
}

func TestSuggestedLabelsFitThePortal(t *testing.T) {
	for _, e := range []steps.Environment{steps.Sandbox, steps.Production} {
		seen := map[string]bool{}
		for retries := range 1200 {
			label := steps.SuggestLabel(e, retries)
			if err := steps.CheckLabel(label); err != nil {
				t.Fatalf("%s, %d: %q: %v", e, retries, label, err)
			}
			if seen[label] && retries < 999 {
				t.Fatalf("%s, %d: %q was proposed before", e, retries, label)
			}
			seen[label] = true
		}
	}
}

func TestNextLabel(t *testing.T) {
	for label, want := range map[string]string{
		"Front desk":                "Front desk 2",
		"Front desk 2":              "Front desk 3",
		"Front desk 9":              "Front desk 10",
		"Room 1":                    "Room 1 2",
		"2026":                      "2026 2",
		"abcdefghijklmnopqrstuvwxy": "abcdefghijklmnopqrstuvw 2",
		"ärztehaus-am-großen-markt": "ärztehaus-am-großen-mar 2",
		"Area 99999":                "Area 99999 2",
	} {
		if got := steps.NextLabel(label); got != want {
			t.Errorf("%q: got %q, want %q", label, got, want)
		}
	}
	fits := func(label string) bool {
		next := steps.NextLabel(label)
		return utf8.RuneCountInString(next) <= 25 && next != label
	}
	if err := quick.Check(fits, nil); err != nil {
		t.Error(err)
	}
}
