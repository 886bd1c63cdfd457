package steps_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// finished is a person at the summary, with an onboarding whose token and key DPC
// lists.
func finished(t *testing.T) *stepstest.Person {
	t.Helper()
	p := newPerson(t)
	p.World.Pairs = append(p.World.Pairs, keystest.OtherPair(t))
	p.WalkTo("finish")
	s := p.Flow.State()
	p.World.Registry.Listed = []steps.Listed{
		{What: record.TokenRotation, ID: s.ClientToken.ID, Label: s.TokenLabel},
		{What: record.KeyRotation, ID: s.KeyID.ID, Label: s.Key.Label, Fingerprint: s.Key.Fingerprint},
	}
	return p
}

var both = []record.Rotation{record.TokenRotation, record.KeyRotation}

func TestLabelsOfRenewedTokens(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	end := regexp.MustCompile(`^2611-[0-9A-Z]{3}$`)
	for old, stem := range map[string]string{
		"HealthEndeavors sandbox":   "HealthEndeavors",
		"HealthEndeavors prod":      "HealthEndeavors",
		"HealthEndeavors 2511-7QK":  "HealthEndeavors",
		"HealthEndeavors sandbox 2": "HealthEndeavors",
		"vendor":                    "vendor",
		"vendor 3":                  "vendor",
		"Sunrise Family Practice":   "Sunrise Family",
		"Sunrise_Family_Practice":   "Sunrise_Family_P",
		"médecins du soleil levant": "médecins du",
		"":                          "",
	} {
		label := steps.RenewedLabel(old, "digest", now)
		got, ok := strings.CutPrefix(label, stem)
		if !ok || !end.MatchString(strings.TrimPrefix(got, " ")) || utf8.RuneCountInString(label) > 25 || steps.CheckLabel(label) != nil {
			t.Errorf("%q became %q", old, label)
		}
		if again := steps.RenewedLabel(label, "digest", now.Add(time.Second)); again == label || len(again) != len(label) {
			t.Errorf("%q became %q a second later", label, again)
		}
	}
}

// renew is what a command does, with answers for what lies at DPC.
func renew(p *stepstest.Person, s steps.Services, state record.State, what record.Rotation, old bool) (record.State, []string, error) {
	var named []string
	state, err := steps.Renew(p.T().Context(), s, state, steps.Renewal{
		What: what,
		Stray: func(_ context.Context, l steps.Listed) (bool, error) {
			named = append(named, l.String())
			return false, nil
		},
		Old: func(context.Context, steps.Listed) (bool, error) { return old, nil },
	})
	return state, named, err
}

func TestRenewing(t *testing.T) {
	for _, what := range both {
		for _, deletesOld := range []bool{false, true} {
			p := finished(t)
			before := p.Flow.State()
			after, named, err := renew(p, p.World.Services(), before, what, deletesOld)
			if err != nil || len(named) != 0 || len(after.Renewing) != 0 {
				t.Fatalf("%v, %v, %+v", err, named, after.Renewing)
			}
			holds(t, p, after)
			token, key := after.ClientToken.ID != before.ClientToken.ID, after.KeyID.ID != before.KeyID.ID
			if token != (what == record.TokenRotation) || key != (what == record.KeyRotation) {
				t.Errorf("%s: the token is another one: %v; the key: %v", what, token, key)
			}
			if want := map[bool]int{false: 3, true: 2}[deletesOld]; len(p.World.Registry.Listed) != want {
				t.Errorf("%s: DPC lists %v", what, p.World.Registry.Listed)
			}
			if after.CurrentCheck() == nil || after.CurrentPackage() != nil {
				t.Errorf("%s: checked is %v, and the old package counts %v", what, after.CurrentCheck(), after.CurrentPackage())
			}
			p.Relaunch(id)
			p.At("seal")
			p.WalkTo("finish")
		}
	}
}

// holds fails where a state is not what is saved, works and is listed at DPC.
func holds(t *testing.T, p *stepstest.Person, s record.State) {
	t.Helper()
	c, err := steps.LoadCredentials(t.Context(), p.World.Secrets, s)
	if err != nil {
		t.Fatalf("nothing works: %v", err)
	}
	_, says, _ := keys.ParseToken(c.ClientToken)
	pair, _ := keys.ParsePrivateKey(c.PrivateKey)
	for _, want := range []steps.Listed{
		{What: record.TokenRotation, ID: says.ID, Label: s.TokenLabel},
		{What: record.KeyRotation, ID: c.KeyID, Label: s.Key.Label, Fingerprint: pair.Public().Fingerprint()},
	} {
		if !slices.Contains(p.World.Registry.Listed, want) {
			t.Errorf("DPC does not list %+v: %+v", want, p.World.Registry.Listed)
		}
	}
	if s.ClientToken.ID != says.ID || s.ClientToken.Label != s.TokenLabel || s.Added.Fingerprint != s.Key.Fingerprint {
		t.Errorf("the facts are of another token or key: %s", asJSON(s))
	}
	for where := range p.World.Secrets.Values {
		if strings.HasSuffix(where, ".new") {
			t.Errorf("left behind: %s", where)
		}
	}
	if asJSON(p.World.Progress.States[id]) != asJSON(s) {
		t.Error("what is noted is not what is on the disk")
	}
}

// death ends a program at its n-th touch of anything outside: before it, or behind.
type death struct {
	left int
	dead bool
}

var errDead = errors.New("killed")

func (d *death) touch() error {
	if d.left--; d.left == 0 {
		d.dead = true
	}
	if d.dead {
		return errDead
	}
	return nil
}

// mortal is what a program reaches the outside through until it dies.
func mortal(p *stepstest.Person, d *death) steps.Services {
	touches := func(string) error { return d.touch() }
	p.World.Secrets.Fail, p.World.Secrets.After = touches, touches
	p.World.Registry.Fail, p.World.Registry.After = touches, touches
	s := p.World.Services()
	s.Progress, s.Checker = mortalProgress{s.Progress, d}, mortalChecker{s.Checker, d}
	return s
}

func immortal(p *stepstest.Person) {
	p.World.Secrets.Fail, p.World.Secrets.After = nil, nil
	p.World.Registry.Fail, p.World.Registry.After = nil, nil
}

type mortalProgress struct {
	steps.Progress
	*death
}

func (p mortalProgress) Save(s record.State) error {
	if err := p.touch(); err != nil {
		return err
	}
	return errors.Join(p.Progress.Save(s), p.touch())
}

type mortalChecker struct {
	steps.Checker
	*death
}

func (c mortalChecker) Check(ctx context.Context, s record.State, creds record.Credentials, report func(check.Line)) (check.Report, error) {
	if err := c.touch(); err != nil {
		return check.Report{}, err
	}
	return c.Checker.Check(ctx, s, creds, report)
}

// TestRenewingIsKilled at every touch of the backend, the progress file and DPC,
// before and behind it. A new start, a second renewal, or both, then end with one
// set that works and at most one token or key that nobody has, which is named.
func TestRenewingIsKilled(t *testing.T) {
	for _, what := range both {
		for _, start := range []bool{false, true} {
			for n := 1; ; n++ {
				name := fmt.Sprintf("%s, killed at %d, new start %v", what, n, start)
				p := finished(t)
				first := p.Flow.State()
				d := &death{left: n}
				_, _, err := renew(p, mortal(p, d), first, what, true)
				immortal(p)
				if !d.dead {
					if err != nil {
						t.Fatal(err)
					}
					if n < 20 {
						t.Errorf("only %d kills", n)
					}
					break
				}
				second := p.World.Progress.States[id]
				if start {
					p.Relaunch(id)
					second = p.Flow.State()
					if notes := stepstest.Notes(p.Flow.Prompt()); strings.Contains(notes, "warning") && len(steps.LeftOver(second)) == 0 {
						t.Errorf("%s: %s", name, notes)
					}
					listed := steps.Listed{What: record.TokenRotation, ID: second.ClientToken.ID, Label: second.TokenLabel}
					if _, whole := second.Origin(); !whole || !slices.Contains(p.World.Registry.Listed, listed) {
						t.Errorf("%s: the new start stands at %s, with token %+v", name, p.Flow.Prompt().Screen, listed)
					}
				}
				third, named, err := renew(p, p.World.Services(), second, what, false)
				if err != nil {
					t.Fatalf("%s: %v (%s)", name, err, record.Hint(err))
				}
				holds(t, p, third)
				strays(t, name, p, named, first, second, third)
				third, err = steps.Sweep(t.Context(), p.World.Services(), third, func(context.Context, steps.Listed) (bool, error) { return true, nil })
				if err != nil || len(third.Renewing) != 0 {
					t.Errorf("%s: %v, left is %+v", name, err, third.Renewing)
				}
				holds(t, p, third)
			}
		}
	}
}

// strays fails where DPC lists more than one token or key that was never in use, or
// one that was not named.
func strays(t *testing.T, name string, p *stepstest.Person, named []string, states ...record.State) {
	t.Helper()
	used := map[string]bool{}
	for _, s := range states {
		used[s.ClientToken.ID], used[s.KeyID.ID] = true, true
	}
	n := 0
	for _, l := range p.World.Registry.Listed {
		if used[l.ID] {
			continue
		}
		n++
		if !slices.Contains(named, l.String()) {
			t.Errorf("%s: %s is not named in %v", name, l, named)
		}
	}
	if n > 1 {
		t.Errorf("%s: %d are left over: %v", name, n, p.World.Registry.Listed)
	}
}

func TestWhatDPCRefusesTakesNoPlace(t *testing.T) {
	for _, what := range both {
		p := finished(t)
		before := p.Flow.State()
		p.World.Checker.Reports = []check.Report{
			stepstest.Passed(), stepstest.Failed(check.Line{ID: check.Accept, Cause: check.CauseTokenRefused, HTTPStatus: 401}),
		}
		after, _, err := renew(p, p.World.Services(), before, what, true)
		if !errors.Is(err, record.ErrRefused) || !strings.Contains(err.Error(), "is not in use, and the old one stays") {
			t.Errorf("got %v", err)
		}
		holds(t, p, after)
		if after.ClientToken.ID != before.ClientToken.ID || after.KeyID.ID != before.KeyID.ID || len(steps.LeftOver(after)) != 1 {
			t.Errorf("%s: %+v", what, after.Renewing)
		}
	}
}

func TestNothingIsMadeWithWhatDoesNotWork(t *testing.T) {
	p := finished(t)
	p.World.Checker.Reports = []check.Report{stepstest.Failed(check.Line{ID: check.Accept, Cause: check.CauseTokenExpired, HTTPStatus: 401})}
	_, _, err := renew(p, p.World.Services(), p.Flow.State(), record.TokenRotation, false)
	if !errors.Is(err, record.ErrRefused) || len(p.World.Registry.Made) != 0 || record.Hint(err) == "" {
		t.Errorf("got %v, %d made", err, len(p.World.Registry.Made))
	}
	p.World.Checker.Reports = []check.Report{stepstest.Failed(check.Line{ID: check.Reach, Cause: check.CauseOffline})}
	if _, _, err = renew(p, p.World.Services(), p.Flow.State(), record.KeyRotation, false); err == nil || errors.Is(err, record.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

// TestNetworkGoesDuringTheCheck: the new one is kept, and taken up without another
// being made.
func TestNetworkGoesDuringTheCheck(t *testing.T) {
	for _, what := range both {
		p := finished(t)
		p.World.Checker.Reports = []check.Report{stepstest.Passed(), stepstest.Failed(check.Line{ID: check.Reach, Cause: check.CauseOffline})}
		state, _, err := renew(p, p.World.Services(), p.Flow.State(), what, false)
		if err == nil || errors.Is(err, record.ErrRefused) {
			t.Fatalf("got %v", err)
		}
		state, named, err := renew(p, p.World.Services(), state, what, false)
		if err != nil || len(named) != 0 || len(p.World.Registry.Listed) != 3 {
			t.Errorf("%s: %v, %v, %v", what, err, named, p.World.Registry.Listed)
		}
		holds(t, p, state)
	}
}

func TestTakenKeyLabelIsTriedOnceMore(t *testing.T) {
	p := finished(t)
	label := steps.KeyLabel(keystest.OtherPair(t).Public().Fingerprint(), p.World.Now())
	p.World.Registry.Listed = append(p.World.Registry.Listed, steps.Listed{What: record.KeyRotation, ID: "0e1c9aee-0f2b-4b2e-9f5c-3c8f6a2b7d51", Label: label})
	p.World.Pairs = []keys.Pair{keystest.OtherPair(t)}
	state, named, err := renew(p, p.World.Services(), p.Flow.State(), record.KeyRotation, false)
	if err != nil || state.Key.Label == label || len(named) != 0 {
		t.Errorf("%v, %q, %v", err, state.Key.Label, named)
	}
	holds(t, p, state)
}

// TestRenewingFromTheSummary leads to the seal, with what was chosen before, and
// offers to delete the old token only then.
func TestRenewingFromTheSummary(t *testing.T) {
	p := newPerson(t).WalkTo("seal")
	p.Answer("seal", "", stepstest.Values{"format": "html"})
	p.WalkTo("finish")
	old := p.Flow.State()
	p.World.Registry.Listed = []steps.Listed{{What: record.TokenRotation, ID: old.ClientToken.ID, Label: old.TokenLabel}}
	p.Answer("finish", "renew", nil)
	p.Answer("renew", "no", nil)
	p.Answer("finish", "renew", nil)
	p.Answer("renew", "", nil)
	p.At("seal")
	p.Said("Renewed: client token “HealthEndeavors 2611-")
	p.Said("The vendor still has the old one. Seal the package and send it again.")
	if got := p.Flow.Prompt().Fields[0].Value; got != "html" {
		t.Errorf("the format is %q", got)
	}
	p.WalkTo("finish")
	if !p.World.Packages.Holds[1].ClientToken.Equal(p.World.Registry.Made[0]) {
		t.Error("the new package holds another token")
	}
	p.Answer("finish", "delete-old", nil)
	p.Answer("finish-confirm", "yes", nil)
	p.Said("Deleted at DPC: the client token “HealthEndeavors sandbox”.")
	if all := p.World.Registry.Listed; len(all) != 1 || all[0].ID != p.Flow.State().ClientToken.ID {
		t.Errorf("DPC lists %v", all)
	}
	if err := p.Try("delete-old", nil); err == nil {
		t.Error("it is offered again")
	}
}

// TestStoppedRenewing is somebody who does not wait for the answer: the token that
// was made is taken up by the next renewal.
func TestStoppedRenewing(t *testing.T) {
	p := finished(t)
	p.Answer("finish", "renew", nil)
	ctx, stop := context.WithCancel(t.Context())
	p.World.Registry.After = func(string) error { stop(); return nil }
	flow, effect, err := p.Flow.Answer(steps.Answer{Action: "renew"})
	if err != nil {
		t.Fatal(err)
	}
	effect.Run(ctx, p.World.Services(), nil)
	p.World.Registry.After = nil
	p.Flow = flow.Cancel()
	p.Answer("renew", "no", nil)
	p.Answer("finish", "undo", nil) // which writes the progress without what was noted
	p.WalkTo("finish")
	p.Answer("finish", "renew", nil)
	p.Answer("renew", "", nil)
	p.At("seal")
	if n := len(p.World.Registry.Made); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
	holds(t, p, p.Flow.State())
}

// TestLeftOverTokenIsOffered on both screens that name it.
func TestLeftOverTokenIsOffered(t *testing.T) {
	for _, screen := range []string{"finish", "renew"} {
		p := finished(t)
		p.World.Registry.After = func(call string) error {
			if call == "new token" {
				return errDead
			}
			return nil
		}
		_, _, err := renew(p, p.World.Services(), p.Flow.State(), record.TokenRotation, false)
		if err == nil {
			t.Fatal("nothing was killed")
		}
		p.World.Registry.After = nil
		p.Relaunch(id)
		p.Answer("finish", "renew", nil)
		p.Answer("renew", "", nil)
		p.Said("A renewal left the client token “HealthEndeavors 2611-")
		p.WalkTo("finish")
		if screen == "renew" {
			p.Answer("finish", "renew", nil)
		}
		p.Said("A renewal left the client token “HealthEndeavors 2611-")
		p.Answer(screen, "stray", nil)
		p.Said("Deleted at DPC.")
		if len(steps.LeftOver(p.Flow.State())) != 0 || len(p.World.Registry.Listed) != 3 {
			t.Errorf("DPC lists %v", p.World.Registry.Listed)
		}
	}
}

func TestNoSecretInTheNotesOfARenewal(t *testing.T) {
	p := finished(t)
	p.World.Checker.Reports = []check.Report{stepstest.Passed(), stepstest.Failed(check.Line{ID: check.Reach, Cause: check.CauseOffline})}
	state, _, _ := renew(p, p.World.Services(), p.Flow.State(), record.TokenRotation, false)
	if text := asJSON(state); strings.Contains(text, p.World.Registry.Made[0].Reveal()[:40]) {
		t.Error("the progress file holds the new token")
	}
}
