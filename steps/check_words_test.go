package steps_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"dpc-onboard/steps"
)

// onTheWay are the causes that say nothing about the credentials.
var onTheWay = []steps.CheckCause{
	steps.CauseOffline, steps.CauseDNS, steps.CauseProxy, steps.CauseTLS, steps.CauseTLSExpired,
	steps.CauseTLSHost, steps.CauseCaptive, steps.CauseRedirect, steps.CauseForbidden,
	steps.CauseRateLimited, steps.CauseServer, steps.CauseTimeout, steps.CauseUnexpected, steps.CauseClock,
}

// personal are the causes that lie in what the person entered or did.
var personal = []steps.CheckCause{
	steps.CauseAssertion, steps.CauseTokenRefused, steps.CauseTokenExpired, steps.CauseTokenExpiring,
	steps.CauseTokenUnlisted, steps.CauseKeyIDUnknown, steps.CauseKeyIDOther, steps.CauseKeyOther,
	steps.CausePrivateKey, steps.CauseOrganization, steps.CauseNPI,
}

func TestCausesOnTheWayBlameNoCredential(t *testing.T) {
	advice := regexp.MustCompile(`(?i)new (client )?token|new key|create|another token|add this|paste`)
	for _, cause := range onTheWay {
		for _, id := range steps.CheckIDs {
			line := steps.CheckLine{ID: id, Status: steps.CheckFailed, Cause: cause}
			if cause.Personal() || !strings.HasSuffix(line.Remedy(), " Your credentials are not the cause.") {
				t.Errorf("%s: %s", cause, line.Remedy())
			}
			if text := line.Sentence(steps.Sandbox) + line.Remedy(); advice.MatchString(text) {
				t.Errorf("%s: %s", cause, text)
			}
		}
	}
}

func TestPersonalCausesSayWhatToDo(t *testing.T) {
	for _, cause := range personal {
		line := steps.CheckLine{ID: steps.CheckAccept, Status: steps.CheckFailed, Cause: cause, HTTPStatus: 401}
		if cause == steps.CauseTokenUnlisted {
			continue // is only ever noted, and has no remedy
		}
		if !cause.Personal() || line.Remedy() == "" || strings.Contains(line.Remedy(), "not the cause") {
			t.Errorf("%s: %q", cause, line.Remedy())
		}
	}
}

// What a person reads is one sentence, whatever facts are missing.
func TestSentencesAreWhole(t *testing.T) {
	whole := regexp.MustCompile(`^[A-Z][^.]*(\.[^ ][^.]*)*[.…]$`)
	for _, id := range steps.CheckIDs {
		for _, status := range []steps.CheckStatus{steps.CheckRunning, steps.CheckPassed, steps.CheckNotTried} {
			line := steps.CheckLine{ID: id, Status: status}
			if got := line.Sentence(steps.Sandbox); !whole.MatchString(got) && !(id == steps.CheckExpiry && status == steps.CheckPassed) {
				t.Errorf("%s %s: %q", status, id, got)
			}
			if line.Remedy() != "" || line.Title() == "" {
				t.Errorf("%s %s: title %q, remedy %q", status, id, line.Title(), line.Remedy())
			}
		}
		for _, cause := range append(append([]steps.CheckCause{steps.CauseAddresses}, onTheWay...), personal...) {
			for _, e := range []steps.Environment{steps.Sandbox, steps.Production} {
				line := steps.CheckLine{ID: id, Status: steps.CheckFailed, Cause: cause, NPI: "1", Expires: time.Unix(0, 0)}
				if got := line.Sentence(e); !whole.MatchString(got) || strings.Contains(got, "  ") {
					t.Errorf("%s %s: %q", cause, id, got)
				}
			}
		}
	}
}

func TestExpirySentences(t *testing.T) {
	made := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ends := made.AddDate(1, 0, 0)
	for _, c := range []struct {
		line steps.CheckLine
		want string
	}{
		{steps.CheckLine{Status: steps.CheckPassed, DaysLeft: 364}, "The client token expires on November 22, 2027, in 364 days."},
		{steps.CheckLine{Status: steps.CheckPassed, DaysLeft: 364, TokenLabel: "Practice", Created: made}, "The client token “Practice” was made on November 22, 2026 and expires on November 22, 2027, in 364 days."},
		{steps.CheckLine{Status: steps.CheckNoted, Cause: steps.CauseTokenExpiring, DaysLeft: 1}, "The client token expires on November 22, 2027, in 1 day."},
		{steps.CheckLine{Status: steps.CheckNoted, Cause: steps.CauseTokenExpiring}, "The client token expires on November 22, 2027, in less than a day."},
		{steps.CheckLine{Status: steps.CheckNoted, Cause: steps.CauseTokenUnlisted, DaysLeft: 9}, "The client token expires on November 22, 2027, in 9 days; the portal lists no token with that date."},
		{steps.CheckLine{Status: steps.CheckNoted, Cause: steps.CauseTimeout, DaysLeft: 9}, "The client token expires on November 22, 2027, in 9 days; the portal's list of tokens could not be read."},
		{steps.CheckLine{Status: steps.CheckFailed, Cause: steps.CauseTokenExpired, DaysLeft: -3, TokenLabel: "Practice"}, "The client token “Practice” expired on November 22, 2027."},
	} {
		c.line.ID, c.line.Expires = steps.CheckExpiry, ends
		if got := c.line.Sentence(steps.Sandbox); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestReason(t *testing.T) {
	for _, c := range []struct {
		cause steps.CheckCause
		want  string
	}{
		{steps.CauseTimeout, "DPC did not answer in time"},
		{steps.CauseOffline, "this computer could not connect to DPC"},
		{steps.CauseCaptive, "a web page came back where DPC's answer belongs"},
	} {
		if got := (steps.CheckLine{Status: steps.CheckFailed, Cause: c.cause}).Reason(); got != c.want {
			t.Errorf("%s", got)
		}
	}
}

func TestSummary(t *testing.T) {
	failed := func(cause steps.CheckCause) []steps.CheckLine {
		return []steps.CheckLine{{Status: steps.CheckPassed}, {Status: steps.CheckFailed, Cause: cause, HTTPStatus: 401}, {Status: steps.CheckFailed, Cause: steps.CauseNPI}}
	}
	noted := steps.CheckLine{Status: steps.CheckNoted, Cause: steps.CauseNPI}
	for _, c := range []struct {
		report  steps.CheckReport
		want    string
		refused bool
	}{
		{steps.CheckReport{}, "Not checked yet.", false},
		{steps.CheckReport{Later: true}, "Not checked yet.", false},
		{steps.CheckReport{Passed: true, Lines: []steps.CheckLine{{Status: steps.CheckPassed}}}, "DPC accepts your credentials.", false},
		{steps.CheckReport{Passed: true, Lines: []steps.CheckLine{noted}}, "DPC accepts your credentials; there is one thing to know.", false},
		{steps.CheckReport{Passed: true, Lines: []steps.CheckLine{noted, noted}}, "DPC accepts your credentials; there are 2 things to know.", false},
		{steps.CheckReport{Lines: failed(steps.CausePrivateKey)}, "Something has to be put right: the private key does not belong to the public key that is registered under this key ID.", true},
		{steps.CheckReport{Lines: failed(steps.CauseServer)}, "The check could not be finished, which says nothing about your credentials: DPC has a problem of its own at the moment.", false},
	} {
		if got := c.report.Summary(); got != c.want || c.report.Refused() != c.refused {
			t.Errorf("%t %s", c.report.Refused(), got)
		}
	}
}

func TestEveryMendHasALabel(t *testing.T) {
	for _, m := range []steps.Mend{
		steps.MendAgain, steps.MendClock, steps.MendRecordKeyID, steps.MendToken,
		steps.MendOrganization, steps.MendKeyID, steps.MendKey, steps.MendNPI,
	} {
		if m.Label() == "" || strings.HasSuffix(m.Label(), ".") {
			t.Errorf("%s: %q", m, m.Label())
		}
	}
	if got := steps.MendRecordKeyID.Label(); got != "Record this key ID instead" {
		t.Error(got)
	}
	if got := steps.MendNone.Label(); got != "" {
		t.Error(got)
	}
}

// The JSON form is read by scripts: its names stay.
func TestCheckLineAsJSON(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	got, err := json.Marshal(steps.CheckLine{
		ID: steps.CheckExpiry, Status: steps.CheckNoted, Cause: steps.CauseTokenExpiring, Mend: steps.MendAgain,
		Took: 1, Skew: 2, KeyID: "a", KeyLabel: "b", TokenLabel: "c", OrganizationID: "d", Organization: "e",
		NPI: "f", Created: at, Expires: at, DaysLeft: 3, HTTPStatus: 4, Detail: "g",
	})
	const want = `{"id":"expiry","status":"noted","cause":"token-expiring","mend":"again","took_ns":1,"skew_ns":2,` +
		`"key_id":"a","key_label":"b","token_label":"c","organization_id":"d","organization":"e","npi":"f",` +
		`"created":"2026-11-22T12:00:00Z","expires":"2026-11-22T12:00:00Z","days_left":3,"http_status":4,"detail":"g"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}
