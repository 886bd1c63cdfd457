package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/atotto/clipboard"
	"github.com/cli/browser"
	"golang.org/x/term"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/store"
	"dpc-onboard/ui/plain"
	"dpc-onboard/ui/wizard"
)

// onboard runs the onboarding itself, on the full screen or line by line.
func (a *app) onboard(ctx context.Context) error {
	// A window that closes ends it, also where nohup or a service lets its children
	// ignore that: nobody is left to answer.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	state, home, err := a.begin()
	if err != nil {
		return err
	}
	secrets, err := a.secrets()
	if err != nil {
		return err
	}
	progress, err := a.progress()
	if err != nil {
		return err
	}
	defer progress.Close()
	if err := inUse(progress, state); err != nil {
		return err
	}
	facts, err := a.facts(ctx, state, secrets)
	if err != nil {
		return err
	}
	a.faced = true
	flow, err := a.face(ctx, facts, home, a.services(ctx, secrets, progress), a.forgetting(secrets, progress))
	return a.ended(flow, err)
}

// begin says which onboarding to go on with, or that the home screen comes
// first: where there are several, or one that is finished.
func (a *app) begin() (state steps.State, home bool, err error) {
	p, err := a.progress()
	if err != nil {
		return steps.State{}, false, err
	}
	all, err := p.List()
	if err != nil {
		return steps.State{}, false, err
	}
	if a.onboarding != "" {
		return named(all, a.onboarding), false, nil
	}
	switch len(all) {
	case 0:
		return steps.State{}, false, nil
	case 1:
		return named(all, all[0].ID), steps.Complete(all[0].State), nil
	}
	return steps.State{}, true, nil
}

// named returns an onboarding by its ID. Of one that is new, or whose file can't
// be read, the ID is all that is known.
func named(all []store.Entry, id string) steps.State {
	for _, e := range all {
		if e.ID == id && e.Err == nil {
			return e.State
		}
	}
	return steps.State{Schema: steps.Schema, NPI: id[:10], Environment: steps.Environment(id[11:])}
}

// inUse says who has the onboarding open, before anything is drawn.
func inUse(progress *store.Progress, state steps.State) error {
	if state.AccessAt.IsZero() {
		return nil
	}
	_, _, err := progress.Open(state.ID())
	if other, ok := errors.AsType[*store.OpenElsewhere](err); ok {
		return steps.WithHint(other, "Go on there, or close it first. Nothing was changed.")
	}
	return err
}

// facts gathers what the flow begins with. The vault is opened here only where a
// file holds its passphrase: whoever types it does so in the flow.
func (a *app) facts(ctx context.Context, state steps.State, secrets *store.Secrets) (steps.Facts, error) {
	folder, err := os.Getwd()
	if err != nil {
		return steps.Facts{}, fmt.Errorf("find the folder that this was started in: %w", err)
	}
	session := steps.Session{Now: a.now(), Store: a.store, Folder: folder, HelpDesk: a.helpDesk}
	if a.vaultPassphraseFile != "" && (secrets.VaultExists() || a.placeOf(state) == steps.Vault) {
		passphrase, err := a.newVaultPassphrase(secrets.VaultExists(), state)
		if err == nil {
			err = secrets.Use(ctx, steps.Vault, passphrase)
		}
		if err != nil {
			return steps.Facts{}, err
		}
		session.Ready, session.Place = true, steps.Vault
	}
	session.VaultExists = secrets.VaultExists()
	return steps.Facts{State: state, Session: session}, nil
}

// newVaultPassphrase reads the vault's passphrase, and refuses a weak one before
// a vault is made with it.
func (a *app) newVaultPassphrase(exists bool, state steps.State) (keys.Secret, error) {
	passphrase, err := readPassphrase(a.vaultPassphraseFile)
	if err != nil || exists {
		return passphrase, err
	}
	return passphrase, a.strong(passphrase, state)
}

// strong refuses a weak passphrase with the reason.
func (a *app) strong(passphrase keys.Secret, state steps.State) error {
	return steps.WithKind(keys.CheckPassphrase(passphrase, state.Organization, state.NPI), steps.ErrUsage,
		"Take five or more words that have nothing to do with each other or with the practice.")
}

// face runs the wizard, or goes line by line where that was asked for or where
// there is no terminal to draw on.
func (a *app) face(ctx context.Context, facts steps.Facts, home bool, services steps.Services, forget forgetFunc) (steps.Flow, error) {
	if why := a.noScreen(); !a.plain && why != "" {
		a.say("%s: %s, so this goes line by line (--plain).", name, why)
		a.plain = true
	}
	if a.plain {
		return plain.Run(ctx, plain.Options{
			In: a.in, Out: a.out, Dumb: dumb(), Facts: facts, Services: services,
			Home: home, Entries: a.states, OpenURL: openURL, Copy: nativeCopy(),
		})
	}
	return wizard.Run(ctx, wizard.Options{
		Facts: facts, Services: services, Home: home, Entries: a.states, Forget: forget,
		Copy: nativeCopy(), ClearClipboard: nativeClear(), OpenURL: openURL,
		ReducedMotion: a.reducedMotion, NoColor: os.Getenv("NO_COLOR") != "",
		Input: a.in, Output: a.out, Environ: os.Environ(),
	})
}

// noScreen says why nothing can be drawn, or "".
func (a *app) noScreen() string {
	switch {
	case !term.IsTerminal(int(a.in.Fd())):
		return "the input is not a terminal"
	case !term.IsTerminal(int(a.out.Fd())):
		return "the output is not a terminal"
	case dumb():
		return "this terminal can't draw (TERM=dumb)"
	}
	return ""
}

// dumb reports whether the terminal says that it understands no sequences.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

// states lists the onboardings for the home screen. Those whose file can't be
// read are in it by their ID alone.
func (a *app) states() ([]steps.State, error) {
	p, err := a.progress()
	if err != nil {
		return nil, err
	}
	all, err := p.List()
	states := make([]steps.State, 0, len(all))
	for _, e := range all {
		states = append(states, named(all, e.ID))
	}
	return states, err
}

// briefly is how long a browser may take to say that it can't start. One that
// goes on for longer is running.
const briefly = 2 * time.Second

// openURL opens a page in the browser.
func openURL(url string) error {
	failed := make(chan error, 1)
	go func() { failed <- browser.OpenURL(url) }()
	select {
	case err := <-failed:
		if err == nil {
			return nil
		}
		return steps.WithHint(fmt.Errorf("no browser could be started: %w", err), "Open the page's address in your browser yourself.")
	case <-time.After(briefly):
		return nil
	}
}

// nativeCopy returns the operating system's clipboard, or nil where there is none.
func nativeCopy() func(string) error {
	if clipboard.Unsupported {
		return nil
	}
	return func(text string) error {
		err := clipboard.WriteAll(text)
		if err == nil {
			return nil
		}
		return steps.WithHint(fmt.Errorf("the clipboard can't be reached: %w", err), "Select the text and copy it, or have it written to files.")
	}
}

// nativeClear returns what empties the operating system's clipboard where it
// still holds a secret, or nil where there is no clipboard.
func nativeClear() func(keys.Secret) error {
	if clipboard.Unsupported {
		return nil
	}
	return func(secret keys.Secret) error {
		held, err := clipboard.ReadAll()
		if err != nil || !keys.NewSecret(held).Equal(secret) {
			return err
		}
		return clipboard.WriteAll("")
	}
}

// ended says where the onboarding stands when the program ends, and makes the
// exit code of it: the flow decides, not how the program came to its end.
func (a *app) ended(flow steps.Flow, err error) error {
	state := flow.State()
	if state.ID() != "" && !state.AccessAt.IsZero() {
		a.standing(state)
	}
	switch {
	case errors.Is(err, tea.ErrInterrupted), errors.Is(err, plain.ErrInterrupted), errors.Is(err, context.Canceled):
		return quiet{err}
	case err != nil:
		return err
	case steps.Complete(state):
		return nil
	}
	return quiet{steps.ErrUnfinished}
}

// standing says in two lines where an onboarding stands and how to go on.
func (a *app) standing(s steps.State) {
	done := s.DoneSteps()
	if steps.Complete(s) {
		a.say("%s, %s: all %d steps are done.", s.Organization, s.Environment, done)
		if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
			a.say("The client token expires on %s: start \"%s\" before that day to replace it.", day(t.Expires), name)
		}
		return
	}
	all, _ := a.states() // where the list can't be read, nothing in it counts as saved
	how := "done and saved"
	if !slices.ContainsFunc(all, func(kept steps.State) bool { return kept.ID() == s.ID() && kept.DoneSteps() >= done }) {
		how = "done, but not all of it could be saved"
	}
	a.say("%s, %s: %d of %d steps are %s. Next: %s.", s.Organization, s.Environment, done, len(steps.IDs), how, steps.Next(s).Title())
	again := name
	if len(all) > 1 {
		again += " --onboarding " + s.ID()
	}
	a.say("Start \"%s\" to go on.", again)
}
