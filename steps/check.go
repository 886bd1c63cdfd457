package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// checkStep asks DPC whether all of it works. It can be put off, and never
// blocks.
var checkStep = Step{
	ID: Check, Title: "Check",
	help: Help{
		What:  "A sign-in to DPC with exactly what you saved.",
		Why:   "It shows now whether the vendor will be able to connect.",
		Wrong: "No network, a proxy in between, a wrong clock: those are told apart from a wrong credential.",
		Kept:  "The outcome and its time are in the progress file and in the package.",
	},
	done: func(s record.State) (time.Time, bool) {
		r := s.CurrentCheck()
		if r == nil {
			return time.Time{}, false
		}
		return r.At, r.Passed || r.Later
	},
	screens: []screen{checkScreen},
}

const (
	checkName  = "check"
	checkAgain = "Check again"
)

var checkScreen = screen{name: checkName, prompt: checkPrompt, accept: acceptCheck}

func checkPrompt(f Facts) Prompt {
	p := Prompt{
		Title: "Check with DPC that it works",
		Guide: []string{"One request to DPC shows now what would otherwise come out days later. It reads nothing of any patient."},
	}
	if f.State.Environment == record.Production {
		p.Guide = append(p.Guide, "Production answers only to IP addresses that you entered in the portal under *IP Addresses*: at most 8, public IPv4, no ranges.")
	}
	r := f.State.CurrentCheck()
	switch {
	case r == nil || r.Later && len(r.Lines) == 0:
		p.Actions = []Action{
			{Name: "check", Label: "Check now"},
			{Name: "later", Label: "Check later", Key: "l"},
		}
		return p
	case r.Passed:
		p.Notes = []Note{{Kind: NoteOK, Text: r.Summary()}}
		p.Actions = []Action{
			{Name: "go on", Label: "Go on"},
			{Name: "check", Label: checkAgain, Key: "c"},
		}
	default:
		p.Notes = []Note{{Kind: NoteWarning, Text: r.Summary()}}
		for i, fix := range r.Fixes() {
			p.Actions = append(p.Actions, Action{Name: string(fix), Label: fix.Label(), Key: string('1' + rune(i))})
		}
		p.Actions = append(p.Actions,
			Action{Name: "check", Label: checkAgain, Key: "c"},
			Action{Name: "later", Label: "Go on without", Key: "l"})
	}
	p.Lines = r.Lines
	return p
}

func acceptCheck(f Facts, a Answer) (outcome, error) {
	switch a.Action {
	case "check":
		return checking(f), nil
	case "go on":
		return stay(f.leaveAll()), nil
	case "later":
		return keeping(f.leaveAll().checkLater), nil
	}
	return f.leaveAll().fix(check.Fix(a.Action)), nil
}

// checking asks DPC. What it says is a fact; only its own breaking off is not.
func checking(f Facts) outcome {
	return doing("Asking DPC", func(ctx context.Context, s Services, report func(Event)) (Facts, error) {
		replacing := f.State.Replaced().What
		state, err := LiveCheck(ctx, s, f.State, func(l check.Line) { report(Event{Line: &l}) })
		f.State = state
		if err != nil {
			return f, err
		}
		if f = f.leaveAll(); state.Check.Passed {
			f = f.enter(again(checkName, "id")) // its lines are to be read before going on
		}
		if replacing != "" && state.Previous == nil {
			f.Session.note(NoteInfo, fmt.Sprintf("The new %s is checked, so the old one was deleted from this computer.", rotations[replacing].what),
				"Delete the old one in the portal once the vendor works with the new one: until then it is in use.")
		}
		return f, nil
	})
}

// LiveCheck asks DPC with what is saved, and returns the state with the outcome:
// that DPC refuses is no error. Once the new one works, what a rotation kept of
// the old is deleted.
func LiveCheck(ctx context.Context, s Services, state record.State, report func(check.Line)) (record.State, error) {
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
	return deleteOld(ctx, s.Secrets, state)
}

// checkLater notes the decision, and keeps what an earlier check found.
func (f Facts) checkLater(s Services) Facts {
	r := check.Report{At: s.Now().UTC()}
	if current := f.State.CurrentCheck(); current != nil {
		r = current.Report
	}
	f.State = f.State.WithCheck(r)
	f.State.Check.Later = true
	return f
}

// fix does what a failed line asks for: it takes back the fact at fault, so that
// its step comes next.
func (f Facts) fix(fix check.Fix) outcome {
	switch fix {
	case check.FixRecordKeyID:
		for _, line := range f.State.CurrentCheck().Lines {
			if line.Status == check.Failed && line.Fix == fix {
				return f.recordKeyID(line.KeyID)
			}
		}
	case check.FixToken:
		return stay(f.anotherToken())
	case check.FixOrganization: // both tokens are asked again
		f.State.LostToken, f.State.OrganizationToken = f.State.ClientToken.Digest, nil
	case check.FixKeyID:
		f.State.KeyID = nil
	case check.FixKey:
		f.State.Added, f.State.KeyID = nil, nil
	case check.FixNPI:
		f.State.AccessAt = time.Time{}
	}
	return stay(f)
}

// LoadCredentials reads the six items of an onboarding. An item that is not
// there, that was given up, or that is not the one that the facts speak of, is an
// error of ErrUnfinished.
func LoadCredentials(ctx context.Context, secrets Secrets, s record.State) (record.Credentials, error) {
	c := record.Credentials{NPI: s.NPI}
	unfinished := func(problem string) error {
		return record.WithKind(errors.New(problem), record.ErrUnfinished, "Start dpc-onboard and finish the step that is open.")
	}
	into := map[string]*keys.Secret{
		record.ClientTokenName: &c.ClientToken, record.OrganizationTokenName: &c.OrganizationToken, record.PrivateKeyName: &c.PrivateKey,
	}
	for _, name := range record.SecretNames {
		value, err := secrets.Load(ctx, s.ID(), name)
		if errors.Is(err, record.ErrNoSecret) {
			return c, unfinished("the " + record.SecretTitle(name) + " is not saved yet")
		}
		if err != nil {
			return c, err
		}
		if fact := s.Secret(name); fact == nil || fact.Digest != value.Digest() {
			return c, unfinished("the " + record.SecretTitle(name) + " in safe storage is not the one that was noted")
		}
		*into[name] = value
	}
	switch {
	case s.TokenLost():
		return c, unfinished("the client token that is saved was given up for a new one")
	case !s.KeyIDSaved():
		return c, unfinished("the public key ID is not saved yet")
	}
	c.PublicKey, c.KeyID = s.Key.PublicKey, s.KeyID.ID
	return c, nil
}
