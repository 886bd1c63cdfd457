package submission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	agearmor "filippo.io/age/armor"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// This file is the receiver's side: it tells the seals apart, opens them, and hands
// out nothing that was not verified.

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

	// maxWork is the most scrypt work that is tried; zero is maxAgeWork.
	maxWork int
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
		return Contents{}, steps.WithHint(fmt.Errorf("the file is larger than %d bytes, so it is no package of dpc-onboard", MaxSize),
			"Check that it is the file that the sender means.")
	}
	zip, err := unseal(ctx, data, unlock)
	if err != nil {
		return Contents{}, err
	}
	return unpack(zip)
}

// Recognize returns the format of a sealed file from its first bytes, or "".
func Recognize(data []byte) string {
	trimmed := bytes.TrimSpace(data)
	switch {
	case bytes.HasPrefix(data, []byte("age-encryption.org/")), bytes.HasPrefix(trimmed, []byte(agearmor.Header)):
		return FormatAge
	case len(trimmed) >= 9 && strings.EqualFold(string(trimmed[:9]), "<!doctype"):
		return FormatHTML
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN PGP MESSAGE-----")), len(data) > 0 && data[0]&0x80 != 0:
		return FormatPGP // every binary OpenPGP packet begins with the high bit set
	}
	return ""
}

// unseal returns the zip.
func unseal(ctx context.Context, data []byte, unlock Unlock) ([]byte, error) {
	ask := unlock.once()
	switch Recognize(data) {
	case FormatHTML:
		return wait(ctx, func() ([]byte, error) { return openHTML(data, ask) })
	case FormatAge, FormatPGP:
	default:
		return nil, notSealed(data)
	}
	k, err := newKeyhole(unlock, ask)
	if err != nil {
		return nil, err
	}
	if Recognize(data) == FormatAge {
		return wait(ctx, func() ([]byte, error) { return openAge(data, k) })
	}
	return wait(ctx, func() ([]byte, error) { return openPGP(data, k) })
}

// once returns a function that asks for the passphrase the first time, and then
// gives the same answer again.
func (u Unlock) once() func() (keys.Secret, error) {
	var answer keys.Secret
	return func() (keys.Secret, error) {
		if !answer.IsZero() {
			return answer, nil
		}
		if u.Passphrase == nil {
			return keys.Secret{}, steps.WithHint(fmt.Errorf("a passphrase is needed: %w", ErrLocked),
				"Give the passphrase that the sender told you.")
		}
		var err error
		if answer, err = u.Passphrase(); err == nil && answer.IsZero() {
			err = steps.WithHint(fmt.Errorf("the passphrase is empty: %w", ErrLocked), "Type the passphrase that the sender told you.")
		}
		return answer, err
	}
}

// notSealed says what a file is that is no sealed package.
func notSealed(data []byte) error {
	switch {
	case len(data) == 0:
		return steps.WithHint(errors.New("the file is empty"), "Ask the sender to send it again.")
	case bytes.HasPrefix(data, []byte("PK")):
		return steps.WithHint(errors.New("the file is a plain zip, and a package of dpc-onboard is always sealed"), foreignHint)
	}
	return steps.WithHint(fmt.Errorf("the file is no package of dpc-onboard, or its beginning is gone: %w", ErrDamaged),
		"Check that it is the file that the sender means; its name ends in .age, .html or .gpg.")
}

func wrongPassphrase() error {
	return steps.WithHint(ErrPassphrase, "Check capital letters, spaces and dashes, or ask the sender to read it to you again.")
}

func wrongIdentity() error {
	return steps.WithHint(ErrIdentity, "Try your other keys, or ask the sender whose key it was sealed to.")
}

func damaged(err error) error {
	if !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return steps.WithHint(err, "Ask the sender to send the file again, and compare its SHA-256 with theirs.")
}

// openAge opens an age file, armored or binary.
func openAge(data []byte, k keyhole) ([]byte, error) {
	binary, err := dearmorAge(data)
	if err != nil {
		return nil, err
	}
	header, err := age.ExtractHeader(bytes.NewReader(binary))
	if err != nil {
		return nil, damaged(err)
	}
	forPassphrase := bytes.Contains(header, []byte("\n-> scrypt "))
	identities, err := k.forAge(forPassphrase)
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(bytes.NewReader(binary), identities...)
	switch {
	case errors.Is(err, age.ErrIncorrectIdentity) && forPassphrase:
		return nil, wrongPassphrase()
	case errors.Is(err, age.ErrIncorrectIdentity):
		return nil, wrongIdentity()
	case err != nil:
		return nil, damaged(err)
	}
	zip, err := io.ReadAll(plain)
	if err != nil {
		return nil, damaged(err)
	}
	return zip, nil
}

// dearmorAge returns the binary form.
func dearmorAge(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte(agearmor.Header)) {
		return data, nil
	}
	binary, err := io.ReadAll(agearmor.NewReader(bytes.NewReader(data)))
	if err != nil {
		return nil, damaged(err)
	}
	return binary, nil
}
