package steps

import (
	"context"
	"errors"
	"time"
)

// Old is the name under which a secret is kept while another takes its place.
func Old(name string) string { return name + ".old" }

// replace begins a rotation. What is replaced stays under its old name, and at
// DPC, until the new one is checked; then the flow walks just the steps that
// are open.
func (f Facts) replace(what string) Do {
	return func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		for _, name := range rotated[what] {
			if err := duplicate(ctx, s, f.State.ID(), name, Old(name)); err != nil {
				return f, err
			}
		}
		f.State = f.State.replaced(what, s.Now().UTC())
		f.Session.Notices = append(f.Session.Notices, Note{Kind: NoteInfo, Text: wordsReplacing(what)})
		return f, nil
	}
}

// replaced takes back the facts that are to be made anew.
func (s State) replaced(what string, now time.Time) State {
	s.Previous = &PreviousFact{
		At: now, What: what, TokenLabel: s.TokenLabel,
		ClientToken: s.ClientToken, OrganizationToken: s.OrganizationToken, Key: s.Key, KeyID: s.KeyID,
	}
	if what == "token" {
		s.TokenShownAt, s.ClientToken = time.Time{}, nil
		s.TokenLabel = ""
		return s
	}
	s.Key, s.Added, s.KeyID = nil, nil, nil
	return s
}

// forgetPrevious removes what a rotation replaced, once the new one is checked.
func (f Facts) forgetPrevious(ctx context.Context, s Services) (Facts, error) {
	p := f.State.Previous
	if p == nil {
		return f, nil
	}
	for _, name := range SecretNames {
		if err := s.Secrets.Delete(ctx, f.State.ID(), Old(name)); err != nil {
			return f, err
		}
	}
	f.State.Previous = nil
	f.Session.Notices = append(f.Session.Notices, Note{Kind: NoteInfo, Text: wordsReplaced(p.What), Hint: wordsReplacedHint})
	return f, nil
}

// keepOld ends a rotation: the old secret comes back under its name, and so do
// its facts.
func (f Facts) keepOld(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
	p := f.State.previous()
	for _, name := range rotated[p.What] {
		if err := duplicate(ctx, s, f.State.ID(), Old(name), name); err != nil {
			return f, err
		}
	}
	f.State = f.State.restored()
	for _, name := range rotated[p.What] {
		if err := s.Secrets.Delete(ctx, f.State.ID(), Old(name)); err != nil {
			return f, err
		}
	}
	return f, nil
}

// rotated lists the secrets that a rotation replaces.
var rotated = map[string][]string{
	"token": {ClientTokenName, OrganizationTokenName},
	"key":   {PrivateKeyName},
}

// duplicate copies a secret to another name. One that is not there is left out.
func duplicate(ctx context.Context, s Services, id, from, to string) error {
	value, err := s.Secrets.Load(ctx, id, from)
	if errors.Is(err, ErrNoSecret) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Secrets.Save(ctx, id, to, value)
}

// restored brings back the facts that a rotation took away.
func (s State) restored() State {
	p := s.previous()
	s.Previous = nil
	if p.What == "token" {
		s.TokenLabel, s.ClientToken, s.OrganizationToken = p.TokenLabel, p.ClientToken, p.OrganizationToken
		s.TokenShownAt = p.ClientToken.At
		return s
	}
	s.Key, s.KeyID = p.Key, p.KeyID
	s.Added = &AddedFact{Fingerprint: p.Key.Fingerprint, At: p.KeyID.At}
	return s
}

// rotating adds the way back to a prompt that stands in a rotation.
func (f Facts) rotating(p Prompt, what string) Prompt {
	if f.State.previous().What == what {
		p.Actions = append(p.Actions, Action{Name: "old", Label: wordsKeepOld, Key: "k", Bare: true})
		p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsRotating(what), Hint: wordsRotatingHint})
	}
	return p
}
