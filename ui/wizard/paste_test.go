package wizard

import (
	"strings"
	"testing"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// otherUUID is neither the organization's ID nor the key's.
const otherUUID = "7d3c9a52-1d2f-4f0e-8a5e-2a1c3b4d5e6f"

// TestPastesIntoSave pastes what people paste at the step that takes both tokens,
// in any form and order, and into the wrong field.
func TestPastesIntoSave(t *testing.T) {
	token, organization := clientToken(t).Reveal(), keystest.OrganizationID
	quoted := `"` + token + `"`
	lines := token[:64] + "\r\n" + token[64:128] + "\r\n" + token[128:]
	for name, pastes := range map[string][]string{
		"one after the other":       {token, organization},
		"with line ends":            {token + "\n", organization + "\r\n"},
		"the other way round":       {organization, token},
		"both at once":              {token + "\n" + organization},
		"both at once, turned":      {organization + "\r\n" + token + "\r\n"},
		"both on one line":          {token + " " + organization},
		"in quotes":                 {quoted, "'" + organization + "'"},
		"broken into lines":         {lines, organization},
		"in pieces, as tmux pastes": {token[:300], token[300:], organization},
		"twice":                     {token, token, organization},
		"capital letters":           {token, strings.ToUpper(organization)},
	} {
		t.Run(name, func(t *testing.T) {
			d := launch(t).walk("save")
			for _, text := range pastes {
				d.paste(text)
			}
			if name == "twice" { // the second went into the next field, where it is seen to be wrong
				d.press("ctrl+u").paste(organization)
			}
			d.says("✓ client token for Sunrise Clinic, sandbox, expires in 365 days", "✓ organization ID")
			if got := d.focused(); got != "organization-token" {
				t.Errorf("the focus is at %s", got)
			}
			if part := leaks(d.text(), token); part != "" {
				t.Errorf("the screen shows %q of the token", part)
			}
			d.press("enter").at("key").says("Saved and read back.")
			id := d.m.flow.State().ID()
			for name, want := range map[string]string{record.ClientTokenName: token, record.OrganizationTokenName: organization} {
				if got := d.world.Secrets.Values[stepstest.Key(record.Keyring, id, name)]; got.Reveal() != want {
					t.Errorf("%s: saved %d bytes of %d", name, got.Len(), len(want))
				}
			}
		})
	}
}

// TestPasteSaysWhereItWent pastes into the wrong field.
func TestPasteSaysWhereItWent(t *testing.T) {
	d := launch(t).walk("save").paste(keystest.OrganizationID)
	d.says("That belongs in “Organization Token”, so it was put there.")
	if got := d.focused(); got != "client-token" {
		t.Errorf("the focus is at %s", got)
	}
	if got := d.value("organization-token"); got != keystest.OrganizationID {
		t.Errorf("the organization's field holds %q", got)
	}
}

// TestWrongPastes pastes what is no token: it stays in the field, is told for
// what it is, and can be taken away with one key.
func TestWrongPastes(t *testing.T) {
	token := clientToken(t).Reveal()
	for _, c := range []struct{ name, text, says string }{
		{"a label", "HealthEndeavors sandbox", "✗ "},
		{"cut short", token[:len(token)-40], "✗ "},
		{"a key", publicKey, "✗ "},
		{"production", keystest.Token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api"}).Reveal(), "This token is for production, and this onboarding is for sandbox."},
	} {
		d := launch(t).walk("save").paste(c.text)
		d.says(c.says).press("enter").at("save")
		if got := d.focused(); got != "client-token" {
			t.Errorf("%s: the focus is at %s", c.name, got)
		}
		if got := d.value("client-token"); got != c.text {
			t.Errorf("%s: the field holds %d of %d characters", c.name, len(got), len(c.text))
		}
		d.press("ctrl+u").paste(token).says("✓ client token for Sunrise Clinic")
	}
}

// TestFaultKeepsTheRest blames one field and keeps the other.
func TestFaultKeepsTheRest(t *testing.T) {
	d := launch(t).walk("save").paste(clientToken(t).Reveal()).paste(otherUUID).press("enter").at("save")
	d.says("✗ This is organization " + otherUUID)
	if d.focused() != "organization-token" || d.value("client-token") != clientToken(t).Reveal() {
		t.Errorf("the focus is at %s", d.focused())
	}
	d.press("ctrl+u").paste(keystest.OrganizationID).press("enter").at("key")
}

// TestTokenThroughUnbracketedTerminal types a token as a terminal does that knows
// no pastes: key by key, with an Enter for each line break in it.
func TestTokenThroughUnbracketedTerminal(t *testing.T) {
	token := clientToken(t).Reveal()
	d := launch(t).walk("save")
	d.write(token[:200] + "\n" + token[200:500] + "\n" + token[500:] + "\n")
	d.at("save").says("✓ client token for Sunrise Clinic")
	if got := d.value("client-token"); got != token {
		t.Fatalf("%d of %d characters", len(got), len(token))
	}
	d.write(keystest.OrganizationID + "\n").at("key")
}

// TestImport takes a pair as pasted text, in the forms in which terminals hand it
// over, and as files.
func TestImport(t *testing.T) {
	pair := keystest.Pair(t)
	private, public := pair.Private().Reveal(), pair.Public().PEM()
	for name, enter := range map[string]func(d *desk){
		"pasted":         func(d *desk) { d.paste(private) },
		"with CRLF":      func(d *desk) { d.paste(strings.ReplaceAll(private, "\n", "\r\n")) },
		"in pieces":      func(d *desk) { d.paste(private[:1000]).paste(private[1000:]) },
		"typed":          func(d *desk) { d.write(private) },
		"both pasted":    func(d *desk) { d.paste(private).paste(public) },
		"files":          func(d *desk) { d.write("~/private.pem").press("enter").write("~/public.pem") },
		"quoted path":    func(d *desk) { d.paste("'~/private.pem'\n") },
		"public by CRLF": func(d *desk) { d.paste(private).paste(strings.ReplaceAll(public, "\n", "\r\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			d := launch(t).walk("key").press("i").at("import")
			d.world.Files.Contents["~/private.pem"], d.world.Files.Contents["~/public.pem"] = private, public
			enter(d)
			d.silent("PRIVATE KEY-----")
			d.press("enter").at("add").says("Key pair imported.")
			if got := d.m.flow.State().Key; got.Fingerprint != pair.Public().Fingerprint() || !got.Imported {
				t.Errorf("imported %s", got.Fingerprint)
			}
		})
	}
}

// TestImportOfAnotherPublicKey refuses two halves that do not belong together.
func TestImportOfAnotherPublicKey(t *testing.T) {
	d := launch(t).walk("key").press("i").paste(keystest.Pair(t).Private().Reveal()).paste(publicKey)
	d.press("enter").at("import").says("✗", "not a pair")
	if d.m.flow.State().Key != nil {
		t.Error("a key was saved")
	}
}

// TestSecretInAnOpenField pastes tokens and keys into fields that are not masked:
// they are not shown there either.
func TestSecretInAnOpenField(t *testing.T) {
	token, private := clientToken(t).Reveal(), keystest.Pair(t).Private().Reveal()
	for _, secret := range []string{token, token[:200], private, strings.ReplaceAll(private, "\n", " ")} {
		for _, screen := range []string{"access", "id"} {
			d := launch(t).walk(screen).paste(secret).resize(size{200, 60})
			for _, text := range []string{d.text(), d.m.View().Content} {
				if part := leaks(text, strings.TrimPrefix(secret, "-----BEGIN ")); part != "" {
					t.Errorf("%s shows %q", screen, part)
				}
			}
			d.says("••••••••••••")
		}
	}
}

// TestPasteIntoText puts text where the cursor is, and takes line breaks out.
func TestPasteIntoText(t *testing.T) {
	d := launch(t).paste("Sunrise Clinic\r\n").press("shift+tab")
	if got := d.value("organization"); got != organization {
		t.Errorf("%q", got)
	}
	for d.focused() != "organization" {
		d.press("shift+tab")
	}
	d.press("home").paste("St. ")
	if got := d.value("organization"); got != "St. "+organization {
		t.Errorf("%q", got)
	}
}

// TestPasteOfNPI moves on where the number is right, and stays where it is not.
func TestPasteOfNPI(t *testing.T) {
	for text, focus := range map[string]string{stepstest.NPI + "\n": "environment", " " + stepstest.NPI + " ": "environment", "1234567890": "npi", "NPI 1234567893": "npi"} {
		d := launch(t).write(organization).press("enter").paste(text)
		if got := d.focused(); got != focus {
			t.Errorf("%q: the focus is at %s, want %s", text, got, focus)
		}
	}
}

// TestPassphrasePastedTwice pastes the same into both fields, as people do who
// keep it in a password manager.
func TestPassphrasePastedTwice(t *testing.T) {
	d := at("", steps.Token, closed("vault", nil), nil).show(t)
	d.paste(stepstest.Passphrase).says("✓ strong enough").paste(stepstest.Passphrase)
	if d.value("passphrase") != stepstest.Passphrase || d.value("again") != stepstest.Passphrase {
		t.Fatalf("%q and %q", d.value("passphrase"), d.value("again"))
	}
	d.press("enter").at("token").says("The vault works")
}
