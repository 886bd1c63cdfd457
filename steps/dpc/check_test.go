package dpc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/macaroon.v2"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
)

// read is a report as a person reads it, one line each.
func read(r check.Report) string {
	var b strings.Builder
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "%s %s: %s\n", l.Status, l.ID, l.Sentence())
	}
	return b.String()
}

func TestCheckPasses(t *testing.T) {
	p := newPractice(t, dpctest.Options{TLS: true})
	var events []string
	report, err := p.client.Check(t.Context(), p.state, p.creds, func(l check.Line) {
		events = append(events, string(l.ID)+" "+string(l.Status))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `passed reach: DPC answers.
passed clock: This computer's clock agrees with DPC's.
passed assertion: The client assertion is well formed.
passed accept: DPC accepts the client token, the key ID and the private key.
passed organization: DPC knows this organization as Sunrise Family Practice, with organization ID 46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0 and NPI 1234567893.
passed key: The public key under this ID “practice-key” is this very key.
passed expiry: The client token “practice-token” was made on November 22, 2026 and expires on November 22, 2027, in 365 days.
`
	if got := read(report); got != want {
		t.Errorf("got:\n%s", got)
	}
	var wantEvents []string
	for _, id := range check.IDs[:7] {
		wantEvents = append(wantEvents, string(id)+" running", string(id)+" passed")
	}
	if !slices.Equal(events, wantEvents) {
		t.Errorf("events: %v", events)
	}
	wantPaths := []string{
		"GET /metadata", "POST /Token/validate", "POST /Token/auth", "GET /Organization",
		"GET /Key", "GET /Token",
	}
	if got := p.server.Paths(); !slices.Equal(got, wantPaths) {
		t.Errorf("requests: %v", got)
	}
	if !report.Passed || report.API != p.server.Base() || !report.At.Equal(noon) {
		t.Errorf("report: %+v", report)
	}
}

func TestEachLineHasItsTime(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	now := noon
	p.client.Now = func() time.Time { now = now.Add(time.Millisecond); return now }
	for _, line := range p.check(t).Lines {
		if line.Took <= 0 {
			t.Errorf("%s took %s", line.ID, line.Took)
		}
	}
}

func TestProductionEndsWithTheAddresses(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.state.Environment = record.Production
	report := p.check(t)
	last := report.Lines[len(report.Lines)-1]
	if !report.Passed || last.ID != check.Addresses || last.Status != check.Noted {
		t.Errorf("%+v", last)
	}
	if got, want := last.Sentence(), "Production answers only to IP addresses that are entered in the portal."; got != want {
		t.Errorf("sentence: %s", got)
	}
	if got, want := report.Summary(), "DPC accepts your credentials; there is one thing to know."; got != want {
		t.Errorf("summary: %s", got)
	}
}

// another is an organization beside the practice's own.
var another = dpctest.Organization{ID: "2f9f3a3e-7f35-4b0c-9f5e-0d9b6c1c2a11", Name: "Sunset Clinic", NPI: "1245319599"}

// row is one row of the table of failures.
type row struct {
	name     string
	options  dpctest.Options
	arrange  func(*testing.T, *practice)
	id       check.ID
	status   check.Status
	cause    check.Cause
	fix      check.Fix
	sentence string
	remedy   string
}

// run looks at the first line that did not simply pass. In the sentence, {known}
// is the ID under which the practice's key is registered.
func (c row) run(t *testing.T) {
	p := newPractice(t, c.options)
	c.sentence = strings.ReplaceAll(c.sentence, "{known}", p.creds.KeyID)
	c.arrange(t, p)
	report := p.check(t)
	i := slices.IndexFunc(report.Lines, func(l check.Line) bool { return l.Status != check.Passed })
	if i < 0 {
		t.Fatalf("all passed:\n%s", read(report))
	}
	line := report.Lines[i]
	if line.ID != c.id || line.Status != c.status || line.Cause != c.cause || line.Fix != c.fix {
		t.Errorf("got %s %s, cause %q, fix %q: %s", line.Status, line.ID, line.Cause, line.Fix, line.Detail)
	}
	if got := line.Sentence(); got != c.sentence {
		t.Errorf("sentence:\n got %s\nwant %s", got, c.sentence)
	}
	if got := line.Remedy(); got != c.remedy {
		t.Errorf("remedy:\n got %s\nwant %s", got, c.remedy)
	}
	if report.Passed != (c.status == check.Noted) {
		t.Errorf("passed: %t", report.Passed)
	}
	dependants(t, report)
}

// dependants fails the test where a line was tried whose premise had failed.
func dependants(t *testing.T, report check.Report) {
	t.Helper()
	status := map[check.ID]check.Status{}
	for _, l := range report.Lines {
		premise := status[probes[l.ID].needs]
		idle := premise == check.Failed || premise == check.NotTried
		if idle != (l.Status == check.NotTried) {
			t.Errorf("%s is %s after %s was %s", l.ID, l.Status, probes[l.ID].needs, premise)
		}
		status[l.ID] = l.Status
	}
}

// credentialRows is the table of what can be wrong with the credentials.
var credentialRows = []row{
	{
		name: "client token that is none",
		arrange: func(_ *testing.T, p *practice) {
			p.creds.ClientToken = keys.NewSecret("f5c1f8a0-5a35-4c53-9d1c-0a8a3a6f9f11")
		},
		id: check.Assertion, status: check.Failed, cause: check.CauseTokenRefused, fix: check.FixToken,
		sentence: "The client token can't be used: this is an ID, not a client token.",
		remedy:   "Paste the client token again, or create a new one in the portal.",
	},
	{
		name:    "key ID that is none",
		arrange: func(_ *testing.T, p *practice) { p.creds.KeyID = "practice-key" },
		id:      check.Assertion, status: check.Failed, cause: check.CauseKeyIDUnknown, fix: check.FixKeyID,
		sentence: "The key ID can't be used: " + keys.ErrUUID.Error() + ".",
		remedy:   "Copy the Key ID again from the portal, where your public key is listed.",
	},
	{
		name: "pair that does not belong together",
		arrange: func(t *testing.T, p *practice) {
			p.creds.PublicKey = keystest.OtherPair(t).Public().PEM()
		},
		id: check.Assertion, status: check.Failed, cause: check.CausePrivateKey, fix: check.FixKey,
		sentence: "The key pair on this computer can't be used: the public key and the private key are not a pair.",
		remedy:   "Make or import the key pair again, and add its public key in the portal.",
	},
	{
		name:    "key ID that nobody has",
		arrange: func(_ *testing.T, p *practice) { p.creds.KeyID = "a2f6dbd2-6f3c-4f0b-8c64-6d8a1f0b7c55" },
		id:      check.Accept, status: check.Failed, cause: check.CauseKeyIDUnknown, fix: check.FixKeyID,
		sentence: "The key ID is not one of this organization's: DPC finds no public key under it.",
		remedy:   "Copy the Key ID again from the portal, where your public key is listed. If it is not listed, add it again. If its ID is the same, the key and the client token are of different organizations: look at both in one.",
	},
	{
		name: "key of another organization",
		arrange: func(t *testing.T, p *practice) {
			p.server.AddOrganization(another)
			p.server.DeleteKey(p.creds.KeyID)
			p.creds.KeyID = p.server.AddKeyOf(another.ID, "theirs", keystest.Pair(t).Public())
		},
		id: check.Accept, status: check.Failed, cause: check.CauseKeyIDUnknown, fix: check.FixKeyID,
		sentence: "The key ID is not one of this organization's: DPC finds no public key under it.",
		remedy:   "Copy the Key ID again from the portal, where your public key is listed. If it is not listed, add it again. If its ID is the same, the key and the client token are of different organizations: look at both in one.",
	},
	{
		name:    "private key that is not the registered one",
		arrange: func(t *testing.T, p *practice) { p.usePair(keystest.OtherPair(t)) },
		id:      check.Accept, status: check.Failed, cause: check.CausePrivateKey, fix: check.FixKeyID,
		sentence: "The private key does not belong to the public key that is registered under this key ID.",
		remedy:   "Compare the key ID with the one beside your key in the portal: it may be another key's. If it is the same, add this computer's public key again.",
	},
	{
		name: "key ID of another key, and this key's ID was known before",
		arrange: func(t *testing.T, p *practice) {
			p.state.Check = &record.CheckFact{
				Report: check.Report{Passed: true},
				Origin: record.Origin{KeyID: p.creds.KeyID, Fingerprint: keystest.Pair(t).Public().Fingerprint()},
			}
			p.creds.KeyID = p.server.AddKeyOf(dpctest.OrganizationID, "other", keystest.OtherPair(t).Public())
		},
		id: check.Accept, status: check.Failed, cause: check.CauseKeyIDOther, fix: check.FixRecordKeyID,
		sentence: "The key ID is wrong: this public key is registered under the ID {known}.",
		remedy:   "Record that ID instead.",
	},
	{
		name:    "token that was deleted",
		arrange: func(_ *testing.T, p *practice) { p.creds.ClientToken = p.server.Token(dpctest.Token{Deleted: true}) },
		id:      check.Accept, status: check.Failed, cause: check.CauseTokenRefused, fix: check.FixToken,
		sentence: "DPC does not accept the client token: it was deleted in the portal, or is not one of DPC's.",
		remedy:   "Look in the portal whether the token is still listed. If it is not, create a new one. If no token is listed any more, look at the organization's Status: CMS may have rejected it.",
	},
	{
		name:    "token that was forged",
		arrange: func(_ *testing.T, p *practice) { p.creds.ClientToken = p.server.Token(dpctest.Token{Forged: true}) },
		id:      check.Accept, status: check.Failed, cause: check.CauseTokenRefused, fix: check.FixToken,
		sentence: "DPC does not accept the client token: it was deleted in the portal, or is not one of DPC's.",
		remedy:   "Look in the portal whether the token is still listed. If it is not, create a new one. If no token is listed any more, look at the organization's Status: CMS may have rejected it.",
	},
	{
		name: "token that expired",
		arrange: func(_ *testing.T, p *practice) {
			p.creds.ClientToken = p.server.Token(dpctest.Token{Life: -48 * time.Hour})
		},
		id: check.Accept, status: check.Failed, cause: check.CauseTokenExpired, fix: check.FixToken,
		sentence: "The client token has expired.",
		remedy:   "Create a new client token in the portal.",
	},
	{
		name: "token that expires soon",
		arrange: func(_ *testing.T, p *practice) {
			p.creds.ClientToken = p.server.Token(dpctest.Token{Life: 12*24*time.Hour + time.Hour, Label: "ending"})
		},
		id: check.Expiry, status: check.Noted, cause: check.CauseTokenExpiring,
		sentence: "The client token “ending” was made on December 4, 2025 and expires on December 4, 2026, in 12 days.",
		remedy:   "Renew it before that day: while it works, it can get the next one without the portal (\"dpc-onboard renew\").",
	},
	{
		name: "token of another organization, key too",
		arrange: func(t *testing.T, p *practice) {
			p.server.AddOrganization(another)
			p.creds.ClientToken = p.server.Token(dpctest.Token{Organization: another.ID})
			p.server.DeleteKey(p.creds.KeyID)
			p.creds.KeyID = p.server.AddKeyOf(another.ID, "theirs", keystest.Pair(t).Public())
		},
		id: check.Organization, status: check.Failed, cause: check.CauseOrganization, fix: check.FixOrganization,
		sentence: "The client token is of another organization than the one that you entered: DPC says Sunset Clinic 2f9f3a3e-7f35-4b0c-9f5e-0d9b6c1c2a11.",
		remedy:   "Copy the client token and the organization's ID again, both from the same organization in the portal.",
	},
	{
		name: "organization token of another organization",
		arrange: func(_ *testing.T, p *practice) {
			p.creds.OrganizationToken = p.server.Token(dpctest.Token{Organization: another.ID})
		},
		id: check.Organization, status: check.Failed, cause: check.CauseOrganization, fix: check.FixOrganization,
		sentence: "The client token is of another organization than the one that you entered: DPC says Sunrise Family Practice 46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0.",
		remedy:   "Copy the client token and the organization's ID again, both from the same organization in the portal.",
	},
	{
		name:    "NPI differs in sandbox",
		arrange: func(_ *testing.T, p *practice) { p.state.NPI = another.NPI },
		id:      check.Organization, status: check.Noted, cause: check.CauseNPI,
		sentence: "DPC made up the NPI 1234567893 for the sandbox, so it is not the one that you entered.",
	},
	{
		name: "NPI differs in production",
		arrange: func(_ *testing.T, p *practice) {
			p.state.NPI, p.state.Environment = another.NPI, record.Production
		},
		id: check.Organization, status: check.Failed, cause: check.CauseNPI, fix: check.FixNPI,
		sentence: "The NPI that you entered is not this organization's: DPC has 1234567893 for Sunrise Family Practice.",
		remedy:   "Correct the NPI, or use the client token of the organization with your NPI.",
	},
	{
		name: "no NPI at DPC",
		arrange: func(_ *testing.T, p *practice) {
			p.state.Environment = record.Production
			p.server.Break("/Organization", dpctest.Reply(200, "application/fhir+json",
				`{"entry":[{"resource":{"resourceType":"Organization","id":"`+dpctest.OrganizationID+`"}}]}`))
		},
		id: check.Organization, status: check.Noted, cause: check.CauseNPI,
		sentence: "DPC shows no NPI for this organization, so it could not be compared.",
	},
	{
		name:    "this key is registered under another ID",
		options: dpctest.Options{AnyKey: true},
		arrange: func(t *testing.T, p *practice) {
			p.creds.KeyID = p.server.AddKeyOf(dpctest.OrganizationID, "other", keystest.OtherPair(t).Public())
		},
		id: check.Key, status: check.Failed, cause: check.CauseKeyIDOther, fix: check.FixRecordKeyID,
		sentence: "The key ID is wrong: this public key “practice-key” is registered under the ID {known}.",
		remedy:   "Record that ID instead.",
	},
	{
		name: "another key under the ID, and this one is not there",
		arrange: func(t *testing.T, p *practice) {
			p.server.Break("/Key", func(http.ResponseWriter, *http.Request) bool {
				p.server.ReplaceKey(p.creds.KeyID, keystest.OtherPair(t).Public())
				return false
			})
		},
		id: check.Key, status: check.Failed, cause: check.CauseKeyOther, fix: check.FixKey,
		sentence: "The key ID belongs to another public key, and this one is not registered.",
		remedy:   "Add this public key in the portal, and record the Key ID that it gets.",
	},
	{
		name: "key gone since",
		arrange: func(t *testing.T, p *practice) {
			p.server.Break("/Key", dpctest.Reply(200, "application/json", `{"count":0,"entities":[]}`))
		},
		id: check.Key, status: check.Failed, cause: check.CauseKeyIDUnknown, fix: check.FixKey,
		sentence: "The key ID is not one of this organization's, and this public key is not registered.",
		remedy:   "Add this public key in the portal, and record the Key ID that it gets.",
	},
	{
		name: "token not in DPC's list",
		arrange: func(_ *testing.T, p *practice) {
			p.server.Break("/Token", dpctest.Reply(200, "application/json",
				`{"count":1,"entities":[{"id":"a2f6dbd2-6f3c-4f0b-8c64-6d8a1f0b7c55","label":"another"}]}`))
		},
		id: check.Expiry, status: check.Noted, cause: check.CauseTokenUnlisted,
		sentence: "The client token expires on November 22, 2027, in 365 days; it is not in the portal's list.",
	},
	{
		name: "no token in DPC's list",
		arrange: func(_ *testing.T, p *practice) {
			p.server.Break("/Token", dpctest.Reply(200, "application/json", `{"count":0,"entities":[]}`))
		},
		id: check.Expiry, status: check.Noted, cause: check.CauseTokensGone,
		sentence: "The client token expires on November 22, 2027, in 365 days; the portal lists no client token of this organization any more.",
		remedy:   "Look at the organization's Status in the portal: CMS may have rejected it.",
	},
	{
		name:    "all tokens deleted with the organization's rejection",
		arrange: func(_ *testing.T, p *practice) { p.server.RejectOrganization(dpctest.OrganizationID) },
		id:      check.Accept, status: check.Failed, cause: check.CauseTokenRefused, fix: check.FixToken,
		sentence: "DPC does not accept the client token: it was deleted in the portal, or is not one of DPC's.",
		remedy:   "Look in the portal whether the token is still listed. If it is not, create a new one. If no token is listed any more, look at the organization's Status: CMS may have rejected it.",
	},
	{
		name:    "key that is not registered any more",
		arrange: func(_ *testing.T, p *practice) { p.server.DeleteKey(p.creds.KeyID) },
		id:      check.Accept, status: check.Failed, cause: check.CauseKeyIDUnknown, fix: check.FixKeyID,
		sentence: "The key ID is not one of this organization's: DPC finds no public key under it.",
		remedy:   "Copy the Key ID again from the portal, where your public key is listed. If it is not listed, add it again. If its ID is the same, the key and the client token are of different organizations: look at both in one.",
	},
	{
		name: "client token that is an access token",
		arrange: func(t *testing.T, p *practice) {
			access, _, err := p.client.AccessToken(t.Context(), p.state, p.creds)
			if err != nil {
				t.Fatal(err)
			}
			p.creds.ClientToken = access
		},
		id: check.Assertion, status: check.Failed, cause: check.CauseTokenRefused, fix: check.FixToken,
		sentence: "The client token can't be used: this is an access token, not a client token.",
		remedy:   "Paste the client token again, or create a new one in the portal.",
	},
	{
		name: "client token in a form that DPC refuses",
		arrange: func(t *testing.T, p *practice) {
			binary, err := keystest.Macaroon(t, keystest.TokenSpec{}, macaroon.V2).MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			p.creds.ClientToken = keys.NewSecret(base64.URLEncoding.EncodeToString(binary))
		},
		id: check.Assertion, status: check.Failed, cause: check.CauseTokenRefused, fix: check.FixToken,
		sentence: "The client token can't be used: this is a token in a form that DPC does not take.",
		remedy:   "Paste the client token again, or create a new one in the portal.",
	},
	{
		name: "list of tokens not to be had",
		arrange: func(_ *testing.T, p *practice) {
			p.server.Break("/Token", dpctest.Unavailable())
		},
		id: check.Expiry, status: check.Noted, cause: check.CauseServer,
		sentence: "The client token expires on November 22, 2027, in 365 days; the portal's list of tokens could not be read.",
	},
	{
		name: "DPC goes by another address",
		arrange: func(_ *testing.T, p *practice) {
			p.client.base = strings.Replace(p.client.base, "127.0.0.1", "localhost", 1)
		},
		id: check.Assertion, status: check.Failed, cause: check.CauseAudience, fix: check.FixAgain,
		sentence: "DPC goes by another API address than the one that was asked, so it does not take what was meant for that one.",
		remedy:   "Look at the API address: it has to be DPC's own, as in its documentation. If you did not set it, look for a newer version of this program. Your credentials are not the cause.",
	},
	{
		name: "DPC names a claim",
		arrange: func(_ *testing.T, p *practice) {
			p.server.Break("/Token/validate", dpctest.Reply(400, "application/json", "{\"code\":400,\"message\":\"Claim `id` must be present\"}"))
		},
		id: check.Assertion, status: check.Failed, cause: check.CauseAssertion, fix: check.FixAgain,
		sentence: "DPC found a mistake in the client assertion: Claim `id` must be present.",
		remedy:   "This program makes the assertion, so what you entered is fine. Look at the API address and for a newer version of this program.",
	},
}

func TestCredentialsAtFault(t *testing.T) {
	for _, c := range credentialRows {
		t.Run(c.name, c.run)
	}
}

// A key that is known by its old facts alone is offered only where DPC accepts it.
func TestFormerIDIsProven(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.state.Previous = &record.PreviousFact{KeyID: &record.KeyIDFact{
		ID: "a2f6dbd2-6f3c-4f0b-8c64-6d8a1f0b7c55", Fingerprint: keystest.Pair(t).Public().Fingerprint(),
	}}
	p.creds.KeyID = "f5c1f8a0-5a35-4c53-9d1c-0a8a3a6f9f11"
	line, _ := p.check(t).Failure()
	if line.Cause != check.CauseKeyIDUnknown || line.KeyID != "" {
		t.Errorf("%+v", line)
	}
}

// An ID that was recorded for another key is not tried with this one.
func TestFormerIDOfAnotherKey(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.state.KeyID = &record.KeyIDFact{ID: p.creds.KeyID, Fingerprint: keystest.OtherPair(t).Public().Fingerprint()}
	p.creds.KeyID = "f5c1f8a0-5a35-4c53-9d1c-0a8a3a6f9f11"
	p.check(t)
	if paths := p.server.Paths(); len(paths) != 3 {
		t.Errorf("%v", paths)
	}
}

// The list's end of a token is a calendar year after its beginning, and may be a day
// apart from the one in the token, which counts. That is nothing to tell.
func TestListedDatesMayDiffer(t *testing.T) {
	leap := time.Date(2027, 11, 22, 2, 0, 0, 0, time.UTC)
	p := newPractice(t, dpctest.Options{Now: func() time.Time { return leap }})
	p.client.Now = func() time.Time { return leap }
	if listed := p.server.Tokens()[0].Expires; listed.Day() != 22 {
		t.Fatal(listed)
	}
	expiry := p.check(t).Lines[6]
	const want = "The client token “practice-token” was made on November 22, 2027 and expires on November 21, 2028, in 365 days."
	if expiry.Status != check.Passed || expiry.Sentence() != want {
		t.Errorf("%s: %s", expiry.Status, expiry.Sentence())
	}
}

// A token that is deleted while it is being checked is no mystery either.
func TestTokenDeletedMeanwhile(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/Key", dpctest.Reply(401, "application/fhir+json", `{"resourceType":"OperationOutcome"}`))
	line, _ := p.check(t).Failure()
	if line.ID != check.Key || line.Cause != check.CauseTokenRefused || line.Fix != check.FixToken {
		t.Errorf("%+v", line)
	}
}

// A token that expired is said to have, even where DPC can't be asked.
func TestExpiryNeedsNoNetwork(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.creds.ClientToken = p.server.Token(dpctest.Token{Life: -48 * time.Hour})
	p.server.Close()
	report := p.check(t)
	want := `failed reach: This computer could not connect to DPC.
not tried clock: Not tried, because a line before it failed.
not tried assertion: Not tried, because a line before it failed.
not tried accept: Not tried, because a line before it failed.
not tried organization: Not tried, because a line before it failed.
not tried key: Not tried, because a line before it failed.
failed expiry: The client token expired on November 20, 2026.
`
	if got := read(report); got != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestCheckCanceledAtEachLine(t *testing.T) {
	for i, id := range check.IDs[:7] {
		t.Run(string(id), func(t *testing.T) {
			p := newPractice(t, dpctest.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			report, err := p.client.Check(ctx, p.state, p.creds, func(l check.Line) {
				if l.ID == id && l.Status == check.Running {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error: %v", err)
			}
			if len(report.Lines) != i || report.Passed {
				t.Errorf("%d lines, passed %t", len(report.Lines), report.Passed)
			}
		})
	}
}

func TestReportRoundTripsAsJSON(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	report := p.check(t)
	raw, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var back check.Report
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if read(back) != read(report) {
		t.Errorf("%s", raw)
	}
}
