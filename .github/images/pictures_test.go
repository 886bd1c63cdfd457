// Package images makes the pictures of the README: the real program, in a real
// terminal, through the whole guide, on a dark and on a light background.
//
//	go test -count=1 ./.github/images
//
// It needs Xvfb, xterm, tmux and ImageMagick; DPC is a stand-in on this machine,
// so that nothing in a picture opens anything. Under a D-Bus session with a
// keyring that is unlocked the secrets go there, elsewhere into a vault.
package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
)

// theme is what the terminal looks like. tmux is told the background, too, so
// that it can tell the program.
type theme struct{ name, ink, paper string }

var themes = []theme{{"dark", "#dddddd", "#101418"}, {"light", "#202428", "#fbfbfa"}}

const (
	columns, rows = 100, 30
	npi           = "1234567893"
	folder        = "." // where the pictures go: beside this file
)

func TestPictures(t *testing.T) {
	keystest.Need(t, "Xvfb", "xterm", "tmux", "import", "convert")
	binary := filepath.Join(t.TempDir(), "dpc-onboard")
	run(t, "go", "build", "-o", binary, "dpc-onboard")
	for _, th := range themes {
		t.Run(th.name, func(t *testing.T) { walk(t, binary, th) })
	}
}

// walk takes the whole guide and a picture of each step.
func walk(t *testing.T, binary string, th theme) {
	dpc := dpctest.New(t, dpctest.Options{Organization: dpctest.Organization{NPI: npi, Name: "Sunrise Family Clinic"}})
	home := sunrise(t)
	s := open(t, th, home, binary, "--api-url", dpc.Base())

	s.wait("Who is being onboarded?")
	s.shot("access")
	s.send("Sunrise Family Clinic", "Enter", npi, "Enter", "Enter")
	s.wait("Create a client token")
	s.shot("token")
	s.send("Enter")
	s.wait("Save both tokens")
	s.paste(dpc.Token(dpctest.Token{}).Reveal())
	s.wait("expires in")
	s.paste(dpc.Organization().ID)
	s.wait("organization ID")
	s.shot("save")
	s.send("Enter")
	s.wait("Make the key pair")
	s.shot("key")
	s.send("Enter")
	s.wait("Add the public key")
	s.send("l", "p", "s")
	s.wait("Signature Snippet: sent")
	s.shot("add")
	id := dpc.AddKey(publicKey(t, home))
	s.send("Enter")
	s.wait("Save the key's ID")
	s.paste(id)
	s.wait("✓ key ID")
	s.shot("id")
	s.send("Enter")
	s.wait("Check now")
	s.send("Enter")
	s.wait("Go on")
	s.shot("check")
	s.send("Enter")
	s.wait("How will they open it?")
	s.shot("seal")
	s.send("Enter")
	s.wait("Hand it over")
	s.shot("send")
	s.send("h")
	s.wait("is onboarded")
	s.shot("finish")
	s.send("Enter", "y")
	forget := exec.Command(binary, append(store(t, home), "forget", npi+"-sandbox", "--yes")...)
	forget.Env = append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"))
	if out, err := forget.CombinedOutput(); err != nil {
		t.Fatalf("forget: %v: %s", err, out)
	}
}

// sunrise is the home folder of the person in the pictures, which show its name.
func sunrise(t *testing.T) string {
	t.Helper()
	home := filepath.Join(os.TempDir(), "sunrise")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	return home
}

// publicKey reads what the program keeps in its progress file.
func publicKey(t *testing.T, home string) keys.PublicKey {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(home, "state", "dpc-onboard", npi+"-sandbox.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state record.State
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	public, err := keys.ParsePublicKey(state.Key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// session is a program in tmux, shown by an xterm on a display of its own.
type session struct {
	t       *testing.T
	theme   theme
	socket  string
	display string
}

func open(t *testing.T, th theme, home, binary string, args ...string) *session {
	t.Helper()
	s := &session{t: t, theme: th, socket: filepath.Join(home, "tmux")}
	s.display = startDisplay(t)
	config := filepath.Join(home, "tmux.conf")
	lines := []string{
		"set -g status off", "set -g default-terminal tmux-256color",
		`set -as terminal-features ",xterm*:RGB"`, "set -s escape-time 5",
		"set -g window-style bg=" + th.paper + ",fg=" + th.ink,
	}
	if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := fmt.Sprintf("cd %s; HOME=%s XDG_STATE_HOME=%s/state COLORTERM=truecolor %s %s", home, home, home, binary, strings.Join(append(args, store(t, home)...), " "))
	s.tmux("-f", config, "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows), command)
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", s.socket, "kill-server").Run() })
	xterm := exec.Command("xterm", "-geometry", fmt.Sprintf("%dx%d+0+0", columns, rows), "-fa", "DejaVu Sans Mono", "-fs", "12",
		"-fg", th.ink, "-bg", th.paper, "-b", "10", "+sb", "-e", "tmux", "-S", s.socket, "attach")
	xterm.Env = append(os.Environ(), "DISPLAY="+s.display)
	start(t, xterm)
	return s
}

// store chooses the keyring where there is a session bus, and a vault elsewhere.
func store(t *testing.T, home string) []string {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return nil
	}
	file := filepath.Join(home, "passphrase")
	if err := os.WriteFile(file, []byte("orbit-lantern-mosaic-thistle-quarry\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--store", "vault", "--vault-passphrase-file", file}
}

// startDisplay starts an X server that chooses a free number itself.
func startDisplay(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	start(t, x)
	number := make([]byte, 16)
	n, err := r.Read(number)
	if err != nil {
		t.Fatal(err)
	}
	return ":" + strings.TrimSpace(string(number[:n]))
}

func start(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
}

func (s *session) tmux(args ...string) string {
	s.t.Helper()
	return run(s.t, "tmux", append([]string{"-S", s.socket}, args...)...)
}

// send types texts and presses keys by their tmux names.
func (s *session) send(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		s.tmux("send-keys", k)
	}
}

func (s *session) paste(text string) {
	s.t.Helper()
	load := exec.Command("tmux", "-S", s.socket, "load-buffer", "-")
	load.Stdin = strings.NewReader(text)
	if out, err := load.CombinedOutput(); err != nil {
		s.t.Fatalf("load-buffer: %v: %s", err, out)
	}
	s.tmux("paste-buffer", "-p", "-d")
}

// wait polls the screen until a text is on it.
func (s *session) wait(text string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 90*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		screen := s.tmux("capture-pane", "-p")
		if strings.Contains(screen, text) {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("%q did not appear:\n%s", text, screen)
		case <-tick.C:
		}
	}
}

// shot takes a picture once two in a row are the same: what is on the screen
// then has been drawn to its end.
func (s *session) shot(name string) {
	s.t.Helper()
	var last []byte
	for range 40 {
		grab := exec.Command("import", "-window", "root", "png:-")
		grab.Env = append(os.Environ(), "DISPLAY="+s.display)
		picture, err := grab.Output()
		if err != nil {
			s.t.Fatal(err)
		}
		if bytes.Equal(picture, last) && len(last) > 0 {
			break
		}
		last = picture
	}
	out := filepath.Join(folder, name+"-"+s.theme.name+".png")
	trim := exec.Command("convert", "png:-", "-bordercolor", "black", "-border", "1", "-fuzz", "1%", "-trim", "+repage", "-strip", "-colors", "64", "png8:"+out)
	trim.Stdin = bytes.NewReader(last)
	if message, err := trim.CombinedOutput(); err != nil {
		s.t.Fatalf("convert: %v: %s", err, message)
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}
