package steps_test

import (
	"errors"
	"testing"

	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/stepstest"
)

func TestCheckLaterIsNoObstacle(t *testing.T) {
	p := newPerson(t).WalkTo("check")
	p.Answer("check", "later", nil)
	p.WalkTo("finish")
	if r := p.Flow.State().Check; !r.Later || r.Passed || len(p.World.Checker.Checked) != 0 {
		t.Errorf("recorded %+v", r)
	}
	p.Answer("finish", "check", nil)
	if p.Flow.Prompt().Lines == nil {
		t.Error("the lines are not shown")
	}
	p.Answer("check", "go on", nil)
	p.At("finish")
	if r := p.Flow.State().Check; !r.Passed {
		t.Errorf("recorded %+v", r)
	}
}

// TestCheckedLaterAfterAFailure keeps what the check found.
func TestCheckedLaterAfterAFailure(t *testing.T) {
	p := newPerson(t).WalkTo("check")
	p.World.Checker.Reports = []check.Report{stepstest.Failed(check.Line{ID: check.Reach, Cause: check.CauseDNS, Fix: check.FixAgain})}
	p.Answer("check", "check", nil)
	p.At("check")
	if got := p.Flow.Prompt().Actions; got[0].Name != "check" || len(got) != 2 {
		t.Errorf("offered: %+v", got)
	}
	p.Answer("check", "later", nil)
	if r := p.Flow.State().Check; !r.Later || len(r.Lines) != 2 || r.Passed {
		t.Errorf("recorded %+v", r)
	}
	p.At("seal")
}

func TestMends(t *testing.T) {
	for _, c := range []struct {
		fix    check.Fix
		screen string
		open   steps.ID
	}{
		{check.FixRecordKeyID, "check", steps.Check},
		{check.FixToken, "token", steps.Token},
		{check.FixOrganization, "save", steps.Save},
		{check.FixKeyID, "id", steps.KeyID},
		{check.FixKey, "add", steps.Add},
		{check.FixNPI, "access", steps.Access},
	} {
		p := newPerson(t).WalkTo("check")
		line := check.Line{ID: check.Accept, Cause: check.CauseTokenRefused, Fix: c.fix, KeyID: stepstest.OtherKeyID}
		p.World.Checker.Reports = []check.Report{stepstest.Failed(line)}
		p.Answer("check", "check", nil)
		if got := p.Flow.Prompt().Actions[0]; got.Name != string(c.fix) || got.Label != c.fix.Label() {
			t.Errorf("%s: Enter does %+v", c.fix, got)
		}
		p.Answer("check", "", nil)
		p.At(c.screen)
		if got := steps.Next(p.Flow.State()); got != c.open {
			t.Errorf("%s: next is %s, want %s", c.fix, got, c.open)
		}
		if c.fix == check.FixRecordKeyID && p.Flow.State().KeyID.ID != stepstest.OtherKeyID {
			t.Error("the other key ID was not recorded")
		}
		p.Relaunch(id)
		p.At(c.screen)
		p.Token = newToken(t)
		p.WalkTo("finish")
	}
}

func TestCheckThatBreaksOffIsNoFact(t *testing.T) {
	p := newPerson(t).WalkTo("check")
	p.World.Checker.Err = errors.New("the address of the API is wrong")
	if p.Try("check", nil) == nil || p.Flow.State().Check != nil {
		t.Error("a check that broke off was recorded")
	}
	p.Said("the address of the API is wrong")
	p.At("check")
}

// TestCheckIsOfWhatItWasMadeWith: another key ID makes it one of the past, and
// the package too.
func TestCheckIsOfWhatItWasMadeWith(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	p.Back("deliver")
	p.Back("seal")
	p.Back("check")
	p.Back("id")
	p.Answer("id", "", stepstest.Values{"id": stepstest.OtherKeyID})
	p.At("check")
	if p.Flow.Prompt().Lines != nil {
		t.Error("the old check's lines are shown")
	}
	p.Answer("check", "later", nil)
	p.At("seal")
}
