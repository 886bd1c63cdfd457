package secrets

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

	"dpc-onboard/steps/record"

	"github.com/godbus/dbus/v5"
	gokeyring "github.com/zalando/go-keyring"
)

// words are what a person reads of a failure.
type words struct{ what, hint string }

const orVault = " Or use the vault, a file under a passphrase of your own (--store vault)."

var (
	faultCanceled = words{
		"the keyring was not waited for",
		"Try again, and answer the keyring's window if one opens." + orVault,
	}
	faultTimeout = words{
		"the keyring does not answer",
		"Look for a window that asks for your keyring's password, perhaps behind this one, and try again." + orVault,
	}
	faultUnsupported = words{
		"this system has no keyring that dpc-onboard knows",
		"Use the vault, a file under a passphrase of your own (--store vault).",
	}
	faultReadBack = words{
		"the keyring can't hold this",
		"Use the vault, a file under a passphrase of your own (--store vault).",
	}
	faultNoBus = words{
		"no keyring can be reached from this terminal, as over SSH or in a container",
		"Start dpc-onboard in a terminal of your desktop." + orVault,
	}
	faultNoService = words{
		"no keyring is running (none answers as Secret Service)",
		"Install and start one, such as gnome-keyring, KWallet or KeePassXC." + orVault,
	}
	faultNoDefault = words{
		"the keyring has no default collection",
		"Open \"Passwords and Keys\", make a keyring named Login and set it as default." + orVault,
	}
	faultLocked = words{
		"the keyring stays locked: its window was closed or could not be shown",
		"Try again and type the keyring's password, which is mostly that of your login." + orVault,
	}
	faultRefused = words{
		"the keyring refuses this program",
		"Start dpc-onboard as yourself, without sudo, and outside a sandbox such as Snap or Flatpak." + orVault,
	}
	faultGone = words{
		"the keyring has stopped answering",
		"Sign out of the desktop and in again, then try once more." + orVault,
	}
	faultLinux = words{
		"the keyring can't be used",
		"Make sure that your desktop's keyring runs and is unlocked, then try again." + orVault,
	}
	faultMacLocked = words{
		"the Keychain is locked and can't ask for its password here, as over SSH",
		"Run \"security unlock-keychain\" in this terminal, or start dpc-onboard in a terminal on the Mac itself." + orVault,
	}
	faultMacDenied = words{
		"access to the Keychain was denied",
		"Try again and choose Allow when macOS asks." + orVault,
	}
	faultMacNone = words{
		"there is no default Keychain",
		"Open Keychain Access and make the login keychain the default one." + orVault,
	}
	faultMac = words{
		"the Keychain can't be used",
		"Open Keychain Access, unlock the login keychain, and try again." + orVault,
	}
	faultWindowsSession = words{
		"the Credential Manager is not there in this kind of session, as over SSH or in a service",
		"Start dpc-onboard in a window of your own desktop session." + orVault,
	}
	faultWindowsDenied = words{
		"the Credential Manager refuses this program",
		"Start dpc-onboard as yourself, or ask whoever manages this computer whether credentials may be stored." + orVault,
	}
	faultWindows = words{
		"the Credential Manager can't be used",
		"Make sure that the service \"Credential Manager\" runs, then try again." + orVault,
	}
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
		want words
	}{
		{"linux", context.Canceled, faultCanceled},
		{"linux", ErrTimeout, faultTimeout},
		{"linux", context.DeadlineExceeded, faultTimeout},
		{"plan9", gokeyring.ErrUnsupportedPlatform, faultUnsupported},
		{"windows", gokeyring.ErrSetDataTooBig, faultReadBack},
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
		got := (&keyring{goos: c.goos}).explain(fmt.Errorf("somewhere: %w", c.err))
		if !errors.Is(got, record.ErrStorage) || !strings.Contains(got.Error(), c.err.Error()) || !isWrapped(got, c.err) {
			t.Errorf("%s, %v: %v is no storage error that wraps it", c.goos, c.err, got)
		}
		if !strings.HasPrefix(got.Error(), c.want.what) || record.Hint(got) != c.want.hint {
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
	if (&keyring{goos: "linux"}).explain(nil) != nil {
		t.Error("nil became an error")
	}
	err := damaged("user", "reason")
	if got := (&keyring{goos: "linux"}).explain(err); errors.Is(got, record.ErrStorage) || got.Error() != err.Error() {
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
