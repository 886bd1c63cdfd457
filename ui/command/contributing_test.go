package command_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// walkOfTheToy goes through the onboarding with the step that CONTRIBUTING.md adds.
const walkOfTheToy = `package steps_test

import (
	"testing"

	"dpc-onboard/steps"
)

func TestNinthStep(t *testing.T) {
	p := newPerson(t).WalkTo("call")
	if len(steps.IDs) != 9 || p.Flow.Prompt().Number != 8 || steps.Next(p.Flow.State()) != steps.Call {
		t.Errorf("%d steps, %+v", len(steps.IDs), p.Flow.Prompt())
	}
	p.Back("check")
	p.WalkTo("call")
	p.Answer("call", "", nil)
	p.At("seal")
	if steps.Stepper(p.Flow.State())[7].Status != steps.Done {
		t.Error("the call is not noted")
	}
}
`

// TestAStepIsAddedAsContributingSays applies the diff that CONTRIBUTING.md shows to a
// copy of the repository, and walks the onboarding with one step more.
func TestAStepIsAddedAsContributingSays(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a copy of the program")
	}
	_, rest, _ := strings.Cut(string(read(t, ".github/CONTRIBUTING.md")), "```diff\n")
	diff, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("CONTRIBUTING.md shows no diff")
	}
	dir := t.TempDir()
	for _, name := range tracked(t) {
		if !strings.HasPrefix(name, "keys/") && !strings.HasPrefix(name, "steps/") && !strings.HasPrefix(name, "go.") {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, read(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "steps", "ninth_test.go"), []byte(walkOfTheToy), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in   string
		args []string
	}{
		{diff, []string{"git", "apply", "-p0"}},
		{"", []string{"go", "test", "-run", "TestNinthStep", "./steps"}},
	} {
		cmd := exec.CommandContext(t.Context(), c.args[0], c.args[1:]...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(c.in)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(c.args, " "), err, out)
		}
	}
}
