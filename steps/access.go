package steps

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dpc-onboard/keys"
)

// accessScreen asks who is to be onboarded, and where.
var accessScreen = screen{
	name: "access", step: Access,
	done: func(f Facts) bool { return f.State.named() && !f.State.AccessAt.IsZero() },
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
		if f.Session.Open != "" && f.Session.Origin == nil {
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsAccessAgain})
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		next := f.State
		next.Organization = oneLine(a.Text("organization"))
		next.NPI = a.Text("npi")
		next.Environment = Environment(a.Text("environment"))
		return work{title: wordsProbing, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.begin(ctx, s, next)
		}}, nil
	},
}

func recognizeOrganization(v keys.Secret) (string, error) {
	name := oneLine(v.Reveal())
	switch {
	case name == "":
		return "", problem(wordsOrganizationEmpty, wordsOrganizationEmptyHint)
	case utf8.RuneCountInString(name) > 200:
		return "", problem(wordsOrganizationLong, wordsOrganizationEmptyHint)
	case strings.ContainsFunc(name, unseen):
		return "", problem(wordsOrganizationUnseen, wordsOrganizationEmptyHint)
	}
	return "", nil
}

// oneLine makes each run of white space one space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// unseen tells of characters that control a terminal or that nobody sees.
func unseen(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

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
	held := f.Session.Open
	if held == "" || f.State.Environment != next.Environment {
		return f.goTo(ctx, s, next)
	}
	if err := hold(s, held); err != nil {
		return f, err
	}
	if held == next.ID() {
		f.State = next
		return f.useStorage(ctx, s, f.storageKind(), keys.Secret{})
	}
	return f.correct(ctx, s, next)
}

// hold takes the lock of the onboarding at hand again, in case that an effect
// which was canceled had taken another.
func hold(s Services, id string) error {
	_, _, err := s.Progress.Open(id)
	if _, aside := errors.AsType[*SetAside](err); aside {
		return nil
	}
	return err
}

// goTo opens another onboarding, new or begun before.
func (f Facts) goTo(ctx context.Context, s Services, next State) (Facts, error) {
	session := f.Session.Another()
	found, err := session.open(s, &next)
	if err != nil {
		return f, err
	}
	f.Session = session
	f.State, f.Session.Open, f.Session.found = next, next.ID(), found
	if !found {
		f.State = State{
			Schema: Schema, Organization: next.Organization, NPI: next.NPI,
			Environment: next.Environment, AccessAt: next.AccessAt, CreatedAt: s.Now().UTC(),
		}
	}
	return f.unlock(ctx, s, f.storageKind(), keys.Secret{})
}

// open takes the lock of an onboarding. Where it exists, *next becomes what is
// saved of it: what the person just said counts, and everything that was saved.
func (session *Session) open(s Services, next *State) (found bool, err error) {
	saved, found, err := s.Progress.Open(next.ID())
	if aside, ok := errors.AsType[*SetAside](err); ok {
		session.note(NoteWarning, wordsSetAside(aside), wordsSetAsideHint)
		err = nil
	}
	if err != nil || !found {
		return false, err
	}
	if next.Organization != "" {
		saved.Organization = next.Organization
	}
	if !next.AccessAt.IsZero() {
		saved.AccessAt = next.AccessAt
	}
	*next = saved
	return true, nil
}

func (session *Session) note(kind NoteKind, text, hint string) {
	session.Notices = append(slices.Clip(session.Notices), Note{Kind: kind, Text: text, Hint: hint})
}

// correct carries an onboarding over to a corrected NPI: the secrets are copied
// first, then the file moves, and only then the old secrets go. What was checked
// and sealed was under the old NPI.
func (f Facts) correct(ctx context.Context, s Services, next State) (Facts, error) {
	from, to := f.State.ID(), next.ID()
	if !f.Session.Ready {
		return f, WithHint(errors.New(wordsStorageFirst), wordsStorageFirstHint)
	}
	if err := copySecrets(ctx, s, from, to); err != nil {
		return f, err
	}
	if err := s.Progress.Rename(to); err != nil {
		return f, err
	}
	next.Check, next.Sealed = nil, nil
	f.State, f.Session.Open = next, to
	f.Session.Passphrase = keys.Secret{}
	for _, name := range StoredNames() {
		if err := s.Secrets.Delete(ctx, from, name); err != nil {
			f.Session.note(NoteWarning, wordsOldNPIKept(from), Hint(err))
			break
		}
	}
	return f.useStorage(ctx, s, f.storageKind(), keys.Secret{})
}

func copySecrets(ctx context.Context, s Services, from, to string) error {
	for _, name := range StoredNames() {
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
// a failure here but a question to ask: see storageScreen. So is a vault, until
// its passphrase is known.
func (f Facts) useStorage(ctx context.Context, s Services, kind StorageKind, passphrase keys.Secret) (Facts, error) {
	if f.Session.Ready && f.Session.Place == kind && passphrase.IsZero() {
		return f.stored(s, kind), nil
	}
	f.Session.Ready = false
	if kind == Vault && passphrase.IsZero() {
		return f, nil
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

// storageKind is where secrets are to be kept: where this onboarding has some
// already, then by the person's choice, then where it was to have them.
func (f Facts) storageKind() StorageKind {
	saved := f.State.Storage
	switch {
	case saved != nil && len(keptSecrets(f.State)) > 0:
		return saved.Kind
	case f.Session.Store == string(Vault):
		return Vault
	case f.Session.Store == string(Keyring):
		return Keyring
	case saved != nil && saved.Kind == Vault:
		return Vault
	}
	return Keyring
}

func (f Facts) stored(s Services, kind StorageKind) Facts {
	f.Session.Ready, f.Session.Place, f.Session.StorageErr = true, kind, nil
	f.Session.VaultExists = f.Session.VaultExists || kind == Vault
	if f.State.Storage == nil || f.State.Storage.Kind != kind {
		f.State.Storage = &Storage{Kind: kind, At: s.Now().UTC()}
		f.Session.note(NoteOK, wordsStored(kind), "")
	}
	if chosen := f.Session.Store; chosen != "" && chosen != "auto" && chosen != string(kind) {
		f.Session.note(NoteInfo, wordsStoredElsewhere(kind, chosen), "")
	}
	return f
}

// openScreen is there where an onboarding could not be opened, because another
// window has it open or its file can't be read. Nothing is touched until then.
var openScreen = screen{
	name: "open", step: Access,
	applies: func(f Facts) bool { return f.toOpen() },
	done:    func(f Facts) bool { return !f.toOpen() },
	prompt: func(Facts) Prompt {
		return Prompt{
			Title:   wordsOpenTitle,
			Guide:   wordsOpenGuide,
			Actions: []Action{{Name: "again", Label: wordsOpenAgain}},
		}
	},
	accept: func(f Facts, _ Answer) (work, error) {
		return work{title: wordsLooking, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return resume(ctx, s, f)
		}}, nil
	},
}

// storageScreen is there while no place for secrets is open: it asks for the
// vault's passphrase, or says why the keyring does not answer and offers the
// vault.
var storageScreen = screen{
	name: "storage", step: Access,
	applies: func(f Facts) bool { return !f.Session.Ready },
	done:    func(f Facts) bool { return f.Session.Ready },
	prompt: func(f Facts) Prompt {
		switch {
		case f.Session.StorageErr != nil:
			return noKeyringPrompt(f)
		case f.storageKind() == Keyring:
			return tryKeyringPrompt()
		case f.Session.VaultExists:
			return unlockPrompt()
		}
		return vaultPrompt(f)
	},
	accept: func(f Facts, a Answer) (work, error) {
		if a.Action == "keyring" {
			return work{title: wordsProbing, do: f.thenUnlock(Keyring, keys.Secret{})}, nil
		}
		if !f.Session.VaultExists {
			if err := ownPassphrase(a); err != nil {
				return work{}, err
			}
		}
		return work{title: wordsOpeningVault, do: f.thenUnlock(Vault, a.Values["passphrase"])}, nil
	},
}

func (f Facts) thenUnlock(kind StorageKind, passphrase keys.Secret) Do {
	return func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		return f.unlock(ctx, s, kind, passphrase)
	}
}

// unlock opens the place for secrets and looks at what it holds.
func (f Facts) unlock(ctx context.Context, s Services, kind StorageKind, passphrase keys.Secret) (Facts, error) {
	f, err := f.useStorage(ctx, s, kind, passphrase)
	if err != nil || !f.Session.Ready {
		return f, err
	}
	return f.verify(ctx, s)
}

func tryKeyringPrompt() Prompt {
	return Prompt{
		Title:   wordsTryKeyringTitle,
		Guide:   wordsTryKeyringGuide,
		Actions: []Action{{Name: "keyring", Label: wordsTryKeyring}},
		Help:    helpVault,
	}
}

func unlockPrompt() Prompt {
	return Prompt{
		Title:   wordsUnlockTitle,
		Guide:   wordsUnlockGuide,
		Fields:  []Field{{Name: "passphrase", Label: wordsVaultPassphrase, Kind: Hidden, Check: recognizeAny}},
		Actions: []Action{{Name: "vault", Label: wordsUnlock}},
		Help:    helpVault,
	}
}

func vaultPrompt(f Facts) Prompt {
	return Prompt{
		Title: wordsVaultTitle,
		Guide: wordsVaultGuide,
		Fields: []Field{
			{Name: "passphrase", Label: wordsNewPassphrase, Hint: wordsNewPassphraseHint, Kind: Hidden, Check: f.recognizePassphrase},
			{Name: "again", Label: wordsPassphraseAgain, Kind: Hidden, Check: recognizeAny},
		},
		Actions: []Action{{Name: "vault", Label: wordsUseVault}},
		Help:    helpVault,
	}
}

// noKeyringPrompt says why the keyring does not answer and offers the vault,
// unless the person said that it has to be the keyring.
func noKeyringPrompt(f Facts) Prompt {
	p := vaultPrompt(f)
	if f.Session.VaultExists {
		p.Fields = unlockPrompt().Fields
	}
	p.Title, p.Guide = wordsNoKeyringTitle, wordsNoKeyringGuide
	p.Notes = []Note{{Kind: NoteWarning, Text: sentence(f.Session.StorageErr), Hint: Hint(f.Session.StorageErr)}}
	if len(keptSecrets(f.State)) > 0 {
		p.Guide = wordsKeyringGoneGuide
	}
	if f.Session.Store == string(Keyring) {
		p.Fields, p.Actions, p.Guide = nil, nil, wordsKeyringOnlyGuide
	}
	p.Actions = append(p.Actions, Action{Name: "keyring", Label: wordsTryKeyring, Key: "t", Bare: true})
	return p
}

// recognizePassphrase refuses a weak passphrase with the reason.
func (f Facts) recognizePassphrase(v keys.Secret) (string, error) {
	if v.IsZero() {
		return "", problem(wordsPassphraseEmpty, wordsWeakHint)
	}
	if err := keys.CheckPassphrase(v, f.State.Organization, f.State.NPI); err != nil {
		return "", problem(sentence(err), wordsWeakHint)
	}
	return wordsPassphraseStrong, nil
}

// ownPassphrase checks a passphrase that was typed twice.
func ownPassphrase(a Answer) error {
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
