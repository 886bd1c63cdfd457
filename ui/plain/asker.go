package plain

import (
	"context"
	"errors"
	"fmt"
	"io"

	"dpc-onboard/keys"
)

// Asker asks single questions, for commands that are no onboarding. Like Run it
// reads a terminal itself: nothing hidden is shown, not even what was typed before
// the question came.
type Asker struct {
	in  *reader
	out io.Writer
}

// NewAsker takes the terminal over, until Close. A dumb one is sent no sequences.
// interrupted is called when ctrl+c is pressed.
func NewAsker(in io.Reader, out io.Writer, dumb bool, interrupted func()) (*Asker, error) {
	r, err := newReader(in, out, dumb, interrupted)
	if err != nil {
		return nil, err
	}
	return &Asker{in: r, out: out}, nil
}

// Ask returns what is typed behind a prompt. The end of the input, like ctrl+c and
// the end of ctx, is ErrInterrupted.
func (a *Asker) Ask(ctx context.Context, prompt string, hidden bool) (keys.Secret, error) {
	fmt.Fprint(a.out, prompt)
	typed, err := a.in.line(ctx, hidden)
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return keys.Secret{}, ErrInterrupted
	}
	return typed, err
}

// Close gives the terminal back as it was.
func (a *Asker) Close() { a.in.close() }
