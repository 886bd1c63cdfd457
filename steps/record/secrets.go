package record

import (
	"strings"
	"time"
)

// Names under which the secrets of one onboarding are stored.
const (
	ClientTokenName       = "client-token"
	OrganizationTokenName = "organization-token"
	PrivateKeyName        = "private-key"
)

// SecretNames lists the names in the order in which they come to exist.
var SecretNames = []string{ClientTokenName, OrganizationTokenName, PrivateKeyName}

// Old is the name under which a secret is kept while another takes its place.
func Old(name string) string { return name + ".old" }

// New is the name under which a secret is kept until it takes another's place.
func New(name string) string { return name + ".new" }

// StoredNames lists every name under which an onboarding may have a secret.
func StoredNames() []string {
	var names []string
	for _, name := range SecretNames {
		names = append(names, name, Old(name), New(name))
	}
	return names
}

// SecretTitle returns what a person calls a secret, as "client token".
func SecretTitle(name string) string { return strings.ReplaceAll(name, "-", " ") }

// Secret returns the fact that a secret was saved, by its name; nil for none.
func (s State) Secret(name string) *SecretFact {
	switch name {
	case ClientTokenName:
		return s.ClientToken.Secret()
	case OrganizationTokenName:
		return s.OrganizationToken
	case PrivateKeyName:
		return s.Key.Secret()
	}
	return nil
}

// Kept lists the names of the secrets that were saved.
func (s State) Kept() []string {
	var names []string
	for _, name := range SecretNames {
		if s.Secret(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// Backend is where secrets are kept, as --store and the progress file name it.
type Backend string

const (
	// Auto is the choice of someone who leaves it to the program.
	Auto    Backend = "auto"
	Keyring Backend = "keyring"
	Vault   Backend = "vault"
)

// Storage says that a backend was tried and worked.
type Storage struct {
	Kind Backend   `json:"kind"`
	At   time.Time `json:"at"`
}

// Backend returns where an onboarding's secrets are to be looked for and kept:
// where some are already, else by the person's choice, else where they were to be
// kept, else in the keyring. It never returns Auto.
func (s State) Backend(choice Backend) Backend {
	switch {
	case s.Storage != nil && len(s.Kept()) > 0:
		return s.Storage.Kind
	case choice == Keyring, choice == Vault:
		return choice
	case s.Storage != nil:
		return s.Storage.Kind
	}
	return Keyring
}
