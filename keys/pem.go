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

// The types that RFC 7468 and OpenSSL give to PEM blocks with an RSA key.
const (
	typePKCS1       = "RSA PRIVATE KEY"
	typePKCS8       = "PRIVATE KEY"
	typeSPKI        = "PUBLIC KEY"
	typePKCS1Public = "RSA PUBLIC KEY"
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
type block struct{ kind, body string }

// ParsePrivateKey reads an RSA private key of at least 4096 bits from PEM, PKCS#1
// ("BEGIN RSA PRIVATE KEY") or PKCS#8 ("BEGIN PRIVATE KEY"), and checks that its
// numbers belong together and that it signs what its public half verifies: the
// standard library doesn't check that a key's primes are primes.
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
	switch {
	case err != nil:
		return Pair{}, err
	case found.encrypted() || found.kind != typePKCS1 && found.kind != typePKCS8:
		return Pair{}, found.refusal()
	}
	key, err := rsaKey[*rsa.PrivateKey](found)
	if err == nil {
		err = checkSize(key.N.BitLen())
	}
	if err != nil {
		return Pair{}, err
	}
	pair := Pair{reveal: func() *rsa.PrivateKey { return key }}
	signature, err := pair.Sign()
	if err != nil || key.Validate() != nil || pair.Public().Verify(signature) != nil {
		return Pair{}, ErrDamaged
	}
	return pair, nil
}

// ParsePublicKey reads an RSA public key of at least 4096 bits from PEM of a
// SubjectPublicKeyInfo ("BEGIN PUBLIC KEY"), the one form that DPC's portal takes.
// It is as lenient as ParsePrivateKey with what stands around it, but refuses a
// private key beside it.
func ParsePublicKey(pem string) (PublicKey, error) {
	blocks, err := findBlocks(pem)
	switch {
	case err != nil:
		return PublicKey{}, err
	case slices.ContainsFunc(blocks, block.private):
		return PublicKey{}, ErrPrivate
	}
	found, err := sole(blocks, block.public)
	switch {
	case err != nil:
		return PublicKey{}, err
	case found.kind == typePKCS1Public:
		return PublicKey{}, ErrPKCS1Public
	}
	key, err := rsaKey[*rsa.PublicKey](found)
	if err == nil {
		err = checkSize(key.N.BitLen())
	}
	if err != nil {
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
	bodies := beginLine.Split(text, -1)[1:]
	for i, begin := range beginLine.FindAllStringSubmatch(text, -1) {
		body, _, whole := strings.Cut(bodies[i], "-----END "+begin[1]+"-----")
		if !whole { // an empty body is damage enough, and the block can still be told for what it is
			body = ""
		}
		blocks = append(blocks, block{begin[1], body})
	}
	switch {
	case len(blocks) > 0:
		return blocks, nil
	case text == "":
		return nil, ErrNoKey
	case strings.Contains(text, "-----BEGIN"):
		return nil, ErrDamaged
	case opensshLine.MatchString(text):
		return nil, ErrOpenSSHLine
	}
	return nil, ErrNotPEM
}

// unescaped turns the \n of JSON and of environment files into line breaks, drops
// characters that nobody sees, and leaves one blank of all white space in a row.
func unescaped(text string) string {
	text = strings.NewReplacer(`\r`, "", `\n`, "\n").Replace(text)
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// sole returns the one block that is wanted, or says what is there instead.
func sole(blocks []block, wanted func(block) bool) (block, error) {
	at := slices.IndexFunc(blocks, wanted)
	switch {
	case at < 0:
		return block{}, blocks[0].refusal()
	case slices.ContainsFunc(blocks[at+1:], wanted):
		return block{}, ErrSeveral
	}
	return blocks[at], nil
}

func (b block) private() bool { return strings.HasSuffix(b.kind, "PRIVATE KEY") }

func (b block) public() bool { return strings.HasSuffix(b.kind, "PUBLIC KEY") }

// encrypted recognizes the header lines of RFC 1421, which OpenSSL wrote before
// PKCS#8.
func (b block) encrypted() bool {
	return b.kind == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.body, "DEK-Info:")
}

// refusal says what a block is that is of no use here.
func (b block) refusal() error {
	switch {
	case b.encrypted():
		return ErrEncrypted
	case strings.HasPrefix(b.kind, "EC "):
		return ErrEC
	case b.kind == "OPENSSH PRIVATE KEY":
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

// rsaKey reads the key in a block: PKCS#1, PKCS#8 or SubjectPublicKeyInfo, as its
// type says.
func rsaKey[K *rsa.PrivateKey | *rsa.PublicKey](b block) (K, error) {
	der, err := base64.StdEncoding.DecodeString(withoutSpace(b.body))
	switch {
	case err != nil || len(der) == 0:
		return nil, ErrDamaged
	case len(der) > maxDER:
		return nil, ErrKeyLarge
	}
	var parsed any
	switch b.kind {
	case typePKCS1:
		parsed, err = x509.ParsePKCS1PrivateKey(der)
	case typePKCS8:
		parsed, err = x509.ParsePKCS8PrivateKey(der)
	default:
		parsed, err = x509.ParsePKIXPublicKey(der)
	}
	if key, ok := parsed.(K); ok && err == nil {
		return key, nil
	}
	return nil, notRSA(der)
}

// notRSA says why there is no RSA key in der, by the algorithm that it names. The
// standard library would take a curve that it doesn't know for damage.
func notRSA(der []byte) error {
	rsaKey := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1} // RFC 8017, A.1
	ecKey := asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}      // RFC 5480, 2.1.1
	var head struct {
		Version   int `asn1:"optional"` // PKCS#8 has one, SubjectPublicKeyInfo has none
		Algorithm pkix.AlgorithmIdentifier
	}
	_, err := asn1.Unmarshal(der, &head)
	switch algorithm := head.Algorithm.Algorithm; {
	case err != nil, algorithm.Equal(rsaKey):
		return ErrDamaged
	case algorithm.Equal(ecKey):
		return ErrEC
	}
	return ErrAlgorithm
}
