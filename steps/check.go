package steps

import "time"

// CheckID names a line of the live check. The order is that of CheckIDs.
type CheckID string

const (
	CheckReach        CheckID = "reach"        // DPC answers
	CheckClock        CheckID = "clock"        // this computer's clock agrees with DPC's
	CheckAssertion    CheckID = "assertion"    // the client assertion is well formed
	CheckAccept       CheckID = "accept"       // DPC accepts token, key ID and private key
	CheckOrganization CheckID = "organization" // its ID and NPI are the ones entered
	CheckKey          CheckID = "key"          // the key under that ID is this very key
	CheckExpiry       CheckID = "expiry"       // the token's expiry
	CheckAddresses    CheckID = "addresses"    // production: the reminder of the IP addresses
)

// CheckIDs lists the lines in order. CheckAddresses is there for production only.
var CheckIDs = []CheckID{
	CheckReach, CheckClock, CheckAssertion, CheckAccept,
	CheckOrganization, CheckKey, CheckExpiry, CheckAddresses,
}

// CheckStatus is how a line stands.
type CheckStatus string

const (
	CheckRunning  CheckStatus = "running"
	CheckPassed   CheckStatus = "passed"
	CheckNoted    CheckStatus = "noted" // passed, with something to know
	CheckFailed   CheckStatus = "failed"
	CheckNotTried CheckStatus = "not tried" // depends on a line that failed
)

// CheckCause says why a line is failed or noted. Causes are part of the JSON
// form and keep their meaning.
type CheckCause string

// Causes that lie between this computer and DPC. None of them says anything
// about the credentials, and none leads to the advice to make new ones.
const (
	CauseOffline     CheckCause = "offline"      // no route, connection refused or reset
	CauseDNS         CheckCause = "dns"          // the name does not resolve
	CauseProxy       CheckCause = "proxy"        // the proxy does not answer or refuses
	CauseTLS         CheckCause = "tls"          // no secure connection, or a certificate that is not trusted: interception
	CauseTLSExpired  CheckCause = "tls-expired"  // certificate out of date, or this computer's date is wrong
	CauseTLSHost     CheckCause = "tls-host"     // certificate of another host
	CauseCaptive     CheckCause = "captive"      // HTML where DPC's answer belongs
	CauseRedirect    CheckCause = "redirect"     // sent to another host
	CauseForbidden   CheckCause = "forbidden"    // 403: turned away before the credentials were looked at
	CauseRateLimited CheckCause = "rate-limited" // 429
	CauseServer      CheckCause = "server"       // 5xx
	CauseTimeout     CheckCause = "timeout"
	CauseUnexpected  CheckCause = "unexpected" // an answer that makes no sense
	CauseClock       CheckCause = "clock"      // the local clock is off
)

// Causes that lie in what the person entered or did in the portal.
const (
	CauseAssertion     CheckCause = "assertion"      // DPC says which claim is wrong
	CauseTokenRefused  CheckCause = "token-refused"  // DPC does not accept the client token
	CauseTokenExpired  CheckCause = "token-expired"  // the client token's year is over
	CauseTokenExpiring CheckCause = "token-expiring" // under 30 days left
	CauseTokenUnlisted CheckCause = "token-unlisted" // no token in the portal's list has these dates
	CauseKeyIDUnknown  CheckCause = "key-id-unknown" // no key of this organization has that ID
	CauseKeyIDOther    CheckCause = "key-id-other"   // this key is registered, under another ID
	CauseKeyOther      CheckCause = "key-other"      // another key is registered under that ID
	CausePrivateKey    CheckCause = "private-key"    // the private key is not the registered one
	CauseOrganization  CheckCause = "organization"   // the token is another organization's
	CauseNPI           CheckCause = "npi"            // NPI differs: a note in sandbox
	CauseAddresses     CheckCause = "addresses"      // reminder of the IP addresses
)

// Personal reports whether a cause is DPC's verdict on the credentials, or something
// that the person entered, and not something between this computer and DPC.
func (c CheckCause) Personal() bool {
	switch c {
	case CauseAssertion, CauseTokenRefused, CauseTokenExpired, CauseTokenExpiring, CauseTokenUnlisted,
		CauseKeyIDUnknown, CauseKeyIDOther, CauseKeyOther, CausePrivateKey, CauseOrganization, CauseNPI:
		return true
	}
	return false
}

// Mend is what the wizard can offer to do about a failed line.
type Mend string

const (
	MendNone         Mend = ""
	MendAgain        Mend = "again"         // nothing is wrong here: check again later
	MendClock        Mend = "clock"         // set this computer's clock
	MendRecordKeyID  Mend = "record-key-id" // record CheckLine.KeyID instead
	MendToken        Mend = "token"         // back to the token step
	MendOrganization Mend = "organization"  // back to the save step
	MendKeyID        Mend = "key-id"        // back to the id step
	MendKey          Mend = "key"           // back to the add step: this key is not registered
	MendNPI          Mend = "npi"           // back to the access step
)

// CheckLine is one line of the live check. It holds facts; the sentence that a
// person reads is made from them by Sentence and Remedy.
type CheckLine struct {
	ID     CheckID       `json:"id"`
	Status CheckStatus   `json:"status"`
	Cause  CheckCause    `json:"cause,omitempty"`
	Mend   Mend          `json:"mend,omitempty"`
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

// CheckReport is the outcome of a live check, and what it was made with. It is
// a fact in the progress file.
type CheckReport struct {
	At          time.Time   `json:"at"`
	API         string      `json:"api"`   // the API base that was asked
	Later       bool        `json:"later"` // the person chose to check later
	Passed      bool        `json:"passed"`
	Lines       []CheckLine `json:"lines,omitempty"`
	TokenDigest string      `json:"token_digest"`
	KeyID       string      `json:"key_id"`
	Fingerprint string      `json:"fingerprint"`
}

// Failure returns the first line that failed.
func (r CheckReport) Failure() (CheckLine, bool) {
	for _, line := range r.Lines {
		if line.Status == CheckFailed {
			return line, true
		}
	}
	return CheckLine{}, false
}

// Refused reports whether the check failed because of the credentials, and not
// because of the way to DPC.
func (r CheckReport) Refused() bool {
	line, failed := r.Failure()
	return failed && line.Cause.Personal()
}
