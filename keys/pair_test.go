package keys_test

import (
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

func TestSignature(t *testing.T) {
	pair, other := keystest.Pair(t), keystest.OtherPair(t)
	if len(keys.Snippet) != 53 {
		t.Fatalf("the snippet has %d bytes", len(keys.Snippet))
	}
	signature, err := pair.Sign()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(signature) {
		if !strings.HasSuffix(line, "\n") || len(line) > 65 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	cases := []struct {
		name, signature string
		key             keys.PublicKey
		want            error
	}{
		{"as made", signature, pair.Public(), nil},
		{"in one line", strings.ReplaceAll(signature, "\n", ""), pair.Public(), nil},
		{"with carriage returns", strings.ReplaceAll(signature, "\n", "\r\n"), pair.Public(), nil},
		{"of another key", signature, other.Public(), keys.ErrSignature},
		{"of no key", signature, keys.PublicKey{}, keys.ErrSignature},
		{"cut short", signature[:64], pair.Public(), keys.ErrSignature},
		{"empty", "", pair.Public(), keys.ErrSignature},
		{"not base64", "a label", pair.Public(), keys.ErrSignatureForm},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.key.Verify(c.signature); err != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	pair, other := keystest.Pair(t), keystest.OtherPair(t)
	if err := pair.Matches(pair.Public()); err != nil {
		t.Error(err)
	}
	for name, key := range map[string]keys.PublicKey{"another": other.Public(), "none": {}} {
		if err := pair.Matches(key); err != keys.ErrNoMatch {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (keys.Pair{}).Matches(keys.PublicKey{}); err != keys.ErrNoMatch {
		t.Errorf("nothing matches nothing: %v", err)
	}
}

func TestZeroPair(t *testing.T) {
	var p keys.Pair
	if !p.IsZero() || !p.Private().IsZero() || !p.Public().IsZero() {
		t.Error("the zero pair holds something")
	}
	if _, err := p.Sign(); err != keys.ErrNoPair {
		t.Errorf("Sign: %v", err)
	}
	if _, err := p.Assertion(keys.Claims{}); err != keys.ErrNoPair {
		t.Errorf("Assertion: %v", err)
	}
	k := p.Public()
	if keystest.Pair(t).Public().String() != keystest.Pair(t).Public().Fingerprint() {
		t.Error("a public key prints as something else than its fingerprint")
	}
	if k.String() != "" || k.PEM() != "" || k.Fingerprint() != "" || k.Bits() != 0 || !k.Equal(keys.PublicKey{}) {
		t.Error("the zero public key says something")
	}
}
