package steps_test

import (
	"strings"
	"testing"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestItemsOneByOne gives the six items in the guide's order, and shows none of
// the secrets.
func TestItemsOneByOne(t *testing.T) {
	p := at(t, "items")
	want := []string{"NPI", "Client Token", "Organization Token", "Public Key ID", "Public Key", "Private Key"}
	copies := p.Flow.Prompt().Copies
	if len(copies) != len(want) {
		t.Fatalf("got %d items", len(copies))
	}
	stored := p.World.Secrets.Values
	secrets := 0
	for i, c := range copies {
		if c.Label != want[i] {
			t.Errorf("item %d is %q, want %q", i+1, c.Label, want[i])
		}
		if secret := stored["keyring/"+id+"/"+c.Name]; !secret.IsZero() {
			secrets++
			if c.Value != "" || !c.Secret.Equal(secret) {
				t.Errorf("%s is shown, or not what is saved", c.Label)
			}
		}
	}
	if secrets != 3 {
		t.Errorf("%d of the items are secrets, want 3", secrets)
	}
	p.Answer("items", "", nil)
	p.At("deliver")
	if p.Flow.Detours() != 0 {
		t.Error("the items are still held")
	}
}

func TestHandOverTakenBack(t *testing.T) {
	p := at(t, "finish")
	if !steps.Complete(p.Flow.State()) {
		t.Fatal("not finished")
	}
	p.Answer("finish", "undo", nil)
	p.At("deliver")
	if steps.Complete(p.Flow.State()) || len(p.Flow.State().Sent) != 0 {
		t.Errorf("still handed over: %+v", p.Flow.State().Sent)
	}
}

// TestSummaryIsSaved writes what the screen says, and not the passphrase.
func TestSummaryIsSaved(t *testing.T) {
	p := at(t, "finish")
	passphrase := p.Flow.Session().Passphrase
	p.Answer("finish", "summary", nil)
	for path, text := range p.World.Files.Contents {
		if !strings.HasSuffix(path, "-summary.txt") {
			continue
		}
		for _, want := range []string{"Sunrise", stepstest.NPI, stepstest.KeyID, "Handed over: "} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in it:\n%s", want, text)
			}
		}
		if passphrase.IsZero() || strings.Contains(text, passphrase.Reveal()) {
			t.Error("there is no passphrase, or it is in the summary")
		}
		return
	}
	t.Error("nothing was written")
}

// TestSameCredentialsNeedNoNewHandOver: what was handed over once is with the
// receiver, whatever package held it; another token is not.
func TestSameCredentialsNeedNoNewHandOver(t *testing.T) {
	state := at(t, "finish").Flow.State()
	again := *state.Sealed
	again.SHA256, again.File = strings.Repeat("ab", 32), "/elsewhere.zip.age"
	state.Sealed = &again
	if !steps.Complete(state) {
		t.Error("another package of the same credentials undid the hand-over")
	}
	token, sealed := *state.ClientToken, again
	token.Digest, sealed.TokenDigest = "0123456789abcdef", "0123456789abcdef"
	report := *state.Check
	report.TokenDigest = token.Digest
	state.ClientToken, state.Sealed, state.Check = &token, &sealed, &report
	if steps.Complete(state) || steps.Next(state) != steps.Send {
		t.Errorf("a package with another token counts as handed over; next is %q", steps.Next(state))
	}
}

// TestNoLetterTrustsAServer: one key pressed by mistake must not.
func TestNoLetterTrustsAServer(t *testing.T) {
	p := at(t, "sftp")
	p.World.Packages.Unknown = &record.UnknownHost{Host: "h:22", KeyType: "ssh-ed25519", Fingerprint: "SHA256:abc"}
	p.Answer("sftp", "", stepstest.Values{"url": "sftp://user@h/in/"})
	p.At("host")
	actions := p.Flow.Prompt().Actions
	if actions[0].Name != "stop" || actions[1].Name != "trust" || actions[1].Key != "" {
		t.Errorf("got %+v", actions)
	}
}
