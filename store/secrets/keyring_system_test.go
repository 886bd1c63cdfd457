package secrets

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	gokeyring "github.com/zalando/go-keyring"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

// realKeyring returns a Secrets over the operating system's own keyring.
func realKeyring(t *testing.T) *Secrets {
	t.Helper()
	if runtime.GOOS == "linux" && os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		keystest.Missing(t, "there is no D-Bus session, and so no keyring")
	}
	s := New(t.TempDir())
	if err := s.Use(t.Context(), record.Keyring, keys.Secret{}); err != nil {
		keystest.Missing(t, err.Error()+" "+record.Hint(err))
	}
	return s
}

func TestRealKeyring(t *testing.T) {
	s := realKeyring(t)
	const id = "9999999999-sandbox" // of nobody
	t.Cleanup(func() {
		if err := s.Forget(context.Background(), id); err != nil { // the test's own is over
			t.Error(err)
		}
	})
	for _, value := range []string{text("old", 7000), text("new", probeSize), "short"} {
		if err := s.Save(t.Context(), id, "private-key", keys.NewSecret(value)); err != nil {
			t.Fatal(err)
		}
		next := New(t.TempDir()) // the next start
		if err := next.Use(t.Context(), record.Keyring, keys.Secret{}); err != nil {
			t.Fatal(err)
		}
		if got, err := next.Load(t.Context(), id, "private-key"); err != nil || got.Reveal() != value {
			t.Fatalf("%d bytes came back as %d: %v", len(value), got.Len(), err)
		}
	}
	if got := inRealKeyring(t, id+"/private-key"); len(got) != 2 {
		t.Errorf("the keyring holds %q", got)
	}
	if err := s.Forget(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), id, "private-key"); !errors.Is(err, record.ErrNoSecret) {
		t.Errorf("forgotten: %v", err)
	}
	if got := inRealKeyring(t, id+"/private-key"); len(got) != 0 {
		t.Errorf("left in the keyring: %q", got)
	}
}

// inRealKeyring asks go-keyring itself for the names that a secret can have.
func inRealKeyring(t *testing.T, user string) []string {
	t.Helper()
	var found []string
	for _, name := range []string{"", "/a/1", "/a/2", "/a/3", "/a/4", "/b/1", "/b/2", "/b/3", "/b/4"} {
		switch _, err := gokeyring.Get("dpc-onboard", user+name); {
		case err == nil:
			found = append(found, name)
		case !errors.Is(err, gokeyring.ErrNotFound):
			t.Fatal(err)
		}
	}
	return found
}

// session runs the role "keyring" in a D-Bus session of its own, with a home of
// its own, and returns what it says. before is a shell command that comes first.
func session(t *testing.T, home, before string, flags ...string) (string, error) {
	t.Helper()
	keystest.Need(t, "dbus-run-session", "gnome-keyring-daemon", "bash")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := slices.Concat(flags, []string{"--", "bash", "-c", before + `exec "$0" "$1"`, self, t.TempDir()})
	cmd := exec.CommandContext(t.Context(), "dbus-run-session", args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + home,
		"XDG_DATA_HOME=" + filepath.Join(home, "data"), roleVar + "=keyring",
	}
	out, err := cmd.Output()
	return string(out), err
}

const unlocked = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && "

func TestKeyringThatDoesNotAnswer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the Secret Service is Linux's")
	}
	home := t.TempDir()
	if out, err := session(t, home, unlocked); err != nil || strings.TrimSpace(out) != "works" {
		t.Fatalf("unlocked: %q, %v", out, err)
	}
	empty := filepath.Join(t.TempDir(), "session.conf") // a bus that starts no services
	mustWrite(t, empty, []byte(`<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`))
	cases := []struct {
		name, home, before string
		flags              []string
		want               words
	}{
		{"no session", home, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere ", nil, faultNoBus},
		{"no service", home, "", []string{"--config-file=" + empty}, faultNoService},
		{"locked", home, "", nil, faultLocked},
		{"never used", t.TempDir(), "", nil, faultNoDefault},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, err := session(t, c.home, c.before, c.flags...)
			if err == nil || !strings.HasPrefix(out, "error: "+c.want.what) || !strings.Contains(out, "hint: "+c.want.hint) {
				t.Errorf("%v\n%s\nwant: %s", err, out, c.want.what)
			}
		})
	}
}
