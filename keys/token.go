package keys

import (
	"errors"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/macaroon.v2"
)

// What ParseToken refuses. None of the texts repeats any of the input.
var (
	ErrTokenEmpty         = errors.New("there is no token here")
	ErrTokenLong          = errors.New("this is far too long to be a client token")
	ErrTokenUUID          = errors.New("this is an ID, not a client token")
	ErrTokenPEM           = errors.New("this is a key or a certificate, not a client token")
	ErrTokenJWT           = errors.New("this is an access token (a JWT), not a client token")
	ErrTokenLabel         = errors.New("there is a label in front of the token")
	ErrTokenWord          = errors.New("this is too short to be a client token; it looks like a name or a label")
	ErrTokenCut           = errors.New("the token is cut short")
	ErrTokenTwo           = errors.New("two values were pasted at once")
	ErrTokenBase64        = errors.New("there are characters here that no client token has")
	ErrTokenForeign       = errors.New("this has the letters of a client token, but it does not hold one")
	ErrTokenOrganization  = errors.New("the token names no organization")
	ErrTokenOrganizations = errors.New("the token names two different organizations")
	ErrTokenExpiry        = errors.New("the token's expiry date can't be read")
)

const (
	// maxToken is the longest input in bytes that is looked at: ten times the
	// longest token that DPC makes.
	maxToken = 16 << 10
	// minToken is the shortest that a macaroon with an organization can be.
	minToken = 100
	// minLabelled keeps the padding of a short value from counting as a value.
	minLabelled = 8
)

// The caveats that DPC puts into a client token.
const (
	caveatOrganization = "organization_id"
	caveatExpires      = "expires"
	caveatVersion      = "dpc_macaroon_version"
)

// Token is what a client token says of itself. Nobody but DPC can check its
// signature, so all of this is a claim until DPC accepts the token.
type Token struct {
	ID             string    // the token's own, a UUID in canonical form, or empty where it is of another form
	OrganizationID string    // a UUID in canonical form
	Location       string    // the public URL of DPC's API, empty where the token has none
	Host           string    // the host of Location in lower case, which tells the environment
	Expires        time.Time // in UTC, zero where the token has no end
	Version        int       // of DPC's caveats, 0 where the token has none
}

// Expired reports whether the token has ended at now.
func (t Token) Expired(now time.Time) bool {
	return !t.Expires.IsZero() && !now.Before(t.Expires)
}

// DaysLeft returns the whole days of 24 hours until the token ends, rounded down
// and so negative once it has expired. For a token without an end it returns
// math.MaxInt.
func (t Token) DaysLeft(now time.Time) int {
	if t.Expires.IsZero() {
		return math.MaxInt
	}
	return int(math.Floor(t.Expires.Sub(now).Hours() / 24))
}

// ParseToken reads a client token as a person pasted it and returns it clean,
// with what it says.
//
// A client token is a macaroon. DPC writes it as URL-safe base64, with padding,
// of a JSON array of macaroons in libmacaroons' V2 form; the same JSON in plain,
// and base64 of the V1 and V2 binary forms, are understood too. White space,
// formatting characters and quotes around it are removed, the alphabet and the
// padding of base64 are mended; everything else is refused with one of the
// ErrToken errors. A token that has expired is not refused: see Expired.
func ParseToken(raw Secret) (clean Secret, t Token, err error) {
	if raw.Len() > maxToken {
		return Secret{}, Token{}, ErrTokenLong
	}
	text := unquoted(raw.Reveal())
	if err := misplaced(text); err != nil {
		return Secret{}, Token{}, err
	}
	clean, macaroons, err := decodeToken(text)
	if err != nil {
		return Secret{}, Token{}, err
	}
	t, err = readToken(macaroons)
	if err != nil {
		return Secret{}, Token{}, err
	}
	return clean, t, nil
}

var (
	jwtForm   = regexp.MustCompile(`^eyJ[\w-]+\.[\w-]+\.[\w-]*$`)
	labelForm = regexp.MustCompile(`^(?i:bearer|[\pL\d_().#-]{1,40}[` + quotes + `]*[:=])`)
)

// misplaced recognizes what people paste where the client token belongs.
func misplaced(text string) error {
	joined := unquoted(withoutSpace(text))
	if err := otherKind(joined); err != nil {
		return err
	}
	if hasUUIDBeside(text) {
		return ErrTokenTwo
	}
	return labeled(joined)
}

// otherKind recognizes the other values that a person has at hand.
func otherKind(joined string) error {
	_, err := ParseUUID(joined)
	switch {
	case joined == "":
		return ErrTokenEmpty
	case strings.Contains(joined, "-----BEGIN"):
		return ErrTokenPEM
	case err == nil:
		return ErrTokenUUID
	case jwtForm.MatchString(joined):
		return ErrTokenJWT
	}
	return nil
}

// hasUUIDBeside finds a token and an ID in one paste, as the portal shows both.
func hasUUIDBeside(text string) bool {
	ids, rest := 0, 0
	for field := range strings.FieldsSeq(text) {
		if _, err := ParseUUID(field); err == nil {
			ids++
		} else {
			rest += len(field)
		}
	}
	return ids > 0 && rest >= minToken
}

// labeled finds words such as "Token:" in front of a value. Where the value
// itself is out of place, that is what the person should hear.
func labeled(joined string) error {
	label := labelForm.FindString(joined)
	value := joined[len(label):]
	if label == "" || len(value) < minLabelled {
		return nil
	}
	if err := otherKind(unquoted(value)); err != nil {
		return err
	}
	return ErrTokenLabel
}

// readToken gathers what the caveats say. Caveats only ever narrow a macaroon, so
// the earliest of several expiry dates counts.
func readToken(all macaroon.Slice) (Token, error) {
	var t Token
	t.Location, t.Host = location(all[0].Location())
	if id, err := ParseUUID(string(all[0].Id())); err == nil {
		t.ID = id
	}
	for i, m := range all {
		conditions := conditions(m)
		if i > 0 && namesOrganization(conditions) { // a discharge names none
			return Token{}, ErrTokenTwo
		}
		for _, c := range conditions {
			if err := t.add(c); err != nil {
				return Token{}, err
			}
		}
	}
	if t.OrganizationID == "" {
		return Token{}, ErrTokenOrganization
	}
	return t, nil
}

// condition is a first-party caveat such as "expires = 2027-11-22T18:04:05Z".
type condition struct{ name, value string }

// conditions leaves out the third-party caveats, which only DPC can read.
func conditions(m *macaroon.Macaroon) []condition {
	var all []condition
	for _, c := range m.Caveats() {
		if len(c.VerificationId) > 0 {
			continue
		}
		name, value, _ := strings.Cut(string(c.Id), "=")
		all = append(all, condition{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return all
}

func namesOrganization(all []condition) bool {
	return slices.ContainsFunc(all, func(c condition) bool { return c.name == caveatOrganization })
}

func (t *Token) add(c condition) error {
	switch c.name {
	case caveatOrganization:
		return t.addOrganization(c.value)
	case caveatExpires:
		return t.addExpiry(c.value)
	case caveatVersion:
		if version, err := strconv.Atoi(c.value); err == nil && t.Version == 0 {
			t.Version = version
		}
	}
	return nil
}

func (t *Token) addOrganization(value string) error {
	id, err := ParseUUID(value)
	if err != nil {
		return ErrTokenOrganization
	}
	if t.OrganizationID != "" && t.OrganizationID != id {
		return ErrTokenOrganizations
	}
	t.OrganizationID = id
	return nil
}

func (t *Token) addExpiry(value string) error {
	expires, err := time.Parse(time.RFC3339Nano, value)
	if err != nil { // Java leaves out seconds that are zero
		expires, err = time.Parse("2006-01-02T15:04Z07:00", value)
	}
	if err != nil {
		return ErrTokenExpiry
	}
	if t.Expires.IsZero() || expires.Before(t.Expires) {
		t.Expires = expires.UTC()
	}
	return nil
}

// location keeps an address only where it is a plain web address: it's not
// signed, and it will be shown on a terminal.
func location(raw string) (address, host string) {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	u, err := url.Parse(raw)
	if err != nil || strings.ContainsFunc(raw, odd) || u.Scheme != "https" && u.Scheme != "http" {
		return "", ""
	}
	return raw, strings.ToLower(u.Hostname())
}
