package secrets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// bothPlaces runs a test over the keyring, with the limits of Windows and macOS,
// and over the vault.
func bothPlaces(t *testing.T, test func(t *testing.T, s *Secrets)) {
	for _, kind := range []record.Backend{record.Keyring, record.Vault} {
		t.Run(string(kind), func(t *testing.T) {
			s := newTestSecrets(t, t.TempDir())
			s.Keyring.(*memory).admit = func(s, u, v string) error {
				return errors.Join(windowsLimits(s, u, v), macLimits(s, u, v))
			}
			if err := s.Use(t.Context(), kind, keys.NewSecret(sesame)); err != nil {
				t.Fatal(err)
			}
			if s.Kind() != kind {
				t.Fatalf("kind %q", s.Kind())
			}
			test(t, s)
		})
	}
}

func TestSecretsInBothPlaces(t *testing.T) {
	bothPlaces(t, func(t *testing.T, s *Secrets) {
		for _, value := range []string{text("v", probeSize), "short", text("w", 6400)} {
			put(t, s, "private-key", value)
			if got, err := s.Load(t.Context(), testID, "private-key"); err != nil || got.Reveal() != value {
				t.Fatalf("%d bytes, %v", got.Len(), err)
			}
		}
		if _, err := s.Load(t.Context(), otherID, "private-key"); !errors.Is(err, record.ErrNoSecret) || errors.Is(err, record.ErrStorage) {
			t.Fatalf("of another onboarding: %v", err)
		}
		for range 2 {
			if err := s.Delete(t.Context(), testID, "private-key"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Load(t.Context(), testID, "private-key"); !errors.Is(err, record.ErrNoSecret) || errors.Is(err, ErrDamaged) {
			t.Fatalf("deleted: %v", err)
		}
	})
}

func TestSecretsForget(t *testing.T) {
	bothPlaces(t, func(t *testing.T, s *Secrets) {
		for _, name := range record.SecretNames {
			put(t, s, name, text(name, probeSize))
			put(t, s, name+".old", text(name, 825))
		}
		if err := s.Save(t.Context(), otherID, "client-token", keys.NewSecret("stays")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Forget(t.Context(), testID); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range record.SecretNames {
			for _, name := range []string{name, name + ".old"} {
				if _, err := s.Load(t.Context(), testID, name); !errors.Is(err, record.ErrNoSecret) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if got, err := s.Load(t.Context(), otherID, "client-token"); err != nil || got.Reveal() != "stays" {
			t.Errorf("another onboarding's: %v", err)
		}
		if s.Kind() == record.Keyring && len(s.Keyring.(*memory).items) != 2 {
			t.Errorf("the keyring holds %q", s.Keyring.(*memory).names())
		}
	})
}

func TestSecretsRefuse(t *testing.T) {
	bothPlaces(t, func(t *testing.T, s *Secrets) {
		for _, at := range [][2]string{
			{"", "client-token"},
			{"../x", "client-token"},
			{"probe", "client-token"},
		} {
			_, loaded := s.Load(t.Context(), at[0], at[1])
			saved := s.Save(t.Context(), at[0], at[1], keys.NewSecret("value"))
			deleted := s.Delete(t.Context(), at[0], at[1])
			if loaded == nil || saved == nil || deleted == nil {
				t.Errorf("%q: %v, %v, %v", at, loaded, saved, deleted)
			}
		}
		if err := s.Save(t.Context(), testID, "client-token", keys.Secret{}); err == nil {
			t.Error("saved nothing")
		}
		if err := s.Forget(t.Context(), "nobody"); !errors.Is(err, record.ErrUsage) {
			t.Errorf("forget: %v", err)
		}
	})
}

func TestSecretsBeforeUse(t *testing.T) {
	s := newTestSecrets(t, t.TempDir())
	_, loaded := s.Load(t.Context(), testID, "client-token")
	for what, err := range map[string]error{
		"load":   loaded,
		"save":   s.Save(t.Context(), testID, "client-token", keys.NewSecret("value")),
		"delete": s.Delete(t.Context(), testID, "client-token"),
		"forget": s.Forget(t.Context(), testID),
	} {
		if !errors.Is(err, ErrNotChosen) || !errors.Is(err, record.ErrStorage) || record.Hint(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s.Kind() != "" {
		t.Errorf("kind %q", s.Kind())
	}
	if err := s.Use(t.Context(), "desktop", keys.Secret{}); !errors.Is(err, record.ErrStorage) {
		t.Errorf("got %v", err)
	}
}

func TestUseLeavesNothingBehind(t *testing.T) {
	s := newTestSecrets(t, t.TempDir())
	if err := s.Use(t.Context(), record.Keyring, keys.Secret{}); err != nil {
		t.Fatal(err)
	}
	if names := s.Keyring.(*memory).names(); len(names) != 0 {
		t.Errorf("the probe left %q", names)
	}
	s = useVault(t, t.TempDir())
	if got := s.chosen.(*queue).backend.(*vault).plain.Reveal(); got != `{"schema":1,"secrets":{}}` {
		t.Errorf("the probe left %s", got)
	}
}

// failing fails in one of its calls, once: the machine goes on.
type failing struct {
	*memory
	call, fail int
}

func (f *failing) next() error {
	f.call++
	if f.call == f.fail {
		return errors.New("a hiccup")
	}
	return nil
}

func (f *failing) Set(service, user, value string) error {
	return errors.Join(f.next(), f.memory.Set(service, user, value))
}

func (f *failing) Get(service, user string) (string, error) {
	if err := f.next(); err != nil {
		return "", err
	}
	return f.memory.Get(service, user)
}

func (f *failing) Delete(service, user string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.memory.Delete(service, user)
}

func TestUseCleansUpAfterAFailureInAnyCall(t *testing.T) {
	failures := 0
	for n := 1; ; n++ {
		f := &failing{memory: newMemory(), fail: n}
		s := newTestSecrets(t, t.TempDir())
		s.Keyring = f
		err := s.Use(t.Context(), record.Keyring, keys.Secret{})
		if len(f.items) != 0 {
			t.Errorf("a failure of call %d left %q", n, f.names())
		}
		if err != nil {
			failures++
			if !errors.Is(err, record.ErrStorage) || s.Kind() != "" {
				t.Errorf("call %d: %v, kind %q", n, err, s.Kind())
			}
		}
		if f.call < n {
			break
		}
	}
	if failures < 8 {
		t.Errorf("only %d calls could fail", failures)
	}
}

func TestUseGivenUpCleansUpLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &stuck{memory: newMemory(), unlock: make(chan struct{})}
		s := New("nowhere")
		s.Keyring = backend
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Use(ctx, record.Keyring, keys.Secret{}) }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || !errors.Is(err, record.ErrStorage) {
			t.Fatalf("got %v", err)
		}
		close(backend.unlock)
		synctest.Wait()
		if len(backend.items) != 0 {
			t.Errorf("the probe left %q", backend.names())
		}
	})
}

func TestUseThatFailsKeepsThePlaceBefore(t *testing.T) {
	dir := t.TempDir()
	useVault(t, dir)
	s := newTestSecrets(t, dir)
	if err := s.Use(t.Context(), record.Keyring, keys.Secret{}); err != nil {
		t.Fatal(err)
	}
	put(t, s, "client-token", "value")
	if err := s.Use(t.Context(), record.Vault, keys.NewSecret("wrong")); !errors.Is(err, record.ErrWrongPassphrase) {
		t.Fatalf("got %v", err)
	}
	if got, err := s.Load(t.Context(), testID, "client-token"); err != nil || got.Reveal() != "value" || s.Kind() != record.Keyring {
		t.Errorf("%s: %v", s.Kind(), err)
	}
}

func TestProbeIsAsLongAsAKey(t *testing.T) {
	s := newTestSecrets(t, t.TempDir())
	var probed []string
	s.Keyring.(*memory).admit = func(_, user, value string) error {
		if strings.HasPrefix(value, headerPrefix) {
			probed = append(probed, value)
		}
		return nil
	}
	for range 2 {
		if err := s.Use(t.Context(), record.Keyring, keys.Secret{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(probed) != 2 || !strings.Contains(probed[0], " 3272 ") || probed[0] == probed[1] {
		t.Errorf("probed with %q: not as long as a key, or not random", probed)
	}
}

func TestNoSecretInTheFolderOrInErrors(t *testing.T) {
	dir := t.TempDir()
	s := useVault(t, dir)
	secret := text("hunter", 825)
	put(t, s, "client-token", secret)
	put(t, s, "client-token", secret+"2")
	checkAbsent(t, dir, "hunter")
	checkAbsent(t, dir, sesame)
	checkAbsent(t, dir, testID+"/client-token")
	err := s.Save(t.Context(), testID, "no/name", keys.NewSecret(secret))
	if text := fmt.Sprintf("%v %+v %#v", err, err, s); strings.Contains(text, "hunter") || strings.Contains(text, sesame) {
		t.Errorf("a secret in %s", text)
	}
}

// checkAbsent checks that a text is in no file of a folder.
func checkAbsent(t *testing.T, dir, text string) {
	t.Helper()
	names := files(t, dir)
	if !slices.Contains(names, "vault.age") {
		t.Fatalf("nothing to look through: %q", names)
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), text) {
			t.Errorf("%q is in %s", text, name)
		}
	}
}
