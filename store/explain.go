package store

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"

	"dpc-onboard/steps"
)

// explain puts words and a remedy to a keyring's failure on an operating system,
// and makes it one of steps.ErrStorage. The original stays wrapped. What says
// something about a secret, and not about the keyring, passes through.
//
// The failures are those of go-keyring's three providers, whose errors are
// D-Bus names, exit codes of macOS's security command, and Windows' own numbers.
func explain(goos string, err error) error {
	if err == nil || errors.Is(err, steps.ErrNoSecret) || errors.Is(err, steps.ErrStorage) {
		return err
	}
	f := classify(goos, err)
	return steps.WithKind(fmt.Errorf("%s: %w", f.what, err), steps.ErrStorage, f.hint)
}

// fault is a failure in words.
type fault struct{ what, hint string }

const orVault = " Or use the vault, a file under a passphrase of your own (--store vault)."

// Failures that no operating system has to itself.
var (
	faultCanceled = fault{
		"the keyring was not waited for",
		"Try again, and answer the keyring's window if one opens." + orVault,
	}
	faultTimeout = fault{
		"the keyring does not answer",
		"Look for a window that asks for your keyring's password, perhaps behind this one, and try again." + orVault,
	}
	faultUnsupported = fault{
		"this system has no keyring that dpc-onboard knows",
		"Use the vault, a file under a passphrase of your own (--store vault).",
	}
	faultReadBack = fault{
		"the keyring can't hold this",
		"Use the vault, a file under a passphrase of your own (--store vault).",
	}
)

func classify(goos string, err error) fault {
	switch {
	case errors.Is(err, context.Canceled):
		return faultCanceled
	case errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return faultTimeout
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return faultUnsupported
	case errors.Is(err, errReadBack), errors.Is(err, keyring.ErrSetDataTooBig):
		return faultReadBack
	}
	switch goos {
	case "darwin":
		return classifyMac(err)
	case "windows":
		return classifyWindows(err)
	}
	return classifySecretService(err)
}

// Secret Service.

var (
	faultNoBus = fault{
		"no keyring can be reached from this terminal, as over SSH or in a container",
		"Start dpc-onboard in a terminal of your desktop." + orVault,
	}
	faultNoService = fault{
		"no keyring is running (none answers as Secret Service)",
		"Install and start one, such as gnome-keyring, KWallet or KeePassXC." + orVault,
	}
	faultNoDefault = fault{
		"the keyring has no default collection",
		"Open \"Passwords and Keys\", make a keyring named Login and set it as default." + orVault,
	}
	faultLocked = fault{
		"the keyring stays locked: its window was closed or could not be shown",
		"Try again and type the keyring's password, which is mostly that of your login." + orVault,
	}
	faultRefused = fault{
		"the keyring refuses this program",
		"Start dpc-onboard as yourself, without sudo, and outside a sandbox such as Snap or Flatpak." + orVault,
	}
	faultGone = fault{
		"the keyring has stopped answering",
		"Sign out of the desktop and in again, then try once more." + orVault,
	}
	faultLinux = fault{
		"the keyring can't be used",
		"Make sure that your desktop's keyring runs and is unlocked, then try again." + orVault,
	}
)

// busFaults are by the names of D-Bus errors; a name that ends in a dot stands
// for all that begin with it.
var busFaults = []struct {
	names []string
	fault fault
}{
	{[]string{
		"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.Spawn.",
	}, faultNoService},
	{[]string{
		"org.freedesktop.Secret.Error.NoSuchObject", "org.freedesktop.DBus.Error.UnknownMethod",
		"org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownInterface",
	}, faultNoDefault},
	{[]string{"org.freedesktop.Secret.Error.IsLocked", "org.freedesktop.Secret.IsLocked"}, faultLocked},
	{[]string{"org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.AuthFailed"}, faultRefused},
	{[]string{
		"org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Timeout",
		"org.freedesktop.DBus.Error.TimedOut", "org.freedesktop.DBus.Error.Disconnected",
	}, faultGone},
}

func classifySecretService(err error) fault {
	text := err.Error()
	switch {
	case errors.Is(err, errNoBus), errors.Is(err, exec.ErrNotFound),
		strings.Contains(text, "determine address of session bus"):
		return faultNoBus
	case errors.Is(err, dbus.ErrClosed):
		return faultGone
	case strings.Contains(text, "failed to unlock correct collection") && strings.Contains(text, "/aliases/default"):
		return faultNoDefault
	case strings.Contains(text, "failed to unlock correct collection"):
		return faultLocked
	}
	name := busName(err)
	for _, f := range busFaults {
		if slices.ContainsFunc(f.names, func(n string) bool {
			return name == n || strings.HasSuffix(n, ".") && strings.HasPrefix(name, n)
		}) {
			return f.fault
		}
	}
	return faultLinux
}

// busName returns the name of a D-Bus error, which travels as a value or as a
// pointer.
func busName(err error) string {
	if e, ok := errors.AsType[dbus.Error](err); ok {
		return e.Name
	}
	if e, ok := errors.AsType[*dbus.Error](err); ok {
		return e.Name
	}
	return ""
}

// macOS: the security command exits with the low byte of an OSStatus.

var (
	faultMacLocked = fault{
		"the Keychain is locked and can't ask for its password here, as over SSH",
		"Run \"security unlock-keychain\" in this terminal, or start dpc-onboard in a terminal on the Mac itself." + orVault,
	}
	faultMacDenied = fault{
		"access to the Keychain was denied",
		"Try again and choose Allow when macOS asks." + orVault,
	}
	faultMacNone = fault{
		"there is no default Keychain",
		"Open Keychain Access and make the login keychain the default one." + orVault,
	}
	faultMac = fault{
		"the Keychain can't be used",
		"Open Keychain Access, unlock the login keychain, and try again." + orVault,
	}
)

func classifyMac(err error) fault {
	exit, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err)
	if !ok {
		return faultMac
	}
	switch exit.ExitCode() {
	case 36: // errSecInteractionNotAllowed, -25308
		return faultMacLocked
	case 51, 128: // errSecAuthFailed, -25293; errSecUserCanceled, -128
		return faultMacDenied
	case 37, 50: // errSecNoDefaultKeychain, -25307; errSecNoSuchKeychain, -25294
		return faultMacNone
	}
	return faultMac
}

// Windows.

var (
	faultWindowsSession = fault{
		"the Credential Manager is not there in this kind of session, as over SSH or in a service",
		"Start dpc-onboard in a window of your own desktop session." + orVault,
	}
	faultWindowsDenied = fault{
		"the Credential Manager refuses this program",
		"Start dpc-onboard as yourself, or ask whoever manages this computer whether credentials may be stored." + orVault,
	}
	faultWindows = fault{
		"the Credential Manager can't be used",
		"Make sure that the service \"Credential Manager\" runs, then try again." + orVault,
	}
)

func classifyWindows(err error) fault {
	number, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return faultWindows
	}
	switch number {
	case 1312: // ERROR_NO_SUCH_LOGON_SESSION
		return faultWindowsSession
	case 5, 1314, 1260: // ERROR_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD, blocked by group policy
		return faultWindowsDenied
	}
	return faultWindows
}
