package progress

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dpc-onboard/steps/record"
)

// roleVar makes the test binary play another process: one of roles.
const roleVar = "PROGRESS_TEST_ROLE"

var roles = map[string]func(args []string) error{"hold": roleHold, "save": roleSave, "storm": roleStorm}

func TestMain(m *testing.M) {
	role, ok := roles[os.Getenv(roleVar)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := role(os.Args[1:]); err != nil {
		fmt.Println("error:", err)
		fmt.Println("hint:", record.Hint(err))
		os.Exit(1)
	}
}

// roleHold opens an onboarding, says so, and holds it until its input ends.
func roleHold(args []string) error {
	p := New(args[0])
	if _, _, err := p.Open(args[1]); err != nil {
		return err
	}
	fmt.Println("held")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// roleSave saves without end, counts in the label, and says what is saved.
func roleSave(args []string) error {
	p := New(args[0])
	if _, _, err := p.Open(args[1]); err != nil {
		return err
	}
	state := exampleState(args[1])
	state.TokenLabel = ""
	for {
		state.TokenLabel += "x"
		if err := p.Save(state); err != nil {
			return err
		}
		fmt.Println(len(state.TokenLabel))
	}
}

// stormCount is how often each process of a storm counts.
const stormCount = 25

// roleStorm opens and closes one onboarding many times and counts in its label;
// what another process has open it tries again.
func roleStorm(args []string) error {
	p := New(args[0])
	for done := 0; done < stormCount; {
		state, found, err := p.Open(args[1])
		if _, busy := errors.AsType[*OpenElsewhere](err); busy {
			continue
		}
		if err != nil {
			return err
		}
		if !found {
			state = exampleState(args[1])
			state.TokenLabel = ""
		}
		state.TokenLabel += "x"
		if err := errors.Join(p.Save(state), p.Close()); err != nil {
			return err
		}
		done++
	}
	return nil
}

// process returns a command that plays a role in another process.
func process(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), roleVar+"="+role)
	return cmd
}

// holder starts a process that holds an onboarding, and returns it once it does
// with what ends it.
func holder(t *testing.T, dir, id string) (*exec.Cmd, io.Closer) {
	t.Helper()
	cmd := process(t, "hold", dir, id)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "held" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return cmd, in
}
