package steps

import (
	"context"
	"errors"
	"fmt"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

const (
	tryingKeyring = "Trying this computer's keyring"
	tryKeyring    = "Try the keyring again"
)

// storageScreen is there while no backend for secrets is open: it asks for the
// vault's passphrase, or says why the keyring does not answer and offers the
// vault.
var storageScreen = screen{
	name:    "storage",
	applies: func(f Facts) bool { return !f.Session.Ready },
	done:    func(f Facts) bool { return f.Session.Ready },
	prompt: func(f Facts) Prompt {
		p := vaultPrompt(f)
		switch {
		case f.Session.StorageErr != nil:
			p = noKeyringPrompt(f)
		case f.State.Backend(f.Session.Store) == record.Keyring:
			p = Prompt{
				Title:   "Try this computer's keyring",
				Guide:   []string{"It was not tried yet. A test value is written, read back and deleted, so that your tokens have a safe place."},
				Actions: []Action{{Name: "keyring", Label: tryKeyring}},
			}
		}
		p.Help = Help{
			What:  "A safe place for the tokens and the private key.",
			Why:   "The portal shows the client token only once, so it must have a place before it exists.",
			Wrong: "A forgotten passphrase: the vault then stays closed, and tokens and key have to be made anew.",
			Kept:  "vault.age, beside the progress files, encrypted with age.",
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		kind, title := record.Vault, "Opening the vault"
		if a.Action == "keyring" {
			kind, title = record.Keyring, tryingKeyring
		} else if err := sameTwice(a); !f.Session.VaultExists && err != nil {
			return outcome{}, err
		}
		return doing(title, func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.unlock(ctx, s, kind, a.Values["passphrase"])
		}), nil
	},
}

// vaultPrompt asks for the passphrase of the vault that exists, or of a new one.
func vaultPrompt(f Facts) Prompt {
	if f.Session.VaultExists {
		return Prompt{
			Title:   "Open the vault",
			Guide:   []string{"The secrets of this onboarding are in the vault on this computer. Type its passphrase to go on where you were."},
			Fields:  []Field{{Name: "passphrase", Label: "Vault passphrase", Kind: Hidden}},
			Actions: []Action{{Name: "vault", Label: "Open the vault"}},
		}
	}
	return Prompt{
		Title:   "Choose a passphrase for the vault",
		Guide:   []string{"The vault is one encrypted file beside the progress files. The passphrase is kept nowhere: without it the vault can't be opened, by anyone."},
		Fields:  f.passphraseFields(),
		Actions: []Action{{Name: "vault", Label: "Use the vault"}},
	}
}

// noKeyringPrompt says why the keyring does not answer and offers the vault,
// unless the person said that it has to be the keyring.
func noKeyringPrompt(f Facts) Prompt {
	p := vaultPrompt(f)
	p.Title = "This computer's keyring does not answer"
	p.Notes = []Note{{Kind: NoteWarning, Text: text.Sentence(f.Session.StorageErr), Hint: record.Hint(f.Session.StorageErr)}}
	again := Action{Name: "keyring", Label: tryKeyring, Key: "t", Bare: true}
	switch {
	case f.Session.Store == record.Keyring:
		p.Fields, p.Actions = nil, []Action{again}
		p.Guide = []string{"The program was started with --store keyring. Unlock the keyring or start it, then try again. Without that option you could use an encrypted vault."}
		return p
	case len(f.State.Kept()) > 0:
		p.Guide = []string{"The secrets of this onboarding are in the keyring. Unlock it or start it, then try again. With a vault instead, you would save the tokens and make a key anew."}
	default:
		p.Guide = []string{
			"Secrets need a safe place before you create a token, because the portal shows it only once. Without a keyring you can use a vault: one encrypted file on this computer, under a passphrase of yours.",
			"Nothing is ever kept in clear.",
		}
	}
	p.Actions = []Action{{Name: "vault", Label: "Use the vault"}, again}
	return p
}

// passphraseFields ask for a new passphrase, twice: sameTwice holds the two
// against each other.
func (f Facts) passphraseFields() []Field {
	return []Field{
		{Name: "passphrase", Label: "Passphrase", Hint: "five or more words that nobody would guess together", Kind: Hidden, Missing: record.NewProblem("the passphrase is missing", WeakHint), Check: f.recognizePassphrase},
		{Name: "again", Label: "The same once more", Kind: Hidden},
	}
}

// WeakHint is the remedy for a weak passphrase.
const WeakHint = "Take five or more words that have nothing to do with each other or with the practice."

// recognizePassphrase refuses a weak passphrase with the reason.
func (f Facts) recognizePassphrase(v keys.Secret) (string, error) {
	if err := keys.CheckPassphrase(v, f.State.Organization, f.State.NPI); err != nil {
		return "", record.NewProblem(text.Sentence(err), WeakHint)
	}
	return "strong enough", nil
}

func sameTwice(a Answer) error {
	if a.Values["passphrase"].Equal(a.Values["again"]) {
		return nil
	}
	return wrong("again", "the two passphrases are not the same", "Type the same passphrase in both fields.")
}

// unlock opens the backend for secrets and looks at what it holds.
func (f Facts) unlock(ctx context.Context, s Services, kind record.Backend, passphrase keys.Secret) (Facts, error) {
	f, err := f.useStorage(ctx, s, kind, passphrase)
	if err != nil || !f.Session.Ready {
		return f, err
	}
	return f.verify(ctx, s)
}

// useStorage proves that the backend for secrets works, before anyone is sent to
// create a token that is shown only once. A keyring that does not answer is not
// a failure here but a question to ask: see storageScreen. So is a vault, until
// its passphrase is known.
func (f Facts) useStorage(ctx context.Context, s Services, kind record.Backend, passphrase keys.Secret) (Facts, error) {
	if f.Session.Ready && f.Session.Backend == kind && passphrase.IsZero() {
		return f.stored(s, kind), nil
	}
	f.Session.Ready = false
	if kind == record.Vault && passphrase.IsZero() {
		return f, nil
	}
	err := s.Secrets.Use(ctx, kind, passphrase)
	switch {
	case err == nil:
		return f.stored(s, kind), nil
	case kind == record.Keyring && errors.Is(err, record.ErrStorage):
		f.Session.StorageErr = err
		return f, nil
	}
	return f, err
}

func (f Facts) stored(s Services, kind record.Backend) Facts {
	f.Session.Ready, f.Session.Backend, f.Session.StorageErr = true, kind, nil
	f.Session.VaultExists = f.Session.VaultExists || kind == record.Vault
	if f.State.Storage == nil || f.State.Storage.Kind != kind {
		f.State.Storage = &record.Storage{Kind: kind, At: s.Now().UTC()}
		f.Session.note(NoteOK, fmt.Sprintf("The %s works: a test value was written, read back and deleted.", kind), "")
	}
	if chosen := f.Session.Store; chosen != "" && chosen != record.Auto && chosen != kind {
		f.Session.note(NoteInfo, fmt.Sprintf("The secrets of this onboarding are in the %s, so it is used in spite of --store %s.", kind, chosen), "")
	}
	return f
}
