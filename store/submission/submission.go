package submission

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// This file says what a package is: submission.json, and the six items beside it.

// Schema is the version of submission.json that this program writes and reads.
const Schema = 1

// Submission is submission.json: what a package is, without a secret in it. The
// package comment describes each field.
type Submission struct {
	Schema         int               `json:"schema"`
	ToolVersion    string            `json:"tool_version"`
	CreatedAt      time.Time         `json:"created_at"`
	Organization   string            `json:"organization"`
	NPI            string            `json:"npi"`
	Environment    steps.Environment `json:"environment"`
	TokenLabel     string            `json:"token_label"`
	TokenExpiry    time.Time         `json:"token_expiry"`
	OrganizationID string            `json:"organization_id"`
	KeyLabel       string            `json:"key_label"`
	KeyID          string            `json:"key_id"`
	KeyFingerprint string            `json:"key_fingerprint"`
	Check          Check             `json:"check"`
	Files          map[string]string `json:"files"` // SHA-256, hexadecimal
}

// Check says whether these very credentials worked with DPC, and when.
type Check struct {
	Passed bool      `json:"passed"`
	At     time.Time `json:"at,omitzero"`
}

// Contents is a whole package: what it says of itself, and the six items.
type Contents struct {
	Submission  Submission
	Credentials steps.Credentials
}

// New puts a package together from the facts of an onboarding and its
// credentials. It returns an error that names what is missing or what does not
// agree, by the same checks that Open makes.
func New(version string, now time.Time, state steps.State, c steps.Credentials) (Contents, error) {
	if err := complete(state, c); err != nil {
		return Contents{}, err
	}
	contents := Contents{Submission: describe(version, now, state), Credentials: c}
	contents.Submission.Files = contents.digests()
	if err := signed(state, c); err != nil {
		return Contents{}, err
	}
	if err := contents.Verify(); err != nil {
		return Contents{}, err
	}
	return contents, nil
}

// describe takes what submission.json says from the facts. It expects that the
// state is complete.
func describe(version string, now time.Time, s steps.State) Submission {
	return Submission{
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
		KeyID:          s.KeyID.ID,
		KeyFingerprint: s.Key.Fingerprint,
		Check:          checked(s),
	}
}

// checked reads the live check's outcome, which counts only for the token, key
// and key ID that it was made with.
func checked(s steps.State) Check {
	r := s.Check
	if r == nil || r.Later || !r.Passed || r.TokenDigest != s.ClientToken.Digest ||
		r.KeyID != s.KeyID.ID || r.Fingerprint != s.Key.Fingerprint {
		return Check{}
	}
	return Check{Passed: true, At: r.At.UTC()}
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

func hexDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// JSON returns the package for import into another system: submission.json's
// names under "submission", and the six items under "credentials". The three
// secrets are in it only where withSecrets is true.
func (c Contents) JSON(withSecrets bool) ([]byte, error) {
	k := c.Credentials
	items := exported{NPI: k.NPI, KeyID: k.KeyID, PublicKey: k.PublicKey}
	if withSecrets {
		items.ClientToken = k.ClientToken.Reveal()
		items.OrganizationToken = k.OrganizationToken.Reveal()
		items.PrivateKey = k.PrivateKey.Reveal()
	}
	data, err := json.MarshalIndent(struct {
		Schema      int        `json:"schema"`
		Submission  Submission `json:"submission"`
		Credentials exported   `json:"credentials"`
	}{Schema, c.Submission, items}, "", "  ")
	return append(data, '\n'), err
}

// exported is the form of the credentials that leaves by JSON.
type exported struct {
	NPI               string `json:"npi"`
	ClientToken       string `json:"client_token,omitempty"`
	OrganizationToken string `json:"organization_token,omitempty"`
	KeyID             string `json:"key_id"`
	PublicKey         string `json:"public_key"`
	PrivateKey        string `json:"private_key,omitempty"`
}

// credentials reads the six items back from files by name.
func credentials(files map[string][]byte) steps.Credentials {
	secret := func(name string) keys.Secret { return keys.NewSecret(string(files[name])) }
	return steps.Credentials{
		NPI:               string(files[npiName]),
		ClientToken:       secret(clientTokenName),
		OrganizationToken: secret(organizationTokenName),
		KeyID:             string(files[keyIDName]),
		PublicKey:         string(files[publicKeyName]),
		PrivateKey:        secret(privateKeyName),
	}
}
