package plain

import (
	"context"
	"errors"
	"io"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// ErrInterrupted is the error for someone who pressed ctrl+c. Everything that
// was saved is kept.
var ErrInterrupted = errors.New("interrupted")

// Options say where to begin and what to reach the outside through.
type Options struct {
	In       io.Reader // a terminal is recognized and read as one
	Out      io.Writer
	Dumb     bool // the terminal understands no sequences (TERM=dumb)
	Facts    steps.Facts
	Services steps.Services

	// Home asks first which onboarding to open, of those that Entries lists.
	Home    bool
	Entries func() ([]steps.State, error)

	OpenURL func(string) error // opens a page in the browser; nil where there is none
	Copy    func(string) error // puts text on the clipboard; nil where there is none
}

// Run goes through the onboarding until the person is done, quits, or the input
// ends, and returns the flow as it stood then. Leaving by ctrl+c, or the end of
// ctx, is ErrInterrupted.
func Run(ctx context.Context, o Options) (steps.Flow, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in, err := newReader(o.In, o.Out, o.Dumb, func() { cancel(ErrInterrupted) })
	if err != nil {
		return steps.New(o.Facts), err
	}
	defer in.close()
	f := &face{options: o, in: in, out: newSpeaker(o.Out)}
	flow, err := f.run(ctx)
	if ctx.Err() != nil {
		err = ErrInterrupted
	}
	return flow, err
}

// face is one run.
type face struct {
	options Options
	in      *reader
	out     *speaker

	screen string        // that was shown last
	url    string        // that was shown last
	shown  []keys.Secret // secrets that were shown, each once
	told   bool          // the lines of the check were said as they came
}

// What a person can answer instead of a value.
var (
	errBack = errors.New("back")
	errQuit = errors.New("quit")
)

func (f *face) run(ctx context.Context) (steps.Flow, error) {
	f.out.say(wordsWelcome...)
	facts, err := f.home(ctx)
	flow := steps.New(facts)
	if err != nil {
		return flow, f.left(flow, err)
	}
	flow, effect := flow.Start()
	flow = f.do(ctx, flow, effect)
	if flow.Err() != nil && flow.Session().Open == "" {
		return flow, flow.Err() // somebody else has it open, or it can't be read
	}
	for !flow.Quit() && ctx.Err() == nil {
		if flow, err = f.turn(ctx, flow); err != nil {
			return flow, f.left(flow, err)
		}
	}
	return flow, nil
}

// left turns leaving into a good end. Where the last thing failed, perhaps for
// want of a disk, it claims nothing.
func (f *face) left(flow steps.Flow, err error) error {
	if !errors.Is(err, errQuit) && !errors.Is(err, io.EOF) {
		return err
	}
	if flow.Err() == nil {
		f.out.say(wordsLeft)
	}
	return nil
}

// turn shows a prompt, takes the answer to it and does what follows.
func (f *face) turn(ctx context.Context, flow steps.Flow) (steps.Flow, error) {
	p := flow.Prompt()
	f.show(p, flow.State().Environment)
	a := &answering{face: f, prompt: p, values: map[string]keys.Secret{}, last: len(p.Fields)}
	for {
		action, err := a.ask(ctx)
		if errors.Is(err, errBack) {
			return f.back(flow), nil
		}
		if err != nil {
			return flow, err
		}
		next, effect, err := flow.Answer(steps.Answer{Action: action, Values: a.values})
		if err == nil {
			return f.do(ctx, next, effect), nil
		}
		f.out.fault(err)
		a.again(err)
	}
}

func (f *face) back(flow steps.Flow) steps.Flow {
	before, ok := flow.Back()
	if !ok {
		f.out.say(wordsFirst)
	}
	f.screen = ""
	return before
}

// patience is how long an effect may last before it is said what it is.
const patience = time.Second

// grace is how long an effect may take to end after ctrl+c.
const grace = 5 * time.Second

// do runs an effect and tells what it reports. There is none where a
// confirmation is asked first.
func (f *face) do(ctx context.Context, flow steps.Flow, effect steps.Effect) steps.Flow {
	f.told = false
	if effect.Title == "" {
		return flow
	}
	events, done := make(chan steps.Event), make(chan steps.Result, 1)
	go func() {
		done <- effect.Run(ctx, f.options.Services, func(e steps.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}()
	slow, sparse, ended := time.After(patience), &quarters{}, ctx.Done()
	var late <-chan time.Time
	for {
		select {
		case r := <-done:
			return flow.Apply(r)
		case e := <-events:
			f.event(flow.State().Environment, e, sparse)
			slow = nil
		case <-slow:
			f.out.say(effect.Title + ".")
		case <-ended:
			ended, late = nil, time.After(grace)
		case <-late:
			return flow.Cancel()
		}
	}
}

// home asks which onboarding to open, where that is to be asked.
func (f *face) home(ctx context.Context) (steps.Facts, error) {
	facts := f.options.Facts
	if !f.options.Home || f.options.Entries == nil {
		return facts, nil
	}
	entries, err := f.options.Entries()
	if err != nil || len(entries) == 0 {
		return facts, err
	}
	f.out.say("", wordsWhich)
	var names []string
	for _, e := range entries {
		names = append(names, wordsEntry(e))
	}
	for {
		n, err := f.pick(ctx, wordsOnboarding, append(names, wordsAnother), 0)
		switch {
		case errors.Is(err, errBack):
			f.out.say(wordsFirst)
			continue
		case errors.Is(err, errHelp):
			f.out.say(wordsAnswers...)
			continue
		case err != nil:
			return facts, err
		}
		facts.State = steps.State{}
		if n < len(entries) {
			facts.State = entries[n]
		}
		return facts, nil
	}
}
