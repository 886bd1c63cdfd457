package wizard

import (
	_ "embed"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// A public key and its portal signature, of a private key that was thrown away:
// what is drawn is to be the same in every run.
var (
	//go:embed testdata/public-key.pem
	publicKey string
	//go:embed testdata/signature-snippet.txt
	signature string
)

func TestFixturesBelongTogether(t *testing.T) {
	public, err := keys.ParsePublicKey(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := public.Verify(signature); err != nil {
		t.Error(err)
	}
}

// day returns a time some days from the tests' now.
func day(n int) time.Time { return stepstest.Start.AddDate(0, 0, n) }

// complete is the state of an onboarding that has come to its end.
func complete(t testing.TB) record.State {
	t.Helper()
	public, err := keys.ParsePublicKey(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := public.Fingerprint()
	fact := record.SecretFact{At: day(-2), Digest: "00d1935700d19357", Length: 829}
	s := record.State{
		Schema: record.Schema, Organization: organization, NPI: stepstest.NPI, Environment: record.Sandbox,
		CreatedAt: day(-2), UpdatedAt: day(-1), AccessAt: day(-2),
		Storage:    &record.Storage{Kind: record.Keyring, At: day(-2)},
		TokenLabel: "HealthEndeavors sandbox", TokenShownAt: day(-2),
		ClientToken: &record.TokenFact{
			SecretFact: fact, Label: "HealthEndeavors sandbox", OrganizationID: keystest.OrganizationID,
			Environment: record.Sandbox, Expires: day(365),
		},
		OrganizationToken: &fact,
		Key: &record.KeyFact{
			SecretFact: fact, Label: "HealthEndeavors sandbox", Fingerprint: fingerprint, PublicKey: publicKey, Signature: signature,
		},
		Added: &record.AddedFact{Fingerprint: fingerprint, At: day(-1)},
		KeyID: &record.KeyIDFact{ID: stepstest.KeyID, Fingerprint: fingerprint, At: day(-1)},
	}
	s = s.WithCheck(stepstest.Passed())
	s.Sealed = sealed(s)
	s.Sent = sent(s.Sealed.SHA256)
	return s
}

// sealed is the package of an onboarding's credentials.
func sealed(s record.State) *record.SealedFact {
	origin, _ := s.Origin()
	return &record.SealedFact{
		File: stepstest.Folder + "/dpc-1234567893-sandbox-20261123.zip.age", Format: "age", Recipient: "passphrase",
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Size: 7342, At: stepstest.Start,
		Origin: origin,
	}
}

// sent is the hand-over of a package.
func sent(digest string) []record.DeliveryFact {
	return []record.DeliveryFact{{At: stepstest.Start, How: "sftp", Where: "sftp://files.example.com/incoming/", SHA256: digest}}
}

// upTo takes back what is done from a step on.
func upTo(s record.State, id steps.ID) record.State {
	switch id {
	case steps.Access:
		return record.State{}
	case steps.Token:
		s.TokenShownAt, s.TokenLabel = time.Time{}, ""
		fallthrough
	case steps.Save:
		s.ClientToken, s.OrganizationToken = nil, nil
		fallthrough
	case steps.Key:
		s.Key = nil
		fallthrough
	case steps.Add:
		s.Added = nil
		fallthrough
	case steps.KeyID:
		s.KeyID = nil
		fallthrough
	case steps.Check:
		s.Check = nil
		fallthrough
	case steps.Send:
		s.Sealed, s.Sent = nil, nil
	}
	return s
}

// factsAt is an onboarding that stands at a step.
func factsAt(t testing.TB, id steps.ID) steps.Facts {
	t.Helper()
	s := upTo(complete(t), id)
	session := steps.Session{Now: stepstest.Start, Store: "auto", Folder: stepstest.Folder}
	if id != steps.Access {
		session.Open, session.Ready, session.Backend = s.ID(), true, record.Keyring
	}
	return steps.Facts{State: s, Session: session}
}
