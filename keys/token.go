package keys

import (
	"cmp"
	"errors"
	"math"
	"regexp"
	"slices"
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
	ErrTokenAccess        = errors.New("this is an access token, not a client token")
	ErrTokenForm          = errors.New("this is a token in a form that DPC does not take")
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
)

// Token is what a client token says of itself. Nobody but DPC can check its
// signature, so all of this is a claim until DPC accepts the token.
type Token struct {
	ID             string    // the token's own, a UUID in canonical form, or empty where it is of another form
	OrganizationID string    // a UUID in canonical form
	Host           string    // of DPC's API, in lower case: it tells the environment; empty where the token names none
	Expires        time.Time // in UTC, zero where the token has no end
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
// A client token is a macaroon. ParseToken takes the forms that DPC reads:
//
//   - base64 of V2 JSON, one macaroon or an array of them: what the portal shows;
//   - V2 JSON in plain, which starts with [ or {;
//   - base64 of V1 binary, which starts with M, and base64 of that, which starts
//     with T.
//
// Those that DPC refuses, V1 JSON and V2 binary, are an ErrTokenForm. An access token,
// which DPC makes of a client token for five minutes, is an ErrTokenAccess.
//
// White space, formatting characters and quotes around it are removed, the alphabet
// and the padding of base64 are mended; everything else is refused with one of the
// ErrToken errors. A token that has expired is not refused: see Expired.
func ParseToken(raw Secret) (clean Secret, t Token, err error) {
	if raw.Len() > maxToken {
		return Secret{}, Token{}, ErrTokenLong
	}
	text := unquoted(raw.Reveal())
	var all macaroon.Slice
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
		text, all, err = decodePlain(text)
	} else if err = misplaced(text); err == nil {
		text, all, err = decodeBase64(withoutSpace(text))
	}
	if err == nil {
		t, err = readToken(all)
	}
	if err != nil {
		return Secret{}, Token{}, err
	}
	return NewSecret(text), t, nil
}

// ParseOrganizationToken reads what belongs into the field "Organization Token":
// the organization's ID, which is what today's portal shows, or a token of the
// organization. Of an ID it returns the canonical form, and a Token that holds
// the OrganizationID alone. Anything else it reads, and refuses, as ParseToken does.
func ParseOrganizationToken(raw Secret) (clean Secret, t Token, err error) {
	if id, err := ParseUUID(raw.Reveal()); err == nil {
		return NewSecret(id), Token{OrganizationID: id}, nil
	}
	return ParseToken(raw)
}

var (
	jwtForm = regexp.MustCompile(`^eyJ[\w-]+\.[\w-]+\.[\w-]*$`)
	// labeled is a label and what it labels: at least eight characters, or else the
	// padding of a short value would count as a value.
	labeled = regexp.MustCompile(`^(?i:bearer|[\pL\d_().#-]{1,40}[` + quotes + `]*[:=])(.{8,})$`)
)

// misplaced recognizes what people paste where the client token belongs, and what
// they paste beside it: an ID, as the portal shows both, or words such as "Token:".
func misplaced(text string) error {
	joined := withoutSpace(text)
	if err := otherKind(joined); err != nil {
		return err
	}
	isID := func(field string) bool { _, err := ParseUUID(field); return err == nil }
	if len(joined) >= minToken+lenUUID && slices.ContainsFunc(strings.Fields(text), isID) {
		return ErrTokenTwo
	}
	if found := labeled.FindStringSubmatch(joined); found != nil {
		// Where the value itself is out of place, that is what the person should hear.
		return cmp.Or(otherKind(unquoted(found[1])), ErrTokenLabel)
	}
	return nil
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
