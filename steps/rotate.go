package steps

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Old is the name under which a secret is kept while another takes its place.
func Old(name string) string { return name + ".old" }

// StoredNames lists every name under which an onboarding may have a secret.
func StoredNames() []string {
	var names []string
	for _, name := range SecretNames {
		names = append(names, name, Old(name))
	}
	return names
}

// replace begins a rotation. What is replaced stays under its old name, and at
// DPC, until the new one is checked; then the flow walks just the steps that
// are open. Only one rotation has its old secrets kept: the last.
func (f Facts) replace(what string) Do {
	return func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		state, err := f.State.deleteOld(ctx, s.Secrets)
		if err != nil {
			return f, err
		}
		f.State = state
		for _, name := range rotated[what] {
			if err := duplicate(ctx, s, f.State.ID(), name, Old(name)); err != nil {
				return f, err
			}
		}
		f.State = f.State.replaced(what, s.Now().UTC())
		f.Session = f.Session.Another()
		return f, nil
	}
}

// deleteOld removes what an earlier rotation kept.
func (s State) deleteOld(ctx context.Context, secrets Secrets) (State, error) {
	for _, name := range rotated[s.previous().What] {
		if err := secrets.Delete(ctx, s.ID(), Old(name)); err != nil {
			return s, err
		}
	}
	s.Previous = nil
	return s, nil
}

// replaced takes back the facts that are to be made anew.
func (s State) replaced(what string, now time.Time) State {
	s.Previous = &PreviousFact{
		At: now, What: what, TokenLabel: s.TokenLabel,
		ClientToken: s.ClientToken, OrganizationToken: s.OrganizationToken, Key: s.Key, KeyID: s.KeyID,
	}
	if what == "token" {
		s.TokenShownAt, s.ClientToken = time.Time{}, nil
		s.TokenLabel, s.LostToken = "", ""
		return s
	}
	s.Key, s.Added, s.KeyID, s.KeyLabel = nil, nil, nil, ""
	return s
}

// keepOld ends a rotation: the old secret comes back under its name, and so do
// its facts. It gives nothing up before all of the old is there.
func (f Facts) keepOld(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
	p := f.State.previous()
	if err := f.State.oldSecrets(ctx, s); err != nil {
		return f, err
	}
	for _, name := range rotated[p.What] {
		if err := duplicate(ctx, s, f.State.ID(), Old(name), name); err != nil {
			return f, err
		}
	}
	if _, err := f.State.deleteOld(ctx, s.Secrets); err != nil {
		return f, err
	}
	f.State = f.State.restored()
	f.Session = f.Session.Another()
	f.Session.note(NoteOK, wordsOldKept(p.What), "")
	return f, nil
}

// oldSecrets reports whether what a rotation kept is still there.
func (s State) oldSecrets(ctx context.Context, services Services) error {
	p := s.previous()
	facts := map[string]*SecretFact{ClientTokenName: p.ClientToken.secret(), OrganizationTokenName: p.OrganizationToken, PrivateKeyName: p.Key.secret()}
	for _, name := range rotated[p.What] {
		value, err := services.Secrets.Load(ctx, s.ID(), Old(name))
		if errors.Is(err, ErrNoSecret) || err == nil && (facts[name] == nil || facts[name].Digest != value.Digest()) {
			return problem(wordsOldGone(name), wordsOldGoneHint)
		}
		if err != nil {
			return err
		}
	}
	return nil
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
	if p.What == "token" && p.ClientToken != nil {
		s.TokenLabel, s.ClientToken, s.OrganizationToken = p.TokenLabel, p.ClientToken, p.OrganizationToken
		s.TokenShownAt, s.LostToken = p.ClientToken.At, ""
	}
	if p.What == "key" && p.Key != nil {
		s.Key, s.KeyID, s.KeyLabel = p.Key, p.KeyID, p.Key.Label
		s.Added = p.added()
	}
	return s
}

// added is the fact that the key was in the portal, which its key ID proves.
func (p PreviousFact) added() *AddedFact {
	if p.KeyID == nil {
		return nil
	}
	return &AddedFact{Fingerprint: p.Key.Fingerprint, At: p.KeyID.At}
}

// rotating adds the way back to a prompt that stands in a rotation.
func (f Facts) rotating(p Prompt) Prompt {
	what := f.State.previous().What
	if !slices.Contains(rotationSteps[what], p.Step) {
		return p
	}
	old := Action{Name: actionOld, Label: wordsKeepOld, Key: "k", Bare: true}
	if f.State.ClientToken != nil && what == "token" || f.State.Key != nil && what == "key" {
		old.Confirm = wordsKeepOldWarning(what)
	}
	p.Actions = append(p.Actions, old)
	p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsRotating(what), Hint: wordsRotatingHint})
	return p
}

// actionOld ends a rotation on any of its screens.
const actionOld = "old"

// rotationSteps are the steps that a rotation walks before the new is checked.
var rotationSteps = map[string][]ID{
	"token": {Token, Save, Check},
	"key":   {Key, Add, KeyID, Check},
}
