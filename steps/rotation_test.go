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

func newToken(t testing.TB) keys.Secret {
	t.Helper()
	return keystest.Token(t, keystest.TokenSpec{RootKeyID: "new", Expires: stepstest.Start.AddDate(2, 0, 0)})
}

func oldOnes(p *stepstest.Person) int {
	n := 0
	for where := range p.World.Secrets.Values {
		if strings.HasSuffix(where, ".old") {
			n++
		}
	}
	return n
}

func TestTokenIsReplaced(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	before, old := p.Flow.State(), p.Token
	p.Answer("finish", "token", nil)
	p.At("token")
	if label := p.Flow.Prompt().Copies[0].Value; label == before.TokenLabel {
		t.Errorf("the new token's label is that of the old: %q", label)
	}
	p.Answer("token", "", nil)
	err := p.Try("save", stepstest.Values{record.ClientTokenName: old.Reveal()})
	if err == nil || err.Error() != "this is the old client token, which is being replaced" {
		t.Errorf("got %v", err)
	}
	p.Relaunch(id)
	p.At("save") // the old value in its place is not taken for the new one
	p.Token = newToken(t)
	p.Answer("save", "", stepstest.Values{record.ClientTokenName: p.Token.Reveal()})
	p.At("check") // key and key ID are still good
	p.Relaunch(id)
	if oldOnes(p) != 2 {
		t.Errorf("%d old secrets are kept before the check", oldOnes(p))
	}
	p.Answer("check", "check", nil)
	p.Said("The new client token is checked")
	if oldOnes(p) != 0 || p.Flow.State().Previous != nil {
		t.Error("the old token is kept after the check")
	}
	p.WalkTo("finish")
	if !p.World.Packages.Holds[1].ClientToken.Equal(p.Token) {
		t.Error("the new package holds the old token")
	}
}

func TestKeyIsReplaced(t *testing.T) {
	p := newPerson(t)
	p.World.Pairs = append(p.World.Pairs, keystest.OtherPair(t))
	p.WalkTo("finish").Answer("finish", "key", nil)
	p.Answer("key", "", nil)
	p.Answer("add", "", nil)
	err := p.Try("", stepstest.Values{"id": stepstest.KeyID})
	if err == nil || err.Error() != "this is the old key's ID, and the key is being replaced" {
		t.Errorf("got %v", err)
	}
	p.Answer("id", "", stepstest.Values{"id": stepstest.OtherKeyID})
	p.WalkTo("finish")
	if c := p.World.Packages.Holds[1]; !c.PrivateKey.Equal(keystest.OtherPair(t).Private()) || c.KeyID != stepstest.OtherKeyID {
		t.Error("the new package holds the old key")
	}
	if oldOnes(p) != 0 {
		t.Error("the old key is kept after the check")
	}
}

// TestReplacingIsGivenUp at each screen that it walks: all is as before.
func TestReplacingIsGivenUp(t *testing.T) {
	for what, screens := range map[string][]string{"token": {"token", "save", "check"}, "key": {"key", "add", "id", "check"}} {
		for _, screen := range screens {
			t.Run(what+" at "+screen, func(t *testing.T) {
				p := newPerson(t)
				p.World.Pairs = append(p.World.Pairs, keystest.OtherPair(t))
				p.WalkTo("finish")
				before := p.Flow.State()
				p.Answer("finish", what, nil)
				p.Token, p.KeyID = newToken(t), stepstest.OtherKeyID
				p.WalkTo(screen)
				p.Answer(screen, "old", nil)
				if strings.HasSuffix(p.Flow.Prompt().Screen, "-confirm") {
					p.Answer(screen+"-confirm", "yes", nil)
				}
				p.At("finish")
				after := p.Flow.State()
				if !after.ClientToken.At.Equal(before.ClientToken.At) || after.Key.Fingerprint != before.Key.Fingerprint ||
					after.KeyID.ID != before.KeyID.ID || after.TokenLabel != before.TokenLabel || after.Previous != nil || oldOnes(p) != 0 {
					t.Errorf("before %s\nafter  %s", asJSON(before), asJSON(after))
				}
				p.Relaunch(id)
				p.At("finish")
				if notes := stepstest.Notes(p.Flow.Prompt()); strings.Contains(notes, "warning") {
					t.Errorf("after a restart: %s", notes)
				}
			})
		}
	}
}

func TestOldThatIsGoneIsNotBroughtBack(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	p.Answer("finish", "token", nil)
	p.Token = newToken(t)
	p.WalkTo("check")
	delete(p.World.Secrets.Values, stepstest.Key(record.Keyring, id, record.Old(record.ClientTokenName)))
	p.Answer("check", "old", nil)
	if err := p.Try("yes", nil); err == nil || err.Error() != "the old client token is no longer there" {
		t.Errorf("got %v", err)
	}
	p.At("check")
	if !stored(p, id, record.ClientTokenName).Equal(p.Token) {
		t.Error("the new token is lost too")
	}
}

func TestSecondReplacementAsksFirst(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	p.Answer("finish", "token", nil)
	p.Token = newToken(t)
	p.WalkTo("check")
	p.Answer("check", "later", nil)
	p.WalkTo("finish")
	p.Said("The old client token is kept until the new one is checked.")
	p.Answer("finish", "key", nil)
	p.Answer("finish-confirm", "yes", nil)
	p.At("key")
	if got := p.Flow.State().Previous; got.What != "key" || oldOnes(p) != 1 {
		t.Errorf("%d old secrets are kept, for %s", oldOnes(p), got.What)
	}
}

// TestReplacingSurvivesACrash before each change to what is stored, on the way
// to a new token and back to the old.
func TestReplacingSurvivesACrash(t *testing.T) {
	for _, way := range []string{"new", "old"} {
		for crash := range 12 {
			p := newPerson(t).WalkTo("finish")
			old := p.Token
			p.Token = newToken(t)
			count := 0
			broken := errors.New("the power failed")
			p.World.Secrets.Fail = func(call string) error {
				if strings.HasPrefix(call, "save") || strings.HasPrefix(call, "delete") {
					if count++; count > crash {
						p.World.Progress.SaveErr = broken
						return broken
					}
				}
				return nil
			}
			replaceToken(p, way)
			p.World.Secrets.Fail, p.World.Progress.SaveErr = nil, nil
			p.Relaunch(id)
			credentials, err := steps.LoadCredentials(t.Context(), p.World.Secrets, p.Flow.State())
			if err != nil && p.Flow.State().Previous == nil {
				t.Fatalf("%s, crash %d: nothing is left: %v", way, crash, err)
			}
			if err == nil && !credentials.ClientToken.Equal(old) && !credentials.ClientToken.Equal(p.Token) {
				t.Errorf("%s, crash %d: another token", way, crash)
			}
			p.WalkTo("finish")
			if !steps.Complete(p.Flow.State()) {
				t.Errorf("%s, crash %d: stands at %s", way, crash, p.Flow.Prompt().Step)
			}
		}
	}
}

// replaceToken goes as far as the world lets it.
func replaceToken(p *stepstest.Person, way string) {
	for _, a := range []struct {
		screen, action string
		values         stepstest.Values
	}{
		{"finish", "token", nil},
		{"token", "", nil},
		{"save", "", stepstest.Values{record.ClientTokenName: p.Token.Reveal(), record.OrganizationTokenName: keystest.OrganizationID}},
		{"check", map[string]string{"new": "check", "old": "old"}[way], nil},
		{"check-confirm", "yes", nil},
	} {
		if p.Flow.Prompt().Screen == a.screen && p.Try(a.action, a.values) != nil {
			return
		}
	}
}
