package steps

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"dpc-onboard/keys"
)

// doneAt reports whether the facts show that a step is done, and since when.
// It is the one place that says what a step is worth: a fact that names other
// facts counts only while those are still the ones it names.
func doneAt(s State, id ID) (time.Time, bool) {
	switch id {
	case Access:
		return s.AccessAt, s.named() && !s.AccessAt.IsZero() && s.Storage != nil
	case Token:
		return s.TokenShownAt, CheckLabel(s.TokenLabel) == nil && !s.TokenShownAt.IsZero()
	case Save:
		return s.savedAt()
	case Key:
		if s.keySaved() {
			return s.Key.At, true
		}
	case Add:
		if s.keySaved() && s.Added != nil {
			return s.Added.At, s.Added.Fingerprint == s.Key.Fingerprint
		}
	case KeyID:
		if s.keyIDSaved() {
			return s.KeyID.At, true
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

// named reports whether it is known who is onboarded, and where.
func (s State) named() bool {
	return s.Organization != "" && CheckNPI(s.NPI) == nil && s.Environment.known()
}

func (e Environment) known() bool { return e == Sandbox || e == Production }

// tokenLost tells of a client token that is saved and that the person gave up.
func (s State) tokenLost() bool {
	return s.ClientToken != nil && s.ClientToken.Digest == s.LostToken
}

// tokenSaved reports whether the client token is saved that the portal showed.
func (s State) tokenSaved() bool {
	t := s.ClientToken
	return t != nil && t.Digest != "" && t.Environment == s.Environment && !s.tokenLost()
}

// savedAt reports whether both tokens are saved.
func (s State) savedAt() (time.Time, bool) {
	o := s.OrganizationToken
	if !s.tokenSaved() || o == nil || o.Digest == "" {
		return time.Time{}, false
	}
	if o.At.After(s.ClientToken.At) {
		return o.At, true
	}
	return s.ClientToken.At, true
}

func (s State) keySaved() bool {
	return s.Key != nil && s.Key.Digest != "" && s.Key.Fingerprint != ""
}

// keyIDSaved reports whether there is a key ID, and for this very key.
func (s State) keyIDSaved() bool {
	if !s.keySaved() || s.KeyID == nil || s.KeyID.Fingerprint != s.Key.Fingerprint {
		return false
	}
	id, err := keys.ParseUUID(s.KeyID.ID)
	return err == nil && id == s.KeyID.ID
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
	_, saved := s.savedAt()
	return saved && s.ClientToken.Digest == tokenDigest &&
		s.keyIDSaved() && s.KeyID.ID == keyID && s.Key.Fingerprint == fingerprint
}

// sentAt reports whether today's credentials were handed over: in the package
// that was sealed last, or in an earlier one that held the same.
func (s State) sentAt() (time.Time, bool) {
	sealed := s.currentSealed()
	if sealed == nil || sealed.SHA256 == "" {
		return time.Time{}, false
	}
	for _, d := range slices.Backward(s.Sent) {
		if d.SHA256 == sealed.SHA256 || s.stillMadeFrom(d.TokenDigest, d.KeyID, d.Fingerprint) {
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
