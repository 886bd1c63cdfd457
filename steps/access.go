package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"dpc-onboard/keys"
)

// accessScreen asks who is to be onboarded, and where.
var accessScreen = screen{
	name: "access", step: Access,
	done: func(f Facts) bool {
		s := f.State
		return s.Organization != "" && CheckNPI(s.NPI) == nil && s.Environment.known() && !s.AccessAt.IsZero()
	},
	prompt: func(f Facts) Prompt {
		environment := f.State.Environment
		if environment == "" {
			environment = Sandbox
		}
		p := Prompt{
			Title: wordsAccessTitle,
			Guide: wordsAccessGuide,
			Fields: []Field{
				{Name: "organization", Label: wordsOrganization, Hint: wordsOrganizationHint, Kind: Text, Value: f.State.Organization, Check: recognizeOrganization},
				{Name: "npi", Label: wordsNPI, Hint: wordsNPIExample, Kind: Text, Value: f.State.NPI, Check: recognizeNPI},
				{Name: "environment", Label: wordsEnvironment, Kind: Choose, Value: string(environment), Choices: wordsEnvironments},
			},
			Actions: []Action{{Name: "next", Label: wordsAccessNext}},
			URL:     signIn(environment),
		}
		if !f.State.AccessAt.IsZero() {
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsAccessAgain})
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		next := f.State
		next.Organization = a.Text("organization")
		next.NPI = a.Text("npi")
		next.Environment = Environment(a.Text("environment"))
		return work{title: wordsProbing, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.begin(ctx, s, next)
		}}, nil
	},
}

func recognizeOrganization(v keys.Secret) (string, error) {
	name := strings.TrimSpace(v.Reveal())
	switch {
	case name == "":
		return "", problem(wordsOrganizationEmpty, wordsOrganizationEmptyHint)
	case utf8.RuneCountInString(name) > 200:
		return "", problem(wordsOrganizationLong, wordsOrganizationEmptyHint)
	}
	return "", nil
}

func recognizeNPI(v keys.Secret) (string, error) {
	if err := CheckNPI(strings.TrimSpace(v.Reveal())); err != nil {
		return "", err
	}
	return wordsNPIRight, nil
}

// begin opens the onboarding that the person named: a new one, one that was
// begun before, or this one under a corrected NPI. Another environment is
// another onboarding; this one stays as it is.
func (f Facts) begin(ctx context.Context, s Services, next State) (Facts, error) {
	next.AccessAt = s.Now().UTC()
	next.Schema = Schema
	held := f.Session.Open
	switch {
	case held == next.ID():
	case held != "" && f.State.Environment == next.Environment:
		if err := f.rename(ctx, s, held, next.ID()); err != nil {
			return f, err
		}
	default:
		found, err := f.open(s, &next)
		if err != nil {
			return f, err
		}
		if found {
			f.State = next
			f.Session.Open = next.ID()
			return resume(ctx, s, f)
		}
	}
	f.State = next
	f.Session.Open = next.ID()
	return f.useStorage(ctx, s, keys.Secret{})
}

// open takes the lock of an onboarding. Where it exists, *next becomes what is
// saved of it; otherwise a fresh one of that name.
func (f *Facts) open(s Services, next *State) (found bool, err error) {
	saved, found, err := s.Progress.Open(next.ID())
	if aside, ok := errors.AsType[*SetAside](err); ok {
		f.Session.Notices = append(f.Session.Notices, Note{Kind: NoteWarning, Text: wordsSetAside(aside), Hint: wordsSetAsideHint})
		err = nil
	}
	switch {
	case err != nil:
		return false, err
	case found:
		// What the person just said counts, and everything that was saved.
		saved.Organization, saved.AccessAt = next.Organization, next.AccessAt
		*next = saved
	default:
		*next = State{
			Schema: Schema, Organization: next.Organization, NPI: next.NPI,
			Environment: next.Environment, AccessAt: next.AccessAt, CreatedAt: next.AccessAt,
		}
	}
	return found, nil
}

// rename carries an onboarding over to a corrected NPI: secrets first, then the
// file, and only then the old secrets go.
func (f Facts) rename(ctx context.Context, s Services, from, to string) error {
	if err := s.Progress.Rename(to); err != nil {
		return err
	}
	if err := f.copySecrets(ctx, s, from, to); err != nil {
		return errors.Join(err, s.Progress.Rename(from))
	}
	for _, name := range SecretNames {
		if err := s.Secrets.Delete(ctx, from, name); err != nil {
			return fmt.Errorf("remove what was stored under the old NPI: %w", err)
		}
	}
	return nil
}

func (f Facts) copySecrets(ctx context.Context, s Services, from, to string) error {
	for _, name := range SecretNames {
		value, err := s.Secrets.Load(ctx, from, name)
		if errors.Is(err, ErrNoSecret) {
			continue
		}
		if err != nil {
			return err
		}
		if err := s.Secrets.Save(ctx, to, name, value); err != nil {
			return err
		}
	}
	return nil
}

// useStorage proves that the place for secrets works, before anyone is sent to
// create a token that is shown only once. A keyring that does not answer is not
// a failure here but a question to ask: see storageScreen.
func (f Facts) useStorage(ctx context.Context, s Services, passphrase keys.Secret) (Facts, error) {
	kind := f.storageKind()
	if kind == Vault && passphrase.IsZero() {
		return f, nil // storageScreen asks for it
	}
	err := s.Secrets.Use(ctx, kind, passphrase)
	switch {
	case err == nil:
		return f.stored(s, kind), nil
	case kind == Keyring && errors.Is(err, ErrStorage):
		f.Session.StorageErr = err
		return f, nil
	}
	return f, err
}

// storageKind is where secrets are to be kept, by the person's choice, then by
// what is known of this onboarding.
func (f Facts) storageKind() StorageKind {
	switch {
	case f.Session.Store == string(Vault):
		return Vault
	case f.Session.Store == string(Keyring):
		return Keyring
	case f.State.Storage != nil:
		return f.State.Storage.Kind
	}
	return Keyring
}

func (f Facts) stored(s Services, kind StorageKind) Facts {
	f.Session.Ready, f.Session.StorageErr = true, nil
	if f.State.Storage == nil || f.State.Storage.Kind != kind {
		f.State.Storage = &Storage{Kind: kind, At: s.Now().UTC()}
		f.Session.Notices = append(f.Session.Notices, Note{Kind: NoteOK, Text: wordsStored(kind)})
	}
	return f
}

// storageScreen is there while no place for secrets is open: it asks for the
// vault's passphrase, or says why the keyring does not answer and offers the
// vault.
var storageScreen = screen{
	name: "storage", step: Access,
	applies: func(f Facts) bool { return !f.Session.Ready },
	done:    func(f Facts) bool { return f.Session.Ready },
	prompt: func(f Facts) Prompt {
		if f.storageKind() == Vault && f.Session.VaultExists {
			return unlockPrompt(f)
		}
		return vaultPrompt(f)
	},
	accept: func(f Facts, a Answer) (work, error) {
		passphrase := a.Values["passphrase"]
		if a.Action == "keyring" {
			return work{title: wordsProbing, do: f.thenResume(keys.Secret{})}, nil
		}
		if !f.Session.VaultExists {
			if err := f.ownPassphrase(a); err != nil {
				return work{}, err
			}
		}
		f.Session.Store = string(Vault)
		return work{title: wordsOpeningVault, do: f.thenResume(passphrase)}, nil
	},
}

// thenResume opens the place for secrets and looks at what it holds.
func (f Facts) thenResume(passphrase keys.Secret) Do {
	return func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		next, err := f.useStorage(ctx, s, passphrase)
		if err != nil || !next.Session.Ready {
			return next, err
		}
		next.Session.VaultExists = next.Session.VaultExists || next.State.Storage.Kind == Vault
		return next.verify(ctx, s)
	}
}

func unlockPrompt(Facts) Prompt {
	return Prompt{
		Title:   wordsUnlockTitle,
		Guide:   wordsUnlockGuide,
		Fields:  []Field{{Name: "passphrase", Label: wordsVaultPassphrase, Kind: Hidden, Check: recognizeAny}},
		Actions: []Action{{Name: "vault", Label: wordsUnlock}},
		Help:    helpVault,
	}
}

func vaultPrompt(f Facts) Prompt {
	p := Prompt{
		Title: wordsVaultTitle,
		Guide: wordsVaultGuide,
		Fields: []Field{
			{Name: "passphrase", Label: wordsNewPassphrase, Hint: wordsNewPassphraseHint, Kind: Hidden, Check: f.recognizePassphrase},
			{Name: "again", Label: wordsPassphraseAgain, Kind: Hidden, Check: recognizeAny},
		},
		Actions: []Action{{Name: "vault", Label: wordsUseVault}},
		Help:    helpVault,
	}
	if f.Session.VaultExists {
		p.Fields = p.Fields[:1]
		p.Fields[0] = Field{Name: "passphrase", Label: wordsVaultPassphrase, Kind: Hidden, Check: recognizeAny}
	}
	if err := f.Session.StorageErr; err != nil {
		p.Title = wordsNoKeyringTitle
		p.Notes = append(p.Notes, Note{Kind: NoteWarning, Text: sentence(err), Hint: Hint(err)})
		p.Guide = wordsNoKeyringGuide
		if f.State.Storage != nil && f.State.Storage.Kind == Keyring {
			p.Guide = wordsKeyringGoneGuide
		}
		if f.Session.Store == string(Keyring) {
			p.Fields, p.Actions = nil, nil
		}
		p.Actions = append(p.Actions, Action{Name: "keyring", Label: wordsTryKeyring, Key: "t", Bare: true})
	}
	return p
}

// recognizePassphrase refuses a weak passphrase with the reason.
func (f Facts) recognizePassphrase(v keys.Secret) (string, error) {
	if v.IsZero() {
		return "", problem(wordsPassphraseEmpty, wordsNewPassphraseHint)
	}
	if err := keys.CheckPassphrase(v, f.State.Organization, f.State.NPI); err != nil {
		return "", problem(sentence(err), wordsWeakHint)
	}
	return wordsPassphraseStrong, nil
}

// ownPassphrase checks a passphrase that was typed twice.
func (f Facts) ownPassphrase(a Answer) error {
	if !a.Values["passphrase"].Equal(a.Values["again"]) {
		return wrong("again", wordsPassphraseDiffers, wordsPassphraseDiffersHint)
	}
	return nil
}

func recognizeAny(v keys.Secret) (string, error) {
	if v.IsZero() {
		return "", problem(wordsEmpty, wordsEmptyHint)
	}
	return "", nil
}
