package steps

import (
	"fmt"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Calendar returns an iCalendar file (RFC 5545) with one all-day entry for the
// day on which the client token ends, and alarms 30 and 7 days before.
func Calendar(s State, now time.Time) string {
	cal := ics.NewCalendarFor("dpc-onboard")
	cal.SetMethod(ics.MethodPublish)
	event := cal.AddEvent(fmt.Sprintf("%s-%s@dpc-onboard", s.ID(), s.ClientToken.Digest))
	event.SetDtStampTime(now)
	event.SetAllDayStartAt(s.ClientToken.Expires)
	event.SetAllDayEndAt(s.ClientToken.Expires.AddDate(0, 0, 1))
	event.SetSummary(wordsCalendarSummary(s))
	event.SetDescription(wordsCalendarText(s))
	for _, before := range []string{"-P30D", "-P7D"} {
		alarm := event.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger(before)
		alarm.SetProperty(ics.ComponentPropertyDescription, wordsCalendarSummary(s))
	}
	return cal.Serialize()
}
