package keys

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Bits is the size of a pair that GeneratePair makes, and the least that DPC
// accepts.
const Bits = 4096

// Snippet is what DPC's portal has people sign to prove that they hold the
// private key: these 53 bytes, with no newline at the end.
const Snippet = "This is the snippet used to verify a key pair in DPC."

// signatureLine is the number of base64 characters on each line of a portal
// signature, as `openssl base64` writes it.
const signatureLine = 64

// ErrNoPair is what the zero Pair answers when asked to sign.
var ErrNoPair = errors.New("there is no key pair yet")

// ErrNoMatch says that a public key belongs to another private key.
var ErrNoMatch = errors.New("the public key and the private key are not a pair")

// Pair is an RSA key pair of at least 4096 bits. The zero value holds none.
//
// It never prints itself, for the reasons and by the means of Secret: the key
// sits behind a function, where printers that use reflection can't follow.
type Pair struct {
	reveal func() *rsa.PrivateKey
}

// GeneratePair makes an RSA pair of 4096 bits, which takes seconds.
//
// Since Go 1.26 the standard library draws key material from the operating
// system alone and ignores random; it's here so that the source of randomness
// stays visible at the call.
func GeneratePair(random io.Reader) (Pair, error) {
	key, err := rsa.GenerateKey(random, Bits)
	if err != nil {
		return Pair{}, fmt.Errorf("generating an RSA key: %w", err)
	}
	return newPair(key), nil
}

func newPair(key *rsa.PrivateKey) Pair {
	return Pair{reveal: func() *rsa.PrivateKey { return key }}
}

// IsZero reports whether there is no pair.
func (p Pair) IsZero() bool { return p.reveal == nil }

// Private returns the private key as PKCS#8 in PEM ("BEGIN PRIVATE KEY"), the
// empty Secret for the zero Pair.
func (p Pair) Private() Secret {
	if p.IsZero() {
		return Secret{}
	}
	der, err := x509.MarshalPKCS8PrivateKey(p.reveal())
	if err != nil { // only for key types other than RSA
		return Secret{}
	}
	return NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: typePKCS8, Bytes: der})))
}

// Public returns the public half.
func (p Pair) Public() PublicKey {
	if p.IsZero() {
		return PublicKey{}
	}
	return PublicKey{key: &p.reveal().PublicKey}
}

// Matches returns ErrNoMatch where pub isn't the public half of this pair.
func (p Pair) Matches(pub PublicKey) error {
	if p.IsZero() || !p.Public().Equal(pub) {
		return ErrNoMatch
	}
	return nil
}

// Sign returns what the portal calls the signature snippet: RSASSA-PKCS1-v1_5
// with SHA-256 over Snippet, in standard base64, in lines of 64 characters that
// each end in a newline.
func (p Pair) Sign() (string, error) {
	if p.IsZero() {
		return "", ErrNoPair
	}
	sum := sha256.Sum256([]byte(Snippet))
	signature, err := rsa.SignPKCS1v15(nil, p.reveal(), crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing the snippet: %w", err)
	}
	return inLines(base64.StdEncoding.EncodeToString(signature)), nil
}

// signs reports whether what the private half signs is what the public half
// verifies. The standard library doesn't check that a key's primes are primes.
func (p Pair) signs() bool {
	signature, err := p.Sign()
	return err == nil && p.Public().Verify(signature) == nil
}

func inLines(text string) string {
	var b strings.Builder
	for len(text) > signatureLine {
		b.WriteString(text[:signatureLine] + "\n")
		text = text[signatureLine:]
	}
	b.WriteString(text + "\n")
	return b.String()
}

// Format implements fmt.Formatter and thereby covers every verb.
func (p Pair) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer for callers that do not go through fmt.
func (p Pair) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (p Pair) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (p Pair) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler and thereby covers JSON.
func (p Pair) MarshalText() ([]byte, error) { return []byte(redacted), nil }
