package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// Flow is one onboarding under way, as an immutable value. Its moves return a
// new flow and never do anything outside.
type Flow struct {
	facts   Facts
	turn    chan struct{} // effects run one after the other
	at      string        // the screen that Back went to, or "" for the first undone
	pending *Answer       // an answer that waits for its "yes"
	attempt int
	busy    string // the running effect's title, or ""
	err     error
}

// Effect is work for the outside: a UI runs it and hands the Result to Apply. The
// zero Effect, without a Title, is none.
type Effect struct {
	Attempt int
	Title   string
	do      Do
	before  Facts
	turn    chan struct{}
}

// Result is what an effect came to.
type Result struct {
	Attempt int
	Facts   Facts
	Err     error
}

// New returns a flow that stands where the facts say.
func New(facts Facts) Flow { return Flow{facts: facts, turn: make(chan struct{}, 1)} }

// State returns the facts that are kept.
func (f Flow) State() record.State { return f.facts.State }

// Session returns what goes when the program ends.
func (f Flow) Session() Session { return f.facts.Session }

// Busy returns what is being done at the moment, or "".
func (f Flow) Busy() string { return f.busy }

// Err returns why the last effect failed, or nil.
func (f Flow) Err() error { return f.err }

// Quit reports whether the person has ended the flow by an answer.
func (f Flow) Quit() bool { return f.facts.Session.Quit }

// Stepper returns the eight steps, how each stands, and which is asked now.
func (f Flow) Stepper() []StepStatus {
	all := Stepper(f.facts.State)
	if sc, here := f.current(); sc.name != finishName {
		all[slices.Index(IDs, here.ID)].Status = Current
	}
	return all
}

// SwitchTo returns the facts to begin another onboarding with: what is known of
// the program and of this computer, and the onboarding that was chosen.
func (f Flow) SwitchTo(s record.State) Facts {
	return Facts{State: s, Session: f.facts.Session.Another()}
}

// Start returns the effect that looks at what is saved: it unlocks the backend
// for secrets and reads every secret back.
func (f Flow) Start() (Flow, Effect) { return f.follow(lookAgain(f.facts)) }

// Answer takes what the person gave to the current prompt. The error is a
// *FieldError where one field is at fault; then nothing has changed. A field that
// is not hidden and not in the answer has the value that the prompt put there.
// Where nothing is to be done outside, the Effect is the zero one.
func (f Flow) Answer(a Answer) (Flow, Effect, error) {
	if f.busy != "" {
		return f, Effect{}, errors.New("something is still being done; wait a moment")
	}
	prompt := f.Prompt()
	action, err := prompt.action(a.Action)
	if err != nil {
		return f, Effect{}, err
	}
	if pending := f.pending; pending != nil {
		f.pending = nil
		if action.Name != actionYes {
			return f, Effect{}, nil
		}
		return f.carry(*pending)
	}
	a = prompt.filled(a)
	a.Action = action.Name
	for _, field := range prompt.Fields {
		if _, err := field.Recognize(a.Values[field.Name]); err != nil && !action.Bare {
			return f, Effect{}, &FieldError{Field: field.Name, Err: err}
		}
	}
	if action.Confirm != "" {
		f.pending = &a
		return f, Effect{}, nil
	}
	return f.carry(a)
}

// carry lets the current screen say what an answer means.
func (f Flow) carry(a Answer) (Flow, Effect, error) {
	facts := f.facts
	facts.Session.Notices = nil
	if a.Action == actionOld {
		next, effect := f.follow(doing("Keeping the old one safe", facts.keepOld))
		return next, effect, nil
	}
	sc, _ := f.current()
	o, err := sc.accept(facts, a)
	if err != nil {
		return f, Effect{}, err
	}
	next, effect := f.follow(o)
	return next, effect, nil
}

// follow does what needs nothing from outside at once, and makes an effect of the
// rest. Facts that are kept are always written by an effect.
func (f Flow) follow(o outcome) (Flow, Effect) {
	f.err = nil
	f.facts.Session.Notices = nil
	if o.do == nil && sameState(f.facts.State, o.facts.State) {
		f.facts, f.at = o.facts, ""
		return f, Effect{}
	}
	if facts := o.facts; o.do == nil {
		o = keeping(func(Services) Facts { return facts })
	}
	f.attempt++
	f.busy = o.title
	return f, Effect{Attempt: f.attempt, Title: o.title, do: o.do, before: f.facts, turn: f.turn}
}

// Apply takes the result of an effect. One of an earlier attempt, or of an
// effect that was canceled, is ignored.
func (f Flow) Apply(r Result) Flow {
	if r.Attempt != f.attempt || f.busy == "" {
		return f
	}
	f.busy = ""
	f.facts = r.Facts
	f.err = r.Err
	if r.Err == nil {
		f.at = ""
	}
	return f
}

// Cancel gives up the running effect: its result will be ignored.
func (f Flow) Cancel() Flow {
	f.busy = ""
	return f
}

// Back returns to the screen before, or says false where there is none. It
// undoes nothing by itself: only another answer does, and the prompt says what.
func (f Flow) Back() (Flow, bool) {
	if f.busy != "" {
		return f.Cancel(), true
	}
	f.err = nil
	f.facts.Session.Notices = nil
	if f.pending != nil {
		f.pending = nil
		return f, true
	}
	if under := f.facts.Session.detours; len(under) > 0 {
		f.facts, f.at = f.facts.leave(), under[len(under)-1].from
		return f, true
	}
	before := ""
	here, _ := f.current()
	for sc := range screens() {
		if sc.name == here.name {
			break
		}
		if sc.applies == nil || sc.applies(f.facts) {
			before = sc.name
		}
	}
	switch origin := f.facts.Session.Origin; {
	case before != "":
		f.at = before
	case origin != nil:
		f.facts, f.at = *origin, ""
	default:
		return f, false
	}
	return f, true
}

// Run does the work and keeps the facts. It is called once, by a UI, outside of
// the flow. What was done after it was canceled is not noted, because the flow
// goes on without it: the next start finds it.
func (e Effect) Run(ctx context.Context, s Services, report func(Event)) Result {
	if report == nil {
		report = func(Event) {}
	}
	// One that was canceled ends before the next begins, so that it can't write over it.
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return Result{Attempt: e.Attempt, Facts: e.before, Err: ctx.Err()}
	}
	facts, err := e.do(ctx, s, report)
	facts.Session.Now = s.Now()
	if ctx.Err() == nil {
		err = errors.Join(err, facts.write(s, e.before.State))
	} else {
		facts.Session.Unsaved = true
	}
	return Result{Attempt: e.Attempt, Facts: facts, Err: err}
}

// write saves the state where it has changed since, or could not be saved
// before. An onboarding that is not open yet is not written.
func (f *Facts) write(s Services, before record.State) error {
	if f.Session.Open == "" || f.Session.Open != f.State.ID() {
		return nil
	}
	if !f.Session.Unsaved && sameState(before, f.State) {
		return nil
	}
	f.State.UpdatedAt = s.Now().UTC()
	err := s.Progress.Save(f.State)
	f.Session.Unsaved = err != nil
	return err
}

// sameState compares what would be written.
func sameState(a, b record.State) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// current returns the screen that is asked now, and its step: the detour that is
// under way, the screen that Back went to, or the first that is not done.
func (f Flow) current() (sc screen, step Step) {
	at := f.at
	if under := f.facts.Session.detours; len(under) > 0 {
		d := under[len(under)-1]
		if d.step != "" {
			return d.screen, d.step.step()
		}
		at = d.name
	}
	for sc, step = range screens() {
		if sc.name == at {
			return sc, step
		}
	}
	for sc, step = range screens() {
		_, done := step.done(f.facts.State)
		if sc.done != nil {
			done = sc.done(f.facts)
		}
		if !done && (sc.applies == nil || sc.applies(f.facts)) {
			return sc, step
		}
	}
	return sc, step // the summary at the end is never done
}

// Prompt returns what to show and ask now. It is a function of the facts alone.
func (f Flow) Prompt() Prompt {
	sc, step := f.current()
	p := sc.prompt(f.facts)
	p.Step, p.Screen = step.ID, sc.name
	p.Number = slices.Index(IDs, step.ID) + 1
	if len(f.facts.Session.detours) == 0 {
		p = f.facts.rotating(p)
	}
	if p.Help.What == "" {
		p.Help = step.help
	}
	if p.URL == "" && !p.Elsewhere {
		p.URL = f.facts.State.PortalAddress()
	}
	if f.pending != nil {
		return p.confirmation(f.pending.Action)
	}
	p.Notes = slices.Concat(f.facts.Session.Notices, p.Notes)
	if f.err != nil {
		p.Notes = append(p.Notes, Note{Kind: NoteError, Text: text.Sentence(f.err), Hint: record.Hint(f.err)})
	}
	return p
}
