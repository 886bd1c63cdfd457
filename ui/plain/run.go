package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
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
	Entries func() ([]record.State, error)

	OpenURL func(string) error // opens a page in the browser; nil where there is none
	Copy    func(string) error // puts text on the clipboard; nil where there is none
}

// Run goes through the onboarding until the person is done, quits, or the input
// ends, and returns the flow as it stood then. Leaving by ctrl+c, or the end of
// ctx, is ErrInterrupted.
func Run(ctx context.Context, o Options) (steps.Flow, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in, err := NewReader(o.In, o.Out, o.Dumb, func() { cancel(ErrInterrupted) })
	if err != nil {
		return steps.New(o.Facts), err
	}
	defer in.Close()
	d := &dialog{Options: o, in: in}
	flow, err := d.run(ctx)
	if ctx.Err() != nil {
		err = ErrInterrupted
	}
	return flow, err
}

// dialog is one run.
type dialog struct {
	Options
	in *Reader

	screen  string        // that was shown last
	url     string        // that was shown last
	shown   []keys.Secret // secrets that were shown, each once
	checked bool          // the lines of the check were said as they came
}

func (d *dialog) run(ctx context.Context) (steps.Flow, error) {
	d.say("DPC onboarding, line by line.")
	d.say(answers...)
	facts, err := d.home(ctx)
	flow := steps.New(facts)
	if err == nil {
		begun, effect := flow.Start()
		flow = d.do(ctx, begun, effect)
		if flow.Err() != nil && flow.Session().Open == "" {
			return flow, flow.Err() // somebody else has it open, or it can't be read
		}
	}
	for err == nil && !flow.Quit() && ctx.Err() == nil {
		flow, err = d.turn(ctx, flow)
	}
	if !errors.Is(err, errQuit) && !errors.Is(err, io.EOF) {
		return flow, err
	}
	if flow.Err() == nil { // the last thing may have failed for want of a disk
		d.say("Everything is saved.")
	}
	return flow, nil
}

const isFirst = "This is the first step; there is nothing before it."

// turn shows a prompt, takes the answer to it and does what follows.
func (d *dialog) turn(ctx context.Context, flow steps.Flow) (steps.Flow, error) {
	p := flow.Prompt()
	d.show(p)
	a := &form{dialog: d, prompt: p, values: map[string]keys.Secret{}, last: len(p.Fields)}
	for {
		action, err := a.ask(ctx)
		if errors.Is(err, errBack) {
			before, ok := flow.Back()
			if !ok {
				d.say(isFirst)
			}
			d.screen = ""
			return before, nil
		}
		if err != nil {
			return flow, err
		}
		next, effect, err := flow.Answer(steps.Answer{Action: action, Values: a.values})
		if err == nil {
			return d.do(ctx, next, effect), nil
		}
		d.sayError(err)
		a.again(err)
	}
}

// do runs an effect and tells what it reports; one that lasts, also what it is.
// There is none where a confirmation is asked first. One that does not end after
// ctrl+c is left alone.
func (d *dialog) do(ctx context.Context, flow steps.Flow, effect steps.Effect) steps.Flow {
	d.checked = false
	if effect.Title == "" {
		return flow
	}
	events, done := make(chan steps.Event), make(chan steps.Result, 1)
	go func() {
		done <- effect.Run(ctx, d.Services, func(e steps.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}()
	slow, ended := time.After(time.Second), ctx.Done()
	quarters := Quarters(func(percent int64) { d.say(fmt.Sprintf("%d percent.", percent)) })
	var late <-chan time.Time
	for {
		select {
		case r := <-done:
			return flow.Apply(r)
		case e := <-events:
			switch {
			case e.Line == nil:
				quarters(e.Done, e.Total)
			case e.Line.Status != check.Running:
				d.checked = true
				d.result(*e.Line)
			}
			slow = nil
		case <-slow:
			d.say(effect.Title + ".")
		case <-ended:
			ended, late = nil, time.After(5*time.Second)
		case <-late:
			return flow.Cancel()
		}
	}
}

// home asks which onboarding to open, where that is to be asked.
func (d *dialog) home(ctx context.Context) (steps.Facts, error) {
	facts := d.Facts
	if !d.Home || d.Entries == nil {
		return facts, nil
	}
	entries, err := d.Entries()
	if err != nil || len(entries) == 0 {
		return facts, err
	}
	d.say("", "Which onboarding?")
	var names []string
	for _, e := range entries {
		names = append(names, fmt.Sprintf("%s, NPI %s, %s: %d of %d steps done.", e.Organization, e.NPI, e.Environment, steps.DoneSteps(e), len(steps.IDs)))
	}
	for {
		n, err := d.pick(ctx, "Onboarding", append(names, "Start another."), 0, nil)
		switch {
		case err == nil && n < len(entries):
			facts.State = entries[n]
			return facts, nil
		case err == nil:
			facts.State = record.State{}
			return facts, nil
		case errors.Is(err, errBack):
			d.say(isFirst)
		case errors.Is(err, errHelp):
			d.say(answers...)
		default:
			return facts, err
		}
	}
}
