// Package dpc is a client of DPC's API: the live check of credentials (check.go,
// lines.go), access tokens for scripts (access.go), and whether DPC can be reached
// at all.
//
// It keeps what goes wrong on the way to DPC (network, proxy, certificate, clock,
// overload) apart from what DPC says about the credentials, because only the
// second is a reason to change them. It never repeats a secret: not in an error,
// not in a line of the check, not even where a server sends it back.
//
// The API is documented at https://dpc.cms.gov/docsV1. Client assertions follow
// RFC 7523, and what DPC answers with is FHIR STU3
// (https://hl7.org/fhir/STU3) or plain JSON.
package dpc

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Limits that hold for every request.
const (
	requestLimit = 30 * time.Second       // from the first attempt to the last byte
	retryMin     = 300 * time.Millisecond // before the first repeat; doubles
	retryMax     = 8 * time.Second        // and the longest Retry-After that is waited for
	retries      = 2
	maxAnswer    = 1 << 20 // bytes of a body
)

// Client speaks to one base of DPC's API. Its fields may be changed before the
// first request; after that it may be used by several goroutines.
type Client struct {
	Now       func() time.Time // this computer's clock
	NewID     func() string    // a fresh random UUID for each assertion
	Transport *http.Transport  // must not go below TLS 1.2

	base     string
	agent    string
	limit    time.Duration // of one request
	retryMin time.Duration
}

// New returns a client for an API base such as
// https://sandbox.dpc.cms.gov/api/v1. Plain http is for loopback addresses only.
// version is the program's own, for the User-Agent.
func New(base, version string) (*Client, error) {
	base, err := parseBase(base)
	if err != nil {
		return nil, err
	}
	return &Client{
		Now:       time.Now,
		NewID:     uuid.NewString,
		Transport: newTransport(strings.HasPrefix(base, "http:")),
		base:      base,
		agent:     "dpc-onboard/" + version,
		limit:     requestLimit,
		retryMin:  retryMin,
	}, nil
}

// What parseBase refuses. None of the texts repeats the address, which may hold a
// password.
var (
	errBaseForm   = errors.New("the API address must look like https://host/path")
	errBaseScheme = errors.New("the API address must start with https://; http:// is for this computer's own addresses only")
	errBaseParts  = errors.New("the API address must not hold a user name, a password, a query or a fragment")
)

func parseBase(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return "", errBaseForm
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errBaseParts
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", errBaseScheme
	}
	return strings.TrimRight(fmt.Sprintf("%s://%s%s", u.Scheme, u.Host, u.EscapedPath()), "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
