package keys

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// What ParsePrivateKey and ParsePublicKey refuse. None of the texts repeats any
// of the input.
var (
	ErrNoKey        = errors.New("there is no key here")
	ErrKeyLong      = errors.New("this is far too long to be a key")
	ErrNotPEM       = errors.New("this is not a key in PEM form: it has no line that starts with -----BEGIN")
	ErrDamaged      = errors.New("the key is damaged or cut short")
	ErrEncrypted    = errors.New("the private key is locked with a passphrase")
	ErrEC           = errors.New("this is an elliptic-curve (EC) key, and DPC takes RSA keys only")
	ErrAlgorithm    = errors.New("this is not an RSA key, and DPC takes RSA keys only")
	ErrCertificate  = errors.New("this is a certificate, not a key")
	ErrPublic       = errors.New("this is a public key, and the private key belongs here")
	ErrPrivate      = errors.New("this is a private key, and the public key belongs here")
	ErrOpenSSH      = errors.New("this private key is in OpenSSH's own form, not in PEM")
	ErrOpenSSHLine  = errors.New("this is a public key in OpenSSH's own form, not in PEM")
	ErrPKCS1Public  = errors.New("this public key is in the form BEGIN RSA PUBLIC KEY, and DPC takes BEGIN PUBLIC KEY only")
	ErrSeveral      = errors.New("there are several keys here, and only one can be used")
	ErrKeySmall     = errors.New("the key is too small")
	ErrKeyLarge     = errors.New("the key is too large: common tools read at most 16384 bits")
	ErrUnknownBlock = errors.New("this PEM holds something other than a key")
)

// The types of PEM block that RFC 7468, OpenSSL and OpenSSH give to keys.
const (
	typePKCS1          = "RSA PRIVATE KEY"
	typePKCS8          = "PRIVATE KEY"
	typePKCS8Encrypted = "ENCRYPTED PRIVATE KEY"
	typeOpenSSH        = "OPENSSH PRIVATE KEY"
	typeSPKI           = "PUBLIC KEY"
	typePKCS1Public    = "RSA PUBLIC KEY"
)

const (
	// maxPEM is the longest input in bytes that is looked at.
	maxPEM = 64 << 10
	// maxBits is the largest modulus that OpenSSL reads. Beyond it, checking a key
	// takes a time that no one waits.
	maxBits = 16384
	// maxDER is more than a private key of maxBits takes, in bytes.
	maxDER = 10_000
)

// block is what stands between a BEGIN and an END line.
type block struct {
	kind string
	body string
}

// ParsePrivateKey reads an RSA private key of at least 4096 bits from PEM, PKCS#1
// ("BEGIN RSA PRIVATE KEY") or PKCS#8 ("BEGIN PRIVATE KEY"), and checks that its
// numbers belong together and that it signs what its public half verifies.
//
// Around the key there may be other text, certificates and public keys. Lines may
// end as on any system or, as after a paste into a field of one line, in spaces.
// Everything else is refused, with an error for each case.
func ParsePrivateKey(pem Secret) (Pair, error) {
	blocks, err := findBlocks(pem.Reveal())
	if err != nil {
		return Pair{}, err
	}
	found, err := sole(blocks, block.private)
	if err != nil {
		return Pair{}, err
	}
	key, err := found.privateKey()
	if err != nil {
		return Pair{}, err
	}
	if err := checkSize(key.N.BitLen()); err != nil {
		return Pair{}, err
	}
	pair := newPair(key)
	if key.Validate() != nil || !pair.signs() {
		return Pair{}, ErrDamaged
	}
	return pair, nil
}

// ParsePublicKey reads an RSA public key of at least 4096 bits from PEM of a
// SubjectPublicKeyInfo ("BEGIN PUBLIC KEY"), the one form that DPC's portal takes.
// It is as lenient as ParsePrivateKey with what stands around it.
func ParsePublicKey(pem string) (PublicKey, error) {
	blocks, err := findBlocks(pem)
	if err != nil {
		return PublicKey{}, err
	}
	if slices.ContainsFunc(blocks, block.private) {
		return PublicKey{}, ErrPrivate
	}
	found, err := sole(blocks, block.public)
	if err != nil {
		return PublicKey{}, err
	}
	key, err := found.publicKey()
	if err != nil {
		return PublicKey{}, err
	}
	if err := checkSize(key.N.BitLen()); err != nil {
		return PublicKey{}, err
	}
	if key.N.Bit(0) == 0 || key.E < 3 || key.E%2 == 0 { // anyone could sign for those
		return PublicKey{}, ErrDamaged
	}
	return PublicKey{key: key}, nil
}

func checkSize(bits int) error {
	switch {
	case bits < Bits:
		return fmt.Errorf("%w: it has %d bits, and DPC asks for at least %d", ErrKeySmall, bits, Bits)
	case bits > maxBits:
		return ErrKeyLarge
	}
	return nil
}

var (
	beginLine   = regexp.MustCompile(`-----BEGIN ([A-Z0-9 ]+)-----`)
	opensshLine = regexp.MustCompile(`^(ssh-|ecdsa-|sk-|---- BEGIN SSH2)`)
)

// findBlocks does by hand what encoding/pem would do with text whose lines are
// still whole.
func findBlocks(text string) ([]block, error) {
	if len(text) > maxPEM {
		return nil, ErrKeyLong
	}
	text = unescaped(text)
	var blocks []block
	for rest := text; ; {
		at := beginLine.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		kind := rest[at[2]:at[3]]
		// Without its END line the body counts as empty, which is damage enough, and
		// the block can still be told for what it is.
		body, after, whole := strings.Cut(rest[at[1]:], "-----END "+kind+"-----")
		if !whole {
			body, after = "", ""
		}
		blocks, rest = append(blocks, block{kind, body}), after
	}
	if len(blocks) == 0 {
		return nil, noBlocks(text)
	}
	return blocks, nil
}

// unescaped turns the \n of JSON and of environment files into line breaks, and
// drops characters that nobody sees.
func unescaped(text string) string {
	text = strings.NewReplacer(`\r`, "", `\n`, "\n").Replace(text)
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, text)
}

func noBlocks(text string) error {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return ErrNoKey
	case strings.Contains(text, "-----BEGIN"):
		return ErrDamaged
	case opensshLine.MatchString(text):
		return ErrOpenSSHLine
	}
	return ErrNotPEM
}

// sole returns the one block that is wanted, or says what is there instead.
func sole(blocks []block, wanted func(block) bool) (block, error) {
	var found []block
	for _, b := range blocks {
		if wanted(b) {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 0:
		return block{}, blocks[0].refusal()
	case 1:
		return found[0], nil
	}
	return block{}, ErrSeveral
}

func (b block) private() bool { return strings.HasSuffix(b.kind, "PRIVATE KEY") }

func (b block) public() bool { return strings.HasSuffix(b.kind, "PUBLIC KEY") }

// encrypted recognizes the header lines of RFC 1421, which OpenSSL wrote before
// PKCS#8.
func (b block) encrypted() bool {
	return b.kind == typePKCS8Encrypted || strings.Contains(b.body, "DEK-Info:")
}

// refusal says what a block is that is of no use here.
func (b block) refusal() error {
	switch {
	case b.encrypted():
		return ErrEncrypted
	case strings.HasPrefix(b.kind, "EC "):
		return ErrEC
	case b.kind == typeOpenSSH:
		return ErrOpenSSH
	case b.private(), strings.HasPrefix(b.kind, "DSA "):
		return ErrAlgorithm
	case b.public():
		return ErrPublic
	case strings.Contains(b.kind, "CERTIFICATE"):
		return ErrCertificate
	}
	return ErrUnknownBlock
}

// der returns the bytes that the block holds.
func (b block) der() ([]byte, error) {
	der, err := base64.StdEncoding.DecodeString(withoutSpace(b.body))
	switch {
	case err != nil || len(der) == 0:
		return nil, ErrDamaged
	case len(der) > maxDER:
		return nil, ErrKeyLarge
	}
	return der, nil
}

func (b block) privateKey() (*rsa.PrivateKey, error) {
	if b.encrypted() || b.kind != typePKCS1 && b.kind != typePKCS8 {
		return nil, b.refusal()
	}
	der, err := b.der()
	if err != nil {
		return nil, err
	}
	if b.kind == typePKCS8 {
		return parsePKCS8(der)
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, ErrDamaged
	}
	return key, nil
}

func parsePKCS8(der []byte) (*rsa.PrivateKey, error) {
	var head struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
	}
	if err := checkAlgorithm(der, &head, &head.Algorithm.Algorithm); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, ErrDamaged
	}
	return key, nil
}

func (b block) publicKey() (*rsa.PublicKey, error) {
	if b.kind == typePKCS1Public {
		return nil, ErrPKCS1Public
	}
	der, err := b.der()
	if err != nil {
		return nil, err
	}
	var head struct{ Algorithm pkix.AlgorithmIdentifier }
	if err := checkAlgorithm(der, &head, &head.Algorithm.Algorithm); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	key, ok := parsed.(*rsa.PublicKey)
	if err != nil || !ok {
		return nil, ErrDamaged
	}
	return key, nil
}

// checkAlgorithm reads the head of a key and judges the algorithm in it, before
// the standard library would refuse a curve that it doesn't know as damage.
func checkAlgorithm(der []byte, head any, algorithm *asn1.ObjectIdentifier) error {
	rsaKey := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1} // RFC 8017, A.1
	ecKey := asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}      // RFC 5480, 2.1.1
	if _, err := asn1.Unmarshal(der, head); err != nil {
		return ErrDamaged
	}
	switch {
	case algorithm.Equal(rsaKey):
		return nil
	case algorithm.Equal(ecKey):
		return ErrEC
	}
	return ErrAlgorithm
}
