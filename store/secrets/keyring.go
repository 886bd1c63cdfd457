package secrets

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
	gokeyring "github.com/zalando/go-keyring"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// service is the name under which everything is kept in the keyring.
const service = "dpc-onboard"

// OSKeyring is an operating system's keyring: values of bounded size under a
// service and a user. Get returns go-keyring's ErrNotFound where there is none,
// and Delete may. Neither Set nor Get may put the value into an error.
type OSKeyring interface {
	Set(service, user, value string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// keyring is the backend that keeps secrets in the operating system's keyring, in
// parts with a header (see header), and replaces them so that a crash at any
// point leaves the old value or the new one, whole:
//
//	Save    new parts, read back; then the header; then the old parts go
//	Delete  the header; then the parts
//
// Within a generation parts come in ascending and go in descending order. So
// those that a crash leaves are 1 to n without a gap, and are found.
type keyring struct {
	os   OSKeyring
	goos string // whose words and remedies apply
}

// open asks a keyring that can tell whether it is there at all.
func (k *keyring) open(context.Context) error {
	if r, ok := k.os.(interface{ Ready() error }); ok {
		return r.Ready()
	}
	return nil
}

// Save saves a value over the one that is there, if any.
func (k *keyring) Save(ctx context.Context, user string, secret keys.Secret) error {
	old, err := k.header(ctx, user)
	if errors.Is(err, errHeaderNewer) {
		return record.WithKind(fmt.Errorf("save %s: %w", user, err), record.ErrStorage, "Update dpc-onboard.")
	}
	if err != nil && !errors.Is(err, record.ErrNoSecret) {
		return err
	}
	value := secret.Reveal()
	parts := split(value)
	if len(parts) > maxParts {
		return fmt.Errorf("save %s of %d bytes: %w", user, len(value), gokeyring.ErrSetDataTooBig)
	}
	fresh := newHeader(old.generation.other(), value, len(parts))
	if err := k.write(ctx, user, fresh, parts); err != nil {
		return err
	}
	// The value is saved. Old parts that can't be removed now go with the next
	// save or delete; to call the save failed for them would be wrong.
	_ = k.trim(ctx, user, fresh.generation.other(), 0, old.parts)
	return nil
}

// write stores the parts, proves that they read back, and then makes them the
// value by writing the header.
func (k *keyring) write(ctx context.Context, user string, h header, parts []string) error {
	for i, part := range parts {
		if err := k.set(ctx, partName(user, h.generation, i+1), part); err != nil {
			return err
		}
	}
	if err := k.trim(ctx, user, h.generation, h.parts, 0); err != nil {
		return err
	}
	if _, err := k.join(ctx, user, h); err != nil {
		return notReadBack(user, err)
	}
	if err := k.set(ctx, user, h.String()); err != nil {
		return err
	}
	if got, err := k.header(ctx, user); err != nil || got != h {
		return notReadBack(user, err)
	}
	return nil
}

var errReadBack = errors.New("the keyring does not return what was saved")

// notReadBack is the error for a keyring that takes a value and then returns
// another one, or none.
func notReadBack(user string, err error) error {
	if err != nil && !errors.Is(err, record.ErrNoSecret) {
		return err
	}
	return fmt.Errorf("save %s: %w", user, errReadBack)
}

// Load returns a value. Where it isn't whole and the header has meanwhile
// changed, another process has just replaced it, and it is read again.
func (k *keyring) Load(ctx context.Context, user string) (keys.Secret, error) {
	h, err := k.header(ctx, user)
	for range 5 {
		if err != nil {
			return keys.Secret{}, err
		}
		value, failed := k.join(ctx, user, h)
		if !errors.Is(failed, ErrDamaged) {
			return value, failed
		}
		before := h
		if h, err = k.header(ctx, user); err == nil && h == before {
			return keys.Secret{}, failed
		}
	}
	return keys.Secret{}, damaged(user, "it keeps changing")
}

// Delete removes secrets. Where one fails, the others are still removed.
func (k *keyring) Delete(ctx context.Context, users ...string) error {
	var failed error
	for _, user := range users {
		failed = errors.Join(failed, k.clear(ctx, user))
	}
	return failed
}

// clear removes a secret: the header first, so that what a crash leaves is no
// secret any more, then the parts of both generations.
func (k *keyring) clear(ctx context.Context, user string) error {
	h, err := k.header(ctx, user)
	if err != nil && !errors.Is(err, record.ErrNoSecret) {
		return err
	}
	if err := k.delete(ctx, user); err != nil {
		return err
	}
	return errors.Join(k.trim(ctx, user, generationA, 0, h.parts), k.trim(ctx, user, generationB, 0, h.parts))
}

// header reads a secret's header. The error is record.ErrNoSecret where there is
// none, and ErrDamaged as well where it makes no sense.
func (k *keyring) header(ctx context.Context, user string) (header, error) {
	text, err := k.get(ctx, user)
	if errors.Is(err, gokeyring.ErrNotFound) {
		return header{}, fmt.Errorf("%s: %w", user, record.ErrNoSecret)
	}
	if err != nil {
		return header{}, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return header{}, errors.Join(damaged(user, err.Error()), err)
	}
	return h, nil
}

// join reads the parts that a header describes and checks that they are it.
func (k *keyring) join(ctx context.Context, user string, h header) (keys.Secret, error) {
	var value strings.Builder
	for n := 1; n <= h.parts; n++ {
		part, err := k.get(ctx, partName(user, h.generation, n))
		if errors.Is(err, gokeyring.ErrNotFound) {
			err = damaged(user, fmt.Sprintf("part %d of %d is missing", n, h.parts))
		}
		if err != nil {
			return keys.Secret{}, err
		}
		value.WriteString(part)
	}
	if newHeader(h.generation, value.String(), h.parts) != h {
		return keys.Secret{}, damaged(user, "its digest does not match")
	}
	return keys.NewSecret(value.String()), nil
}

// trim removes the parts of a generation after the first keep ones, the last one
// first. known is how many a header promises: so many are looked at even where
// one before them is missing.
func (k *keyring) trim(ctx context.Context, user string, g generation, keep, known int) error {
	last := max(keep, known)
	for last < maxParts {
		_, err := k.get(ctx, partName(user, g, last+1))
		if errors.Is(err, gokeyring.ErrNotFound) {
			break
		}
		if err != nil {
			return err
		}
		last++
	}
	for ; last > keep; last-- {
		if err := k.delete(ctx, partName(user, g, last)); err != nil {
			return err
		}
	}
	return nil
}

func partName(user string, g generation, n int) string {
	return user + "/" + string(g) + "/" + strconv.Itoa(n)
}

// The three calls. None is made once the operation has been given up.

func (k *keyring) set(ctx context.Context, user, value string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return k.os.Set(service, user, value)
}

func (k *keyring) get(ctx context.Context, user string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return k.os.Get(service, user)
}

func (k *keyring) delete(ctx context.Context, user string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := k.os.Delete(service, user); !errors.Is(err, gokeyring.ErrNotFound) {
		return err
	}
	return nil
}

var (
	errNoBus    = errors.New("there is no D-Bus session")
	errPanicked = errors.New("the keyring's answer makes no sense")
)

// system is the operating system's keyring, through go-keyring: the Keychain on
// macOS, the Credential Manager on Windows, the Secret Service elsewhere.
type system struct{}

// Ready reports whether there is a D-Bus session where the keyring needs one.
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
	return gokeyring.Set(service, user, value)
}

func (system) Get(service, user string) (value string, err error) {
	defer guard(&err)
	return gokeyring.Get(service, user)
}

func (system) Delete(service, user string) (err error) {
	defer guard(&err)
	return gokeyring.Delete(service, user)
}

// guard turns a panic into an error. go-keyring asserts the types of what comes
// over the bus. The panic's value is dropped: it could hold what came.
func guard(err *error) {
	if recover() != nil {
		*err = errPanicked
	}
}
