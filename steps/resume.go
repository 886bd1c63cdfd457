package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dpc-onboard/keys"
)

// SetAside is what Progress.Open returns beside found = false where a file was
// in the way that could not be used: it was moved, not lost, and the onboarding
// begins anew. The lock is held.
type SetAside struct {
	Path   string // where the file is now
	Reason string // what was wrong with it, in lower case
}

func (s *SetAside) Error() string {
	return fmt.Sprintf("the progress file %s; it was kept as %s", s.Reason, s.Path)
}

// toOpen tells of an onboarding that was begun and that this program does not
// hold. One that was never saved is not: its first step opens it.
func (f Facts) toOpen() bool {
	return f.State.named() && !f.State.CreatedAt.IsZero() && f.Session.Open != f.State.ID()
}

// resume opens what was begun before: the place for secrets first, then every
// secret is read back. A secret that has gone reopens its step; one that was
// saved although the program died before it was noted is taken up.
func resume(ctx context.Context, s Services, f Facts) (Facts, error) {
	switch {
	case f.toOpen():
		return f.goTo(ctx, s, f.State)
	case f.State.CreatedAt.IsZero():
		return f, nil
	}
	return f.unlock(ctx, s, f.storageKind(), keys.Secret{})
}

// verify reads every secret back and holds it against its fact.
func (f Facts) verify(ctx context.Context, s Services) (Facts, error) {
	for _, look := range []func(context.Context, Services, *Facts) error{verifyToken, verifyOrganization, verifyKey} {
		if err := look(ctx, s, &f); err != nil {
			return f, err
		}
	}
	if f.Session.found || len(keptSecrets(f.State)) > 0 {
		f.Session.found = false
		f.Session.Notices = slices.Insert(slices.Clone(f.Session.Notices), 0, Note{Kind: NoteInfo, Text: wordsFound(f.State)})
	}
	return f, nil
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

// reload loads a secret and holds it against its fact, and against what a
// rotation replaces.
func (f *Facts) reload(ctx context.Context, s Services, name string, fact, replaced *SecretFact) (keys.Secret, found, error) {
	value, err := s.Secrets.Load(ctx, f.State.ID(), name)
	switch {
	case errors.Is(err, ErrNoSecret) && fact == nil:
		return keys.Secret{}, foundNothing, nil
	case errors.Is(err, ErrNoSecret):
		f.Session.note(NoteWarning, wordsVanished(name, f.Session.Place), wordsVanishedHints[name])
		return keys.Secret{}, foundGone, nil
	case err != nil:
		return keys.Secret{}, foundNothing, err
	case fact != nil && fact.Digest == value.Digest():
		return value, foundSame, nil
	case replaced != nil && replaced.Digest == value.Digest() && fact == nil:
		return value, foundNothing, nil
	case replaced != nil && replaced.Digest == value.Digest():
		return value, foundOld, nil
	}
	return value, foundNew, nil
}

func (f *Facts) adopted(name string) {
	f.Session.note(NoteInfo, wordsAdopted(name), "")
}

// changed says that a stored value is not the one that was saved, and no use.
func (f *Facts) changed(name string) {
	f.Session.note(NoteWarning, wordsChanged(name, f.Session.Place), wordsVanishedHints[name])
}

// previous returns what a rotation replaces; nothing where there is none.
func (s State) previous() PreviousFact {
	if s.Previous == nil {
		return PreviousFact{}
	}
	return *s.Previous
}

func verifyToken(ctx context.Context, s Services, f *Facts) error {
	value, how, err := f.reload(ctx, s, ClientTokenName, f.State.ClientToken.secret(), f.State.previous().ClientToken.secret())
	switch {
	case err != nil:
		return err
	case how == foundGone:
		f.State.ClientToken = nil
	case how == foundOld:
		f.State = f.State.restored()
	case how == foundNew:
		f.adoptToken(s.Now(), value)
	}
	return nil
}

// adoptToken takes up a client token that no fact speaks of, where it can be the
// one that is wanted.
func (f *Facts) adoptToken(now time.Time, value keys.Secret) {
	clean, token, err := keys.ParseToken(value)
	if err != nil || f.otherEnvironment(token) != nil {
		f.State.ClientToken = nil
		f.changed(ClientTokenName)
		return
	}
	f.State.TokenLabel = f.tokenLabel()
	f.State.ClientToken = f.tokenFact(now, clean, token)
	f.State.TokenShownAt = f.State.ClientToken.At
	f.adopted(ClientTokenName)
}

func verifyOrganization(ctx context.Context, s Services, f *Facts) error {
	value, how, err := f.reload(ctx, s, OrganizationTokenName, f.State.OrganizationToken, nil)
	token := f.State.ClientToken
	switch {
	case err != nil:
		return err
	case how == foundGone:
		f.State.OrganizationToken = nil
	case how == foundNothing, how == foundSame && token == nil:
		return nil
	case token == nil || matchOrganization(token.OrganizationID, value) != nil:
		if f.State.OrganizationToken != nil {
			f.changed(OrganizationTokenName)
		}
		f.State.OrganizationToken = nil
	case how == foundNew:
		f.State.OrganizationToken = secretFact(s.Now(), value)
		f.adopted(OrganizationTokenName)
	}
	return nil
}

func verifyKey(ctx context.Context, s Services, f *Facts) error {
	value, how, err := f.reload(ctx, s, PrivateKeyName, f.State.Key.secret(), f.State.previous().Key.secret())
	switch {
	case err != nil || how == foundNothing:
		return err
	case how == foundGone:
		f.loseKey()
		return nil
	case how == foundOld:
		f.State = f.State.restored()
		return nil
	}
	pair, err := keys.ParsePrivateKey(value)
	switch {
	case err != nil:
		f.loseKey()
		f.changed(PrivateKeyName)
	case how == foundNew || !f.State.Key.of(pair):
		return f.adoptKey(s.Now(), pair)
	}
	return nil
}

// of reports whether everything that the fact says of its pair is so.
func (k KeyFact) of(pair keys.Pair) bool {
	public := pair.Public()
	return k.Fingerprint == public.Fingerprint() && k.PublicKey == public.PEM() && public.Verify(k.Signature) == nil
}

func (f *Facts) adoptKey(now time.Time, pair keys.Pair) error {
	fact, err := keyFact(now, pair, f.keyLabel())
	if err != nil {
		return err
	}
	f.State.Key = fact
	f.adopted(PrivateKeyName)
	return nil
}

// loseKey forgets a pair whose private key is gone. The next one gets another
// label, because the portal goes on listing the old one.
func (f *Facts) loseKey() {
	if f.State.Key != nil {
		f.State.KeyLabel = nextLabel(f.State.Key.Label)
	}
	f.State.Key = nil
}

func (t *TokenFact) secret() *SecretFact {
	if t == nil {
		return nil
	}
	return &t.SecretFact
}

func (k *KeyFact) secret() *SecretFact {
	if k == nil {
		return nil
	}
	return &k.SecretFact
}
