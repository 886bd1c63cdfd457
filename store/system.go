package store

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
)

var (
	errNoBus    = errors.New("there is no D-Bus session")
	errPanicked = errors.New("the keyring's answer makes no sense")
)

// system is the operating system's keyring, through go-keyring: the Keychain on
// macOS, the Credential Manager on Windows, the Secret Service elsewhere.
type system struct{}

// Ready tells whether there is a D-Bus session where the keyring needs one.
// Without it go-keyring would start a session of its own, in which no keyring
// is unlocked and which nobody ends.
func (system) Ready() error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return nil
	}
	bus, err := dbus.SessionBusPrivateNoAutoStartup()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoBus, err)
	}
	return bus.Close()
}

func (system) Set(service, user, value string) (err error) {
	defer guard(&err)
	return keyring.Set(service, user, value)
}

func (system) Get(service, user string) (value string, err error) {
	defer guard(&err)
	return keyring.Get(service, user)
}

func (system) Delete(service, user string) (err error) {
	defer guard(&err)
	return keyring.Delete(service, user)
}

// guard turns a panic into an error. go-keyring asserts the types of what comes
// over the bus. The panic's value is dropped: it could hold what came.
func guard(err *error) {
	if recover() != nil {
		*err = errPanicked
	}
}
