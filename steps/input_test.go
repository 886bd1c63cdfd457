package steps_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestBadInputGetsASentence holds each kind of bad input to the words that the
// person reads, and makes sure that nothing entered before is lost by it.
func TestBadInputGetsASentence(t *testing.T) {
	token := keystest.Token(t, keystest.TokenSpec{Expires: stepstest.Start.AddDate(1, 0, 0)}).Reveal()
	production := keystest.Token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api", Expires: stepstest.Start.AddDate(1, 0, 0)}).Reveal()
	expired := keystest.Token(t, keystest.TokenSpec{Expires: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)}).Reveal()
	pem := keystest.Pair(t).Public().PEM()
	const otherOrganization = "11111111-2222-4333-8444-555555555555"
	const npiHint = "Type the 10 digits of the NPI that was used to register with DPC, and nothing else."
	const wholeHint = "Click into the portal's text field, select all of it (Ctrl+A), copy it and paste it again."
	const idHint = "Copy the Key ID from the portal's list of public keys."
	const orgHint = "Copy the organization's ID, which stands behind “ID:” on the start page."
	const portalHint = "Copy it from CMS's e-mail; it begins with https://."
	const longHint = "Copy the whole long text in the field “Your token”, on the page that says “Success!”."

	for _, c := range []struct {
		name, screen, action string
		values               stepstest.Values
		field, says, hint    string
	}{
		{"no organization", "access", "", stepstest.Values{"organization": " ", "npi": stepstest.NPI}, "organization", "the organization's name is missing", "Type the name that the practice is registered under with DPC."},
		{"endless organization", "access", "", stepstest.Values{"organization": strings.Repeat("x", 201), "npi": stepstest.NPI}, "organization", "this is too long for an organization's name", "Type the name that the practice is registered under with DPC."},
		{"organization with escape codes", "access", "", stepstest.Values{"organization": "Sun\x1b[2Jrise", "npi": stepstest.NPI}, "organization", "there is a sign in this name that can't be seen", "Type the name that the practice is registered under with DPC."},
		{"no NPI", "access", "", stepstest.Values{"organization": "A", "npi": ""}, "npi", "the NPI is missing", npiHint},
		{"wrong digit", "access", "", stepstest.Values{"organization": "A", "npi": "1234567894"}, "npi", "a digit of this NPI is wrong: its check digit does not fit", "Compare it with the NPI that was used to register with DPC; two digits may have changed places."},
		{"letters", "access", "", stepstest.Values{"organization": "A", "npi": "12345O7893"}, "npi", "an NPI has no letters", npiHint},
		{"spaces", "access", "", stepstest.Values{"organization": "A", "npi": "123 456 7893"}, "npi", "there are spaces or other signs in this NPI", npiHint},
		{"nine digits", "access", "", stepstest.Values{"organization": "A", "npi": "123456789"}, "npi", "an NPI has 10 digits, this one has 9", npiHint},
		{"unknown environment", "access", "", stepstest.Values{"organization": "A", "npi": stepstest.NPI, "environment": "test"}, "environment", "that is not one of the choices", "Choose one of those that are listed."},
		{"blank label", "token-label", "", stepstest.Values{"label": "  "}, "label", "the label is blank", "Take 1 to 25 characters that can be seen."},
		{"26 characters", "token-label", "", stepstest.Values{"label": strings.Repeat("é", 26)}, "label", "the label has 26 characters, the portal takes 25", "Take 1 to 25 characters that can be seen."},
		{"invisible sign", "token-label", "", stepstest.Values{"label": "a\u200bb"}, "label", "there is a sign in this label that can't be seen", "Take 1 to 25 characters that can be seen."},
		{"token ID", "save", "", save("8f1c2a60-8a9b-4b0e-9d53-0d1e6a7f2b11", keystest.OrganizationID), "client-token", "this is an ID, not a client token", "A token's ID, or the organization's, is not the token. Copy the whole long text in the field “Your token”, on the page that says “Success!”."},
		{"label for a token", "save", "", save("HealthEndeavors sandbox", keystest.OrganizationID), "client-token", "this is too short to be a client token; it looks like a name or a label", "The label only names the token. Copy the whole long text in the field “Your token”, on the page that says “Success!”."},
		{"cut short", "save", "", save(token[:len(token)/2], keystest.OrganizationID), "client-token", "the token is cut short", wholeHint},
		{"Token: before it", "save", "", save("Token: "+token, keystest.OrganizationID), "client-token", "there is a label in front of the token", "Copy the token alone, without the word before it."},
		{"other environment", "save", "", save(production, keystest.OrganizationID), "client-token", "this token is for production, and this onboarding is for sandbox", "Create a token for sandbox at https://sandbox.dpc.cms.gov/users/sign_in."},
		{"expired", "save", "", save(expired, keystest.OrganizationID), "client-token", "this token expired on October 1, 2026", "Create a new token in the portal. If it is a new one, this computer's clock is wrong: it says November 23, 2026."},
		{"PEM for a token", "save", "", save(pem, keystest.OrganizationID), "client-token", "this is a key or a certificate, not a client token", "The key comes later. Copy the whole long text in the field “Your token”, on the page that says “Success!”."},
		{"nothing", "save", "", save("", keystest.OrganizationID), "client-token", "the client token is missing", longHint},
		{"two values", "save", "", save(token+"\n"+keystest.OrganizationID, keystest.OrganizationID), "client-token", "two values were pasted at once", "Paste one value into each field."},
		{"no organization token", "save", "", save(token, ""), "organization-token", "the organization token is missing", orgHint},
		{"label for the organization", "save", "", save(token, "Sunrise"), "organization-token", "this is neither an organization ID nor a token", orgHint},
		{"other organization", "save", "", save(token, otherOrganization), "organization-token", "this is organization " + otherOrganization + ", but the client token is of organization " + keystest.OrganizationID, "Copy both from the same organization's page in the portal."},
		{"same token twice", "save", "", save(token, " "+token[:40]+"\n"+token[40:]), "organization-token", "this is the client token once more", orgHint},
		{"same token twice, in quotes", "save", "", save(token, "“"+token+"”"), "organization-token", "this is the client token once more", orgHint},
		{"organization token of production", "save", "", save(token, production), "organization-token", "this token is for production, and this onboarding is for sandbox", "Create a token for sandbox at https://sandbox.dpc.cms.gov/users/sign_in."},
		{"portal without https", "portal", "", stepstest.Values{"portal": "http://dpc.cms.gov"}, "portal", "this is not the address of a secure page", portalHint},
		{"portal that is none", "portal", "", stepstest.Values{"portal": "the e-mail"}, "portal", "this is not the address of a secure page", portalHint},
		{"no portal", "portal", "", stepstest.Values{"portal": " "}, "portal", "this is not the address of a secure page", portalHint},
		{"password in the portal's address", "portal", "", stepstest.Values{"portal": "https://me:secret@dpc.cms.gov"}, "portal", "this is not the address of a secure page", portalHint},
		{"another refusal", "refused", "", stepstest.Values{"pasted": "Internal Server Error"}, "pasted", "this is none of the portal's sentences", "Choose it from the list, or take “Something else”."},
		{"range of addresses", "addresses", "", stepstest.Values{"addresses": "203.0.113.0/24"}, "addresses", "the portal takes no ranges", "Enter each address by itself."},
		{"from to", "addresses", "", stepstest.Values{"addresses": "203.0.113.1-203.0.113.9"}, "addresses", "the portal takes no ranges", "Enter each address by itself."},
		{"IPv6", "addresses", "", stepstest.Values{"addresses": "2001:db8::1"}, "addresses", "\"2001:db8::1\" is not an IPv4 address", "It has four numbers with points between them, as 203.0.113.7."},
		{"name of a computer", "addresses", "", stepstest.Values{"addresses": "203.0.113.7, vendor.example"}, "addresses", "\"vendor.example\" is not an IPv4 address", "It has four numbers with points between them, as 203.0.113.7."},
		{"private address", "addresses", "", stepstest.Values{"addresses": "192.168.1.20"}, "addresses", "192.168.1.20 is not a public address", "DPC sees the address that your network has on the internet. Your IT support or your vendor knows it."},
		{"this computer", "addresses", "", stepstest.Values{"addresses": "127.0.0.1"}, "addresses", "127.0.0.1 is not a public address", "DPC sees the address that your network has on the internet. Your IT support or your vendor knows it."},
		{"nine addresses", "addresses", "", stepstest.Values{"addresses": strings.Repeat("203.0.113.7 ", 9)}, "addresses", "the portal takes 8 addresses at most", "Leave out those that don't call DPC."},
		{"no key ID", "id", "", stepstest.Values{"id": ""}, "id", "the public key ID is missing", idHint},
		{"organization's UUID", "id", "", stepstest.Values{"id": strings.ToUpper(keystest.OrganizationID)}, "id", "this is the organization's ID, not the key's", idHint},
		{"client token's ID", "id", "", stepstest.Values{"id": "0e1c9aee-0f2b-4b2e-9f5c-3c8f6a2b7d51"}, "id", "this is the client token's ID, not the key's", idHint},
		{"token for a key ID", "id", "", stepstest.Values{"id": token}, "id", "this is a client token, not a key ID", idHint},
		{"PEM for a key ID", "id", "", stepstest.Values{"id": pem}, "id", "this is a key, not its ID", idHint},
		{"fingerprint for a key ID", "id", "", stepstest.Values{"id": keystest.Pair(t).Public().Fingerprint()}, "id", "this is the key's fingerprint, not its ID", idHint},
		{"label for a key ID", "id", "", stepstest.Values{"id": "HealthEndeavors sandbox"}, "id", "a key ID has the form 01234567-89ab-cdef-0123-456789abcdef; this has not", idHint},
		{"no private key", "import", "", stepstest.Values{"private": " "}, "private", "the private key is missing", "Give the path of its PEM file, or paste its text."},
		{"public for private", "import", "", stepstest.Values{"private": pem}, "private", "this is a public key, and the private key belongs here", "Give the file that begins with BEGIN PRIVATE KEY."},
		{"page for a key", "seal", "", stepstest.Values{"format": "html", "protect": "key"}, "protect", "a web page can't be sealed to a public key", "Take a passphrase, or one of the other two ways to open it."},
		{"no folder", "seal", "", stepstest.Values{"folder": " "}, "folder", "the folder is missing", "Give the folder in which the sealed file is to be written."},
		{"two passphrases", "passphrase", "", stepstest.Values{"passphrase": stepstest.Passphrase, "again": "x"}, "again", "the two passphrases are not the same", "Type the same passphrase in both fields."},
		{"weak passphrase", "passphrase", "", stepstest.Values{"passphrase": "aaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaa"}, "passphrase", "the passphrase repeats itself, which adds no strength", "Take five or more words that have nothing to do with each other or with the practice."},
		{"no SFTP address", "sftp", "", stepstest.Values{"url": ""}, "url", "the address is missing", "Type it as sftp://user@host/folder/, as the vendor gave it to you."},
		{"web address", "sftp", "", stepstest.Values{"url": "https://vendor.example"}, "url", "the address does not begin with sftp://", "Write the address as sftp://user@host/folder/, or sftp://user@host:port/~/folder/ for a folder inside the home folder. FTP, FTPS and web addresses are something else."},
		{"password in the address", "sftp", "", stepstest.Values{"url": "sftp://me:secret@vendor.example/in/"}, "url", "the address holds a password", "Leave the password out of the address: it is asked for separately, and never recorded."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := at(t, c.screen)
			before := p.Flow.State()
			err := p.Try(c.action, c.values)
			field, ok := errors.AsType[*steps.FieldError](err)
			if !ok {
				t.Fatalf("got %v, want a fault of a field", err)
			}
			if field.Field != c.field || field.Error() != c.says || record.Hint(err) != c.hint {
				t.Errorf("got  %q %q %q\nwant %q %q %q", field.Field, field.Error(), record.Hint(err), c.field, c.says, c.hint)
			}
			p.At(c.screen)
			if !same(before, p.Flow.State()) {
				t.Error("something entered before has changed")
			}
		})
	}
}

// TestForgivingInput: what may stand around a value is removed.
func TestForgivingInput(t *testing.T) {
	p := at(t, "save")
	token := p.Token.Reveal()
	p.Answer("save", "", save(" \""+token[:70]+"\r\n  "+token[70:]+"\"\n", "\t"+strings.ToUpper(keystest.OrganizationID)+"\n"))
	got := p.World.Secrets.Values
	id := p.Flow.State().ID()
	if !got[stepstest.Key(record.Keyring, id, record.ClientTokenName)].Equal(p.Token) {
		t.Error("the token was not saved clean")
	}
	if got[stepstest.Key(record.Keyring, id, record.OrganizationTokenName)].Reveal() != keystest.OrganizationID {
		t.Error("the organization's ID was not saved in its canonical form")
	}
	p = stepstest.NewPerson(t, stepstest.New(t), record.State{})
	p.Answer("access", "", stepstest.Values{"organization": "  Sunrise \n Family  Practice ", "npi": " 1234567893\n"})
	if s := p.Flow.State(); s.Organization != "Sunrise Family Practice" || s.NPI != "1234567893" {
		t.Errorf("got %q, %q", s.Organization, s.NPI)
	}
}

func save(token, organization string) stepstest.Values {
	return stepstest.Values{record.ClientTokenName: token, record.OrganizationTokenName: organization}
}

// at brings a new person to a screen, by the default way and a detour.
func at(t testing.TB, screen string) *stepstest.Person {
	t.Helper()
	p := stepstest.NewPerson(t, stepstest.New(t), record.State{})
	switch screen {
	case "token-label":
		p.WalkTo("token").Answer("token", "label", nil)
	case "add-label":
		p.WalkTo("add").Answer("add", "label", nil)
	case "refused":
		p.WalkTo("add").Answer("add", "refused", nil)
	case "portal":
		p.Answer("access", "", stepstest.Values{"organization": stepstest.Organization, "npi": stepstest.NPI, "environment": "production"})
	case "addresses":
		p = atProduction(t).WalkTo("addresses")
	case "import":
		p.WalkTo("key").Answer("key", "import", nil)
	case "passphrase":
		p.WalkTo("seal").Answer("seal", "", stepstest.Values{"protect": "own"})
	case "recipient":
		p.WalkTo("seal").Answer("seal", "", stepstest.Values{"protect": "key"})
	case "sftp", "request", "items":
		p.WalkTo("deliver").Answer("deliver", screen, nil)
	case "renew":
		p.WalkTo("finish").Answer("finish", screen, nil)
	default:
		p.WalkTo(screen)
	}
	p.At(screen)
	return p
}

// atProduction sits a person down before production's portal.
func atProduction(t testing.TB) *stepstest.Person {
	t.Helper()
	p := at(t, "portal")
	p.Token = keystest.Token(t, keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api", Expires: stepstest.Start.AddDate(1, 0, 0)})
	return p
}

func same(a, b record.State) bool { return asJSON(a) == asJSON(b) }

// TestRecognizedInWords: what a field recognizes is said as one types.
func TestRecognizedInWords(t *testing.T) {
	token := keystest.Token(t, keystest.TokenSpec{Expires: stepstest.Start.AddDate(1, 0, 0)})
	for _, c := range []struct {
		screen, field string
		value         keys.Secret
		want          string
	}{
		{"access", "npi", keys.NewSecret(stepstest.NPI), "check digit is right"},
		{"token-label", "label", keys.NewSecret("Front desk"), "10 of 25 characters"},
		{"save", "client-token", token, "client token for Sunrise Family Practice, sandbox, expires in 364 days (November 23, 2027)"},
		{"save", "organization-token", keys.NewSecret(keystest.OrganizationID), "organization ID"},
		{"save", "organization-token", token, "organization token"},
		{"id", "id", keys.NewSecret(stepstest.KeyID), "key ID"},
		{"refused", "pasted", keys.NewSecret("  Error: This public key is already in use. Choose a new public key. "), "another key of your organization has this label, or this very key is registered already, perhaps elsewhere at DPC"},
		{"addresses", "addresses", keys.NewSecret("203.0.113.7, 198.51.100.1"), "2 addresses"},
		{"addresses", "addresses", keys.NewSecret("203.0.113.7"), "1 address"},
		{"import", "private", keystest.Pair(t).Private(), "RSA private key, 4096 bits"},
		{"import", "public", keys.NewSecret(keystest.Pair(t).Public().PEM()), "public key " + keystest.Pair(t).Public().Fingerprint()},
		{"import", "private", keys.NewSecret("~/key.pem"), ""},
		{"passphrase", "passphrase", keys.NewSecret(stepstest.Passphrase), "strong enough"},
		{"sftp", "url", keys.NewSecret("sftp://me@sftp.vendor.example:2222/in/"), "server sftp.vendor.example"},
		{"sftp", "password", keys.NewSecret("anything"), ""},
	} {
		field := fieldOf(t, at(t, c.screen).Flow.Prompt(), c.field)
		if got, err := field.Recognize(c.value); err != nil || got != c.want {
			t.Errorf("%s, %s: got %q, %v, want %q", c.screen, c.field, got, err, c.want)
		}
	}
}

func fieldOf(t testing.TB, p steps.Prompt, name string) steps.Field {
	t.Helper()
	for _, f := range p.Fields {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("%s has no field %q", p.Screen, name)
	return steps.Field{}
}

func values(plain stepstest.Values) map[string]keys.Secret {
	secret := map[string]keys.Secret{}
	for name, value := range plain {
		secret[name] = keys.NewSecret(value)
	}
	return secret
}

// TestNewTokenOfAnotherOrganization needs its organization token too.
func TestNewTokenOfAnotherOrganization(t *testing.T) {
	p := newPerson(t).WalkTo("check")
	p.Back("id")
	p.Back("add")
	p.Back("key")
	p.Back("save")
	const other = "11111111-2222-4333-8444-555555555555"
	token := keystest.Token(t, keystest.TokenSpec{OrganizationID: other, Expires: stepstest.Start.AddDate(1, 0, 0)}).Reveal()
	err := p.Try("", save(token, ""))
	if err == nil || err.Error() != "the new client token is another organization's, so its organization token is needed too" {
		t.Errorf("got %v", err)
	}
	p.Answer("save", "", save(token, other))
	p.At("check")
	checkBacked(t, p)
}

// TestSecretsInOpenFieldsAreRefused: what was taken for a path or a name goes into
// errors and into the progress file, so a secret gets no further than its field.
func TestSecretsInOpenFieldsAreRefused(t *testing.T) {
	token := keystest.Token(t, keystest.TokenSpec{Expires: stepstest.Start.AddDate(1, 0, 0)}).Reveal()
	private := keystest.Pair(t).Private().Reveal()
	ageKey := "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	age := stepstest.Values{"format": "age", "protect": "key", "folder": "/tmp"}
	for _, c := range []struct {
		field, screen string
		values        stepstest.Values
		to            func(*stepstest.Person)
	}{
		{"folder", "seal", stepstest.Values{"format": "age", "protect": "made"}, func(p *stepstest.Person) { p.WalkTo("seal") }},
		{"recipient", "recipient", stepstest.Values{}, func(p *stepstest.Person) { p.WalkTo("seal").Answer("seal", "", age) }},
		{"keyfile", "sftp", stepstest.Values{"url": "sftp://me@files.example/in/"}, func(p *stepstest.Person) { p.WalkTo("deliver").Answer("deliver", "sftp", nil) }},
	} {
		for _, secret := range []string{token, token[:len(token)-9], private, strings.ReplaceAll(private, "\n", " "), ageKey} {
			p := stepstest.NewPerson(t, stepstest.New(t), record.State{})
			c.to(p)
			p.At(c.screen)
			c.values[c.field] = secret
			err := p.Try("", c.values)
			fault, ok := errors.AsType[*steps.FieldError](err)
			if !ok || fault.Field != c.field || record.Hint(err) == "" {
				t.Errorf("%s takes %.20q…: %v", c.field, secret, err)
				continue
			}
			if strings.Contains(err.Error()+record.Hint(err), secret[len(secret)-20:]) {
				t.Errorf("%s repeats the secret: %v", c.field, err)
			}
		}
	}
}

func TestNamesThatBeginLikeATokenAreTaken(t *testing.T) {
	p := stepstest.NewPerson(t, stepstest.New(t), record.State{})
	if err := p.Try("", stepstest.Values{"organization": "Agency", "npi": stepstest.NPI}); err != nil {
		t.Error(err)
	}
}

// TestSavedTokenIsNoOrganizationToken: of two that are saved, the second alone is
// given anew.
func TestSavedTokenIsNoOrganizationToken(t *testing.T) {
	p := stepstest.NewPerson(t, stepstest.New(t), record.State{}).WalkTo("key")
	p.Back("save")
	before := *p.Flow.State().OrganizationToken
	err := p.Try("", save("", p.Token.Reveal()))
	if fault, ok := errors.AsType[*steps.FieldError](err); !ok || fault.Error() != "this is the client token once more" {
		t.Errorf("got %v", err)
	}
	if *p.Flow.State().OrganizationToken != before {
		t.Error("it was saved")
	}
}
