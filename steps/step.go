package steps

import (
	"context"
	"slices"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
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

// Step is one of the eight: each has a file of its own, which holds what it asks,
// when it is done, what it does, and all of its words.
type Step struct {
	ID    ID
	Title string // in the stepper
	help  Help
	// done reports whether the facts show that it is done, and since when. A fact
	// that names other facts counts only while those are still the ones it names.
	done    func(record.State) (time.Time, bool)
	screens []screen
}

// screen is one thing to ask. A step has one or more; the first screen that
// applies and is not done is the current one.
type screen struct {
	name    string
	applies func(Facts) bool // nil: always
	done    func(Facts) bool // nil: when its step is
	prompt  func(Facts) Prompt
	// accept says what an answer leads to. Its fields were checked one by one
	// before; it checks what they mean together, and does nothing itself.
	accept func(Facts, Answer) (outcome, error)
}

// outcome is what an accepted answer leads to: other facts at once, or work
// outside with a title that says what is being done.
type outcome struct {
	facts Facts
	title string
	do    Do
}

func stay(f Facts) outcome { return outcome{facts: f} }

func doing(title string, do Do) outcome { return outcome{title: title, do: do} }

// keeping is an outcome that only records facts, with the time they need.
func keeping(facts func(Services) Facts) outcome {
	return doing("Keeping this", func(_ context.Context, s Services, _ func(Event)) (Facts, error) { return facts(s), nil })
}

// Do is the work behind an answer. It returns the facts as far as it got, also
// beside an error, so that what was done counts.
type Do func(ctx context.Context, s Services, report func(Event)) (Facts, error)

// Event is what a running effect tells of its progress: a line of the live
// check, or bytes done of a total.
type Event struct {
	Line        *check.Line
	Done, Total int64
}

// detour is a screen on the way to a fact, which is there only while somebody
// chose it: another label, an import, an upload. What it needs to know it keeps
// in its own functions. It ends when its answer leaves it, or by Back.
type detour struct {
	screen
	step ID     // "" where it is one of the steps' own screens, by its name
	from string // the screen that Back leads to, or "" for the first that is not done
}

// again is a screen of the steps' own that is asked once more, although it is done.
func again(name, from string) detour { return detour{screen: screen{name: name}, from: from} }

// enter begins a detour, on top of the one that is under way.
func (f Facts) enter(d detour) Facts {
	f.Session.detours = append(slices.Clip(f.Session.detours), d)
	return f
}

// leave ends the detour that is under way.
func (f Facts) leave() Facts {
	f.Session.detours = f.Session.detours[:len(f.Session.detours)-1]
	return f
}

// leaveTo ends the detours on top of a screen, or all where it is under none.
func (f Facts) leaveTo(name string) Facts {
	for n := len(f.Session.detours); n > 0 && f.Session.detours[n-1].name != name; n-- {
		f = f.leave()
	}
	return f
}

// leaveAll ends all of them: what they were for is done.
func (f Facts) leaveAll() Facts {
	f.Session.detours = nil
	return f
}

// Facts is all that a screen depends on: State is kept on disk, Session goes
// when the program ends.
type Facts struct {
	State   record.State
	Session Session
}

// Session is what lives only as long as the program: choices on the way to a
// fact, and the few secrets that must be shown.
type Session struct {
	// Now is the time of the last move; the flow has no clock of its own.
	Now time.Time
	// Open is the ID of the onboarding whose progress file is held.
	Open string
	// Store is the person's choice of --store.
	Store record.Backend
	// VaultExists reports whether there is a vault to be opened.
	VaultExists bool
	// Ready says that a backend for secrets was tried in this run and works, and
	// Backend which it is.
	Ready   bool
	Backend record.Backend
	// StorageErr is why the keyring could not be used.
	StorageErr error
	// Notices tell what the last move did; they show once.
	Notices []Note

	Folder     string      // where the program was started, for files it writes
	HelpDesk   string      // the vendor's, where it is known
	Retries    int         // how often the portal showed no "Success"
	Refused    Note        // why the portal refused the public key, where it did
	Seal       SealChoice  // how the package was last asked to be sealed
	Passphrase keys.Secret // of the package sealed in this run, shown once
	Unsaved    bool        // the state could not be written the last time
	Renew      bool        // it was opened to renew its client token
	Replaced   Listed      // the client token that was renewed in this run, while it is still at DPC
	Quit       bool        // the person is done

	found   bool     // the onboarding was begun before, which is still to be said
	detours []detour // the last one is asked now

	// Origin is the onboarding that another one was started from, for Back.
	Origin *Facts
}

// SealChoice is how the receiver will open the package.
type SealChoice struct {
	Format  record.Format
	Protect record.Protection
	Folder  string
}

// Another returns a session for another onboarding: what belongs to the program
// and to this computer stays, what belongs to the onboarding goes.
func (session Session) Another() Session {
	return Session{
		Now: session.Now, Open: session.Open, Store: session.Store, VaultExists: session.VaultExists,
		Ready: session.Ready, Backend: session.Backend, Folder: session.Folder, HelpDesk: session.HelpDesk, Renew: session.Renew,
	}
}

func (session *Session) note(kind NoteKind, text, hint string) {
	session.Notices = append(slices.Clip(session.Notices), Note{Kind: kind, Text: text, Hint: hint})
}
