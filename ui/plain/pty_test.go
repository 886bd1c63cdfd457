//go:build unix

package plain_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
	"dpc-onboard/ui/plain"
)

// terminal is a real pseudo-terminal with somebody in front of it.
type terminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	before *term.State

	mu      sync.Mutex
	more    *sync.Cond
	screen  string // all that was written
	seen    int    // up to where it was waited for
	closed  bool
	flow    steps.Flow
	err     error
	options plain.Options
	done    chan struct{}
}

// sit starts the program on a terminal, where the world's onboarding stands at a
// screen.
func sit(t *testing.T, w *stepstest.World, screen string) *terminal {
	t.Helper()
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo(screen)
	w.Restart()
	return start(t, plain.Options{Services: w.Services(), Facts: steps.Facts{State: p.Flow.State(), Session: w.Session()}})
}

func start(t *testing.T, o plain.Options) *terminal {
	t.Helper()
	t.Setenv("TERM", "xterm")
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	master = interruptible(t, master)
	before, err := term.GetState(int(slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	o.In, o.Out = slave, slave
	s := &terminal{t: t, master: master, slave: slave, before: before, options: o, done: make(chan struct{})}
	s.more = sync.NewCond(&s.mu)
	stuck := time.AfterFunc(time.Minute, func() { s.hangUp() })
	t.Cleanup(func() { stuck.Stop(); s.hangUp(); _ = slave.Close() })
	go s.watch()
	go func() {
		defer close(s.done)
		s.flow, s.err = plain.Run(t.Context(), o)
	}()
	return s
}

// interruptible returns a file whose Close ends a Read that is under way.
func interruptible(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := syscall.Dup(int(f.Fd()))
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), f.Name())
}

func (s *terminal) hangUp() { _ = s.master.Close() }

// watch keeps what is written.
func (s *terminal) watch() {
	b := make([]byte, 4096)
	for {
		n, err := s.master.Read(b)
		s.mu.Lock()
		s.screen += string(b[:n])
		s.closed = err != nil
		s.more.Broadcast()
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// wait waits until a text appears behind what was waited for before.
func (s *terminal) wait(text string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if i := strings.Index(s.screen[s.seen:], text); i >= 0 {
			s.seen += i + len(text)
			return
		}
		if s.closed {
			s.t.Fatalf("%q did not appear:\n%q", text, s.screen[s.seen:])
		}
		s.more.Wait()
	}
}

// send types keys.
func (s *terminal) send(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// leave waits for the end, and for the terminal to be as it was.
func (s *terminal) leave() (steps.Flow, error) {
	s.t.Helper()
	<-s.done
	after, err := term.GetState(int(s.slave.Fd()))
	if err != nil {
		s.t.Fatal(err)
	}
	if !reflect.DeepEqual(s.before, after) {
		s.t.Error("the terminal is not as it was before")
	}
	return s.flow, s.err
}

// all returns everything that was written.
func (s *terminal) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen
}

// long is a client token beyond what a terminal's own line editing takes.
func long(t *testing.T) string {
	secret := keystest.Token(t, keystest.TokenSpec{
		Expires:    stepstest.Start.AddDate(1, 0, 0),
		Conditions: []string{"note = " + strings.Repeat("a word of no meaning, ", 170)},
	}).Reveal()
	if len(secret) < 5000 {
		t.Fatalf("the token has only %d characters", len(secret))
	}
	return secret
}

func TestALongTokenOnATerminalIsWholeAndHidden(t *testing.T) {
	secret := long(t)
	half := len(secret) / 2
	for name, keys := range map[string]string{
		"typed or pasted":     secret + "\r",
		"pasted in brackets":  "\x1b[200~" + secret + "\x1b[201~\r",
		"with a break inside": "\x1b[200~" + secret[:half] + "\r\n" + secret[half:] + "\r\x1b[201~\r",
		"with a slip":         "oops\x7f\x7f\x7f\x7f" + secret + "\r",
		"begun anew":          "something else\x15" + secret + "\r",
		"with an arrow key":   "\x1b[D\x1bOC" + secret + "\r",
	} {
		t.Run(name, func(t *testing.T) {
			s := sit(t, stepstest.New(t), "save")
			s.wait("What you type or paste into a hidden field is not shown.")
			s.wait("Client Token: ")
			s.send(keys)
			s.wait("Client Token received, " + itoa(len(secret)) + " characters, ends in " + secret[len(secret)-4:] + ".\r\n")
			s.wait("Organization Token: ")
			s.send(keystest.OrganizationID + "\r")
			s.wait("Step 4 of 8: Key pair.")
			s.send("quit\r")
			flow, err := s.leave()
			if err != nil || flow.State().ClientToken == nil || flow.State().ClientToken.Length != len(secret) {
				t.Errorf("saved: %+v, %v", flow.State().ClientToken, err)
			}
			hides(t, s.all(), secret, keystest.OrganizationID)
		})
	}
}

func TestAPastedPEMOnATerminal(t *testing.T) {
	pem := keystest.OtherPair(t).Private().Reveal()
	pasted := strings.ReplaceAll(pem, "\n", "\r") // as a terminal sends line ends
	for name, keys := range map[string]string{
		"as keys":     pasted,
		"in brackets": "\x1b[200~" + pasted + "\x1b[201~\r",
	} {
		t.Run(name, func(t *testing.T) {
			s := sit(t, stepstest.New(t), "key")
			s.wait("Choose [1]: ")
			s.send("2\r")
			s.wait("Private Key: ")
			s.send(keys)
			s.wait("Recognized: RSA private key, 4096 bits.")
			s.wait("Public Key (optional): ")
			s.send("\r")
			s.wait("Step 5 of 8: Add key.")
			s.send("\x04")
			flow, err := s.leave()
			if k := flow.State().Key; err != nil || k == nil || k.Fingerprint != keystest.OtherPair(t).Public().Fingerprint() {
				t.Errorf("not imported: %v", err)
			}
			hides(t, s.all(), pem)
		})
	}
}

// TestATornPaste sends the mark of a paste's end in two pieces, as when it does not
// fit into one read.
func TestATornPaste(t *testing.T) {
	secret := long(t)
	s := sit(t, stepstest.New(t), "save")
	s.wait("Client Token: ")
	s.send("\x1b[200~" + secret)
	s.send("\x1b")
	s.send("[201~")
	s.send("\r")
	s.wait("Client Token received, " + itoa(len(secret)) + " characters")
	s.send("\x04")
	if _, err := s.leave(); err != nil {
		t.Error(err)
	}
}

func TestTypingIsShownAndCanBeCorrected(t *testing.T) {
	w := stepstest.New(t)
	s := start(t, plain.Options{Services: w.Services(), Facts: steps.Facts{Session: w.Session()}})
	s.wait("Organization name: ")
	s.send("Praxis Müllerß\x7f 日本\x7f語\r")
	s.wait("Praxis Müllerß\b \b 日本\b \b\b \b語\r\n")
	s.wait("NPI: ")
	s.send("1234567893\r")
	s.wait("Environment [1]: ")
	s.send("\r")
	s.wait("Step 2 of 8")
	s.send("\x04")
	flow, err := s.leave()
	if err != nil || flow.State().Organization != "Praxis Müller 日語" {
		t.Errorf("got %q, %v", flow.State().Organization, err)
	}
}

func TestCtrlCEndsItAtAPrompt(t *testing.T) {
	s := sit(t, stepstest.New(t), "save")
	s.wait("Client Token: ")
	s.send("half a to\x03")
	if _, err := s.leave(); !errors.Is(err, plain.ErrInterrupted) {
		t.Errorf("got %v", err)
	}
}

func TestAClosedWindowIsTheEndOfInput(t *testing.T) {
	s := sit(t, stepstest.New(t), "save")
	s.wait("Client Token: ")
	s.hangUp()
	<-s.done
	if s.err != nil || s.flow.Prompt().Step != steps.Save {
		t.Errorf("got %v at %s", s.err, s.flow.Prompt().Step)
	}
}

// TestCtrlCEndsWhatIsBeingDone has a key pair that never gets ready, and somebody
// who typed something else before.
func TestCtrlCEndsWhatIsBeingDone(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("key")
	w.Restart()
	services := w.Services()
	services.NewPair = neverReady
	s := start(t, plain.Options{Services: services, Facts: steps.Facts{State: p.Flow.State(), Session: w.Session()}})
	s.wait("Choose [1]: ")
	s.send("\r")
	s.wait("Making an RSA-4096 key pair on this computer.")
	s.send("x")
	s.send("\x03")
	flow, err := s.leave()
	if !errors.Is(err, plain.ErrInterrupted) || flow.State().Key != nil {
		t.Errorf("got %v, key %v", err, flow.State().Key)
	}
}

func TestCopyAndOpenAreWordsOnATerminal(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("add")
	w.Restart()
	var copied, opened string
	s := start(t, plain.Options{
		Services: w.Services(), Facts: steps.Facts{State: p.Flow.State(), Session: w.Session()},
		Copy:    func(text string) error { copied = text; return nil },
		OpenURL: func(url string) error { opened = url; return errors.New("no browser here") },
	})
	s.wait("Type copy label, or copy public, or copy signature to put it on the clipboard.")
	s.wait("Type open to open it in the browser.")
	s.wait("Choose [1]: ")
	s.send("copy public\r")
	s.wait("Public Key is on the clipboard.")
	s.wait("Choose [1]: ")
	s.send("open\r")
	s.wait("Error: no browser here.")
	s.wait("Choose [1]: ")
	s.send("copy nothing\r")
	s.wait("Error: that is not one of the choices")
	s.send("\x04")
	if _, err := s.leave(); err != nil {
		t.Error(err)
	}
	if copied != p.Flow.State().Key.PublicKey || opened != record.Sandbox.Words().Start {
		t.Errorf("copied %q, opened %q", copied, opened)
	}
}

// neverReady is a key pair that is being made for ever.
func neverReady(ctx context.Context) (keys.Pair, error) {
	<-ctx.Done()
	return keys.Pair{}, context.Cause(ctx)
}
