package dpc

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dpc-onboard/steps/check"
	"dpc-onboard/steps/dpc/dpctest"
)

// everyPath is where a check goes.
var everyPath = []struct {
	path string
	id   check.ID
}{
	{"/metadata", check.Reach},
	{"/Token/validate", check.Assertion},
	{"/Token/auth", check.Accept},
	{"/Organization", check.Organization},
	{"/Key", check.Key},
}

var faultRows = []struct {
	name     string
	fault    dpctest.Fault
	cause    check.Cause
	sentence string
	remedy   string
}{
	{
		"captive portal", dpctest.HTML(200), check.CauseCaptive,
		"A web page came back where DPC's answer belongs.",
		"This network may want you to sign in first. Open any web site in a browser, sign in, then check again. Your credentials are not the cause.",
	},
	{
		"captive portal that says 401", dpctest.HTML(401), check.CauseCaptive,
		"A web page came back where DPC's answer belongs.",
		"This network may want you to sign in first. Open any web site in a browser, sign in, then check again. Your credentials are not the cause.",
	},
	{
		"captive portal that says 400", dpctest.HTML(400), check.CauseCaptive,
		"A web page came back where DPC's answer belongs.",
		"This network may want you to sign in first. Open any web site in a browser, sign in, then check again. Your credentials are not the cause.",
	},
	{
		"captive portal that hides its type", dpctest.Reply(200, "application/json", " <html>"), check.CauseCaptive,
		"A web page came back where DPC's answer belongs.",
		"This network may want you to sign in first. Open any web site in a browser, sign in, then check again. Your credentials are not the cause.",
	},
	{
		"captive portal that says 511", dpctest.HTML(511), check.CauseCaptive,
		"A web page came back where DPC's answer belongs.",
		"This network may want you to sign in first. Open any web site in a browser, sign in, then check again. Your credentials are not the cause.",
	},
	{
		"forbidden", dpctest.HTML(403), check.CauseForbidden,
		"The request was turned away before DPC looked at the credentials.",
		"In production, look whether this network's public IP address is in the portal under “Public IP addresses”. In sandbox, try another network. Your credentials are not the cause.",
	},
	{
		"too many requests", dpctest.TooMany(120), check.CauseRateLimited,
		"DPC received too many requests and asks to wait.",
		"Wait 2 minutes, then check again. Your credentials are not the cause.",
	},
	{
		"too many requests, no time", dpctest.Reply(429, "text/html", "<html>"), check.CauseRateLimited,
		"DPC received too many requests and asks to wait.",
		"Wait some minutes, then check again. Your credentials are not the cause.",
	},
	{
		"unavailable", dpctest.Unavailable(), check.CauseServer,
		"DPC has a problem of its own at the moment.",
		"Wait some minutes, then check again. Your credentials are not the cause.",
	},
	{
		"internal error", dpctest.Reply(500, "application/json", `{"code":500,"message":"There was an error processing your request."}`), check.CauseServer,
		"DPC has a problem of its own at the moment.",
		"Wait some minutes, then check again. Your credentials are not the cause.",
	},
	{
		"proxy wants a password", dpctest.HTML(407), check.CauseProxy,
		"The proxy between this computer and DPC let nothing through.",
		"Ask your IT support about the proxy settings, then check again. Your credentials are not the cause.",
	},
	{
		"cut off", dpctest.CutOff(), check.CauseOffline,
		"This computer could not connect to DPC.",
		"Check the internet connection, then check again. Your credentials are not the cause.",
	},
	{
		"hung up", dpctest.HangUp(), check.CauseOffline,
		"This computer could not connect to DPC.",
		"Check the internet connection, then check again. Your credentials are not the cause.",
	},
	{
		"huge", dpctest.Huge(maxAnswer), check.CauseUnexpected,
		"An answer came back that does not look like DPC's: the answer is larger than 1 MiB.",
		"Check again later. If it stays, look at the API address and for a newer version of this program. Your credentials are not the cause.",
	},
	{
		"garbage", dpctest.Garbage(), check.CauseUnexpected,
		"", "Check again later. If it stays, look at the API address and for a newer version of this program. Your credentials are not the cause.",
	},
	{
		"head without end", dpctest.LongHead(100 << 10), check.CauseUnexpected,
		"", "Check again later. If it stays, look at the API address and for a newer version of this program. Your credentials are not the cause.",
	},
	{
		"empty", dpctest.Reply(204, "application/json", ""), check.CauseUnexpected,
		"", "Check again later. If it stays, look at the API address and for a newer version of this program. Your credentials are not the cause.",
	},
	{
		"unknown status", dpctest.Reply(418, "application/json", `{"message":"I am a teapot"}`), check.CauseUnexpected,
		"", "Check again later. If it stays, look at the API address and for a newer version of this program. Your credentials are not the cause.",
	},
}

// A fault on the way means the same at every request, and says nothing about the
// credentials.
func TestFaultsOnTheWay(t *testing.T) {
	for _, c := range faultRows {
		for _, at := range everyPath {
			t.Run(c.name+at.path, func(t *testing.T) {
				p := newPractice(t, dpctest.Options{})
				p.server.Break(at.path, c.fault)
				report := p.check(t)
				line, _ := report.Failure()
				if line.ID != at.id || line.Cause != c.cause || line.Fix != check.FixAgain || report.Refused() {
					t.Errorf("%s %s, cause %s, fix %s: %s", line.Status, line.ID, line.Cause, line.Fix, line.Detail)
				}
				if got := line.Sentence(); got != c.sentence && c.sentence != "" {
					t.Errorf("sentence: %s", got)
				}
				if got := line.Remedy(); got != c.remedy {
					t.Errorf("remedy: %s", got)
				}
				dependants(t, report)
			})
		}
	}
}

// What does not depend on a failed line is tried all the same: P is passed, F is
// failed, - is not tried, N is noted.
func TestWhatDependsOnWhat(t *testing.T) {
	for path, want := range map[string]string{
		"/metadata":       "F-----P",
		"/Token/validate": "PPF---P",
		"/Token/auth":     "PPPF--P",
		"/Organization":   "PPPPFPP",
		"/Key":            "PPPPPFP",
		"/Token":          "PPPPPPN",
	} {
		p := newPractice(t, dpctest.Options{})
		p.server.Break(path, dpctest.HTML(200))
		letters := map[check.Status]string{
			check.Passed: "P", check.Failed: "F", check.NotTried: "-", check.Noted: "N",
		}
		got := ""
		for _, line := range p.check(t).Lines {
			got += letters[line.Status]
		}
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestAnswersThatAreNotDPCs(t *testing.T) {
	for _, c := range []struct{ name, path, kind, body, sentence string }{
		{"wrong content type", "/metadata", "text/plain", `{"resourceType":"CapabilityStatement"}`, "An answer came back that does not look like DPC's: the answer is not JSON."},
		{"no JSON", "/metadata", "application/json", `{"resourceType":`, "An answer came back that does not look like DPC's: the answer can't be read."},
		{"another API", "/metadata", "application/json", `{"resourceType":"Patient"}`, "An answer came back that does not look like DPC's: this is not DPC's API."},
		{"no access token", "/Token/auth", "application/json", `{"token_type":"bearer","expires_in":300}`, "An answer came back that does not look like DPC's: the answer holds no access token."},
		{"access token that breaks out", "/Token/auth", "application/json", `{"access_token":"a\r\nX: b","token_type":"bearer"}`, "An answer came back that does not look like DPC's: the answer holds no access token."},
		{"no organization", "/Organization", "application/fhir+json", `{"resourceType":"Bundle","entry":[]}`, "An answer came back that does not look like DPC's: the answer names no organization."},
		{"no key", "/Key", "application/json", `{}`, "An answer came back that does not look like DPC's: the answer holds no list of keys."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPractice(t, dpctest.Options{})
			p.server.Break(c.path, dpctest.Reply(200, c.kind, c.body))
			line, _ := p.check(t).Failure()
			if got := line.Sentence(); got != c.sentence || line.Cause != check.CauseUnexpected {
				t.Errorf("%s: %s", line.Cause, got)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	for _, c := range []struct {
		name        string
		certificate dpctest.Certificate
		cause       check.Cause
		sentence    string
	}{
		{"interception", dpctest.Untrusted, check.CauseTLS, "No secure connection to DPC: the server's certificate is not one that this computer trusts."},
		{"expired", dpctest.Expired, check.CauseTLSExpired, "No secure connection to DPC: the server's certificate is out of date, or this computer's date is wrong."},
		{"another host", dpctest.WrongHost, check.CauseTLSHost, "No secure connection to DPC: another server answered in its place."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPractice(t, dpctest.Options{TLS: true, Certificate: c.certificate})
			line, _ := p.check(t).Failure()
			if got := line.Sentence(); got != c.sentence || line.Cause != c.cause || line.ID != check.Reach {
				t.Errorf("%s %s: %s (%s)", line.ID, line.Cause, got, line.Detail)
			}
			if !strings.HasSuffix(line.Remedy(), "Your credentials are not the cause.") {
				t.Errorf("remedy: %s", line.Remedy())
			}
			if len(p.server.Requests()) != 0 {
				t.Error("a request went out")
			}
		})
	}
}

// A server that speaks no TLS where TLS belongs, and the reverse, are named as such.
func TestTLSOnTheWrongSide(t *testing.T) {
	mail, err := net.Listen("tcp", "127.0.0.1:0") // speaks first, and no HTTP
	if err != nil {
		t.Fatal(err)
	}
	defer mail.Close()
	go func() {
		for {
			c, err := mail.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 mail.example ready\r\n")
			_ = c.Close()
		}
	}()
	const missing = "No secure connection to DPC: what answers at this address speaks no TLS."
	const only = "The API address starts with http://, and what answers there takes secure connections alone."
	for _, c := range []struct {
		name     string
		options  dpctest.Options
		fault    dpctest.Fault
		base     func(string) string
		cause    check.Cause
		sentence string
	}{
		{"https to http", dpctest.Options{}, nil, func(b string) string { return strings.Replace(b, "http:", "https:", 1) }, check.CauseTLSMissing, missing},
		{"https to a mail server", dpctest.Options{}, nil, func(string) string { return "https://" + mail.Addr().String() }, check.CauseTLSMissing, missing},
		{"http to https", dpctest.Options{TLS: true}, nil, func(b string) string { return strings.Replace(b, "https:", "http:", 1) }, check.CauseTLSOnly, only},
		{"http to nginx", dpctest.Options{}, dpctest.Reply(400, "text/html", "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"), nil, check.CauseTLSOnly, only},
		{"http to a TLS alert", dpctest.Options{}, alert, nil, check.CauseTLSOnly, only},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPractice(t, c.options)
			p.server.Break("/metadata", c.fault)
			if c.base != nil {
				p.client.base = c.base(p.client.base)
			}
			line := p.client.Reach(t.Context())[0]
			if line.Cause != c.cause || line.Sentence() != c.sentence || line.Fix != check.FixAgain {
				t.Errorf("%s: %s (%s)", line.Cause, line.Sentence(), line.Detail)
			}
		})
	}
}

// alert answers as a server does that takes TLS alone.
func alert(w http.ResponseWriter, _ *http.Request) bool {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = io.WriteString(conn, "\x15\x03\x01\x00\x02\x02\x46")
		_ = conn.Close()
	}
	return true
}

// nameless dials addresses, and finds no name.
func nameless() *net.Dialer {
	unplugged := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no server") }
	return &net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: unplugged}}
}

func TestNameNotFound(t *testing.T) {
	c, err := New("https://dpc.invalid/api/v1", "1")
	if err != nil {
		t.Fatal(err)
	}
	c.Transport.Proxy, c.Transport.DialContext = nil, nameless().DialContext
	line := c.Reach(t.Context())[0]
	if line.Cause != check.CauseDNS || line.Sentence() != "DPC's server was not found by its name." ||
		line.Remedy() != "Check the internet connection and, if there is one, the VPN, then check again. Your credentials are not the cause." {
		t.Errorf("%+v", line)
	}
}

func TestTimeout(t *testing.T) {
	for name, fault := range map[string]dpctest.Fault{"head": dpctest.Slow(), "body": dpctest.SlowBody()} {
		t.Run(name, func(t *testing.T) {
			p := newPractice(t, dpctest.Options{})
			p.client.limit = 50 * time.Millisecond
			p.server.Break("/metadata", fault)
			line := p.client.Reach(t.Context())[0]
			if line.Cause != check.CauseTimeout || line.Sentence() != "DPC did not answer in time." {
				t.Errorf("%+v", line)
			}
		})
	}
}

func TestCanceledWhileWaiting(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	p.server.Break("/Token/auth", func(w http.ResponseWriter, r *http.Request) bool {
		cancel()
		return dpctest.Slow()(w, r)
	})
	report, err := p.client.Check(ctx, p.state, p.creds, nil)
	if !errors.Is(err, context.Canceled) || len(report.Lines) != 3 {
		t.Errorf("%v, %d lines", err, len(report.Lines))
	}
	if _, _, err := p.client.AccessToken(ctx, p.state, p.creds); !errors.Is(err, context.Canceled) {
		t.Errorf("access token: %v", err)
	}
}

func TestProxy(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer refusing.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, c := range []struct {
		name, proxy string
		tls         bool
	}{
		{"not there", gone.URL, false},
		{"not there, tunnel", gone.URL, true},
		{"not there, socks", strings.Replace(gone.URL, "http", "socks5", 1), true},
		{"refuses", refusing.URL, false},
		{"refuses a tunnel", refusing.URL, true},
		{"has no name", "http://proxy.invalid:1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPractice(t, dpctest.Options{TLS: c.tls})
			address, err := url.Parse(c.proxy)
			if err != nil {
				t.Fatal(err)
			}
			p.client.Transport.Proxy, p.client.Transport.DialContext = http.ProxyURL(address), nameless().DialContext
			line := p.client.Reach(t.Context())[0]
			if line.Cause != check.CauseProxy || line.Sentence() != "The proxy between this computer and DPC let nothing through." {
				t.Errorf("%+v", line)
			}
		})
	}
}

// The proxy setting is read once for each process, so this test starts another.
// The password in it is not repeated.
func TestProxyFromTheEnvironment(t *testing.T) {
	const ask = "DPCTEST_ASK_THROUGH_PROXY"
	if os.Getenv(ask) != "" {
		c, err := New("https://dpc.invalid/api/v1", "1")
		if err != nil {
			t.Fatal(err)
		}
		line := c.Reach(t.Context())[0]
		t.Logf("cause %s: %s", line.Cause, line.Detail)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestProxyFromTheEnvironment$")
	cmd.Env = append(os.Environ(), ask+"=1", "HTTPS_PROXY=http://me:hunter2@127.0.0.1:1", "https_proxy=http://me:hunter2@127.0.0.1:1", "NO_PROXY=", "no_proxy=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "cause proxy: dial tcp 127.0.0.1:1: ") || strings.Contains(string(out), "hunter2") {
		t.Errorf("%s", out)
	}
}

func TestRedirectElsewhere(t *testing.T) {
	for _, at := range everyPath {
		for _, status := range []int{301, 302, 303, 307, 308} {
			p := newPractice(t, dpctest.Options{})
			elsewhere := dpctest.Elsewhere(t)
			p.server.Break(at.path, dpctest.Redirect(status, elsewhere.URL()+"/login"))
			report := p.check(t)
			line, _ := report.Failure()
			if line.ID != at.id || line.Cause != check.CauseRedirect || line.Fix != check.FixAgain {
				t.Errorf("%s %d: %+v", at.path, status, line)
			}
			want := "The request was sent on to another server (" + strings.TrimPrefix(elsewhere.URL(), "http://") + "), and that was not followed."
			if got := line.Sentence(); got != want {
				t.Errorf("sentence: %s", got)
			}
			if seen := elsewhere.Requests(); len(seen) != 0 {
				t.Errorf("%s %d: the other host was asked: %v", at.path, status, seen)
			}
		}
	}
}

func TestRedirectWithoutTLSIsNotFollowed(t *testing.T) {
	p := newPractice(t, dpctest.Options{TLS: true})
	p.server.Break("/metadata", dpctest.Redirect(302, "http://"+p.server.Address()+"/api/v1/metadata"))
	if line := p.client.Reach(t.Context())[0]; line.Cause != check.CauseRedirect {
		t.Errorf("%+v", line)
	}
}

func TestRedirectOnTheSameHost(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/metadata", dpctest.Times(1, dpctest.Redirect(302, "/api/v1/metadata")))
	if report := p.check(t); !report.Passed {
		t.Errorf("%s", read(report))
	}
	p.server.Break("/metadata", dpctest.Redirect(302, "/api/v1/metadata"))
	if line := p.client.Reach(t.Context())[0]; line.Cause != check.CauseRedirect {
		t.Errorf("endless: %+v", line)
	}
	p.server.Break("/metadata", nil)
	p.server.Break("/Token/auth", dpctest.Redirect(307, "/api/v1/Token/auth"))
	before := len(p.server.Requests())
	if line, _ := p.check(t).Failure(); line.ID != check.Accept || line.Cause != check.CauseRedirect {
		t.Errorf("assertion: %+v", line)
	}
	if after := len(p.server.Requests()); after-before != 3 {
		t.Errorf("%d requests", after-before)
	}
}

func TestRetries(t *testing.T) {
	for name, fault := range map[string]dpctest.Fault{
		"busy": dpctest.TooMany(0), "unavailable": dpctest.Unavailable(), "hung up": dpctest.HangUp(),
	} {
		for _, at := range everyPath {
			t.Run(name+at.path, func(t *testing.T) {
				p := newPractice(t, dpctest.Options{})
				p.server.Break(at.path, dpctest.Times(retries, fault))
				report := p.check(t)
				if once := at.path == "/Token/auth"; report.Passed == once {
					t.Errorf("%s", read(report))
				}
			})
		}
	}
}

// Nobody waits for minutes in front of a check: a long Retry-After is told instead.
func TestLongRetryAfter(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/metadata", dpctest.TooMany(9))
	if line := p.client.Reach(t.Context())[0]; line.Cause != check.CauseRateLimited || len(p.server.Requests()) != 1 {
		t.Errorf("%d requests, %+v", len(p.server.Requests()), line)
	}
}

// An assertion goes to the token endpoint once. Only after "Invalid JWT", which is
// also DPC's word for one that it has seen, does a second, fresh one follow.
func TestAssertionsAreFresh(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/Token/auth", dpctest.Times(1, dpctest.Reply(401, "application/json", `{"code":401,"message":"Invalid JWT"}`)))
	if report := p.check(t); !report.Passed {
		t.Fatalf("%s", read(report))
	}
	sent := map[string]bool{}
	posts := 0
	for _, r := range p.server.Requests() {
		if strings.HasSuffix(r.Path, "/Token/auth") {
			posts++
			sent[r.Body] = true
		}
	}
	if posts != 2 || len(sent) != 2 {
		t.Errorf("%d posts of %d assertions", posts, len(sent))
	}
}

// TestPlainHTTPReachesThisComputerAlone: a name server may say that "localhost"
// is somewhere else.
func TestPlainHTTPReachesThisComputerAlone(t *testing.T) {
	for _, test := range []struct {
		address string
		ok      bool
	}{{"127.0.0.1:80", true}, {"[::1]:80", true}, {"192.0.2.1:80", false}, {"[2001:db8::1]:80", false}} {
		if err := onLoopback("tcp", test.address, nil); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.address, err)
		}
	}
	c, err := New("http://localhost:1/api", "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Transport.DialContext(t.Context(), "tcp", "192.0.2.1:9"); !errors.Is(err, errNotHere) {
		t.Errorf("a name that leads elsewhere: %v", err)
	}
}

// A Retry-After that can be waited for is waited for.
func TestRetryAfterIsHonored(t *testing.T) {
	c, err := New("https://dpc.example/api", "1")
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[string]time.Duration{"": c.retryMin, "3": 3 * time.Second} {
		busy := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}}
		if after != "" {
			busy.Header.Set("Retry-After", after)
		}
		r := c.retrier(false)
		if got := r.Backoff(r.RetryWaitMin, r.RetryWaitMax, 0, busy); got != want {
			t.Errorf("Retry-After %q: waits %v, want %v", after, got, want)
		}
	}
}

// A body without an end is given up at the bound, and not when time is up.
func TestEndlessBody(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/metadata", func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
				return true
			}
		}
	})
	if line := p.client.Reach(t.Context())[0]; line.Cause != check.CauseUnexpected {
		t.Errorf("%+v", line)
	}
}
