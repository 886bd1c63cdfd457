package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/dpc"
	"dpc-onboard/store"
	"dpc-onboard/ui/plain"
)

// app is one run of the program: its streams, its flags, and what was opened.
type app struct {
	in       *os.File
	out, err *os.File
	version  string
	// workFactor is the cost of a vault that is made: 2^workFactor rounds of scrypt.
	workFactor int
	failed     error // what went wrong in the command itself

	interrupt func()       // as ctrl+c does
	asker     *plain.Asker // once something was asked
	faced     bool         // a face has the terminal: nothing else asks

	onboarding          string // --onboarding
	store               string // --store
	apiURL              string // --api-url
	vaultPassphraseFile string // --vault-passphrase-file

	plain, reducedMotion bool
	helpDesk             string
}

// Values of --store.
const (
	storeAuto    = "auto"
	storeKeyring = string(steps.Keyring)
	storeVault   = string(steps.Vault)
)

func (a *app) globalFlags(f *pflag.FlagSet) {
	f.StringVar(&a.onboarding, "onboarding", "", "which onboarding, by its ID as \"status\" shows it")
	f.StringVar(&a.store, "store", storeAuto, "where secrets are kept: auto, keyring or vault")
	f.StringVar(&a.apiURL, "api-url", "", "another API base than DPC's own")
	f.StringVar(&a.vaultPassphraseFile, "vault-passphrase-file", "", "read the vault's passphrase from this file")
	f.BoolFunc("no-color", "no colors (as NO_COLOR)", func(string) error { return os.Setenv("NO_COLOR", "1") })
}

var idForm = regexp.MustCompile(`^[0-9]{10}-(sandbox|production)$`)

// checkFlags refuses what no command could use, before anything is done.
func (a *app) checkFlags() error {
	switch a.store {
	case storeAuto, storeKeyring, storeVault:
	default:
		return fmt.Errorf("--store takes auto, keyring or vault, not %q", a.store)
	}
	if a.onboarding != "" && !idForm.MatchString(a.onboarding) {
		return fmt.Errorf("--onboarding takes an NPI, a hyphen and sandbox or production, not %q", a.onboarding)
	}
	if u, err := url.Parse(a.helpDesk); err != nil || a.helpDesk != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return fmt.Errorf("--help-desk takes an address such as %s", steps.HelpDesk)
	}
	return errors.Join(a.checkPassphraseFile(), a.checkAPI())
}

// checkPassphraseFile refuses a file that can't be read, also where the keyring is
// used in the end: whoever names one counts on it.
func (a *app) checkPassphraseFile() error {
	if a.vaultPassphraseFile == "" {
		return nil
	}
	if _, err := readPassphrase(a.vaultPassphraseFile); err != nil {
		return fmt.Errorf("--vault-passphrase-file: %w", err)
	}
	return nil
}

func (a *app) checkAPI() error {
	if a.apiURL == "" {
		return nil
	}
	if _, err := dpc.New(a.apiURL, a.version); err != nil {
		return fmt.Errorf("--api-url: %w", err)
	}
	return nil
}

func (a *app) now() time.Time { return time.Now() }

// say prints a line for a person.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.err, printable(fmt.Sprintf(format, args...)))
}

// asks reports whether somebody sits in front of it who can be asked here.
func (a *app) asks() bool {
	return !a.faced && term.IsTerminal(int(a.in.Fd())) && term.IsTerminal(int(a.err.Fd()))
}

// client returns a client for an environment's API, or for --api-url.
func (a *app) client(e steps.Environment) (*dpc.Client, error) {
	return dpc.New(cmp.Or(a.apiURL, e.APIBase()), a.version)
}

// secrets returns the places for secrets; none is opened yet.
func (a *app) secrets() (*store.Secrets, error) {
	dir, err := store.Dir()
	if err != nil {
		return nil, err
	}
	secrets := store.NewSecrets(dir)
	secrets.WorkFactor = a.workFactor
	return secrets, nil
}

// progress returns the progress files.
func (a *app) progress() (*store.Progress, error) {
	dir, err := store.Dir()
	if err != nil {
		return nil, err
	}
	return store.NewProgress(dir), nil
}

const beginHint = "Start \"" + name + "\" to begin."

// entries returns all onboardings, or the one of --onboarding.
func (a *app) entries() ([]store.Entry, error) {
	p, err := a.progress()
	if err != nil {
		return nil, err
	}
	all, err := p.List()
	if err != nil || a.onboarding == "" {
		return all, err
	}
	for _, e := range all {
		if e.ID == a.onboarding {
			return []store.Entry{e}, nil
		}
	}
	return nil, unknown(a.onboarding)
}

func unknown(id string) error {
	return steps.WithHint(fmt.Errorf("there is no onboarding %s", id), "Run \""+name+" status\" to see which there are.")
}

// choose returns the onboarding that a command is for: that of --onboarding, or
// the only one.
func (a *app) choose() (steps.State, error) {
	all, err := a.entries()
	if err != nil {
		return steps.State{}, err
	}
	switch len(all) {
	case 0:
		return steps.State{}, steps.WithKind(errors.New("there is no onboarding yet"), steps.ErrUnfinished, beginHint)
	case 1:
		return all[0].State, all[0].Err
	}
	var ids []string
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	return steps.State{}, steps.WithKind(fmt.Errorf("there are several onboardings: %s", strings.Join(ids, ", ")),
		steps.ErrUsage, "Name one of them with --onboarding.")
}

// credentials returns the onboarding's six items from where its secrets are kept.
func (a *app) credentials(ctx context.Context, state steps.State) (steps.Credentials, error) {
	secrets, err := a.openSecrets(ctx, state)
	if err != nil {
		return steps.Credentials{}, err
	}
	return steps.LoadCredentials(ctx, secrets, state)
}

// openSecrets opens the place where an onboarding's secrets are kept.
func (a *app) openSecrets(ctx context.Context, state steps.State) (*store.Secrets, error) {
	secrets, err := a.secrets()
	if err != nil {
		return nil, err
	}
	kind := a.placeOf(state)
	if kind == steps.Keyring {
		return secrets, secrets.Use(ctx, kind, keys.Secret{})
	}
	if !secrets.VaultExists() {
		return nil, steps.WithKind(errors.New("there is no vault on this computer"), steps.ErrStorage,
			"Copy vault.age back from a backup, or start \""+name+"\" to save the tokens anew.")
	}
	passphrase, err := a.vaultPassphrase(ctx)
	if err != nil {
		return nil, err
	}
	return secrets, secrets.Use(ctx, kind, passphrase)
}

// placeOf returns where an onboarding keeps its secrets: where they are, else by
// --store, else where it proved that they can be.
func (a *app) placeOf(s steps.State) steps.StorageKind {
	kept := s.ClientToken != nil || s.OrganizationToken != nil || s.Key != nil
	switch {
	case s.Storage != nil && kept:
		return s.Storage.Kind
	case a.store != storeAuto:
		return steps.StorageKind(a.store)
	case s.Storage != nil:
		return s.Storage.Kind
	}
	return steps.Keyring
}

// vaultPassphrase takes it from the file, or asks.
func (a *app) vaultPassphrase(ctx context.Context) (keys.Secret, error) {
	if a.vaultPassphraseFile != "" {
		return readPassphrase(a.vaultPassphraseFile)
	}
	if !a.asks() {
		return keys.Secret{}, steps.WithKind(errors.New("the vault's passphrase is needed, and there is nobody to ask"),
			steps.ErrStorage, "Name a file that holds it: --vault-passphrase-file.")
	}
	return a.askHidden(ctx, "Vault passphrase: ")
}

// askHidden asks for something that is not shown while it is typed.
func (a *app) askHidden(ctx context.Context, prompt string) (keys.Secret, error) {
	return a.ask(ctx, prompt, true)
}

// askYes asks for a word that nobody types by mistake.
func (a *app) askYes(ctx context.Context, question string) (bool, error) {
	typed, err := a.ask(ctx, question+" Type yes to go on: ", false)
	return strings.EqualFold(strings.TrimSpace(typed.Reveal()), "yes"), err
}

// ask takes the terminal over for the first question; it is given back when the
// command ends.
func (a *app) ask(ctx context.Context, prompt string, hidden bool) (keys.Secret, error) {
	if a.asker == nil {
		asker, err := plain.NewAsker(a.in, a.err, dumb(), a.interrupt)
		if err != nil {
			return keys.Secret{}, err
		}
		a.asker = asker
	}
	return a.asker.Ask(ctx, prompt, hidden)
}

// isMissing reports whether a file is not there.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
