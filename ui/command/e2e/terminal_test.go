//go:build unix

// Package e2e_test drives the built program as a person does: in a real terminal,
// with the operating system's own keyring, through the whole guide, and to its
// sudden end at each step. It reads the screen through a terminal emulator and
// waits for what a person would wait for; nothing here sleeps.
package e2e_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// patience is how long a test waits for the screen before it gives up: the
// machine may be busy, and a vault takes its time.
const patience = 2 * time.Minute

// program is the path of the built binary.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run builds the program once, runs the tests, and cleans up.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dpc-onboard-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "dpc-onboard")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", program, "dpc-onboard")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 1
	}
	return m.Run()
}

// size is a window's, in cells.
type size struct{ width, height int }

// terminal is a window with a process in it, or with a part of this one.
type terminal struct {
	t       testing.TB
	cmd     *exec.Cmd
	master  *os.File
	ended   chan struct{} // closed when the process has ended and what it wrote was read
	err     error         // how, once ended is closed
	changed chan struct{}

	mu     sync.Mutex
	screen *vt.Emulator
	stream []byte // all that the process wrote

	presses, pastes int
}

// open starts a process in a terminal of its own.
func open(t testing.TB, s size, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(s.width), Rows: uint16(s.height)})
	if err != nil {
		t.Fatal(err)
	}
	w, drained := watch(t, s, master)
	w.cmd = cmd
	go func() {
		w.err = cmd.Wait()
		select { // what it wrote last may still come
		case <-drained:
		case <-time.After(5 * time.Second):
		}
		close(w.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-w.ended
		_ = w.master.Close()
	})
	return w
}

// host runs a function in a terminal of its own, within this process.
func host(t testing.TB, s size, run func(tty *os.File)) *terminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err == nil {
		err = pty.Setsize(master, &pty.Winsize{Cols: uint16(s.width), Rows: uint16(s.height)})
	}
	if err != nil {
		t.Fatal(err)
	}
	w, _ := watch(t, s, master)
	go func() {
		defer close(w.ended)
		run(tty)
	}()
	t.Cleanup(func() {
		_ = w.master.Close()
		<-w.ended
		_ = tty.Close()
	})
	return w
}

// watch returns a window on what is written to a terminal; drained is closed when
// there is no more. The terminal's other end is to be closed.
func watch(t testing.TB, s size, master *os.File) (w *terminal, drained chan struct{}) {
	t.Helper()
	w = &terminal{t: t, screen: vt.NewEmulator(s.width, s.height), changed: make(chan struct{}, 1), ended: make(chan struct{})}
	w.master = closable(t, master)
	drained = make(chan struct{})
	var idle sync.WaitGroup
	idle.Go(func() {
		defer close(drained)
		w.read()
	})
	idle.Go(func() { _, _ = io.Copy(w.master, w.screen) }) // what the terminal answers
	t.Cleanup(func() {                                     // after that of the caller
		_ = w.screen.InputPipe().(io.Closer).Close()
		idle.Wait()
	})
	return w, drained
}

// closable returns a terminal's other end as a file whose Close ends a Read: one
// in blocking mode stays open until there is something to read.
func closable(t testing.TB, f *os.File) *os.File {
	t.Helper()
	defer f.Close()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), f.Name())
}

// read takes what the process writes to the screen, until there is no more.
func (w *terminal) read() {
	for buffer := make([]byte, 1<<15); ; {
		n, err := w.master.Read(buffer)
		w.mu.Lock()
		w.stream = append(w.stream, buffer[:n]...)
		_, _ = w.screen.Write(buffer[:n])
		w.mu.Unlock()
		select {
		case w.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// text is what the screen shows.
func (w *terminal) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.screen.String()
}

// words is the card's text and the footer's on one line.
func words(text string) string {
	var b strings.Builder
	for _, line := range strings.Split(text, "\n") {
		if i := strings.Index(line, "│"); i >= 0 {
			line = line[i:]
		}
		b.WriteString(" " + strings.Trim(line, "│ "))
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// wait waits until the screen shows all of the texts.
func (w *terminal) wait(texts ...string) *terminal {
	w.t.Helper()
	w.until(func(text string) bool {
		for _, want := range texts {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return true
	}, strings.Join(texts, "” and “"))
	return w
}

// until waits until what the screen says is as wanted.
func (w *terminal) until(wanted func(words string) bool, what string) {
	w.t.Helper()
	giveUp := time.After(patience)
	for ended := w.ended; !wanted(words(w.text())); {
		select {
		case <-w.changed:
		case <-ended:
			ended, giveUp = nil, time.After(5*time.Second) // what it wrote last may still come
		case <-giveUp:
			w.t.Fatalf("“%s” does not come:\n%s", what, w.text())
		}
	}
}

// keyCodes are what a terminal sends for keys.
var keyCodes = map[string]string{"enter": "\r", "esc": "\x1b", "tab": "\t", "right": "\x1b[C", "ctrl+c": "\x03", "ctrl+d": "\x04"}

// press presses keys.
func (w *terminal) press(names ...string) *terminal {
	w.t.Helper()
	for _, name := range names {
		w.presses++
		code, ok := keyCodes[name]
		if !ok {
			code = name
		}
		w.send(code)
	}
	return w
}

// write types a text.
func (w *terminal) write(text string) *terminal {
	w.t.Helper()
	for _, r := range text {
		w.press(string(r))
	}
	return w
}

// paste pastes a text as terminals do that mark their pastes.
func (w *terminal) paste(text string) *terminal {
	w.t.Helper()
	w.pastes++
	w.send("\x1b[200~" + text + "\x1b[201~")
	return w
}

func (w *terminal) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.master, text); err != nil {
		w.t.Fatal(err)
	}
}

// resize changes the window. The process is told more than once, as where a person
// drags the window's edge: Bubble Tea looks at the size first and watches it then, and
// misses a change between the two.
func (w *terminal) resize(s size) *terminal {
	w.t.Helper()
	w.mu.Lock()
	w.screen.Resize(s.width, s.height)
	w.mu.Unlock()
	if err := pty.Setsize(w.master, &pty.Winsize{Cols: uint16(s.width), Rows: uint16(s.height)}); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		for again := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-again.C:
				_ = w.cmd.Process.Signal(syscall.SIGWINCH)
			case <-w.ended:
				return
			}
		}
	}()
	return w
}

// kill ends the process as a power cut does.
func (w *terminal) kill() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	<-w.ended
}

// code waits for the end of the process and returns its exit code.
func (w *terminal) code() int {
	w.t.Helper()
	select {
	case <-w.ended:
	case <-time.After(patience):
		w.t.Fatalf("it does not end:\n%s", w.text())
	}
	if exit, ok := errors.AsType[*exec.ExitError](w.err); ok {
		return exit.ExitCode()
	}
	return 0
}

// output is all that the process wrote.
func (w *terminal) output() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.stream)
}

// osc52 finds what a process asks the terminal to copy.
var osc52 = regexp.MustCompile(`\x1b\]52;c;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)`)

// clipboard waits until something was copied since a place in the output, and
// returns it.
func (w *terminal) clipboard(since int) string {
	w.t.Helper()
	var found []string
	w.until(func(string) bool {
		found = osc52.FindStringSubmatch(w.output()[since:])
		return found != nil
	}, "a copy to the clipboard")
	text, err := base64.StdEncoding.DecodeString(found[1])
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// copied presses a key and returns what it copies.
func (w *terminal) copied(key string) string {
	w.t.Helper()
	since := len(w.output())
	return w.press(key).clipboard(since)
}
