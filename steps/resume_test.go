package steps_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestRestartAtEachScreen goes on at the same screen, and never asks again for
// what was saved.
func TestRestartAtEachScreen(t *testing.T) {
	for _, screen := range []string{"token", "save", "key", "add", "id", "check", "seal", "deliver", "finish"} {
		p := newPerson(t).WalkTo(screen)
		before := p.Flow.State()
		p.Relaunch(id)
		p.At(screen)
		if !same(before, p.Flow.State()) {
			t.Errorf("%s: the state has changed:\n%s\n%s", screen, asJSON(before), asJSON(p.Flow.State()))
		}
		p.Said("Found Sunrise Family Practice, sandbox")
	}
}

// TestCrashBetweenOperations lets the power fail after each single change that
// the default walk makes, in the backend for secrets and in the progress file.
func TestCrashBetweenOperations(t *testing.T) {
	for crash := range 40 {
		p := newPerson(t)
		broken, count := errors.New("the power failed"), 0
		p.World.Secrets.After = func(call string) error {
			if strings.HasPrefix(call, "load") {
				return nil
			}
			if count++; count > crash {
				p.World.Progress.SaveErr = broken
				return broken
			}
			return nil
		}
		done := walkUntilError(p)
		p.World.Secrets.After, p.World.Progress.SaveErr = nil, nil
		saved, ok := p.World.Progress.States[id]
		p.World.Restart()
		p.Launch(saved)
		if ok {
			checkNothingIsAskedAgain(t, fmt.Sprintf("crash %d", crash), p)
		}
		p.WalkTo("finish")
		checkBacked(t, p)
		if done {
			return
		}
	}
	t.Error("the walk never came to its end")
}

// TestLostSaves lets each save of the progress file fail in turn, with the
// secrets saved: the next start takes them up.
func TestLostSaves(t *testing.T) {
	for _, screen := range []string{"access", "token", "save", "key", "add", "id", "check", "seal", "deliver"} {
		p := newPerson(t).WalkTo(screen)
		p.World.Progress.SaveErr = errors.New("the disk is full")
		walkUntilError(p)
		p.Said("the disk is full")
		// The next move that can be saved saves what is outstanding.
		p.World.Progress.SaveErr = nil
		walkUntilError(p)
		p.Answer("finish", "summary", nil)
		if !same(p.Flow.State(), p.World.Progress.States[id]) {
			t.Errorf("after %s: what could not be saved once was never saved", screen)
		}
	}
}

func TestLostSaveThenCrash(t *testing.T) {
	for _, screen := range []string{"save", "key"} {
		p := newPerson(t).WalkTo(screen)
		p.World.Progress.SaveErr = errors.New("the power failed")
		walkUntilError(p)
		p.World.Progress.SaveErr = nil
		p.Relaunch(id)
		p.At(map[string]string{"save": "key", "key": "add"}[screen])
		p.Said("had been saved before the program ended. It is taken up again.")
		p.WalkTo("finish")
		checkBacked(t, p)
	}
}

// walkUntilError takes the default way and says whether it came to its end.
func walkUntilError(p *stepstest.Person) bool {
	for {
		var values stepstest.Values
		action := ""
		switch p.Flow.Prompt().Screen {
		case "access":
			values = stepstest.Values{"organization": stepstest.Organization, "npi": stepstest.NPI}
		case "save":
			values = save(p.Token.Reveal(), keystest.OrganizationID)
		case "id":
			values = stepstest.Values{"id": stepstest.KeyID}
		case "deliver":
			action = "other"
		case "finish":
			return true
		}
		if p.Try(action, values) != nil {
			return false
		}
	}
}

func checkNothingIsAskedAgain(t *testing.T, when string, p *stepstest.Person) {
	t.Helper()
	s, values := p.Flow.State(), p.World.Secrets.Values
	_, token := values[stepstest.Key(record.Keyring, id, record.ClientTokenName)]
	_, key := values[stepstest.Key(record.Keyring, id, record.PrivateKeyName)]
	if token && s.ClientToken == nil {
		t.Errorf("%s: the client token is saved and would be asked for again", when)
	}
	if key && s.Key == nil {
		t.Errorf("%s: the private key is saved and would be made again", when)
	}
	if screen := p.Flow.Prompt(); screen.Screen == "save" && token && !screen.Fields[0].Optional {
		t.Errorf("%s: the client token is asked for again", when)
	}
}

// checkBacked holds each fact about a secret against what is stored.
func checkBacked(t testing.TB, p *stepstest.Person) {
	t.Helper()
	s := p.Flow.State()
	for _, step := range steps.Stepper(s) {
		if step.Status != steps.Done {
			continue
		}
		switch step.ID {
		case steps.Save:
			backed(t, p, record.ClientTokenName, s.ClientToken.Digest)
			backed(t, p, record.OrganizationTokenName, s.OrganizationToken.Digest)
		case steps.Key:
			backed(t, p, record.PrivateKeyName, s.Key.Digest)
		}
	}
}

func backed(t testing.TB, p *stepstest.Person, name, digest string) {
	t.Helper()
	s := p.Flow.State()
	if got := p.World.Secrets.Values[stepstest.Key(s.Storage.Kind, s.ID(), name)].Digest(); got != digest {
		t.Errorf("the fact of the %s names %s, and %s is stored", name, digest, got)
	}
}

func TestSecretsThatVanishedOrChanged(t *testing.T) {
	other := keystest.Token(t, keystest.TokenSpec{OrganizationID: "11111111-2222-4333-8444-555555555555", Expires: stepstest.Start.AddDate(1, 0, 0)})
	production := keystest.Token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api"})
	for _, c := range []struct {
		name, secret string
		value        keys.Secret // none: vanished
		screen, says string
	}{
		{"token gone", record.ClientTokenName, keys.Secret{}, "save", "The client token is no longer in the keyring. → The portal can't show it again. Choose “I no longer have the token” and create a new one."},
		{"organization gone", record.OrganizationTokenName, keys.Secret{}, "save", "The organization token is no longer in the keyring. → Copy it from the portal once more."},
		{"key gone", record.PrivateKeyName, keys.Secret{}, "key", "The private key is no longer in the keyring. → Make a new key pair and add its public key in the portal."},
		{"token of nobody", record.ClientTokenName, keys.NewSecret("nonsense"), "save", "The client token in the keyring is not the one that was saved, and can't be used here."},
		{"token of production", record.ClientTokenName, production, "save", "The client token in the keyring is not the one that was saved, and can't be used here."},
		{"token of another organization", record.ClientTokenName, other, "save", "The organization token in the keyring is not the one that was saved, and can't be used here."},
		{"token that is newer", record.ClientTokenName, newToken(t), "check", "The client token had been saved before the program ended. It is taken up again."},
		{"organization of another", record.OrganizationTokenName, keys.NewSecret(stepstest.KeyID), "save", "The organization token in the keyring is not the one that was saved, and can't be used here."},
		{"key of nobody", record.PrivateKeyName, keys.NewSecret("nonsense"), "key", "The private key in the keyring is not the one that was saved, and can't be used here."},
		{"key that is newer", record.PrivateKeyName, keystest.OtherPair(t).Private(), "add", "The private key had been saved before the program ended. It is taken up again."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPerson(t).WalkTo("finish")
			where := stepstest.Key(record.Keyring, id, c.secret)
			p.World.Secrets.Values[where] = c.value
			if c.value.IsZero() {
				delete(p.World.Secrets.Values, where)
			}
			if _, err := steps.LoadCredentials(t.Context(), p.World.Secrets, p.Flow.State()); !errors.Is(err, record.ErrUnfinished) {
				t.Errorf("the credentials were handed out: %v", err)
			}
			p.Relaunch(id)
			p.At(c.screen)
			p.Said(c.says)
			checkBacked(t, p)
		})
	}
}

// TestKeyFactIsHeldAgainstTheKey: a public key that was put into the progress
// file by hand does not pass for the one that belongs to the private key.
func TestKeyFactIsHeldAgainstTheKey(t *testing.T) {
	for name, forge := range map[string]func(*record.KeyFact){
		"fingerprint": func(k *record.KeyFact) { k.Fingerprint = keystest.OtherPair(t).Public().Fingerprint() },
		"public key":  func(k *record.KeyFact) { k.PublicKey = keystest.OtherPair(t).Public().PEM() },
		"signature":   func(k *record.KeyFact) { k.Signature = "AAAA" },
	} {
		p := newPerson(t).WalkTo("finish")
		forged := p.World.Progress.States[id]
		k := *forged.Key
		forge(&k)
		forged.Key = &k
		p.World.Progress.States[id] = forged
		p.Relaunch(id)
		public := keystest.Pair(t).Public()
		if got := p.Flow.State().Key; got.Fingerprint != public.Fingerprint() || got.PublicKey != public.PEM() || public.Verify(got.Signature) != nil {
			t.Errorf("a forged %s stands", name)
		}
	}
}

// TestMendedNPISurvivesARestart: an onboarding whose access is to be confirmed
// again is still the same one.
func TestMendedNPISurvivesARestart(t *testing.T) {
	p := newPerson(t)
	p.World.Checker.Reports = []check.Report{stepstest.Failed(check.Line{ID: check.Organization, Cause: check.CauseNPI, Fix: check.FixNPI})}
	p.WalkTo("check").Answer("check", "check", nil)
	p.Answer("check", string(check.FixNPI), nil)
	p.Relaunch(id)
	p.Answer("access", "", stepstest.Values{"npi": stepstest.OtherNPI})
	p.At("check")
	if p.Flow.State().ClientToken == nil || len(p.World.Progress.States) != 1 {
		t.Error("a corrected NPI began another onboarding")
	}
}
