package wizard

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestLeaving asks once, and only where something would be lost.
func TestLeaving(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*desk)
		want tea.Msg // nil: the wizard goes on
	}{
		{"ctrl+c with nothing to lose", func(d *desk) { d.press("ctrl+c") }, tea.InterruptMsg{}},
		{"ctrl+d with nothing to lose", func(d *desk) { d.press("ctrl+d") }, tea.QuitMsg{}},
		{"ctrl+c with a token that is not saved", func(d *desk) { d.paste(d.token.Reveal()).press("ctrl+c") }, nil},
		{"ctrl+c twice", func(d *desk) { d.paste(d.token.Reveal()).press("ctrl+c", "ctrl+c") }, tea.InterruptMsg{}},
		{"ctrl+c, shift+tab, ctrl+c", func(d *desk) { d.paste(d.token.Reveal()).press("ctrl+c", "shift+tab", "ctrl+c") }, nil},
		{"ctrl+c, another key, ctrl+c", func(d *desk) { d.paste(d.token.Reveal()).press("ctrl+c", "tab", "ctrl+c") }, nil},
		{"ctrl+c, a paste, ctrl+c", func(d *desk) { d.paste(d.token.Reveal()).press("ctrl+c").paste(otherUUID).press("ctrl+c") }, nil},
		{"ctrl+d in a field with text", func(d *desk) { d.paste(d.token.Reveal()).press("shift+tab", "ctrl+d") }, nil},
		{"ctrl+c after it was saved", func(d *desk) {
			d.paste(d.token.Reveal()).paste(keystest.OrganizationID).press("enter", "ctrl+c")
		}, tea.InterruptMsg{}},
		{"ctrl+c while it is saved", func(d *desk) {
			d.paste(d.token.Reveal()).paste(keystest.OrganizationID).hold().press("enter").press("ctrl+c")
		}, nil},
		{"ctrl+c in a tiny window", func(d *desk) { d.resize(size{20, 5}).press("ctrl+c") }, tea.InterruptMsg{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := launch(t).walk("save")
			c.do(d)
			if d.quit != c.want {
				t.Errorf("ended by %T, want %T\n%s", d.quit, c.want, d.text())
			}
		})
	}
	d := launch(t).walk("save").paste(clientToken(t).Reveal()).press("ctrl+c").says("What you pasted is not saved yet.")
	d.press("tab").silent("What you pasted is not saved yet.")
}

// TestLeavingStopsTheEffect cancels what runs, so that the program can end.
func TestLeavingStopsTheEffect(t *testing.T) {
	d := launch(t)
	filled(d)
	d.hold().press("enter")
	calls := len(d.world.Secrets.Calls)
	d.m.cancel()
	d.release()
	if got := d.world.Secrets.Calls[calls:]; len(got) > 1 {
		t.Errorf("after the end the keyring was asked to %q", got)
	}
	if len(d.world.Secrets.Values) != 0 {
		t.Error("after the end something was saved")
	}
}

func TestSuspend(t *testing.T) {
	for _, screen := range []string{"access", "save", "check"} {
		d := launch(t).walk(screen).press("ctrl+z")
		if _, ok := d.quit.(tea.SuspendMsg); !ok {
			t.Errorf("%s: ctrl+z came to %T", screen, d.quit)
		}
	}
}

// TestEscapeWhileBusy gives up a save. What it comes to afterwards is ignored, and
// what was pasted is still there.
func TestEscapeWhileBusy(t *testing.T) {
	d := launch(t).walk("save").paste(clientToken(t).Reveal()).paste(keystest.OrganizationID)
	d.hold().press("enter").says("Saving and reading back…", "esc cancel")
	d.press("x", "enter", "tab").paste("lost?").says("Saving and reading back…") // nothing disturbs it
	d.press("esc").at("save").says("Stopped. Nothing was changed.").silent("Saving and reading back…")
	d.release().at("save").says("✓ client token for Sunrise Clinic") // the late result
	if d.m.flow.State().ClientToken != nil {
		t.Error("the late result was taken")
	}
	if got := d.value("client-token"); got != clientToken(t).Reveal() {
		t.Errorf("the token's field holds %d characters", len(got))
	}
	d.press("enter").at("key")
}

// TestStaleResults ignores results and progress of earlier attempts.
func TestStaleResults(t *testing.T) {
	d := launch(t).walk("check").hold().press("enter")
	old := d.m.attempt
	d.press("esc", "enter")
	d.send(resultMsg{steps.Result{Attempt: old, Facts: steps.Facts{}}})
	d.holding = false
	d.send(eventMsg{old, steps.Event{Line: &check.Line{ID: check.Key, Status: check.Failed}}})
	if d.m.flow.Busy() == "" || d.m.flow.State().ID() == "" {
		t.Error("a late message was taken")
	}
	d.at("check").silent("✗")
}

// TestFailedEffectKeepsTheForm shows why at the top of the card, in any window.
func TestFailedEffectKeepsTheForm(t *testing.T) {
	for _, s := range []size{{100, 40}, {80, 24}, {40, 16}} {
		d := launch(t).walk("save").resize(s)
		d.world.Secrets.Fail = func(call string) error {
			if call == "save client-token" {
				return record.WithKind(errors.New("the keyring is locked"), record.ErrStorage, "Unlock it.")
			}
			return nil
		}
		d.paste(clientToken(t).Reveal()).paste(keystest.OrganizationID).press("enter")
		d.at("save").says("✗ The keyring is locked. Unlock it.")
		if got := d.value("client-token"); got != clientToken(t).Reveal() {
			t.Errorf("%v: the token's field holds %d characters", s, len(got))
		}
		d.world.Secrets.Fail = nil
		d.press("enter").at("key").says("Saved and read back.")
	}
}

// TestReveal shows a masked value on request alone, and hides it by itself.
func TestReveal(t *testing.T) {
	keystest.Pair(t) // not inside: it belongs to all tests
	synctest.Test(t, func(t *testing.T) {
		token := clientToken(t).Reveal()
		d := launch(t).walk("save").paste(token).press("shift+tab")
		hidden := func(when string) {
			t.Helper()
			if part := leaks(d.words(), token); part != "" {
				t.Errorf("%s the screen shows %q", when, part)
			}
		}
		hidden("masked,")
		d.says("ctrl+r show", fmt.Sprint(len(token), " characters"))
		d.hold().press("ctrl+r")
		if leaks(d.words(), token) == "" {
			t.Error("ctrl+r shows nothing")
		}
		if why := d.m.broken(); why != "" {
			t.Error(why)
		}
		d.release()
		hidden("after some seconds")
		d.hold().press("ctrl+r", "ctrl+r")
		hidden("after ctrl+r again")
		d.press("ctrl+r", "tab")
		hidden("in another field")
		d.press("shift+tab")
		hidden("back in the field")
		d.release()
	})
}

// TestCopies marks what was copied, says no more than is known, and copies the
// value whole.
func TestCopies(t *testing.T) {
	var native []string
	d := launch(t, func(o *Options) { o.Copy = func(s string) error { native = append(native, s); return nil } }).walk("add")
	native, d.clipboard = nil, nil
	d.press("p").says("‹p› ✓ Public Key", "Public Key: sent to the clipboard.").silent("‹s› ✓", "copied")
	d.press("s").says("‹p› ✓", "‹s› ✓")
	k := d.m.flow.State().Key
	for name, got := range map[string][]string{"native": native, "terminal": d.clipboard} {
		if len(got) != 2 || got[0] != k.PublicKey || got[1] != k.Signature {
			t.Errorf("%s clipboard: %d values", name, len(got))
		}
	}
	d.press("enter", "esc").at("add").silent("‹p› ✓")
}

func TestCopyThatFails(t *testing.T) {
	d := launch(t, func(o *Options) { o.Copy = func(string) error { return errors.New("xclip: not found") } }).walk("add").press("p")
	d.says("‹p› ✓ Public Key", "write the values to files")
	d = launch(t, func(o *Options) { o.Copy = nil }).walk("add").press("p").says("Public Key: sent to the clipboard.")
	if len(d.clipboard) == 0 {
		t.Error("the terminal was not asked")
	}
}

// TestPortal opens the page of the step, and always shows its address where it
// can't.
func TestPortal(t *testing.T) {
	var opened []string
	d := launch(t, func(o *Options) { o.OpenURL = func(u string) error { opened = append(opened, u); return nil } })
	d.press("o").at("access") // a letter in a field
	if d.value("organization") != "o" {
		t.Errorf("the field holds %q", d.value("organization"))
	}
	d.press("ctrl+o", "backspace").walk("token").press("o").says("Opened in the browser.")
	if len(opened) != 2 || opened[1] != "https://sandbox.dpc.cms.gov/users/sign_in" {
		t.Errorf("opened %q", opened)
	}
	d = launch(t, func(o *Options) { o.OpenURL = func(string) error { return errors.New("no browser") } }).walk("token").press("o")
	d.says("https://sandbox.dpc.cms.gov/users/sign_in")
	launch(t, func(o *Options) { o.OpenURL = nil }).walk("token").silent("open portal").press("o").at("token")
}

// TestHelp opens on each step by F1, and by ? where no text is typed, and leaves
// what was typed.
func TestHelp(t *testing.T) {
	d := launch(t).write("Sun").press("f1").says("About this step", "What it is", "Why DPC wants it", "What can go wrong", "Where it is kept")
	d.press("x", "tab").paste("y").press("esc").silent("About this step")
	if got := d.value("organization"); got != "Sun" {
		t.Errorf("the field holds %q", got)
	}
	d.press("?").silent("About this step")
	if got := d.value("organization"); got != "Sun?" {
		t.Errorf("a ? in a text gives %q", got)
	}
	d.press("backspace", "backspace", "backspace", "backspace")
	for _, step := range guide[1:] {
		key := "?"
		d.walk(step.screen)
		if d.m.card.Form.Typing() {
			key = "f1"
		}
		for _, closing := range []string{key, "enter", "esc"} {
			d.press(key).says("About this step").press(closing).at(step.screen).silent("About this step")
		}
	}
}

// TestConfirmationsDefaultToNo presses Enter, and Esc, where something can't be
// undone.
func TestConfirmationsDefaultToNo(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *desk{
		"a new key": func(t testing.TB) *desk { return launch(t).walk("add").press("esc", "m") },
		"remove the package": func(t testing.TB) *desk {
			return launch(t).walk("").press("h").at("finish").press("d")
		},
	} {
		for _, no := range []string{"enter", "esc", "n"} {
			d := open(t)
			asked := d.screen()
			if !strings.HasSuffix(asked, "-confirm") {
				t.Fatalf("%s: nothing is asked at %q", name, asked)
			}
			before := fmt.Sprint(d.m.flow.State(), d.world.Files.Contents)
			d.press(no).at(strings.TrimSuffix(asked, "-confirm"))
			if after := fmt.Sprint(d.m.flow.State(), d.world.Files.Contents); after != before {
				t.Errorf("%s: %s did it", name, no)
			}
		}
		d := open(t)
		before := fmt.Sprint(d.m.flow.State(), d.world.Files.Contents)
		if d.press("y"); fmt.Sprint(d.m.flow.State(), d.world.Files.Contents) == before {
			t.Errorf("%s: y did nothing", name)
		}
	}
}

// TestBackAtEveryStep goes all the way back and finds the values again.
func TestBackAtEveryStep(t *testing.T) {
	d := launch(t).walk("seal")
	var seen []string
	for {
		before := d.screen()
		seen = append(seen, before)
		if d.press("esc"); d.screen() == before {
			break
		}
	}
	want := "seal check id add key save token access"
	if got := strings.Join(seen, " "); got != want {
		t.Errorf("back leads through %s, want %s", got, want)
	}
	if d.value("organization") != organization || d.value("npi") != stepstest.NPI {
		t.Error("the first screen lost its values")
	}
}

// TestSecretsAreNotInTheModel prints all of it, as a panic or a log would.
func TestSecretsAreNotInTheModel(t *testing.T) {
	d := launch(t).walk("save").paste(clientToken(t).Reveal()).paste(keystest.OrganizationID)
	look := func(when string) {
		t.Helper()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			printed := fmt.Sprintf(verb, d.m) + fmt.Sprintf(verb, *d.m)
			for name, secret := range map[string]string{"token": clientToken(t).Reveal(), "key": privateKey(t), "passphrase": stepstest.Passphrase} {
				if part := leaks(printed, secret); part != "" {
					t.Errorf("%s, %s shows %q of the %s", when, verb, part, name)
				}
			}
		}
	}
	look("before saving")
	d.press("enter").walk("")
	look("after sealing")
}

// TestTheTerminalStaysThePersons asks for no mouse, so that text can be selected,
// and for the alternate screen, so that nothing is left in the scrollback.
func TestTheTerminalStaysThePersons(t *testing.T) {
	for _, scene := range scenes() {
		v := scene.show(t).m.View()
		if v.MouseMode != tea.MouseModeNone || !v.AltScreen {
			t.Errorf("%s: mouse mode %v, alternate screen %v", scene.name, v.MouseMode, v.AltScreen)
		}
	}
}

// TestReducedMotion has no clock that turns anything.
func TestReducedMotion(t *testing.T) {
	still, moving := launch(t), newDesk(t, func(o *Options) { o.ReducedMotion = false })
	filled(still)
	still.hold().press("enter")
	before := still.text()
	still.send(moving.m.card.Spin()())
	if still.text() != before {
		t.Error("something moves")
	}
	if still.m.card.Spin() != nil || moving.m.card.Spin() == nil {
		t.Error("the spinner does not do as it should")
	}
}

// TestFooterTellsKeysThatWork presses each key that the footer names.
func TestFooterTellsKeysThatWork(t *testing.T) {
	for _, scene := range scenes() {
		d := scene.show(t).resize(size{200, 50})
		if d.m.home != nil {
			continue
		}
		for _, b := range d.m.keymap().shown() {
			stays := b.Help().Key == "enter" && strings.Contains(d.text(), "✗") // the fault stays
			if !b.Enabled() || stays || b.Help().Key == "" || b.Help().Key == "ctrl+r" {
				continue
			}
			next := scene.show(t).resize(size{200, 50})
			before := next.text()
			next.hold().press(b.Keys()[0])
			if next.text() == before && next.held == nil && next.quit == nil {
				t.Errorf("%s: the footer names %s, which does nothing", scene.name, b.Help().Key)
			}
		}
	}
}

// TestQuitByAnswer ends the program from the last screen; a second Enter too many
// does not, while the passphrase is on it.
func TestQuitByAnswer(t *testing.T) {
	d := launch(t).walk("").press("h").at("finish").press("enter").says("for the last time").press("enter").at("finish")
	if d.quit != nil {
		t.Fatalf("ended by %T", d.quit)
	}
	d.press("enter").press("y")
	if _, ok := d.quit.(tea.QuitMsg); !ok || !steps.Complete(d.m.flow.State()) {
		t.Errorf("ended by %T", d.quit)
	}
}

// TestUndoOfAHandOver takes back what was said to be handed over, and lets it be
// handed over again.
func TestUndoOfAHandOver(t *testing.T) {
	d := launch(t).walk("").press("h").at("finish")
	d.press("u").at("deliver")
	if len(d.m.flow.State().Sent) != 0 || steps.Complete(d.m.flow.State()) {
		t.Error("the hand-over still counts")
	}
	d.press("h").at("finish")
}

// TestProductionFromSandbox begins with what is known, and leads back by Esc.
func TestProductionFromSandbox(t *testing.T) {
	d := launch(t).walk("").press("h").at("finish").press("p").at("access")
	if d.value("organization") != organization || d.value("npi") != stepstest.NPI || d.value("environment") != "production" {
		t.Errorf("%q, %q, %q", d.value("organization"), d.value("npi"), d.value("environment"))
	}
	d.press("esc").at("finish").press("p").at("access").press("enter").at("portal").press("enter").at("token").says("[Generate token]")
	if got := d.m.flow.State(); got.Environment != record.Production || got.ClientToken != nil {
		t.Errorf("stands at %s with %v", got.ID(), got.ClientToken)
	}
}

// TestRotation replaces the token and walks only the steps that this needs; the
// old one can be kept after all.
func TestRotation(t *testing.T) {
	d := launch(t).walk("").press("h").at("finish")
	old := d.m.flow.State().ClientToken.Digest
	d.press("t").at("token").says("This replaces the client token.").press("k").at("finish")
	if got := d.m.flow.State().ClientToken; got == nil || got.Digest != old {
		t.Fatal("the old token is not back")
	}
	d.press("t").at("token").press("enter").at("save")
	fresh := keystest.Token(t, keystest.TokenSpec{Expires: stepstest.Start.AddDate(1, 0, 0), RootKeyID: otherUUID})
	d.paste(fresh.Reveal()).press("enter").at("check").press("enter", "enter").at("seal")
	if got := d.m.flow.State(); got.ClientToken.Digest == old || got.Previous != nil {
		t.Error("the new token has not taken the old one's place")
	}
}

// TestVaultInTheWizard asks for a passphrase twice where no keyring answers, and
// keeps going with the vault.
func TestVaultInTheWizard(t *testing.T) {
	d := launch(t)
	d.world.Secrets.KeyringErr = errors.New("nothing answers on the session's bus")
	filled(d)
	d.press("enter").at("storage").says("This computer's keyring does not answer", "Nothing answers on the session's bus.", "Unlock the keyring.")
	d.write("sunrise1234567893").press("enter").at("storage").says("✗")
	d.press("ctrl+u").write(stepstest.Passphrase).press("enter").write("else").press("enter").at("storage").says("The two passphrases are not the same.")
	if d.focused() != "again" {
		t.Errorf("the focus is at %s", d.focused())
	}
	d.press("ctrl+u").write(stepstest.Passphrase).press("enter").at("token").says("The vault works")
	if part := leaks(d.words(), stepstest.Passphrase); part != "" {
		t.Errorf("the screen shows %q", part)
	}
	d.walk("")
}

// TestKeyringThatComesBack tries again, by the letter that the screen names.
func TestKeyringThatComesBack(t *testing.T) {
	d := launch(t)
	d.world.Secrets.KeyringErr = errors.New("the keyring is locked")
	filled(d)
	d.press("enter").at("storage").says("‹alt+t›").press("alt+t").at("storage").says("The keyring is locked.")
	d.world.Secrets.KeyringErr = nil
	d.press("alt+t").at("token").says("The keyring works")
}

// TestResumeInTheWizard starts anew after a crash at each screen of the guide.
func TestResumeInTheWizard(t *testing.T) {
	d := launch(t)
	for _, step := range guide {
		d.walk(step.screen)
		state := d.world.Progress.States[stepstest.NPI+"-sandbox"]
		d.world.Restart()
		session := d.world.Session()
		d.m = newModel(t.Context(), Options{Facts: steps.Facts{State: state, Session: session}, Services: d.world.Services(), ReducedMotion: true})
		d.do(d.m.Init())
		d.resize(size{100, 40}).at(step.screen)
		if step.screen != "access" && step.screen != "token" {
			d.says("Found " + organization + ", sandbox: " + fmt.Sprint(steps.DoneSteps(state)) + " of 8 steps done")
		}
	}
}

// TestAReportAfterTheEnd: an effect's last report may arrive behind its result, and
// changes nothing then.
func TestAReportAfterTheEnd(t *testing.T) {
	d := at("", steps.Check, itemized, checks(stepstest.Passed())).show(t).says("DPC accepts your credentials")
	before := d.text()
	d.send(eventMsg{d.m.attempt, steps.Event{Line: &check.Line{ID: check.Expiry, Status: check.Running}}})
	if after := d.text(); after != before {
		t.Errorf("the screen became\n%s", after)
	}
}
