package submission

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

// tryOpen opens a file with the right passphrase.
func tryOpen(data []byte) (Contents, error) {
	return Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(testPass().Reveal())})
}

func TestOpenReadsEachSeal(t *testing.T) {
	c := contents(t)
	for format, seal := range quickSeals() {
		data := closed(t, c, seal)
		if got, err := recognize(data); got.name != format {
			t.Errorf("recognized as %q, %v, want %q", got.name, err, format)
		}
		asked := 0
		got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: func() (keys.Secret, error) {
			asked++
			return testPass(), nil
		}})
		if err != nil || !same(t, c, got) {
			t.Errorf("%s: %v", format, err)
		}
		if asked != 1 {
			t.Errorf("%s: the passphrase was asked for %d times", format, asked)
		}
	}
	got, err := tryOpen(append([]byte("\n"), ageArmor(t, closed(t, c, quickAge(testPass())))...))
	if err != nil || !same(t, c, got) {
		t.Errorf("armored age: %v", err)
	}
}

func TestOpenSaysThatThePassphraseIsWrong(t *testing.T) {
	for format, seal := range quickSeals() {
		data := closed(t, contents(t), seal)
		got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(wrongPass)})
		if !errors.Is(err, ErrPassphrase) || errors.Is(err, ErrDamaged) || noHint(err) {
			t.Errorf("%s: %v", format, err)
		}
		if got.Submission.NPI != "" || !got.Credentials.PrivateKey.IsZero() {
			t.Errorf("%s: something was returned", format)
		}
		without(t, err.Error(), []string{wrongPass})
	}
}

func TestOpenSaysThatSomethingIsNeeded(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	toKey, err := ageKeys(id.Recipient().String(), testNow())
	if err != nil {
		t.Fatal(err)
	}
	no := errors.New("the prompt was left")
	for format, seal := range quickSeals() {
		data := closed(t, contents(t), seal)
		for name, test := range map[string]struct {
			unlock Unlock
			want   error
		}{
			"nothing":             {Unlock{}, ErrLocked},
			"an empty passphrase": {Unlock{Passphrase: pass("")}, ErrLocked},
			"the prompt was left": {Unlock{Passphrase: func() (keys.Secret, error) { return keys.Secret{}, no }}, no},
		} {
			if _, err := Open(context.Background(), bytes.NewReader(data), test.unlock); !errors.Is(err, test.want) {
				t.Errorf("%s, %s: %v", format, name, err)
			}
		}
	}
	data := closed(t, contents(t), toKey)
	if _, err := tryOpen(data); !errors.Is(err, ErrLocked) || noHint(err) {
		t.Errorf("a passphrase for a key: %v", err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(context.Background(), bytes.NewReader(data), Unlock{Identities: []keys.Secret{keys.NewSecret(stranger.String())}})
	if !errors.Is(err, ErrIdentity) || noHint(err) {
		t.Errorf("another key: %v", err)
	}
	got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Identities: []keys.Secret{
		keys.NewSecret(stranger.String()), keys.NewSecret("# mine\r\n" + id.String() + "\r\n"),
	}})
	if err != nil || got.Submission.NPI != testNPI {
		t.Errorf("the second of two keys: %v", err)
	}
}

func TestOpenRefusesIdentitiesThatItCannotRead(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	toKey, err := ageKeys(id.Recipient().String(), testNow())
	if err != nil {
		t.Fatal(err)
	}
	data := closed(t, contents(t), toKey)
	for _, text := range []string{
		"", "hello", "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq",
		"AGE-PLUGIN-YUBIKEY-1ABC", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
		"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----", "\x95\x00", "ssh-ed25519 AAAA",
	} {
		_, err := Open(context.Background(), bytes.NewReader(data), Unlock{Identities: []keys.Secret{keys.NewSecret(text)}})
		if err == nil || noHint(err) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestOpenRefusesWhatIsNoPackage(t *testing.T) {
	zip, err := pack(contents(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ data, want string }{
		"empty":          {"", "empty"},
		"plain zip":      {string(zip), "plain zip"},
		"text":           {"hello there", "no package"},
		"a web page":     {"<!doctype html><title>Hello</title>", "no sealed package"},
		"huge":           {strings.Repeat("x", MaxSize+1), "larger than"},
		"only an armor":  {"-----BEGIN PGP MESSAGE-----", "damaged"},
		"only age":       {"age-encryption.org/v1\n", "damaged"},
		"age of another": {"age-encryption.org/v9\n-> X\n", "damaged"},
		"age armor":      {"-----BEGIN AGE ENCRYPTED FILE-----\nAAAA", "damaged"},
	} {
		_, err := tryOpen([]byte(test.data))
		if err == nil || !strings.Contains(err.Error(), test.want) || noHint(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenSaysThatReadingFailed(t *testing.T) {
	broken := errors.New("the network drive is gone")
	_, err := Open(context.Background(), io.MultiReader(strings.NewReader("age"), failing{broken}), Unlock{})
	if !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestOpenStopsWhenCancelled(t *testing.T) {
	for format, seal := range quickSeals() {
		data := closed(t, contents(t), seal)
		ctx, cancel := context.WithCancel(context.Background())
		release := make(chan struct{})
		_, err := Open(ctx, bytes.NewReader(data), Unlock{Passphrase: func() (keys.Secret, error) {
			cancel()
			<-release
			return testPass(), nil
		}})
		close(release)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// TestDamageIsToldFromAWrongPassphrase damages the end of each seal, where the
// passphrase has already been proved.
func TestDamageIsToldFromAWrongPassphrase(t *testing.T) {
	for format, seal := range quickSeals() {
		data := closed(t, contents(t), seal)
		at := len(data) - 40
		if format == FormatHTML {
			at = bytes.Index(data, []byte(`"ciphertext":"`)) + 100
		}
		data[at] ^= 1
		if _, err := tryOpen(data); !errors.Is(err, ErrDamaged) || errors.Is(err, ErrPassphrase) || noHint(err) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// TestEveryDamagedByteIsNoticed changes bytes all over a package, one at a time,
// and cuts it off at many places.
func TestEveryDamagedByteIsNoticed(t *testing.T) {
	c := contents(t)
	for format, data := range map[record.Format][]byte{
		FormatAge:  closed(t, c, under(ageFormat, testPass(), 1)),
		FormatHTML: closed(t, c, quickHTML(testPass())),
		FormatPGP:  closed(t, c, quickPGP(testPass())),
	} {
		step := 7
		if format == FormatHTML {
			step = 3
		}
		for at := 0; at < len(data); at += step {
			changed := bytes.Clone(data)
			changed[at] ^= 0x20
			if got, err := tryOpen(changed); err == nil {
				t.Errorf("%s: byte %d: opened, same = %v", format, at, same(t, c, got))
			} else if noHint(err) {
				t.Errorf("%s: byte %d: no hint: %v", format, at, err)
			}
		}
		for at := 0; at < len(data); at += len(data)/50 + 1 {
			if _, err := tryOpen(data[:at]); err == nil {
				t.Errorf("%s: cut at %d: opened", format, at)
			}
		}
	}
}

func TestExtract(t *testing.T) {
	c := contents(t)
	dir := filepath.Join(t.TempDir(), "credentials")
	if err := c.Extract(dir); err != nil {
		t.Fatal(err)
	}
	for _, f := range all(t)[1:] {
		if f.name == clientTokenName {
			f.data = []byte(c.Credentials.ClientToken.Reveal())
		}
		path := filepath.Join(dir, f.name)
		if !bytes.Equal(readFileT(t, path), f.data) {
			t.Errorf("%s differs", f.name)
		}
		modes(t, path, 0o600)
	}
	if _, err := os.Stat(filepath.Join(dir, submissionName)); err != nil {
		t.Error(err)
	}
	modes(t, dir, 0o700)
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// TestExtractThatFailsLeavesNothing fails at the last stroke: the folder can't have
// its name.
func TestExtractThatFailsLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	err := contents(t).Extract(filepath.Join(parent, strings.Repeat("x", 300)))
	if err == nil || noHint(err) {
		t.Errorf("error = %v", err)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func modes(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != want {
		t.Errorf("%s has mode %v", filepath.Base(path), info.Mode())
	}
}

func TestExtractRefusesWhatIsThere(t *testing.T) {
	c, parent := contents(t), t.TempDir()
	folder := filepath.Join(parent, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{folder, put(t, filepath.Join(parent, "file"), nil), filepath.Join(parent, "no", "where"), ""} {
		if err := c.Extract(dir); err == nil || noHint(err) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	empty(t, folder)
	if entries, _ := os.ReadDir(parent); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// TestOpensslAgrees checks what a receiver gets with the commands of DPC's
// documentation.
func TestOpensslAgrees(t *testing.T) {
	keystest.Need(t, "openssl")
	got, err := tryOpen(closed(t, contents(t), quickAge(testPass())))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "credentials")
	if err := got.Extract(dir); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	public := run(t, "openssl", "rsa", "-in", at(privateKeyName), "-outform", "PEM", "-pubout")
	if !strings.HasSuffix(public, string(readFileT(t, at(publicKeyName)))) {
		t.Error("openssl derives another public key")
	}
	snippet := put(t, at("snippet.txt"), []byte(keys.Snippet))
	run(t, "openssl", "dgst", "-sign", at(privateKeyName), "-sha256", "-out", at("sig"), snippet)
	if out := run(t, "openssl", "dgst", "-verify", at(publicKeyName), "-sha256", "-signature", at("sig"), snippet); !strings.Contains(out, "Verified OK") {
		t.Error(out)
	}
}

// TestOpenRefusesWorkWithoutEnd: the file says how much work each passphrase costs.
func TestOpenRefusesWorkWithoutEnd(t *testing.T) {
	data := closed(t, contents(t), quickAge(testPass()))
	for _, factor := range []string{"21", "30"} {
		bomb := bytes.Replace(data, []byte(" 10\n"), []byte(" "+factor+"\n"), 1)
		if _, err := tryOpen(bomb); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "too large") || noHint(err) {
			t.Errorf("work factor %s: %v", factor, err)
		}
	}
}
