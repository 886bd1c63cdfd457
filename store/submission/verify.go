package submission

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// This file decides whether a package is complete and belongs together, on the
// sender's side and on the receiver's.

// Hints of errors that name a step of the wizard.
const (
	hintUnfinished = "Run dpc-onboard, which goes on at the step that is missing."
	hintMixed      = "Values of two onboardings were mixed: run dpc-onboard and enter them again from the same portal page."
)

// need is one thing that must be there, and what it is called.
type need struct {
	name  string
	there bool
}

// missing returns an error that names what is not there.
func missing(needs []need) error {
	var names []string
	for _, n := range needs {
		if !n.there {
			names = append(names, n.name)
		}
	}
	if names == nil {
		return nil
	}
	return steps.WithHint(fmt.Errorf("the package is not complete: %s missing", strings.Join(names, ", ")), hintUnfinished)
}

// complete checks that the onboarding has come far enough for a package, and
// that its facts are about these credentials.
func complete(s steps.State, c steps.Credentials) error {
	err := missing(append(present(c),
		need{"organization", s.Organization != ""},
		need{"environment", s.Environment != ""},
		need{"record of the client token", s.ClientToken != nil},
		need{"record of the key pair", s.Key != nil},
		need{"record of the public key ID", s.KeyID != nil},
	))
	switch {
	case err != nil:
		return err
	case s.NPI != c.NPI:
		return mixed("the NPI in the progress file is not the one to be sent")
	case s.KeyID.ID != c.KeyID:
		return mixed("the public key ID in the progress file is not the one to be sent")
	case s.KeyID.Fingerprint != s.Key.Fingerprint:
		return steps.WithHint(errors.New("the public key ID was recorded for another key pair"),
			"Run dpc-onboard: add the new public key in the portal and enter its ID.")
	case s.ClientToken.Digest != c.ClientToken.Digest():
		return mixed("the client token is not the one that was recorded")
	}
	return nil
}

// present lists the six items, by the guide's names.
func present(c steps.Credentials) []need {
	return []need{
		{"NPI", c.NPI != ""},
		{"client token", !c.ClientToken.IsZero()},
		{"organization token", !c.OrganizationToken.IsZero()},
		{"public key ID", c.KeyID != ""},
		{"public key", c.PublicKey != ""},
		{"private key", !c.PrivateKey.IsZero()},
	}
}

// signed checks the signature that the portal was given, where it is recorded.
func signed(s steps.State, c steps.Credentials) error {
	if s.Key.Signature == "" {
		return nil
	}
	pub, err := keys.ParsePublicKey(c.PublicKey)
	if err != nil {
		return badKey("public key", err)
	}
	if err := pub.Verify(s.Key.Signature); err != nil {
		return steps.WithHint(fmt.Errorf("the signature that the portal was given does not belong to this key: %w", err),
			"Run dpc-onboard and add the public key in the portal again.")
	}
	return nil
}

func mixed(text string) error { return steps.WithHint(errors.New(text), hintMixed) }

// Verify checks a package against itself: nothing is missing, every digest is
// right, the pair belongs together and can sign what the portal asks for, the
// key is what the fingerprint says, and token, organization and environment
// agree. New and Open return nothing that it refuses.
func (c Contents) Verify() error {
	for _, check := range []func() error{
		c.verifyComplete, c.verifyDigests, c.verifyIDs, c.verifyPair, c.verifyToken, c.verifyOrganizationToken,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Contents) verifyComplete() error {
	s := c.Submission
	return missing(append(present(c.Credentials),
		need{"organization", s.Organization != ""},
		need{"organization ID", s.OrganizationID != ""},
		need{"key fingerprint", s.KeyFingerprint != ""},
		need{"environment", s.Environment != ""},
	))
}

// verifyDigests expects exactly the six names, each with its SHA-256.
func (c Contents) verifyDigests() error {
	want := c.digests()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if c.Submission.Files[name] != want[name] {
			return damaged(fmt.Errorf("%s is not what its checksum says", name))
		}
	}
	if len(c.Submission.Files) != len(want) {
		return damaged(errors.New("submission.json names files that do not belong to a package"))
	}
	return nil
}

// verifyIDs checks the values that are no secrets and no keys.
func (c Contents) verifyIDs() error {
	s := c.Submission
	if err := steps.CheckNPI(s.NPI); err != nil {
		return err
	}
	switch {
	case s.NPI != c.Credentials.NPI:
		return mixed("npi.txt and submission.json name different NPIs")
	case s.KeyID != c.Credentials.KeyID:
		return mixed("public-key-id.txt and submission.json name different key IDs")
	case s.Environment != steps.Sandbox && s.Environment != steps.Production:
		return mixed(fmt.Sprintf("there is no environment called %.40q", s.Environment))
	case !isUUID(s.KeyID):
		return steps.WithHint(errors.New("the public key ID is no UUID"), "Copy it from the list of public keys in the portal.")
	case !isUUID(s.OrganizationID):
		return mixed("the organization ID is no UUID")
	}
	return nil
}

// isUUID reports whether a text is a UUID as the portal shows it: 36 characters.
func isUUID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// verifyPair also signs with the private key and checks that with the public
// one: the proof that the portal asks for.
func (c Contents) verifyPair() error {
	pub, err := keys.ParsePublicKey(c.Credentials.PublicKey)
	if err != nil {
		return badKey("public key", err)
	}
	pair, err := keys.ParsePrivateKey(c.Credentials.PrivateKey)
	if err != nil {
		return badKey("private key", err)
	}
	if err := pair.Matches(pub); err != nil {
		return steps.WithHint(err, "Keep the pair that was made together: run dpc-onboard, which makes one.")
	}
	if pub.Fingerprint() != c.Submission.KeyFingerprint {
		return steps.WithHint(errors.New("the public key is not the one that the fingerprint names"), foreignHint)
	}
	signature, err := pair.Sign()
	if err != nil {
		return badKey("private key", err)
	}
	return steps.WithHint(pub.Verify(signature), foreignHint)
}

func badKey(name string, err error) error {
	return steps.WithHint(fmt.Errorf("the %s can't be used: %w", name, err), "It takes an RSA key of at least 4096 bits in PEM.")
}

// verifyToken compares what the client token says of itself with the package.
func (c Contents) verifyToken() error {
	_, token, err := keys.ParseToken(c.Credentials.ClientToken)
	if err != nil {
		return steps.WithHint(fmt.Errorf("the client token can't be used: %w", err), hintMixed)
	}
	switch {
	case !strings.EqualFold(token.OrganizationID, c.Submission.OrganizationID):
		return mixed("the client token belongs to another organization than the package")
	case !token.Expires.Equal(c.Submission.TokenExpiry):
		return mixed("the client token expires at another time than the package says")
	}
	return c.verifyEnvironment(token)
}

// verifyEnvironment compares environments where the token's address tells one.
func (c Contents) verifyEnvironment(token keys.Token) error {
	if e, known := steps.EnvironmentOf(token); known && e != c.Submission.Environment {
		return mixed(fmt.Sprintf("the token is for %s, and the package for %s", e, c.Submission.Environment))
	}
	return nil
}

// verifyOrganizationToken accepts what the wizard accepts in that field: the
// organization's ID, or a token of the same organization and environment.
func (c Contents) verifyOrganizationToken() error {
	value := c.Credentials.OrganizationToken
	if isUUID(value.Reveal()) {
		if !strings.EqualFold(value.Reveal(), c.Submission.OrganizationID) {
			return mixed("the organization ID and the client token come from different organizations")
		}
		return nil
	}
	_, token, err := keys.ParseToken(value)
	if err != nil {
		return steps.WithHint(fmt.Errorf("the organization token can't be used: %w", err), hintMixed)
	}
	if !strings.EqualFold(token.OrganizationID, c.Submission.OrganizationID) {
		return mixed("the organization token and the client token come from different organizations")
	}
	return c.verifyEnvironment(token)
}
