package dpc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"dpc-onboard/steps/check"
)

// fault is a line that failed, before it is known which: its cause and fix, the
// HTTP status where there was an answer, and the other side's own words, which
// only cleaner.line makes fit to be shown.
type fault = check.Line

func failed(cause check.Cause, fix check.Fix, detail string) *fault {
	return &fault{Status: check.Failed, Cause: cause, Fix: fix, Detail: detail}
}

// unexpected is an answer that makes no sense for what was asked.
func unexpected(a answer, detail string) *fault {
	if detail == "" {
		detail = "HTTP " + strconv.Itoa(a.status)
	}
	f := failed(check.CauseUnexpected, check.FixAgain, detail)
	f.HTTPStatus = a.status
	return f
}

// statuses are those that say by themselves what is in the way.
var statuses = map[int]check.Cause{
	http.StatusForbidden:                     check.CauseForbidden,
	http.StatusProxyAuthRequired:             check.CauseProxy,
	http.StatusRequestTimeout:                check.CauseTimeout,
	http.StatusTooManyRequests:               check.CauseRateLimited,
	http.StatusNetworkAuthenticationRequired: check.CauseCaptive,
}

// tlsOnly is what servers say to plain HTTP on a port for TLS: those in Go, nginx, and
// Apache.
var tlsOnly = regexp.MustCompile(`(?i)HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|plain HTTP to an SSL-enabled`)

// onTheWay says what is wrong with an answer whatever was asked, or nil where DPC
// itself seems to have spoken.
func onTheWay(a answer) *fault {
	start := strings.ToLower(strings.TrimSpace(string(a.body[:min(len(a.body), 64)])))
	page := a.kind == "text/html" || a.kind == "application/xhtml+xml" || strings.HasPrefix(start, "<")
	cause, known := statuses[a.status]
	switch {
	case a.status == http.StatusBadRequest && tlsOnly.Match(a.body):
		cause = check.CauseTLSOnly
	case known:
	case a.status >= 500:
		cause = check.CauseServer
	case page:
		cause = check.CauseCaptive
	case a.status >= 300 && a.status < 400:
		cause = check.CauseRedirect
	default:
		return nil
	}
	f := failed(cause, check.FixAgain, message(a))
	f.HTTPStatus = a.status
	if cause == check.CauseRateLimited {
		f.Detail = a.wait
	}
	return f
}

// classify says what an error of send means.
func classify(err error) *fault {
	f := failed(check.CauseOffline, check.FixAgain, reason(err))
	for _, kind := range kinds {
		if kind.is(err) {
			f.Cause = kind.cause
			break
		}
	}
	if p, ok := errors.AsType[*proxyError](err); ok {
		f.HTTPStatus = p.status
	}
	return f
}

// kinds are the errors that say more than that there is no connection. The order
// matters: a proxy's error may hold a DNS error, and a DNS error may be a time-out.
var kinds = []struct {
	cause check.Cause
	is    func(error) bool
}{
	{check.CauseRedirect, isA[*redirectError]},
	{check.CauseUnexpected, func(err error) bool { return errors.Is(err, errTooLarge) }},
	{check.CauseProxy, isProxy},
	{check.CauseDNS, isA[*net.DNSError]},
	{check.CauseTLSExpired, func(err error) bool {
		invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
		return ok && invalid.Reason == x509.Expired
	}},
	{check.CauseTLSHost, isA[x509.HostnameError]},
	{check.CauseTLSMissing, func(err error) bool {
		return errors.Is(err, http.ErrSchemeMismatch) || isA[tls.RecordHeaderError](err)
	}},
	{check.CauseTLS, isTLS},
	{check.CauseTLSOnly, func(err error) bool { return tlsAlert.MatchString(err.Error()) }},
	{check.CauseTimeout, isTimeout},
	{check.CauseUnexpected, func(err error) bool { return notHTTP.MatchString(err.Error()) }},
}

// tlsAlert is said of an answer to plain HTTP that begins as TLS's alerts do. Go
// quotes it.
var tlsAlert = regexp.MustCompile(`malformed HTTP response "\\x15\\x03`)

// notHTTP is said of an answer that is no HTTP. Go has no types for these errors.
var notHTTP = regexp.MustCompile("malformed|Location header|headers exceeded|invalid header")

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isProxy(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return isA[*proxyError](err) || ok && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks"))
}

// isTLS recognizes crypto/tls by its prefix: it has types for few of its errors.
func isTLS(err error) bool {
	return isA[*tls.CertificateVerificationError](err) || errors.Is(err, http.ErrSchemeMismatch) ||
		strings.Contains(err.Error(), "tls: ")
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout()
}

// broken recognizes a connection that was refused or broke off.
func broken(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	if isProxy(err) || isTimeout(err) || isA[*net.DNSError](err) || isTLS(err) {
		return false
	}
	return ok && op.Err != nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// reason is the innermost part of an error that says something: the outer ones
// repeat the address.
func reason(err error) string {
	if to, ok := errors.AsType[*redirectError](err); ok {
		return to.host
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.Err + ": " + dns.Name
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
