// Package secrets keeps the secrets of all onboardings in the operating system's
// keyring or, where none answers, in a vault: one file under a passphrase. Each of
// the two is a backend of three methods, Save, Load and Delete.
//
// A secret's name in both is <npi>-<environment>/<name>, as in
// "1234567893-sandbox/client-token".
//
// Specifications: Secret Service (https://specifications.freedesktop.org/secret-service/)
// and age (https://age-encryption.org/v1).
package secrets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
)

// ErrNotChosen is what Load, Save, Delete and Forget return before Use.
var ErrNotChosen = errors.New("no place for secrets has been chosen yet")

// ErrDamaged is the error for a secret that is stored but is not whole. Such an
// error is record.ErrNoSecret too: either way it has to be entered again.
var ErrDamaged = errors.New("the stored secret is damaged")

// ErrTimeout is the error for a keyring or vault that took too long.
var ErrTimeout = errors.New("no answer in time")

// Patience is how long one operation may take. It is long because it includes
// the time in which a person finds the keyring's window, looks for the password
// and types it; whoever does not want to wait cancels the context.
const Patience = 2 * time.Minute

// probeSize is the length in bytes of an RSA-4096 private key in PEM, the
// longest secret that everyone stores.
const probeSize = 3272

// backend keeps secrets by user, which is "<onboarding>/<name>". No call of it
// begins once ctx has ended.
type backend interface {
	// open makes it ready for use, or says why it can't be used.
	open(ctx context.Context) error
	// explain puts words and a remedy to what went wrong.
	explain(err error) error
	// Save reads back what it wrote before it returns nil.
	Save(ctx context.Context, user string, value keys.Secret) error
	// Load returns record.ErrNoSecret where nothing is stored.
	Load(ctx context.Context, user string) (keys.Secret, error)
	// Delete deletes all that it is given; what is not there is no error.
	Delete(ctx context.Context, users ...string) error
}

// Secrets keeps the secrets of all onboardings in the backend that Use chose
// last, and implements steps.Secrets. It is safe for use by several goroutines.
type Secrets struct {
	// Keyring is the operating system's own, unless it is changed before Use.
	Keyring OSKeyring
	// WorkFactor is the vault's cost: 2^WorkFactor rounds of scrypt.
	WorkFactor int
	// Limit is how long one operation may take.
	Limit time.Duration

	vaultPath string
	// Turns of the calls to the two: see queue.
	keyringTurn, vaultTurn chan struct{}

	mu     sync.Mutex
	kind   record.Backend
	chosen backend
}

// New returns a Secrets whose vault, if it comes to one, is in dir, as from
// disk.StateDir. Nothing is created or asked before Use.
func New(dir string) *Secrets {
	return &Secrets{
		Keyring:     system{},
		WorkFactor:  DefaultWorkFactor,
		Limit:       Patience,
		vaultPath:   filepath.Join(dir, "vault.age"),
		keyringTurn: make(chan struct{}, 1),
		vaultTurn:   make(chan struct{}, 1),
	}
}

// Kind returns the backend that Use chose, or "" before that.
func (s *Secrets) Kind() record.Backend {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kind
}

// VaultExists reports whether there is a vault, whether or not it opens.
func (s *Secrets) VaultExists() bool { return disk.Exists(s.vaultPath) }

// Use chooses a backend and proves with a real write, read and delete of a
// random value, as long as a private key, that it works. passphrase is for the
// vault alone: it opens the one that exists or makes a new one.
//
// Failures are of record.ErrStorage, among them record.ErrWrongPassphrase and
// ErrVaultDamaged; then the backend chosen before stays chosen.
func (s *Secrets) Use(ctx context.Context, kind record.Backend, passphrase keys.Secret) error {
	q := &queue{limit: s.Limit}
	switch kind {
	case record.Keyring:
		q.backend, q.turn = &keyring{os: s.Keyring, goos: runtime.GOOS}, s.keyringTurn
	case record.Vault:
		q.backend, q.turn = &vault{path: s.vaultPath, workFactor: s.WorkFactor, passphrase: passphrase}, s.vaultTurn
	default:
		return record.WithKind(fmt.Errorf("unknown place for secrets: %q", kind), record.ErrStorage, "Choose keyring or vault.")
	}
	if err := q.run(ctx, func(ctx context.Context) error { return prove(ctx, q.backend) }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kind, s.chosen = kind, q
	return nil
}

// prove opens a backend, and writes, reads and deletes a random value. It cleans up
// when that fails, also where nobody waits for it any more.
func prove(ctx context.Context, b backend) error {
	if err := b.open(ctx); err != nil {
		return err
	}
	user := "probe/" + rand.Text()
	err := b.Save(ctx, user, keys.NewSecret(strings.Repeat(rand.Text(), probeSize)[:probeSize]))
	if err == nil {
		err = b.Delete(ctx, user)
	}
	if err != nil {
		_ = b.Delete(context.WithoutCancel(ctx), user)
	}
	return err
}

// Save writes a secret and reads it back before it returns nil. Whatever
// happens on the way, the value before or the new one is stored, whole.
func (s *Secrets) Save(ctx context.Context, onboarding, name string, value keys.Secret) error {
	if value.IsZero() {
		return fmt.Errorf("save %s: there is nothing to save", name)
	}
	b, users, err := s.at(onboarding, name)
	if err != nil {
		return err
	}
	return b.Save(ctx, users[0], value)
}

// Load returns a secret, or record.ErrNoSecret where none is stored, or one that
// is also ErrDamaged where what is stored is not whole.
func (s *Secrets) Load(ctx context.Context, onboarding, name string) (keys.Secret, error) {
	b, users, err := s.at(onboarding, name)
	if err != nil {
		return keys.Secret{}, err
	}
	return b.Load(ctx, users[0])
}

// Delete removes a secret. Removing what is not there is no error.
func (s *Secrets) Delete(ctx context.Context, onboarding, name string) error {
	return s.remove(ctx, onboarding, name)
}

// Forget removes all secrets of an onboarding, with those that a rotation keeps.
// Where one fails, the others are still removed.
func (s *Secrets) Forget(ctx context.Context, onboarding string) error {
	return s.remove(ctx, onboarding, record.StoredNames()...)
}

func (s *Secrets) remove(ctx context.Context, onboarding string, names ...string) error {
	b, users, err := s.at(onboarding, names...)
	if err != nil {
		return err
	}
	return b.Delete(ctx, users...)
}

// at finds the backend and the users for secrets.
func (s *Secrets) at(onboarding string, names ...string) (b backend, users []string, err error) {
	if _, _, err := record.ParseID(onboarding); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		users = append(users, onboarding+"/"+name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chosen == nil {
		return nil, nil, record.WithKind(ErrNotChosen, record.ErrStorage, "Choose the keyring or the vault first.")
	}
	return s.chosen, users, nil
}

// damaged puts a reason, which holds no secret, to ErrDamaged.
func damaged(user, reason string) error {
	return record.WithKind(fmt.Errorf("%s: %w: %s", user, ErrDamaged, reason), record.ErrNoSecret,
		"Enter it again; if you no longer have it, make a new one in the DPC portal.")
}
