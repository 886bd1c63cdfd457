package submission

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/gopenpgp/v3/armor"
	"github.com/ProtonMail/gopenpgp/v3/crypto"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

// gnupg is a GnuPG with a home of its own.
type gnupg struct {
	t    testing.TB
	home string
}

// newGnuPG makes the home directly in the temporary folder: the path of the
// agent's socket must stay under 108 bytes.
func newGnuPG(t testing.TB) gnupg {
	t.Helper()
	keystest.Need(t, "gpg", "gpgconf")
	if runtime.GOOS == "windows" {
		keystest.Missing(t, "the agent's socket needs a Unix")
	}
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	g := gnupg{t, home}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	return g
}

func (g gnupg) command(args ...string) *exec.Cmd {
	return exec.Command("gpg", append([]string{"--homedir", g.home, "--batch", "--yes", "--pinentry-mode", "loopback"}, args...)...)
}

// do runs gpg and returns what it writes.
func (g gnupg) do(input []byte, args ...string) []byte {
	g.t.Helper()
	cmd := g.command(args...)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &said
	if err := cmd.Run(); err != nil {
		g.t.Fatalf("gpg %v: %v\n%s", args, err, said.String())
	}
	return out.Bytes()
}

// newKey makes a key by gpg's batch parameters and returns its fingerprint.
func (g gnupg) newKey(name, passphrase, parameters string) string {
	g.t.Helper()
	protection := "%no-protection\n"
	if passphrase != "" {
		protection = "Passphrase: " + passphrase + "\n"
	}
	if !strings.Contains(parameters, "Expire-Date") {
		parameters += "Expire-Date: 0\n"
	}
	g.do([]byte(parameters+"Name-Real: "+name+"\nName-Email: desk@vendor.example\n"+protection+"%commit\n"), "--full-generate-key")
	for _, line := range strings.Split(string(g.do(nil, "--with-colons", "--list-keys", name)), "\n") {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			return fields[9]
		}
	}
	g.t.Fatal("gpg made no key")
	return ""
}

const (
	ed25519Key = "Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\nSubkey-Type: ECDH\nSubkey-Curve: cv25519\nSubkey-Usage: encrypt\n"
	rsaKey     = "Key-Type: RSA\nKey-Length: 3072\nKey-Usage: sign\nSubkey-Type: RSA\nSubkey-Length: 3072\nSubkey-Usage: encrypt\n"
	signingKey = "Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\n"
)

func TestRealGnuPGOpensAPassphrase(t *testing.T) {
	g, c := newGnuPG(t), contents(t)
	in := put(t, filepath.Join(t.TempDir(), "package.zip.gpg"), closed(t, c, under(pgpFormat, testPass(), pgpWork)))
	holds(t, c, g.do([]byte(testPass().Reveal()), "--passphrase-fd", "0", "--decrypt", in))
	packets := string(g.do([]byte(testPass().Reveal()), "--passphrase-fd", "0", "--list-packets", in))
	for _, want := range []string{"symkey enc packet: version 4, cipher 9", "s2k 3, hash 8", "count 65011712", "mdc_method: 2"} {
		if !strings.Contains(packets, want) {
			t.Errorf("the message has no %q:\n%s", want, packets)
		}
	}
	wrong := g.command("--passphrase-fd", "0", "--decrypt", in)
	wrong.Stdin = strings.NewReader(wrongPass)
	if out, err := wrong.Output(); err == nil || len(out) > 0 {
		t.Error("gpg opened it with a wrong passphrase")
	}
}

func TestRealGnuPGOpensWithAKey(t *testing.T) {
	g, dir := newGnuPG(t), t.TempDir()
	for name, parameters := range map[string]string{"Riley Modern": ed25519Key, "Riley Classic": rsaKey} {
		fingerprint := g.newKey(name, "", parameters)
		armored := g.do(nil, "--armor", "--export", fingerprint)
		for form, recipient := range map[string]string{
			"armored file": put(t, filepath.Join(dir, fingerprint+".asc"), armored),
			"binary file":  put(t, filepath.Join(dir, fingerprint+".gpg"), g.do(nil, "--export", fingerprint)),
			"pasted":       string(armored),
		} {
			t.Run(name+", "+form, func(t *testing.T) {
				whose, err := describe(FormatPGP, recipient, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if want := name + " <desk@vendor.example> (" + grouped(fingerprint) + ")"; whose != want {
					t.Errorf("whose = %q, want %q", whose, want)
				}
				seal, err := newSeal(record.SealRequest{Format: FormatPGP, Recipient: recipient}, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				c := contents(t)
				data := closed(t, c, seal)
				holds(t, c, g.do(data, "--decrypt"))
				packets := string(g.do(data, "--list-packets"))
				if !strings.Contains(packets, "mdc_method: 2") || strings.Contains(packets, "aead") {
					t.Errorf("not in GnuPG 2.2's profile:\n%s", packets)
				}
				for _, file := range [][]byte{g.do(nil, "--export-secret-keys", fingerprint), g.do(nil, "--armor", "--export-secret-keys", fingerprint)} {
					got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Identities: []keys.Secret{keys.NewSecret(string(file))}})
					if err != nil || !same(t, c, got) {
						t.Errorf("open: %v", err)
					}
				}
			})
		}
	}
}

func TestOpenWhatGnuPGSealed(t *testing.T) {
	g, c := newGnuPG(t), contents(t)
	zip, err := pack(c)
	if err != nil {
		t.Fatal(err)
	}
	path := put(t, filepath.Join(t.TempDir(), "package.zip"), zip)
	for _, armored := range []string{"--no-armor", "--armor"} {
		data := g.do([]byte(testPass().Reveal()), armored, "--passphrase-fd", "0", "--symmetric", "--cipher-algo", "AES256", "-o", "-", path)
		got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(testPass().Reveal())})
		if err != nil || !same(t, c, got) {
			t.Errorf("%s: %v", armored, err)
		}
		_, err = Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(wrongPass)})
		if err == nil || noHint(err) {
			t.Errorf("%s, wrong passphrase: %v", armored, err)
		}
	}
}

func TestOpenWithALockedGnuPGKey(t *testing.T) {
	g, c := newGnuPG(t), contents(t)
	fingerprint := g.newKey("Riley Locked", "my own phrase", ed25519Key)
	seal, err := pgpKey(string(g.do(nil, "--armor", "--export", fingerprint)), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	data := closed(t, c, seal)
	file := g.do([]byte("my own phrase"), "--passphrase-fd", "0", "--export-secret-keys", fingerprint)
	identities := []keys.Secret{keys.NewSecret(string(file))}
	got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass("my own phrase"), Identities: identities})
	if err != nil || !same(t, c, got) {
		t.Errorf("open: %v", err)
	}
	_, err = Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(wrongPass), Identities: identities})
	if !errors.Is(err, ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	public := []keys.Secret{keys.NewSecret(string(g.do(nil, "--armor", "--export", fingerprint)))}
	if _, err := Open(context.Background(), bytes.NewReader(data), Unlock{Identities: public}); err == nil || !strings.Contains(err.Error(), "public key") {
		t.Errorf("with the public key: %v", err)
	}
	stranger := g.newKey("Sam Stranger", "", ed25519Key)
	other := []keys.Secret{keys.NewSecret(string(g.do(nil, "--export-secret-keys", stranger)))}
	if _, err := Open(context.Background(), bytes.NewReader(data), Unlock{Identities: other}); !errors.Is(err, ErrIdentity) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(wrongPass)}); !errors.Is(err, ErrLocked) {
		t.Errorf("with a passphrase alone: %v", err)
	}
}

func TestPGPRecipientRefuses(t *testing.T) {
	g, dir := newGnuPG(t), t.TempDir()
	current := g.newKey("Riley Current", "", ed25519Key)
	signing := g.newKey("Riley Signs", "", signingKey)
	expiring := g.newKey("Riley Expires", "", ed25519Key+"Expire-Date: 2d\n")
	revoked := g.newKey("Riley Revoked", "", ed25519Key)
	revocation := readFileT(t, filepath.Join(g.home, "openpgp-revocs.d", revoked+".rev"))
	g.do(bytes.Replace(revocation, []byte(":-----BEGIN"), []byte("-----BEGIN"), 1), "--import")
	subExpiring := g.newKey("Riley Subkey", "", signingKey)
	g.do(nil, "--passphrase", "", "--quick-add-key", subExpiring, "cv25519", "encr", "2d")
	small := g.newKey("Riley Small", "", "Key-Type: RSA\nKey-Length: 1024\nKey-Usage: sign,encrypt\n")
	export := func(fingerprints ...string) string {
		return string(g.do(nil, append([]string{"--armor", "--export"}, fingerprints...)...))
	}
	damagedKey := g.do(nil, "--export", current)
	later := time.Now().AddDate(0, 0, 3)
	for _, test := range []struct {
		name, recipient, want string
		now                   time.Time
	}{
		{"expired", export(expiring), "has expired", later},
		{"revoked", export(revoked), "was revoked", time.Now()},
		{"signing only", export(signing), "can only sign", time.Now()},
		{"expired subkey", export(subExpiring), "part for encryption that has expired", later},
		{"too small", export(small), "too weak", time.Now()},
		{"private key", string(g.do(nil, "--armor", "--export-secret-keys", current)), "this is a private key", time.Now()},
		{"private key in a binary file", put(t, filepath.Join(dir, "secret.gpg"), g.do(nil, "--export-secret-keys", current)), "this is a private key", time.Now()},
		{"two keys", export(current, signing), "holds 2 OpenPGP keys", time.Now()},
		{"damaged", put(t, filepath.Join(dir, "damaged.gpg"), damagedKey[:len(damagedKey)/2]), "", time.Now()},
		{"not a key", put(t, filepath.Join(dir, "text"), []byte("hello")), "no OpenPGP public key", time.Now()},
		{"SSH private key", put(t, filepath.Join(dir, "ssh"), []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n")), "no OpenPGP public key", time.Now()},
		{"no such file", filepath.Join(dir, "nowhere.asc"), "no such file", time.Now()},
	} {
		_, err := describe(FormatPGP, test.recipient, test.now)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error = %v, want %q", test.name, err, test.want)
			continue
		}
		if noHint(err) {
			t.Errorf("%s: no hint", test.name)
		}
	}
	for _, good := range []string{export(current), export(expiring), export(subExpiring)} {
		if _, err := describe(FormatPGP, good, time.Now()); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenPGPRefusesOtherMessages(t *testing.T) {
	good := closed(t, contents(t), quickPGP(testPass()))
	signed, err := crypto.PGP().KeyGeneration().AddUserId("x", "x@y").New().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := signed.Armor()
	if err != nil {
		t.Fatal(err)
	}
	binaryKey, err := signed.Serialize()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"a key":               binaryKey,
		"an armored key":      []byte(key),
		"cut in the middle":   good[:len(good)/2],
		"cut at the end":      good[:len(good)-1],
		"followed by another": append(bytes.Clone(good), good...),
		"without the session": good[len(good)-100:],
	} {
		_, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(testPass().Reveal())})
		if !errors.Is(err, ErrDamaged) || noHint(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// argon2Bomb is the beginning of a message whose passphrase would take 2 TiB of
// memory to try (RFC 9580, 3.7.1.4).
func TestOpenPGPRefusesAnArgon2Bomb(t *testing.T) {
	message := append([]byte{0xC3, 23, 4, 9, 4}, make([]byte, 16)...)
	message = append(message, 255, 1, 31)
	message = append(message, 0) // padding to the length
	_, err := Open(context.Background(), bytes.NewReader(message), Unlock{Passphrase: pass("x")})
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "does not use") {
		t.Errorf("error = %v", err)
	}
}

// TestOpenPGPRefusesManyLocks: each lock under a passphrase costs a derivation,
// and a file of the permitted size could hold tens of thousands.
func TestOpenPGPRefusesManyLocks(t *testing.T) {
	good := closed(t, contents(t), quickPGP(testPass()))
	one, err := packet.NewOpaqueReader(bytes.NewReader(good)).Next()
	if err != nil {
		t.Fatal(err)
	}
	var lock bytes.Buffer
	if err := one.Serialize(&lock); err != nil {
		t.Fatal(err)
	}
	with := func(more int) []byte { return append(bytes.Repeat(lock.Bytes(), more), good...) }
	asked := false
	ask := func() (keys.Secret, error) { asked = true; return keys.NewSecret("another passphrase"), nil }
	_, err = Open(context.Background(), bytes.NewReader(with(maxLocks)), Unlock{Passphrase: ask})
	if !errors.Is(err, ErrDamaged) || noHint(err) || asked {
		t.Errorf("too many locks: %v, asked = %v", err, asked)
	}
	if _, err := Open(context.Background(), bytes.NewReader(with(1)), Unlock{Passphrase: pass(testPass().Reveal())}); err != nil {
		t.Errorf("two locks: %v", err)
	}
}

func TestArmoredPGPOpens(t *testing.T) {
	c := contents(t)
	text, err := armor.ArmorPGPMessage(closed(t, c, quickPGP(testPass())))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(context.Background(), strings.NewReader("\n"+text), Unlock{Passphrase: pass(testPass().Reveal())})
	if err != nil || !same(t, c, got) {
		t.Errorf("open: %v", err)
	}
}

// TestExpiredKeyStillOpens: a receiver's key may expire while a package is on
// its way.
func TestExpiredKeyStillOpens(t *testing.T) {
	then := time.Now().AddDate(0, 0, -3)
	key, err := crypto.PGP().KeyGeneration().AddUserId("Riley", "riley@vendor.example").
		GenerationTime(then.Unix()).Lifetime(86400).New().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.GetArmoredPublicKey()
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.Armor()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgpKey(public, time.Now()); err == nil || !strings.Contains(err.Error(), "has expired") {
		t.Errorf("sealing to it now: %v", err)
	}
	seal, err := pgpKey(public, then.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	c := contents(t)
	got, err := Open(context.Background(), bytes.NewReader(closed(t, c, seal)), Unlock{Identities: []keys.Secret{keys.NewSecret(private)}})
	if err != nil || !same(t, c, got) {
		t.Errorf("open: %v", err)
	}
}
