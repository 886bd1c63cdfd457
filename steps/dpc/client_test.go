package dpc

import (
	"context"
	"crypto/tls"
	"os"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
)

// noon is the time on both clocks, unless a test says otherwise.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestMain fixes the zone in which days are told.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

func atNoon() time.Time { return noon }

// practice is a stand-in DPC and a practice whose credentials are all right.
type practice struct {
	server *dpctest.Server
	client *Client
	state  record.State
	creds  record.Credentials
}

func newPractice(t testing.TB, o dpctest.Options) *practice {
	t.Helper()
	if o.Now == nil {
		o.Now = atNoon
	}
	p := &practice{server: dpctest.New(t, o)}
	p.client = newClient(t, p.server)
	pair := keystest.Pair(t)
	p.creds = record.Credentials{
		NPI:               dpctest.NPI,
		ClientToken:       p.server.Token(dpctest.Token{}),
		OrganizationToken: keys.NewSecret(dpctest.OrganizationID),
		KeyID:             p.server.AddKey(pair.Public()),
		PublicKey:         pair.Public().PEM(),
		PrivateKey:        pair.Private(),
	}
	p.state = record.State{NPI: dpctest.NPI, Environment: record.Sandbox, Organization: "Sunrise"}
	return p
}

func newClient(t testing.TB, server *dpctest.Server) *Client {
	t.Helper()
	c, err := New(server.Base(), "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	c.Now = atNoon
	c.retryMin = time.Microsecond
	c.Transport.TLSClientConfig.RootCAs = server.Pool()
	return c
}

// usePair gives the practice another key pair, without registering it.
func (p *practice) usePair(pair keys.Pair) {
	p.creds.PrivateKey, p.creds.PublicKey = pair.Private(), pair.Public().PEM()
}

func (p *practice) check(t testing.TB) check.Report {
	t.Helper()
	report, err := p.client.Check(t.Context(), p.state, p.creds, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestNewAddresses(t *testing.T) {
	for _, c := range []struct{ base, want string }{
		{"https://sandbox.dpc.cms.gov/api/v1", "https://sandbox.dpc.cms.gov/api/v1"},
		{" https://sandbox.dpc.cms.gov/api/v1// ", "https://sandbox.dpc.cms.gov/api/v1"},
		{"http://127.0.0.1:8080/api/v1", "http://127.0.0.1:8080/api/v1"},
		{"http://[::1]:8080", "http://[::1]:8080"},
		{"http://localhost/api", "http://localhost/api"},
	} {
		client, err := New(c.base, "1")
		if err != nil || client.base != c.want {
			t.Errorf("New(%q) = %v, %v, want %s", c.base, client, err, c.want)
		}
	}
}

func TestNewRefusesAddresses(t *testing.T) {
	for base, want := range map[string]error{
		"":                                errBaseForm,
		"sandbox.dpc.cms.gov/api/v1":      errBaseForm,
		"https:///api":                    errBaseForm,
		"https:host":                      errBaseForm,
		"https://ho st/":                  errBaseForm,
		"http://sandbox.dpc.cms.gov/api":  errBaseScheme,
		"http://127.0.0.1.example.com/":   errBaseScheme,
		"ftp://127.0.0.1/":                errBaseScheme,
		"https://me:password@host/api":    errBaseParts,
		"https://host/api?token=password": errBaseParts,
		"https://host/api?":               errBaseParts,
		"https://host/api#password":       errBaseParts,
	} {
		if _, err := New(base, "1"); err != want { // the very same
			t.Errorf("New(%q): %v, want %v", base, err, want)
		}
	}
}

func TestEveryRequestNamesTheProgram(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.check(t)
	requests := p.server.Requests()
	if len(requests) != 6 {
		t.Errorf("%d requests: %v", len(requests), p.server.Paths())
	}
	for _, r := range requests {
		if got := r.Header.Get("User-Agent"); got != "dpc-onboard/1.2.3" {
			t.Errorf("%s: User-Agent %q", r.Path, got)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	p := newPractice(t, dpctest.Options{TLS: true, TLSMax: tls.VersionTLS11})
	line := p.client.Reach(t.Context())[0]
	if line.Status != check.Failed || line.Cause != check.CauseTLS {
		t.Errorf("TLS 1.1: %+v", line)
	}
	if len(p.server.Requests()) != 0 {
		t.Error("a request went out over TLS 1.1")
	}
}

func TestReach(t *testing.T) {
	p := newPractice(t, dpctest.Options{TLS: true})
	p.client.Now = func() time.Time { return noon.Add(10 * time.Second) }
	lines := p.client.Reach(t.Context())
	if lines[0].Status != check.Passed || lines[1].Status != check.Passed || lines[1].Skew != 10*time.Second {
		t.Errorf("%+v", lines)
	}
}

func TestReachWithoutServer(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Close()
	lines := p.client.Reach(t.Context())
	if lines[0].Cause != check.CauseOffline || lines[1].Status != check.NotTried {
		t.Errorf("%+v", lines)
	}
}

func TestReachCanceled(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lines := p.client.Reach(ctx)
	if lines[0].Status != check.NotTried || lines[1].Status != check.NotTried {
		t.Errorf("%+v", lines)
	}
}
