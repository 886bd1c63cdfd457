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
	"dpc-onboard/steps"
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
		if _, err := readPassphrase(write(t, "passphrase", text)); !errors.Is(err, steps.ErrUsage) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "label.txt")
	if fileExists(path) {
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
		{steps.WithKind(errors.New("x"), steps.ErrUsage, ""), 2},
		{quiet{steps.ErrUnfinished}, 3},
		{steps.WithKind(errors.New("x"), steps.ErrRefused, ""), 4},
		{steps.ErrWrongPassphrase, 1},
		{steps.WithKind(steps.ErrWrongPassphrase, steps.ErrStorage, ""), 5},
		{tea.ErrInterrupted, 130},
		{quiet{plain.ErrInterrupted}, 130},
		{errors.Join(context.Canceled, steps.ErrStorage), 130},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

func TestPairsComeOneAfterTheOther(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := newPairs(ctx)
	first, err := p.next(t.Context())
	if err != nil || first.IsZero() {
		t.Fatal(err)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (&pairs{ready: make(chan made)}).next(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	second, err := p.next(t.Context())
	if err != nil || errors.Is(first.Matches(second.Public()), nil) {
		t.Error("the same pair was handed out twice")
	}
	cancel()
}

func TestWordsOfOthersCantSteerTheTerminal(t *testing.T) {
	if got := printable("Sun\x1b[2Jrise\r\n\u009b\u202ex"); got != "Sun[2Jrise x" {
		t.Errorf("got %q", got)
	}
}

func TestAWeakPassphraseIsRefusedWithTheReason(t *testing.T) {
	err := (&app{}).strong(keys.NewSecret("Sunrise-Practice-2026"), steps.State{Organization: "Sunrise Practice"})
	if !errors.Is(err, keys.ErrPassphraseRelated) || !errors.Is(err, steps.ErrUsage) || steps.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
}

// TestStandingClaimsNoMoreThanTheDisk: what could not be written is not said to
// be saved.
func TestStandingClaimsNoMoreThanTheDisk(t *testing.T) {
	for _, home := range []string{"XDG_STATE_HOME", "HOME", "LOCALAPPDATA"} {
		t.Setenv(home, t.TempDir())
	}
	path := filepath.Join(t.TempDir(), "stderr")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s := steps.State{Organization: "Sunrise", NPI: "1234567893", Environment: steps.Sandbox}
	s.AccessAt = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	s.Storage = &steps.Storage{Kind: steps.Keyring, At: s.AccessAt}
	(&app{err: out}).standing(s)
	said, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(said), "1 of 8 steps are done, but not all of it could be saved") {
		t.Errorf("got %s", said)
	}
}

func TestACheckCountsForItsCredentialsAlone(t *testing.T) {
	passed := steps.CheckReport{Passed: true, TokenDigest: "t", KeyID: "i", Fingerprint: "f"}
	for name, spoil := range map[string]func(*steps.CheckReport){
		"": func(*steps.CheckReport) {}, "failed": func(r *steps.CheckReport) { r.Passed = false },
		"token": func(r *steps.CheckReport) { r.TokenDigest = "x" }, "key ID": func(r *steps.CheckReport) { r.KeyID = "x" },
		"key": func(r *steps.CheckReport) { r.Fingerprint = "x" },
	} {
		r := passed
		spoil(&r)
		s := steps.State{
			ClientToken: &steps.TokenFact{SecretFact: steps.SecretFact{Digest: "t"}},
			KeyID:       &steps.KeyIDFact{ID: "i"}, Key: &steps.KeyFact{Fingerprint: "f"}, Check: &r,
		}
		if got := checked(s); got != (name == "") {
			t.Errorf("another %q: %v", name, got)
		}
	}
	if checked(steps.State{}) {
		t.Error("no check at all counts")
	}
}
