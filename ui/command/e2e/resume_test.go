//go:build unix

package e2e_test

import (
	"net"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/progress"
)

// TestKilledAtEachPrompt kills the wizard at every prompt of the guide, half-way
// through an answer where there is one. The next start goes on at that step, says
// what it found, and asks for nothing that was saved.
func TestKilledAtEachPrompt(t *testing.T) {
	keystest.Need(t, "age", "openssl")
	d := newDesk(t, 3).withKeyring()
	halfway := map[steps.ID]func(*terminal){
		steps.Access: func(w *terminal) { w.write(organization).wait(organization) },
		steps.Token:  func(w *terminal) { w.copied("c") },
		steps.Save:   func(w *terminal) { w.paste(d.token.Reveal()).wait("client token for " + organization) },
		steps.Add:    func(w *terminal) { w.copied("p") },
		steps.KeyID:  func(w *terminal) { w.paste(d.keyID).wait("✓ key ID") },
	}
	var windows []*terminal
	for i, s := range guide {
		w := d.start(large)
		w.wait(s.title)
		if f := halfway[s.id]; f != nil {
			f(w)
		}
		w.kill()
		again := d.start(large)
		again.wait(s.title)
		if i > 1 {
			again.wait("Found " + organization + ", sandbox: " + string('0'+rune(i)) + " of 8 steps done")
		}
		if read := strings.Contains(words(again.text()), "read back from the keyring"); read != (i > 2) {
			t.Errorf("%s: says that secrets were read back: %v", s.id, read)
		}
		s.do(d, again)
		if i+1 < len(guide) {
			again.wait(guide[i+1].title)
		} else {
			d.readPassphrase(again)
		}
		again.kill()
		windows = append(windows, w, again)
	}
	private := d.inKeyring(record.PrivateKeyName)
	d.opens(private)
	w := d.start(large)
	w.wait("Hand it over", "The passphrase is kept nowhere").kill()
	d.nothingLeaks(private, append(windows, w)...)
}

// TestKilledWhileSaving kills the wizard as soon as a secret is on its way. What
// was saved is taken up; what was not is asked for again.
func TestKilledWhileSaving(t *testing.T) {
	d := newDesk(t, 4).withKeyring()
	w := d.start(large)
	for _, s := range guide[:2] {
		w.wait(s.title)
		s.do(d, w)
	}
	w.wait(guide[2].title).paste(d.token.Reveal()).wait("client token for").paste(d.portal.Organization().ID).wait("✓ organization ID").press("enter")
	w.kill()
	again := d.start(large)
	again.until(func(text string) bool {
		return strings.Contains(text, guide[2].title) || strings.Contains(text, guide[3].title)
	}, "the step save or the step key")
	if strings.Contains(words(again.text()), guide[2].title) {
		again.paste(d.token.Reveal()).paste(d.portal.Organization().ID).press("enter")
	}
	again.wait(guide[3].title)
	if got := d.inKeyring(record.ClientTokenName); got != d.token.Reveal() {
		t.Errorf("the keyring has %d bytes of the token", len(got))
	}
}

// TestSecondWindow says who has the onboarding open, and leaves it alone.
func TestSecondWindow(t *testing.T) {
	d := newDesk(t, 5).withKeyring()
	first := d.start(large)
	first.wait(guide[0].title)
	guide[0].do(d, first)
	first.wait(guide[1].title)
	second := d.start(large)
	if code := second.code(); code == 0 || code == 130 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{d.id(), "open", "process", "hint:"} {
		if !strings.Contains(second.output(), want) {
			t.Errorf("the second window does not say %q: %q", want, second.output())
		}
	}
	guide[1].do(d, first)
	first.wait(guide[2].title)
}

// TestTinyWindow starts in 20×5, which asks for more room, and goes on in any size
// without losing what was typed.
func TestTinyWindow(t *testing.T) {
	d := newDesk(t, 6)
	w := d.start(size{20, 5})
	w.wait("Please make this window")
	w.resize(size{40, 12}).wait("Organization name").write("Sunrise").wait("Sunrise")
	w.resize(size{20, 5}).wait("Please make this window").resize(size{200, 60}).wait("Sunrise", guide[0].title)
	w.write(" Clinic").wait(organization).press("ctrl+c")
	if code := w.code(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// TestClosedTerminal closes the window under the program: it ends by itself, and
// what was saved is there at the next start.
func TestClosedTerminal(t *testing.T) { closeTerminal(t, 7) }

// TestClosedTerminalUnderNohup is the same where the signal that says so is
// ignored, as nohup and some services hand it down.
func TestClosedTerminalUnderNohup(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	closeTerminal(t, 13)
}

func closeTerminal(t *testing.T, number int) {
	d := newDesk(t, number).withKeyring()
	w := d.start(large)
	for _, s := range guide[:2] {
		w.wait(s.title)
		s.do(d, w)
	}
	w.wait(guide[2].title).paste(d.token.Reveal()).wait("client token for")
	if err := w.master.Close(); err != nil {
		t.Fatal(err)
	}
	if code := w.code(); code == 0 {
		t.Error("a program whose terminal is gone says that all is done")
	}
	d.start(large).wait(guide[2].title, "Found "+organization+", sandbox: 2 of 8 steps done")
}

// TestEnds presses what ends a program, at the first prompt and in the middle.
func TestEnds(t *testing.T) {
	d := newDesk(t, 8).withKeyring()
	for key, want := range map[string]int{"ctrl+c": 130, "ctrl+d": 3} {
		w := d.start(large)
		w.wait(guide[0].title).press(key)
		if code := w.code(); code != want {
			t.Errorf("%s at the first prompt: exit code %d, want %d", key, code, want)
		}
	}
	w := d.start(large)
	for _, s := range guide[:2] {
		w.wait(s.title)
		s.do(d, w)
	}
	w.wait(guide[2].title).paste(d.token.Reveal()).wait("client token for")
	w.press("ctrl+c").wait("What you pasted is not saved yet.").press("ctrl+c")
	if code := w.code(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if found := leak(fragments(d.token.Reveal()), w.output()); found != "" {
		t.Errorf("the output shows %q of the token", found)
	}
}

// TestTermination ends the program by the signal that a shutdown sends. The screen
// is the shell's again.
func TestTermination(t *testing.T) {
	d := newDesk(t, 11)
	w := d.start(large)
	w.wait(guide[0].title)
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := w.code(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	w.until(func(text string) bool { return !strings.Contains(text, guide[0].title) }, "the shell's own screen")
}

// TestTerminalWithoutMarkedPastes sends a token as a terminal does that knows no
// pastes: as keys, with an Enter for the line break in the middle of it.
func TestTerminalWithoutMarkedPastes(t *testing.T) {
	d := newDesk(t, 12).withKeyring()
	w := d.start(large)
	for _, s := range guide[:2] {
		w.wait(s.title)
		s.do(d, w)
	}
	w.wait(guide[2].title)
	token := d.token.Reveal()
	w.send(token[:300] + "\r" + token[300:] + "\r")
	w.wait("client token for " + organization)
	w.send(d.portal.Organization().ID + "\r")
	w.wait(guide[3].title)
	if got := d.inKeyring(record.ClientTokenName); got != token {
		t.Errorf("the keyring has %d bytes of the token, want %d", len(got), len(token))
	}
}

// silentBus is a session bus that takes calls and never answers.
func silentBus(t testing.TB) (address string, calls *atomic.Int32) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bus")
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	calls = new(atomic.Int32)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return "unix:path=" + path, calls
}

// TestFirstFrameNeedsNoKeyring draws before anyone asks the keyring, and goes on
// to draw while the keyring does not answer.
func TestFirstFrameNeedsNoKeyring(t *testing.T) {
	d := newDesk(t, 9)
	bus, calls := silentBus(t)
	d.bus = bus
	w := d.start(large)
	w.wait(guide[0].title)
	if n := calls.Load(); n != 0 {
		t.Errorf("%d calls to the keyring before the first frame", n)
	}
	guide[0].do(d, w)
	w.wait("Trying this computer's keyring…", "esc cancel").press("esc").wait("Stopped. Nothing was changed.", organization)
	if calls.Load() == 0 {
		t.Error("the keyring was not tried")
	}
	w.press("ctrl+c")
	if code := w.code(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// TestResumeDrawsBeforeTheKeyringAnswers starts an onboarding that was begun, with
// a keyring that hangs.
func TestResumeDrawsBeforeTheKeyringAnswers(t *testing.T) {
	d := newDesk(t, 10).withKeyring()
	w := d.start(large)
	w.wait(guide[0].title)
	guide[0].do(d, w)
	w.wait(guide[1].title).press("ctrl+d")
	if code := w.code(); code != 3 {
		t.Errorf("exit code %d", code)
	}
	entries, err := progress.New(filepath.Join(d.home, "state", "dpc-onboard")).List()
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d progress files, %v", len(entries), err)
	}
	d.bus, _ = silentBus(t)
	again := d.start(large)
	again.wait("Reading back what is saved…").press("ctrl+c")
	if code := again.code(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}
