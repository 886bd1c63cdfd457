package dpc

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"dpc-onboard/steps/check"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
)

// What is only noted must pass at a DPC that enforces its limits.
func TestClock(t *testing.T) {
	const remedy = "Let this computer set its date and time automatically, then check again. Your credentials are not the cause."
	for _, c := range []struct {
		skew             time.Duration
		status           check.Status
		sentence, remedy string
	}{
		{0, check.Passed, "This computer's clock agrees with DPC's.", ""},
		{time.Second, check.Passed, "This computer's clock is 1 second fast, which is close enough.", ""},
		{-30 * time.Second, check.Passed, "This computer's clock is 30 seconds slow, which is close enough.", ""},
		{31 * time.Second, check.Noted, "This computer's clock is 31 seconds fast, which DPC still accepts.", remedy},
		{60 * time.Second, check.Noted, "This computer's clock is 60 seconds fast, which DPC still accepts.", remedy},
		{-235 * time.Second, check.Noted, "This computer's clock is about 4 minutes slow, which DPC still accepts.", remedy},
		{61 * time.Second, check.Failed, "This computer's clock is 61 seconds fast, and DPC refuses requests with a wrong time.", remedy},
		{-236 * time.Second, check.Failed, "This computer's clock is about 4 minutes slow, and DPC refuses requests with a wrong time.", remedy},
		{7 * time.Minute, check.Failed, "This computer's clock is 7 minutes fast, and DPC refuses requests with a wrong time.", remedy},
		{-3 * time.Hour, check.Failed, "This computer's clock is 3 hours slow, and DPC refuses requests with a wrong time.", remedy},
		{400 * 24 * time.Hour, check.Failed, "This computer's clock is 400 days fast, and DPC refuses requests with a wrong time.", remedy},
	} {
		t.Run(c.skew.String(), func(t *testing.T) {
			p := newPractice(t, dpctest.Options{})
			p.client.Now = func() time.Time { return noon.Add(c.skew) }
			report := p.check(t)
			line := report.Lines[1]
			if line.Status != c.status || line.Skew != c.skew || line.Sentence() != c.sentence || line.Remedy() != c.remedy {
				t.Errorf("%+v: %s %s", line, line.Sentence(), line.Remedy())
			}
			if report.Passed != (c.status != check.Failed) || report.Refused() {
				t.Errorf("%s", read(report))
			}
			dependants(t, report)
			// The days left are counted by DPC's clock.
			if expiry := report.Lines[6]; expiry.Status != check.Passed || expiry.DaysLeft != 365 {
				t.Errorf("expiry: %+v", expiry)
			}
		})
	}
}

// Without the clock's own line, the answer's date still tells.
func TestClockBehindARefusal(t *testing.T) {
	for _, skew := range []time.Duration{7 * time.Minute, -7 * time.Minute} {
		p := newPractice(t, dpctest.Options{})
		p.client.Now = func() time.Time { return noon.Add(skew) }
		_, _, err := p.client.AccessToken(t.Context(), p.state, p.creds)
		if errors.Is(err, record.ErrRefused) || record.Hint(err) != "Let this computer set its date and time automatically, then check again. Your credentials are not the cause." {
			t.Errorf("%s: %v, %s", skew, err, record.Hint(err))
		}
	}
}

func TestClockOfACachedAnswer(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/metadata", func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Date", noon.Add(-time.Hour).Format(http.TimeFormat))
		w.Header().Set("Age", "3600")
		return false
	})
	if line := p.check(t).Lines[1]; line.Status != check.Passed || line.Skew != 0 {
		t.Errorf("%+v", line)
	}
}

func TestNoDate(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/metadata", func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header()["Date"] = nil
		return false
	})
	report := p.check(t)
	if line := report.Lines[1]; line.Status != check.Noted || line.Remedy() != "" || !report.Passed ||
		line.Sentence() != "DPC did not say what time it is, so the clocks could not be compared." {
		t.Errorf("%+v", line)
	}
}

func TestClockSetDuringTheCheck(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.Break("/Token/validate", dpctest.Reply(400, "application/json", `{"code":400,"message":"JWT is expired"}`))
	line, _ := p.check(t).Failure()
	if line.ID != check.Assertion || line.Cause != check.CauseClock || line.Fix != check.FixClock ||
		line.Sentence() != "DPC says that the request's time is off." {
		t.Errorf("%+v", line)
	}
}

// A clock that is a year off is suspected, and not the token.
func TestClockAYearOff(t *testing.T) {
	const said = "The client token expires on November 22, 2027, which is past on this computer's clock; the clock may be wrong."
	const fix = "Let this computer set its date and time automatically, then check again. Your credentials are not the cause."
	noDate := func(w http.ResponseWriter, _ *http.Request) bool { w.Header()["Date"] = nil; return false }
	for name, c := range map[string]struct {
		options dpctest.Options
		fault   dpctest.Fault
		cause   check.Cause // of what failed first
		expiry  string
	}{
		"DPC says the time":               {dpctest.Options{}, nil, check.CauseClock, "The client token expires on November 22, 2027, in 365 days."},
		"DPC refuses the time":            {dpctest.Options{}, noDate, check.CauseClock, said},
		"the certificate is out of date":  {dpctest.Options{TLS: true, Certificate: dpctest.Expired}, nil, check.CauseTLSExpired, said},
		"another certificate, and expiry": {dpctest.Options{TLS: true, Certificate: dpctest.Untrusted}, nil, check.CauseTLS, "The client token expired on November 22, 2027."},
	} {
		p := newPractice(t, c.options)
		p.client.Now = func() time.Time { return noon.AddDate(1, 0, 20) }
		p.server.Break("*", c.fault)
		report := p.check(t)
		line, _ := report.Failure()
		expiry := report.Lines[6]
		if line.Cause != c.cause || expiry.Sentence() != c.expiry || report.Refused() {
			t.Errorf("%s:\n%s", name, read(report))
		}
		if c.expiry == said && (expiry.Remedy() != fix || slices.Contains(report.Fixes(), check.FixToken)) {
			t.Errorf("%s: %s", name, expiry.Remedy())
		}
	}
}
