package keys_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key any) string {
	return inPEM("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key)))
}

func spki(t testing.TB, key any) string {
	return inPEM("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(key)))
}

// raw returns the standard library's key of a pair.
func raw(t testing.TB, pair keys.Pair) *rsa.PrivateKey {
	b, _ := pem.Decode([]byte(pair.Private().Reveal()))
	return must[any](t)(x509.ParsePKCS8PrivateKey(b.Bytes)).(*rsa.PrivateKey)
}

func certificate(t testing.TB) string {
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sunrise"},
		NotBefore: now, NotAfter: now.Add(time.Hour),
	}
	return inPEM("CERTIFICATE", must[[]byte](t)(x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)))
}

// wrappings are what happens to a key on its way, all of which is understood.
func wrappings(key string) map[string]string {
	return map[string]string{
		"as made":            key,
		"white space":        "\n\n  " + key + "  \n",
		"CRLF":               strings.ReplaceAll(key, "\n", "\r\n"),
		"lone CR":            strings.ReplaceAll(key, "\n", "\r"),
		"byte order mark":    "\ufeff" + key,
		"spaces for lines":   strings.ReplaceAll(key, "\n", " "),
		"no line breaks":     strings.ReplaceAll(key, "\n", ""),
		"escaped":            `"` + strings.ReplaceAll(key, "\n", `\n`) + `"`,
		"escaped CRLF":       strings.ReplaceAll(key, "\n", `\r\n`),
		"indented":           strings.ReplaceAll(key, "\n", "\n    "),
		"text around":        "Bag Attributes\n    friendlyName: dpc\n" + key + "\nregards\n",
		"non-breaking space": strings.ReplaceAll(key, " ", "\u00a0"),
		"zero-width space":   key[:200] + "\u200b" + key[200:],
	}
}

func TestParsePrivateKey(t *testing.T) {
	pair := keystest.Pair(t)
	forms := map[string]string{
		"PKCS#8": pair.Private().Reveal(),
		"PKCS#1": inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(raw(t, pair))),
		"beside its public key and a certificate": certificate(t) + pair.Public().PEM() + pair.Private().Reveal(),
	}
	for form, key := range forms {
		for name, text := range wrappings(key) {
			t.Run(form+" "+name, func(t *testing.T) {
				got, err := keys.ParsePrivateKey(keys.NewSecret(text))
				if err != nil {
					t.Fatal(err)
				}
				if !got.Private().Equal(pair.Private()) {
					t.Error("another key came out")
				}
			})
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	public := keystest.Pair(t).Public()
	for name, text := range wrappings(public.PEM()) {
		t.Run(name, func(t *testing.T) {
			got, err := keys.ParsePublicKey(text)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(public) || got.PEM() != public.PEM() || got.Bits() != 4096 {
				t.Error("another key came out")
			}
		})
	}
	if got := must[keys.PublicKey](t)(keys.ParsePublicKey(certificate(t) + public.PEM())); !got.Equal(public) {
		t.Error("the certificate beside the key got in the way")
	}
}

// samples are keys of all kinds that people have and DPC does not take.
type samples struct {
	private, public, pkcs1, pkcs1Public        string
	small, smallPublic, ec, ecPublic, ed, x, c string
}

func makeSamples(t testing.TB) samples {
	pair := keystest.Pair(t)
	small := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	ec := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return samples{
		private: pair.Private().Reveal(), public: pair.Public().PEM(),
		pkcs1:       inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(raw(t, pair))),
		pkcs1Public: inPEM("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&raw(t, pair).PublicKey)),
		small:       pkcs8(t, small), smallPublic: spki(t, &small.PublicKey),
		ec: pkcs8(t, ec), ecPublic: spki(t, &ec.PublicKey), ed: pkcs8(t, ed),
		x: pkcs8(t, must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader))),
		c: certificate(t),
	}
}

// mislabeled returns a SubjectPublicKeyInfo that says RSA and holds no numbers.
func mislabeled(t testing.TB) []byte {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	info.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}
	info.Key = asn1.BitString{Bytes: []byte{4, 1, 2, 3}, BitLength: 32}
	return must[[]byte](t)(asn1.Marshal(info))
}

// noPrimes returns a PKCS#1 key of 4096 bits made of two products, which fit
// together as the parts of a key do.
func noPrimes(t testing.TB) []byte {
	a, b := raw(t, keystest.Pair(t)), raw(t, keystest.OtherPair(t))
	one, three := big.NewInt(1), big.NewInt(3)
	p, q := new(big.Int).Mul(a.Primes[0], three), new(big.Int).Mul(b.Primes[0], three)
	for e := int64(65537); ; e += 2 {
		p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
		d := new(big.Int).ModInverse(big.NewInt(e), new(big.Int).Mul(p1, q1))
		inverse := new(big.Int).ModInverse(q, p)
		if inverse == nil { // both are multiples of three
			q.Add(q, big.NewInt(2))
		}
		if d == nil || inverse == nil {
			continue
		}
		return must[[]byte](t)(asn1.Marshal(struct {
			Version               int
			N                     *big.Int
			E                     int64
			D, P, Q, DP, DQ, QInv *big.Int
		}{0, new(big.Int).Mul(p, q), e, d, p, q, new(big.Int).Mod(d, p1), new(big.Int).Mod(d, q1), inverse}))
	}
}

func TestParsePrivateKeyRefusals(t *testing.T) {
	s := makeSamples(t)
	ec := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	sec1 := inPEM("EC PRIVATE KEY", must[[]byte](t)(x509.MarshalECPrivateKey(ec)))
	openssh := must[*pem.Block](t)(ssh.MarshalPrivateKey(raw(t, keystest.Pair(t)), ""))
	damaged := raw(t, keystest.OtherPair(t))
	damaged.D.Add(damaged.D, big.NewInt(2))
	mixed := x509.MarshalPKCS1PrivateKey(damaged)
	lines := strings.SplitAfter(s.private, "\n")
	cases := []struct {
		name, text string
		want       error
	}{
		{"nothing", " \n\ufeff", keys.ErrNoKey},
		{"a word", "private.pem", keys.ErrNotPEM},
		{"no BEGIN line", strings.Join(lines[1:], ""), keys.ErrNotPEM},
		{"a client token", keystest.Token(t, spec()).Reveal(), keys.ErrNotPEM},
		{"a BEGIN line cut short", s.private[:15], keys.ErrDamaged},
		{"cut short", s.private[:len(s.private)/2], keys.ErrDamaged},
		{"a line missing", strings.Join(append(lines[:5:5], lines[6:]...), ""), keys.ErrDamaged},
		{"a letter changed", strings.Replace(s.private, lines[20], strings.Repeat("A", 64)+"\n", 1), keys.ErrDamaged},
		{"a letter that is none", strings.Replace(s.private, lines[20], "!"+lines[20][1:], 1), keys.ErrDamaged},
		{"numbers that don't belong together", inPEM("RSA PRIVATE KEY", mixed), keys.ErrDamaged},
		{"numbers that are no primes", inPEM("RSA PRIVATE KEY", noPrimes(t)), keys.ErrDamaged},
		{"an empty block", inPEM("PRIVATE KEY", nil), keys.ErrDamaged},
		{"PKCS#1 with the label of PKCS#8", strings.ReplaceAll(s.pkcs1, "RSA PRIVATE", "PRIVATE"), keys.ErrDamaged},
		{"encrypted PKCS#8", strings.ReplaceAll(s.private, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), keys.ErrEncrypted},
		{"encrypted as of old", strings.Replace(s.pkcs1, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", 1), keys.ErrEncrypted},
		{"encrypted and cut short", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII", keys.ErrEncrypted},
		{"EC in PKCS#8", s.ec, keys.ErrEC},
		{"EC of its own", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + sec1, keys.ErrEC},
		{"Ed25519", s.ed, keys.ErrAlgorithm},
		{"X25519", s.x, keys.ErrAlgorithm},
		{"a private key of an unknown kind", inPEM("NEW PRIVATE KEY", []byte{1}), keys.ErrAlgorithm},
		{"DSA", inPEM("DSA PRIVATE KEY", []byte{1}), keys.ErrAlgorithm},
		{"a certificate", s.c, keys.ErrCertificate},
		{"a certificate request", inPEM("CERTIFICATE REQUEST", []byte{1}), keys.ErrCertificate},
		{"a public key", s.public, keys.ErrPublic},
		{"a PKCS#1 public key", s.pkcs1Public, keys.ErrPublic},
		{"an OpenSSH private key", string(pem.EncodeToMemory(openssh)), keys.ErrOpenSSH},
		{"an OpenSSH public key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@home", keys.ErrOpenSSHLine},
		{"2048 bits", s.small, keys.ErrKeySmall},
		{"two keys", s.private + keystest.OtherPair(t).Private().Reveal(), keys.ErrSeveral},
		{"the same key in both forms", s.private + s.pkcs1, keys.ErrSeveral},
		{"a message", inPEM("PGP MESSAGE", []byte{1}), keys.ErrUnknownBlock},
		{"an enormous key", inPEM("PRIVATE KEY", make([]byte, 11_000)), keys.ErrKeyLarge},
		{"a whole book", strings.Repeat(s.private, 30), keys.ErrKeyLong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := keys.ParsePrivateKey(keys.NewSecret(c.text))
			if !errors.Is(err, c.want) || !got.IsZero() {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestParsePublicKeyRefusals(t *testing.T) {
	s := makeSamples(t)
	large := spki(t, &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 16384), E: 65537})
	authorized := must[ssh.PublicKey](t)(ssh.NewPublicKey(&raw(t, keystest.Pair(t)).PublicKey))
	cases := []struct {
		name, text string
		want       error
	}{
		{"nothing", "", keys.ErrNoKey},
		{"a word", "public.pem", keys.ErrNotPEM},
		{"cut short", s.public[:300], keys.ErrDamaged},
		{"a line missing", s.public[:100] + s.public[165:], keys.ErrDamaged},
		{"a private key", s.private, keys.ErrPrivate},
		{"a private key cut short", s.private[:300], keys.ErrPrivate},
		{"both halves", s.public + s.private, keys.ErrPrivate},
		{"PKCS#1", s.pkcs1Public, keys.ErrPKCS1Public},
		{"a certificate", s.c, keys.ErrCertificate},
		{"EC", s.ecPublic, keys.ErrEC},
		{"2048 bits", s.smallPublic, keys.ErrKeySmall},
		{"an exponent of one", spki(t, &rsa.PublicKey{N: raw(t, keystest.Pair(t)).N, E: 1}), keys.ErrDamaged},
		{"an even exponent", spki(t, &rsa.PublicKey{N: raw(t, keystest.Pair(t)).N, E: 65536}), keys.ErrDamaged},
		{"an even modulus", spki(t, &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 4095), E: 65537}), keys.ErrDamaged},
		{"an EC key that calls itself RSA", inPEM("PUBLIC KEY", mislabeled(t)), keys.ErrDamaged},
		{"16385 bits", large, keys.ErrKeyLarge},
		{"two keys", s.public + keystest.OtherPair(t).Public().PEM(), keys.ErrSeveral},
		{"OpenSSH's own form", string(ssh.MarshalAuthorizedKey(authorized)), keys.ErrOpenSSHLine},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := keys.ParsePublicKey(c.text)
			if !errors.Is(err, c.want) || !got.IsZero() {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestSmallKeySaysItsSize(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // or Go would not make the smallest
	for bits, text := range map[int]string{512: "512", 2048: "2048", 4095: "4095"} {
		key := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, bits))
		want := "the key is too small: it has " + text + " bits, and DPC asks for at least 4096"
		if _, err := keys.ParsePrivateKey(keys.NewSecret(pkcs8(t, key))); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := keys.ParsePublicKey(spki(t, &key.PublicKey)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
