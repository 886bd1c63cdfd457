package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dpc-onboard/steps/record"
)

// rotations are what can be replaced: its name, the secrets that go with it, and
// the steps that are walked again before the new one is checked.
var rotations = map[record.Rotation]struct {
	what    string
	secrets []string
	steps   []ID
}{
	record.TokenRotation: {"client token", []string{record.ClientTokenName, record.OrganizationTokenName}, []ID{Token, Save, Check}},
	record.KeyRotation:   {"key pair", []string{record.PrivateKeyName}, []ID{Key, Add, KeyID, Check}},
}

// replace begins a rotation. What is replaced stays under its old name, and at
// DPC, until the new one is checked; then the flow walks just the steps that
// are open. Only one rotation has its old secrets kept: the last.
func (f Facts) replace(what record.Rotation) Do {
	return func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		state, err := deleteOld(ctx, s.Secrets, f.State)
		if err != nil {
			return f, err
		}
		f.State = state
		for _, name := range rotations[what].secrets {
			if err := duplicate(ctx, s, f.State.ID(), name, record.Old(name)); err != nil {
				return f, err
			}
		}
		f.State = replaced(f.State, what, s.Now().UTC())
		f.Session = f.Session.Another()
		return f, nil
	}
}

// replaced takes back the facts that are to be made anew.
func replaced(s record.State, what record.Rotation, now time.Time) record.State {
	s.Previous = &record.PreviousFact{
		At: now, What: what, TokenLabel: s.TokenLabel,
		ClientToken: s.ClientToken, OrganizationToken: s.OrganizationToken, Key: s.Key, KeyID: s.KeyID,
	}
	if what == record.TokenRotation {
		s.TokenShownAt, s.ClientToken = time.Time{}, nil
		s.TokenLabel, s.LostToken = "", ""
		return s
	}
	s.Key, s.Added, s.KeyID = nil, nil, nil
	return s
}

// actionOld ends a rotation on any of its screens.
const actionOld = "old"

// rotating adds the way back to a prompt that stands in a rotation.
func (f Facts) rotating(p Prompt) Prompt {
	what := f.State.Replaced().What
	r := rotations[what]
	if !slices.Contains(r.steps, p.Step) {
		return p
	}
	old := Action{Name: actionOld, Label: "Keep the old one after all", Key: "k", Bare: true}
	if f.State.ClientToken != nil && what == record.TokenRotation || f.State.Key != nil && what == record.KeyRotation {
		old.Confirm = fmt.Sprintf("This deletes the new %s from this computer. The old one takes its place again.", r.what)
	}
	p.Actions = append(p.Actions, old)
	p.Notes = append(p.Notes, Note{
		Kind: NoteInfo, Text: fmt.Sprintf("This replaces the %s. The old one is kept until the new one is checked.", r.what),
		Hint: "It still works at DPC, too.",
	})
	return p
}

// keepOld ends a rotation: the old secret comes back under its name, and so do
// its facts. It gives nothing up before all of the old is there.
func (f Facts) keepOld(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
	before := restored(f.State)
	r := rotations[f.State.Replaced().What]
	for _, name := range r.secrets {
		value, err := s.Secrets.Load(ctx, f.State.ID(), record.Old(name))
		fact := before.Secret(name)
		if errors.Is(err, record.ErrNoSecret) || err == nil && (fact == nil || fact.Digest != value.Digest()) {
			return f, record.NewProblem("the old "+record.SecretTitle(name)+" is no longer there", "Go on with the new one.")
		}
		if err != nil {
			return f, err
		}
	}
	for _, name := range r.secrets {
		if err := duplicate(ctx, s, f.State.ID(), record.Old(name), name); err != nil {
			return f, err
		}
	}
	if _, err := deleteOld(ctx, s.Secrets, f.State); err != nil {
		return f, err
	}
	f.State = before
	f.Session = f.Session.Another()
	f.Session.note(NoteOK, fmt.Sprintf("The old %s is back in its place.", r.what), "")
	return f, nil
}

// restored brings back the facts that a rotation took away.
func restored(s record.State) record.State {
	p := s.Replaced()
	s.Previous = nil
	if p.What == record.TokenRotation && p.ClientToken != nil {
		s.TokenLabel, s.ClientToken, s.OrganizationToken = p.TokenLabel, p.ClientToken, p.OrganizationToken
		s.TokenShownAt, s.LostToken = p.ClientToken.At, ""
	}
	if p.What == record.KeyRotation && p.Key != nil {
		s.Key, s.KeyID, s.Added = p.Key, p.KeyID, nil
		if p.KeyID != nil { // which proves that the key was in the portal
			s.Added = &record.AddedFact{Fingerprint: p.Key.Fingerprint, At: p.KeyID.At}
		}
	}
	return s
}

// deleteOld removes what an earlier rotation kept.
func deleteOld(ctx context.Context, secrets Secrets, s record.State) (record.State, error) {
	for _, name := range rotations[s.Replaced().What].secrets {
		if err := secrets.Delete(ctx, s.ID(), record.Old(name)); err != nil {
			return s, err
		}
	}
	s.Previous = nil
	return s, nil
}

// duplicate copies a secret to another name. One that is not there is left out.
func duplicate(ctx context.Context, s Services, id, from, to string) error {
	value, err := s.Secrets.Load(ctx, id, from)
	if errors.Is(err, record.ErrNoSecret) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Secrets.Save(ctx, id, to, value)
}
