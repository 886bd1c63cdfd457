package dpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

func signedIn(t *testing.T, p *practice) *Registry {
	t.Helper()
	r, err := p.client.Registry(t.Context(), p.state, p.creds)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// signed is what is sent of a pair.
func signed(t *testing.T, pair keys.Pair) record.KeyFact {
	t.Helper()
	signature, err := pair.Sign()
	if err != nil {
		t.Fatal(err)
	}
	return record.KeyFact{PublicKey: pair.Public().PEM(), Signature: signature}
}

func TestRegistry(t *testing.T) {
	p := newPractice(t, dpctest.Options{TLS: true})
	r := signedIn(t, p)
	if want := []string{"POST /Token/validate", "POST /Token/auth"}; !slices.Equal(p.server.Paths(), want) {
		t.Errorf("requests: %v", p.server.Paths())
	}
	token, err := r.NewToken(t.Context(), "HealthEndeavors 2611-7QK")
	if err != nil {
		t.Fatal(err)
	}
	_, says, _ := keys.ParseToken(token)
	id, err := r.AddKey(t.Context(), "a key & more", signed(t, keystest.OtherPair(t)))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := r.List(t.Context(), record.TokenRotation)
	if err != nil || !slices.Contains(tokens, steps.Listed{What: record.TokenRotation, ID: says.ID, Label: "HealthEndeavors 2611-7QK"}) {
		t.Errorf("%v, %v", tokens, err)
	}
	ours := steps.Listed{What: record.KeyRotation, ID: id, Label: "a key & more", Fingerprint: keystest.OtherPair(t).Public().Fingerprint()}
	list, err := r.List(t.Context(), record.KeyRotation)
	if err != nil || !slices.Contains(list, ours) || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	// The new pair signs in with the new token, and deletes what it takes the place of.
	p.usePair(keystest.OtherPair(t))
	old := p.creds
	p.creds.ClientToken, p.creds.KeyID = token, id
	_, gone, _ := keys.ParseToken(old.ClientToken)
	r = signedIn(t, p)
	if err := errors.Join(r.Delete(t.Context(), record.TokenRotation, gone.ID), r.Delete(t.Context(), record.KeyRotation, old.KeyID)); err != nil {
		t.Error(err)
	}
	if len(p.server.Tokens()) != 1 || len(p.server.Keys()) != 1 || !p.check(t).Passed {
		t.Errorf("%v, %v", p.server.Tokens(), p.server.Keys())
	}
}

func TestRegistryRefuses(t *testing.T) {
	const deleted = "DPC does not accept the client token: it was deleted in the portal, or is not one of DPC's"
	for _, c := range []struct {
		name    string
		arrange func(*practice)
		call    func(*testing.T, *Registry) error
		want    string
		refused bool
	}{
		{"deleted token", func(p *practice) { p.creds.ClientToken = p.server.Token(dpctest.Token{Deleted: true}) }, newToken, "make a client token: " + deleted, true},
		{"expired token", func(p *practice) { p.creds.ClientToken = p.server.Token(dpctest.Token{Life: -time.Hour}) }, newToken, "make a client token: the client token has expired", true},
		{"deleted token lists", func(p *practice) { p.creds.ClientToken = p.server.Token(dpctest.Token{Deleted: true}) }, listTokens, "read DPC's list: " + deleted, true},
		{"label taken", nil, addKey("practice-key"), "add the public key: DPC has this public key already, or another one under this label", true},
		{"label too long", nil, addKey(strings.Repeat("a", 26)), "add the public key: DPC refuses: Key label cannot be more than 25 characters", true},
		{"database", func(p *practice) { p.server.Break("/Key", dpctest.Reply(500, "application/json", `{"code":500}`)) }, addKey("a"), "add the public key: DPC", false},
		{"HTML", func(p *practice) { p.server.Break("/Token", dpctest.HTML(200)) }, newToken, "make a client token: a web page came back where DPC's answer belongs", false},
		{"not a token", func(p *practice) {
			p.server.Break("/Token", dpctest.Reply(200, "application/json", `{"token":"nothing"}`))
		}, newToken, "make a client token: what DPC answered can't be used: ", false},
		{"not a key", func(p *practice) { p.server.Break("/Key", dpctest.Reply(200, "application/json", `{"id":"nothing"}`)) }, addKey("a"), "add the public key: what DPC answered can't be used: ", false},
		{"hung up", func(p *practice) { p.server.Break("/Token", dpctest.HangUp()) }, newToken, "make a client token: this computer could not connect to DPC", false},
		{"nothing to delete", nil, func(t *testing.T, r *Registry) error {
			return r.Delete(t.Context(), record.KeyRotation, dpctest.OrganizationID)
		}, "delete it at DPC: ", false},
		{"echo", func(p *practice) { p.server.Break("/Key", dpctest.Echo(400)) }, addKey("a"), "add the public key: DPC refuses: You sent", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPractice(t, dpctest.Options{})
			if c.arrange != nil {
				c.arrange(p)
			}
			r := signedIn(t, p)
			err := c.call(t, r)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || errors.Is(err, record.ErrRefused) != c.refused {
				t.Fatalf("got %v", err)
			}
			for _, secret := range []string{p.creds.ClientToken.Reveal(), r.bearer.token.Reveal()} {
				for i := 0; i+fragment <= len(secret); i++ {
					if strings.Contains(err.Error()+record.Hint(err), secret[i:i+fragment]) {
						t.Fatal("a part of a secret is in the error")
					}
				}
			}
		})
	}
}

func newToken(t *testing.T, r *Registry) error { _, err := r.NewToken(t.Context(), "a"); return err }

func listTokens(t *testing.T, r *Registry) error {
	_, err := r.List(t.Context(), record.TokenRotation)
	return err
}

func addKey(label string) func(*testing.T, *Registry) error {
	return func(t *testing.T, r *Registry) error {
		_, err := r.AddKey(t.Context(), label, signed(t, keystest.OtherPair(t)))
		return err
	}
}

// TestNothingIsMadeTwice: a server that is busy is asked again for a list, and never
// for a new token.
func TestNothingIsMadeTwice(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	r := signedIn(t, p)
	p.server.After(1, dpctest.Unavailable())
	if err := newToken(t, r); err == nil || len(p.server.Tokens()) != 2 {
		t.Errorf("%v, %d tokens", err, len(p.server.Tokens()))
	}
	p.server.After(1, dpctest.Unavailable())
	if _, err := r.List(t.Context(), record.TokenRotation); err != nil {
		t.Error(err)
	}
}

// desk is a finished onboarding whose DPC is the stand-in.
type desk struct {
	*practice
	*stepstest.World
	services steps.Services
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{practice: newPractice(t, dpctest.Options{}), World: stepstest.New(t)}
	d.SetClock(noon)
	p := stepstest.NewPerson(t, d.World, record.State{})
	p.Token, p.KeyID = d.creds.ClientToken, d.creds.KeyID
	p.WalkTo("finish")
	d.state = p.Flow.State()
	d.Pairs = []keys.Pair{keystest.OtherPair(t)}
	d.services = d.Services()
	d.services.Checker = d.client
	d.services.Registry = func(ctx context.Context, s record.State, c record.Credentials) (steps.Registry, error) {
		return d.client.Registry(ctx, s, c)
	}
	return d
}

// renew renews, and returns what was named as left over.
func (d *desk) renew(t *testing.T, state record.State, what record.Rotation) (record.State, []string, error) {
	t.Helper()
	var named []string
	state, err := steps.Renew(t.Context(), d.services, state, steps.Renewal{
		What:  what,
		Stray: func(_ context.Context, l steps.Listed) (bool, error) { named = append(named, l.ID); return false, nil },
		Old:   func(context.Context, steps.Listed) (bool, error) { return true, nil },
	})
	return state, named, err
}

// TestRenewingIsKilledBetweenRequests: the program ends before each of its requests,
// and after DPC did what was asked but before its answer came. The next renewal ends
// with one set that works, and names what nobody has.
func TestRenewingIsKilledBetweenRequests(t *testing.T) {
	for _, what := range []record.Rotation{record.TokenRotation, record.KeyRotation} {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				d := newDesk(t)
				var dead atomic.Bool // the server says so, and the program reads it
				d.Secrets.Fail = func(string) error { return killed(&dead) }
				d.services.Progress = mortal{d.services.Progress, &dead}
				die := func(w http.ResponseWriter, r *http.Request) bool {
					dead.Store(true)
					d.server.Break("*", dpctest.HangUp())
					return dpctest.HangUp()(w, r)
				}
				if after {
					d.server.After(n, die)
				} else {
					d.server.Before(n, die)
				}
				_, _, err := d.renew(t, d.state, what)
				if !dead.Load() {
					if err != nil || n < 15 {
						t.Errorf("%d requests, %v", n-1, err)
					}
					break
				}
				d.server.Break("*", nil)
				dead.Store(false)
				second := d.Progress.States[d.state.ID()]
				if second.Key.Fingerprint == keystest.OtherPair(t).Public().Fingerprint() { // another one than is in use
					d.Pairs = []keys.Pair{keystest.Pair(t)}
				}
				state, named, err := d.renew(t, second, what)
				name := fmt.Sprintf("%s, killed at request %d, after its work: %v", what, n, after)
				if err != nil {
					t.Fatalf("%s: %v (%s)", name, err, record.Hint(err))
				}
				d.works(t, name, state, named)
			}
		}
	}
}

// mortal is a progress file that a dead program does not write.
type mortal struct {
	steps.Progress
	dead *atomic.Bool
}

func (m mortal) Save(s record.State) error {
	if err := killed(m.dead); err != nil {
		return err
	}
	return m.Progress.Save(s)
}

func killed(dead *atomic.Bool) error {
	if dead.Load() {
		return errors.New("killed")
	}
	return nil
}

// works fails where a state does not work at DPC, or where DPC holds more than it and
// what was named.
func (d *desk) works(t *testing.T, name string, state record.State, named []string) {
	t.Helper()
	creds, err := steps.LoadCredentials(t.Context(), d.Secrets, state)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	report, err := d.client.Check(t.Context(), state, creds, nil)
	if err != nil || !report.Passed {
		t.Fatalf("%s: %v\n%s", name, err, read(report))
	}
	var strays []string
	for _, l := range d.server.Tokens() {
		if l.ID != state.ClientToken.ID && l.ID != d.state.ClientToken.ID {
			strays = append(strays, l.ID)
		}
	}
	for _, l := range d.server.Keys() {
		if l.ID != state.KeyID.ID && l.ID != d.state.KeyID.ID {
			strays = append(strays, l.ID)
		}
	}
	slices.Sort(strays)
	slices.Sort(named)
	named = slices.DeleteFunc(named, func(id string) bool { return id == d.state.ClientToken.ID || id == d.state.KeyID.ID }) // those that were to be deleted
	if len(strays) > 1 || !slices.Equal(strays, named) {
		t.Errorf("%s: left over are %v, and named %v", name, strays, named)
	}
}
