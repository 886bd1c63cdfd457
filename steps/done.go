package steps

import (
	"bytes"
	"encoding/json"
	"time"
)

// doneAt reports whether the facts show that a step is done, and since when.
// It is the one place that says what a step is worth: a fact that names other
// facts counts only while those are still the ones it names.
func doneAt(s State, id ID) (time.Time, bool) {
	switch id {
	case Access:
		return s.AccessAt, s.Organization != "" && CheckNPI(s.NPI) == nil &&
			s.Environment.known() && !s.AccessAt.IsZero() && s.Storage != nil
	case Token:
		return s.TokenShownAt, s.TokenLabel != "" && !s.TokenShownAt.IsZero()
	case Save:
		return s.savedAt()
	case Key:
		if s.Key != nil {
			return s.Key.At, s.Key.Fingerprint != ""
		}
	case Add:
		if s.Key != nil && s.Added != nil {
			return s.Added.At, s.Added.Fingerprint == s.Key.Fingerprint
		}
	case KeyID:
		if s.Key != nil && s.KeyID != nil {
			return s.KeyID.At, s.KeyID.Fingerprint == s.Key.Fingerprint
		}
	case Check:
		if r := s.currentCheck(); r != nil {
			return r.At, r.Passed || r.Later
		}
	case Send:
		return s.sentAt()
	}
	return time.Time{}, false
}

func (e Environment) known() bool { return e == Sandbox || e == Production }

// savedAt reports whether both values are saved. A client token that was saved
// before the portal last showed one is not the one that it showed.
func (s State) savedAt() (time.Time, bool) {
	if s.ClientToken == nil || s.OrganizationToken == nil ||
		s.ClientToken.Environment != s.Environment || s.ClientToken.At.Before(s.TokenShownAt) {
		return time.Time{}, false
	}
	if s.OrganizationToken.At.After(s.ClientToken.At) {
		return s.OrganizationToken.At, true
	}
	return s.ClientToken.At, true
}

// currentCheck returns the report of the live check where it was made with
// today's token, key ID and key.
func (s State) currentCheck() *CheckReport {
	r := s.Check
	if r == nil || !s.stillMadeFrom(r.TokenDigest, r.KeyID, r.Fingerprint) {
		return nil
	}
	return r
}

// currentSealed returns the package where it holds today's credentials.
func (s State) currentSealed() *SealedFact {
	p := s.Sealed
	if p == nil || !s.stillMadeFrom(p.TokenDigest, p.KeyID, p.Fingerprint) {
		return nil
	}
	return p
}

// stillMadeFrom reports whether the credentials are the ones that were named.
func (s State) stillMadeFrom(tokenDigest, keyID, fingerprint string) bool {
	return s.ClientToken != nil && s.ClientToken.Digest == tokenDigest &&
		s.KeyID != nil && s.KeyID.ID == keyID &&
		s.Key != nil && s.Key.Fingerprint == fingerprint
}

func (s State) sentAt() (time.Time, bool) {
	sealed := s.currentSealed()
	if sealed == nil {
		return time.Time{}, false
	}
	for _, d := range s.Sent {
		if d.SHA256 == sealed.SHA256 {
			return d.At, true
		}
	}
	return time.Time{}, false
}

// sameState compares what would be written.
func sameState(a, b State) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
