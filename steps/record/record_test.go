package record_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

func TestNPIExamples(t *testing.T) {
	for _, npi := range []string{"1234567893", "1245319599", "1679576722"} {
		if err := record.CheckNPI(npi); err != nil {
			t.Errorf("%s: %v", npi, err)
		}
	}
	for _, npi := range []string{"", "1234567890", "1243567893", "12345678931", "123456789", "１２３４５６７８９３", "1234567893 "} {
		if record.CheckNPI(npi) == nil {
			t.Errorf("%q was taken for an NPI", npi)
		}
	}
}

// TestOneCheckDigitIsRight is what a check digit is for: nine digits leave one
// choice for the tenth.
func TestOneCheckDigitIsRight(t *testing.T) {
	one := func(n uint32) bool {
		right := 0
		for digit := range 10 {
			if record.CheckNPI(fmt.Sprintf("%09d%d", n%1e9, digit)) == nil {
				right++
			}
		}
		return right == 1
	}
	if err := quick.Check(one, nil); err != nil {
		t.Error(err)
	}
}

func TestIDsAndTheirParts(t *testing.T) {
	for _, id := range []string{"1234567893-sandbox", "1992999999-production"} {
		npi, e, err := record.ParseID(id)
		if back := (record.State{NPI: npi, Environment: e}).ID(); err != nil || back != id {
			t.Errorf("%s became %s, %v", id, back, err)
		}
		if s, err := record.Begun(id); err != nil || s.ID() != id || s.Schema != record.Schema {
			t.Errorf("begun as %+v, %v", s, err)
		}
	}
	for _, id := range []string{"", "1234567893", "1234567893-test", "123456789-sandbox", "x1234567893-sandbox", "1234567893-sandbox/..", "../1234567893-sandbox", "1234567893-sandbox\n"} {
		if _, _, err := record.ParseID(id); !errors.Is(err, record.ErrUsage) || record.Hint(err) == "" {
			t.Errorf("%q: %v", id, err)
		}
	}
	if id := (record.State{NPI: "1234567893"}).ID(); id != "" {
		t.Errorf("half an ID: %q", id)
	}
}

var saved = record.SecretFact{At: time.Unix(1, 0), Digest: "0123456789abcdef", Length: 700}

// complete is an onboarding with a check, a package and a hand-over of one and the
// same credentials.
func complete() record.State {
	s := record.State{
		NPI: "1234567893", Environment: record.Sandbox,
		ClientToken:       &record.TokenFact{SecretFact: saved, Environment: record.Sandbox},
		OrganizationToken: &saved,
		Key:               &record.KeyFact{SecretFact: saved, Fingerprint: "SHA256:key"},
		KeyID:             &record.KeyIDFact{ID: "3f1c2a60-8a9b-4b0e-9d53-0d1e6a7f2b11", Fingerprint: "SHA256:key"},
		Storage:           &record.Storage{Kind: record.Vault},
	}
	s = s.WithCheck(check.Report{Passed: true})
	origin, _ := s.Origin()
	s.Sealed = &record.SealedFact{SHA256: "ab", Origin: origin}
	return s.WithDelivery(record.DeliveryFact{At: time.Unix(2, 0), SHA256: "ab"})
}

// TestOneRuleForWhatIsCurrent changes each of the credentials: whatever was made
// from them (the check, the package, the hand-over) counts no more, all at once.
func TestOneRuleForWhatIsCurrent(t *testing.T) {
	counts := func(s record.State) (what []string) {
		if s.CurrentCheck() != nil {
			what = append(what, "check")
		}
		if s.CurrentPackage() != nil {
			what = append(what, "package")
		}
		if _, sent := s.SentAt(); sent {
			what = append(what, "sent")
		}
		return what
	}
	if got := counts(complete()); !slices.Equal(got, []string{"check", "package", "sent"}) {
		t.Fatalf("of a complete onboarding count %v", got)
	}
	for name, change := range map[string]func(*record.State){
		"token given up":       func(s *record.State) { s.LostToken = s.ClientToken.Digest },
		"another token":        func(s *record.State) { s.ClientToken.Digest = "fedcba9876543210" },
		"no token":             func(s *record.State) { s.ClientToken = nil },
		"no organization":      func(s *record.State) { s.OrganizationToken = nil },
		"another environment":  func(s *record.State) { s.Environment = record.Production },
		"another key":          func(s *record.State) { s.Key.Fingerprint = "SHA256:other" },
		"no key":               func(s *record.State) { s.Key = nil },
		"another key ID":       func(s *record.State) { s.KeyID.ID = "6b1c2a60-8a9b-4b0e-9d53-0d1e6a7f2b11" },
		"key ID of other form": func(s *record.State) { s.KeyID.ID = "3F1C2A60-8A9B-4B0E-9D53-0D1E6A7F2B11" },
		"no key ID":            func(s *record.State) { s.KeyID = nil },
	} {
		s := complete()
		change(&s)
		if got := counts(s); got != nil {
			t.Errorf("%s: still counts: %v", name, got)
		}
	}
}

// TestAnEarlierHandOverOfTheSameCounts: another file of the same credentials need
// not be sent again.
func TestAnEarlierHandOverOfTheSameCounts(t *testing.T) {
	s := complete()
	again := *s.Sealed
	again.SHA256 = "cd"
	s.Sealed = &again
	if at, sent := s.SentAt(); !sent || !at.Equal(time.Unix(2, 0)) {
		t.Errorf("sent %v at %v", sent, at)
	}
}

func TestWhereSecretsAre(t *testing.T) {
	kept, chosen := complete(), record.State{Storage: &record.Storage{Kind: record.Vault}}
	for _, c := range []struct {
		state  record.State
		choice record.Backend
		want   record.Backend
	}{
		{kept, record.Auto, record.Vault},
		{kept, record.Keyring, record.Vault}, // they are there already
		{chosen, record.Auto, record.Vault},
		{chosen, "", record.Vault},
		{chosen, record.Keyring, record.Keyring}, // nothing is there yet
		{record.State{}, record.Auto, record.Keyring},
		{record.State{}, record.Vault, record.Vault},
	} {
		if got := c.state.Backend(c.choice); got != c.want {
			t.Errorf("--store %s: got %s, want %s", c.choice, got, c.want)
		}
	}
}

func TestNamesOfSecrets(t *testing.T) {
	want := []string{"client-token", "client-token.old", "client-token.new", "organization-token", "organization-token.old", "organization-token.new", "private-key", "private-key.old", "private-key.new"}
	if got := record.StoredNames(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	s := complete()
	if got := s.Kept(); !slices.Equal(got, record.SecretNames) {
		t.Errorf("kept %v", got)
	}
	s.Key, s.OrganizationToken = nil, nil
	if got := s.Kept(); !slices.Equal(got, []string{record.ClientTokenName}) || s.Secret(record.PrivateKeyName) != nil {
		t.Errorf("kept %v", got)
	}
}
