package dpctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"
)

// Certificate says how a server's certificate is wrong.
type Certificate int

// Certificates of a stand-in.
const (
	Good      Certificate = iota // signed by an authority that Server.Pool holds
	Expired                      // the same, an hour after its end
	WrongHost                    // the same, for another host name
	Untrusted                    // signed by an authority that Server.Pool doesn't hold
)

type trust struct {
	pool        *x509.CertPool
	certificate tls.Certificate
}

func newTrust(t testing.TB, kind Certificate) trust {
	t.Helper()
	rootKey, root := authority(t)
	pool := x509.NewCertPool()
	pool.AddCert(root)
	if kind == Untrusted {
		rootKey, root = authority(t)
	}
	key := newKey(t)
	leaf := template(kind)
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	return trust{pool, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
}

func template(kind Certificate) *x509.Certificate {
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "stand-in"},
		NotBefore:    time.Now().Add(-48 * time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	switch kind {
	case Expired:
		leaf.NotAfter = time.Now().Add(-time.Hour)
	case WrongHost:
		leaf.DNSNames, leaf.IPAddresses = []string{"router.invalid"}, nil
	case Good, Untrusted:
	}
	return leaf
}

func authority(t testing.TB) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key := newKey(t)
	self := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "stand-in authority"},
		NotBefore:             time.Now().Add(-72 * time.Hour),
		NotAfter:              time.Now().Add(72 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, root
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (t trust) config(newest uint16) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{t.certificate},
		MinVersion:   tls.VersionTLS10, // to see whether a client refuses it
		MaxVersion:   newest,
	}
}
