// Package keystest holds what tests of several rooms need: RSA-4096 pairs that
// are generated once for each test binary, client tokens in DPC's real form, and
// the rule for tools that a test needs.
package keystest

import (
	"os"
	"os/exec"
	"testing"
)

// Need skips the test where one of the tools is missing from PATH, and fails it
// instead where CI is set: what CI skips, nobody runs.
func Need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			Missing(t, tool+" is not installed")
		}
	}
}

// Missing skips the test with a reason, and fails it instead where CI is set.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s, and CI must not skip", reason)
	}
	t.Skip(reason)
}
