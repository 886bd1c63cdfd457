package dpc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"dpc-onboard/steps"
)

// fault is why a line failed: a cause, and what the person can do.
type fault struct {
	cause  steps.CheckCause
	mend   steps.Mend
	status int           // HTTP, 0 where there was no answer
	skew   time.Duration // where the cause is the clock
	detail string        // the other side's words, clean
}

func (f *fault) Error() string {
	if f.detail == "" {
		return string(f.cause)
	}
	return string(f.cause) + ": " + f.detail
}

// again is a fault that lies between this computer and DPC.
func again(cause steps.CheckCause, detail string) *fault {
	return &fault{cause: cause, mend: steps.MendAgain, detail: detail}
}

// classify says what an error of send means. The order matters: a proxy's error
// may hold a DNS error, and a DNS error may be a time-out.
func classify(err error, words cleaner) *fault {
	cause := steps.CauseOffline
	for _, kind := range kinds {
		if kind.is(err) {
			cause = kind.cause
			break
		}
	}
	f := again(cause, words.clean(reason(err)))
	if p, ok := errors.AsType[*proxyError](err); ok {
		f.status = p.status
	}
	return f
}

var kinds = []struct {
	cause steps.CheckCause
	is    func(error) bool
}{
	{steps.CauseRedirect, isA[*redirectError]},
	{steps.CauseUnexpected, func(err error) bool { return errors.Is(err, errTooLarge) }},
	{steps.CauseProxy, isProxy},
	{steps.CauseDNS, isA[*net.DNSError]},
	{steps.CauseTLSExpired, isExpired},
	{steps.CauseTLSHost, isA[x509.HostnameError]},
	{steps.CauseTLS, isTLS},
	{steps.CauseTimeout, isTimeout},
	{steps.CauseUnexpected, isProtocol},
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isProxy(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return isA[*proxyError](err) || ok && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks"))
}

func isExpired(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired
}

func isTLS(err error) bool {
	return isA[*tls.CertificateVerificationError](err) || isA[tls.RecordHeaderError](err) ||
		isA[tls.AlertError](err) || errors.Is(err, http.ErrSchemeMismatch) || isA[x509.UnknownAuthorityError](err) ||
		isA[x509.CertificateInvalidError](err) || strings.Contains(err.Error(), "tls: ")
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout()
}

// isProtocol recognizes an answer that is no HTTP. Go has no types for these.
func isProtocol(err error) bool {
	return strings.Contains(err.Error(), "malformed") || strings.Contains(err.Error(), "Location header") ||
		strings.Contains(err.Error(), "headers exceeded") || strings.Contains(err.Error(), "invalid header")
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

// judge says what is wrong with an answer whatever was asked, or nil where DPC
// itself seems to have spoken.
func judge(a answer, words cleaner) *fault {
	f := again("", words.clean(message(a)))
	f.status = a.status
	switch {
	case a.status == http.StatusTooManyRequests:
		f.cause, f.detail = steps.CauseRateLimited, words.clean(a.wait)
	case a.status == http.StatusProxyAuthRequired:
		f.cause = steps.CauseProxy
	case a.status == http.StatusNetworkAuthenticationRequired:
		f.cause = steps.CauseCaptive
	case a.status == http.StatusRequestTimeout:
		f.cause = steps.CauseTimeout
	case a.status >= 500:
		f.cause = steps.CauseServer
	case a.status == http.StatusForbidden:
		f.cause = steps.CauseForbidden
	case a.isHTML():
		f.cause = steps.CauseCaptive
	case a.status >= 300 && a.status < 400:
		f.cause = steps.CauseRedirect
	default:
		return nil
	}
	return f
}

// unexpected is an answer that makes no sense for what was asked.
func unexpected(a answer, detail string) *fault {
	f := again(steps.CauseUnexpected, detail)
	f.status = a.status
	if detail == "" {
		f.detail = "HTTP " + strconv.Itoa(a.status)
	}
	return f
}
