package steps_test

import (
	"fmt"
	"strings"
	"testing"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestEachRefusalHasOneCauseAndOneFix: what a person who quotes a portal then reads,
// for all that the two portals say against a public key.
func TestEachRefusalHasOneCauseAndOneFix(t *testing.T) {
	const (
		taken    = "another key of your organization has this label, or this very key is registered already"
		mismatch = "the signature snippet does not belong to the public key"
		notPEM   = "what is in the field for the public key is not one, or not whole"
		private  = "the private key was pasted"
		emptied  = "empty *Public Key* and *Signature Snippet*: the portal has filled them with the label"
	)
	for _, c := range []struct {
		environment        record.Environment
		said, cause, fix   string
		emptied, relabeled bool
	}{
		{record.Sandbox, "This public key is already in use. Choose a new public key.", taken, "copy all three again; the label is a new one", true, true},
		{record.Sandbox, "Public key could not be verified", mismatch, "copy both here again", true, false},
		{record.Sandbox, "Must have valid encoding", notPEM, "with its BEGIN and END lines", true, false},
		{record.Sandbox, "Must be a public key", private, "make a new key pair", false, false},
		{record.Production, "This public key is already in use. Choose a new public key.", taken, "copy all three again; the label is a new one", false, true},
		{record.Production, "Signature snippet doesn't match public key.", mismatch, "copy both here again", false, false},
		{record.Production, "Invalid signature snippet.", mismatch, "copy both here again", false, false},
		{record.Production, "Must be a valid public key.", notPEM, "with its BEGIN and END lines", false, false},
		{record.Production, "Invalid public key.", notPEM, "with its BEGIN and END lines", false, false},
		{record.Production, "Must be a public key (not a private key).", private, "make a new key pair", false, false},
		{record.Production, "Public key can't be blank.", "the field for the public key is empty", "Copy the public key into it", false, false},
		{record.Production, "Signature snippet can't be blank.", "the field for the snippet is empty", "Copy the signature snippet into it", false, false},
	} {
		p := newPerson(t)
		if c.environment == record.Production {
			p = atProduction(t)
		}
		p.WalkTo("add")
		label := p.Flow.State().Key.Label
		p.Answer("add", "refused", nil)
		listed := false
		for _, choice := range fieldOf(t, p.Flow.Prompt(), "said").Choices {
			listed = listed || strings.Contains(choice.Label, "“"+c.said+"”")
		}
		if !listed {
			t.Errorf("%s: %q is not to be chosen", c.environment, c.said)
		}
		p.Answer("refused", "", stepstest.Values{"pasted": "\n  " + strings.ToLower(c.said) + " \n"})
		p.At("add")
		p.Said(c.cause)
		p.Said(c.fix)
		if notes := stepstest.Notes(p.Flow.Prompt()); strings.Contains(notes, emptied) != c.emptied || strings.Count(notes, "[warning]") != 1 {
			t.Errorf("%s, %q: %s", c.environment, c.said, notes)
		}
		if got := p.Flow.State(); (got.Key.Label != label) != c.relabeled || got.KeyID != nil || got.Added != nil {
			t.Errorf("%s, %q: the label was %q and is %q; the key ID is %v", c.environment, c.said, label, got.Key.Label, got.KeyID)
		}
	}
}

// TestRefusedTwiceGetsTwoLabels, and none of them is the label of a new pair.
func TestRefusedTwiceGetsTwoLabels(t *testing.T) {
	p := newPerson(t).WalkTo("add")
	seen := map[string]bool{p.Flow.State().Key.Label: true}
	for range 5 {
		p.Answer("add", "refused", nil)
		p.Answer("refused", "", nil)
		label := p.Flow.Prompt().Copies[0].Value
		if seen[label] {
			t.Fatalf("%q was proposed before", label)
		}
		seen[label] = true
	}
}

// TestProductionNeedsAnAddress: neither is the step done before one is entered, nor
// is it asked for where a check of these credentials has passed.
func TestProductionNeedsAnAddress(t *testing.T) {
	p := atProduction(t).WalkTo("addresses")
	if got := p.Flow.State(); got.AddressesEntered() {
		t.Error("an address counts as entered")
	}
	id := p.Flow.State().ID()
	p.Relaunch(id)
	p.At("addresses")
	p.Answer("addresses", "", stepstest.Values{"addresses": "203.0.113.7, 198.51.100.1"})
	p.At("id")
	if got := strings.Join(p.World.Progress.States[id].Addresses.Addresses, " "); got != "203.0.113.7 198.51.100.1" {
		t.Errorf("noted are %q", got)
	}
	p.Back("addresses")
	if got := p.Flow.Prompt().Fields[0].Value; got != "203.0.113.7 198.51.100.1" {
		t.Errorf("filled in is %q", got)
	}
	p.WalkTo("finish")
	if rows := fmt.Sprint(p.Flow.Prompt().Rows); !strings.Contains(rows, "IP addresses 203.0.113.7, 198.51.100.1") {
		t.Errorf("the summary says %s", rows)
	}
	older := p.Flow.State() // one from before this was asked
	older.Addresses, older.PortalURL = nil, ""
	p = stepstest.NewPerson(t, p.World, older)
	p.At("finish")

	p = newPerson(t).WalkTo("finish") // sandbox has none
	if p.Flow.State().Addresses != nil {
		t.Error("sandbox was asked for addresses")
	}
}

// TestPortalAddressIsKept: what the e-mail says is what is opened from then on.
func TestPortalAddressIsKept(t *testing.T) {
	p := atProduction(t)
	if got := p.Flow.Prompt().URL; got != "https://dpc.cms.gov" {
		t.Errorf("it starts at %s", got)
	}
	const portal = "https://portal.example/dpc"
	p.Answer("portal", "", stepstest.Values{"portal": " " + portal + "\n"})
	for _, screen := range []string{"token", "add", "id"} {
		if got := p.WalkTo(screen).Flow.Prompt().URL; got != portal {
			t.Errorf("%s opens %s", screen, got)
		}
	}
	p.Relaunch(p.Flow.State().ID())
	if got := p.Flow.Prompt().URL; got != portal {
		t.Errorf("after a new start it opens %s", got)
	}
}
