package steps_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestNoStateClaimsMoreThanItsFacts breaks complete states at random, as a hand
// that edits the file would, and holds what counts as done against what it
// depends on.
func TestNoStateClaimsMoreThanItsFacts(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	complete := asJSON(p.Flow.State())
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var s record.State
		if err := json.Unmarshal([]byte(complete), &s); err != nil {
			t.Fatal(err)
		}
		for range 1 + r.IntN(4) {
			breaks[r.IntN(len(breaks))](&s)
		}
		if complaint := claims(s); complaint != "" {
			t.Fatalf("%s: %s", complaint, asJSON(s))
		}
		// Whatever the state, there is a screen, and it can be drawn.
		flow := steps.New(steps.Facts{State: s, Session: steps.Session{Open: s.ID(), Ready: true, Backend: record.Keyring, Now: stepstest.Start}})
		if prompt := flow.Prompt(); prompt.Title == "" || len(prompt.Actions) == 0 {
			t.Fatalf("an empty screen for %s", asJSON(s))
		}
	}
}

var breaks = []func(*record.State){
	func(s *record.State) { s.Organization = "" },
	func(s *record.State) { s.NPI = "1234567890" },
	func(s *record.State) { s.Environment = "test" },
	func(s *record.State) { s.Environment = record.Production },
	func(s *record.State) { s.AccessAt = time.Time{} },
	func(s *record.State) { s.Storage = nil },
	func(s *record.State) { s.TokenLabel = "" },
	func(s *record.State) { s.TokenShownAt = time.Time{} },
	func(s *record.State) { s.ClientToken = nil },
	func(s *record.State) { s.OrganizationToken = nil },
	func(s *record.State) { s.Key = nil },
	func(s *record.State) { s.Added = nil },
	func(s *record.State) { s.KeyID = nil },
	func(s *record.State) { s.Check = nil },
	func(s *record.State) { s.Sealed = nil },
	func(s *record.State) { s.Sent = nil },
	func(s *record.State) { s.Previous = &record.PreviousFact{What: "token"} },
	func(s *record.State) { s.Previous = &record.PreviousFact{What: "key"} },
	func(s *record.State) { s.Previous = &record.PreviousFact{What: "soul"} },
	func(s *record.State) { set(s.ClientToken, func(f *record.TokenFact) { f.Digest = "" }) },
	func(s *record.State) { set(s.ClientToken, func(f *record.TokenFact) { s.LostToken = f.Digest }) },
	func(s *record.State) { set(s.ClientToken, func(f *record.TokenFact) { f.Digest = "0011223344556677" }) },
	func(s *record.State) { set(s.OrganizationToken, func(f *record.SecretFact) { f.Digest = "" }) },
	func(s *record.State) { set(s.Key, func(f *record.KeyFact) { f.Fingerprint = "" }) },
	func(s *record.State) { set(s.Key, func(f *record.KeyFact) { f.Fingerprint = "SHA256:other" }) },
	func(s *record.State) { set(s.Added, func(f *record.AddedFact) { f.Fingerprint = "" }) },
	func(s *record.State) { set(s.KeyID, func(f *record.KeyIDFact) { f.ID = "none" }) },
	func(s *record.State) { set(s.KeyID, func(f *record.KeyIDFact) { f.Fingerprint = "" }) },
	func(s *record.State) { set(s.Check, func(f *record.CheckFact) { f.TokenDigest = "" }) },
	func(s *record.State) { set(s.Check, func(f *record.CheckFact) { f.Passed = false }) },
	func(s *record.State) { set(s.Sealed, func(f *record.SealedFact) { f.KeyID = stepstest.OtherKeyID }) },
	func(s *record.State) {
		set(s.Sealed, func(f *record.SealedFact) { f.SHA256 = "" })
		s.Sent = []record.DeliveryFact{{}}
	},
}

func set[F any](fact *F, change func(*F)) {
	if fact != nil {
		change(fact)
	}
}

// claims says what a state counts as done although its facts don't show it.
func claims(s record.State) string {
	done := map[steps.ID]bool{}
	for _, step := range steps.Stepper(s) {
		done[step.ID] = step.Status == steps.Done
	}
	for step, needs := range map[steps.ID][]steps.ID{
		steps.Add: {steps.Key}, steps.KeyID: {steps.Key},
		steps.Check: {steps.Save, steps.Key, steps.KeyID}, steps.Send: {steps.Save, steps.Key, steps.KeyID},
	} {
		for _, need := range needs {
			if done[step] && !done[need] {
				return string(step) + " is done without " + string(need)
			}
		}
	}
	switch {
	case done[steps.Access] && (s.Storage == nil || s.AccessAt.IsZero() || record.CheckNPI(s.NPI) != nil):
		return "access"
	case done[steps.Save] && (s.ClientToken == nil || s.OrganizationToken == nil || s.ClientToken.Environment != s.Environment):
		return "save"
	case done[steps.Check] && (s.Check.TokenDigest != s.ClientToken.Digest || s.Check.KeyID != s.KeyID.ID || !s.Check.Passed && !s.Check.Later):
		return "check"
	case done[steps.Send] && (s.Sealed == nil || len(s.Sent) == 0 || s.Sealed.SHA256 == ""):
		return "send"
	case steps.Complete(s) != (steps.Next(s) == ""):
		return "complete"
	}
	return ""
}

// TestEqualTimes: facts that were noted in the same instant are as good.
func TestEqualTimes(t *testing.T) {
	p := newPerson(t)
	p.World.SetClock(stepstest.Start)
	p.WalkTo("check")
	p.Back("id")
	p.Back("add")
	p.Back("key")
	p.Back("save")
	p.Answer("save", "lost", nil)
	p.Answer("token", "", nil)
	p.At("save")
	p.Token = newToken(t)
	p.Answer("save", "", stepstest.Values{record.ClientTokenName: p.Token.Reveal()})
	p.WalkTo("finish")
	if !steps.Complete(p.Flow.State()) {
		t.Errorf("stands at %s", p.Flow.Prompt().Step)
	}
}
