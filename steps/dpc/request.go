package dpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"dpc-onboard/keys"
)

// newTransport bounds every phase of a request. Connections are not kept: a
// request that finds an idle one dead would be sent twice, and Go's client logs
// what a server says out of turn on an idle one. plain is for http, which stays
// on this computer whatever a name server says of its names.
func newTransport(plain bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if plain {
		dialer.Control = onLoopback
	}
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: dialer.DialContext,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return &proxyError{status: answer.StatusCode}
			}
			return nil
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true,
	}
}

// errNotHere is an address of another computer where only this one may be asked.
var errNotHere = errors.New("http:// is for this computer's own addresses only")

// onLoopback refuses to connect to another computer.
func onLoopback(_, address string, _ syscall.RawConn) error {
	if host, _, err := net.SplitHostPort(address); err == nil && loopback(host) {
		return nil
	}
	return errNotHere
}

// proxyError is a proxy that refuses to open the way to DPC.
type proxyError struct{ status int }

func (e *proxyError) Error() string { return "the proxy answered " + strconv.Itoa(e.status) }

// redirectError is an answer that sends us to another host. It is not followed:
// what we send is for DPC alone.
type redirectError struct{ host string }

func (e *redirectError) Error() string { return "sent on to " + e.host }

// sameHost is the redirect policy: only a GET, and only on the host that we asked.
func sameHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host {
		return &redirectError{host: next.URL.Host}
	}
	if len(via) > 5 {
		return &redirectError{host: "the same place again and again"}
	}
	return nil
}

// request is one call of the API.
type request struct {
	method string // empty: a POST where it has a body, a GET where not
	path   string // below the base
	accept string
	kind   string      // the body's content type
	body   keys.Secret // empty for none
	bearer keys.Secret // empty for none
	once   bool        // never to be repeated
}

// answer is what came back, whatever its status, and what it says of the clocks.
type answer struct {
	status int
	kind   string // media type
	body   []byte
	date   time.Time     // DPC's clock, zero where it did not say
	skew   time.Duration // this computer's clock minus DPC's, 0 where date is zero
	wait   string        // Retry-After
}

// errTooLarge is a body beyond maxAnswer.
var errTooLarge = errors.New("the answer is larger than 1 MiB")

// send makes a request, again where that is safe and may help, and reads the
// answer up to maxAnswer. Its errors are for classify.
func (c *Client) send(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	req, err := c.build(ctx, r)
	if err != nil {
		return answer{}, err
	}
	asked := c.Now()
	response, err := c.retrier(r.once).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close() // it was read, and nothing hangs on its end
	a := answer{status: response.StatusCode, wait: response.Header.Get("Retry-After")}
	a.kind, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	a.setDate(response.Header, asked, c.Now())
	a.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(a.body) > maxAnswer {
		err = errTooLarge
	}
	return a, err
}

// setDate compares the clocks. Date has whole seconds, and the middle between
// question and answer is the best guess at when it was written.
func (a *answer) setDate(h http.Header, asked, answered time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	if age, err := strconv.Atoi(h.Get("Age")); err == nil && age > 0 { // kept by a cache
		date = date.Add(time.Duration(age) * time.Second)
	}
	local := asked.Add(answered.Sub(asked) / 2)
	a.date, a.skew = date, local.Sub(date).Truncate(time.Second)
}

func (c *Client) build(ctx context.Context, r request) (*retryablehttp.Request, error) {
	method, body := http.MethodGet, any(nil)
	if !r.body.IsZero() {
		method, body = http.MethodPost, []byte(r.body.Reveal())
	}
	if r.method != "" {
		method = r.method
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, method, c.base+r.path, body)
	if err != nil {
		return nil, fmt.Errorf("building the request: %w", err)
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", r.accept)
	req.Header.Set("Cache-Control", "no-cache")
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	if !r.bearer.IsZero() {
		req.Header.Set("Authorization", "Bearer "+r.bearer.Reveal())
	}
	return req, nil
}

// retrier has no logger: what it would log are requests.
func (c *Client) retrier(once bool) *retryablehttp.Client {
	r := &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: c.Transport, CheckRedirect: sameHost},
		RetryWaitMin: c.retryMin,
		RetryWaitMax: retryMax,
		RetryMax:     retries,
		CheckRetry:   c.worthRepeating,
		Backoff:      retryablehttp.DefaultBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if once {
		r.RetryMax = 0
	}
	return r
}

// worthRepeating is for a connection that broke and for a server that is busy.
// Names, proxies, certificates and redirects do not change in a moment, and what
// took too long once would only take longer.
func (c *Client) worthRepeating(ctx context.Context, response *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return broken(err), err
	}
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return retryablehttp.DefaultBackoff(c.retryMin, retryMax, 0, response) <= retryMax, nil
	}
	return false, nil
}
