package dpctest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gopkg.in/macaroon.v2"

	"dpc-onboard/keys"
)

// tokenLife is how long a client token lasts, accessLife an access token. DPC takes
// a year for 365.2425 days in the token, and for one of the calendar in its list.
const (
	tokenLife  = 31556952 * time.Second
	accessLife = 5 * time.Minute
)

// Token says how a client token is to be made. The zero value is a good one.
type Token struct {
	Organization string        // its ID; empty is the server's own
	Label        string        // empty is "practice-token"
	Life         time.Duration // what is left of its year; 0 is all of it; below 0 it has expired
	Location     string        // DPC's public URL; empty is the sandbox's, which tells the environment
	Forged       bool          // made with another root key than the server's
	Deleted      bool          // was made, and then deleted in the portal
}

type registeredToken struct {
	id, organization, label, location string
	rootKey                           []byte
	created, expires                  time.Time // expires is what the list says
}

// ListedToken is a client token as DPC holds it.
type ListedToken struct {
	ID, Organization, Label string
	Created, Expires        time.Time
}

// Tokens returns the client tokens that were made and not deleted, in order.
func (s *Server) Tokens() []ListedToken {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []ListedToken
	for _, t := range s.tokens {
		list = append(list, ListedToken{t.id, t.organization, t.label, t.created, t.expires})
	}
	return list
}

// DeleteToken deletes a client token, as the portal does.
func (s *Server) DeleteToken(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = slices.DeleteFunc(s.tokens, func(t registeredToken) bool { return t.id == id })
}

// RejectOrganization deletes all client tokens of an organization, as happens where
// CMS rejects it.
func (s *Server) RejectOrganization(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = slices.DeleteFunc(s.tokens, func(t registeredToken) bool { return t.organization == id })
}

// Token makes a client token in DPC's form, as the portal's "Create token" does.
func (s *Server) Token(o Token) keys.Secret {
	if o.Organization == "" {
		o.Organization = s.options.Organization.ID
	}
	if o.Label == "" {
		o.Label = "practice-token"
	}
	if o.Life == 0 {
		o.Life = tokenLife
	}
	if o.Location == "" {
		o.Location = "https://sandbox.dpc.cms.gov/api"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	created := s.options.Now().UTC().Add(o.Life - tokenLife)
	token := registeredToken{
		id: uuid.NewString(), organization: o.Organization, label: o.Label, location: o.Location,
		rootKey: random(32), created: created, expires: created.AddDate(1, 0, 0),
	}
	value := s.mint(token, created.Add(tokenLife))
	if o.Forged {
		token.rootKey = random(32)
	}
	if !o.Deleted {
		s.tokens = append(s.tokens, token)
	}
	return keys.NewSecret(value)
}

// mint writes the macaroon with DPC's four caveats.
func (s *Server) mint(t registeredToken, expires time.Time) string {
	m := must(macaroon.New(t.rootKey, []byte(t.id), t.location, macaroon.V2))
	for _, caveat := range []string{
		"dpc_macaroon_version = 2",
		"expires = " + expires.Format("2006-01-02T15:04:05.000000Z07:00"),
		"organization_id = " + t.organization,
	} {
		check(m.AddFirstPartyCaveat([]byte(caveat)))
	}
	caveat, rootKey := append([]byte{2, 0xff}, random(80)...), random(24)
	check(m.AddThirdPartyCaveat(rootKey, caveat, "local"))
	s.discharges[string(caveat)] = rootKey
	return encode(m)
}

// access makes the access token for a client token: the same macaroon with five
// minutes to live, and its third-party caveat discharged.
func (s api) access(client *macaroon.Macaroon) string {
	m := client.Clone()
	expires := s.options.Now().UTC().Add(accessLife).Format(time.RFC3339Nano)
	check(m.AddFirstPartyCaveat([]byte("expires = " + expires)))
	all := []*macaroon.Macaroon{m}
	for _, caveat := range m.Caveats() {
		if rootKey, ok := s.discharges[string(caveat.Id)]; ok {
			d := must(macaroon.New(rootKey, caveat.Id, "", macaroon.V2))
			d.Bind(m.Signature())
			all = append(all, d)
		}
	}
	return encode(all...)
}

// admit finds the token behind an access token and verifies it with the root key
// that only the server holds.
func (s api) admit(access string) (registeredToken, error) {
	all, err := decode(access)
	if err != nil {
		return registeredToken{}, err
	}
	for _, t := range s.tokens {
		if t.id != string(all[0].Id()) {
			continue
		}
		return t, all[0].Verify(t.rootKey, func(caveat string) error {
			return s.satisfied(caveat, t.organization)
		}, all[1:])
	}
	return registeredToken{}, errors.New("no such token")
}

func (s api) satisfied(caveat, organization string) error {
	name, value, _ := strings.Cut(caveat, " = ")
	switch name {
	case "dpc_macaroon_version":
		return nil
	case "organization_id":
		if value == organization {
			return nil
		}
	case "expires":
		at, err := time.Parse(time.RFC3339Nano, value)
		if err == nil && s.options.Now().Before(at) {
			return nil
		}
	}
	return errors.New("caveat is not satisfied")
}

// organizationOf reads the organization that a client token names.
func organizationOf(m *macaroon.Macaroon) string {
	for _, caveat := range m.Caveats() {
		if name, value, _ := strings.Cut(string(caveat.Id), " = "); name == "organization_id" {
			return value
		}
	}
	return ""
}

// form is one macaroon in libmacaroons' V2 JSON, and caveat one of its caveats, as
// DPC writes them.
type (
	form struct {
		Version   int      `json:"v"`
		Location  string   `json:"l,omitempty"`
		ID        string   `json:"i,omitempty"`
		ID64      string   `json:"i64,omitempty"`
		Caveats   []caveat `json:"c"`
		Signature string   `json:"s64"`
	}
	caveat struct {
		ID           string `json:"i64"`
		Location     string `json:"l,omitempty"`
		Verification string `json:"v64,omitempty"`
	}
)

// encode writes macaroons as DPC does: an array of V2 JSON in URL-safe base64 with
// padding, with caveats whose IDs are base64 without it.
func encode(all ...*macaroon.Macaroon) string {
	b64 := base64.RawURLEncoding.EncodeToString
	var array []form
	for _, m := range all {
		f := form{Version: 2, Location: m.Location(), Caveats: []caveat{}, Signature: b64(m.Signature())}
		if f.ID = string(m.Id()); !utf8.ValidString(f.ID) {
			f.ID, f.ID64 = "", b64(m.Id())
		}
		for _, c := range m.Caveats() {
			f.Caveats = append(f.Caveats, caveat{b64(c.Id), c.Location, b64(c.VerificationId)})
		}
		array = append(array, f)
	}
	return base64.URLEncoding.EncodeToString(must(json.Marshal(array)))
}

// decode takes the forms that DPC reads: V2 JSON, plain or in base64, and V1 binary
// in base64, once or (behind a T) twice.
func decode(text string) ([]*macaroon.Macaroon, error) {
	if strings.HasPrefix(text, "e") || strings.HasPrefix(text, "W") || strings.HasPrefix(text, "T") {
		raw, err := unbase64(text)
		if err != nil {
			return nil, err
		}
		text = string(raw)
	}
	var all macaroon.Slice
	switch {
	case strings.HasPrefix(text, "["):
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return nil, err
		}
	case strings.HasPrefix(text, "{"):
		all = macaroon.Slice{new(macaroon.Macaroon)}
		if err := json.Unmarshal([]byte(text), all[0]); err != nil {
			return nil, err
		}
	default:
		raw, err := unbase64(text)
		if err != nil {
			return nil, err
		}
		if err := all.UnmarshalBinary(raw); err != nil {
			return nil, err
		}
		if all[0].Version() != macaroon.V1 {
			return nil, errors.New("V2 binary")
		}
	}
	if len(all) == 0 || all[0] == nil {
		return nil, errors.New("no macaroon")
	}
	return all, nil
}

// unbase64 takes the URL-safe alphabet, with or without padding, and no line ends,
// which Go's decoder would skip.
func unbase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("not base64")
	}
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program first
	return b
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

// check stops a test whose stand-in is broken: there is nothing to go on with.
func check(err error) {
	if err != nil {
		panic(fmt.Sprintf("dpctest: %v", err))
	}
}
