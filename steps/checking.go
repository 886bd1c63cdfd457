package steps

import (
	"context"
	"errors"
	"time"

	"dpc-onboard/keys"
)

// checkScreen asks DPC whether all of it works. It can be put off, and never
// blocks.
var checkScreen = screen{
	name: "check", step: Check,
	done: func(f Facts) bool { return stepDone(Check)(f) && !f.Session.ShowReport },
	prompt: func(f Facts) Prompt {
		r := f.State.currentCheck()
		p := Prompt{Title: wordsCheckTitle, Guide: wordsCheckGuide(f.State.Environment)}
		switch {
		case r == nil || (r.Later && len(r.Lines) == 0):
			p.Actions = []Action{
				{Name: "check", Label: wordsCheckNow},
				{Name: "later", Label: wordsCheckLater, Key: "l"},
			}
		case r.Passed:
			p.Lines = r.Lines
			p.Notes = append(p.Notes, Note{Kind: NoteOK, Text: r.Summary()})
			p.Actions = []Action{
				{Name: "go on", Label: wordsGoOn},
				{Name: "check", Label: wordsCheckAgain, Key: "c"},
			}
		default:
			p.Lines = r.Lines
			p.Notes = append(p.Notes, Note{Kind: NoteWarning, Text: r.Summary()})
			p.Actions = append(mends(*r),
				Action{Name: "check", Label: wordsCheckAgain, Key: "c"},
				Action{Name: "later", Label: wordsGoOnAnyway, Key: "l"})
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		switch a.Action {
		case "go on":
			f.Session.ShowReport = false
			return f.keep(), nil
		case "later":
			f.Session.ShowReport = false
			return f.checkLater(), nil
		case "check":
			return work{title: wordsChecking, do: f.check}, nil
		}
		return f.mend(Mend(a.Action)), nil
	},
}

// mends lists what can be done about the lines that failed, each once.
func mends(r CheckReport) []Action {
	var actions []Action
	seen := map[Mend]bool{}
	for _, line := range r.Lines {
		m := line.Mend
		if line.Status != CheckFailed || m == MendNone || m == MendAgain || m == MendClock || seen[m] {
			continue
		}
		seen[m] = true
		actions = append(actions, Action{Name: string(m), Label: m.Label(), Key: string('1' + rune(len(actions)))})
	}
	return actions
}

// check asks DPC. What it says is a fact; only its own breaking off is not.
func (f Facts) check(ctx context.Context, s Services, report func(Event)) (Facts, error) {
	replacing := f.State.previous().What
	state, err := LiveCheck(ctx, s, f.State, func(l CheckLine) { report(Event{Line: &l}) })
	f.State = state
	if err != nil {
		return f, err
	}
	f.Session.ShowReport = true
	if replacing != "" && state.Previous == nil {
		f.Session.note(NoteInfo, wordsReplaced(replacing), wordsReplacedHint)
	}
	return f, nil
}

// LiveCheck asks DPC with what is saved, and returns the state with the outcome:
// that DPC refuses is no error. Once the new one works, what a rotation kept of
// the old is deleted.
func LiveCheck(ctx context.Context, s Services, state State, report func(CheckLine)) (State, error) {
	c, err := LoadCredentials(ctx, s.Secrets, state)
	if err != nil {
		return state, err
	}
	r, err := s.Checker.Check(ctx, state, c, report)
	if err != nil {
		return state, err
	}
	state = state.WithCheck(r)
	if !r.Passed {
		return state, nil
	}
	return state.deleteOld(ctx, s.Secrets)
}

// WithCheck returns the state with the outcome of a live check.
func (s State) WithCheck(r CheckReport) State {
	s.Check = &r
	return s
}

// checkLater notes the decision, and keeps what an earlier check found.
func (f Facts) checkLater() work {
	return work{title: wordsKeeping, do: func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
		r := CheckReport{At: s.Now().UTC()}
		if current := f.State.currentCheck(); current != nil {
			r = *current
		}
		r.Later = true
		r.TokenDigest, r.KeyID, r.Fingerprint = f.State.ClientToken.Digest, f.State.KeyID.ID, f.State.Key.Fingerprint
		f.State = f.State.WithCheck(r)
		return f, nil
	}}
}

// mend does what a failed line asks for: it takes back the fact at fault, so
// that its step comes next.
func (f Facts) mend(m Mend) work {
	f.Session.ShowReport = false
	switch m {
	case MendRecordKeyID:
		for _, line := range f.State.currentCheck().Lines {
			if line.Status == CheckFailed && line.Mend == m {
				return f.recordKeyID(line.KeyID)
			}
		}
	case MendToken:
		return f.anotherToken()
	case MendOrganization:
		return f.saveAnew()
	case MendKeyID:
		f.State.KeyID = nil
	case MendKey:
		f.State.Added, f.State.KeyID = nil, nil
	case MendNPI:
		f.State.AccessAt = time.Time{}
	}
	return f.keep()
}

// saveAnew asks for both tokens again.
func (f Facts) saveAnew() work {
	f.State.LostToken, f.State.OrganizationToken = f.State.ClientToken.Digest, nil
	return f.keep()
}

// LoadCredentials reads the six items of an onboarding. An item that is not
// there, or that is not the one that the facts speak of, is an error of
// ErrUnfinished.
func LoadCredentials(ctx context.Context, secrets Secrets, s State) (Credentials, error) {
	c := Credentials{NPI: s.NPI}
	for _, item := range []struct {
		name string
		fact *SecretFact
		into *keys.Secret
	}{
		{ClientTokenName, s.ClientToken.secret(), &c.ClientToken},
		{OrganizationTokenName, s.OrganizationToken, &c.OrganizationToken},
		{PrivateKeyName, s.Key.secret(), &c.PrivateKey},
	} {
		value, err := secrets.Load(ctx, s.ID(), item.name)
		if errors.Is(err, ErrNoSecret) {
			return c, WithKind(errors.New(wordsNotSaved(item.name)), ErrUnfinished, wordsNotSavedHint)
		}
		if err != nil {
			return c, err
		}
		if item.fact == nil || item.fact.Digest != value.Digest() {
			return c, WithKind(errors.New(wordsNotThis(item.name)), ErrUnfinished, wordsNotSavedHint)
		}
		*item.into = value
	}
	if !s.keyIDSaved() {
		return c, WithKind(errors.New(wordsNotSaved("key-id")), ErrUnfinished, wordsNotSavedHint)
	}
	c.PublicKey, c.KeyID = s.Key.PublicKey, s.KeyID.ID
	return c, nil
}
