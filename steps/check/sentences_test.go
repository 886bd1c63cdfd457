package check_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // also where the system has none

	"dpc-onboard/steps/check"
	"dpc-onboard/steps/text"
)

// TestMain fixes the zone in which days are told.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// onTheWay are the causes that say nothing about the credentials.
var onTheWay = []check.Cause{
	check.CauseOffline, check.CauseDNS, check.CauseProxy, check.CauseTLS, check.CauseTLSExpired,
	check.CauseTLSHost, check.CauseCaptive, check.CauseRedirect, check.CauseForbidden,
	check.CauseRateLimited, check.CauseServer, check.CauseTimeout, check.CauseUnexpected, check.CauseClock,
	check.CauseTLSMissing, check.CauseTLSOnly, check.CauseAudience,
}

// personal are the causes that lie in what the person entered or did.
var personal = []check.Cause{
	check.CauseAssertion, check.CauseTokenRefused, check.CauseTokenExpired, check.CauseTokenExpiring,
	check.CauseTokenUnlisted, check.CauseKeyIDUnknown, check.CauseKeyIDOther, check.CauseKeyOther,
	check.CausePrivateKey, check.CauseOrganization, check.CauseNPI, check.CauseTokensGone,
}

func TestCausesOnTheWayBlameNoCredential(t *testing.T) {
	advice := regexp.MustCompile(`(?i)new (client )?token|new key|create|another token|add this|paste`)
	for _, cause := range onTheWay {
		for _, id := range check.IDs {
			line := check.Line{ID: id, Status: check.Failed, Cause: cause}
			if cause.Personal() || !strings.HasSuffix(line.Remedy(), " Your credentials are not the cause.") {
				t.Errorf("%s: %s", cause, line.Remedy())
			}
			if said := line.Sentence() + line.Remedy(); advice.MatchString(said) {
				t.Errorf("%s: %s", cause, said)
			}
		}
	}
}

func TestPersonalCausesSayWhatToDo(t *testing.T) {
	for _, cause := range personal {
		line := check.Line{ID: check.Accept, Status: check.Failed, Cause: cause, HTTPStatus: 401}
		if cause == check.CauseTokenUnlisted {
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
	for _, id := range check.IDs {
		for _, status := range []check.Status{check.Running, check.Passed, check.NotTried} {
			line := check.Line{ID: id, Status: status}
			if got := line.Sentence(); strings.ContainsAny(got, "{}") || !whole.MatchString(got) && !(id == check.Expiry && status == check.Passed) {
				t.Errorf("%s %s: %q", status, id, got)
			}
			if line.Remedy() != "" || line.Title() == "" {
				t.Errorf("%s %s: title %q, remedy %q", status, id, line.Title(), line.Remedy())
			}
		}
		for _, cause := range append(append([]check.Cause{check.CauseAddresses}, onTheWay...), personal...) {
			for _, status := range []check.Status{check.Noted, check.Failed} {
				line := check.Line{ID: id, Status: status, Cause: cause, NPI: "1", Expires: time.Unix(0, 0)}
				if got := line.Sentence(); !whole.MatchString(got) || strings.ContainsAny(got, "{}") || strings.Contains(got, "  ") {
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
		line check.Line
		want string
	}{
		{check.Line{Status: check.Passed, DaysLeft: 364}, "The client token expires on November 22, 2027, in 364 days."},
		{check.Line{Status: check.Passed, DaysLeft: 364, TokenLabel: "Practice", Created: made}, "The client token “Practice” was made on November 22, 2026 and expires on November 22, 2027, in 364 days."},
		{check.Line{Status: check.Noted, Cause: check.CauseTokenExpiring, DaysLeft: 1}, "The client token expires on November 22, 2027, in 1 day."},
		{check.Line{Status: check.Noted, Cause: check.CauseTokenExpiring}, "The client token expires on November 22, 2027, in less than a day."},
		{check.Line{Status: check.Noted, Cause: check.CauseTokenUnlisted, DaysLeft: 9}, "The client token expires on November 22, 2027, in 9 days; it is not in the portal's list."},
		{check.Line{Status: check.Noted, Cause: check.CauseTokensGone, DaysLeft: 9}, "The client token expires on November 22, 2027, in 9 days; the portal lists no client token of this organization any more."},
		{check.Line{Status: check.Noted, Cause: check.CauseClock}, "The client token expires on November 22, 2027, which is past on this computer's clock; the clock may be wrong."},
		{check.Line{Status: check.Noted, Cause: check.CauseTimeout, DaysLeft: 9}, "The client token expires on November 22, 2027, in 9 days; the portal's list of tokens could not be read."},
		{check.Line{Status: check.Failed, Cause: check.CauseTokenExpired, DaysLeft: -3, TokenLabel: "Practice"}, "The client token “Practice” expired on November 22, 2027."},
	} {
		c.line.ID, c.line.Expires = check.Expiry, ends
		if got := c.line.Sentence(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// The day is the one on the person's own calendar, as everywhere in the program.
func TestExpiryIsTheDayWhereThePersonIs(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	defer func(zone *time.Location) { time.Local = zone }(time.Local)
	time.Local = newYork
	line := check.Line{
		ID: check.Expiry, Status: check.Passed, DaysLeft: 364,
		Created: time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC),
		Expires: time.Date(2027, 1, 1, 2, 0, 0, 0, time.UTC),
	}
	const want = "The client token was made on December 31, 2025 and expires on December 31, 2026, in 364 days."
	if got := line.Sentence(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains(want, text.Day(line.Expires)) {
		t.Errorf("another date than everywhere else: %s", text.Day(line.Expires))
	}
}

func TestReason(t *testing.T) {
	for _, c := range []struct {
		cause check.Cause
		want  string
	}{
		{check.CauseTimeout, "DPC did not answer in time"},
		{check.CauseOffline, "this computer could not connect to DPC"},
		{check.CauseCaptive, "a web page came back where DPC's answer belongs"},
	} {
		if got := (check.Line{Status: check.Failed, Cause: c.cause}).Reason(); got != c.want {
			t.Errorf("%s", got)
		}
	}
}

func TestSummary(t *testing.T) {
	failed := func(cause check.Cause) []check.Line {
		return []check.Line{{Status: check.Passed}, {Status: check.Failed, Cause: cause, HTTPStatus: 401}, {Status: check.Failed, Cause: check.CauseNPI}}
	}
	noted := check.Line{Status: check.Noted, Cause: check.CauseNPI}
	for _, c := range []struct {
		report  check.Report
		want    string
		refused bool
	}{
		{check.Report{}, "Not checked yet.", false},
		{check.Report{Passed: true, Lines: []check.Line{{Status: check.Passed}}}, "DPC accepts your credentials.", false},
		{check.Report{Passed: true, Lines: []check.Line{noted}}, "DPC accepts your credentials; there is one thing to know.", false},
		{check.Report{Passed: true, Lines: []check.Line{noted, noted}}, "DPC accepts your credentials; there are 2 things to know.", false},
		{check.Report{Lines: failed(check.CausePrivateKey)}, "Something has to be put right: the private key does not belong to the public key that is registered under this key ID.", true},
		{check.Report{Lines: failed(check.CauseServer)}, "The check could not be finished, which says nothing about your credentials: DPC has a problem of its own at the moment.", false},
	} {
		if got := c.report.Summary(); got != c.want || c.report.Refused() != c.refused {
			t.Errorf("%t %s", c.report.Refused(), got)
		}
	}
}

// TestRefused: refused is what DPC refused, and nothing else.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		line   check.Line
		expect bool
	}{
		{"DPC finds no such key", check.Line{ID: check.Accept, Status: check.Failed, Cause: check.CauseKeyIDUnknown, HTTPStatus: 401}, true},
		{"DPC knows the key under another ID", check.Line{ID: check.Accept, Status: check.Failed, Cause: check.CauseKeyIDOther, HTTPStatus: 401}, true},
		{"DPC does not take the token", check.Line{ID: check.Accept, Status: check.Failed, Cause: check.CauseTokenRefused, HTTPStatus: 401}, true},
		{"the token can't be read here", check.Line{ID: check.Assertion, Status: check.Failed, Cause: check.CauseTokenRefused}, false},
		{"the key ID can't be read here", check.Line{ID: check.Assertion, Status: check.Failed, Cause: check.CauseKeyIDUnknown}, false},
		{"the pair can't be read here", check.Line{ID: check.Assertion, Status: check.Failed, Cause: check.CausePrivateKey}, false},
		{"the NPI is another in production", check.Line{ID: check.Organization, Status: check.Failed, Cause: check.CauseNPI}, false},
		{"the NPI is another in sandbox", check.Line{ID: check.Organization, Status: check.Noted, Cause: check.CauseNPI}, false},
		{"the organization is another", check.Line{ID: check.Organization, Status: check.Failed, Cause: check.CauseOrganization}, false},
		{"the token expired, by itself", check.Line{ID: check.Expiry, Status: check.Failed, Cause: check.CauseTokenExpired}, false},
		{"the clock is off", check.Line{ID: check.Accept, Status: check.Failed, Cause: check.CauseClock, HTTPStatus: 401}, false},
		{"the address is another", check.Line{ID: check.Assertion, Status: check.Failed, Cause: check.CauseAudience, HTTPStatus: 400}, false},
		{"turned away", check.Line{ID: check.Reach, Status: check.Failed, Cause: check.CauseForbidden, HTTPStatus: 403}, false},
	} {
		if got := (check.Report{Lines: []check.Line{c.line}}).Refused(); got != c.expect || c.line.Refused() != c.expect {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestFixes: a key ID that DPC refuses may be wrong, or its key may be gone.
func TestFixes(t *testing.T) {
	for _, c := range []struct {
		line check.Line
		want []check.Fix
	}{
		{check.Line{Status: check.Failed, Cause: check.CauseKeyIDUnknown, Fix: check.FixKeyID, HTTPStatus: 401}, []check.Fix{check.FixKeyID, check.FixKey}},
		{check.Line{Status: check.Failed, Cause: check.CausePrivateKey, Fix: check.FixKeyID, HTTPStatus: 401}, []check.Fix{check.FixKeyID, check.FixKey}},
		{check.Line{Status: check.Failed, Cause: check.CauseKeyIDUnknown, Fix: check.FixKeyID}, []check.Fix{check.FixKeyID}},
		{check.Line{Status: check.Failed, Cause: check.CauseTimeout, Fix: check.FixAgain}, nil},
		{check.Line{Status: check.Noted, Cause: check.CauseClock, Fix: check.FixClock}, nil},
	} {
		if got := (check.Report{Lines: []check.Line{c.line, c.line}}).Fixes(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", c.line.Cause, got)
		}
	}
}

// TestPortalsWords: what a remedy names stands so in the portal.
func TestPortalsWords(t *testing.T) {
	line := check.Line{ID: check.Addresses, Status: check.Noted, Cause: check.CauseAddresses}
	want := "In the portal under “Public IP addresses”, press “Add IP” and enter each public IPv4 address that will call DPC: at most 8, no ranges."
	if got := line.Remedy(); got != want || line.Title() != "Public IP addresses" {
		t.Errorf("%s: %s", line.Title(), got)
	}
}

func TestEveryFixHasALabel(t *testing.T) {
	for _, m := range []check.Fix{
		check.FixAgain, check.FixClock, check.FixRecordKeyID, check.FixToken,
		check.FixOrganization, check.FixKeyID, check.FixKey, check.FixNPI,
	} {
		if m.Label() == "" || strings.HasSuffix(m.Label(), ".") {
			t.Errorf("%s: %q", m, m.Label())
		}
	}
	if got := check.FixRecordKeyID.Label(); got != "Record this key ID instead" {
		t.Error(got)
	}
	if got := check.FixNone.Label(); got != "" {
		t.Error(got)
	}
}

// The JSON form is read by scripts: its names stay.
func TestLineAsJSON(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	got, err := json.Marshal(check.Line{
		ID: check.Expiry, Status: check.Noted, Cause: check.CauseTokenExpiring, Fix: check.FixAgain,
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
