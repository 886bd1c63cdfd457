package keys_test

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

// bench is a folder in which openssl works, as people would by hand.
type bench struct {
	testing.TB
	folder string
}

func newBench(t testing.TB) bench {
	keystest.Need(t, "openssl")
	b := bench{t, t.TempDir()}
	if !strings.HasPrefix(b.run("version"), "OpenSSL 3") {
		keystest.Missing(t, "openssl is not OpenSSL 3, which has the options that are used here")
	}
	return b
}

func (b bench) run(arguments string) string {
	b.Helper()
	c := exec.Command("openssl", strings.Fields(arguments)...)
	c.Dir = b.folder
	output, err := c.CombinedOutput()
	if err != nil {
		b.Fatalf("openssl %s: %v\n%s", arguments, err, output)
	}
	return string(output)
}

func (b bench) read(name string) string {
	b.Helper()
	return string(must[[]byte](b)(os.ReadFile(filepath.Join(b.folder, name))))
}

func (b bench) write(name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.folder, name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// What people make by hand with openssl is understood, in both forms, and the
// public key and the signature that come out are theirs to the byte.
func TestKeysMadeByOpenSSL(t *testing.T) {
	b := newBench(t)
	b.run("genrsa -out private.pem 4096")
	b.run("rsa -in private.pem -traditional -out pkcs1.pem")
	b.run("rsa -in private.pem -outform PEM -pubout -out public.pem")
	b.write("snippet.txt", keys.Snippet)
	b.run("dgst -sign private.pem -sha256 -out snippet.txt.sig snippet.txt")
	b.run("base64 -in snippet.txt.sig -out signature.sig")
	for file, first := range map[string]string{"private.pem": "-----BEGIN PRIVATE KEY-----", "pkcs1.pem": "-----BEGIN RSA PRIVATE KEY-----"} {
		t.Run(file, func(t *testing.T) {
			if !strings.HasPrefix(b.read(file), first) {
				t.Fatal("openssl wrote another form than this test is about")
			}
			pair, err := keys.ParsePrivateKey(keys.NewSecret(b.read(file)))
			if err != nil {
				t.Fatal(err)
			}
			if !pair.Private().Equal(keys.NewSecret(b.read("private.pem"))) {
				t.Error("the private key differs from openssl's PKCS#8")
			}
			if pair.Public().PEM() != b.read("public.pem") {
				t.Error("the public key differs from openssl's")
			}
			if must[string](t)(pair.Sign()) != b.read("signature.sig") {
				t.Error("the signature differs from openssl's")
			}
			public := must[keys.PublicKey](t)(keys.ParsePublicKey(b.read("public.pem")))
			if err := errors.Join(pair.Matches(public), public.Verify(b.read("signature.sig"))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenSSLAcceptsOurs(t *testing.T) {
	b, pair := newBench(t), keystest.Pair(t)
	b.write("private.pem", pair.Private().Reveal())
	b.write("public.pem", pair.Public().PEM())
	b.write("signature.sig", must[string](t)(pair.Sign()))
	b.write("snippet.txt", keys.Snippet)
	b.run("base64 -d -in signature.sig -out snippet.txt.sig")
	if got := b.run("dgst -verify public.pem -sha256 -signature snippet.txt.sig snippet.txt"); !strings.Contains(got, "Verified OK") {
		t.Error(got)
	}
	if got := b.run("rsa -in private.pem -check -noout"); !strings.Contains(got, "RSA key ok") {
		t.Error(got)
	}
	b.run("rsa -in private.pem -pubout -out theirs.pem")
	if b.read("theirs.pem") != pair.Public().PEM() {
		t.Error("the public key differs from openssl's")
	}
	b.run("rsa -in private.pem -pubout -outform DER -out public.der")
	b.run("dgst -sha256 -binary -out digest public.der")
	if want := "SHA256:" + base64.RawStdEncoding.EncodeToString([]byte(b.read("digest"))); pair.Public().Fingerprint() != want {
		t.Errorf("fingerprint %s, want %s", pair.Public().Fingerprint(), want)
	}
}

// The commonest failure of people who sign by hand: an editor ends the snippet
// with a newline.
func TestSignatureOverASnippetWithANewline(t *testing.T) {
	b, pair := newBench(t), keystest.Pair(t)
	b.write("private.pem", pair.Private().Reveal())
	b.write("snippet.txt", keys.Snippet+"\n")
	b.run("dgst -sign private.pem -sha256 -out snippet.txt.sig snippet.txt")
	b.run("base64 -in snippet.txt.sig -out signature.sig")
	if err := pair.Public().Verify(b.read("signature.sig")); err != keys.ErrSignature {
		t.Error(err)
	}
}

func TestOtherFilesOfOpenSSL(t *testing.T) {
	b := newBench(t)
	b.write("pair.pem", keystest.Pair(t).Private().Reveal())
	cases := []struct {
		name, command string
		private       error
		public        error
	}{
		{"encrypted PKCS#8", "pkcs8 -topk8 -in pair.pem -v2 aes-256-cbc -passout pass:sunrise", keys.ErrEncrypted, keys.ErrPrivate},
		{"encrypted PKCS#1", "rsa -in pair.pem -traditional -aes256 -passout pass:sunrise", keys.ErrEncrypted, keys.ErrPrivate},
		{"EC", "ecparam -name prime256v1 -genkey", keys.ErrEC, keys.ErrPrivate},
		{"EC on a curve that Go lacks", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", keys.ErrEC, keys.ErrPrivate},
		{"Ed448", "genpkey -algorithm ED448", keys.ErrAlgorithm, keys.ErrPrivate},
		{"RSA for PSS alone", "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", keys.ErrAlgorithm, keys.ErrPrivate},
		{"2048 bits", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", keys.ErrKeySmall, keys.ErrPrivate},
		{"a certificate", "req -x509 -key pair.pem -subj /CN=sunrise", keys.ErrCertificate, keys.ErrCertificate},
		{"a request", "req -new -key pair.pem -subj /CN=sunrise", keys.ErrCertificate, keys.ErrCertificate},
		{"a public key", "rsa -in pair.pem -pubout", keys.ErrPublic, nil},
		{"a PKCS#1 public key", "rsa -in pair.pem -RSAPublicKey_out", keys.ErrPublic, keys.ErrPKCS1Public},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := bench{t, b.folder}
			b.run(c.command + " -out made.pem")
			if _, err := keys.ParsePrivateKey(keys.NewSecret(b.read("made.pem"))); !errors.Is(err, c.private) {
				t.Errorf("as a private key: %v, want %v", err, c.private)
			}
			if _, err := keys.ParsePublicKey(b.read("made.pem")); !errors.Is(err, c.public) {
				t.Errorf("as a public key: %v, want %v", err, c.public)
			}
		})
	}
}
