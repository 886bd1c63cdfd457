package command

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/secrets"
	"dpc-onboard/store/wait"
	"dpc-onboard/ui/plain"
	"dpc-onboard/ui/wizard"
)

type onboardCommand struct {
	*app
	plain, reducedMotion bool
	helpDesk             string
}

// newOnboardCommand returns the command without a name: the onboarding itself.
func newOnboardCommand(a *app) *cobra.Command {
	c := onboardCommand{app: a}
	cmd := &cobra.Command{
		Use:   name,
		Short: "Connect a practice to CMS's Data at the Point of Care (DPC)",
		Long: "Takes you through the onboarding with DPC, one step at a time, beside a browser in which DPC's portal is open.\n" +
			"Close it whenever you like: it goes on where you were.",
		Example: name + "\n" + name + " --plain\n" + name + " status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			u, err := url.Parse(c.helpDesk)
			if err != nil || c.helpDesk != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
				return usageError(cmd, fmt.Errorf("--help-desk takes an address such as https://help.example.com"))
			}
			return c.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&c.plain, "plain", false, "line by line, for screen readers and scripts")
	f.BoolVar(&c.reducedMotion, "reduced-motion", false, "no animation")
	f.StringVar(&c.helpDesk, "help-desk", "", "address of the vendor's help desk")
	return cmd
}

// run goes through the onboarding, on the full screen or line by line.
func (c *onboardCommand) run(ctx context.Context) error {
	// A window that closes ends it, also where nohup or a service lets its children
	// ignore that: nobody is left to answer.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	files, backends, err := c.stores()
	if err != nil {
		return err
	}
	defer files.Close()
	state, home, err := c.first(files)
	if err == nil && !state.AccessAt.IsZero() {
		_, err = lock(files, state.ID()) // before anything is drawn
	}
	if err != nil {
		return err
	}
	session, err := c.session(ctx, state, backends)
	if err != nil {
		return err
	}
	c.taken = true
	flow, err := c.show(ctx, steps.Facts{State: state, Session: session}, home, files, backends)
	state = flow.State()
	if state.ID() != "" && !state.AccessAt.IsZero() {
		saved, _ := states(files) // where the list can't be read, nothing in it counts as saved
		c.sayStanding(state, saved)
	}
	// The flow decides what it came to, not how the program came to its end.
	switch {
	case interrupted(err):
		return exitInterrupted
	case err != nil:
		return err
	case steps.Complete(state):
		return nil
	}
	return exitUnfinished
}

// first says which onboarding to go on with, or that the home screen comes
// first: where there are several, or one that is finished.
func (c *onboardCommand) first(files *progress.Progress) (state record.State, home bool, err error) {
	all, err := states(files)
	if err != nil {
		return record.State{}, false, err
	}
	if i := slices.IndexFunc(all, func(s record.State) bool { return s.ID() == c.onboarding }); i >= 0 {
		return all[i], false, nil
	}
	if c.onboarding != "" {
		state, err = record.Begun(c.onboarding)
		return state, false, err
	}
	if len(all) == 1 {
		return all[0], steps.Complete(all[0]), nil
	}
	return record.State{}, len(all) > 1, nil
}

// states lists the onboardings. Of one whose file can't be read, the ID is all
// that is known.
func states(files *progress.Progress) ([]record.State, error) {
	entries, err := files.List()
	all := make([]record.State, 0, len(entries))
	for _, e := range entries {
		if e.Err != nil {
			e.State, _ = record.Begun(e.ID) // the name of a progress file is an ID
		}
		all = append(all, e.State)
	}
	return all, err
}

// session is what the flow begins with. The vault is opened here only where a
// file holds its passphrase: whoever types it does so in the flow. A weak one is
// refused before a vault is made with it.
func (c *onboardCommand) session(ctx context.Context, state record.State, s *secrets.Secrets) (steps.Session, error) {
	folder, err := os.Getwd()
	if err != nil {
		return steps.Session{}, fmt.Errorf("find the folder that this was started in: %w", err)
	}
	session := steps.Session{Now: c.now(), Store: c.store, Folder: folder, HelpDesk: c.helpDesk}
	if c.vaultPassphraseFile != "" && (s.VaultExists() || state.Backend(c.store) == record.Vault) {
		passphrase, err := readPassphrase(c.vaultPassphraseFile)
		if err == nil && !s.VaultExists() {
			err = checkStrength(passphrase, state)
		}
		if err == nil {
			err = s.Use(ctx, record.Vault, passphrase)
		}
		if err != nil {
			return steps.Session{}, err
		}
		session.Ready, session.Backend = true, record.Vault
	}
	session.VaultExists = s.VaultExists()
	return session, nil
}

// show runs the wizard, or goes line by line where that was asked for or where
// there is no terminal to draw on.
func (c *onboardCommand) show(ctx context.Context, facts steps.Facts, home bool, files *progress.Progress, s *secrets.Secrets) (steps.Flow, error) {
	if why := c.noScreen(); !c.plain && why != "" {
		c.say("%s: %s, so this goes line by line (--plain).", name, why)
		c.plain = true
	}
	services := steps.Services{
		Now:           c.now,
		Secrets:       s,
		Progress:      files,
		Checker:       checker{c.app},
		Packages:      c.packages(),
		Registry:      c.registry,
		NewPair:       pairs(),
		NewPassphrase: func() (keys.Secret, error) { return keys.NewPassphrase(rand.Reader) },
		ReadFile:      readFile,
		WriteFile:     writeFile,
		RemoveFile:    func(path string) error { return os.Remove(disk.Home(path)) },
		FreePath:      disk.Free,
	}
	entries := func() ([]record.State, error) { return states(files) }
	copyText, clearSecret := systemClipboard()
	if c.plain {
		return plain.Run(ctx, plain.Options{
			In: c.stdin, Out: c.stdout, Dumb: dumb(), Facts: facts, Services: services,
			Home: home, Entries: entries, OpenURL: openURL, Copy: copyText,
		})
	}
	return wizard.Run(ctx, wizard.Options{
		Facts: facts, Services: services, Home: home, Entries: entries,
		Forget: func(ctx context.Context, state record.State) error { return c.forget(ctx, state, files, s) },
		Copy:   copyText, ClearClipboard: clearSecret, OpenURL: openURL,
		ReducedMotion: c.reducedMotion, NoColor: c.noColor || os.Getenv("NO_COLOR") != "",
		Input: c.stdin, Output: c.stdout, Environ: c.environ(),
	})
}

// writeFile writes a new file, and makes its folder where there is none.
func writeFile(path string, data []byte) error {
	path = disk.Home(path)
	if err := os.MkdirAll(filepath.Dir(path), disk.FolderMode); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	return disk.Create(path, data)
}

// pairs returns what makes key pairs. The first is being made from now on, so that
// nobody waits at the key step; another is made when it is asked for.
func pairs() func(context.Context) (keys.Pair, error) {
	generate := func() (keys.Pair, error) { return keys.GeneratePair(rand.Reader) }
	first := sync.OnceValues(generate)
	go func() { _, _ = first() }()
	var handedOut atomic.Bool
	return func(ctx context.Context) (keys.Pair, error) {
		pair, err := wait.For(ctx, first)
		if err != nil || handedOut.CompareAndSwap(false, true) {
			return pair, err
		}
		return wait.For(ctx, generate)
	}
}

// noScreen says why nothing can be drawn, or "".
func (a *app) noScreen() string {
	switch {
	case !term.IsTerminal(int(a.stdin.Fd())):
		return "the input is not a terminal"
	case !term.IsTerminal(int(a.stdout.Fd())):
		return "the output is not a terminal"
	case dumb():
		return "this terminal can't draw (TERM=dumb)"
	}
	return ""
}

// dumb reports whether the terminal says that it understands no sequences.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

// sayStanding says in two lines where an onboarding stands and how to go on. saved
// are the onboardings as they are on the disk.
func (c *onboardCommand) sayStanding(s record.State, saved []record.State) {
	done := steps.DoneSteps(s)
	if steps.Complete(s) {
		c.say("%s, %s: all %d steps are done.", s.Organization, s.Environment, done)
		if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
			c.say("The client token expires on %s: run \"%s renew\" before that day.", text.Day(t.Expires), name)
		}
		return
	}
	how := "done, but not all of it could be saved"
	if slices.ContainsFunc(saved, func(kept record.State) bool { return kept.ID() == s.ID() && steps.DoneSteps(kept) >= done }) {
		how = "done and saved"
	}
	c.say("%s, %s: %d of %d steps are %s. Next: %s.", s.Organization, s.Environment, done, len(steps.IDs), how, steps.Next(s).Title())
	again := name
	if len(saved) > 1 {
		again += " --onboarding " + s.ID()
	}
	c.say("Start \"%s\" to go on.", again)
}
