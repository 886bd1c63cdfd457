package secrets

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
)

// ErrVaultDamaged is the error for a vault file that no passphrase could open. The
// file is left alone.
var ErrVaultDamaged = errors.New("the file is damaged or not a vault")

var (
	errVaultNewer   = errors.New("the file was written by a newer version of dpc-onboard")
	errNoPassphrase = errors.New("a passphrase is needed")
)

const (
	// DefaultWorkFactor is age's own: about a second for each guess.
	DefaultWorkFactor = 18
	// maxWorkFactor bounds what a vault file can ask for: 2^20 take 1 GiB.
	maxWorkFactor = 20
	maxVault      = 64 << 20 // bytes
	vaultSchema   = 1
)

// vault is the backend that keeps all secrets in one file: JSON within age, under
// a passphrase.
//
//	{"schema": 1, "secrets": {"<onboarding>/<name>": "<value>", …}}
//
// Every change reads the file afresh under vault.lock, so that two processes
// don't lose each other's. The derivation that a passphrase costs is spared
// where the file is still the one that was last decrypted.
type vault struct {
	path       string
	workFactor int
	passphrase keys.Secret

	known [sha256.Size]byte // digest of the file that was decrypted last
	plain keys.Secret       // what was in it
}

// open opens the vault that exists or makes a new one.
func (v *vault) open(ctx context.Context) error {
	if v.passphrase.IsZero() {
		return errNoPassphrase
	}
	return v.locked(ctx, func() error {
		_, err := v.read()
		if errors.Is(err, fs.ErrNotExist) {
			return v.write(ctx, nil)
		}
		return err
	})
}

func (v *vault) Save(ctx context.Context, user string, value keys.Secret) error {
	return v.change(ctx, func(secrets map[string]string) { secrets[user] = value.Reveal() })
}

func (v *vault) Load(_ context.Context, user string) (keys.Secret, error) {
	secrets, err := v.read()
	if err != nil {
		return keys.Secret{}, err
	}
	value, ok := secrets[user]
	if !ok {
		return keys.Secret{}, fmt.Errorf("%s: %w", user, record.ErrNoSecret)
	}
	return keys.NewSecret(value), nil
}

func (v *vault) Delete(ctx context.Context, users ...string) error {
	return v.change(ctx, func(secrets map[string]string) {
		for _, user := range users {
			delete(secrets, user)
		}
	})
}

// change applies edit to what is in the file now.
func (v *vault) change(ctx context.Context, edit func(map[string]string)) error {
	return v.locked(ctx, func() error {
		secrets, err := v.read()
		if err != nil {
			return err
		}
		before := maps.Clone(secrets)
		edit(secrets)
		if maps.Equal(before, secrets) {
			return nil
		}
		return v.write(ctx, secrets)
	})
}

// locked runs f while no other process changes the vault.
func (v *vault) locked(ctx context.Context, f func() error) error {
	dir := filepath.Dir(v.path)
	if err := disk.Private(dir); err != nil {
		return err
	}
	// The lock file stays: nothing is gained by removing it.
	l := flock.New(filepath.Join(dir, "vault.lock"), flock.SetPermissions(disk.FileMode))
	if _, err := l.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("the vault can't be locked: %w", err)
	}
	return errors.Join(f(), l.Unlock())
}

// read returns what is in the file.
func (v *vault) read() (map[string]string, error) {
	data, err := disk.Read(v.path, maxVault)
	if errors.Is(err, disk.ErrTooLarge) {
		return nil, fmt.Errorf("%w: %w", ErrVaultDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if sum != v.known {
		identity, err := age.NewScryptIdentity(v.passphrase.Reveal())
		if err != nil {
			return nil, err
		}
		identity.SetMaxWorkFactor(maxWorkFactor)
		plain, err := decrypt(data, identity)
		if err != nil {
			return nil, err
		}
		v.known, v.plain = sum, keys.NewSecret(string(plain))
	}
	return parseVault([]byte(v.plain.Reveal()))
}

// write replaces the file, by one that opens again to what goes into it and that was
// read back from the disk. It does nothing once the operation has been given up.
func (v *vault) write(ctx context.Context, secrets map[string]string) error {
	plain, _ := json.Marshal(vaultContent{vaultSchema, secrets}) // strings alone: it can't fail
	data, err := encrypt(plain, v.passphrase, v.workFactor)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = disk.Write(v.path, data)
	}
	if err == nil {
		v.known, v.plain = sha256.Sum256(data), keys.NewSecret(string(plain))
	}
	return err
}

// encrypt seals a content under a passphrase, and proves that it opens again without
// the second that the passphrase would take.
func encrypt(plain []byte, passphrase keys.Secret, workFactor int) ([]byte, error) {
	recipient, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(workFactor)
	keep := &keepsKey{recipient: recipient}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, keep)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(plain)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	back, err := decrypt(sealed.Bytes(), keep)
	if err == nil && !bytes.Equal(back, plain) {
		err = errors.New("what was encrypted does not open to the same")
	}
	return sealed.Bytes(), err
}

// keepsKey is a recipient that remembers the file's key, and thereby the
// identity that opens this file and no other.
type keepsKey struct {
	recipient age.Recipient
	key       []byte
}

func (k *keepsKey) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	k.key = bytes.Clone(fileKey)
	return k.recipient.Wrap(fileKey)
}

func (k *keepsKey) Unwrap([]*age.Stanza) ([]byte, error) { return k.key, nil }

func decrypt(data []byte, identity age.Identity) ([]byte, error) {
	// What age sealed for a key, and not under a passphrase, is no vault.
	underPassphrase := bytes.HasPrefix(data, []byte("age-encryption.org/v1\n-> scrypt "))
	r, err := age.Decrypt(bytes.NewReader(data), identity)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong && underPassphrase {
		return nil, record.ErrWrongPassphrase
	}
	var plain []byte
	if err == nil {
		plain, err = io.ReadAll(r)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVaultDamaged, err)
	}
	return plain, nil
}

// vaultContent is what is within the encryption.
type vaultContent struct {
	Schema  int               `json:"schema"`
	Secrets map[string]string `json:"secrets"`
}

// parseVault reads a content. Its errors never quote it.
func parseVault(data []byte) (map[string]string, error) {
	var content vaultContent
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, fmt.Errorf("%w: its content is no JSON", ErrVaultDamaged)
	}
	if content.Schema > vaultSchema {
		return nil, errVaultNewer
	}
	if content.Schema != vaultSchema {
		return nil, fmt.Errorf("%w: its content is of another program", ErrVaultDamaged)
	}
	if content.Secrets == nil {
		content.Secrets = map[string]string{}
	}
	return content.Secrets, nil
}

// explain puts a remedy to a failure of the vault and makes it one of
// record.ErrStorage. What says something about a secret passes through.
func (v *vault) explain(err error) error {
	if err == nil || errors.Is(err, record.ErrNoSecret) {
		return err
	}
	err = fmt.Errorf("vault: %w", err)
	for _, remedy := range []struct {
		err  error
		hint string
	}{
		{errNoPassphrase, "Type the passphrase, or name a file that holds it (--vault-passphrase-file)."},
		{record.ErrWrongPassphrase, "Try again; capitals and spaces count. Nobody can recover a forgotten passphrase."},
		{ErrVaultDamaged, "Put a backup of " + v.path + " in its place, or move it away to start with a new vault."},
		{errVaultNewer, "Update dpc-onboard."},
		{context.Canceled, "Try again when you are ready."},
		{ErrTimeout, "Another dpc-onboard may be holding the vault; close it and try again."},
		{fs.ErrNotExist, "The vault file " + v.path + " has gone; put it back, or start again to make a new one."},
		{fs.ErrPermission, "Make sure that " + v.path + " is yours and can be written."},
	} {
		if errors.Is(err, remedy.err) {
			return record.WithKind(err, record.ErrStorage, remedy.hint)
		}
	}
	return record.WithKind(err, record.ErrStorage, cmp.Or(record.Hint(err),
		"Make sure that "+filepath.Dir(v.path)+" is on a disk of this computer and has room."))
}
