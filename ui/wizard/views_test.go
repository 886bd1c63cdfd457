package wizard

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"dpc-onboard/keys/keystest"
)

type size struct{ width, height int }

// The sizes in which screens are looked at, and kept as text: the common window and
// the narrowest, or all that change the layout.
var (
	everySize = []size{{120, 36}, {80, 24}, {60, 24}, {40, 24}, {80, 14}}
	twoSizes  = []size{{80, 24}, {40, 24}}
)

func (d *desk) resize(s size) *desk {
	d.t.Helper()
	return d.send(tea.WindowSizeMsg{Width: s.width, Height: s.height})
}

func noColor(o *Options) { o.NoColor = true }

// TestViews holds each screen that has a layout of its own to its text. It is the
// same with and without colors: nothing is said by color alone. (What the others
// say is kept in dpc-onboard/steps.) Renew the files with
//
//	go test ./ui/wizard -run TestViews -update
func TestViews(t *testing.T) {
	tooSmall := scene{name: "too small", sizes: []size{{39, 24}, {80, 11}, {20, 5}}, show: scenes()[0].show}
	for _, scene := range append(scenes(), tooSmall) {
		t.Run(strings.ReplaceAll(scene.name, " ", "-"), func(t *testing.T) {
			colored, plain := scene.show(t), scene.show(t, noColor)
			colored.send(tea.ColorProfileMsg{Profile: colorprofile.TrueColor})
			plain.send(tea.ColorProfileMsg{Profile: colorprofile.TrueColor}) // NO_COLOR wins
			var all strings.Builder
			for _, s := range slices.Concat(scene.sizes, twoSizes)[:max(2, len(scene.sizes))] {
				text := colored.resize(s).text()
				if without := plain.resize(s).text(); without != text {
					t.Errorf("%dx%d: without color it reads\n%s\nand with color\n%s", s.width, s.height, without, text)
				}
				fmt.Fprintf(&all, "%dx%d\n%s\n", s.width, s.height, text)
			}
			if scene.sizes != nil {
				golden.RequireEqual(t, all.String())
			}
		})
	}
}

// TestNoColorHasNoColor looks at the escape sequences themselves: the program's
// renderer drops colors anyway; weight and reverse stay.
func TestNoColorHasNoColor(t *testing.T) {
	for _, scene := range scenes() {
		d := scene.show(t, noColor)
		for _, sequence := range styleSequences(d.m.View().Content) {
			for _, code := range strings.Split(sequence, ";") {
				if code != "" && code != "0" && code != "1" && code != "7" && code != "22" && code != "27" {
					t.Errorf("%s: without color there is the style %q", scene.name, sequence)
				}
			}
		}
	}
}

// styleSequences returns the parameters of all SGR sequences.
func styleSequences(content string) []string {
	var found []string
	for _, part := range strings.Split(content, "\x1b[")[1:] {
		if end := strings.IndexFunc(part, func(r rune) bool { return r >= '@' && r <= '~' }); end >= 0 && part[end] == 'm' {
			found = append(found, part[:end])
		}
	}
	return found
}

// fragment is how much of a secret, in bytes, counts as a leak.
const fragment = 12

// leaks returns the first part of a secret that a text holds, or "".
func leaks(text, secret string) string {
	for i := 0; i+fragment <= len(secret); i++ {
		if part := secret[i : i+fragment]; strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

// publicPart is how much of a private key's base64 is in the public key, too: the
// algorithm and the modulus.
const publicPart = 740

// privateKey is what is secret in the tests' private key.
func privateKey(t testing.TB) string {
	var b strings.Builder
	for _, line := range strings.Split(keystest.Pair(t).Private().Reveal(), "\n") {
		if !strings.HasPrefix(line, "-----") {
			b.WriteString(line)
		}
	}
	return b.String()[publicPart:]
}

// TestGoldenFilesHoldNoSecret looks through all that is committed beside these
// tests. The package's passphrase is shown once by design; what is in the files
// is made up for the tests.
func TestGoldenFilesHoldNoSecret(t *testing.T) {
	private, token := privateKey(t), clientToken(t).Reveal()
	marks := []string{"W3sid" + "iI6", "PRIVATE" + " KEY-", "-----BEGIN RSA", "AGE-SECRET"}
	looked := 0
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		looked++
		data, err := fs.ReadFile(os.DirFS("testdata"), name)
		for _, secret := range []string{private, token, theClientToken, thePrivateKey} {
			if part := leaks(string(data), secret); part != "" {
				t.Errorf("%s holds %q of a secret", name, part)
			}
		}
		for _, mark := range marks {
			if bytes.Contains(data, []byte(mark)) {
				t.Errorf("%s holds %q", name, mark)
			}
		}
		return err
	})
	if err != nil || looked < 30 {
		t.Errorf("looked at %d files: %v", looked, err)
	}
	if leaks("…"+token[40:52]+"…", token) == "" {
		t.Error("a fragment is not found")
	}
}

// TestNoSecretOnAnyScreen looks at every screen in the window that shows most.
func TestNoSecretOnAnyScreen(t *testing.T) {
	for _, scene := range scenes() {
		d := scene.show(t).resize(size{200, 60})
		content := d.m.View().Content
		for name, secret := range map[string]string{
			"client token": d.token.Reveal(), "private key": privateKey(t),
			"item 2": theClientToken, "item 6": thePrivateKey,
		} {
			for text, where := range map[string]string{content: "the stream", ansi.Strip(content): "the text"} {
				if part := leaks(text, secret); part != "" {
					t.Errorf("%s: %s holds %q of the %s", scene.name, where, part, name)
				}
			}
		}
	}
}
