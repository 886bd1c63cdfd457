package dpctest

import (
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// OrganizationID is the ID of the organization that every stand-in knows.
const OrganizationID = "46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0"

// NPI is the number of the organization that every stand-in knows.
const NPI = "1234567893"

// apiPath is where the API lives below the server's address.
const apiPath = "/api/v1"

// maxBody bounds what a request may carry.
const maxBody = 1 << 20

// Options say how a stand-in differs from a plain one.
type Options struct {
	Now          func() time.Time // DPC's clock; nil is the computer's own
	Organization Organization     // zero fields are filled in
	TLS          bool             // https with a certificate of Server.Pool
	Certificate  Certificate      // with TLS: how the certificate is wrong
	AnyKey       bool             // take an assertion signed with any key of the organization
	TLSMax       uint16           // with TLS: the newest version to speak, as tls.VersionTLS11
	Production   bool             // what production alone refuses is refused
}

// Organization is one customer of DPC's.
type Organization struct {
	ID   string // a UUID
	Name string
	NPI  string
}

// Request is what a server saw.
type Request struct {
	Method string
	Path   string
	Header http.Header
	Body   string
}

// Server is the stand-in. All of its methods may be called while it serves.
type Server struct {
	http    *httptest.Server
	options Options
	trust   trust

	mu            sync.Mutex
	organizations map[string]Organization
	keys          []registeredKey
	tokens        []registeredToken
	discharges    map[string][]byte    // third-party caveat to its root key
	jtis          map[string]time.Time // when each was used
	faults        map[string]Fault
	moments       []moment
	requests      []Request
}

// New starts a stand-in on a loopback address; it ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Organization = o.Organization.filled()
	s := &Server{
		options:       o,
		organizations: map[string]Organization{o.Organization.ID: o.Organization},
		discharges:    map[string][]byte{},
		jtis:          map[string]time.Time{},
		faults:        map[string]Fault{},
	}
	s.start(t)
	return s
}

func (o Organization) filled() Organization {
	if o.ID == "" {
		o.ID = OrganizationID
	}
	if o.Name == "" {
		o.Name = "Sunrise Family Practice"
	}
	if o.NPI == "" {
		o.NPI = NPI
	}
	return o
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	s.http = httptest.NewUnstartedServer(s.record(api{s}.routes()))
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	if s.options.TLS {
		s.trust = newTrust(t, s.options.Certificate)
		s.http.TLS = s.trust.config(s.options.TLSMax)
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	t.Cleanup(func() {
		s.http.CloseClientConnections() // a slow answer must not hold up the test's end
		s.http.Close()
	})
}

// Base returns the API's base, without a slash at the end.
func (s *Server) Base() string { return s.http.URL + apiPath }

// Address returns the host and port.
func (s *Server) Address() string { return s.http.Listener.Addr().String() }

// Pool returns what a client must trust where Options.TLS is set.
func (s *Server) Pool() *x509.CertPool { return s.trust.pool }

// Close stops the server before the test ends: connections are then refused.
func (s *Server) Close() { s.http.Close() }

// Organization returns the organization that the server began with.
func (s *Server) Organization() Organization { return s.options.Organization }

// AddOrganization makes another organization known.
func (s *Server) AddOrganization(o Organization) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.organizations[o.ID] = o
}

// Break sets what answers a path below the base, as "/Token/auth", or "*" for
// every path, instead of DPC. A nil fault heals the path.
func (s *Server) Break(path string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[path] = f
}

// BreakAttribution has DPC's attribution service be down, which holds the
// organizations, or up again.
func (s *Server) BreakAttribution(down bool) {
	s.Break("/Organization", failing(down, fhirJSON, outcome("Failed to reach the attribution service")))
}

// BreakDatabase has the database of tokens and keys be down, or up again.
func (s *Server) BreakDatabase(down bool) {
	f := failing(down, "application/json", object{"code": http.StatusInternalServerError, "message": logged + "."})
	for _, path := range []string{"/Token/validate", "/Token/auth", "/Organization", "/Key", "/Token"} {
		s.Break(path, f)
	}
}

func failing(down bool, kind string, body object) Fault {
	if !down {
		return nil
	}
	return func(w http.ResponseWriter, _ *http.Request) bool {
		answer(w, http.StatusInternalServerError, kind, body)
		return true
	}
}

// moment is a fault that is still to come.
type moment struct {
	left  int // requests until then
	after bool
	fault Fault
}

// Before sets what answers the n-th request from now on instead of DPC, whatever its
// path; 1 is the next. DPC doesn't see that request.
func (s *Server) Before(n int, f Fault) { s.at(moment{n, false, f}) }

// After sets what answers the n-th request from now on once DPC has done what it
// asks. The client never sees DPC's answer, unless the fault returns false.
func (s *Server) After(n int, f Fault) { s.at(moment{n, true, f}) }

func (s *Server) at(m moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moments = append(s.moments, m)
}

// Requests returns what the server saw so far, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Paths returns method and path of every request so far, as "POST /Token/auth".
func (s *Server) Paths() []string {
	var paths []string
	for _, r := range s.Requests() {
		paths = append(paths, r.Method+" "+strings.TrimPrefix(r.Path, apiPath))
	}
	return paths
}

// api answers requests, as DPC does with what the server holds.
type api struct{ *Server }

func (s api) routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range []struct {
		path, kind string
		handler    http.HandlerFunc
	}{
		{"GET /metadata", fhirJSON, s.metadata},
		{"POST /Token/validate", "application/json", s.validate},
		{"POST /Token/auth", "application/json", s.auth},
		{"GET /Organization", "", s.bearer(s.organization)},
		{"GET /Key", "application/json", s.bearer(s.listKeys)},
		{"POST /Key", "application/json", s.bearer(s.submitKey)},
		{"GET /Key/{id}", "application/json", s.bearer(s.key)},
		{"DELETE /Key/{id}", "application/json", s.bearer(s.removeKey)},
		{"GET /Token", "application/json", s.bearer(s.listTokens)},
		{"POST /Token", "application/json", s.bearer(s.createToken)},
		{"GET /Token/{id}", "application/json", s.bearer(s.token)}, // also GET /Token/auth
		{"DELETE /Token/{id}", "application/json", s.bearer(s.removeToken)},
		{"GET /IpAddress", "application/json", s.bearer(s.addresses)},
		{"POST /IpAddress", "application/json", s.bearer(s.addresses)},
	} {
		mux.HandleFunc(strings.Replace(route.path, " ", " "+apiPath, 1), as(route.kind, route.handler))
	}
	return mux
}

// record keeps the request, sets the clock, and lets a fault go first.
func (s *Server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := keep(r)
		w.Header().Set("X-Request-Id", uuid.NewString())
		w.Header().Set("Vary", "Accept-Encoding")
		w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
		s.mu.Lock()
		s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.Header.Clone(), body})
		fault, after := s.fault(strings.TrimPrefix(r.URL.Path, apiPath))
		s.mu.Unlock()
		if fault != nil && fault(w, r) {
			return
		}
		if after == nil {
			next.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		if !after(w, r) {
			maps.Copy(w.Header(), kept.Header())
			w.WriteHeader(kept.Code)
			_, _ = w.Write(kept.Body.Bytes())
		}
	})
}

// fault returns what answers a request instead of DPC, and what answers it after
// DPC has done its work. Either may be nil.
func (s *Server) fault(path string) (before, after Fault) {
	for i := range s.moments {
		m := &s.moments[i]
		switch m.left--; {
		case m.left != 0:
		case m.after:
			after = m.fault
		default:
			before = m.fault
		}
	}
	if before == nil {
		before = s.faults[path]
	}
	if before == nil {
		before = s.faults["*"]
	}
	return before, after
}

// keep reads a request's body and puts it back.
func keep(r *http.Request) string {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return string(body)
}

// Bystander is a server on another host and port that records what it is sent.
type Bystander struct {
	http     *httptest.Server
	mu       sync.Mutex
	requests []Request
}

// Elsewhere starts a bystander; it ends with the test.
func Elsewhere(t testing.TB) *Bystander {
	t.Helper()
	b := &Bystander{}
	b.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := keep(r)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.requests = append(b.requests, Request{r.Method, r.URL.Path, r.Header.Clone(), body})
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"resourceType":"CapabilityStatement"}`)
	}))
	t.Cleanup(b.http.Close)
	return b
}

// URL returns the bystander's address.
func (b *Bystander) URL() string { return b.http.URL }

// Requests returns what the bystander saw so far.
func (b *Bystander) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Request(nil), b.requests...)
}
