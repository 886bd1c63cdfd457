package plain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"dpc-onboard/keys"
)

// maxAnswer is the longest answer in bytes.
const maxAnswer = 1 << 20

// ahead is how many reads may wait for the next prompt. It is generous so that
// ctrl+c is seen behind what somebody typed while nothing was asked.
const ahead = 1024

// errLong is the error for an answer beyond that.
var errLong = errors.New("this is longer than 1 MiB")

// Keys and sequences that a terminal sends.
const (
	keyInterrupt = 0x03 // ctrl+c
	keyEnd       = 0x04 // ctrl+d
	keyBackspace = 0x08
	keyKill      = 0x15 // ctrl+u
	keyEscape    = 0x1b
	keyDelete    = 0x7f

	pasteOn, pasteOff   = "\x1b[?2004h", "\x1b[?2004l"
	pasteBegin, pasteUp = "200~", "201~"
)

// reader is the one reader of the input: whatever arrives early waits here for
// the next prompt.
type reader struct {
	out     io.Writer
	tty     bool
	dumb    bool // the output understands no sequences
	restore func()
	chunks  chan []byte
	ended   error // why chunks was closed
	buffer  []byte
}

// newReader begins to read. interrupted is called as soon as ctrl+c is pressed on
// a terminal, also while nothing is asked.
func newReader(in io.Reader, out io.Writer, dumb bool, interrupted func()) (*reader, error) {
	r := &reader{out: out, dumb: dumb, restore: func() {}, chunks: make(chan []byte, ahead)}
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		if err := r.openTerminal(file); err != nil {
			return nil, err
		}
	}
	go r.pump(in, interrupted)
	return r, nil
}

// openTerminal turns the terminal's own line editing off.
func (r *reader) openTerminal(in *os.File) error {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("prepare the terminal: %w", err)
	}
	keepLines(int(in.Fd()))
	r.tty = true
	paste := !r.dumb && isTerminal(r.out)
	if paste {
		fmt.Fprint(r.out, pasteOn)
	}
	r.restore = func() {
		if paste {
			fmt.Fprint(r.out, pasteOff)
		}
		_ = term.Restore(int(in.Fd()), before)
	}
	return nil
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func (r *reader) close() { r.restore() }

func (r *reader) terminal() bool { return r.tty }

// pump hands over what arrives. It outlives the reader only in a read that
// nothing can end.
func (r *reader) pump(in io.Reader, interrupted func()) {
	defer close(r.chunks)
	for {
		chunk := make([]byte, 4096)
		n, err := in.Read(chunk)
		if r.tty && bytes.IndexByte(chunk[:n], keyInterrupt) >= 0 {
			interrupted()
			return
		}
		if n > 0 {
			r.chunks <- chunk[:n]
		}
		if err != nil {
			r.ended = err
			if r.tty {
				r.ended = io.EOF // whatever it is called: the window was closed
			}
			return
		}
	}
}

// next returns the next byte.
func (r *reader) next(ctx context.Context) (byte, error) {
	for len(r.buffer) == 0 {
		select {
		case chunk, ok := <-r.chunks:
			if !ok && ctx.Err() != nil {
				return 0, context.Cause(ctx)
			}
			if !ok {
				return 0, r.ended
			}
			r.buffer = chunk
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	b := r.buffer[0]
	r.buffer = r.buffer[1:]
	return b, nil
}

// line reads one answer, without its line end. A PEM is read to its END line. At
// the end of the input it is io.EOF, after what stood there without a line end.
func (r *reader) line(ctx context.Context, hidden bool) (keys.Secret, error) {
	e := &editor{reader: r, hidden: hidden}
	for {
		b, err := r.next(ctx)
		if errors.Is(err, io.EOF) && len(e.text) > 0 {
			err = errEntered
		}
		if err == nil {
			err = e.take(ctx, b)
		}
		if err == nil {
			continue
		}
		fmt.Fprintln(r.out) // what is typed on a terminal ends here; a pipe shows nothing of it
		if errors.Is(err, errEntered) {
			err = nil
		}
		return keys.NewSecret(string(e.text)), err
	}
}

// errEntered ends an answer.
var errEntered = errors.New("entered")

// editor gathers an answer byte by byte.
type editor struct {
	*reader
	hidden  bool
	text    []byte
	pasting bool
	pending []byte // a character that is not whole yet, to be shown
}

func (e *editor) take(ctx context.Context, b byte) error {
	if len(e.text) >= maxAnswer {
		return errLong
	}
	if b == '\n' || b == '\r' {
		return e.enter(b)
	}
	if !e.tty {
		e.text = append(e.text, b)
		return nil
	}
	switch b {
	case keyInterrupt:
		return ErrInterrupted
	case keyEnd:
		if len(e.text) == 0 {
			return io.EOF
		}
	case keyBackspace, keyDelete:
		e.erase(1)
	case keyKill:
		e.erase(len(e.text))
	case keyEscape:
		return e.escape(ctx)
	case '\t':
		e.add(' ')
	default:
		if b >= ' ' {
			e.add(b)
		}
	}
	return nil
}

// enter ends the answer, unless it is in the middle of a paste or of a PEM.
func (e *editor) enter(b byte) error {
	if b == '\r' && len(e.buffer) > 0 && e.buffer[0] == '\n' {
		e.buffer = e.buffer[1:]
	}
	if !e.pasting && !insidePEM(e.text) {
		return errEntered
	}
	e.text = append(e.text, '\n')
	if e.tty && !e.hidden {
		fmt.Fprintln(e.out)
	}
	return nil
}

// insidePEM reports whether a PEM has begun and not ended. A blank line ends it,
// too, except behind a header, so that nobody is kept here by a mistake.
func insidePEM(text []byte) bool {
	begun := bytes.LastIndex(text, []byte("-----BEGIN"))
	if begun < 0 {
		return false
	}
	pem := text[begun:]
	if end := bytes.Index(pem, []byte("-----END")); end >= 0 && bytes.Count(pem[end:], []byte("-----")) > 1 {
		return false
	}
	return !bytes.HasSuffix(pem, []byte("\n")) || bytes.Contains(pem, []byte(": "))
}

// add takes one byte of a character, and shows the character when it is whole.
func (e *editor) add(b byte) {
	e.text = append(e.text, b)
	if e.hidden {
		return
	}
	e.pending = append(e.pending, b)
	if utf8.FullRune(e.pending) {
		fmt.Fprintf(e.out, "%s", e.pending)
		e.pending = nil
	}
}

// erase takes back characters from the end.
func (e *editor) erase(n int) {
	for ; n > 0 && len(e.text) > 0; n-- {
		r, size := utf8.DecodeLastRune(e.text)
		e.text = e.text[:len(e.text)-size]
		if !e.hidden {
			fmt.Fprint(e.out, strings.Repeat("\b \b", ansi.StringWidth(string(r))))
		}
	}
}

// escape reads a sequence and drops it, unless it says that a paste begins or
// ends. Escape alone is nothing: a sequence arrives in one piece.
func (e *editor) escape(ctx context.Context) error {
	if len(e.buffer) == 0 {
		return nil
	}
	introducer, err := e.next(ctx)
	if err != nil || introducer != '[' && introducer != 'O' {
		return err
	}
	var sequence strings.Builder
	for {
		b, err := e.next(ctx)
		if err != nil {
			return err
		}
		sequence.WriteByte(b)
		if b >= '@' && b <= '~' {
			break
		}
	}
	switch sequence.String() {
	case pasteBegin:
		e.pasting = true
	case pasteUp:
		e.pasting = false
	}
	return nil
}
