package steps

import (
	"context"
	"errors"
	"fmt"

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

// resume opens what was begun before: the place for secrets first, then every
// secret is read back. A secret that has gone reopens its step; one that was
// saved although the program died before it was noted is taken up.
func resume(ctx context.Context, s Services, f Facts) (Facts, error) {
	if f.State.ID() == "" || f.State.AccessAt.IsZero() {
		return f, nil
	}
	if f.Session.Open != f.State.ID() {
		next := f.State
		found, err := f.open(s, &next)
		if err != nil {
			return f, err
		}
		f.State, f.Session.Open = next, next.ID()
		if !found {
			return f, nil
		}
	}
	if !f.Session.Ready {
		next, err := f.useStorage(ctx, s, keys.Secret{})
		if err != nil || !next.Session.Ready {
			return next, err
		}
		f = next
	}
	return f.verify(ctx, s)
}

// verify reads every secret back and holds it against its fact.
func (f Facts) verify(ctx context.Context, s Services) (Facts, error) {
	for _, look := range []func(context.Context, Services, *Facts) error{verifyToken, verifyOrganization, verifyKey} {
		if err := look(ctx, s, &f); err != nil {
			return f, err
		}
	}
	f.Session.Notices = append([]Note{{Kind: NoteInfo, Text: wordsFound(f.State)}}, f.Session.Notices...)
	return f, nil
}

// reload loads a secret and holds it against its fact. anew tells of a value
// that no fact speaks of: the program ended between saving it and noting it. A
// value that a rotation is replacing is not taken up again.
func (f *Facts) reload(ctx context.Context, s Services, name string, fact *SecretFact, replaced *SecretFact) (value keys.Secret, anew bool, err error) {
	value, err = s.Secrets.Load(ctx, f.State.ID(), name)
	switch {
	case errors.Is(err, ErrNoSecret):
		if fact != nil {
			f.warn(wordsVanished(name, f.State.Storage), wordsVanishedHints[name])
		}
		return keys.Secret{}, false, nil
	case err != nil:
		return keys.Secret{}, false, err
	case fact == nil && replaced != nil && replaced.Digest == value.Digest():
		return keys.Secret{}, false, nil
	}
	return value, fact == nil || fact.Digest != value.Digest(), nil
}

func (f *Facts) warn(text, hint string) {
	f.Session.Notices = append(f.Session.Notices, Note{Kind: NoteWarning, Text: text, Hint: hint})
}

func (f *Facts) adopted(name string) {
	f.Session.Notices = append(f.Session.Notices, Note{Kind: NoteInfo, Text: wordsAdopted(name)})
}

// previous returns what a rotation replaces; nothing where there is none.
func (s State) previous() PreviousFact {
	if s.Previous == nil {
		return PreviousFact{}
	}
	return *s.Previous
}

func verifyToken(ctx context.Context, s Services, f *Facts) error {
	value, anew, err := f.reload(ctx, s, ClientTokenName, f.State.ClientToken.secret(), f.State.previous().ClientToken.secret())
	if err != nil {
		return err
	}
	clean, token, parseErr := keys.ParseToken(value)
	switch {
	case value.IsZero() || (anew && parseErr != nil):
		f.State.ClientToken = nil
	case anew:
		f.State.ClientToken = f.tokenFact(s.Now(), clean, token)
		f.State.TokenLabel = f.tokenLabel()
		f.State.TokenShownAt = f.State.ClientToken.At
		f.adopted(ClientTokenName)
	}
	return nil
}

func verifyOrganization(ctx context.Context, s Services, f *Facts) error {
	value, anew, err := f.reload(ctx, s, OrganizationTokenName, f.State.OrganizationToken, nil)
	switch {
	case err != nil:
		return err
	case value.IsZero():
		f.State.OrganizationToken = nil
	case anew && f.State.ClientToken != nil && matchOrganization(f.State.ClientToken.OrganizationID, value) == nil:
		f.State.OrganizationToken = secretFact(s.Now(), value)
		f.adopted(OrganizationTokenName)
	}
	return nil
}

func verifyKey(ctx context.Context, s Services, f *Facts) error {
	value, anew, err := f.reload(ctx, s, PrivateKeyName, f.State.Key.secret(), f.State.previous().Key.secret())
	if err != nil {
		return err
	}
	if value.IsZero() {
		f.State.Key = nil
	}
	if !anew {
		return nil
	}
	label := f.keyLabel()
	f.State.Key = nil
	if pair, err := keys.ParsePrivateKey(value); err == nil {
		if f.State.Key, err = keyFact(s.Now(), pair, label); err != nil {
			return err
		}
		f.adopted(PrivateKeyName)
	}
	return nil
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
