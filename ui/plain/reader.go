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
	"dpc-onboard/steps/text"
)

// maxAnswer is the longest answer in bytes.
const maxAnswer = 1 << 20

// Keys and sequences that a terminal sends and takes.
const (
	keyInterrupt = 0x03 // ctrl+c
	keyEnd       = 0x04 // ctrl+d
	keyBackspace = 0x08
	keyKill      = 0x15 // ctrl+u
	keyEscape    = 0x1b
	keyDelete    = 0x7f

	pasteOn, pasteOff     = "\x1b[?2004h", "\x1b[?2004l"
	pasteBegins, pasteEnd = "200~", "201~"
)

// The Terminal of golang.org/x/term is not used: it moves the cursor to erase, also
// on a dumb terminal; it cuts a line at 4,096 characters without an error, gives a
// pasted PEM line by line, and can't tell ctrl+c from the end of the input.

// Reader is the one reader of the input, which asks for a line at a time: whatever
// arrives early waits here for the next prompt. It reads a terminal itself, so that
// nothing hidden is shown, not even what was typed before the question came.
type Reader struct {
	out    io.Writer
	tty    bool
	close  func() // gives the terminal back
	chunks chan []byte
	ended  error // why chunks was closed
	buffer []byte
}

// NewReader begins to read, until Close. interrupted is called as soon as ctrl+c is
// pressed on a terminal, also while nothing is asked. A dumb terminal is sent no
// sequences.
func NewReader(in io.Reader, out io.Writer, dumb bool, interrupted func()) (*Reader, error) {
	// So many reads may wait for the next prompt that ctrl+c is seen behind what
	// somebody typed while nothing was asked.
	r := &Reader{out: out, close: func() {}, chunks: make(chan []byte, 1024)}
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fd := int(file.Fd())
		before, err := term.MakeRaw(fd) // without the terminal's own line editing
		if err != nil {
			return nil, fmt.Errorf("prepare the terminal: %w", err)
		}
		keepLines(fd)
		on, off := pasteOn, pasteOff
		if screen, ok := out.(*os.File); !ok || dumb || !term.IsTerminal(int(screen.Fd())) {
			on, off = "", ""
		}
		fmt.Fprint(out, on)
		r.tty = true
		r.close = func() {
			fmt.Fprint(out, off)
			_ = term.Restore(fd, before)
		}
	}
	go r.pump(in, interrupted)
	return r, nil
}

// Close gives the terminal back as it was.
func (r *Reader) Close() { r.close() }

// pump hands over what arrives. It outlives the reader only in a read that
// nothing can end.
func (r *Reader) pump(in io.Reader, interrupted func()) {
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
func (r *Reader) next(ctx context.Context) (byte, error) {
	for len(r.buffer) == 0 {
		select {
		case chunk, ok := <-r.chunks:
			if !ok && ctx.Err() == nil {
				return 0, r.ended
			}
			r.buffer = chunk
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
	}
	b := r.buffer[0]
	r.buffer = r.buffer[1:]
	return b, nil
}

// Ask returns what is typed behind a prompt, without the line end. A PEM is read to
// its END line. At the end of the input it is io.EOF, after what stood there without
// a line end; ctrl+c is ErrInterrupted.
func (r *Reader) Ask(ctx context.Context, prompt string, hidden bool) (keys.Secret, error) {
	fmt.Fprint(r.out, text.Clean(prompt))
	typed, err := r.edit(ctx, hidden)
	fmt.Fprintln(r.out) // what is typed on a terminal ends here; a pipe shows nothing of it
	if errors.Is(err, io.EOF) && len(typed) > 0 {
		err = nil
	}
	return keys.NewSecret(string(typed)), err
}

// edit gathers an answer byte by byte.
func (r *Reader) edit(ctx context.Context, hidden bool) (typed []byte, err error) {
	echo := io.Discard
	if r.tty && !hidden {
		echo = r.out
	}
	pasting := false
	for len(typed) < maxAnswer {
		b, err := r.next(ctx)
		if err != nil {
			return typed, err
		}
		switch {
		case b == '\r' || b == '\n':
			if b == '\r' && len(r.buffer) > 0 && r.buffer[0] == '\n' {
				r.buffer = r.buffer[1:]
			}
			if !pasting && !insidePEM(typed) {
				return typed, nil
			}
			typed = append(typed, '\n')
			fmt.Fprintln(echo)
		case !r.tty:
			typed = append(typed, b)
		case b == keyEnd && len(typed) == 0:
			return typed, io.EOF
		case b == keyBackspace, b == keyDelete:
			typed = erase(echo, typed, 1)
		case b == keyKill:
			typed = erase(echo, typed, len(typed))
		case b == keyEscape:
			sequence, err := r.sequence(ctx, pasting)
			if err != nil {
				return typed, err
			}
			pasting = sequence == pasteBegins || pasting && sequence != pasteEnd
		case b >= ' ' || b == '\t':
			if b == '\t' {
				b = ' '
			}
			typed = append(typed, b)
			_, _ = echo.Write([]byte{b})
		}
	}
	return typed, errors.New("this is longer than 1 MiB")
}

// insidePEM reports whether a PEM has begun and not ended. A blank line ends it,
// too, except behind a header, so that nobody is kept here by a mistake.
func insidePEM(typed []byte) bool {
	begun := bytes.LastIndex(typed, []byte("-----BEGIN"))
	if begun < 0 {
		return false
	}
	pem := typed[begun:]
	if end := bytes.Index(pem, []byte("-----END")); end >= 0 && bytes.Count(pem[end:], []byte("-----")) > 1 {
		return false
	}
	return !bytes.HasSuffix(pem, []byte("\n")) || bytes.Contains(pem, []byte(": "))
}

// erase takes back characters from the end.
func erase(echo io.Writer, typed []byte, n int) []byte {
	for ; n > 0 && len(typed) > 0; n-- {
		r, size := utf8.DecodeLastRune(typed)
		typed = typed[:len(typed)-size]
		fmt.Fprint(echo, strings.Repeat("\b \b", ansi.StringWidth(string(r))))
	}
	return typed
}

// sequence reads what is behind an escape, and returns it without its introducer.
// Outside of a paste, which may be torn anywhere, a sequence arrives in one piece:
// escape alone is nothing.
func (r *Reader) sequence(ctx context.Context, pasting bool) (string, error) {
	if len(r.buffer) == 0 && !pasting {
		return "", nil
	}
	b, err := r.next(ctx)
	if err != nil || b != '[' && b != 'O' {
		return "", err
	}
	for sequence := ""; ; {
		if b, err = r.next(ctx); err != nil {
			return "", err
		}
		sequence += string(rune(b))
		if b >= '@' && b <= '~' {
			return sequence, nil
		}
	}
}
