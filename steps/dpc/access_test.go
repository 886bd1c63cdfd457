package dpc

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
)

func TestAccessToken(t *testing.T) {
	var minutes atomic.Int64
	now := func() time.Time { return noon.Add(time.Duration(minutes.Load()) * time.Minute) }
	p := newPractice(t, dpctest.Options{TLS: true, Now: now})
	p.client.Now = now
	token, life, err := p.client.AccessToken(t.Context(), p.state, p.creds)
	if err != nil || life != 5*time.Minute {
		t.Fatal(life, err)
	}
	s := &session{client: p.client, bearer: access{token: token}}
	if _, f := s.prove(t.Context()); f != nil {
		t.Errorf("the token does not work: %v", f)
	}
	minutes.Add(1)
	again, _, err := p.client.AccessToken(t.Context(), p.state, p.creds)
	if err != nil || again.Equal(token) {
		t.Errorf("the second token is not fresh: %v", err)
	}
}

func TestAccessTokenFailures(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(*practice)
		want    string
		hint    string
		refused bool
	}{
		{
			"deleted token", func(p *practice) { p.creds.ClientToken = p.server.Token(dpctest.Token{Deleted: true}) },
			"no access token: DPC does not accept the client token: it was deleted in the portal, or is not one of DPC's",
			"Look in the portal whether the token is still listed. If it is not, create a new one. If no token is listed any more, look at the organization's Status: CMS may have rejected it.", true,
		},
		{
			"expired token", func(p *practice) { p.creds.ClientToken = p.server.Token(dpctest.Token{Life: -time.Hour}) },
			"no access token: the client token has expired",
			"Create a new client token in the portal.", true,
		},
		{
			"wrong private key", func(p *practice) { p.usePair(keystest.OtherPair(t)) },
			"no access token: the private key does not belong to the public key that is registered under this key ID",
			"Compare the key ID with the one beside your key in the portal: it may be another key's. If it is the same, add this computer's public key again.", true,
		},
		{
			"no credentials", func(p *practice) { p.creds.ClientToken = keys.Secret{} },
			"no access token: the client token can't be used: there is no token here",
			"Paste the client token again, or create a new one in the portal.", false,
		},
		{
			"access token for a client token", func(p *practice) {
				access, _, err := p.client.AccessToken(t.Context(), p.state, p.creds)
				if err != nil {
					t.Fatal(err)
				}
				p.creds.ClientToken = access
			},
			"no access token: the client token can't be used: this is an access token, not a client token",
			"Paste the client token again, or create a new one in the portal.", false,
		},
		{
			"wrong audience", func(p *practice) {
				p.client.base = strings.Replace(p.client.base, "127.0.0.1", "localhost", 1)
			},
			"no access token: DPC goes by another API address than the one that was asked, so it does not take what was meant for that one",
			"Look at the API address: it has to be DPC's own, as in its documentation. If you did not set it, look for a newer version of this program. Your credentials are not the cause.", false,
		},
		{
			"key that is not registered any more", func(p *practice) { p.server.DeleteKey(p.creds.KeyID) },
			"no access token: the key ID is not one of this organization's: DPC finds no public key under it",
			"Copy the Key ID again from the portal, where your public key is listed. If it is not listed, add it again. If its ID is the same, the key and the client token are of different organizations: look at both in one.", true,
		},
		{
			"former key ID", func(p *practice) {
				p.state.KeyID = &record.KeyIDFact{ID: p.creds.KeyID, Fingerprint: keystest.Pair(t).Public().Fingerprint()}
				p.creds.KeyID = p.server.AddKey(keystest.OtherPair(t).Public())
			},
			"no access token: the key ID is wrong: this public key is registered under the ID {known}",
			"Record that ID instead.", true,
		},
		{
			"unavailable", func(p *practice) { p.server.Break("*", dpctest.Unavailable()) },
			"no access token: DPC has a problem of its own at the moment",
			"Wait some minutes, then check again. Your credentials are not the cause.", false,
		},
		{
			"offline", func(p *practice) { p.server.Close() },
			"no access token: this computer could not connect to DPC",
			"Check the internet connection, then check again. Your credentials are not the cause.", false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPractice(t, dpctest.Options{})
			c.want = strings.ReplaceAll(c.want, "{known}", p.creds.KeyID)
			c.arrange(p)
			token, _, err := p.client.AccessToken(t.Context(), p.state, p.creds)
			if err == nil || err.Error() != c.want || record.Hint(err) != c.hint || errors.Is(err, record.ErrRefused) != c.refused {
				t.Errorf("got %v\nhint %s\nrefused %t", err, record.Hint(err), errors.Is(err, record.ErrRefused))
			}
			if !token.IsZero() || errors.Is(err, record.ErrStorage) {
				t.Error("a token beside an error, or the wrong kind")
			}
		})
	}
}

// What goes wrong after the token was given out is not held against it.
func TestAccessTokenThoughNoOrganization(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/Organization", dpctest.Unavailable())
	if token, _, err := p.client.AccessToken(t.Context(), p.state, p.creds); err != nil || token.IsZero() {
		t.Error(err)
	}
}
