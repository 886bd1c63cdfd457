package submission

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	agearmor "filippo.io/age/armor"
	"github.com/ProtonMail/gopenpgp/v3/crypto"
	"golang.org/x/crypto/ssh"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// This file reads the receiver's private keys: of age, of SSH and of OpenPGP, with
// their passphrases.

// maxAgeWork is the scrypt work factor that is still tried: a gigabyte of memory
// and some seconds. A file that asks for more did not come from this program.
const maxAgeWork = 20

// keyhole is all that a seal may be opened with.
type keyhole struct {
	age []age.Identity
	pgp []*crypto.Key
	ask func() (keys.Secret, error)

	maxWork int
}

// newKeyhole reads the receiver's key files.
func newKeyhole(u Unlock, ask func() (keys.Secret, error)) (keyhole, error) {
	k := keyhole{ask: ask, maxWork: cmp.Or(u.maxWork, maxAgeWork)}
	for _, f := range u.Identities {
		if err := k.add([]byte(f.Reveal())); err != nil {
			return keyhole{}, err
		}
	}
	return k, nil
}

// add reads one key file. Its errors never repeat what is in it.
func (k *keyhole) add(data []byte) error {
	trimmed := bytes.TrimSpace(data)
	var err error
	var ids []age.Identity
	switch {
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN PGP")), len(data) > 0 && data[0]&0x80 != 0:
		return k.addPGP(data)
	case bytes.HasPrefix(trimmed, []byte(agearmor.Header)), bytes.HasPrefix(data, []byte("age-encryption.org/")):
		ids, err = k.lockedAge(data)
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN")):
		ids, err = k.sshKey(data)
	default:
		ids, err = age.ParseIdentities(strings.NewReader(lines(string(data))))
		err = badIdentity(err)
	}
	k.age = append(k.age, ids...)
	return err
}

func badIdentity(err error) error {
	if err == nil {
		return nil
	}
	return steps.WithHint(errors.New("the key file can't be read as an age, SSH or OpenPGP private key"),
		"Name the file that age-keygen or ssh-keygen wrote, or that `gpg --export-secret-keys` wrote; keys of plug-ins can't be used.")
}

// lockedAge reads an age identity file that is itself under a passphrase.
func (k *keyhole) lockedAge(data []byte) ([]age.Identity, error) {
	plain, err := openAge(data, keyhole{ask: k.ask, maxWork: k.maxWork})
	if errors.Is(err, ErrPassphrase) {
		return nil, wrongKeyPassphrase()
	}
	if err != nil {
		return nil, err
	}
	ids, err := age.ParseIdentities(bytes.NewReader(plain))
	return ids, badIdentity(err)
}

func wrongKeyPassphrase() error {
	return steps.WithHint(fmt.Errorf("the passphrase does not unlock the key file: %w", ErrPassphrase),
		"Type the passphrase of your own key, not one that the sender told you.")
}

// sshKey reads an SSH private key, and asks for its passphrase where it has one.
func (k *keyhole) sshKey(data []byte) ([]age.Identity, error) {
	raw, err := ssh.ParseRawPrivateKey(data)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		passphrase, askErr := k.ask()
		if askErr != nil {
			return nil, askErr
		}
		raw, err = ssh.ParseRawPrivateKeyWithPassphrase(data, []byte(passphrase.Reveal()))
	}
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, wrongKeyPassphrase()
	case err != nil:
		return nil, badIdentity(err)
	}
	id, err := sshIdentity(raw)
	return []age.Identity{id}, badIdentity(err)
}

func sshIdentity(raw any) (age.Identity, error) {
	switch key := raw.(type) {
	case *ed25519.PrivateKey:
		return agessh.NewEd25519Identity(*key)
	case ed25519.PrivateKey:
		return agessh.NewEd25519Identity(key)
	case *rsa.PrivateKey:
		return agessh.NewRSAIdentity(key)
	}
	return nil, errors.New("unsupported type of SSH key")
}

// addPGP reads an OpenPGP private key, and asks for its passphrase where it has
// one.
func (k *keyhole) addPGP(data []byte) error {
	key, err := crypto.NewKeyFromReader(bytes.NewReader(data))
	if err != nil {
		return badIdentity(err)
	}
	if !key.IsPrivate() {
		return steps.WithHint(errors.New("the key file holds a public key, and opening takes the private one"),
			"Export it with `gpg --export-secret-keys`, or open the package with gpg.")
	}
	if locked, err := key.IsLocked(); err == nil && locked {
		passphrase, err := k.ask()
		if err != nil {
			return err
		}
		if key, err = key.Unlock([]byte(passphrase.Reveal())); err != nil {
			return wrongKeyPassphrase()
		}
	}
	k.pgp = append(k.pgp, key)
	return nil
}

// forAge returns what an age file is opened with.
func (k keyhole) forAge(passphrase bool) ([]age.Identity, error) {
	if !passphrase {
		if len(k.age) == 0 {
			return nil, needKey("an age or SSH private key")
		}
		return k.age, nil
	}
	answer, err := k.ask()
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(answer.Reveal())
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(k.maxWork)
	return []age.Identity{id}, nil
}

// needPGP returns an error where there is no OpenPGP key to open with.
func (k keyhole) needPGP() error {
	if len(k.pgp) == 0 {
		return needKey("an OpenPGP private key")
	}
	return nil
}

func needKey(kind string) error {
	return steps.WithHint(fmt.Errorf("the package is sealed to a key, so it takes %s to open it: %w", kind, ErrLocked),
		"Name the file of the private key that belongs to the public key that you gave the sender.")
}
