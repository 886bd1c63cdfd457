package store

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"

	"dpc-onboard/steps"
)

// exitError is what os/exec returns for a command that exits with a code.
func exitError(t *testing.T, code int) error {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	err := exec.CommandContext(t.Context(), "sh", "-c", "exit "+strconv.Itoa(code)).Run()
	if err == nil {
		t.Fatal("no error")
	}
	return err
}

func TestExplainSaysWhatAndWhatToDo(t *testing.T) {
	bus := func(name string) error { return dbus.Error{Name: name, Body: []any{"text"}} }
	cases := []struct {
		goos string
		err  error
		want fault
	}{
		{"linux", context.Canceled, faultCanceled},
		{"linux", ErrTimeout, faultTimeout},
		{"linux", context.DeadlineExceeded, faultTimeout},
		{"plan9", keyring.ErrUnsupportedPlatform, faultUnsupported},
		{"windows", keyring.ErrSetDataTooBig, faultReadBack},
		{"linux", errReadBack, faultReadBack},

		{"linux", fmt.Errorf("%w: dial", errNoBus), faultNoBus},
		{"linux", &exec.Error{Name: "dbus-launch", Err: exec.ErrNotFound}, faultNoBus},
		{"freebsd", errors.New("dbus: couldn't determine address of session bus"), faultNoBus},
		{"linux", bus("org.freedesktop.DBus.Error.ServiceUnknown"), faultNoService},
		{"linux", bus("org.freedesktop.DBus.Error.NameHasNoOwner"), faultNoService},
		{"linux", bus("org.freedesktop.DBus.Error.Spawn.ChildExited"), faultNoService},
		{"linux", &dbus.Error{Name: "org.freedesktop.DBus.Error.ServiceUnknown"}, faultNoService},
		{"linux", bus("org.freedesktop.DBus.Error.UnknownMethod"), faultNoDefault},
		{"linux", bus("org.freedesktop.Secret.Error.NoSuchObject"), faultNoDefault},
		{"linux", errors.New("failed to unlock correct collection '/org/freedesktop/secrets/aliases/default'"), faultNoDefault},
		{"linux", errors.New("failed to unlock correct collection '/org/freedesktop/secrets/collection/login'"), faultLocked},
		{"linux", bus("org.freedesktop.Secret.Error.IsLocked"), faultLocked},
		{"linux", bus("org.freedesktop.DBus.Error.AccessDenied"), faultRefused},
		{"linux", bus("org.freedesktop.DBus.Error.NoReply"), faultGone},
		{"linux", dbus.ErrClosed, faultGone},
		{"linux", bus("org.example.Odd"), faultLinux},
		{"linux", errPanicked, faultLinux},
		{"linux", syscall.Errno(1312), faultLinux},

		{"darwin", exitError(t, 36), faultMacLocked},
		{"darwin", exitError(t, 51), faultMacDenied},
		{"darwin", exitError(t, 128), faultMacDenied},
		{"darwin", exitError(t, 37), faultMacNone},
		{"darwin", exitError(t, 50), faultMacNone},
		{"darwin", exitError(t, 1), faultMac},
		{"darwin", errors.New("broken pipe"), faultMac},

		{"windows", syscall.Errno(1312), faultWindowsSession},
		{"windows", syscall.Errno(5), faultWindowsDenied},
		{"windows", syscall.Errno(8), faultWindows},
		{"windows", errors.New("odd"), faultWindows},
	}
	for _, c := range cases {
		got := explain(c.goos, fmt.Errorf("somewhere: %w", c.err))
		if !errors.Is(got, steps.ErrStorage) || !strings.Contains(got.Error(), c.err.Error()) || !isWrapped(got, c.err) {
			t.Errorf("%s, %v: %v is no storage error that wraps it", c.goos, c.err, got)
		}
		if !strings.HasPrefix(got.Error(), c.want.what) || steps.Hint(got) != c.want.hint {
			t.Errorf("%s, %v:\ngot  %v\nwant %s", c.goos, c.err, got, c.want.what)
		}
		if strings.Contains(c.want.what, errNoBus.Error()) {
			t.Errorf("%q says what its cause says once more", c.want.what)
		}
		if !strings.Contains(c.want.hint, "vault") {
			t.Errorf("%s: the hint %q does not name the way out", c.want.what, c.want.hint)
		}
	}
}

// isWrapped is errors.Is, but for dbus.Error, which can't be compared.
func isWrapped(err, target error) bool {
	if name := busName(target); name != "" {
		return busName(err) == name
	}
	return errors.Is(err, target)
}

func TestExplainPassesOnWhatIsAboutASecret(t *testing.T) {
	if explain("linux", nil) != nil {
		t.Error("nil became an error")
	}
	err := damaged("user", "reason")
	if got := explain("linux", err); errors.Is(got, steps.ErrStorage) || got.Error() != err.Error() {
		t.Errorf("got %v", got)
	}
}

func TestGuardDropsThePanicsValue(t *testing.T) {
	call := func() (err error) {
		defer guard(&err)
		panic("hunter2")
	}
	if err := call(); !errors.Is(err, errPanicked) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
