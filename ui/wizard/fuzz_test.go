package wizard

import (
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// fuzzKeys are the keys that FuzzUpdate presses, by a letter of its input.
var fuzzKeys = strings.Fields("enter tab shift+tab esc space backspace delete up down left right home end pgup pgdown f1 " +
	"ctrl+c ctrl+d ctrl+z ctrl+r ctrl+o ctrl+x ctrl+n ctrl+u alt+l alt+k ? y n i m e c p s l r f k t d h a q x 1 é 医 👩🏽‍⚕️")

// fuzzPastes are what it pastes.
func fuzzPastes(t testing.TB) []string {
	token := clientToken(t).Reveal()
	return []string{
		token, token[:90], token + "\r\n" + keystest.OrganizationID, keystest.OrganizationID, stepstest.KeyID, stepstest.NPI, organization,
		publicKey, keystest.Pair(t).Private().Reveal(), "", "\n", "\x1b[31m\x00\u202e", strings.Repeat("医", 300), "sftp://u@h/", "~/x", stepstest.Passphrase,
	}
}

var fuzzSizes = []size{{80, 24}, {120, 36}, {40, 12}, {20, 5}, {200, 60}, {60, 13}, {1, 1}, {79, 30}}

// FuzzUpdate does at random what a person can do. Nothing panics, no frame
// breaks, and no secret is shown that was not asked for.
func FuzzUpdate(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte("\x86\x00\x85\x00\x00\x00\x80\x83\x00\x00\x00\x84\x00\x00\x00\x00\x00\x00"), uint8(0))
	f.Add([]byte("\xf3\x86\x01\x85\x00\x00\x10\x03\x04"), uint8(1))
	f.Add([]byte{0xc0, 0x81, 0x13, 0xf1, 0x0f, 0xf3, 0x10, 0x10}, uint8(2))
	pastes := fuzzPastes(f)
	f.Fuzz(func(t *testing.T, moves []byte, start uint8) {
		synctest.Test(t, func(t *testing.T) { // ticks take no time
			d := fuzzStart(t, start)
			for i, b := range moves[:min(len(moves), 40)] {
				fuzzMove(d, pastes, b)
				if why := d.m.broken(); why != "" {
					t.Fatalf("after %d moves %x: %s\n%s", i+1, moves[:i+1], why, d.text())
				}
				if leaks(d.text(), d.token.Reveal()) == "" {
					continue
				}
				if d.send(tea.BlurMsg{}); leaks(d.text(), d.token.Reveal()) != "" { // not by ctrl+r
					t.Fatalf("after %d moves %x the token is on the screen:\n%s", i+1, moves[:i+1], d.text())
				}
			}
			d.release()
		})
	})
}

// fuzzStart begins at the beginning, at some other step, or at the home screen.
func fuzzStart(t testing.TB, start uint8) *desk {
	switch start % 4 {
	case 1:
		return showing(t, factsAt(t, steps.IDs[int(start/4)%len(steps.IDs)]), nil)
	case 2:
		return atHomeWith(t, func() []record.State { return known(t) })
	case 3:
		d := launch(t)
		d.world.Secrets.KeyringErr = record.WithHint(record.ErrNoSecret, "Use the vault.")
		return d
	}
	return launch(t)
}

// fuzzMove is one thing that a person does, or that comes from outside.
func fuzzMove(d *desk, pastes []string, b byte) {
	switch n := int(b & 0x7f); {
	case b < 0x80:
		d.press(fuzzKeys[n%len(fuzzKeys)])
	case b < 0xc0:
		d.paste(pastes[n%len(pastes)])
	case b < 0xd0:
		d.hold()
	case b < 0xe0:
		d.release()
	case b < 0xe8:
		d.send(tea.BackgroundColorMsg{})
	case b < 0xec:
		d.send(resultMsg{steps.Result{Attempt: n}})
	default:
		d.resize(fuzzSizes[n%len(fuzzSizes)])
	}
	d.quit = nil
}
