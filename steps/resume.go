package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// verify reads every secret back and holds it against its fact.
func (f Facts) verify(ctx context.Context, s Services) (Facts, error) {
	state, _, err := healed(ctx, s.Secrets, f.State)
	if err != nil {
		return f, err
	}
	f.State = state
	r := &reading{Facts: f, ctx: ctx, s: s}
	for _, read := range []func() error{r.token, r.organization, r.key} {
		if err := read(); err != nil {
			return r.Facts, err
		}
	}
	f = r.Facts
	if !f.Session.found && len(f.State.Kept()) == 0 {
		return f, nil
	}
	f.Session.found = false
	what := fmt.Sprintf("Found %s, %s: %d of %d steps done", f.State.Organization, f.State.Environment, DoneSteps(f.State), len(IDs))
	if kept := f.State.Kept(); len(kept) > 0 && f.State.Storage != nil {
		for i := range kept {
			kept[i] = record.SecretTitle(kept[i])
		}
		what += fmt.Sprintf("; read back from the %s: %s", f.State.Storage.Kind, strings.Join(kept, ", "))
	}
	f.Session.Notices = slices.Insert(slices.Clone(f.Session.Notices), 0, Note{Kind: NoteInfo, Text: what + "."})
	if f.Session.Renew {
		f = askToRenew(f)
	}
	return f, nil
}

// reading is one look at what is stored.
type reading struct {
	Facts
	ctx context.Context
	s   Services
}

// found is how a stored value stands to its fact.
type found int

const (
	foundNothing found = iota // neither value nor fact, or one that does not count
	foundSame                 // the value is the one that the fact speaks of
	foundNew                  // no fact speaks of this value: the program ended between saving and noting it
	foundOld                  // the value of before a rotation, which was being given up
	foundGone                 // the value of a fact is not there
)

// load loads a secret and holds it against its fact, and against what a
// rotation replaces.
func (f *reading) load(name string, replaced *record.SecretFact) (keys.Secret, found, error) {
	fact := f.State.Secret(name)
	value, err := f.s.Secrets.Load(f.ctx, f.State.ID(), name)
	old := err == nil && replaced != nil && replaced.Digest == value.Digest()
	switch {
	case errors.Is(err, record.ErrNoSecret) && fact == nil:
		return value, foundNothing, nil
	case errors.Is(err, record.ErrNoSecret):
		f.lost(name, "The %s is no longer in the %s.")
		return value, foundGone, nil
	case err != nil:
		return value, foundNothing, err
	case fact != nil && fact.Digest == value.Digest():
		return value, foundSame, nil
	case old && fact == nil:
		return value, foundNothing, nil
	case old:
		return value, foundOld, nil
	}
	return value, foundNew, nil
}

// lost says that a secret can't be used any more, and what to do.
func (f *reading) lost(name, format string) {
	f.Session.note(NoteWarning, fmt.Sprintf(format, record.SecretTitle(name), f.Session.Backend), map[string]string{
		record.ClientTokenName:       "The portal can't show it again. Choose “" + lostToken + "” and create a new one.",
		record.OrganizationTokenName: "Copy it from the portal once more.",
		record.PrivateKeyName:        "Make a new key pair and add its public key in the portal.",
	}[name])
}

// changed is for a stored value that is not the one that was saved, and no use.
const changed = "The %s in the %s is not the one that was saved, and can't be used here."

func (f *reading) adopted(name string) {
	f.Session.note(NoteInfo, fmt.Sprintf("The %s had been saved before the program ended. It is taken up again.", record.SecretTitle(name)), "")
}

// token takes up a client token that no fact speaks of, where it can be the
// one that is wanted.
func (f *reading) token() error {
	value, how, err := f.load(record.ClientTokenName, f.State.Replaced().ClientToken.Secret())
	clean, token, bad := keys.ParseToken(value)
	e, known := record.EnvironmentOf(token)
	switch {
	case err != nil:
		return err
	case how == foundGone:
		f.State.ClientToken = nil
	case how == foundOld:
		f.State = restored(f.State)
	case how == foundNew && (bad != nil || known && e != f.State.Environment):
		f.State.ClientToken = nil
		f.lost(record.ClientTokenName, changed)
	case how == foundNew:
		f.State.TokenLabel = tokenLabel(f.State)
		f.State.ClientToken = f.tokenFact(f.s.Now(), clean, token)
		f.State.TokenShownAt = f.State.ClientToken.At
		f.adopted(record.ClientTokenName)
	}
	return nil
}

func (f *reading) organization() error {
	value, how, err := f.load(record.OrganizationTokenName, nil)
	token := f.State.ClientToken
	_, of, bad := keys.ParseOrganizationToken(value)
	switch {
	case err != nil:
		return err
	case how == foundGone:
		f.State.OrganizationToken = nil
	case how == foundNothing, how == foundSame && token == nil:
		return nil
	case token == nil, bad != nil, token.OrganizationID != "" && of.OrganizationID != token.OrganizationID:
		if f.State.OrganizationToken != nil {
			f.lost(record.OrganizationTokenName, changed)
		}
		f.State.OrganizationToken = nil
	case how == foundNew:
		f.State.OrganizationToken = secretFact(f.s.Now(), value)
		f.adopted(record.OrganizationTokenName)
	}
	return nil
}

func (f *reading) key() error {
	value, how, err := f.load(record.PrivateKeyName, f.State.Replaced().Key.Secret())
	pair, bad := keys.ParsePrivateKey(value)
	public := pair.Public()
	switch k := f.State.Key; {
	case err != nil || how == foundNothing:
		return err
	case how == foundGone:
		f.State.Key = nil
	case how == foundOld:
		f.State = restored(f.State)
	case bad != nil:
		f.State.Key = nil
		f.lost(record.PrivateKeyName, changed)
	case how == foundNew || k.Fingerprint != public.Fingerprint() || k.PublicKey != public.PEM() || public.Verify(k.Signature) != nil:
		fact, err := keyFact(f.s.Now(), pair)
		if err != nil {
			return err
		}
		f.State.Key = fact
		f.adopted(record.PrivateKeyName)
	}
	return nil
}
