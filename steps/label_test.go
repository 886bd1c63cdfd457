package steps_test

import (
	"testing"
	"testing/quick"
	"unicode/utf8"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
)

func TestSuggestedLabelsFitThePortal(t *testing.T) {
	for _, e := range []record.Environment{record.Sandbox, record.Production} {
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
