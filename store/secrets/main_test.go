package secrets

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// roleVar makes the test binary play another process: one of roles.
const roleVar = "SECRETS_TEST_ROLE"

var roles = map[string]func(args []string) error{"vault": roleVault, "keyring": roleKeyring}

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

// roleKeyring uses the operating system's keyring.
func roleKeyring(args []string) error {
	s := New(args[0])
	if err := s.Use(context.Background(), record.Keyring, keys.Secret{}); err != nil {
		return err
	}
	fmt.Println("works")
	return nil
}

// roleVault saves ten secrets of one onboarding in a vault.
func roleVault(args []string) error {
	s := New(args[0])
	s.WorkFactor = 1
	ctx := context.Background()
	if err := s.Use(ctx, record.Vault, keys.NewSecret(sesame)); err != nil {
		return err
	}
	for n := range 10 {
		if err := s.Save(ctx, args[1], "n"+strings.Repeat("x", n), keys.NewSecret(args[1])); err != nil {
			return err
		}
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

func mustWrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files lists what is in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, f := range found {
		names = append(names, f.Name())
	}
	return names
}

// checkModes checks that a folder and the files in it are for one person alone.
func checkModes(t *testing.T, dir string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return // it has access lists instead of modes
	}
	want := map[string]fs.FileMode{dir: 0o700}
	for _, name := range files(t, dir) {
		want[filepath.Join(dir, name)] = 0o600
	}
	for path, mode := range want {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
}
