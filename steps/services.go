package steps

import (
	"context"
	"errors"
	"time"

	"dpc-onboard/keys"
)

// ErrNoSecret is what Secrets.Load returns where nothing is stored.
var ErrNoSecret = errors.New("no such secret is stored")

// ErrWrongPassphrase is what Secrets.Use returns for a vault that exists and
// does not open.
var ErrWrongPassphrase = errors.New("the passphrase does not open the vault")

// Secrets keeps the secrets of all onboardings in one place.
type Secrets interface {
	// Use chooses the place and proves with a real write, read and delete that
	// it works. passphrase is for the vault alone. Failures are of ErrStorage.
	Use(ctx context.Context, kind StorageKind, passphrase keys.Secret) error
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
	Open(id string) (state State, found bool, err error)
	// Save writes the state of the onboarding that is open.
	Save(State) error
	// Rename moves the open onboarding's file and lock to another ID.
	Rename(id string) error
}

// Checker asks DPC whether the credentials work. It reports each line as it
// starts and as it ends.
type Checker interface {
	Check(ctx context.Context, state State, c Credentials, report func(CheckLine)) (CheckReport, error)
}

// SealRequest says how to seal the package and where to write it.
type SealRequest struct {
	Format     string      // "age", "html" or "pgp"
	Passphrase keys.Secret // or
	Recipient  string      // a public key, or the path of a file that holds one
	Path       string      // where to write; never overwritten; a folder where it ends in a separator
}

// Packages builds, seals and hands over the six items.
type Packages interface {
	// Describe says whose key a recipient is, or why it can't be used.
	Describe(format, recipient string) (string, error)
	// Seal builds the package, seals it and writes it with mode 0600.
	Seal(ctx context.Context, state State, c Credentials, r SealRequest) (SealedFact, error)
	// Upload sends a sealed file by SFTP. A host key that is not known is
	// ErrUnknownHost until its fingerprint is in u.Trust.
	Upload(ctx context.Context, u Upload, report func(done, total int64)) (DeliveryFact, error)
}

// Upload says what to send by SFTP, and how to sign in.
type Upload struct {
	File     string
	URL      string      // sftp://user@host[:port]/folder/
	Password keys.Secret // or the passphrase of KeyFile
	KeyFile  string      // or the agent and the configured keys where both are empty
	Trust    string      // fingerprint of a host key that the person has accepted
}

// UnknownHost is the error for a server whose key is not in known_hosts.
type UnknownHost struct {
	Host        string
	KeyType     string // as "ssh-ed25519"
	Fingerprint string // "SHA256:…"
}

func (u *UnknownHost) Error() string {
	return "the server " + u.Host + " is not known on this computer"
}

// Services are the edges that effects reach through. One place wires them.
type Services struct {
	Now      func() time.Time
	Secrets  Secrets
	Progress Progress
	Checker  Checker
	Packages Packages
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
	// FileExists reports whether a path is taken.
	FileExists func(path string) bool
}
