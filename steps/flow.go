package steps

import (
	"context"
	"errors"
	"slices"
	"time"

	"dpc-onboard/keys"
)

// ID names one of the eight steps. The IDs and their order are a contract.
type ID string

const (
	Access ID = "access"
	Token  ID = "token"
	Save   ID = "save"
	Key    ID = "key"
	Add    ID = "add"
	KeyID  ID = "id"
	Check  ID = "check"
	Send   ID = "send"
)

// IDs lists the steps in the guide's order.
var IDs = []ID{Access, Token, Save, Key, Add, KeyID, Check, Send}

// Facts is all that a screen depends on: State is kept on disk, Session goes
// when the program ends.
type Facts struct {
	State   State
	Session Session
}

// Session is what lives only as long as the program: choices on the way to a
// fact, and the few secrets that must be shown.
type Session struct {
	// Now is the time of the last move; the flow has no clock of its own.
	Now time.Time
	// Open is the ID of the onboarding whose progress file is held.
	Open string
	// Store is the person's choice of --store: "auto", "keyring" or "vault".
	Store string
	// VaultExists tells whether a vault is there to be opened.
	VaultExists bool
	// Ready says that the place for secrets was tried in this run and works, and
	// Place which it is.
	Ready bool
	Place StorageKind
	// StorageErr is why the keyring could not be used.
	StorageErr error
	// Notices tell what the last move did; they show once.
	Notices []Note

	Folder     string      // where the program was started, for files it writes
	EditLabel  ID          // Token or Key while its label is being changed
	Retries    int         // how often the portal showed no "Success"
	Refused    bool        // the portal refused the public key
	Import     bool        // an existing pair is to be imported
	Resealing  bool        // a package is to be sealed although there is one
	Seal       SealChoice  // how the package is to be sealed
	Passphrase keys.Secret // of the package sealed in this run, shown once
	Delivery   string      // "sftp" or "request" while it is under way
	Upload     Upload
	Host       *UnknownHost
	Items      *Credentials // the six items while they are copied one by one
	ShowReport bool         // the live check's lines are to be read before going on
	SendAgain  bool         // the package is to be handed over once more
	HelpDesk   string       // the vendor's, where it is another than HelpDesk
	Unsaved    bool         // the state could not be written the last time
	Quit       bool         // the person is done

	found bool // the onboarding was begun before, which is still to be said

	// Origin is the onboarding that another one was started from, for Back.
	Origin *Facts
}

// Another returns a session for another onboarding: what belongs to the program
// and to this computer stays, what belongs to the onboarding goes.
func (session Session) Another() Session {
	return Session{
		Now: session.Now, Open: session.Open, Store: session.Store, VaultExists: session.VaultExists,
		Ready: session.Ready, Place: session.Place, Folder: session.Folder, HelpDesk: session.HelpDesk,
	}
}

// SealChoice is how the receiver will open the package.
type SealChoice struct {
	Format  string // "age", "html" or "pgp"
	Protect string // "made", "own" or "key"
	Folder  string

	Recipient string // what the person gave
	Whose     string // what it turned out to be
}

// Do is the work behind an answer. It returns the facts as far as it got, also
// beside an error, so that what was done counts.
type Do func(ctx context.Context, s Services, report func(Event)) (Facts, error)

// Event is what a running effect tells of its progress: a line of the live
// check, or bytes done of a total.
type Event struct {
	Line        *CheckLine
	Done, Total int64
}

// screen is one thing to ask. A step has one or more; the first screen that
// applies and is not done is the current one.
type screen struct {
	name    string
	step    ID
	applies func(Facts) bool // nil: always
	done    func(Facts) bool
	prompt  func(Facts) Prompt
	// accept says what an answer means. Its fields were checked one by one
	// before; it checks what they mean together, and does nothing itself.
	accept func(Facts, Answer) (work, error)
}

// work is what an accepted answer leads to.
type work struct {
	title string // what the face says while it lasts
	do    Do
}

// Flow is one onboarding under way, as an immutable value. Its moves return a
// new flow and never do anything outside.
type Flow struct {
	lane    lane
	facts   Facts
	at      string  // the screen that Back went to, or "" for the first undone
	pending *Answer // an answer that waits for its "yes"
	attempt int
	busy    string // the running effect's title, or ""
	err     error
}

// Effect is work for the outside: the face runs it and hands the Result to
// Apply.
type Effect struct {
	Attempt int
	Title   string
	do      Do
	before  Facts
	lane    lane
}

// lane lets the effects of one flow run one after the other: one that was
// canceled ends before the next begins, so that it can't write over it.
type lane chan struct{}

// enter waits for its turn. Without a lane there is nothing to wait for.
func (l lane) enter(ctx context.Context) (leave func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Result is what an effect came to.
type Result struct {
	Attempt int
	Facts   Facts
	Err     error
}

// New returns a flow that stands where the facts say.
func New(facts Facts) Flow { return Flow{facts: facts, lane: make(lane, 1)} }

// State returns the facts that are kept.
func (f Flow) State() State { return f.facts.State }

// Session returns what goes when the program ends.
func (f Flow) Session() Session { return f.facts.Session }

// Busy returns what is being done at the moment, or "".
func (f Flow) Busy() string { return f.busy }

// Err returns why the last effect failed, or nil.
func (f Flow) Err() error { return f.err }

// Finished reports whether all eight steps are done.
func (f Flow) Finished() bool { return Complete(f.facts.State) }

// Quit reports whether the person has ended the flow by an answer.
func (f Flow) Quit() bool { return f.facts.Session.Quit }

// Step returns the current step.
func (f Flow) Step() ID { return f.screen().step }

// Start returns the effect that looks at what is saved: it unlocks the place for
// secrets and reads every secret back.
func (f Flow) Start() (Flow, Effect) {
	facts := f.facts
	return f.begin(work{title: wordsLooking, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		return resume(ctx, s, facts)
	}})
}

// Answer takes what the person gave to the current prompt. The error is a
// *FieldError where one field is at fault; then nothing has changed. A field that
// is not hidden and not in the answer has the value that the prompt put there.
func (f Flow) Answer(a Answer) (Flow, Effect, error) {
	if f.busy != "" {
		return f, Effect{}, errors.New(wordsBusy)
	}
	prompt := f.Prompt()
	action, err := prompt.action(a.Action)
	if err != nil {
		return f, Effect{}, err
	}
	if f.pending != nil {
		return f.confirm(action)
	}
	a = prompt.filled(a)
	a.Action = action.Name
	if !action.Bare {
		if err := prompt.check(a); err != nil {
			return f, Effect{}, err
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
		f, effect := f.begin(work{title: wordsKeepingOld, do: facts.keepOld})
		return f, effect, nil
	}
	w, err := f.screen().accept(facts, a)
	if err != nil {
		return f, Effect{}, err
	}
	f, effect := f.begin(w)
	return f, effect, nil
}

// confirm takes the answer to "really?".
func (f Flow) confirm(action Action) (Flow, Effect, error) {
	pending := *f.pending
	f.pending = nil
	if action.Name != actionYes {
		return f, Effect{}, nil
	}
	return f.carry(pending)
}

func (f Flow) begin(w work) (Flow, Effect) {
	f.attempt++
	f.busy = w.title
	f.err = nil
	f.facts.Session.Notices = nil
	return f, Effect{Attempt: f.attempt, Title: w.title, do: w.do, before: f.facts, lane: f.lane}
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
	if facts, at, ok := leaveDetour(f.facts); ok {
		f.facts, f.at = facts, at
		return f, true
	}
	for i := f.index() - 1; i >= 0; i-- {
		if !screens[i].passing() {
			f.at = screens[i].name
			return f, true
		}
	}
	if origin := f.facts.Session.Origin; origin != nil {
		f.facts, f.at = *origin, ""
		return f, true
	}
	return f, false
}

// Run does the work and keeps the facts. It is called once, by a face, outside
// of the flow. What was done after it was canceled is not noted, because the
// flow goes on without it: the next start finds it.
func (e Effect) Run(ctx context.Context, s Services, report func(Event)) Result {
	if report == nil {
		report = func(Event) {}
	}
	leave, err := e.lane.enter(ctx)
	if err != nil {
		return Result{Attempt: e.Attempt, Facts: e.before, Err: err}
	}
	defer leave()
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
func (f *Facts) write(s Services, before State) error {
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

func (s screen) meets(f Facts) bool { return s.applies == nil || s.applies(f) }

// passing tells of a screen that is only there on the way, so that Back leaves
// it out.
func (s screen) passing() bool { return s.applies != nil }

// index returns the place of the current screen in the list.
func (f Flow) index() int {
	if f.at != "" {
		if i := slices.IndexFunc(screens, func(s screen) bool { return s.name == f.at }); i >= 0 {
			return i
		}
	}
	i := slices.IndexFunc(screens, func(s screen) bool { return s.meets(f.facts) && !s.done(f.facts) })
	if i < 0 {
		return len(screens) - 1
	}
	return i
}

func (f Flow) screen() screen { return screens[f.index()] }

// Prompt returns what to show and ask now. It is a function of the facts alone.
func (f Flow) Prompt() Prompt {
	sc := f.screen()
	p := sc.prompt(f.facts)
	p.Step, p.Screen = sc.step, sc.name
	p.Number = slices.Index(IDs, sc.step) + 1
	if !sc.passing() {
		p = f.facts.rotating(p)
	}
	if p.Help.What == "" {
		p.Help = help[sc.step]
	}
	if p.URL == "" {
		p.URL = portalPage(f.facts.State)
	}
	if f.pending != nil {
		return p.confirmation(f.pending.Action)
	}
	p.Notes = slices.Concat(f.facts.Session.Notices, p.Notes)
	if f.err != nil {
		p.Notes = append(p.Notes, Note{Kind: NoteError, Text: sentence(f.err), Hint: Hint(f.err)})
	}
	return p
}

// StopStatus is how a step stands in the rail.
type StopStatus string

const (
	StopDone    StopStatus = "done"
	StopCurrent StopStatus = "current"
	StopToDo    StopStatus = "to do"
)

// Stop is a step as the rail shows it.
type Stop struct {
	ID     ID
	Title  string
	Status StopStatus
	At     time.Time // when it was done, where that is known
}

// Rail returns the eight steps and how each stands.
func (f Flow) Rail() []Stop {
	stops := Rail(f.facts.State)
	if f.screen().name == finishScreenName {
		return stops
	}
	here := f.Step()
	for i := range stops {
		if stops[i].ID == here {
			stops[i].Status = StopCurrent
		}
	}
	return stops
}

// Rail returns how the eight steps of an onboarding stand by its facts alone:
// done, or to do.
func Rail(s State) []Stop {
	stops := make([]Stop, len(IDs))
	for i, id := range IDs {
		stops[i] = Stop{ID: id, Title: titles[id], Status: StopToDo}
		if at, ok := doneAt(s, id); ok {
			stops[i].Status, stops[i].At = StopDone, at
		}
	}
	return stops
}

// Next returns the first step that is not done, or "" where all are.
func Next(s State) ID {
	for _, stop := range Rail(s) {
		if stop.Status != StopDone {
			return stop.ID
		}
	}
	return ""
}

// DoneSteps counts the steps that are done.
func (s State) DoneSteps() int {
	done := 0
	for _, stop := range Rail(s) {
		if stop.Status == StopDone {
			done++
		}
	}
	return done
}

// Complete reports whether all eight steps are done.
func Complete(s State) bool { return Next(s) == "" }
