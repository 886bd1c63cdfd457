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
	"dpc-onboard/steps/stepstest"
)

// scene is a screen that a person can be at, and how to come to it.
type scene struct {
	name  string
	every bool // looked at in every size; the others, variants, in two
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

// inEverySize marks a scene.
func inEverySize(s scene) scene { s.every = true; return s }

func presses(names ...string) func(*desk) { return func(d *desk) { d.press(names...) } }

func pastes(text string) func(*desk) { return func(d *desk) { d.paste(text) } }

// closed takes the place for secrets away.
func closed(store string, err error) func(*stage) {
	return func(s *stage) {
		s.Session.Ready, s.Session.Place = false, ""
		s.Session.Store, s.Session.StorageErr = store, err
	}
}

func notice(kind steps.NoteKind, text, hint string) func(*stage) {
	return func(s *stage) { s.Session.Notices = []steps.Note{{Kind: kind, Text: text, Hint: hint}} }
}

func failure(text, hint string) func(*stage) {
	return func(s *stage) { s.err = steps.WithHint(errors.New(text), hint) }
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
		at("access filled", steps.Access, nil, filled),
		at("access fault", steps.Access, nil, func(d *desk) { d.write(organization).press("enter").write("1234567890").press("enter") }),
		at("access empty", steps.Access, nil, presses("enter")),
		at("access wide name", steps.Access, nil, pastes("医療法人サンライズ・クリニック中央病院 Zürich, Zentrum für Familienmedizin")),
		inEverySize(at("access help", steps.Access, nil, presses("f1"))),
		inEverySize(at("access busy", steps.Access, nil, func(d *desk) { filled(d); d.hold().press("enter") })),
		at("access again", steps.Token, nil, presses("esc")),
		at("open", steps.Token, func(s *stage) {
			s.Session.Open = ""
			s.err = steps.WithHint(errors.New("this onboarding is open in another window (process 4711, since 15:02)"), "Close it there, then try again.")
		}, nil),
	}
}

func storageScenes() []scene {
	return []scene{
		inEverySize(at("storage none", steps.Token, closed("auto",
			steps.WithHint(errors.New("nothing on this computer keeps secrets"), "Install gnome-keyring or KeePassXC, or use the vault.")), nil)),
		at("storage keyring only", steps.Token, closed("keyring", steps.WithHint(errors.New("the keyring is locked"), "Unlock it.")), nil),
		at("storage vault", steps.Token, closed("vault", nil), nil),
		at("storage vault weak", steps.Token, closed("vault", nil), func(d *desk) { d.write("sunrise1").press("enter") }),
		at("storage vault differs", steps.Token, closed("vault", nil), func(d *desk) {
			d.paste(stepstest.Passphrase).write("else").press("enter")
		}),
		at("storage vault unlock", steps.Key, func(s *stage) {
			closed("auto", nil)(s)
			s.State.Storage, s.Session.VaultExists = &steps.Storage{Kind: steps.Vault}, true
		}, nil),
		at("storage vault wrong", steps.Key, func(s *stage) {
			closed("auto", nil)(s)
			s.State.Storage, s.Session.VaultExists = &steps.Storage{Kind: steps.Vault}, true
			s.err = steps.WithHint(steps.ErrWrongPassphrase, "Type it again; capital letters count.")
		}, nil),
	}
}

func tokenScenes() []scene {
	return []scene{
		inEverySize(at("token", steps.Token, notice(steps.NoteOK, "The keyring works: a test value was written, read back and deleted.", ""), nil)),
		at("token copied", steps.Token, nil, presses("c")),
		at("token again", steps.Token, nil, presses("n")),
		at("token lost", steps.Key, nil, presses("esc", "alt+l")),
		at("token label", steps.Token, nil, presses("e")),
		at("token label long", steps.Token, nil, func(d *desk) { d.press("e").write(" and more").press("enter") }),
	}
}

func saveScenes() []scene {
	const tokenID = "7d3c9a52-1d2f-4f0e-8a5e-2a1c3b4d5e6f"
	return []scene{
		inEverySize(at("save", steps.Save, nil, nil)),
		inEverySize(at("save both", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal() + "\n" + keystest.OrganizationID + "\n") })),
		at("save cut", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal()[:300]) }),
		at("save label", steps.Save, nil, pastes("HealthEndeavors sandbox")),
		at("save other organization", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal()).paste(tokenID).press("enter") }),
		at("save unsaved", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal()).press("ctrl+c") }),
		at("save failed", steps.Save, failure("the keyring did not answer in time", "Look for a window that asks for its password."), nil),
		at("save again", steps.Key, nil, presses("esc")),
		at("save half", steps.Key, func(s *stage) { s.State.OrganizationToken = nil }, nil),
	}
}

func keyScenes() []scene {
	return []scene{
		inEverySize(at("key", steps.Key, notice(steps.NoteOK, "Saved and read back. Client token for Sunrise Clinic, sandbox, expires in 365 days (Nov 23, 2027).",
			"You can leave that page now: click *Go To Dashboard*."), nil)),
		at("key busy", steps.Key, nil, func(d *desk) { d.hold().press("enter") }),
		at("key kept", steps.Add, nil, presses("esc")),
		inEverySize(at("key confirm", steps.Add, nil, presses("esc", "m"))),
		at("key import", steps.Key, nil, presses("i")),
		at("key import fault", steps.Key, nil, func(d *desk) { d.press("i").paste(publicKey).press("enter", "enter") }),
		inEverySize(at("add", steps.Add, nil, nil)),
		at("add copied", steps.Add, nil, presses("p", "s")),
		at("add refused", steps.Add, nil, presses("r")),
		at("add files", steps.Add, nil, presses("f")),
		inEverySize(at("id", steps.KeyID, nil, nil)),
		at("id organization", steps.KeyID, nil, func(d *desk) { d.paste(keystest.OrganizationID).press("enter") }),
		at("id pasted", steps.KeyID, nil, pastes(stepstest.KeyID)),
	}
}

// reported puts a report of the live check into the facts, to be read.
func reported(r steps.CheckReport) func(*stage) {
	return func(s *stage) {
		r.TokenDigest, r.KeyID, r.Fingerprint = s.State.ClientToken.Digest, s.State.KeyID.ID, s.State.Key.Fingerprint
		s.State.Check, s.Session.ShowReport = &r, true
	}
}

func checkScenes() []scene {
	unknownID := stepstest.Failed(steps.CheckLine{ID: steps.CheckAccept, Cause: steps.CauseKeyIDUnknown, Mend: steps.MendKeyID, HTTPStatus: 401, Took: 214 * time.Millisecond})
	offline := stepstest.Failed(steps.CheckLine{ID: steps.CheckAccept, Cause: steps.CauseOffline, Mend: steps.MendAgain, Detail: "connection refused"})
	expiring := stepstest.Passed()
	expiring.Lines = append(expiring.Lines, steps.CheckLine{
		ID: steps.CheckExpiry, Status: steps.CheckNoted, Cause: steps.CauseTokenExpiring, Expires: day(20), DaysLeft: 20,
	})
	return []scene{
		inEverySize(at("check", steps.Check, nil, nil)),
		at("check production", steps.Check, func(s *stage) {
			s.State.Environment, s.State.ClientToken.Environment = steps.Production, steps.Production
			s.Session.Open = s.State.ID()
		}, nil),
		inEverySize(at("check running", steps.Check, nil, func(d *desk) {
			d.hold().press("enter")
			d.m.progress(steps.Event{Line: &steps.CheckLine{ID: steps.CheckReach, Status: steps.CheckPassed, Took: 31 * time.Millisecond}})
			d.m.progress(steps.Event{Line: &steps.CheckLine{ID: steps.CheckAccept, Status: steps.CheckRunning}})
		})),
		inEverySize(at("check failed", steps.Send, reported(unknownID), nil)),
		at("check offline", steps.Send, reported(offline), nil),
		inEverySize(at("check passed", steps.Send, reported(stepstest.Passed()), nil)),
		at("check expiring", steps.Send, reported(expiring), nil),
	}
}

// packed is a package that was sealed in this run.
func packed(s *stage) {
	s.State.Sealed = sealed(s.State)
	s.Session.Passphrase = keys.NewSecret(stepstest.Passphrase)
}

// items are the six of them, with secrets that can be told from any other text.
func items(s steps.State) *steps.Credentials {
	return &steps.Credentials{
		NPI: s.NPI, KeyID: s.KeyID.ID, PublicKey: publicKey,
		ClientToken: keys.NewSecret(theClientToken), OrganizationToken: keys.NewSecret(keystest.OrganizationID), PrivateKey: keys.NewSecret(thePrivateKey),
	}
}

// Secrets of the items screen.
const (
	theClientToken = "the-client-token-that-nobody-may-see"
	thePrivateKey  = "the-private-key-that-nobody-may-see"
)

func sealScenes() []scene {
	host := &steps.UnknownHost{Host: "files.example.com:22", KeyType: "ssh-ed25519", Fingerprint: "SHA256:uNiVztksCsDhcc0u9e8BrQXVUpKZIDTMczCvj3tD2s"}
	return []scene{
		inEverySize(at("seal", steps.Send, nil, nil)),
		at("seal busy", steps.Send, nil, func(d *desk) { d.hold().press("enter") }),
		at("seal passphrase", steps.Send, func(s *stage) { s.Session.Seal = steps.SealChoice{Format: "age", Protect: "own", Folder: "/tmp"} }, nil),
		at("seal recipient", steps.Send, func(s *stage) { s.Session.Seal = steps.SealChoice{Format: "age", Protect: "key", Folder: "/tmp"} }, nil),
		at("seal recipient known", steps.Send, func(s *stage) {
			s.Session.Seal = steps.SealChoice{Format: "pgp", Protect: "key", Folder: "/tmp", Recipient: "~/vendor.asc", Whose: "Health Endeavors <dpc@example.com>, 6A1F 09C3 77D2 4E15 B1A0"}
		}, nil),
		inEverySize(at("deliver", steps.Send, packed, nil)),
		at("deliver later", steps.Send, func(s *stage) { packed(s); s.Session.Passphrase = keys.Secret{} }, nil),
		at("sftp", steps.Send, func(s *stage) { packed(s); s.Session.Delivery = "sftp" }, nil),
		at("sftp busy", steps.Send, func(s *stage) { packed(s); s.Session.Delivery = "sftp" }, func(d *desk) {
			d.write("sftp://sunrise@files.example.com/in/").press("enter", "tab").hold().press("enter")
			d.m.progress(steps.Event{Done: 3000, Total: 7342})
		}),
		at("host", steps.Send, func(s *stage) { packed(s); s.Session.Delivery, s.Session.Host = "sftp", host }, nil),
		inEverySize(at("items", steps.Send, func(s *stage) { packed(s); s.Session.Items = items(s.State) }, nil)),
		at("items copied", steps.Send, func(s *stage) { packed(s); s.Session.Items = items(s.State) }, func(d *desk) { d.hold().press("1", "6") }),
		at("request", steps.Send, func(s *stage) { packed(s); s.Session.Delivery = "request" }, nil),
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
			for _, name := range steps.SecretNames { // what a rotation keeps
				_ = d.world.Secrets.Save(context.Background(), d.m.flow.State().ID(), name, keys.NewSecret(name))
			}
			d.press("t")
		}),
	}
}

// people is a list of onboardings, the n-th made up of n.
func people(n int) []steps.State {
	list := make([]steps.State, n)
	for i := range list {
		list[i] = steps.State{
			Schema: steps.Schema, Organization: fmt.Sprintf("Practice %d", i+1), NPI: fmt.Sprintf("%010d", 1000000000+i),
			Environment: steps.Sandbox, CreatedAt: day(-9), AccessAt: day(-9), UpdatedAt: day(-i % 40),
			Storage: &steps.Storage{Kind: steps.Keyring, At: day(-9)},
		}
	}
	return list
}

// known is the list of the home scenes: every look that a line can have.
func known(t testing.TB) []steps.State {
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
func atHome(name string, list func(testing.TB) ([]steps.State, error), then func(*desk)) scene {
	return scene{name: "home " + name, show: func(t testing.TB, o ...func(*Options)) *desk {
		t.Helper()
		states, err := list(t)
		d := launch(t, append(o, func(o *Options) {
			o.Home = true
			o.Entries = func() ([]steps.State, error) { return states, err }
			o.Forget = func(context.Context, steps.State) error { return nil }
		})...)
		if then != nil {
			then(d)
		}
		return d
	}}
}

func homeScenes() []scene {
	some := func(t testing.TB) ([]steps.State, error) { return known(t), nil }
	many := func(testing.TB) ([]steps.State, error) { return people(5000), nil }
	broken := func(testing.TB) ([]steps.State, error) {
		return nil, steps.WithHint(errors.New("read the progress files: permission denied"), "Give this user the right to read them.")
	}
	return []scene{
		inEverySize(atHome("some", some, nil)),
		atHome("filtered", some, func(d *desk) { d.write("practice 3") }),
		atHome("no match", some, func(d *desk) { d.write("nobody") }),
		atHome("another", some, presses("down", "down", "down", "down", "down")),
		atHome("forget", some, presses("ctrl+x")),
		atHome("forgotten", some, presses("ctrl+x", "y")),
		atHome("many", many, presses("pgdown", "pgdown", "down")),
		atHome("broken", broken, nil),
	}
}
