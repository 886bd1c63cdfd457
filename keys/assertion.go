package keys

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// AssertionLife is how long a client assertion counts. DPC refuses more than
// 300 s ahead of its own clock, so this leaves a minute for a fast local clock.
const AssertionLife = 240 * time.Second

// ErrClaims says that a claim was left empty.
var ErrClaims = errors.New("an assertion needs a client token, a key ID, an audience, an ID and a time")

// Claims is what a client assertion says.
type Claims struct {
	Token    Secret    // the client token: both issuer and subject
	KeyID    string    // the public key ID that the portal shows, a UUID
	Audience string    // the URL of DPC's token endpoint
	ID       string    // a fresh random UUID: DPC takes each only once
	Now      time.Time // AssertionLife counts from here
}

// Assertion returns a client assertion of RFC 7523: a JWT signed with RS384,
// which DPC exchanges for an access token. Its audience is one string and not a
// list of one, because that is what DPC reads.
func (p Pair) Assertion(c Claims) (Secret, error) {
	if p.IsZero() {
		return Secret{}, ErrNoPair
	}
	if c.Token.IsZero() || c.KeyID == "" || c.Audience == "" || c.ID == "" || c.Now.IsZero() {
		return Secret{}, ErrClaims
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS384, jwt.MapClaims{
		"iss": c.Token.Reveal(),
		"sub": c.Token.Reveal(),
		"aud": c.Audience,
		"jti": c.ID,
		"exp": c.Now.Add(AssertionLife).Unix(),
	})
	token.Header["kid"] = c.KeyID
	signed, err := token.SignedString(p.reveal())
	if err != nil {
		return Secret{}, fmt.Errorf("signing the assertion: %w", err)
	}
	return NewSecret(signed), nil
}
