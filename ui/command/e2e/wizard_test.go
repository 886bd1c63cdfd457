//go:build unix

package e2e_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/secrets"
)

// Key presses and pastes from launch to a sealed package, with organization and
// NPI typed and the portal's values copied. They may only go down.
const (
	wantPresses = 39
	wantPastes  = 3
)

// TestWholeGuide walks the guide in the wizard with the real keyring, and opens
// the package with the receiver's own tools.
func TestWholeGuide(t *testing.T) {
	keystest.Need(t, "age", "openssl")
	d := newDesk(t, 1).withKeyring()
	w := d.start(large)
	d.walk(w)
	if w.presses != wantPresses || w.pastes != wantPastes {
		t.Errorf("%d key presses and %d pastes, want %d and %d", w.presses, w.pastes, wantPresses, wantPastes)
	}
	w.press("h").wait(organization+" is onboarded", "❯ Close").press("enter").wait("for the last time").press("y")
	if code := w.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	private := d.inKeyring(record.PrivateKeyName)
	d.opens(private)
	for name, want := range map[string]string{record.ClientTokenName: d.token.Reveal(), record.OrganizationTokenName: d.portal.Organization().ID} {
		if got := d.inKeyring(name); got != want {
			t.Errorf("%s: the keyring has %d bytes, want %d", name, len(got), len(want))
		}
	}
	d.nothingLeaks(private, w)
}

// TestRefusedLabel: the portal refuses a key because its label is taken. The person
// pastes what it says, adds the key under the new label, and the check passes.
func TestRefusedLabel(t *testing.T) {
	d := newDesk(t, 7).withKeyring()
	w := d.start(large)
	for _, s := range guide[:4] {
		w.wait(s.title)
		s.do(d, w)
	}
	w.wait("Add the public key in the portal")
	organization, label := d.portal.Organization().ID, w.copied("l")
	d.portal.AddKeyOf(organization, label, keystest.OtherPair(t).Public())
	public, err := keys.ParsePublicKey(w.copied("p"))
	if err != nil {
		t.Fatal(err)
	}
	_, refused := d.portal.PortalKey(organization, label, public)
	if refused == nil {
		t.Fatal("the portal takes one label twice")
	}
	w.press("r").wait("What did the portal say?").paste(refused.Error()).wait("another key of your organization has this label")
	w.press("enter", "enter").wait("the label is a new one")
	if d.keyID, err = d.portal.PortalKey(organization, w.copied("l"), public); err != nil {
		t.Fatal(err)
	}
	w.press("enter")
	for _, s := range guide[5:7] {
		w.wait(s.title)
		s.do(d, w)
	}
	w.wait("Who can open it?")
	if got := d.portal.Keys(); len(got) != 2 || got[1].Label == label {
		t.Errorf("registered are %+v", got)
	}
	w.press("ctrl+c")
	if code := w.code(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// TestRenewal renews token and key with the real keyring, while the old ones work.
func TestRenewal(t *testing.T) {
	d := newDesk(t, 13).withKeyring()
	w := d.start(large)
	for _, s := range guide[:7] {
		w.wait(s.title)
		s.do(d, w)
	}
	w.wait("Who can open it?").press("ctrl+c").code()
	private := d.inKeyring(record.PrivateKeyName)

	out, err := d.command(append(d.args, "renew", "--token", "--key", "--yes", "--delete-old", "--onboarding", d.id())...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "client-token,key-pair") {
		t.Fatalf("%v: %s", err, out)
	}
	if d.inKeyring(record.ClientTokenName) == d.token.Reveal() || d.inKeyring(record.PrivateKeyName) == private {
		t.Error("the old ones are still in the keyring")
	}
	if registered := d.portal.Keys(); len(registered) != 1 || registered[0].ID == d.keyID || len(d.portal.Tokens()) != 1 {
		t.Errorf("at DPC are %+v and %+v", registered, d.portal.Tokens())
	}
	if out, err := d.command(append(d.args, "check", "--onboarding", d.id())...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// inKeyring reads a secret back as the next start would.
func (d *desk) inKeyring(name string) string {
	d.t.Helper()
	s := secrets.New(d.t.TempDir())
	if err := s.Use(d.t.Context(), record.Keyring, keys.Secret{}); err != nil {
		d.t.Fatal(err)
	}
	value, err := s.Load(d.t.Context(), d.id(), name)
	if err != nil {
		d.t.Fatal(err)
	}
	return value.Reveal()
}

// opens decrypts the package with age and holds its six items against what was
// entered; openssl has the last word on pair and signature.
func (d *desk) opens(private string) {
	d.t.Helper()
	files := unzip(d.t, d.decrypt())
	for name, want := range map[string]string{
		"npi.txt": d.npi, "client-token.txt": d.token.Reveal(), "organization-token.txt": d.portal.Organization().ID,
		"public-key-id.txt": d.keyID, "public-key.pem": strings.TrimSpace(d.public), "private-key.pem": strings.TrimSpace(private),
	} {
		if got := strings.TrimSpace(files[name]); got != want {
			d.t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
	dir := d.t.TempDir()
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			d.t.Fatal(err)
		}
		return path
	}
	if got := openssl(d.t, "rsa", "-in", at("private.pem", files["private-key.pem"]), "-pubout"); got != files["public-key.pem"] {
		d.t.Error("openssl makes another public key of the private key")
	}
	signature, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(d.snippet, "\n", ""))
	if err != nil {
		d.t.Fatal(err)
	}
	if got := openssl(d.t, "dgst", "-verify", at("public.pem", d.public), "-sha256", "-signature", at("signature", string(signature)), at("snippet", keys.Snippet)); strings.TrimSpace(got) != "Verified OK" {
		d.t.Errorf("openssl says %q to the signature", got)
	}
}

// decrypt opens the package with age, which asks for the passphrase on a terminal.
func (d *desk) decrypt() []byte {
	d.t.Helper()
	out := filepath.Join(d.t.TempDir(), "package.zip")
	w := open(d.t, size{80, 24}, exec.CommandContext(d.t.Context(), "age", "-d", "-o", out, d.sealed()))
	w.wait("passphrase")
	w.send(d.passphrase + "\r")
	if code := w.code(); code != 0 {
		d.t.Fatalf("age ends with %d:\n%s", code, w.text())
	}
	data, err := os.ReadFile(out)
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

func unzip(t testing.TB, data []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

func openssl(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", args[0], err, problems.String())
	}
	return string(out)
}

// TestWithoutKeyring walks the guide where no keyring answers: the wizard says
// so, and keeps the secrets in a vault.
func TestWithoutKeyring(t *testing.T) {
	keystest.Need(t, "age", "openssl")
	const phrase = "grading-uncle-flatly-starring-repent"
	d := newDesk(t, 2)
	d.bus = "unix:path=" + filepath.Join(d.home, "no-bus")
	w := d.start(large)
	w.wait(guide[0].title)
	guide[0].do(d, w)
	w.wait("This computer's keyring does not answer", "Use the vault")
	w.paste("sunrise").wait("✗").press("\x15").paste(phrase).wait("✓ strong enough").paste(phrase).press("enter")
	w.wait("The vault works")
	for _, s := range guide[1:] {
		w.wait(s.title)
		s.do(d, w)
	}
	d.readPassphrase(w)
	files := unzip(t, d.decrypt())
	private := files["private-key.pem"]
	d.opens(private)
	w.press("ctrl+c")
	if code := w.code(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	again := d.start(large)
	again.wait("Open the vault").paste(phrase).press("enter").wait("Found "+organization, "Hand it over")
	d.nothingLeaks(private, w, again)
}
