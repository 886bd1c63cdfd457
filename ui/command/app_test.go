package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/progress"
	"dpc-onboard/ui/plain"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	if err := os.WriteFile(filepath.Join(home, "token.txt"), []byte("a token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readFile("~/token.txt")
	if err != nil || got.Reveal() != "a token\n" {
		t.Errorf("got %d bytes, %v", got.Len(), err)
	}
	if _, err := readFile(write(t, "full", strings.Repeat("x", maxFile))); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	if _, err := readFile(write(t, "large", strings.Repeat("x", maxFile+1))); err == nil {
		t.Error("more than 1 MiB is read")
	}
}

// TestReadFileRepeatsNoSecret gives it secrets that were taken for paths.
func TestReadFileRepeatsNoSecret(t *testing.T) {
	for _, secret := range []string{"W3sidiI6MiwibCI6Imh0", strings.Repeat("MIIJQgIBADANBgkqhkiG", 300), t.TempDir()} {
		_, err := readFile(secret)
		if err == nil || strings.Contains(err.Error(), secret[:15]) {
			t.Errorf("got %v", err)
		}
	}
}

func TestReadPassphraseDropsTheLineEndAlone(t *testing.T) {
	for text, want := range map[string]string{
		"four words of mine\n":    "four words of mine",
		"four words of mine\r\n":  "four words of mine",
		"four words of mine":      "four words of mine",
		" four words of mine \n":  " four words of mine ",
		"two lines\nare kept\n\n": "two lines\nare kept\n",
	} {
		got, err := readPassphrase(write(t, "passphrase", text))
		if err != nil || got.Reveal() != want {
			t.Errorf("%q: got %q, %v", text, got.Reveal(), err)
		}
	}
	for _, text := range []string{"", "\n", "\r\n"} {
		if _, err := readPassphrase(write(t, "passphrase", text)); !errors.Is(err, record.ErrUsage) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "label.txt")
	if disk.Exists(path) {
		t.Fatal("it is there already")
	}
	if err := writeFile(path, []byte("a label")); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(path, []byte("another")); !errors.Is(err, os.ErrExist) {
		t.Errorf("it was written over: %v", err)
	}
	if data, err := os.ReadFile(path); string(data) != "a label" {
		t.Errorf("got %q, %v", data, err)
	}
	if runtime.GOOS == "windows" {
		return // rights are in access lists there
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v", name, info.Mode(), err)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{record.WithKind(errors.New("x"), record.ErrUsage, ""), 2},
		{exitUnfinished, 3},
		{record.WithKind(errors.New("x"), record.ErrRefused, ""), 4},
		{record.ErrWrongPassphrase, 1},
		{record.WithKind(record.ErrWrongPassphrase, record.ErrStorage, ""), 5},
		{tea.ErrInterrupted, 130},
		{plain.ErrInterrupted, 130},
		{errors.Join(context.Canceled, record.ErrStorage), 130},
		{errors.Join(context.Canceled, exitUnfinished), 130},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

// TestPairs: what somebody did not wait for is not lost, and each pair is handed
// out once.
func TestPairs(t *testing.T) {
	next := pairs()
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := next(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	first, err := next(t.Context())
	if err != nil || first.IsZero() {
		t.Fatal(err)
	}
	second, err := next(t.Context())
	if err != nil || errors.Is(first.Matches(second.Public()), nil) {
		t.Error("the same pair was handed out twice")
	}
}

func TestAWeakPassphraseIsRefusedWithTheReason(t *testing.T) {
	err := checkStrength(keys.NewSecret("Sunrise-Practice-2026"), record.State{Organization: "Sunrise Practice"})
	if !errors.Is(err, keys.ErrPassphraseRelated) || !errors.Is(err, record.ErrUsage) || record.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
}

// TestStandingClaimsNoMoreThanTheDisk: what could not be written is not said to
// be saved.
func TestStandingClaimsNoMoreThanTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stderr")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s := record.State{Organization: "Sunrise", NPI: "1234567893", Environment: record.Sandbox}
	s.AccessAt = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	s.Storage = &record.Storage{Kind: record.Keyring, At: s.AccessAt}
	(&onboardCommand{app: &app{stderr: out}}).sayStanding(s, nil)
	said, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(said), "1 of 8 steps are done, but not all of it could be saved") {
		t.Errorf("got %s", said)
	}
}

// TestDatesAreThePersonsOwn: a token that ends in the night of London ends on the
// evening before in New York.
func TestDatesAreThePersonsOwn(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip(err)
	}
	local := time.Local
	time.Local = newYork
	t.Cleanup(func() { time.Local = local })
	path := filepath.Join(t.TempDir(), "stdout")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	expires := time.Date(2027, 1, 1, 2, 0, 0, 0, time.UTC)
	c := statusCommand{app: &app{stdout: out, stderr: out, now: func() time.Time { return expires.AddDate(0, 1, 0) }}}
	state := record.State{NPI: "1234567893", Environment: record.Sandbox, ClientToken: &record.TokenFact{Expires: expires}}
	report, _ := c.report([]progress.Entry{{ID: state.ID(), State: state}})
	if err := c.print(report); err != nil {
		t.Fatal(err)
	}
	if said, err := os.ReadFile(path); err != nil || !strings.Contains(string(said), "expired on December 31, 2026") {
		t.Errorf("got %s, %v", said, err)
	}
}
