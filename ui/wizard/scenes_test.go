package wizard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// scene is a screen that a person can be at, and how to come to it.
type scene struct {
	name  string
	sizes []size // in which its text is kept, where it has a layout of its own
	show  func(testing.TB, ...func(*Options)) *desk
}

// stage is what the last effect came to: the facts, and its error.
type stage struct {
	steps.Facts
	err error
}

// at is a scene at the screen that comes next where a step is open, after a
// change to the facts and some keys. Both may be nil.
func at(name string, id steps.ID, change func(*stage), then func(*desk)) scene {
	return scene{name: name, show: func(t testing.TB, o ...func(*Options)) *desk {
		t.Helper()
		s := stage{Facts: factsAt(t, id)}
		if change != nil {
			change(&s)
		}
		d := showing(t, s.Facts, s.err, o...)
		if then != nil {
			then(d)
		}
		return d
	}}
}

// inEverySize and inTwoSizes mark a scene whose text is kept.
func inEverySize(s scene) scene { s.sizes = everySize; return s }
func inTwoSizes(s scene) scene  { s.sizes = twoSizes; return s }

func presses(names ...string) func(*desk) { return func(d *desk) { d.press(names...) } }

func pastes(text string) func(*desk) { return func(d *desk) { d.paste(text) } }

// closed takes the place for secrets away.
func closed(store record.Backend, err error) func(*stage) {
	return func(s *stage) {
		s.Session.Ready, s.Session.Backend = false, ""
		s.Session.Store, s.Session.StorageErr = store, err
	}
}

func notice(kind steps.NoteKind, text, hint string) func(*stage) {
	return func(s *stage) { s.Session.Notices = []steps.Note{{Kind: kind, Text: text, Hint: hint}} }
}

func failure(text, hint string) func(*stage) {
	return func(s *stage) { s.err = record.WithHint(errors.New(text), hint) }
}

// scenes are all screens of the wizard, with their variants.
func scenes() []scene {
	return slices.Concat(accessScenes(), storageScenes(), tokenScenes(), saveScenes(), keyScenes(), checkScenes(), sealScenes(), finishScenes(), homeScenes())
}

// filled answers the first screen, but for its last Enter.
func filled(d *desk) { d.write(organization).press("enter").write(stepstest.NPI).press("enter") }

func accessScenes() []scene {
	return []scene{
		inEverySize(at("access", steps.Access, nil, nil)),
		inTwoSizes(at("access filled", steps.Access, nil, filled)),
		inTwoSizes(at("access fault", steps.Access, nil, func(d *desk) { d.write(organization).press("enter").write("1234567890").press("enter") })),
		at("access empty", steps.Access, nil, presses("enter")),
		inTwoSizes(at("access wide name", steps.Access, nil, pastes("医療法人サンライズ・クリニック中央病院 Zürich, Zentrum für Familienmedizin"))),
		inEverySize(at("access help", steps.Access, nil, presses("f1"))),
		inEverySize(at("access busy", steps.Access, nil, func(d *desk) { filled(d); d.hold().press("enter") })),
		at("access again", steps.Token, nil, presses("esc")),
		at("open", steps.Token, func(s *stage) {
			s.Session.Open = ""
			s.err = record.WithHint(errors.New("this onboarding is open in another window (process 4711, since 15:02)"), "Close it there, then try again.")
		}, nil),
	}
}

func storageScenes() []scene {
	return []scene{
		inEverySize(at("storage none", steps.Token, closed("auto",
			record.WithHint(errors.New("nothing on this computer keeps secrets"), "Install gnome-keyring or KeePassXC, or use the vault.")), nil)),
		at("storage keyring only", steps.Token, closed("keyring", record.WithHint(errors.New("the keyring is locked"), "Unlock it.")), nil),
		at("storage vault", steps.Token, closed("vault", nil), nil),
		inTwoSizes(at("storage vault weak", steps.Token, closed("vault", nil), func(d *desk) { d.write("sunrise1").press("enter") })),
		at("storage vault differs", steps.Token, closed("vault", nil), func(d *desk) {
			d.paste(stepstest.Passphrase).write("else").press("enter")
		}),
		at("storage vault unlock", steps.Key, func(s *stage) {
			closed("auto", nil)(s)
			s.State.Storage, s.Session.VaultExists = &record.Storage{Kind: record.Vault}, true
		}, nil),
		at("storage vault wrong", steps.Key, func(s *stage) {
			closed("auto", nil)(s)
			s.State.Storage, s.Session.VaultExists = &record.Storage{Kind: record.Vault}, true
			s.err = record.WithHint(record.ErrWrongPassphrase, "Type it again; capital letters count.")
		}, nil),
	}
}

func tokenScenes() []scene {
	return []scene{
		inEverySize(at("token", steps.Token, notice(steps.NoteOK, "The keyring works: a test value was written, read back and deleted.", ""), nil)),
		inTwoSizes(at("token copied", steps.Token, nil, presses("c"))),
		at("token again", steps.Token, nil, presses("n")),
		at("token lost", steps.Key, nil, presses("esc", "alt+l")),
		at("token label", steps.Token, nil, presses("e")),
		at("token label long", steps.Token, nil, func(d *desk) { d.press("e").write(" and more").press("enter") }),
	}
}

func saveScenes() []scene {
	const tokenID = "7d3c9a52-1d2f-4f0e-8a5e-2a1c3b4d5e6f"
	return []scene{
		at("save", steps.Save, nil, nil),
		inEverySize(at("save both", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal() + "\n" + keystest.OrganizationID + "\n") })),
		inTwoSizes(at("save cut", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal()[:300]) })),
		at("save label", steps.Save, nil, pastes("HealthEndeavors sandbox")),
		at("save other organization", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal()).paste(tokenID).press("enter") }),
		inTwoSizes(at("save unsaved", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal()).press("ctrl+c") })),
		inTwoSizes(at("save failed", steps.Save, failure("the keyring did not answer in time", "Look for a window that asks for its password."), nil)),
		at("save again", steps.Key, nil, presses("esc")),
		at("save half", steps.Key, func(s *stage) { s.State.OrganizationToken = nil }, nil),
	}
}

func keyScenes() []scene {
	return []scene{
		at("key", steps.Key, notice(steps.NoteOK, "Saved and read back. Client token for Sunrise Clinic, sandbox, expires in 365 days (Nov 23, 2027).",
			"You can leave that page now: click *Go To Dashboard*."), nil),
		at("key busy", steps.Key, nil, func(d *desk) { d.hold().press("enter") }),
		at("key kept", steps.Add, nil, presses("esc")),
		inEverySize(at("key confirm", steps.Add, nil, presses("esc", "m"))),
		at("key import", steps.Key, nil, presses("i")),
		inTwoSizes(at("key import fault", steps.Key, nil, func(d *desk) { d.press("i").paste(publicKey).press("enter", "enter") })),
		inEverySize(at("add", steps.Add, nil, nil)),
		at("add copied", steps.Add, nil, presses("p", "s")),
		at("add refused", steps.Add, nil, presses("r")),
		at("add files", steps.Add, nil, presses("f")),
		at("id", steps.KeyID, nil, nil),
		at("id organization", steps.KeyID, nil, func(d *desk) { d.paste(keystest.OrganizationID).press("enter") }),
		at("id pasted", steps.KeyID, nil, pastes(stepstest.KeyID)),
	}
}

// reported puts a report of the live check that failed into the facts.
func reported(r check.Report) func(*stage) {
	return func(s *stage) { s.State = s.State.WithCheck(r) }
}

// checks asks DPC, which answers with a report.
func checks(r check.Report) func(*desk) {
	return func(d *desk) {
		d.world.Checker.Reports = []check.Report{r}
		d.saveItems().press("enter")
	}
}

func checkScenes() []scene {
	unknownID := stepstest.Failed(check.Line{ID: check.Accept, Cause: check.CauseKeyIDUnknown, Fix: check.FixKeyID, HTTPStatus: 401, Took: 214 * time.Millisecond})
	offline := stepstest.Failed(check.Line{ID: check.Accept, Cause: check.CauseOffline, Fix: check.FixAgain, Detail: "connection refused"})
	expiring := stepstest.Passed()
	expiring.Lines = append(expiring.Lines, check.Line{
		ID: check.Expiry, Status: check.Noted, Cause: check.CauseTokenExpiring, Expires: day(20), DaysLeft: 20,
	})
	return []scene{
		at("check", steps.Check, nil, nil),
		at("check production", steps.Check, func(s *stage) {
			s.State.Environment, s.State.ClientToken.Environment = record.Production, record.Production
			s.Session.Open = s.State.ID()
		}, nil),
		inEverySize(at("check running", steps.Check, nil, func(d *desk) {
			d.hold().press("enter")
			d.report(steps.Event{Line: &check.Line{ID: check.Reach, Status: check.Passed, Took: 31 * time.Millisecond}})
			d.report(steps.Event{Line: &check.Line{ID: check.Accept, Status: check.Running}})
		})),
		inEverySize(at("check failed", steps.Send, reported(unknownID), nil)),
		at("check offline", steps.Send, reported(offline), nil),
		inEverySize(at("check passed", steps.Check, itemized, checks(stepstest.Passed()))),
		inTwoSizes(at("check expiring", steps.Check, itemized, checks(expiring))),
	}
}

// packed is a package that was sealed in this run.
func packed(s *stage) {
	s.State.Sealed = sealed(s.State)
	s.Session.Passphrase = keys.NewSecret(stepstest.Passphrase)
}

// itemSecrets are those among the six items: they can be told from any other text.
var itemSecrets = map[string]keys.Secret{
	record.ClientTokenName:       keys.NewSecret(theClientToken),
	record.OrganizationTokenName: keys.NewSecret(keystest.OrganizationID),
	record.PrivateKeyName:        keys.NewSecret(thePrivateKey),
}

// itemized makes the facts speak of those secrets.
func itemized(s *stage) {
	token, organization, key := *s.State.ClientToken, *s.State.OrganizationToken, *s.State.Key
	token.Digest = itemSecrets[record.ClientTokenName].Digest()
	organization.Digest = itemSecrets[record.OrganizationTokenName].Digest()
	key.Digest = itemSecrets[record.PrivateKeyName].Digest()
	s.State.ClientToken, s.State.OrganizationToken, s.State.Key = &token, &organization, &key
	if s.State.Check != nil {
		s.State = s.State.WithCheck(s.State.Check.Report)
	}
}

// saveItems puts those secrets where the facts say that they are.
func (d *desk) saveItems() *desk {
	for name, secret := range itemSecrets {
		if err := d.world.Secrets.Save(context.Background(), d.m.flow.State().ID(), name, secret); err != nil {
			d.t.Fatal(err)
		}
	}
	return d
}

// packedItems is a package of those secrets.
func packedItems(s *stage) { itemized(s); packed(s) }

func showsItems(d *desk) { d.saveItems().press("i") }

// sealsFor answers how the package is to be sealed, where that only leads on.
func sealsFor(format record.Format, protect record.Protection) func(*desk) {
	return func(d *desk) {
		flow, effect, err := d.m.flow.Answer(steps.Answer{Values: map[string]keys.Secret{
			"format": keys.NewSecret(string(format)), "protect": keys.NewSecret(string(protect)), "folder": keys.NewSecret("/tmp"),
		}})
		if err != nil || effect.Title != "" {
			d.t.Fatalf("%q, %v", effect.Title, err)
		}
		d.m.follow(flow)
		d.m.card.Show(flow.Prompt())
	}
}

// Secrets of the items screen.
const (
	theClientToken = "the-client-token-that-nobody-may-see"
	thePrivateKey  = "the-private-key-that-nobody-may-see"
)

func sealScenes() []scene {
	host := &record.UnknownHost{Host: "files.example.com:22", KeyType: "ssh-ed25519", Fingerprint: "SHA256:uNiVztksCsDhcc0u9e8BrQXVUpKZIDTMczCvj3tD2s"}
	return []scene{
		inEverySize(at("seal", steps.Send, nil, nil)),
		at("seal busy", steps.Send, nil, func(d *desk) { d.hold().press("enter") }),
		at("seal passphrase", steps.Send, nil, sealsFor("age", record.OwnPassphrase)),
		at("seal recipient", steps.Send, nil, sealsFor("age", record.PublicKey)),
		at("seal recipient known", steps.Send, nil, func(d *desk) {
			sealsFor("pgp", record.PublicKey)(d)
			d.write("~/vendor.asc").press("enter")
		}),
		inEverySize(at("deliver", steps.Send, packed, nil)),
		at("deliver later", steps.Send, func(s *stage) { packed(s); s.Session.Passphrase = keys.Secret{} }, nil),
		at("sftp", steps.Send, packed, presses("s")),
		inTwoSizes(at("sftp busy", steps.Send, packed, func(d *desk) {
			d.press("s").write("sftp://sunrise@files.example.com/in/").press("enter", "tab").hold().press("enter")
			d.report(steps.Event{Done: 3000, Total: 7342})
		})),
		at("host", steps.Send, packed, func(d *desk) {
			d.world.Packages.Unknown = host
			d.press("s").write("sftp://sunrise@files.example.com/in/").press("enter", "enter", "enter")
		}),
		inEverySize(at("items", steps.Send, packedItems, showsItems)),
		at("items copied", steps.Send, packedItems, func(d *desk) { showsItems(d); d.hold().press("1", "6") }),
		at("request", steps.Send, packed, presses("r")),
	}
}

// finished is an onboarding with all steps done.
func finished(s *stage) { packed(s); s.State.Sent = sent(s.State.Sealed.SHA256) }

func finishScenes() []scene {
	return []scene{
		inEverySize(at("finish", steps.Send, finished, nil)),
		at("finish remove", steps.Send, finished, presses("d")),
		at("finish removed", steps.Send, finished, presses("i")),
		at("finish production", steps.Send, finished, presses("p")),
		at("finish undo", steps.Send, func(s *stage) { finished(s); s.State.Sent[0].How = "request" }, presses("u")),
		at("finish summary", steps.Send, finished, presses("w")),
		at("finish rotating", steps.Send, finished, func(d *desk) {
			for _, name := range record.SecretNames { // what a rotation keeps
				_ = d.world.Secrets.Save(context.Background(), d.m.flow.State().ID(), name, keys.NewSecret(name))
			}
			d.press("t")
		}),
		inTwoSizes(at("renew", steps.Send, finished, presses("r"))),
		at("renew left over", steps.Send, func(s *stage) {
			finished(s)
			s.State.Renewing = []record.RenewalFact{{What: record.TokenRotation, Label: "HealthEndeavors 2611-7QK", ID: stepstest.OtherKeyID}}
		}, presses("r")),
		inTwoSizes(at("renewed", steps.Send, func(s *stage) {
			itemized(s)
			s.State.Sealed = sealed(s.State)
			s.State.Sealed.Format = "html"
			s.State.Sent = sent(s.State.Sealed.SHA256)
		}, func(d *desk) { d.saveItems().press("r", "enter") })),
	}
}

// people is a list of onboardings, the n-th made up of n.
func people(n int) []record.State {
	list := make([]record.State, n)
	for i := range list {
		list[i] = record.State{
			Schema: record.Schema, Organization: fmt.Sprintf("Practice %d", i+1), NPI: fmt.Sprintf("%010d", 1000000000+i),
			Environment: record.Sandbox, CreatedAt: day(-9), AccessAt: day(-9), UpdatedAt: day(-i % 40),
			Storage: &record.Storage{Kind: record.Keyring, At: day(-9)},
		}
	}
	return list
}

// known is the list of the home scenes: every look that a line can have.
func known(t testing.TB) []record.State {
	list := people(4)
	for i, days := range []int{300, 20, 3, -4} {
		s := complete(t)
		s.Organization, s.NPI, s.UpdatedAt = list[i].Organization, list[i].NPI, day(-i)
		s.ClientToken.Expires = day(days)
		list[i] = s
	}
	list[0].Organization = "St. Mary's Family Medicine and Pediatrics of Greater Springfield"
	list[1] = upTo(list[1], steps.Check)
	return append(list, people(1)...)
}

// atHome is a scene at the home screen.
func atHome(name string, list func(testing.TB) ([]record.State, error), then func(*desk)) scene {
	return scene{name: "home " + name, show: func(t testing.TB, o ...func(*Options)) *desk {
		t.Helper()
		states, err := list(t)
		d := launch(t, append(o, func(o *Options) {
			o.Home = true
			o.Entries = func() ([]record.State, error) { return states, err }
			o.Forget = func(context.Context, record.State) error { return nil }
		})...)
		if then != nil {
			then(d)
		}
		return d
	}}
}

func homeScenes() []scene {
	some := func(t testing.TB) ([]record.State, error) { return known(t), nil }
	many := func(testing.TB) ([]record.State, error) { return people(5000), nil }
	broken := func(testing.TB) ([]record.State, error) {
		return nil, record.WithHint(errors.New("read the progress files: permission denied"), "Give this user the right to read them.")
	}
	return []scene{
		inEverySize(atHome("some", some, nil)),
		inTwoSizes(atHome("filtered", some, func(d *desk) { d.write("practice 3") })),
		inTwoSizes(atHome("no match", some, func(d *desk) { d.write("nobody") })),
		inTwoSizes(atHome("another", some, presses("down", "down", "down", "down", "down"))),
		inTwoSizes(atHome("forget", some, presses("ctrl+x"))),
		inTwoSizes(atHome("forgotten", some, presses("ctrl+x", "y"))),
		inTwoSizes(atHome("many", many, presses("pgdown", "pgdown", "down"))),
		inTwoSizes(atHome("broken", broken, nil)),
	}
}
