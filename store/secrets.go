package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// ErrNotChosen is what Load, Save, Delete and Forget return before Use.
var ErrNotChosen = errors.New("no place for secrets has been chosen yet")

// ErrDamaged is the error for a secret that is stored but is not whole. Such an
// error is steps.ErrNoSecret too: either way it has to be entered again.
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

// place is somewhere to keep secrets. user is "<onboarding>/<name>".
type place interface {
	// save reads back what it wrote before it returns nil.
	save(ctx context.Context, user string, value keys.Secret) error
	// load returns steps.ErrNoSecret where nothing is stored.
	load(ctx context.Context, user string) (keys.Secret, error)
	// remove deletes all that it is given; what is not there is no error.
	remove(ctx context.Context, users ...string) error
}

// Secrets keeps the secrets of all onboardings in the keyring or in the vault,
// whichever Use chose last, and implements steps.Secrets. It is safe for use by
// several goroutines.
type Secrets struct {
	// Keyring is where the keyring's values go; the operating system's own
	// unless it is changed before Use.
	Keyring Backend
	// WorkFactor is the vault's cost: 2^WorkFactor rounds of scrypt.
	WorkFactor int
	// Limit is how long one operation may take.
	Limit time.Duration

	vaultPath string
	mu        sync.Mutex
	kind      steps.StorageKind
	place     place
	ring      *ring // made once: it serializes the calls to the keyring
	vaultLine *line // the same for the vault
}

// NewSecrets returns a Secrets whose vault, if it comes to one, is in dir, as
// from Dir. Nothing is created or asked before Use.
func NewSecrets(dir string) *Secrets {
	return &Secrets{
		Keyring:    system{},
		WorkFactor: DefaultWorkFactor,
		Limit:      Patience,
		vaultPath:  filepath.Join(dir, "vault.age"),
	}
}

// Kind is the place that Use chose, or "" before that.
func (s *Secrets) Kind() steps.StorageKind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kind
}

// VaultExists reports whether there is a vault, whether or not it opens.
func (s *Secrets) VaultExists() bool {
	_, err := os.Lstat(s.vaultPath)
	return err == nil
}

// Locked reports whether there is a vault that is not open: to use it takes its
// passphrase, and not a new one.
func (s *Secrets) Locked() bool {
	return s.Kind() != steps.Vault && s.VaultExists()
}

// Use chooses the place and proves with a real write, read and delete of a
// random value, as long as a private key, that it works. passphrase is for the
// vault alone: it opens the one that exists or makes a new one.
//
// Failures are of steps.ErrStorage, among them steps.ErrWrongPassphrase and
// ErrVaultDamaged; then the place chosen before stays chosen.
func (s *Secrets) Use(ctx context.Context, kind steps.StorageKind, passphrase keys.Secret) error {
	candidate, err := s.open(ctx, kind, passphrase)
	if err != nil {
		return err
	}
	if err := probe(ctx, candidate); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kind, s.place = kind, candidate
	return nil
}

func (s *Secrets) open(ctx context.Context, kind steps.StorageKind, passphrase keys.Secret) (place, error) {
	s.mu.Lock()
	if s.ring == nil {
		s.ring = newRing(s.Keyring, s.Limit)
		s.vaultLine = newLine(s.Limit)
	}
	ring, waiting := s.ring, s.vaultLine
	s.mu.Unlock()
	switch kind {
	case steps.Keyring:
		return ring, ring.ready(ctx)
	case steps.Vault:
		v := &vault{path: s.vaultPath, workFactor: s.WorkFactor, passphrase: passphrase, line: waiting}
		return v, v.open(ctx)
	}
	return nil, steps.WithKind(fmt.Errorf("unknown place for secrets: %q", kind), steps.ErrStorage,
		"Choose keyring or vault.")
}

// probe writes, reads and deletes a random value, and cleans up when that fails.
// Where it was given up, the place may still be busy with the call that took so
// long: then the cleaning up waits for its turn by itself.
func probe(ctx context.Context, p place) error {
	user := "probe/" + rand.Text()
	err := p.save(ctx, user, randomText(probeSize))
	if err == nil {
		err = p.remove(ctx, user)
	}
	if err == nil {
		return nil
	}
	cleanUp := func() { _ = p.remove(context.WithoutCancel(ctx), user) }
	if ctx.Err() != nil || errors.Is(err, ErrTimeout) {
		go cleanUp()
	} else {
		cleanUp()
	}
	return err
}

// randomText returns n random characters that every keyring can hold.
func randomText(n int) keys.Secret {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails: it ends the process instead
	return keys.NewSecret(base64.RawURLEncoding.EncodeToString(raw)[:n])
}

// Save writes a secret and reads it back before it returns nil. Whatever
// happens on the way, the value before or the new one is stored, whole.
func (s *Secrets) Save(ctx context.Context, onboarding, name string, value keys.Secret) error {
	if value.IsZero() {
		return fmt.Errorf("save %s: there is nothing to save", name)
	}
	p, user, err := s.at(onboarding, name)
	if err != nil {
		return err
	}
	return p.save(ctx, user, value)
}

// Load returns a secret, or steps.ErrNoSecret where none is stored, or one that
// is also ErrDamaged where what is stored is not whole.
func (s *Secrets) Load(ctx context.Context, onboarding, name string) (keys.Secret, error) {
	p, user, err := s.at(onboarding, name)
	if err != nil {
		return keys.Secret{}, err
	}
	return p.load(ctx, user)
}

// Delete removes a secret. Removing what is not there is no error.
func (s *Secrets) Delete(ctx context.Context, onboarding, name string) error {
	p, user, err := s.at(onboarding, name)
	if err != nil {
		return err
	}
	return p.remove(ctx, user)
}

// Forget removes all secrets of an onboarding, and those that a rotation keeps
// under name + ".old". Where one fails, the others are still removed.
func (s *Secrets) Forget(ctx context.Context, onboarding string) error {
	var (
		p     place
		users []string
	)
	for _, name := range steps.SecretNames {
		for _, name := range []string{name, name + ".old"} {
			at, user, err := s.at(onboarding, name)
			if err != nil {
				return err
			}
			p, users = at, append(users, user)
		}
	}
	return p.remove(ctx, users...)
}

// namePattern bounds the names, and with them the length of a keyring's "user".
var namePattern = regexp.MustCompile(`^[a-z][a-z.-]{0,31}$`)

// at finds the place and the user for a secret.
func (s *Secrets) at(onboarding, name string) (place, string, error) {
	if err := checkID(onboarding); err != nil {
		return nil, "", err
	}
	if !namePattern.MatchString(name) {
		return nil, "", fmt.Errorf("%q is no name of a secret", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.place == nil {
		return nil, "", steps.WithKind(ErrNotChosen, steps.ErrStorage,
			"Choose the keyring or the vault first.")
	}
	return s.place, onboarding + "/" + name, nil
}

// damaged puts a reason, which holds no secret, to ErrDamaged.
func damaged(user, reason string) error {
	return steps.WithKind(fmt.Errorf("%s: %w: %s", user, ErrDamaged, reason), steps.ErrNoSecret,
		"Enter it again; if you no longer have it, make a new one in the DPC portal.")
}
