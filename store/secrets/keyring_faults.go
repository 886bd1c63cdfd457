package secrets

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/godbus/dbus/v5"
	gokeyring "github.com/zalando/go-keyring"

	"dpc-onboard/steps/record"
)

// explain puts words and a remedy to a keyring's failure, and makes it one of
// record.ErrStorage. The original stays wrapped. What says something about a
// secret, and not about the keyring, passes through.
func (k *keyring) explain(err error) error {
	if err == nil || errors.Is(err, record.ErrNoSecret) || errors.Is(err, record.ErrStorage) {
		return err
	}
	i := slices.IndexFunc(faults, func(f fault) bool { // the last one matches all
		return (f.system == "" || f.system == k.goos) && f.matches(err)
	})
	hint := "Use the vault, a file under a passphrase of your own (--store vault)."
	if f := faults[i]; f.hint != "" {
		hint = f.hint + " Or use the vault, a file under a passphrase of your own (--store vault)."
	}
	return record.WithKind(fmt.Errorf("%s: %w", faults[i].what, err), record.ErrStorage, hint)
}

// fault is a failure in words.
type fault struct {
	system  string // "darwin" or "windows"; "" for all
	matches func(error) bool
	what    string
	hint    string // "" where nothing helps but the vault, which every hint names at its end
}

func on(system string, matches func(error) bool, what, hint string) fault {
	return fault{system, matches, what, hint}
}

// faults are the failures of go-keyring's three providers, whose errors are D-Bus
// names, exit codes of macOS's security command (the low byte of an OSStatus), and
// Windows' own numbers. The first that matches counts; those of the Secret Service
// come last, where no other system gets to.
var faults = []fault{
	on("", is(context.Canceled), "the keyring was not waited for",
		"Try again, and answer the keyring's window if one opens."),
	on("", is(ErrTimeout, context.DeadlineExceeded), "the keyring does not answer",
		"Look for a window that asks for your keyring's password, perhaps behind this one, and try again."),
	on("", is(gokeyring.ErrUnsupportedPlatform), "this system has no keyring that dpc-onboard knows", ""),
	on("", is(errReadBack, gokeyring.ErrSetDataTooBig), "the keyring can't hold this", ""),

	on("darwin", exits(36), // errSecInteractionNotAllowed, -25308
		"the Keychain is locked and can't ask for its password here, as over SSH",
		"Run \"security unlock-keychain\" in this terminal, or start dpc-onboard in a terminal on the Mac itself."),
	on("darwin", exits(51, 128), // errSecAuthFailed, -25293; errSecUserCanceled, -128
		"access to the Keychain was denied",
		"Try again and choose Allow when macOS asks."),
	on("darwin", exits(37, 50), // errSecNoDefaultKeychain, -25307; errSecNoSuchKeychain, -25294
		"there is no default Keychain",
		"Open Keychain Access and make the login keychain the default one."),
	on("darwin", always, "the Keychain can't be used",
		"Open Keychain Access, unlock the login keychain, and try again."),

	on("windows", is(syscall.Errno(1312)), // ERROR_NO_SUCH_LOGON_SESSION
		"the Credential Manager is not there in this kind of session, as over SSH or in a service",
		"Start dpc-onboard in a window of your own desktop session."),
	// ERROR_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD, blocked by group policy
	on("windows", is(syscall.Errno(5), syscall.Errno(1314), syscall.Errno(1260)),
		"the Credential Manager refuses this program",
		"Start dpc-onboard as yourself, or ask whoever manages this computer whether credentials may be stored."),
	on("windows", always, "the Credential Manager can't be used",
		"Make sure that the service \"Credential Manager\" runs, then try again."),

	on("", noBus,
		"no keyring can be reached from this terminal, as over SSH or in a container",
		"Start dpc-onboard in a terminal of your desktop."),
	on("", busError("DBus.Error.ServiceUnknown", "DBus.Error.NameHasNoOwner", "DBus.Error.Spawn."),
		"no keyring is running (none answers as Secret Service)",
		"Install and start one, such as gnome-keyring, KWallet or KeePassXC."),
	on("", busError("Secret.Error.NoSuchObject", "DBus.Error.UnknownMethod", "DBus.Error.UnknownObject", "DBus.Error.UnknownInterface"),
		"the keyring has no default collection",
		"Open \"Passwords and Keys\", make a keyring named Login and set it as default."),
	on("", busError("Secret.Error.IsLocked", "Secret.IsLocked"),
		"the keyring stays locked: its window was closed or could not be shown",
		"Try again and type the keyring's password, which is mostly that of your login."),
	on("", busError("DBus.Error.AccessDenied", "DBus.Error.AuthFailed"),
		"the keyring refuses this program",
		"Start dpc-onboard as yourself, without sudo, and outside a sandbox such as Snap or Flatpak."),
	on("", busError("DBus.Error.NoReply", "DBus.Error.Timeout", "DBus.Error.TimedOut", "DBus.Error.Disconnected"),
		"the keyring has stopped answering",
		"Sign out of the desktop and in again, then try once more."),
	on("", always, "the keyring can't be used",
		"Make sure that your desktop's keyring runs and is unlocked, then try again."),
}

func always(error) bool { return true }

func noBus(err error) bool {
	return is(errNoBus, exec.ErrNotFound)(err) || strings.Contains(err.Error(), "determine address of session bus")
}

func is(targets ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
	}
}

// exits matches a command that ended with one of the codes.
func exits(codes ...int) func(error) bool {
	return func(err error) bool {
		exit, ok := errors.AsType[*exec.ExitError](err)
		return ok && slices.Contains(codes, exit.ExitCode())
	}
}

// busError matches a D-Bus error by how its name goes on after "org.freedesktop.".
func busError(names ...string) func(error) bool {
	return func(err error) bool {
		name, ok := strings.CutPrefix(busName(err), "org.freedesktop.")
		return ok && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(name, n) })
	}
}

// busName returns the name of a D-Bus error, which travels as a value or as a
// pointer; and of what comes without one, the name that would fit.
func busName(err error) string {
	if e, ok := errors.AsType[dbus.Error](err); ok {
		return e.Name
	}
	if e, ok := errors.AsType[*dbus.Error](err); ok {
		return e.Name
	}
	text := err.Error()
	switch {
	case errors.Is(err, dbus.ErrClosed):
		return "org.freedesktop.DBus.Error.Disconnected"
	case !strings.Contains(text, "failed to unlock correct collection"):
		return ""
	case strings.Contains(text, "/aliases/default"):
		return "org.freedesktop.Secret.Error.NoSuchObject"
	}
	return "org.freedesktop.Secret.Error.IsLocked"
}
