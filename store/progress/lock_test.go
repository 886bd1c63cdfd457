package progress

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpc-onboard/steps/record"
)

func TestSecondInstanceSaysWhoHasIt(t *testing.T) {
	dir := t.TempDir()
	cmd, _ := holder(t, dir, testID)
	p := newTestProgress(t, dir)
	mustOpen(t, p, otherID)
	_, found, err := p.Open(testID)
	elsewhere, ok := errors.AsType[*OpenElsewhere](err)
	if !ok || found {
		t.Fatalf("found %v, %v", found, err)
	}
	host, _ := os.Hostname()
	if elsewhere.ID != testID || elsewhere.PID != cmd.Process.Pid || elsewhere.Host != host || elsewhere.Since.IsZero() {
		t.Errorf("got %+v", elsewhere)
	}
	if text := err.Error(); !strings.Contains(text, strconv.Itoa(cmd.Process.Pid)) || record.Hint(err) == "" {
		t.Errorf("%q, hint %q", text, record.Hint(err))
	}
	if err := p.Save(exampleState(otherID)); err != nil {
		t.Errorf("the one that was open is not any more: %v", err)
	}
	if err := p.Remove(testID); !isOpenElsewhere(err) {
		t.Errorf("removed it: %v", err)
	}
}

func TestLockDiesWithItsProcess(t *testing.T) {
	for name, end := range map[string]func(*exec.Cmd, func() error) error{
		"killed":  func(cmd *exec.Cmd, _ func() error) error { return cmd.Process.Kill() },
		"no more": func(_ *exec.Cmd, closeInput func() error) error { return closeInput() },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd, in := holder(t, dir, testID)
			checkHeld(t, dir, testID)
			if err := end(cmd, in.Close); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			mustOpen(t, newTestProgress(t, dir), testID)
		})
	}
}

func TestOpeningAnotherGivesTheFirstBack(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	mustOpen(t, p, testID) // again: fine
	checkHeld(t, dir, testID)
	mustOpen(t, p, otherID)
	mustOpen(t, newTestProgress(t, dir), testID)
	checkHeld(t, dir, otherID)
}

// TestLockIsExclusive lets processes open, count and close the same onboarding as
// fast as they can: with two holders at a time a count would be lost. Each close
// removes the lock file, so the races of that are met too.
func TestLockIsExclusive(t *testing.T) {
	dir := t.TempDir()
	var running []*exec.Cmd
	for range 4 {
		cmd := process(t, "storm", dir, testID)
		out := &strings.Builder{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stdout)
		}
	}
	state, err := New(dir).Read(testID)
	if err != nil || len(state.TokenLabel) != 4*stormCount {
		t.Fatalf("counted to %d of %d: %v", len(state.TokenLabel), 4*stormCount, err)
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("left in the folder: %q", got)
	}
}

// TestLockOnARemovedFileIsWorthNothing plays the race by hand: the holder
// removes the file between another's opening and locking it.
func TestLockOnARemovedFileIsWorthNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not remove a file that is open")
	}
	dir := t.TempDir()
	l, err := acquire(dir, testID, testTime)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(l.flock.Path()); err != nil {
		t.Fatal(err)
	}
	if l.current() {
		t.Fatal("a lock on a removed file counts")
	}
	mustWrite(t, l.flock.Path(), nil) // another's
	if l.current() {
		t.Fatal("a lock on a file that was replaced counts")
	}
}

func TestOpenElsewhereWithoutAnOwner(t *testing.T) {
	dir := t.TempDir()
	holder(t, dir, testID)
	path := filepath.Join(dir, testID+".owner")
	for _, data := range []string{"", "no JSON", "[]"} {
		mustWrite(t, path, []byte(data))
		_, _, err := New(dir).Open(testID)
		if !isOpenElsewhere(err) || strings.Contains(err.Error(), "process 0") {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func TestFolderThatCantBeMade(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "file"), nil)
	p := New(filepath.Join(dir, "file", "state"))
	if _, _, err := p.Open(testID); err == nil || record.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
	p.Now = time.Now
}
