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
	"slices"
	"strings"
)

// Bits is the size of a pair that GeneratePair makes, and the least that DPC
// accepts.
const Bits = 4096

// Snippet is what DPC's portal has people sign to prove that they hold the
// private key: these 53 bytes, with no newline at the end.
const Snippet = "This is the snippet used to verify a key pair in DPC."

// ErrNoPair is what the zero Pair answers when asked to sign.
var ErrNoPair = errors.New("there is no key pair yet")

// ErrNoMatch says that a public key belongs to another private key.
var ErrNoMatch = errors.New("the public key and the private key are not a pair")

// Pair is an RSA key pair of at least 4096 bits. The zero value holds none.
//
// It never prints itself, for the reasons and by the means of Secret: the key
// sits behind a function, where printers that use reflection can't follow.
type Pair struct {
	redacted
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
	return Pair{reveal: func() *rsa.PrivateKey { return key }}, nil
}

// IsZero reports whether there is no pair.
func (p Pair) IsZero() bool { return p.reveal == nil }

// Private returns the private key as PKCS#8 in PEM ("BEGIN PRIVATE KEY"), the
// empty Secret for the zero Pair.
func (p Pair) Private() Secret {
	if p.IsZero() {
		return Secret{}
	}
	der, _ := x509.MarshalPKCS8PrivateKey(p.reveal()) // fails only for key types other than RSA
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
// each end in a newline, as `openssl base64` writes them.
func (p Pair) Sign() (string, error) {
	if p.IsZero() {
		return "", ErrNoPair
	}
	sum := sha256.Sum256([]byte(Snippet))
	signature, err := rsa.SignPKCS1v15(nil, p.reveal(), crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing the snippet: %w", err)
	}
	var b strings.Builder
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(signature)), 64) {
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// What Verify refuses.
var (
	ErrSignatureForm = errors.New("the signature is not base64")
	ErrSignature     = errors.New("the signature was not made with this key over DPC's snippet")
)

// PublicKey is an RSA public key of at least 4096 bits. The zero value holds
// none, and all its methods answer with nothing.
type PublicKey struct {
	key *rsa.PublicKey
}

// IsZero reports whether there is no key.
func (k PublicKey) IsZero() bool { return k.key == nil }

// Bits returns the size of the modulus in bits.
func (k PublicKey) Bits() int {
	if k.IsZero() {
		return 0
	}
	return k.key.N.BitLen()
}

// Equal reports whether both are the same key. Two zero keys are equal.
func (k PublicKey) Equal(other PublicKey) bool {
	if k.IsZero() || other.IsZero() {
		return k.IsZero() == other.IsZero()
	}
	return k.key.Equal(other.key)
}

// PEM returns the key as SubjectPublicKeyInfo ("BEGIN PUBLIC KEY"), byte for
// byte what `openssl rsa -pubout` writes.
func (k PublicKey) PEM() string {
	if k.IsZero() {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: typeSPKI, Bytes: k.der()}))
}

// Fingerprint returns "SHA256:" and the SHA-256 of the SubjectPublicKeyInfo in
// unpadded base64: 50 characters. ssh-keygen shows the same form over its own
// encoding of a key, so the two differ in value.
func (k PublicKey) Fingerprint() string {
	if k.IsZero() {
		return ""
	}
	sum := sha256.Sum256(k.der())
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// String returns the fingerprint.
func (k PublicKey) String() string { return k.Fingerprint() }

// Verify checks a portal signature as Pair.Sign makes it: standard base64, in
// which line breaks and other white space don't count. It returns
// ErrSignatureForm or ErrSignature.
func (k PublicKey) Verify(signature string) error {
	raw, err := base64.StdEncoding.DecodeString(withoutSpace(signature))
	if err != nil {
		return ErrSignatureForm
	}
	sum := sha256.Sum256([]byte(Snippet))
	if k.IsZero() || rsa.VerifyPKCS1v15(k.key, crypto.SHA256, sum[:], raw) != nil {
		return ErrSignature
	}
	return nil
}

// der returns the SubjectPublicKeyInfo of RFC 5280.
func (k PublicKey) der() []byte {
	der, _ := x509.MarshalPKIXPublicKey(k.key) // fails only for key types other than RSA
	return der
}
