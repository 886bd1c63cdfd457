package submission

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"
	agearmor "filippo.io/age/armor"
	"github.com/creack/pty"
	"golang.org/x/crypto/ssh"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

// run runs a real tool and fails the test where it does not succeed.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func readFileT(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// holds fails the test where what a tool decrypted is not the package.
func holds(t testing.TB, c Contents, zip []byte) {
	t.Helper()
	got, err := unpack(zip)
	if err != nil {
		t.Fatal(err)
	}
	if !same(t, c, got) {
		t.Error("the tool decrypted another package")
	}
}

// typed runs age on a terminal of its own and types a passphrase into it.
func typed(t *testing.T, passphrase string, args ...string) (output string, err error) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("age reads a passphrase from a console there, not from a terminal")
	}
	cmd := exec.Command("age", args...)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var seen bytes.Buffer
	buffer := make([]byte, 1024)
	for sent := false; ; {
		n, readErr := terminal.Read(buffer)
		seen.Write(buffer[:n])
		if !sent && strings.Contains(seen.String(), "passphrase") {
			sent = true
			if _, err := io.WriteString(terminal, passphrase+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		if readErr != nil {
			return seen.String(), cmd.Wait()
		}
	}
}

func TestRealAgeOpensAPassphrase(t *testing.T) {
	keystest.Need(t, "age")
	c, dir := contents(t), t.TempDir()
	in, out := filepath.Join(dir, "package.age"), filepath.Join(dir, "package.zip")
	put(t, in, closed(t, c, under(ageFormat, testPass(), ageWork)))
	if seen, err := typed(t, wrongPass, "--decrypt", "-o", out, in); err == nil || !strings.Contains(seen, "incorrect passphrase") {
		t.Errorf("with a wrong passphrase: %v\n%s", err, seen)
	}
	if seen, err := typed(t, testPass().Reveal(), "--decrypt", "-o", out, in); err != nil {
		t.Fatalf("%v\n%s", err, seen)
	}
	holds(t, c, readFileT(t, out))
}

// sshKeygen makes an SSH key pair in a file.
func sshKeygen(t testing.TB, path, kind, passphrase string) string {
	t.Helper()
	keystest.Need(t, "ssh-keygen")
	args := []string{"-q", "-t", kind, "-N", passphrase, "-C", "jordan@vendor", "-f", path}
	if kind == "rsa" {
		args = append(args, "-b", "2048")
	}
	run(t, "ssh-keygen", args...)
	return path
}

// ageKeygen makes an age identity, and returns its file and its recipient.
func ageKeygen(t testing.TB, dir string) (file, recipient string) {
	t.Helper()
	keystest.Need(t, "age-keygen")
	file = filepath.Join(dir, "age.key")
	run(t, "age-keygen", "-o", file)
	return file, strings.TrimSpace(run(t, "age-keygen", "-y", file))
}

func TestRealAgeOpensWithAKey(t *testing.T) {
	keystest.Need(t, "age")
	dir := t.TempDir()
	identity, recipient := ageKeygen(t, dir)
	ed := sshKeygen(t, filepath.Join(dir, "ed"), "ed25519", "")
	rsa := sshKeygen(t, filepath.Join(dir, "rsa"), "rsa", "")
	list := put(t, filepath.Join(dir, "recipients.txt"), []byte("# the vendor's\r\n"+recipient+"\r\n\r\n"+string(readFileT(t, ed+".pub"))))
	for _, test := range []struct{ name, recipient, identity, whose string }{
		{"age key", recipient, identity, "age key " + recipient},
		{"age key with spaces around", "  " + recipient + "\n", identity, recipient},
		{"ssh-ed25519 line", string(readFileT(t, ed+".pub")), ed, "ssh-ed25519 SHA256:"},
		{"ssh-ed25519 file", ed + ".pub", ed, "jordan@vendor"},
		{"ssh-rsa file", rsa + ".pub", rsa, "ssh-rsa SHA256:"},
		{"recipients file, first", list, identity, ", ssh-ed25519"},
		{"recipients file, second", list, ed, recipient},
	} {
		t.Run(test.name, func(t *testing.T) {
			seal, err := newSeal(record.SealRequest{Format: FormatAge, Recipient: test.recipient}, testNow())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(seal.recipient, test.whose) {
				t.Errorf("recipient = %q", seal.recipient)
			}
			c := contents(t)
			in := put(t, filepath.Join(t.TempDir(), "package.age"), closed(t, c, seal))
			out := in + ".zip"
			run(t, "age", "--decrypt", "-i", test.identity, "-o", out, in)
			holds(t, c, readFileT(t, out))
			got, err := Open(context.Background(), bytes.NewReader(readFileT(t, in)), Unlock{Identities: []keys.Secret{keys.NewSecret(string(readFileT(t, test.identity)))}})
			if err != nil || !same(t, c, got) {
				t.Errorf("open: %v", err)
			}
		})
	}
}

func TestAgeHybridKey(t *testing.T) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	c := contents(t)
	seal, err := ageKeys(id.Recipient().String(), testNow())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(seal.recipient, "age key age1pq1") || len(seal.recipient) > 80 {
		t.Errorf("recipient = %q", seal.recipient)
	}
	got, err := Open(context.Background(), bytes.NewReader(closed(t, c, seal)), Unlock{Identities: []keys.Secret{keys.NewSecret(id.String())}})
	if err != nil || !same(t, c, got) {
		t.Errorf("open: %v", err)
	}
}

func TestOpenWithLockedKeys(t *testing.T) {
	dir, c := t.TempDir(), contents(t)
	ed := sshKeygen(t, filepath.Join(dir, "ed"), "ed25519", "my own phrase")
	rsa := sshKeygen(t, filepath.Join(dir, "rsa"), "rsa", "my own phrase")
	old := sshKeygen(t, filepath.Join(dir, "old"), "rsa", "")
	run(t, "ssh-keygen", "-q", "-p", "-m", "PEM", "-P", "", "-N", "my own phrase", "-f", old)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	locked := put(t, filepath.Join(dir, "age.key.age"), sealedIdentity(t, id.String(), false))
	armored := put(t, filepath.Join(dir, "age.key.asc"), sealedIdentity(t, id.String(), true))
	put(t, locked+".pub", []byte(id.Recipient().String()))
	put(t, armored+".pub", []byte(id.Recipient().String()))
	for _, file := range []string{ed, rsa, old, locked, armored} {
		seal, err := ageKeys(file+".pub", testNow())
		if err != nil {
			t.Fatal(err)
		}
		data := closed(t, c, seal)
		identities := []keys.Secret{keys.NewSecret(string(readFileT(t, file)))}
		got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass("my own phrase"), Identities: identities})
		if err != nil || !same(t, c, got) {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
		_, err = Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(wrongPass), Identities: identities})
		if !errors.Is(err, ErrPassphrase) || !strings.Contains(err.Error(), "key file") {
			t.Errorf("%s, wrong passphrase: %v", filepath.Base(file), err)
		}
		_, err = Open(context.Background(), bytes.NewReader(data), Unlock{Identities: identities})
		if !errors.Is(err, ErrLocked) {
			t.Errorf("%s, no passphrase: %v", filepath.Base(file), err)
		}
	}
}

// sealedIdentity returns an age identity file under a passphrase.
func sealedIdentity(t *testing.T, identity string, armored bool) []byte {
	t.Helper()
	data, err := under(ageFormat, keys.NewSecret("my own phrase"), 10).close([]byte(identity + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if armored {
		return ageArmor(t, data)
	}
	return data
}

func ageArmor(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := agearmor.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAgeRecipientsRefuses(t *testing.T) {
	dir := t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	good := id.Recipient().String()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecPub, err := ssh.NewPublicKey(ec.Public())
	if err != nil {
		t.Fatal(err)
	}
	private := sshKeygen(t, filepath.Join(dir, "ed"), "ed25519", "")
	for _, test := range []struct{ name, recipient, want string }{
		{"cut short", good[:40], "cut short or mistyped"},
		{"mistyped", good[:20] + "q" + good[21:len(good)-1] + "b", "cut short or mistyped"},
		{"plug-in", "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plug-in"},
		{"age private key", id.String(), "private key"},
		{"age private key file", put(t, filepath.Join(dir, "id"), []byte("# created: today\n"+id.String()+"\n")), "line 2: this is a private key"},
		{"SSH private key", string(readFileT(t, private)), "private key"},
		{"SSH private key file", private, "private key"},
		{"SSH key of another type", string(ssh.MarshalAuthorizedKey(ecPub)), "ecdsa-sha2-nistp256 can't be sealed to"},
		{"no such file", filepath.Join(dir, "nowhere"), "no such file"},
		{"folder", dir, "can't be read"},
		{"empty file", put(t, filepath.Join(dir, "empty"), nil), "no public key was found"},
		{"only comments", put(t, filepath.Join(dir, "comments"), []byte("# nothing\n")), "no public key was found"},
		{"not a key", put(t, filepath.Join(dir, "text"), []byte(good+"\nhello there\n")), "line 2: that is no public key"},
		{"huge file", put(t, filepath.Join(dir, "huge"), make([]byte, maxRecipients+1)), "larger than"},
		{"several lines of text", "hello\nthere", "neither a public key nor the name of a file"},
	} {
		_, err := describe(FormatAge, test.recipient, testNow())
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), test.want) {
			t.Errorf("%s: error = %v, want %q", test.name, err, test.want)
			continue
		}
		if noHint(err) {
			t.Errorf("%s: no hint", test.name)
		}
		if strings.Contains(err.Error()+record.Hint(err), "AGE-SECRET-KEY") {
			t.Errorf("%s: the error repeats a private key", test.name)
		}
	}
	// The comment is the key's owner's own word, and goes to a terminal.
	public := strings.TrimSpace(string(readFileT(t, private+".pub")))
	whose, err := describe(FormatAge, public+"\x1b]52;c;aGk=\a\u202e", testNow())
	if err != nil || strings.ContainsAny(whose, "\x1b\a\u202e") || !strings.Contains(whose, "SHA256:") {
		t.Errorf("a comment that steers the terminal: %q, %v", whose, err)
	}
	mixed, err := ageKeys(good+"\n"+hybrid.Recipient().String(), testNow())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mixed.close([]byte("zip")); err == nil || noHint(err) {
		t.Errorf("mixed kinds: %v", err)
	}
}
