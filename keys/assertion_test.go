package keys_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

func claims() keys.Claims {
	return keys.Claims{
		Token:    keys.NewSecret("W3sidiI6Mi-the-token"),
		KeyID:    "b296f9d2-1aae-4c59-b6c7-c759b9db5226",
		Audience: "https://sandbox.dpc.cms.gov/api/v1/Token/auth",
		ID:       "3bdb4a2c-25b1-4c94-8ae1-ab9fba3ea1e0",
		Now:      time.Date(2026, 11, 23, 10, 0, 0, 999, time.UTC),
	}
}

func TestAssertion(t *testing.T) {
	c := claims()
	assertion, err := keystest.Pair(t).Assertion(c)
	if err != nil {
		t.Fatal(err)
	}
	got := jwt.MapClaims{}
	token, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS384"}), jwt.WithTimeFunc(func() time.Time { return c.Now }),
		jwt.WithJSONNumber()).ParseWithClaims(assertion.Reveal(), got, func(*jwt.Token) (any, error) {
		return jwt.ParseRSAPublicKeyFromPEM([]byte(keystest.Pair(t).Public().PEM()))
	})
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]any{"alg": "RS384", "typ": "JWT", "kid": c.KeyID}
	if !reflect.DeepEqual(token.Header, header) {
		t.Errorf("header %v", token.Header)
	}
	want := jwt.MapClaims{
		"iss": c.Token.Reveal(), "sub": c.Token.Reveal(), "jti": c.ID, "exp": json.Number("1795428240"),
		"aud": "https://sandbox.dpc.cms.gov/api/v1/Token/auth",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("claims %v, want %v", got, want)
	}
}

func TestAssertionNeedsEveryClaim(t *testing.T) {
	for name, drop := range map[string]func(*keys.Claims){
		"token":    func(c *keys.Claims) { c.Token = keys.Secret{} },
		"key ID":   func(c *keys.Claims) { c.KeyID = "" },
		"audience": func(c *keys.Claims) { c.Audience = "" },
		"ID":       func(c *keys.Claims) { c.ID = "" },
		"time":     func(c *keys.Claims) { c.Now = time.Time{} },
	} {
		c := claims()
		drop(&c)
		if _, err := keystest.Pair(t).Assertion(c); !errors.Is(err, keys.ErrClaims) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
