package record

import (
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
)

// Schema is the version of State's JSON form that this program writes.
const Schema = 1

// State is everything that is known of one onboarding: facts, never positions,
// and never a secret. Which step comes next is derived from it. A fact names
// what it depends on (a key ID names the fingerprint it was recorded for), so a
// fact that has been overtaken stops counting without anyone resetting it.
type State struct {
	Schema       int         `json:"schema"`
	Organization string      `json:"organization"`
	NPI          string      `json:"npi"`
	Environment  Environment `json:"environment"`
	CreatedAt    time.Time   `json:"created_at,omitzero"`
	UpdatedAt    time.Time   `json:"updated_at,omitzero"`

	// AccessAt is when the person confirmed that DPC granted access.
	AccessAt time.Time `json:"access_at,omitzero"`
	// PortalURL is where the production portal is, from CMS's invitation e-mail.
	PortalURL string `json:"portal_url,omitempty"`
	// Storage is where the secrets are, once a real write, read and delete worked.
	Storage *Storage `json:"storage,omitempty"`

	TokenLabel string `json:"token_label,omitempty"`
	// TokenShownAt is when the person saw the portal's "Success" message.
	TokenShownAt      time.Time   `json:"token_shown_at,omitzero"`
	ClientToken       *TokenFact  `json:"client_token,omitempty"`
	OrganizationToken *SecretFact `json:"organization_token,omitempty"`

	Key       *KeyFact       `json:"key,omitempty"`
	Added     *AddedFact     `json:"added,omitempty"`
	Addresses *AddressFact   `json:"addresses,omitempty"` // production's
	KeyID     *KeyIDFact     `json:"key_id,omitempty"`
	Check     *CheckFact     `json:"check,omitempty"`
	Sealed    *SealedFact    `json:"sealed,omitempty"`
	Sent      []DeliveryFact `json:"sent,omitempty"`

	// LostToken is the digest of a client token that the person gave up: it is
	// still saved, and counts no more until it is taken up again.
	LostToken string `json:"lost_token,omitempty"`

	// Previous is what a rotation replaces, kept until the new one is checked.
	Previous *PreviousFact `json:"previous,omitempty"`

	// Renewing lists what was asked of DPC's API and is not in use: what is under
	// way, and what was left over there.
	Renewing []RenewalFact `json:"renewing,omitempty"`
}

// SecretFact says that a secret was saved and read back.
type SecretFact struct {
	At     time.Time `json:"at"`
	Digest string    `json:"digest"` // keys.Secret.Digest
	Length int       `json:"length"` // bytes
}

// TokenFact says that the client token was saved and read back, and what the
// token says of itself.
type TokenFact struct {
	SecretFact
	ID             string      `json:"id,omitempty"`    // the token's own ID, where it is a UUID
	Label          string      `json:"label,omitempty"` // in the portal's list
	OrganizationID string      `json:"organization_id,omitempty"`
	Environment    Environment `json:"environment,omitempty"`
	Expires        time.Time   `json:"expires,omitzero"`
}

// DaysLeft returns the whole days until the token ends, as keys.Token does.
func (t TokenFact) DaysLeft(now time.Time) int {
	return keys.Token{Expires: t.Expires}.DaysLeft(now)
}

// KeyFact says that a key pair was made or imported, and its private key saved
// and read back. Nothing in it is secret.
type KeyFact struct {
	SecretFact
	Label       string `json:"label"`
	Fingerprint string `json:"fingerprint"` // "SHA256:" and unpadded base64
	PublicKey   string `json:"public_key"`  // SubjectPublicKeyInfo PEM
	Signature   string `json:"signature"`   // base64, lines of 64
	Imported    bool   `json:"imported,omitempty"`
}

// AddedFact says that the person added a public key in the portal.
type AddedFact struct {
	Fingerprint string    `json:"fingerprint"`
	At          time.Time `json:"at"`
}

// AddressFact says that the person entered public IP addresses in the production
// portal, and which, where that was noted.
type AddressFact struct {
	At        time.Time `json:"at"`
	Addresses []string  `json:"addresses,omitempty"` // IPv4
}

// KeyIDFact is the public key ID that the portal shows for a fingerprint.
type KeyIDFact struct {
	ID          string    `json:"id"`
	Fingerprint string    `json:"fingerprint"`
	At          time.Time `json:"at"`
}

// CheckFact is the outcome of the last live check, or that the person chose to
// check later.
type CheckFact struct {
	check.Report
	Later bool `json:"later"`
	Origin
}

// SealedFact is the package that was last sealed, and what it was made from.
type SealedFact struct {
	File      string    `json:"file"`
	Format    Format    `json:"format"`
	Recipient string    `json:"recipient"` // "passphrase", or whose key
	SHA256    string    `json:"sha256"`    // of the sealed file, hexadecimal
	Size      int64     `json:"size"`      // bytes
	At        time.Time `json:"at"`
	Origin
	// RemovedAt is when the local file was deleted.
	RemovedAt time.Time `json:"removed_at,omitzero"`
}

// DeliveryFact is one hand-over of a sealed package.
type DeliveryFact struct {
	At     time.Time `json:"at"`
	How    Delivery  `json:"how"`
	Where  string    `json:"where"` // an address without a password
	File   string    `json:"file"`
	SHA256 string    `json:"sha256"`
	Origin
}

// PreviousFact is what a rotation replaces.
type PreviousFact struct {
	At                time.Time   `json:"at"`
	What              Rotation    `json:"what"`
	TokenLabel        string      `json:"token_label,omitempty"`
	ClientToken       *TokenFact  `json:"client_token,omitempty"`
	OrganizationToken *SecretFact `json:"organization_token,omitempty"`
	Key               *KeyFact    `json:"key,omitempty"`
	KeyID             *KeyIDFact  `json:"key_id,omitempty"`
}

// RenewalFact is a client token or a key pair that a renewal asks DPC for. It is
// noted before, so that one of which nothing else is known can be found by its label.
type RenewalFact struct {
	At    time.Time `json:"at"`
	What  Rotation  `json:"what"`
	Label string    `json:"label"`
	// ID is its ID at DPC, once it is known that it lies there and is of no use.
	ID string `json:"id,omitempty"`
	// Token, or Key with KeyID, is the new one as it is in use from then on: it is
	// saved and checked, and going into the old one's place.
	Token *TokenFact `json:"token,omitempty"`
	Key   *KeyFact   `json:"key,omitempty"`
	KeyID *KeyIDFact `json:"key_id,omitempty"`
}

// Credentials are the six items that the guide ends with.
type Credentials struct {
	NPI               string
	ClientToken       keys.Secret
	OrganizationToken keys.Secret
	KeyID             string // public key ID, a UUID
	PublicKey         string // SubjectPublicKeyInfo PEM
	PrivateKey        keys.Secret
}
