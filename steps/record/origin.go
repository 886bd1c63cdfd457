package record

import (
	"cmp"
	"slices"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
)

// Origin names the credentials that a check, a package or a hand-over was made
// from. Two of them are compared with ==.
type Origin struct {
	TokenDigest string `json:"token_digest,omitempty"` // keys.Secret.Digest of the client token
	KeyID       string `json:"key_id,omitempty"`       // public key ID, a UUID
	Fingerprint string `json:"fingerprint,omitempty"`  // of the public key: "SHA256:" and unpadded base64
}

// Origin returns the origin of what is made from today's credentials. It reports
// false while they are not all saved, and while the client token is given up.
func (s State) Origin() (Origin, bool) {
	if _, saved := s.SavedAt(); !saved || !s.KeyIDSaved() {
		return Origin{}, false
	}
	return Origin{TokenDigest: s.ClientToken.Digest, KeyID: s.KeyID.ID, Fingerprint: s.Key.Fingerprint}, true
}

// Current reports whether something was made from today's credentials. It is the
// one rule for what a check, a package and a hand-over are still worth.
func (s State) Current(o Origin) bool {
	today, ok := s.Origin()
	return ok && o == today
}

// CurrentCheck returns the live check of today's credentials, or nil.
func (s State) CurrentCheck() *CheckFact {
	if s.Check == nil || !s.Current(s.Check.Origin) {
		return nil
	}
	return s.Check
}

// CurrentPackage returns the sealed package of today's credentials, or nil.
func (s State) CurrentPackage() *SealedFact {
	if s.Sealed == nil || !s.Current(s.Sealed.Origin) {
		return nil
	}
	return s.Sealed
}

// SentAt reports when today's credentials were handed over: in the package that
// was sealed last, or in an earlier one that held the same.
func (s State) SentAt() (time.Time, bool) {
	sealed := s.CurrentPackage()
	if sealed == nil || sealed.SHA256 == "" {
		return time.Time{}, false
	}
	for _, d := range slices.Backward(s.Sent) {
		if d.SHA256 == sealed.SHA256 || s.Current(d.Origin) {
			return d.At, true
		}
	}
	return time.Time{}, false
}

// WithCheck returns the state with the outcome of a live check of today's
// credentials.
func (s State) WithCheck(r check.Report) State {
	origin, _ := s.Origin()
	s.Check = &CheckFact{Report: r, Origin: origin}
	return s
}

// WithDelivery returns the state with one more hand-over of the sealed package.
func (s State) WithDelivery(d DeliveryFact) State {
	if s.Sealed != nil && s.Sealed.SHA256 == d.SHA256 {
		d.Origin = s.Sealed.Origin
	}
	s.Sent = append(slices.Clip(s.Sent), d)
	return s
}

// ForProduction returns the beginning of the production onboarding of the same
// organization. AccessAt is left open, so that the person confirms it.
func (s State) ForProduction() State {
	return State{Schema: Schema, Organization: s.Organization, NPI: s.NPI, Environment: Production}
}

// PortalAddress returns where the person signs in to DPC's portal.
func (s State) PortalAddress() string { return cmp.Or(s.PortalURL, s.Environment.Words().Start) }

// AddressesEntered reports whether production knows an IP address of this
// organization: the person says so, or a check of today's credentials passed.
func (s State) AddressesEntered() bool {
	check := s.CurrentCheck()
	return s.Environment != Production || s.Addresses != nil || check != nil && check.Passed
}

// Named reports whether it is known who is onboarded, and where.
func (s State) Named() bool {
	return s.Organization != "" && CheckNPI(s.NPI) == nil && s.Environment.Known()
}

// TokenLost reports whether the client token that is saved was given up.
func (s State) TokenLost() bool {
	return s.ClientToken != nil && s.ClientToken.Digest == s.LostToken
}

// TokenSaved reports whether the client token that the portal showed is saved.
func (s State) TokenSaved() bool {
	t := s.ClientToken
	return t != nil && t.Digest != "" && t.Environment == s.Environment && !s.TokenLost()
}

// SavedAt reports whether both tokens are saved, and since when.
func (s State) SavedAt() (time.Time, bool) {
	o := s.OrganizationToken
	if !s.TokenSaved() || o == nil || o.Digest == "" {
		return time.Time{}, false
	}
	if o.At.After(s.ClientToken.At) {
		return o.At, true
	}
	return s.ClientToken.At, true
}

// KeySaved reports whether a private key is saved, and which.
func (s State) KeySaved() bool {
	return s.Key != nil && s.Key.Digest != "" && s.Key.Fingerprint != ""
}

// KeyIDSaved reports whether a public key ID is recorded for the very key that
// is saved.
func (s State) KeyIDSaved() bool {
	if !s.KeySaved() || s.KeyID == nil || s.KeyID.Fingerprint != s.Key.Fingerprint {
		return false
	}
	id, err := keys.ParseUUID(s.KeyID.ID)
	return err == nil && id == s.KeyID.ID
}

// PackageRemoved reports whether the sealed file was deleted from this computer.
func (s State) PackageRemoved() bool { return s.Sealed != nil && !s.Sealed.RemovedAt.IsZero() }

// Replaced returns what a rotation replaces; nothing where there is none.
func (s State) Replaced() PreviousFact {
	if s.Previous == nil {
		return PreviousFact{}
	}
	return *s.Previous
}

// Secret returns the fact of the token itself, nil for a nil token.
func (t *TokenFact) Secret() *SecretFact {
	if t == nil {
		return nil
	}
	return &t.SecretFact
}

// Secret returns the fact of the private key, nil for a nil key.
func (k *KeyFact) Secret() *SecretFact {
	if k == nil {
		return nil
	}
	return &k.SecretFact
}
