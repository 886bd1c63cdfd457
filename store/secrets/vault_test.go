package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/creack/pty"
	"github.com/gofrs/flock"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

const sesame = "open sesame"

// newTestSecrets returns a Secrets whose vault costs next to nothing.
func newTestSecrets(t *testing.T, dir string) *Secrets {
	t.Helper()
	s := New(dir)
	s.WorkFactor = 1
	s.Keyring = newMemory()
	return s
}

func useVault(t *testing.T, dir string) *Secrets {
	t.Helper()
	s := newTestSecrets(t, dir)
	if err := s.Use(t.Context(), record.Vault, keys.NewSecret(sesame)); err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Secrets, name, value string) {
	t.Helper()
	if err := s.Save(t.Context(), testID, name, keys.NewSecret(value)); err != nil {
		t.Fatal(err)
	}
}

func TestVaultKeepsSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dpc-onboard")
	s := newTestSecrets(t, dir)
	if s.VaultExists() {
		t.Fatal("there is a vault before there is one")
	}
	s = useVault(t, dir)
	if !s.VaultExists() || s.Kind() != record.Vault {
		t.Fatal("the vault in use is not there")
	}
	want := map[string]string{"client-token": text("token", 825), "private-key": text("key", probeSize), "organization-token": "ünïcode \u2028 <&>"}
	for name, value := range want {
		put(t, s, name, value)
	}
	put(t, s, "client-token", want["client-token"]) // the same once more
	for _, s := range []*Secrets{s, useVault(t, dir)} {
		for name, value := range want {
			got, err := s.Load(t.Context(), testID, name)
			if err != nil || got.Reveal() != value {
				t.Errorf("%s: %d bytes, %v", name, got.Len(), err)
			}
		}
	}
	if got := files(t, dir); strings.Join(got, " ") != "vault.age vault.lock" {
		t.Errorf("the folder holds %q", got)
	}
	checkModes(t, dir)
}

// TestVaultOpensWithAge lets age itself open the vault, with the passphrase typed
// at its prompt: whoever has both needs no dpc-onboard.
func TestVaultOpensWithAge(t *testing.T) {
	keystest.Need(t, "age")
	dir := t.TempDir()
	put(t, useVault(t, dir), "client-token", "the token")
	cmd := exec.CommandContext(t.Context(), "age", "--decrypt", filepath.Join(dir, "vault.age"))
	var plain bytes.Buffer
	cmd.Stdout = &plain
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	var prompt []byte
	for buf := make([]byte, 256); !bytes.Contains(prompt, []byte("passphrase")); {
		n, err := terminal.Read(buf)
		if err != nil {
			t.Fatalf("%q, %v", prompt, err)
		}
		prompt = append(prompt, buf[:n]...)
	}
	if _, err := terminal.WriteString(sesame + "\n"); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, terminal) }()
	err = cmd.Wait()
	if want := `{"schema":1,"secrets":{"` + testID + `/client-token":"the token"}}`; err != nil || plain.String() != want {
		t.Errorf("content %q, %v", plain.String(), err)
	}
}

func TestVaultRefusesThePassphrase(t *testing.T) {
	dir := t.TempDir()
	put(t, useVault(t, dir), "client-token", "value")
	before, _ := os.ReadFile(filepath.Join(dir, "vault.age"))
	for passphrase, want := range map[string]error{"": record.ErrStorage, "wrong": record.ErrWrongPassphrase, sesame + " ": record.ErrWrongPassphrase} {
		s := newTestSecrets(t, dir)
		err := s.Use(t.Context(), record.Vault, keys.NewSecret(passphrase))
		if !errors.Is(err, want) || !errors.Is(err, record.ErrStorage) || record.Hint(err) == "" {
			t.Errorf("%q: %v", passphrase, err)
		}
		if s.Kind() != "" {
			t.Errorf("%q: the vault counts as open", passphrase)
		}
	}
	if after, err := os.ReadFile(filepath.Join(dir, "vault.age")); err != nil || !bytes.Equal(before, after) {
		t.Error("a wrong passphrase changed the file")
	}
}

// sealed returns what age makes of a content under a passphrase.
func sealed(t *testing.T, content string, workFactor int) []byte {
	t.Helper()
	data, err := encrypt([]byte(content), keys.NewSecret(sesame), workFactor)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func opens(t *testing.T, passphrase string) age.Identity {
	t.Helper()
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func forAKey(t *testing.T) []byte {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, identity.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestVaultDamagedIsLeftAlone(t *testing.T) {
	good := sealed(t, `{"schema":1,"secrets":{}}`, 1)
	flip := func(at int) []byte {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		return bad
	}
	cases := map[string]struct {
		data []byte
		want error
	}{
		"empty":             {nil, ErrVaultDamaged},
		"not age":           {[]byte("hello"), ErrVaultDamaged},
		"cut in the header": {good[:60], ErrVaultDamaged},
		"cut at the end":    {good[:len(good)-1], ErrVaultDamaged},
		"flipped payload":   {flip(len(good) - 3), ErrVaultDamaged},
		"longer":            {append(bytes.Clone(good), 'x'), ErrVaultDamaged},
		"for a key":         {forAKey(t), ErrVaultDamaged},
		"too costly":        {bytes.Replace(good, []byte(" 1\n"), []byte(" 30\n"), 1), ErrVaultDamaged},
		"not JSON inside":   {sealed(t, "hello", 1), ErrVaultDamaged},
		"empty inside":      {sealed(t, "", 1), ErrVaultDamaged},
		"foreign inside":    {sealed(t, `{"a":1}`, 1), ErrVaultDamaged},
		"newer inside":      {sealed(t, `{"schema":2,"secrets":{}}`, 1), errVaultNewer},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "vault.age")
			mustWrite(t, path, c.data)
			err := newTestSecrets(t, dir).Use(t.Context(), record.Vault, keys.NewSecret(sesame))
			if !errors.Is(err, c.want) || errors.Is(err, record.ErrWrongPassphrase) || !errors.Is(err, record.ErrStorage) || record.Hint(err) == "" {
				t.Errorf("got %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, c.data) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestVaultDamagedWhileOpen(t *testing.T) {
	dir := t.TempDir()
	s := useVault(t, dir)
	put(t, s, "client-token", "value")
	path := filepath.Join(dir, "vault.age")
	mustWrite(t, path, []byte("damage"))
	_, loaded := s.Load(t.Context(), testID, "client-token")
	saved := s.Save(t.Context(), testID, "client-token", keys.NewSecret("new"))
	if !errors.Is(loaded, ErrVaultDamaged) || !errors.Is(saved, ErrVaultDamaged) {
		t.Errorf("load: %v, save: %v", loaded, saved)
	}
	if got, _ := os.ReadFile(path); string(got) != "damage" {
		t.Error("the file was changed")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), testID, "client-token", keys.NewSecret("new")); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, record.ErrStorage) {
		t.Errorf("a vault that has gone: %v", err)
	}
}

func TestVaultSeesWhatOthersSaved(t *testing.T) {
	dir := t.TempDir()
	a, b := useVault(t, dir), useVault(t, dir)
	put(t, a, "client-token", "by a")
	put(t, b, "private-key", "by b")
	for _, s := range []*Secrets{a, b} {
		for name, want := range map[string]string{"client-token": "by a", "private-key": "by b"} {
			if got, err := s.Load(t.Context(), testID, name); err != nil || got.Reveal() != want {
				t.Errorf("%s: %d bytes, %v", name, got.Len(), err)
			}
		}
	}
}

func TestVaultByTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	ids := []string{testID, otherID, "1902809898-sandbox"}
	var running []*exec.Cmd
	for _, id := range ids {
		cmd := process(t, "vault", dir, id)
		out := &strings.Builder{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v: %s", err, cmd.Stdout)
		}
	}
	s := useVault(t, dir)
	for _, id := range ids {
		for n := range 10 {
			got, err := s.Load(t.Context(), id, "n"+strings.Repeat("x", n))
			if err != nil || got.Reveal() != id {
				t.Errorf("%s, %d: %v", id, n, err)
			}
		}
	}
}

func TestVaultWaitsForAnotherAndCanBeCanceled(t *testing.T) {
	dir := t.TempDir()
	s := useVault(t, dir)
	other := flock.New(filepath.Join(dir, "vault.lock"))
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Save(ctx, testID, "client-token", keys.NewSecret("value")) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !errors.Is(err, record.ErrStorage) {
		t.Fatalf("got %v", err)
	}
	go func() { done <- s.Save(t.Context(), testID, "client-token", keys.NewSecret("value")) }()
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestVaultGivenUpWritesNothing(t *testing.T) {
	dir := t.TempDir()
	s := useVault(t, dir)
	before, _ := os.ReadFile(filepath.Join(dir, "vault.age"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.chosen.(*queue).backend.(*vault).write(ctx, map[string]string{"user": "late"})
	if after, _ := os.ReadFile(filepath.Join(dir, "vault.age")); !errors.Is(err, context.Canceled) || !bytes.Equal(before, after) {
		t.Errorf("got %v; changed: %v", err, !bytes.Equal(before, after))
	}
}

func TestVaultLimit(t *testing.T) {
	dir := t.TempDir()
	s := useVault(t, dir)
	s.chosen.(*queue).limit = 1 // nanosecond
	if _, err := s.Load(t.Context(), testID, "client-token"); !errors.Is(err, ErrTimeout) || record.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
}

func TestVaultUsesAgesWorkFactor(t *testing.T) {
	data := sealed(t, "", New("nowhere").WorkFactor)
	if line := strings.Split(string(data), "\n")[1]; !strings.HasPrefix(line, "-> scrypt ") || !strings.HasSuffix(line, " 18") {
		t.Errorf("got %q", line)
	}
}

func FuzzVault(f *testing.F) {
	f.Add([]byte(`{"schema":1,"secrets":{"1234567893-sandbox/client-token":"value"}}`))
	f.Add([]byte(`{"schema":1,"secrets":null}`))
	f.Add([]byte(`{"schema":2}`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, data []byte) {
		secrets, err := parseVault(data)
		if err != nil {
			if secrets != nil || !errors.Is(err, ErrVaultDamaged) && !errors.Is(err, errVaultNewer) {
				t.Fatalf("%v, and %d secrets", err, len(secrets))
			}
			return
		}
		secrets["1234567893-sandbox/client-token"] = "value" // as a save would
		again, err := json.Marshal(vaultContent{vaultSchema, secrets})
		back, failed := parseVault(again)
		if err = errors.Join(err, failed); err != nil || !maps.Equal(secrets, back) {
			t.Fatalf("does not come back: %v", err)
		}
	})
}

// FuzzVaultFile damages the file around the content: what opens at all opens to
// what was sealed.
func FuzzVaultFile(f *testing.F) {
	const content = `{"schema":1,"secrets":{}}`
	good, err := encrypt([]byte(content), keys.NewSecret(sesame), 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("age-encryption.org/v1\n-> scrypt "))
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("-> scrypt")) && !bytes.Contains(data, []byte(" 1\n")) {
			return // a work factor that takes its time
		}
		plain, err := decrypt(data, opens(t, sesame))
		if err != nil && !errors.Is(err, ErrVaultDamaged) && !errors.Is(err, record.ErrWrongPassphrase) {
			t.Fatalf("got %v", err)
		}
		if err == nil && string(plain) != content {
			t.Fatalf("%d bytes that nobody sealed opened to %q", len(data), plain)
		}
	})
}
