package keys

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
)

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
	der, err := x509.MarshalPKIXPublicKey(k.key)
	if err != nil { // only for key types other than RSA
		return nil
	}
	return der
}
