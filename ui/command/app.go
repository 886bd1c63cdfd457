package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/dpc"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/secrets"
	"dpc-onboard/ui/plain"
)

// app is what all commands share: the streams, the global flags, and how an
// onboarding and its secrets are found and opened.
type app struct {
	stdin, stdout, stderr *os.File
	version               string
	now                   func() time.Time
	workFactor            int // cost of a vault that is made: 2^workFactor rounds of scrypt

	interrupt func()        // as ctrl+c does
	asker     *plain.Reader // once something was asked
	taken     bool          // the onboarding has the terminal: nothing else asks

	onboarding          string         // --onboarding
	store               record.Backend // --store
	apiURL              string         // --api-url
	vaultPassphraseFile string         // --vault-passphrase-file
	noColor             bool           // --no-color
}

func (a *app) addGlobalFlags(f *pflag.FlagSet) {
	f.StringVar(&a.onboarding, "onboarding", "", "which onboarding, by its ID as \"status\" shows it")
	f.StringVar((*string)(&a.store), "store", string(record.Auto), "where secrets are kept: auto, keyring or vault")
	f.StringVar(&a.apiURL, "api-url", "", "another API base than DPC's own")
	f.StringVar(&a.vaultPassphraseFile, "vault-passphrase-file", "", "read the vault's passphrase from this file")
	f.BoolVar(&a.noColor, "no-color", false, "no colors (as NO_COLOR)")
}

// checkGlobalFlags refuses what no command could use, before anything is done. That is
// also a passphrase file that can't be read where the keyring is used in the end:
// whoever names one counts on it.
func (a *app) checkGlobalFlags() error {
	switch a.store {
	case record.Auto, record.Keyring, record.Vault:
	default:
		return fmt.Errorf("--store takes auto, keyring or vault, not %q", a.store)
	}
	if _, _, err := record.ParseID(a.onboarding); a.onboarding != "" && err != nil {
		return fmt.Errorf("--onboarding takes an NPI, a hyphen and sandbox or production, not %q", a.onboarding)
	}
	if a.vaultPassphraseFile != "" {
		if _, err := readPassphrase(a.vaultPassphraseFile); err != nil {
			return fmt.Errorf("--vault-passphrase-file: %w", err)
		}
	}
	if _, err := a.client(record.Sandbox); err != nil {
		return fmt.Errorf("--api-url: %w", err)
	}
	return nil
}

// environ is the environment, in which NO_COLOR stands for --no-color.
func (a *app) environ() []string {
	if a.noColor {
		return append(os.Environ(), "NO_COLOR=1")
	}
	return os.Environ()
}

// say prints a line for a person.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.stderr, text.CleanLine(fmt.Sprintf(format, args...)))
}

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// asks reports whether somebody sits in front of it who can be asked here.
func (a *app) asks() bool {
	return !a.taken && term.IsTerminal(int(a.stdin.Fd())) && term.IsTerminal(int(a.stderr.Fd()))
}

// ask asks for one value. It takes the terminal over for the first one; it is
// given back when the command ends.
func (a *app) ask(ctx context.Context, prompt string, hidden bool) (keys.Secret, error) {
	if a.asker == nil {
		reader, err := plain.NewReader(a.stdin, a.stderr, dumb(), a.interrupt)
		if err != nil {
			return keys.Secret{}, err
		}
		a.asker = reader
	}
	typed, err := a.asker.Ask(ctx, prompt, hidden)
	if errors.Is(err, io.EOF) {
		err = plain.ErrInterrupted
	}
	return typed, err
}

// askYes asks for a word that nobody types by mistake.
func (a *app) askYes(ctx context.Context, question string) (bool, error) {
	typed, err := a.ask(ctx, question+" Type yes to go on: ", false)
	return strings.EqualFold(strings.TrimSpace(typed.Reveal()), "yes"), err
}

// client returns a client for an environment's API, or for --api-url.
func (a *app) client(e record.Environment) (*dpc.Client, error) {
	return dpc.New(cmp.Or(a.apiURL, e.APIBase()), a.version)
}

// stores returns the progress files, and the backends for secrets. None is open
// yet.
func (a *app) stores() (*progress.Progress, *secrets.Secrets, error) {
	dir, err := disk.StateDir()
	if err != nil {
		return nil, nil, err
	}
	s := secrets.New(dir)
	s.WorkFactor = a.workFactor
	return progress.New(dir), s, nil
}

const beginHint = "Start \"" + name + "\" to begin."

// entries returns all onboardings, or the one of --onboarding.
func (a *app) entries() ([]progress.Entry, error) {
	files, _, err := a.stores()
	if err != nil {
		return nil, err
	}
	all, err := files.List()
	if err != nil || a.onboarding == "" {
		return all, err
	}
	for _, e := range all {
		if e.ID == a.onboarding {
			return []progress.Entry{e}, nil
		}
	}
	return nil, unknown(a.onboarding)
}

func unknown(id string) error {
	return record.WithHint(fmt.Errorf("there is no onboarding %s", id), "Run \""+name+" status\" to see which there are.")
}

// choose returns the onboarding that a command is for: that of --onboarding, or
// the only one.
func (a *app) choose() (record.State, error) {
	all, err := a.entries()
	if err != nil {
		return record.State{}, err
	}
	switch len(all) {
	case 0:
		return record.State{}, record.WithKind(errors.New("there is no onboarding yet"), record.ErrUnfinished, beginHint)
	case 1:
		return all[0].State, all[0].Err
	}
	var ids []string
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	return record.State{}, record.WithKind(fmt.Errorf("there are several onboardings: %s", strings.Join(ids, ", ")),
		record.ErrUsage, "Name one of them with --onboarding.")
}

// hold opens the onboarding that a command is for, so that its outcome can be
// saved. The files are to be closed.
func (a *app) hold() (record.State, *progress.Progress, error) {
	state, err := a.choose()
	if err != nil {
		return state, nil, err
	}
	files, _, err := a.stores()
	if err == nil {
		state, err = lock(files, state.ID())
	}
	return state, files, err
}

// lock opens an onboarding, or says who else has it open.
func lock(files *progress.Progress, id string) (record.State, error) {
	state, _, err := files.Open(id)
	if other, ok := errors.AsType[*progress.OpenElsewhere](err); ok {
		return state, record.WithHint(other, "Go on there, or close it first. Nothing was changed.")
	}
	return state, err
}

// save saves the onboarding that is held, with the time of it.
func (a *app) save(files *progress.Progress, s record.State) error {
	s.UpdatedAt = a.now().UTC()
	return files.Save(s)
}

// openSecrets opens the backend that keeps an onboarding's secrets. The vault's
// passphrase comes from its file, or is asked for.
func (a *app) openSecrets(ctx context.Context, state record.State) (*secrets.Secrets, error) {
	_, s, err := a.stores()
	if err != nil {
		return nil, err
	}
	kind := state.Backend(a.store)
	var passphrase keys.Secret
	switch {
	case kind == record.Keyring:
	case !s.VaultExists():
		return nil, record.WithKind(errors.New("there is no vault on this computer"), record.ErrStorage,
			"Copy vault.age back from a backup, or start \""+name+"\" to save the tokens anew.")
	case a.vaultPassphraseFile != "":
		passphrase, err = readPassphrase(a.vaultPassphraseFile)
	case a.asks():
		passphrase, err = a.ask(ctx, "Vault passphrase: ", true)
	default:
		err = record.WithKind(errors.New("the vault's passphrase is needed, and there is nobody to ask"),
			record.ErrStorage, "Name a file that holds it: --vault-passphrase-file.")
	}
	if err != nil {
		return nil, err
	}
	return s, s.Use(ctx, kind, passphrase)
}

// credentials returns the onboarding's six items.
func (a *app) credentials(ctx context.Context, state record.State) (record.Credentials, error) {
	s, err := a.openSecrets(ctx, state)
	if err != nil {
		return record.Credentials{}, err
	}
	return steps.LoadCredentials(ctx, s, state)
}

// maxFile is the size in bytes up to which a file that a person named is read.
const maxFile = 1 << 20

// readFile reads a file that a person named, of up to 1 MiB.
func readFile(path string) (keys.Secret, error) {
	data, err := disk.ReadGiven(path, maxFile)
	return keys.NewSecret(string(data)), err
}

// readPassphrase reads a file that a flag names, without the line end that an
// editor put behind the passphrase.
func readPassphrase(path string) (keys.Secret, error) {
	value, err := readFile(path)
	if err != nil {
		return keys.Secret{}, record.WithKind(fmt.Errorf("%s: %w", path, err), record.ErrUsage,
			"Name a file that you may read, with the passphrase in it and nothing else.")
	}
	line := strings.TrimSuffix(strings.TrimSuffix(value.Reveal(), "\n"), "\r")
	if line == "" {
		return keys.Secret{}, record.WithKind(fmt.Errorf("%s: the file is empty", path), record.ErrUsage,
			"Write the passphrase into it.")
	}
	return keys.NewSecret(line), nil
}

// checkStrength refuses a weak passphrase with the reason.
func checkStrength(passphrase keys.Secret, state record.State) error {
	return record.WithKind(keys.CheckPassphrase(passphrase, state.Organization, state.NPI), record.ErrUsage,
		"Take five or more words that have nothing to do with each other or with the practice.")
}
