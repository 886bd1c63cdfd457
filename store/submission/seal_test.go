package submission

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// under returns a seal under a passphrase, at a cost of the test's own.
func under(f format, p keys.Secret, work int) seal {
	return seal{f.name, record.ByPassphrase, func(zip []byte) ([]byte, error) { return f.underPassphrase(zip, p, work) }}
}

// The seals with as little work for a passphrase as suits a test, and as few
// iterations as the page allows.
func quickAge(p keys.Secret) seal  { return under(ageFormat, p, 10) }
func quickPGP(p keys.Secret) seal  { return under(pgpFormat, p, 65536) }
func quickHTML(p keys.Secret) seal { return under(htmlFormat, p, htmlMinIterations) }

func quickSeals() map[record.Format]seal {
	return map[record.Format]seal{FormatAge: quickAge(testPass()), FormatPGP: quickPGP(testPass()), FormatHTML: quickHTML(testPass())}
}

// closed returns a sealed file.
func closed(t testing.TB, c Contents, s seal) []byte {
	t.Helper()
	zip, err := pack(c)
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.close(zip)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFileName(t *testing.T) {
	state := record.State{NPI: testNPI, Environment: record.Sandbox}
	for format, want := range map[record.Format]string{
		FormatAge:  "dpc-1234567893-sandbox-20261123.zip.age",
		FormatHTML: "dpc-1234567893-sandbox-20261123.html",
		FormatPGP:  "dpc-1234567893-sandbox-20261123.zip.gpg",
	} {
		if got := FileName(state, format, testNow()); got != want {
			t.Errorf("%s: %s", format, got)
		}
	}
}

func TestPackagesSealsAndOpens(t *testing.T) {
	state, c := onboarding(t)
	p := Packages{Version: "1.2.3", Now: testNow}
	path := filepath.Join(t.TempDir(), "out.html")
	fact, err := p.Seal(context.Background(), state, c, record.SealRequest{Format: FormatHTML, Passphrase: testPass(), Path: path})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := record.SealedFact{
		File: path, Format: FormatHTML, Recipient: "passphrase", SHA256: hexDigest(data), Size: int64(len(data)), At: testNow(),
		Origin: record.Origin{TokenDigest: c.ClientToken.Digest(), KeyID: testKeyID, Fingerprint: state.Key.Fingerprint},
	}
	if fact != want {
		t.Errorf("fact = %+v", fact)
	}
	got, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(testPass().Reveal())})
	if err != nil || got.Credentials.KeyID != testKeyID || got.Submission.ToolVersion != "1.2.3" {
		t.Errorf("open: %v", err)
	}
}

func TestPackagesSealRefusesWhatIsIncomplete(t *testing.T) {
	state, c := onboarding(t)
	c.PrivateKey = keys.Secret{}
	dir := t.TempDir()
	_, err := Packages{Now: testNow}.Seal(context.Background(), state, c, record.SealRequest{Format: FormatAge, Passphrase: testPass(), Path: dir})
	if err == nil || !strings.Contains(err.Error(), "private-key.pem missing") {
		t.Errorf("error = %v", err)
	}
	empty(t, dir)
}

// empty fails the test where a folder holds anything.
func empty(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s was left behind", e.Name())
	}
}

func TestWrite(t *testing.T) {
	c, dir := contents(t), t.TempDir()
	path := filepath.Join(dir, "package.age")
	if _, err := quickAge(testPass()).write(context.Background(), path, c, testNow()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v", info.Mode())
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = quickAge(testPass()).write(context.Background(), path, c, testNow())
	if !errors.Is(err, fs.ErrExist) || noHint(err) || strings.Count(err.Error(), "exists") != 1 {
		t.Errorf("a second time: %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Error("the file was written over")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestWriteNumbersASecondPackageInAFolder(t *testing.T) {
	state, c := onboarding(t)
	dir := t.TempDir()
	var got []string
	for range 3 {
		fact, err := Packages{Now: testNow}.Seal(context.Background(), state, c, record.SealRequest{Format: FormatPGP, Passphrase: testPass(), Path: dir})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filepath.Base(fact.File))
	}
	want := "dpc-1234567893-sandbox-20261123.zip.gpg dpc-1234567893-sandbox-20261123-2.zip.gpg dpc-1234567893-sandbox-20261123-3.zip.gpg"
	if strings.Join(got, " ") != want {
		t.Errorf("files = %v", got)
	}
}

func TestWriteNeverTakesANameThatAppearsMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "package.age")
	seal := meddling(func() { _ = os.WriteFile(path, []byte("mine"), 0o600) })
	_, err := seal.write(context.Background(), path, contents(t), testNow())
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("error = %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "mine" {
		t.Errorf("the file was written over: %q", got)
	}
}

// meddling is a seal during whose work something else happens.
func meddling(first func()) seal {
	return seal{FormatAge, record.ByPassphrase, func(zip []byte) ([]byte, error) {
		first()
		return quickAge(testPass()).close(zip)
	}}
}

func TestWriteStopsWhenCancelled(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	defer close(release)
	seal := meddling(func() { cancel(); <-release })
	_, err := seal.write(ctx, filepath.Join(dir, "package.age"), contents(t), testNow())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	empty(t, dir)
}

func TestWriteSaysWhyItCannot(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no folder":           filepath.Join(dir, "nowhere", "x.age"),
		"a file is no folder": filepath.Join(blocked, "x.age"),
	} {
		_, err := quickAge(testPass()).write(context.Background(), path, contents(t), testNow())
		if err == nil || noHint(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewSealRefuses(t *testing.T) {
	for name, r := range map[string]record.SealRequest{
		"neither":                  {Format: FormatAge},
		"no such format":           {Format: "rot13", Passphrase: testPass()},
		"no such format, to a key": {Format: "rot13", Recipient: "age1"},
		"a page to a key":          {Format: FormatHTML, Recipient: "age1"},
	} {
		_, err := newSeal(r, testNow())
		if !errors.Is(err, record.ErrUsage) || noHint(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEachFormatSealsAndOpens holds what the list says of each format against what it
// does.
func TestEachFormatSealsAndOpens(t *testing.T) {
	if got := Formats(); !slices.Equal(got, []record.Format{"age", "html", "pgp"}) {
		t.Errorf("formats = %q", got)
	}
	for _, f := range formats {
		s, err := newSeal(record.SealRequest{Format: f.name, Passphrase: testPass()}, testNow())
		if err != nil || s.format != f.name || s.recipient != record.ByPassphrase {
			t.Fatalf("%s: %+v, %v", f.name, s, err)
		}
		data, err := s.close([]byte("zip"))
		if err != nil {
			t.Fatal(err)
		}
		if found, err := recognize(data); err != nil || found.name != f.name {
			t.Errorf("%s is recognized as %q, %v", f.name, found.name, err)
		}
		if got, err := f.open(data, nil, pass(testPass().Reveal())); err != nil || string(got) != "zip" {
			t.Errorf("%s: %q, %v", f.name, got, err)
		}
		if err := Usable(f.name, false); err != nil {
			t.Error(err)
		}
		if err := Usable(f.name, true); (err == nil) != (f.toKey != nil) || noHint(err) {
			t.Errorf("%s, to a key: %v", f.name, err)
		}
	}
	err := Usable("rar", false)
	if !errors.Is(err, record.ErrUsage) || err.Error() != `--format takes age, html or pgp, not "rar"` {
		t.Errorf("an unknown format: %v", err)
	}
}

// describe is Packages.Describe at a time.
func describe(format record.Format, recipient string, now time.Time) (string, error) {
	return Packages{Now: func() time.Time { return now }}.Describe(format, recipient)
}

// TestSealMakesNoFolderAFile: a folder with a slip in its name is no file to write.
func TestSealMakesNoFolderAFile(t *testing.T) {
	state, c := onboarding(t)
	dir := t.TempDir()
	r := record.SealRequest{Format: FormatHTML, Passphrase: testPass(), Path: filepath.Join(dir, "outt") + "/"}
	if _, err := (Packages{Now: testNow}).Seal(context.Background(), state, c, r); err == nil || !strings.Contains(err.Error(), "there is no folder "+filepath.Join(dir, "outt")) {
		t.Errorf("Seal into a folder that is not there: %v", err)
	}
	empty(t, dir)
}

// TestPassphrasesCostAGuesser holds the seals that people get to what each guess of
// their passphrase costs; the other tests use cheap ones.
func TestPassphrasesCostAGuesser(t *testing.T) {
	c, request := contents(t), func(format record.Format) seal {
		s, err := newSeal(record.SealRequest{Format: format, Passphrase: testPass()}, testNow())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	sealed := string(closed(t, c, request(FormatAge)))
	if header := strings.Split(sealed, "\n")[1]; !strings.HasPrefix(header, "-> scrypt ") || !strings.HasSuffix(header, " 18") {
		t.Errorf("age: %q", header)
	}
	e, err := parsePage(closed(t, c, request(FormatHTML)))
	if err != nil || e.Iterations < 1_000_000 {
		t.Errorf("html: %d iterations, %v", e.Iterations, err)
	}
	lock, err := packet.NewOpaqueReader(bytes.NewReader(closed(t, c, request(FormatPGP)))).Next()
	if err != nil {
		t.Fatal(err)
	}
	// Version 4, AES-256, iterated and salted, SHA-256, and after 8 bytes of salt
	// the count: 0xff is the largest (RFC 4880, 5.3 and 3.7.1.3).
	if got := lock.Contents; lock.Tag != tagForPassphrase || !bytes.HasPrefix(got, []byte{4, 9, 3, 8}) || got[12] != 0xff {
		t.Errorf("pgp: packet %d, % x", lock.Tag, got)
	}
}
