//go:build unix

package command_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// terminalCommand runs a command on a real terminal and expects an exit code:
//
//	terminal 0 answers.txt screen.txt dpc-onboard …
//
// Each line of the answers is "text => keys": the keys are sent when the text has
// appeared. All that was written goes into the third file.
func terminalCommand(ts *testscript.TestScript, _ bool, args []string) {
	answers := strings.Split(strings.TrimSpace(ts.ReadFile(args[1])), "\n")
	screen, err := onTerminal(program(ts, args[3:]), answers)
	ts.Logf("[terminal]\n%s", screen)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), screen, 0o600))
	code := "0"
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = strconv.Itoa(exit.ExitCode())
	} else {
		ts.Check(err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// program makes a command with the script's environment.
func program(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, _, _ := strings.Cut(ts.Getenv("PATH"), string(os.PathListSeparator))
	cmd := exec.Command(filepath.Join(path, args[0]), args[1:]...)
	cmd.Dir = ts.Getenv("WORK")
	for _, name := range []string{"HOME", "XDG_STATE_HOME", "DBUS_SESSION_BUS_ADDRESS", "PATH", "TMPDIR", "TEA_TRACE"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "LANG=C.UTF-8")
	return cmd
}

// onTerminal plays the answers and returns what was written.
func onTerminal(cmd *exec.Cmd, answers []string) ([]byte, error) {
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 100})
	if err != nil {
		return nil, err
	}
	defer tty.Close()
	stuck := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	var screen []byte
	seen := 0
	for b := make([]byte, 4096); ; {
		n, err := tty.Read(b)
		screen = append(screen, b[:n]...)
		for len(answers) > 0 {
			text, keys, _ := strings.Cut(answers[0], " => ")
			at := bytes.Index(screen[seen:], []byte(text))
			if at < 0 {
				break
			}
			seen += at + len(text)
			answers = answers[1:]
			if _, err := tty.WriteString(unescaped(keys)); err != nil {
				return screen, err
			}
		}
		if err != nil {
			return screen, cmd.Wait()
		}
	}
}

var unescaped = strings.NewReplacer(`\r`, "\r", `\x03`, "\x03", `\x04`, "\x04").Replace
