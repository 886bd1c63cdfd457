package steps_test

import (
	"strings"
	"testing"

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
	if p.Flow.Session().Items != nil {
		t.Error("the items are still held")
	}
}

func TestHandOverTakenBack(t *testing.T) {
	p := at(t, "finish")
	if !p.Flow.Finished() {
		t.Fatal("not finished")
	}
	p.Answer("finish", "undo", nil)
	p.At("deliver")
	if p.Flow.Finished() || len(p.Flow.State().Sent) != 0 {
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
