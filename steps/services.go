package steps

import (
	"context"
	"errors"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// Secrets keeps the secrets of all onboardings in one backend.
type Secrets interface {
	// Use chooses the backend and proves with a real write, read and delete that
	// it works. passphrase is for the vault alone. Failures are of ErrStorage.
	Use(ctx context.Context, kind record.Backend, passphrase keys.Secret) error
	// Save writes a secret and reads it back before it returns nil.
	Save(ctx context.Context, onboarding, name string, value keys.Secret) error
	// Load returns a secret, or ErrNoSecret.
	Load(ctx context.Context, onboarding, name string) (keys.Secret, error)
	// Delete removes a secret. Removing what is not there is no error.
	Delete(ctx context.Context, onboarding, name string) error
}

// Progress keeps the state of one onboarding at a time on disk.
type Progress interface {
	// Open takes the onboarding's lock and reads its state; the lock that was
	// held before is given back. found is false where there is none yet.
	Open(id string) (state record.State, found bool, err error)
	// Save writes the state of the onboarding that is open.
	Save(record.State) error
	// Rename moves the open onboarding's file and lock to another ID.
	Rename(id string) error
}

// Checker asks DPC whether the credentials work. It reports each line as it
// starts and as it ends.
type Checker interface {
	Check(ctx context.Context, state record.State, c record.Credentials, report func(check.Line)) (check.Report, error)
}

// Registry is what DPC holds of an organization and lets it change by itself: its
// client tokens and its public keys. Where DPC says no, an error is of
// record.ErrRefused.
type Registry interface {
	// List returns all client tokens, or all public keys.
	List(ctx context.Context, what record.Rotation) ([]Listed, error)
	// NewToken makes a client token. It is never asked for twice.
	NewToken(ctx context.Context, label string) (keys.Secret, error)
	// AddKey registers a public key under a label, and returns its ID. The error is
	// of ErrTaken where DPC has the key or the label already.
	AddKey(ctx context.Context, label string, k record.KeyFact) (id string, err error)
	// Delete deletes a client token or a public key.
	Delete(ctx context.Context, what record.Rotation, id string) error
}

// ErrTaken is what Registry.AddKey returns for a key or a label that DPC has already.
var ErrTaken = errors.New("DPC has this public key already, or another one under this label")

// Listed is a client token or a public key in DPC's list.
type Listed struct {
	What  record.Rotation
	ID    string // a UUID
	Label string
	// Fingerprint is that of a public key, as keys.PublicKey has it.
	Fingerprint string
}

// String is what a person calls it: its kind and its label.
func (l Listed) String() string {
	if l.What == record.KeyRotation {
		return "public key “" + l.Label + "”"
	}
	return "client token “" + l.Label + "”"
}

// Packages builds, seals and hands over the six items.
type Packages interface {
	// Describe says whose key a recipient is, or why it can't be used.
	Describe(format record.Format, recipient string) (string, error)
	// Seal builds the package, seals it and writes it with mode 0600.
	Seal(ctx context.Context, state record.State, c record.Credentials, r record.SealRequest) (record.SealedFact, error)
	// Upload sends a sealed file by SFTP. A host key that is not known is
	// ErrUnknownHost until its fingerprint is in u.Trust.
	Upload(ctx context.Context, u record.Upload, report func(done, total int64)) (record.DeliveryFact, error)
}

// Services are the edges that effects reach through. One place wires them.
type Services struct {
	Now      func() time.Time
	Secrets  Secrets
	Progress Progress
	Checker  Checker
	Packages Packages
	// Registry signs in to DPC. It is open for the five minutes of an access token.
	Registry func(context.Context, record.State, record.Credentials) (Registry, error)
	// NewPair returns a fresh pair; it waits for the one being generated.
	NewPair func(context.Context) (keys.Pair, error)
	// NewPassphrase returns a passphrase of at least 100 bits.
	NewPassphrase func() (keys.Secret, error)
	// ReadFile reads a file that the person named, up to 1 MiB; a leading ~ is
	// the home folder.
	ReadFile func(path string) (keys.Secret, error)
	// WriteFile writes a file that is not secret, never over another one, and
	// makes its folder where there is none.
	WriteFile func(path string, data []byte) error
	// RemoveFile deletes a local file.
	RemoveFile func(path string) error
	// FreePath returns path+ext where nothing has that name yet, or else the first
	// of path-2+ext, path-3+ext and so on that is free.
	FreePath func(path, ext string) string
}
