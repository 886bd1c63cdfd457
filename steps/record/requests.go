package record

import "dpc-onboard/keys"

// Format is how a package is sealed: "age", "html" or "pgp". store/submission has
// a file for each.
type Format string

// Protection is who can open a package.
type Protection string

const (
	MadePassphrase Protection = "made" // whoever has a passphrase that was made here
	OwnPassphrase  Protection = "own"  // whoever has a passphrase of the person's own
	PublicKey      Protection = "key"  // the holder of a public key
)

// ByPassphrase is the Recipient of a package that a passphrase opens.
const ByPassphrase = "passphrase"

// Delivery is the way in which a package was handed over.
type Delivery string

const (
	BySFTP    Delivery = "sftp"
	ByRequest Delivery = "request" // at the vendor's help desk
	ByHand    Delivery = "other"
)

// Rotation is what a rotation replaces.
type Rotation string

const (
	TokenRotation Rotation = "token"
	KeyRotation   Rotation = "key"
)

// SealRequest says how to seal the package and where to write it.
type SealRequest struct {
	Format     Format
	Passphrase keys.Secret // or
	Recipient  string      // a public key, or the path of a file that holds one
	Path       string      // where to write; never overwritten; a folder where it ends in a separator
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
