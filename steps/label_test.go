package steps_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
)

func TestSuggestedLabelsFitThePortal(t *testing.T) {
	for _, e := range []record.Environment{record.Sandbox, record.Production} {
		seen, label := map[string]bool{}, steps.SuggestLabel(e)
		for retries := range 1200 {
			if err := steps.CheckLabel(label); err != nil {
				t.Fatalf("%s, %d: %q: %v", e, retries, label, err)
			}
			if seen[label] && retries < 999 {
				t.Fatalf("%s, %d: %q was proposed before", e, retries, label)
			}
			seen[label] = true
			label = steps.NextLabel(label)
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

// TestKeyLabels fit the portal, and differ from key to key.
func TestKeyLabels(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for i := range 20 {
		label := steps.KeyLabel(fmt.Sprint("SHA256:", i), now)
		if err := steps.CheckLabel(label); err != nil || !strings.HasPrefix(label, "HealthEndeavors 2611-") || len(label) != 24 {
			t.Errorf("%q: %v", label, err)
		}
		if seen[label] {
			t.Errorf("%q was proposed before", label)
		}
		seen[label] = true
	}
}
