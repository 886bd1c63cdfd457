package submission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/wait"
)

// This file is the receiver's side: it tells the seals apart, has them opened, and
// hands out nothing that was not verified.

// MaxSize is the most that a sealed file, or the zip in it, may hold, in bytes. A
// real one has under 100,000.
const MaxSize = 1 << 20

// What Open's errors can be told apart by, with errors.Is.
var (
	// ErrPassphrase says that the passphrase does not fit.
	ErrPassphrase = errors.New("the passphrase does not open this package")
	// ErrIdentity says that none of the identities fits.
	ErrIdentity = errors.New("the package was not sealed to this key")
	// ErrLocked says that there is no passphrase or identity to open with.
	ErrLocked = errors.New("nothing was given to open the package with")
	// ErrDamaged says that the file is not as it was made.
	ErrDamaged = errors.New("the file is damaged")
)

// Unlock is what Open opens a seal with.
type Unlock struct {
	// Passphrase is asked once, when it is needed: for the package, or, where
	// Identities are given, for the identity that is locked. It may be nil.
	Passphrase func() (keys.Secret, error)
	// Identities are the contents of key files: of age (age-keygen), of SSH, or
	// an OpenPGP private key, armored or binary.
	Identities []keys.Secret
}

// Open reads a sealed package of any format, and verifies everything in it. It
// returns contents only where Verify has nothing to say against them. Its errors
// say in a hint what to do.
func Open(ctx context.Context, r io.Reader, unlock Unlock) (Contents, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return Contents{}, fmt.Errorf("can't read the package: %w", err)
	}
	if len(data) > MaxSize {
		return Contents{}, record.WithHint(fmt.Errorf("the file is larger than %d bytes, so it is no package of dpc-onboard", MaxSize),
			"Check that it is the file that the sender means.")
	}
	f, err := recognize(data)
	if err != nil {
		return Contents{}, err
	}
	zip, err := wait.For(ctx, func() ([]byte, error) { return f.open(data, unlock.Identities, unlock.once()) })
	if err != nil {
		return Contents{}, err
	}
	return unpack(zip)
}

// recognize returns the format of a sealed file, by its beginning.
func recognize(data []byte) (format, error) {
	for _, f := range formats {
		if f.recognizes(data) {
			return f, nil
		}
	}
	switch {
	case len(data) == 0:
		return format{}, record.NewProblem("the file is empty", "Ask the sender to send it again.")
	case bytes.HasPrefix(data, []byte("PK")):
		return format{}, record.NewProblem("the file is a plain zip, and a package of dpc-onboard is always sealed", foreignHint)
	}
	return format{}, record.WithHint(fmt.Errorf("the file is no package of dpc-onboard, or its beginning is gone: %w", ErrDamaged),
		"Check that it is the file that the sender means; its name begins with dpc-.")
}

// once returns a function that asks for the passphrase the first time, and then
// gives the same answer again.
func (u Unlock) once() ask {
	return sync.OnceValues(func() (keys.Secret, error) {
		if u.Passphrase == nil {
			return keys.Secret{}, record.WithHint(fmt.Errorf("a passphrase is needed: %w", ErrLocked),
				"Give the passphrase that the sender told you.")
		}
		answer, err := u.Passphrase()
		if err == nil && answer.IsZero() {
			err = record.WithHint(fmt.Errorf("the passphrase is empty: %w", ErrLocked), "Type the passphrase that the sender told you.")
		}
		return answer, err
	})
}

// Extract writes the seven files, each with mode 0600, into a new folder with
// mode 0700: all of them or none. What Verify refuses is never written.
func (c Contents) Extract(dir string) error {
	if err := c.Verify(); err != nil {
		return err
	}
	files, err := c.files()
	if err != nil {
		return err
	}
	data := map[string][]byte{}
	for _, f := range files {
		data[f.name] = f.data
	}
	return disk.CreateFolder(dir, data)
}

// The errors that several seals share.

func wrongPassphrase() error {
	return record.WithHint(ErrPassphrase, "Check capital letters, spaces and dashes, or ask the sender to read it to you again.")
}

func wrongIdentity() error {
	return record.WithHint(ErrIdentity, "Try your other keys, or ask the sender whose key it was sealed to.")
}

func damaged(err error) error {
	if !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return record.WithHint(err, "Ask the sender to send the file again, and compare its SHA-256 with theirs.")
}

func needKey(kind string) error {
	return record.WithHint(fmt.Errorf("the package is sealed to a key, so it takes %s to open it: %w", kind, ErrLocked),
		"Name the file of the private key that belongs to the public key that you gave the sender.")
}

func badIdentity() error {
	return record.NewProblem("the key file can't be read as an age, SSH or OpenPGP private key",
		"Name the file that age-keygen or ssh-keygen wrote, or that `gpg --export-secret-keys` wrote; keys of plug-ins can't be used.")
}

func wrongKeyPassphrase() error {
	return record.WithHint(fmt.Errorf("the passphrase does not unlock the key file: %w", ErrPassphrase),
		"Type the passphrase of your own key, not one that the sender told you.")
}
