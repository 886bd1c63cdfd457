package submission

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"filippo.io/age"

	"dpc-onboard/keys"
)

// damage changes a file at a place: a byte flipped, bytes cut out, bytes put in,
// or the end cut off.
func damage(data []byte, kind uint8, at uint32, patch []byte) []byte {
	i := int(at) % len(data)
	switch kind % 4 {
	case 0:
		changed := bytes.Clone(data)
		copy(changed[i:], patch)
		return changed
	case 1:
		end := min(i+1+len(patch), len(data))
		return append(bytes.Clone(data[:i]), data[end:]...)
	case 2:
		return append(bytes.Clone(data[:i]), append(bytes.Clone(patch), data[i:]...)...)
	default:
		return bytes.Clone(data[:i])
	}
}

// costly reports whether an age file asks for so much work, and no more than is
// tried, that a fuzzer would get nowhere.
func costly(data []byte) bool {
	for _, stanza := range regexp.MustCompile(`-> scrypt \S+ ([0-9]+)`).FindAllSubmatch(data, -1) {
		if work, err := strconv.Atoi(string(stanza[1])); err == nil && work > 9 && work <= maxAgeWork {
			return true
		}
	}
	return false
}

// fuzzOpen opens damaged packages of one seal. Each is refused, or opens to the
// very package that was sealed (a space after an armor is no damage). What is
// refused leaves no folder behind, whole or in part.
func fuzzOpen(f *testing.F, sealed []byte, c Contents, unlock Unlock) {
	parent := f.TempDir()
	f.Add(uint8(0), uint32(0), []byte{0})
	f.Add(uint8(0), uint32(len(sealed)-1), []byte{0xff})
	f.Add(uint8(1), uint32(len(sealed)/2), []byte("1234"))
	f.Add(uint8(2), uint32(len(sealed)/3), []byte("\r\n"))
	f.Add(uint8(2), uint32(20), []byte("-> scrypt AAAA 30\n"))
	f.Add(uint8(3), uint32(len(sealed)/2), []byte(nil))
	f.Fuzz(func(t *testing.T, kind uint8, at uint32, patch []byte) {
		data := damage(sealed, kind, at, patch)
		if len(data) > MaxSize || costly(data) {
			return // the size is refused before anything is looked at
		}
		got, err := Open(context.Background(), bytes.NewReader(data), unlock)
		switch {
		case err != nil && noHint(err):
			t.Errorf("no hint: %v", err)
		case err != nil && got.Submission.Schema != 0:
			t.Error("something was returned beside the error")
		case err == nil && !same(t, c, got):
			t.Error("a damaged package opened to another one")
		case err != nil && got.Extract(filepath.Join(parent, "out")) == nil:
			t.Error("a damaged package was written to a folder")
		}
		empty(t, parent)
	})
}

func FuzzOpenAge(f *testing.F) {
	c := contents(f)
	fuzzOpen(f, closed(f, c, under(ageFormat, testPass(), 1)), c, Unlock{Passphrase: pass(testPass().Reveal())})
}

func FuzzOpenAgeArmored(f *testing.F) {
	c := contents(f)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	seal, err := ageKeys(id.Recipient().String(), testNow())
	if err != nil {
		f.Fatal(err)
	}
	fuzzOpen(f, ageArmor(f, closed(f, c, seal)), c, Unlock{Identities: []keys.Secret{keys.NewSecret(id.String())}})
}

func FuzzOpenPGP(f *testing.F) {
	c := contents(f)
	fuzzOpen(f, closed(f, c, quickPGP(testPass())), c, Unlock{Passphrase: pass(testPass().Reveal())})
}

func FuzzOpenHTML(f *testing.F) {
	c := contents(f)
	fuzzOpen(f, closed(f, c, quickHTML(testPass())), c, Unlock{Passphrase: pass(testPass().Reveal())})
}

// FuzzUnpack damages the zip itself, as a sender with the right key could.
func FuzzUnpack(f *testing.F) {
	c := contents(f)
	zip, err := pack(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), uint32(10), []byte("../"))
	f.Add(uint8(2), uint32(0), []byte("PK"))
	f.Fuzz(func(t *testing.T, kind uint8, at uint32, patch []byte) {
		got, err := unpack(damage(zip, kind, at, patch))
		if noHint(err) {
			t.Errorf("no hint: %v", err)
		}
		if err == nil && got.Credentials.ClientToken.Reveal() != c.Credentials.ClientToken.Reveal() {
			t.Error("a damaged zip holds another token")
		}
	})
}

// FuzzRecipient looks for public keys in anything.
func FuzzRecipient(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "recipient")
	for _, seed := range []string{"age1", "ssh-rsa AAAA x", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END", "\x99\x01\x0d\x04", "AGE-SECRET-KEY-1"} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, asAge bool) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		format := FormatPGP
		if asAge {
			format = FormatAge
		}
		whose, err := describe(format, path, testNow())
		if err != nil && noHint(err) || err == nil && whose == "" {
			t.Errorf("whose = %q, error = %v", whose, err)
		}
	})
}

// FuzzIdentity reads anything as a private key file.
func FuzzIdentity(f *testing.F) {
	for _, seed := range []string{"AGE-SECRET-KEY-1", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "\x95\x01", "age-encryption.org/v1\n-> scrypt AAAA 1\n", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if costly(data) {
			return
		}
		file := []keys.Secret{keys.NewSecret(string(data))}
		_, err := ageIdentities(file, pass("x"))
		_, pgpErr := pgpIdentities(file, pass("x"))
		if noHint(err) || noHint(pgpErr) {
			t.Errorf("no hint: %v, %v", err, pgpErr)
		}
	})
}
