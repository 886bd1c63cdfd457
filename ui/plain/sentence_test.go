package plain_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"dpc-onboard/steps"
	"dpc-onboard/steps/stepstest"
	"dpc-onboard/ui/plain"
)

func itoa(n int) string { return strconv.Itoa(n) }

// FuzzInput feeds anything to the reader: it ends, and shows nothing that could
// steer a terminal.
func FuzzInput(f *testing.F) {
	f.Add("Sunrise\n1234567893\n\n")
	f.Add("@nothing\nback\nhelp\n")
	f.Add("-----BEGIN PRIVATE KEY-----\nMII\n-----END")
	f.Add("\x1b[200~\x1b[201~\x00\x7f\n")
	f.Fuzz(func(t *testing.T, script string) {
		var out bytes.Buffer
		w := stepstest.New(t)
		if _, err := plain.Run(t.Context(), plain.Options{
			In: strings.NewReader(script), Out: &out, Services: w.Services(), Facts: steps.Facts{Session: w.Session()},
		}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x07\x08") {
			t.Errorf("%q", out.String())
		}
	})
}
