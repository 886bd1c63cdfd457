package steps_test

import (
	"errors"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

func TestProductionIsStartedFromSandbox(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	sandbox := p.World.Progress.States[id]
	p.Answer("finish", "production", nil)
	p.At("access")
	f := p.Flow.Prompt()
	if got := f.Fields[0].Value + "|" + f.Fields[1].Value + "|" + f.Fields[2].Value; got != "Sunrise Family Practice|1234567893|production" {
		t.Errorf("filled in: %s", got)
	}
	p.Back("finish") // a mistaken "start production"
	p.Answer("finish", "production", nil)
	if len(p.World.Progress.States) != 1 {
		t.Error("production was saved before access to it was confirmed")
	}
	p.Relaunch(id) // quit before it is confirmed
	p.At("finish")
	if !same(sandbox, p.World.Progress.States[id]) {
		t.Error("sandbox has changed")
	}
	p.Answer("finish", "production", nil)
	p.Answer("access", "", nil)
	p.At("portal")
	if s := p.Flow.Session(); s.Origin != nil || s.Seal != (steps.SealChoice{}) || !s.Passphrase.IsZero() {
		t.Errorf("sandbox's session goes on: %+v", s)
	}
	p.Token = keystest.Token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api", Expires: stepstest.Start.AddDate(1, 0, 0)})
	p.WalkTo("finish")
	for _, a := range p.Flow.Prompt().Actions {
		if a.Name == "production" {
			t.Error("production offers to start production")
		}
	}
	if !same(sandbox, p.World.Progress.States[id]) || !steps.Complete(p.World.Progress.States[stepstest.NPI+"-production"]) {
		t.Error("the two onboardings are not both complete")
	}
}

func TestCorrectedNPIKeepsAll(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	p.Answer("finish", "token", nil)
	const corrected = stepstest.OtherNPI + "-sandbox"
	p.Back("access")
	p.Said("A corrected NPI keeps everything that was saved.")
	p.Answer("access", "", stepstest.Values{"npi": stepstest.OtherNPI})
	p.At("token")
	for where := range p.World.Secrets.Values {
		if !strings.Contains(where, corrected) {
			t.Errorf("%s is still there", where)
		}
	}
	if oldOnes(p) != 2 || len(p.World.Progress.States) != 1 {
		t.Errorf("%d old secrets, %d progress files", oldOnes(p), len(p.World.Progress.States))
	}
	p.Answer("token", "old", nil)
	p.At("check") // what was checked and sealed was under the wrong NPI
	p.WalkTo("finish")
	if got := p.World.Packages.Holds[1].NPI; got != stepstest.OtherNPI {
		t.Errorf("the package is for %s", got)
	}
	p.Relaunch(corrected)
	p.At("finish")
}

// TestCorrectionSurvivesACrash at each of its changes.
func TestCorrectionSurvivesACrash(t *testing.T) {
	const corrected = stepstest.OtherNPI + "-sandbox"
	for crash := range 8 {
		p := newPerson(t).WalkTo("check")
		p.Back("id")
		p.Back("add")
		p.Back("key")
		p.Back("save")
		p.Back("token")
		p.Back("access")
		count := 0
		p.World.Secrets.After = func(call string) error {
			if count++; count > crash {
				p.World.Progress.SaveErr = errors.New("the power failed")
				p.World.Progress.RenameErr = p.World.Progress.SaveErr
				return p.World.Progress.SaveErr
			}
			return nil
		}
		_ = p.Try("", stepstest.Values{"npi": stepstest.OtherNPI})
		p.World.Secrets.After, p.World.Progress.SaveErr, p.World.Progress.RenameErr = nil, nil, nil
		saved := id
		if _, ok := p.World.Progress.States[corrected]; ok {
			saved = corrected
		}
		p.Relaunch(saved)
		p.At("check")
		if _, err := steps.LoadCredentials(t.Context(), p.World.Secrets, p.Flow.State()); err != nil {
			t.Errorf("crash %d: %v", crash, err)
		}
	}
}

func TestCorrectionThatFailsChangesNothing(t *testing.T) {
	p := newPerson(t).WalkTo("key")
	p.World.Progress.States[stepstest.OtherNPI+"-sandbox"] = record.State{}
	p.Back("save")
	p.Back("token")
	p.Back("access")
	if err := p.Try("", stepstest.Values{"npi": stepstest.OtherNPI}); err == nil {
		t.Fatal("an onboarding was written over")
	}
	p.At("access")
	if p.Flow.State().NPI != stepstest.NPI || p.World.Progress.Held != id {
		t.Error("it is not the onboarding of before")
	}
	p.Answer("access", "", nil)
	p.At("key")
}

func TestOtherEnvironmentIsAnotherOnboarding(t *testing.T) {
	p := newPerson(t).WalkTo("key")
	p.Back("save")
	p.Back("token")
	p.Back("access")
	p.Answer("access", "", stepstest.Values{"environment": "production"})
	p.At("portal")
	if p.Flow.State().ClientToken != nil {
		t.Error("sandbox's token is production's too")
	}
	p.Back("access")
	p.Answer("access", "", stepstest.Values{"environment": "sandbox"})
	p.At("key")
	p.Said("Found Sunrise Family Practice, sandbox: 3 of 8 steps done; read back from the keyring: client token, organization token.")
}

func TestSameNPIIsFoundAgain(t *testing.T) {
	p := newPerson(t).WalkTo("id")
	p.World.Restart()
	p.Launch(record.State{})
	p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI})
	p.At("id")
	if got := p.Flow.State().Organization; got != "Sunrise" {
		t.Errorf("what was just said does not count: %s", got)
	}
}

func TestKeyringFails(t *testing.T) {
	p := newPerson(t)
	p.World.Secrets.KeyringErr = errors.New("no keyring answers on this computer")
	p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI})
	p.At("storage")
	p.Said("no keyring answers on this computer → Unlock the keyring.")
	if s := p.World.Progress.States[id]; s.Storage != nil || steps.Next(s) != steps.Access {
		t.Error("access is done without a backend for secrets")
	}
	p.Answer("storage", "keyring", nil)
	p.At("storage")
	own := stepstest.Values{"passphrase": stepstest.Passphrase, "again": stepstest.Passphrase}
	p.Answer("storage", "", own)
	p.At("token")
	p.Said("The vault works")
	p.WalkTo("key")

	p.Relaunch(id)
	p.At("storage")
	if f := p.Flow.Prompt().Fields; len(f) != 1 {
		t.Errorf("a vault that exists asks for %d fields", len(f))
	}
	if err := p.Try("", stepstest.Values{"passphrase": "wrong"}); !errors.Is(err, record.ErrWrongPassphrase) {
		t.Errorf("got %v", err)
	}
	p.At("storage")
	p.Answer("storage", "", own)
	p.At("key")
	if s := p.Flow.State(); s.ClientToken == nil || s.Storage.Kind != record.Vault {
		t.Error("what was in the vault is not found")
	}
}

func TestStoreIsChosen(t *testing.T) {
	t.Run("vault", func(t *testing.T) {
		p := launchWith(t, stepstest.New(t), "vault", record.State{})
		p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI})
		p.Answer("storage", "", stepstest.Values{"passphrase": stepstest.Passphrase, "again": stepstest.Passphrase})
		if got := p.Flow.State().Storage.Kind; got != record.Vault || p.World.Secrets.Calls[0] != "use vault" {
			t.Errorf("the secrets go to the %s; %v", got, p.World.Secrets.Calls)
		}
	})
	t.Run("keyring that fails", func(t *testing.T) {
		w := stepstest.New(t)
		w.Secrets.KeyringErr = errors.New("no keyring")
		p := launchWith(t, w, "keyring", record.State{})
		p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI})
		p.At("storage")
		if prompt := p.Flow.Prompt(); len(prompt.Fields) != 0 || len(prompt.Actions) != 1 {
			t.Error("a vault is offered in spite of --store keyring")
		}
		w.Secrets.KeyringErr = nil
		p.Answer("storage", "", nil)
		p.At("token")
	})
	t.Run("vault, but the secrets are in the keyring", func(t *testing.T) {
		p := newPerson(t).WalkTo("key")
		p.World.Restart()
		p = launchWith(t, p.World, "vault", p.World.Progress.States[id])
		p.At("key")
		p.Said("The secrets of this onboarding are in the keyring, so it is used in spite of --store vault.")
	})
	t.Run("keyring gone, vault chosen", func(t *testing.T) {
		p := newPerson(t).WalkTo("add")
		p.World.Secrets.KeyringErr = errors.New("no keyring")
		p.Relaunch(id)
		p.Answer("storage", "", stepstest.Values{"passphrase": stepstest.Passphrase, "again": stepstest.Passphrase})
		p.At("save")
		p.Said("The client token is no longer in the vault.")
		p.Said("The private key is no longer in the vault.")
	})
}

func launchWith(t testing.TB, w *stepstest.World, store record.Backend, s record.State) *stepstest.Person {
	t.Helper()
	p := stepstest.NewPerson(t, w, record.State{})
	session := w.Session()
	session.Store = store
	flow, effect := steps.New(steps.Facts{State: s, Session: session}).Start()
	p.Flow = flow
	p.Run(effect)
	return p
}

// TestBackendsAreNotMixed: two onboardings may have their secrets in two backends.
func TestBackendsAreNotMixed(t *testing.T) {
	p := newPerson(t).WalkTo("key")
	vaulted := p.World.Progress.States[id]
	vaulted.Environment, vaulted.Storage = record.Production, &record.Storage{Kind: record.Vault}
	token := *vaulted.ClientToken
	token.Environment = record.Production
	vaulted.ClientToken = &token
	p.World.Progress.States[vaulted.ID()] = vaulted
	p.World.Secrets.Passphrase = keys.NewSecret(stepstest.Passphrase)
	for _, name := range []string{record.ClientTokenName, record.OrganizationTokenName} {
		p.World.Secrets.Values[stepstest.Key(record.Vault, vaulted.ID(), name)] = stored(p, id, name)
	}
	p.World.Restart()
	p.Launch(p.World.Progress.States[id])
	p.Back("save")
	p.Back("token")
	p.Back("access")
	p.Answer("access", "", stepstest.Values{"environment": "production"})
	p.At("storage")
	p.Answer("storage", "", stepstest.Values{"passphrase": stepstest.Passphrase})
	p.At("key")
	if p.Flow.State().ClientToken == nil {
		t.Error("the vault's token was looked for in the keyring")
	}
}

func TestSecondInstanceIsLeftAlone(t *testing.T) {
	p := newPerson(t).WalkTo("key")
	before := p.World.Progress.States[id]
	p.World.Progress.OpenErr = record.WithHint(errors.New("this onboarding is open in another window (process 4242)"), "Go on there.")
	p.World.Secrets.Calls = nil
	p.Relaunch(id)
	p.At("open")
	p.Said("this onboarding is open in another window (process 4242) → Go on there.")
	if len(p.World.Secrets.Calls) != 0 || !same(before, p.World.Progress.States[id]) {
		t.Error("something was touched")
	}
	p.World.Progress.OpenErr = nil
	p.Answer("open", "", nil)
	p.At("key")
}

func TestProgressThatIsSetAside(t *testing.T) {
	p := newPerson(t).WalkTo("add")
	p.World.Progress.OpenErr = &record.SetAside{Path: "/state/x.json.set-aside", Reason: "is cut short"}
	p.World.Restart()
	p.Launch(record.State{})
	p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI})
	p.At("add")
	p.Said("The progress file is cut short. It was kept as /state/x.json.set-aside.")
	p.Said("The client token had been saved before the program ended.")
	p.Said("The private key had been saved before the program ended.")
}

// TestOtherFailuresOfAProbe are failures, and not a reason to offer the vault.
func TestOtherFailuresOfAProbe(t *testing.T) {
	p := newPerson(t)
	p.World.Secrets.Fail = func(string) error { return errors.New("a mistake of our own") }
	if err := p.Try("", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI}); err == nil {
		t.Fatal("no error")
	}
	p.At("storage")
	p.Said("a mistake of our own")
	if prompt := p.Flow.Prompt(); len(prompt.Fields) != 0 {
		t.Error("a vault is offered although nothing is known of the keyring")
	}
	p.World.Secrets.Fail = nil
	p.Answer("storage", "", nil)
	p.At("token")
}
