package submission

import (
	"errors"
	"fmt"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// This file decides whether a package is complete and belongs together, on the
// sender's side and on the receiver's.

// Hints of errors that send people back to the wizard.
const (
	hintUnfinished = "Run dpc-onboard, which goes on at the step that is missing."
	hintMixed      = "Values of two onboardings were mixed: run dpc-onboard and enter them again from the same portal page."
)

func mixed(text string) error { return record.NewProblem(text, hintMixed) }

// Verify checks a package against itself: nothing is missing, every digest is
// right, the pair belongs together and can sign what the portal asks for, the
// key is what the fingerprint says, and token, organization and environment
// agree. New and Open return nothing that it refuses.
func (c Contents) Verify() error {
	for _, check := range []func() error{c.verifyFiles, c.verifyIDs, c.verifyPair, c.verifyTokens} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// verifyFiles expects exactly the six items, each with something in it and with its
// SHA-256.
func (c Contents) verifyFiles() error {
	items := c.items()
	var missing []string
	for _, f := range items {
		if len(f.data) == 0 {
			missing = append(missing, f.name)
		}
	}
	if missing != nil {
		return record.WithHint(fmt.Errorf("the package is not complete: %s missing", strings.Join(missing, ", ")), hintUnfinished)
	}
	for _, f := range items {
		if c.Submission.Files[f.name] != hexDigest(f.data) {
			return damaged(fmt.Errorf("%s is not what its checksum says", f.name))
		}
	}
	if len(c.Submission.Files) != len(items) {
		return damaged(errors.New("submission.json names files that do not belong to a package"))
	}
	return nil
}

// verifyIDs checks the values that are no secrets and no keys.
func (c Contents) verifyIDs() error {
	s := c.Submission
	if err := record.CheckNPI(s.NPI); err != nil {
		return err
	}
	switch {
	case s.Organization == "":
		return record.NewProblem("the package is not complete: the organization's name is missing", hintUnfinished)
	case s.NPI != c.Credentials.NPI:
		return mixed("npi.txt and submission.json name different NPIs")
	case s.KeyID != c.Credentials.KeyID:
		return mixed("public-key-id.txt and submission.json name different key IDs")
	case !s.Environment.Known():
		return mixed(fmt.Sprintf("there is no environment called %.40q", s.Environment))
	case !isUUID(s.KeyID):
		return record.NewProblem("the public key ID is no UUID", "Copy it from the list of public keys in the portal.")
	case !isUUID(s.OrganizationID):
		return mixed("the organization ID is no UUID")
	}
	return nil
}

// isUUID reports whether a text is a UUID as the portal shows it: 36 characters.
func isUUID(text string) bool {
	id, err := keys.ParseUUID(text)
	return err == nil && strings.EqualFold(id, text)
}

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
		return record.WithHint(err, "Keep the pair that was made together: run dpc-onboard, which makes one.")
	}
	if pub.Fingerprint() != c.Submission.KeyFingerprint {
		return record.NewProblem("the public key is not the one that the fingerprint names", foreignHint)
	}
	signature, err := pair.Sign()
	if err != nil {
		return badKey("private key", err)
	}
	return record.WithHint(pub.Verify(signature), foreignHint)
}

func badKey(name string, err error) error {
	return record.WithHint(fmt.Errorf("the %s can't be used: %w", name, err), "It takes an RSA key of at least 4096 bits in PEM.")
}

// verifyTokens compares what the tokens say of themselves with the package: their
// organization, and their environment where their address tells one. The field of
// the organization token holds what the wizard accepts there.
func (c Contents) verifyTokens() error {
	s := c.Submission
	_, client, err := keys.ParseToken(c.Credentials.ClientToken)
	if err != nil {
		return record.WithHint(fmt.Errorf("the client token can't be used: %w", err), hintMixed)
	}
	_, organization, err := keys.ParseOrganizationToken(c.Credentials.OrganizationToken)
	if err != nil {
		return record.WithHint(fmt.Errorf("the organization token can't be used: %w", err), hintMixed)
	}
	switch {
	case !strings.EqualFold(client.OrganizationID, s.OrganizationID):
		return mixed("the client token belongs to another organization than the package")
	case !strings.EqualFold(organization.OrganizationID, s.OrganizationID):
		return mixed("the organization token and the client token come from different organizations")
	case !client.Expires.Equal(s.TokenExpiry):
		return mixed("the client token expires at another time than the package says")
	}
	for _, token := range []keys.Token{client, organization} {
		if e, known := record.EnvironmentOf(token); known && e != s.Environment {
			return mixed(fmt.Sprintf("the token is for %s, and the package for %s", e, s.Environment))
		}
	}
	return nil
}
