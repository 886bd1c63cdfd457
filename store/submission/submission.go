package submission

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// This file says what a package is: submission.json, and the six items beside it.

// Schema is the version of submission.json that this program writes and reads.
const Schema = 1

// Submission is submission.json: what a package is, without a secret in it. The
// package comment describes each field.
type Submission struct {
	Schema         int                `json:"schema"`
	ToolVersion    string             `json:"tool_version"`
	CreatedAt      time.Time          `json:"created_at"`
	Organization   string             `json:"organization"`
	NPI            string             `json:"npi"`
	Environment    record.Environment `json:"environment"`
	TokenLabel     string             `json:"token_label"`
	TokenExpiry    time.Time          `json:"token_expiry"`
	OrganizationID string             `json:"organization_id"`
	KeyLabel       string             `json:"key_label"`
	KeyID          string             `json:"key_id"`
	KeyFingerprint string             `json:"key_fingerprint"`
	Check          Check              `json:"check"`
	Files          map[string]string  `json:"files"` // SHA-256, hexadecimal
}

// Check says whether these very credentials worked with DPC, and when.
type Check struct {
	Passed bool      `json:"passed"`
	At     time.Time `json:"at,omitzero"`
}

// Contents is a whole package: what it says of itself, and the six items.
type Contents struct {
	Submission  Submission
	Credentials record.Credentials
}

// New puts a package together from the facts of an onboarding and its
// credentials. It returns an error that names what is missing or what does not
// agree, by the same checks that Open makes.
func New(version string, now time.Time, s record.State, c record.Credentials) (Contents, error) {
	today, recorded := s.Origin()
	if !recorded {
		return Contents{}, record.NewProblem("the package is not complete: not all credentials are recorded as saved", hintUnfinished)
	}
	contents := Contents{Credentials: c, Submission: Submission{
		Schema:         Schema,
		ToolVersion:    version,
		CreatedAt:      now.UTC().Truncate(time.Second),
		Organization:   s.Organization,
		NPI:            s.NPI,
		Environment:    s.Environment,
		TokenLabel:     s.TokenLabel,
		TokenExpiry:    s.ClientToken.Expires.UTC(),
		OrganizationID: s.ClientToken.OrganizationID,
		KeyLabel:       s.Key.Label,
		KeyID:          today.KeyID,
		KeyFingerprint: today.Fingerprint,
	}}
	if check := s.CurrentCheck(); check != nil && check.Passed && !check.Later {
		contents.Submission.Check = Check{Passed: true, At: check.At.UTC()}
	}
	contents.Submission.Files = contents.digests()
	if err := contents.Verify(); err != nil {
		return Contents{}, err
	}
	if contents.origin() != today {
		return Contents{}, mixed("the credentials that are saved are not the ones that the progress file records")
	}
	pub, _ := keys.ParsePublicKey(c.PublicKey) // which Verify has read
	if err := pub.Verify(s.Key.Signature); err != nil && s.Key.Signature != "" {
		return Contents{}, record.WithHint(fmt.Errorf("the signature that the portal was given does not belong to this key: %w", err),
			"Run dpc-onboard and add the public key in the portal again.")
	}
	return contents, nil
}

// origin returns what the package was made from. That its public key has that
// fingerprint is for Verify to prove.
func (c Contents) origin() record.Origin {
	return record.Origin{
		TokenDigest: c.Credentials.ClientToken.Digest(),
		KeyID:       c.Credentials.KeyID,
		Fingerprint: c.Submission.KeyFingerprint,
	}
}

// file is one of the files in the zip.
type file struct {
	name string
	data []byte
}

// items returns the six items as files, in the order of the package.
func (c Contents) items() []file {
	k := c.Credentials
	return []file{
		{npiName, []byte(k.NPI)},
		{clientTokenName, []byte(k.ClientToken.Reveal())},
		{organizationTokenName, []byte(k.OrganizationToken.Reveal())},
		{keyIDName, []byte(k.KeyID)},
		{publicKeyName, []byte(k.PublicKey)},
		{privateKeyName, []byte(k.PrivateKey.Reveal())},
	}
}

// files returns all seven files, in the order of the package.
func (c Contents) files() ([]file, error) {
	about, err := json.MarshalIndent(c.Submission, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]file{{submissionName, append(about, '\n')}}, c.items()...), nil
}

// digests returns the SHA-256 of each item, in hexadecimal, by file name.
func (c Contents) digests() map[string]string {
	sums := map[string]string{}
	for _, f := range c.items() {
		sums[f.name] = hexDigest(f.data)
	}
	return sums
}

func hexDigest(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// JSON returns the package for import into another system: submission.json's
// names under "submission", and the six items under "credentials". The three
// secrets are in it only where withSecrets is true.
func (c Contents) JSON(withSecrets bool) ([]byte, error) {
	k := c.Credentials
	items := map[string]string{"npi": k.NPI, "key_id": k.KeyID, "public_key": k.PublicKey}
	if withSecrets {
		items["client_token"] = k.ClientToken.Reveal()
		items["organization_token"] = k.OrganizationToken.Reveal()
		items["private_key"] = k.PrivateKey.Reveal()
	}
	data, err := json.MarshalIndent(struct {
		Schema      int               `json:"schema"`
		Submission  Submission        `json:"submission"`
		Credentials map[string]string `json:"credentials"`
	}{Schema, c.Submission, items}, "", "  ")
	return append(data, '\n'), err
}

// credentials reads the six items back from files by name.
func credentials(files map[string][]byte) record.Credentials {
	secret := func(name string) keys.Secret { return keys.NewSecret(string(files[name])) }
	return record.Credentials{
		NPI:               string(files[npiName]),
		ClientToken:       secret(clientTokenName),
		OrganizationToken: secret(organizationTokenName),
		KeyID:             string(files[keyIDName]),
		PublicKey:         string(files[publicKeyName]),
		PrivateKey:        secret(privateKeyName),
	}
}
