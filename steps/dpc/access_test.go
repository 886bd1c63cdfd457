package dpc

import (
	"errors"
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
	token, life, err := p.client.AccessToken(t.Context(), p.creds)
	if err != nil || life != 5*time.Minute {
		t.Fatal(life, err)
	}
	s := &session{client: p.client, bearer: access{token: token}}
	if _, f := s.prove(t.Context()); f != nil {
		t.Errorf("the token does not work: %v", f)
	}
	minutes.Add(1)
	again, _, err := p.client.AccessToken(t.Context(), p.creds)
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
			"Look in the portal whether the token is still listed. If it is not, create a new one.", true,
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
			"Paste the client token again, or create a new one in the portal.", true,
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
			c.arrange(p)
			token, _, err := p.client.AccessToken(t.Context(), p.creds)
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
	if token, _, err := p.client.AccessToken(t.Context(), p.creds); err != nil || token.IsZero() {
		t.Error(err)
	}
}
