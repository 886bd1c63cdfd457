//go:build unix

package e2e_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/secrets"
)

// organization is the name that these tests type.
const organization = "Sunrise Clinic"

// desk is a person with a new account on a computer, and a portal in the browser.
type desk struct {
	t      testing.TB
	home   string
	npi    string
	portal *dpctest.Server
	token  keys.Secret
	keyID  string // once the key was added in the portal

	bus  string   // DBUS_SESSION_BUS_ADDRESS
	args []string // of each start

	public, snippet string // what was pasted into the portal
	passphrase      string // as it was read from the screen
}

// newDesk sets up a home folder of its own and a portal. Each test takes another
// number, because the keyring is the same for all of them.
func newDesk(t testing.TB, number int) *desk {
	t.Helper()
	d := &desk{t: t, home: t.TempDir(), npi: npi(t, number), bus: os.Getenv("DBUS_SESSION_BUS_ADDRESS")}
	d.portal = dpctest.New(t, dpctest.Options{Organization: dpctest.Organization{NPI: d.npi}})
	d.token = d.portal.Token(dpctest.Token{})
	d.args = []string{"--api-url", d.portal.Base()}
	return d
}

// npi makes a valid number of nobody: the n-th of those that begin with 19999.
func npi(t testing.TB, n int) string {
	t.Helper()
	for digit := range 10 {
		if number := fmt.Sprintf("19999%04d%d", n, digit); record.CheckNPI(number) == nil {
			return number
		}
	}
	t.Fatal("there is no check digit")
	return ""
}

// withKeyring says that the test uses the operating system's keyring, and leaves
// nothing in it.
func (d *desk) withKeyring() *desk {
	d.t.Helper()
	if runtime.GOOS == "linux" && d.bus == "" {
		keystest.Missing(d.t, "there is no D-Bus session, and so no keyring")
	}
	s := secrets.New(d.t.TempDir())
	if err := s.Use(d.t.Context(), record.Keyring, keys.Secret{}); err != nil {
		keystest.Missing(d.t, err.Error()+" "+record.Hint(err))
	}
	d.t.Cleanup(func() {
		if err := s.Forget(context.Background(), d.id()); err != nil { // the test's own is over
			d.t.Error(err)
		}
	})
	return d
}

func (d *desk) id() string { return d.npi + "-sandbox" }

// command is a start of the program, at home, with nothing else around it.
func (d *desk) command(args ...string) *exec.Cmd {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), program, args...)
	cmd.Dir = d.home
	cmd.Env = []string{
		"HOME=" + d.home, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8",
		"XDG_STATE_HOME=" + filepath.Join(d.home, "state"), "XDG_CONFIG_HOME=" + filepath.Join(d.home, "config"),
		"XDG_CACHE_HOME=" + filepath.Join(d.home, "cache"), "XDG_DATA_HOME=" + filepath.Join(d.home, "data"),
		"DBUS_SESSION_BUS_ADDRESS=" + d.bus, "SSH_AUTH_SOCK=", "BROWSER=true",
		"TEA_TRACE=" + filepath.Join(d.home, "trace"), // would get every key and paste
	}
	return cmd
}

// start opens the wizard in a window.
func (d *desk) start(s size) *terminal {
	d.t.Helper()
	return open(d.t, s, d.command(d.args...))
}

// large is a window in which every card fits.
var large = size{120, 50}

// step is one step of the guide: what its screen says, and what a person does.
type step struct {
	id    steps.ID
	title string
	do    func(*desk, *terminal)
}

// guide is the default way, with the keys that a person presses.
var guide = []step{
	{steps.Access, "Who is being onboarded?", func(d *desk, w *terminal) {
		w.write(organization).press("enter").write(d.npi).press("enter").wait("check digit is right").press("enter")
	}},
	{steps.Token, "Create a client token in the portal", func(d *desk, w *terminal) {
		if got := w.copied("c"); strings.TrimSpace(got) == "" || len(got) > 25 {
			d.t.Errorf("the label is %q", got)
		}
		w.press("enter")
	}},
	{steps.Save, "Save both tokens", func(d *desk, w *terminal) {
		w.paste(d.token.Reveal()).wait("client token for "+organization, "expires in 36")
		w.paste(d.portal.Organization().ID).wait("✓ organization ID").press("enter")
	}},
	{steps.Key, "DPC knows your requests by an RSA key pair", func(_ *desk, w *terminal) { w.press("enter") }},
	{steps.Add, "Add the public key in the portal", func(d *desk, w *terminal) {
		w.copied("l")
		d.public, d.snippet = w.copied("p"), w.copied("s")
		d.addKey()
		w.press("enter")
	}},
	{steps.KeyID, "Save the key's ID", func(d *desk, w *terminal) { w.paste(d.keyID).wait("✓ key ID").press("enter") }},
	{steps.Check, "Check with DPC that it works", func(_ *desk, w *terminal) {
		w.wait("❯ Check now").press("enter").wait("DPC accepts your credentials", "❯ Go on").press("enter")
	}},
	{steps.Send, "Who can open it?", func(_ *desk, w *terminal) { w.press("enter") }},
}

// addKey does in the portal what the wizard asks for.
func (d *desk) addKey() {
	d.t.Helper()
	public, err := keys.ParsePublicKey(d.public)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := public.Verify(d.snippet); err != nil {
		d.t.Errorf("the portal would say that the public key could not be verified: %v", err)
	}
	if d.keyID == "" {
		d.keyID = d.portal.AddKey(public)
	}
}

// walk takes the whole way in one window, to the sealed package.
func (d *desk) walk(w *terminal) {
	d.t.Helper()
	for _, s := range guide {
		w.wait(s.title)
		s.do(d, w)
	}
	d.readPassphrase(w)
}

// readPassphrase reads it from the screen, where it may be broken at a hyphen.
func (d *desk) readPassphrase(w *terminal) {
	d.t.Helper()
	w.wait("Hand it over", "Passphrase, shown once")
	_, after, _ := strings.Cut(words(w.text()), "Passphrase, shown once")
	found := passphraseForm.FindString(after)
	d.passphrase = strings.ReplaceAll(strings.TrimSpace(found), " ", "")
	if strings.Count(d.passphrase, "-") != 7 {
		d.t.Fatalf("no passphrase on the screen:\n%s", w.text())
	}
}

var passphraseForm = regexp.MustCompile(`^ *[a-z]+(- ?[a-z]+){7}`)

// sealed finds the sealed package.
func (d *desk) sealed() string {
	d.t.Helper()
	found, err := filepath.Glob(filepath.Join(d.home, "dpc-"+d.id()+"-*.zip.age"))
	if err != nil || len(found) != 1 {
		d.t.Fatalf("sealed packages: %q, %v", found, err)
	}
	info, err := os.Stat(found[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		d.t.Errorf("%s has mode %v, %v", found[0], info.Mode(), err)
	}
	return found[0]
}

// fragment is how much of a secret, in bytes, counts as a leak.
const fragment = 12

// publicPart is how much of a private key's base64 is in the public key, too: the
// algorithm and the modulus.
const publicPart = 740

// fragments are all parts of secrets that must not come to light.
func fragments(secrets ...string) map[string]bool {
	parts := map[string]bool{}
	for _, s := range secrets {
		for i := 0; i+fragment <= len(s); i++ {
			parts[s[i:i+fragment]] = true
		}
	}
	return parts
}

// inner is the part of a private key in PEM that is secret, on one line.
func inner(pem string) string {
	var b strings.Builder
	for _, line := range strings.Split(pem, "\n") {
		if !strings.HasPrefix(line, "-----") {
			b.WriteString(strings.TrimSpace(line))
		}
	}
	return b.String()[publicPart:]
}

// leak finds a fragment in a text, with and without its line breaks.
func leak(parts map[string]bool, text string) string {
	for _, form := range []string{text, strings.ReplaceAll(text, "\n", "")} {
		for i := 0; i+fragment <= len(form); i++ {
			if parts[form[i:i+fragment]] {
				return form[i : i+fragment]
			}
		}
	}
	return ""
}

// nothingLeaks looks through every file at home, and at all that was written to
// the windows. Only the package's passphrase is shown, once.
func (d *desk) nothingLeaks(private string, windows ...*terminal) {
	d.t.Helper()
	parts := fragments(d.token.Reveal(), inner(private))
	for i, w := range windows {
		if found := leak(parts, w.output()); found != "" {
			d.t.Errorf("window %d shows %q of a secret", i+1, found)
		}
	}
	if d.passphrase != "" {
		for part := range fragments(d.passphrase) {
			parts[part] = true
		}
	}
	looked := 0
	err := filepath.WalkDir(d.home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		looked++
		data, err := os.ReadFile(path)
		if found := leak(parts, string(data)); found != "" {
			d.t.Errorf("%s holds %q of a secret", path, found)
		}
		return err
	})
	if err != nil || looked < 2 {
		d.t.Errorf("looked at %d files: %v", looked, err)
	}
	if leak(parts, "…"+d.token.Reveal()[40:60]+"…") == "" {
		d.t.Error("a fragment is not found")
	}
}
