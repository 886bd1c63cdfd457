// Package check holds what the live check of credentials with DPC found: a report
// of lines, each with its status, its cause and the facts (report.go), and the
// sentences that a person reads of them (sentences.go). It asks nobody and keeps
// nothing: steps/dpc fills the report in, and steps/record keeps it beside what
// it was made from.
//
// A cause lies either on the way between this computer and DPC, and then says
// nothing about the credentials and never leads to the advice to make new ones;
// or in what the person entered or did in the portal (Cause.Personal).
//
// What DPC looks at is documented at https://dpc.cms.gov/docsV1.
package check

import (
	"slices"
	"time"
)

// ID names a line of the live check.
type ID string

const (
	Reach        ID = "reach"        // DPC answers
	Clock        ID = "clock"        // this computer's clock agrees with DPC's
	Assertion    ID = "assertion"    // the client assertion is well formed
	Accept       ID = "accept"       // DPC accepts token, key ID and private key
	Organization ID = "organization" // its ID and NPI are the ones entered
	Key          ID = "key"          // the key under that ID is this very key
	Expiry       ID = "expiry"       // the token's expiry
	Addresses    ID = "addresses"    // production: the reminder of the IP addresses
)

// IDs lists the lines in order. Addresses is there for production only.
var IDs = []ID{Reach, Clock, Assertion, Accept, Organization, Key, Expiry, Addresses}

// Status is how a line stands.
type Status string

const (
	Running  Status = "running"
	Passed   Status = "passed"
	Noted    Status = "noted" // passed, with something to know
	Failed   Status = "failed"
	NotTried Status = "not tried" // depends on a line that failed
)

// Cause says why a line is failed or noted. Causes are part of the JSON
// form and keep their meaning.
type Cause string

// Causes that lie between this computer and DPC. None of them says anything
// about the credentials, and none leads to the advice to make new ones.
const (
	CauseOffline     Cause = "offline"      // no route, connection refused or reset
	CauseDNS         Cause = "dns"          // the name does not resolve
	CauseProxy       Cause = "proxy"        // the proxy does not answer or refuses
	CauseTLS         Cause = "tls"          // no secure connection, or a certificate that is not trusted: interception
	CauseTLSMissing  Cause = "tls-missing"  // https was asked for, and what answers speaks no TLS
	CauseTLSOnly     Cause = "tls-only"     // http was asked for, and what answers speaks TLS alone
	CauseTLSExpired  Cause = "tls-expired"  // certificate out of date, or this computer's date is wrong
	CauseTLSHost     Cause = "tls-host"     // certificate of another host
	CauseCaptive     Cause = "captive"      // HTML where DPC's answer belongs
	CauseRedirect    Cause = "redirect"     // sent to another host
	CauseForbidden   Cause = "forbidden"    // 403: turned away before the credentials were looked at
	CauseRateLimited Cause = "rate-limited" // 429
	CauseServer      Cause = "server"       // 5xx
	CauseTimeout     Cause = "timeout"
	CauseUnexpected  Cause = "unexpected" // an answer that makes no sense
	CauseClock       Cause = "clock"      // the local clock is off
	CauseAudience    Cause = "audience"   // DPC goes by another address than the one that was asked
)

// Causes that lie in what the person entered or did in the portal.
const (
	CauseAssertion     Cause = "assertion"      // DPC says which claim is wrong
	CauseTokenRefused  Cause = "token-refused"  // DPC does not accept the client token
	CauseTokenExpired  Cause = "token-expired"  // the client token's year is over
	CauseTokenExpiring Cause = "token-expiring" // under 30 days left
	CauseTokenUnlisted Cause = "token-unlisted" // no token in the portal's list has its ID
	CauseTokensGone    Cause = "tokens-gone"    // the portal lists no token of this organization
	CauseKeyIDUnknown  Cause = "key-id-unknown" // no key of this organization has that ID
	CauseKeyIDOther    Cause = "key-id-other"   // this key is registered, under another ID
	CauseKeyOther      Cause = "key-other"      // another key is registered under that ID
	CausePrivateKey    Cause = "private-key"    // the private key is not the registered one
	CauseOrganization  Cause = "organization"   // the token is another organization's
	CauseNPI           Cause = "npi"            // NPI differs: a note in sandbox
	CauseAddresses     Cause = "addresses"      // reminder of the IP addresses
)

// Personal reports whether a cause is DPC's verdict on the credentials, or something
// that the person entered, and not something between this computer and DPC.
func (c Cause) Personal() bool {
	switch c {
	case CauseAssertion, CauseTokenRefused, CauseTokenExpired, CauseTokenExpiring, CauseTokenUnlisted,
		CauseTokensGone, CauseKeyIDUnknown, CauseKeyIDOther, CauseKeyOther, CausePrivateKey, CauseOrganization, CauseNPI:
		return true
	}
	return false
}

// Fix is what can be offered to do about a failed line. Its words are part of the
// JSON form, where the field is called "mend".
type Fix string

const (
	FixNone         Fix = ""
	FixAgain        Fix = "again"         // nothing is wrong here: check again later
	FixClock        Fix = "clock"         // set this computer's clock
	FixRecordKeyID  Fix = "record-key-id" // record Line.KeyID instead
	FixToken        Fix = "token"         // back to the token step
	FixOrganization Fix = "organization"  // back to the save step
	FixKeyID        Fix = "key-id"        // back to the id step
	FixKey          Fix = "key"           // back to the add step: this key is not registered
	FixNPI          Fix = "npi"           // back to the access step
)

// Line is one line of the live check. It holds facts; what a person reads is made
// from them by Sentence and Remedy.
type Line struct {
	ID     ID            `json:"id"`
	Status Status        `json:"status"`
	Cause  Cause         `json:"cause,omitempty"`
	Fix    Fix           `json:"mend,omitempty"`
	Took   time.Duration `json:"took_ns"` // nanoseconds

	Skew           time.Duration `json:"skew_ns,omitempty"`         // local clock minus DPC's: positive is fast
	KeyID          string        `json:"key_id,omitempty"`          // the ID under which this key is registered
	KeyLabel       string        `json:"key_label,omitempty"`       // the portal's label of the key at hand
	TokenLabel     string        `json:"token_label,omitempty"`     // the portal's label of the token
	OrganizationID string        `json:"organization_id,omitempty"` // DPC's
	Organization   string        `json:"organization,omitempty"`    // DPC's name for it
	NPI            string        `json:"npi,omitempty"`             // DPC's
	Created        time.Time     `json:"created,omitzero"`          // of the token
	Expires        time.Time     `json:"expires,omitzero"`          // of the token
	DaysLeft       int           `json:"days_left,omitempty"`       // of the token: whole days, below 0 once it has expired
	HTTPStatus     int           `json:"http_status,omitempty"`
	Detail         string        `json:"detail,omitempty"` // DPC's or the system's own words, cleaned, never a secret
}

// Report is the outcome of a live check. The zero value is a check that was not made.
type Report struct {
	At     time.Time `json:"at"`
	API    string    `json:"api"` // the API base that was asked
	Passed bool      `json:"passed"`
	Lines  []Line    `json:"lines,omitempty"`
}

// Failure returns the first line that failed.
func (r Report) Failure() (Line, bool) {
	for _, line := range r.Lines {
		if line.Status == Failed {
			return line, true
		}
	}
	return Line{}, false
}

// Refused reports whether DPC was asked and said no to what was entered or done in
// the portal. It is false where something on the way was in between, where a value
// can't be read on this computer, and where DPC accepts the credentials but shows
// another organization, NPI or key for them than the one that was entered.
func (l Line) Refused() bool {
	return l.Status == Failed && l.Cause.Personal() && l.HTTPStatus >= 400 && l.HTTPStatus < 500
}

// Refused reports whether the first line that failed is one that DPC refused.
func (r Report) Refused() bool {
	line, _ := r.Failure()
	return line.Refused()
}

// Fixes lists what can be done about the lines that failed, each once. Those that
// only ask to check again are not in it. Where DPC refuses a key ID, either it is
// wrong or its key is not registered any more, so both can be chosen.
func (r Report) Fixes() []Fix {
	var fixes []Fix
	for _, line := range r.Lines {
		offered := []Fix{line.Fix}
		if line.Fix == FixKeyID && line.Refused() {
			offered = append(offered, FixKey)
		}
		for _, fix := range offered {
			switch {
			case fix == FixNone, fix == FixAgain, fix == FixClock, line.Status != Failed, slices.Contains(fixes, fix):
			default:
				fixes = append(fixes, fix)
			}
		}
	}
	return fixes
}
