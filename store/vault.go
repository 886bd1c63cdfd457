package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// ErrVaultDamaged is the error for a vault file that no passphrase could open. The
// file is left alone.
var ErrVaultDamaged = errors.New("the file is damaged or not a vault")

const (
	// DefaultWorkFactor is age's own: about a second for each guess.
	DefaultWorkFactor = 18
	// maxWorkFactor bounds what a vault file can ask for: 2^20 take 1 GiB.
	maxWorkFactor = 20
	maxVault      = 64 << 20 // bytes
	vaultSchema   = 1
)

// vault keeps all secrets in one file: JSON within age, under a passphrase.
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
	line       *line

	known   [sha256.Size]byte // digest of the file that secrets came from
	secrets map[string]keys.Secret
}

// open opens the vault that exists or makes a new one.
func (v *vault) open(ctx context.Context) error {
	if v.passphrase.IsZero() {
		return steps.WithKind(errors.New("vault: a passphrase is needed"), steps.ErrStorage,
			"Type the passphrase, or name a file that holds it (--vault-passphrase-file).")
	}
	return v.run(ctx, func(ctx context.Context) error {
		return v.locked(ctx, func() error {
			secrets, err := v.read()
			if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return v.write(ctx, secrets)
		})
	})
}

func (v *vault) save(ctx context.Context, user string, value keys.Secret) error {
	return v.run(ctx, func(ctx context.Context) error {
		return v.change(ctx, func(secrets map[string]keys.Secret) bool {
			secrets[user] = value
			return true
		})
	})
}

func (v *vault) load(ctx context.Context, user string) (value keys.Secret, err error) {
	err = v.run(ctx, func(context.Context) error {
		secrets, err := v.read()
		if err != nil {
			return err
		}
		found, ok := secrets[user]
		if !ok {
			return fmt.Errorf("%s: %w", user, steps.ErrNoSecret)
		}
		value = found
		return nil
	})
	return value, err
}

func (v *vault) remove(ctx context.Context, users ...string) error {
	return v.run(ctx, func(ctx context.Context) error {
		return v.change(ctx, func(secrets map[string]keys.Secret) bool {
			before := len(secrets)
			for _, user := range users {
				delete(secrets, user)
			}
			return len(secrets) != before
		})
	})
}

// run does an operation in its turn and explains its failure.
func (v *vault) run(ctx context.Context, operation func(context.Context) error) error {
	_, err := do(ctx, v.line, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, operation(ctx)
	})
	return v.explain(err)
}

// change applies edit, which reports whether it changed anything, to what is in
// the file now.
func (v *vault) change(ctx context.Context, edit func(map[string]keys.Secret) bool) error {
	return v.locked(ctx, func() error {
		current, err := v.read()
		if err != nil {
			return err
		}
		secrets := maps.Clone(current)
		if !edit(secrets) {
			return nil
		}
		return v.write(ctx, secrets)
	})
}

// locked runs f while no other process changes the vault.
func (v *vault) locked(ctx context.Context, f func() error) error {
	dir := filepath.Dir(v.path)
	if err := private(dir); err != nil {
		return err
	}
	// The lock file stays: nothing is gained by removing it.
	l := flock.New(filepath.Join(dir, "vault.lock"), flock.SetPermissions(fileMode))
	if _, err := l.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return ended(ctx)
		}
		return fmt.Errorf("the vault can't be locked: %w", err)
	}
	return errors.Join(f(), l.Unlock())
}

// read returns what is in the file. The map is not for changing.
func (v *vault) read() (map[string]keys.Secret, error) {
	data, err := v.bytes()
	if err != nil {
		return nil, err
	}
	if v.secrets != nil && sha256.Sum256(data) == v.known {
		return v.secrets, nil
	}
	opener, err := passphraseIdentity(v.passphrase)
	if err != nil {
		return nil, err
	}
	secrets, sum, err := v.readWith(opener)
	if err != nil {
		return nil, err
	}
	v.known, v.secrets = sum, secrets
	return secrets, nil
}

func (v *vault) bytes() ([]byte, error) {
	data, err := readFile(v.path, maxVault)
	if errors.Is(err, errTooLarge) {
		return nil, fmt.Errorf("%w: %w", ErrVaultDamaged, err)
	}
	return data, err
}

// write replaces the file, reads it back and decrypts it. It does nothing once
// the operation has been given up.
func (v *vault) write(ctx context.Context, secrets map[string]keys.Secret) error {
	data, opener, err := encrypt(formatVault(secrets), v.passphrase, v.workFactor)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if err := writeFile(v.path, data); err != nil {
		return err
	}
	stored, sum, err := v.readWith(opener)
	if err != nil {
		return err
	}
	if !maps.EqualFunc(stored, secrets, keys.Secret.Equal) {
		return errors.New("the file does not return what was saved")
	}
	v.known, v.secrets = sum, stored
	return nil
}

func (v *vault) readWith(opener age.Identity) (secrets map[string]keys.Secret, sum [sha256.Size]byte, err error) {
	data, err := v.bytes()
	if err != nil {
		return nil, sum, err
	}
	plain, err := decrypt(data, opener)
	if err != nil {
		return nil, sum, err
	}
	secrets, err = parseVault(plain)
	return secrets, sha256.Sum256(data), err
}

// encrypt seals a content under a passphrase. opener opens that one seal without
// the second that the passphrase takes.
func encrypt(plain []byte, passphrase keys.Secret, workFactor int) (data []byte, opener age.Identity, err error) {
	recipient, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return nil, nil, err
	}
	recipient.SetWorkFactor(workFactor)
	keep := &keepsKey{recipient: recipient}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, keep)
	if err != nil {
		return nil, nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, nil, err
	}
	err = w.Close()
	return sealed.Bytes(), keep, err
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

// passphraseIdentity opens what is sealed under a passphrase.
func passphraseIdentity(passphrase keys.Secret) (age.Identity, error) {
	identity, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	return identity, nil
}

func decrypt(data []byte, identity age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(data), identity)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong && isScrypt(data) {
		return nil, steps.ErrWrongPassphrase
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVaultDamaged, err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVaultDamaged, err)
	}
	return plain, nil
}

// isScrypt tells a file under a passphrase from one that age sealed for a key.
func isScrypt(data []byte) bool {
	return bytes.HasPrefix(data, []byte("age-encryption.org/v1\n-> scrypt "))
}

// vaultContent is what is within the encryption.
type vaultContent struct {
	Schema  int               `json:"schema"`
	Secrets map[string]string `json:"secrets"`
}

func formatVault(secrets map[string]keys.Secret) []byte {
	content := vaultContent{Schema: vaultSchema, Secrets: make(map[string]string, len(secrets))}
	for user, value := range secrets {
		content.Secrets[user] = value.Reveal()
	}
	data, err := json.Marshal(content)
	if err != nil { // strings alone: it can't
		panic("the vault's content has no JSON form")
	}
	return data
}

// parseVault reads what formatVault writes. Its errors never quote the content.
func parseVault(data []byte) (map[string]keys.Secret, error) {
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
	secrets := make(map[string]keys.Secret, len(content.Secrets))
	for user, value := range content.Secrets {
		secrets[user] = keys.NewSecret(value)
	}
	return secrets, nil
}

var errVaultNewer = errors.New("the file was written by a newer version of dpc-onboard")

// explain puts a remedy to a failure of the vault and makes it one of
// steps.ErrStorage. What says something about a secret passes through.
func (v *vault) explain(err error) error {
	if err == nil || errors.Is(err, steps.ErrNoSecret) {
		return err
	}
	return steps.WithKind(fmt.Errorf("vault: %w", err), steps.ErrStorage, v.remedy(err))
}

func (v *vault) remedy(err error) string {
	switch {
	case errors.Is(err, steps.ErrWrongPassphrase):
		return "Try again; capitals and spaces count. Nobody can recover a forgotten passphrase."
	case errors.Is(err, ErrVaultDamaged):
		return "Put a backup of " + v.path + " in its place, or move it away to start with a new vault."
	case errors.Is(err, errVaultNewer):
		return "Update dpc-onboard."
	case errors.Is(err, context.Canceled):
		return "Try again when you are ready."
	case errors.Is(err, ErrTimeout):
		return "Another dpc-onboard may be holding the vault; close it and try again."
	case errors.Is(err, fs.ErrNotExist):
		return "The vault file " + v.path + " has gone; put it back, or start again to make a new one."
	case errors.Is(err, os.ErrPermission):
		return "Make sure that " + v.path + " is yours and can be written."
	case steps.Hint(err) != "":
		return steps.Hint(err)
	}
	return "Make sure that " + filepath.Dir(v.path) + " is on a disk of this computer and has room."
}
