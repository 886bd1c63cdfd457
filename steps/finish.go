package steps

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

const (
	finishName   = "finish"
	replaceToken = "Replace the client token"
)

// finishScreen is the summary that one keeps. It is never done.
var finishScreen = screen{
	name:   finishName,
	done:   func(Facts) bool { return false },
	prompt: finishPrompt,
	accept: func(f Facts, a Answer) (outcome, error) {
		switch a.Action {
		case "remove":
			return doing("Deleting the local package", f.removePackage), nil
		case "production": // Back leads here again until that one is opened
			next := Facts{State: f.State.ForProduction(), Session: f.Session.Another()}
			next.Session.Open, next.Session.Origin = "", &f
			return stay(next), nil
		case "calendar":
			return doing(writingFiles, func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
				return f.writeFile(s, "token", ".ics", Calendar(f.State, s.Now()), "Open it with your calendar to be reminded.")
			}), nil
		case "summary":
			return doing(writingFiles, func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
				return f.writeFile(s, "summary", ".txt", summaryText(f), "")
			}), nil
		case "undo": // it was said by mistake that it was handed over
			f.State.Sent = f.State.Sent[:len(f.State.Sent)-1]
			return stay(f), nil
		case "send":
			if f.State.PackageRemoved() {
				return stay(f.enter(again(sealName, ""))), nil
			}
			return stay(f.enter(again(deliverName, ""))), nil
		case "check":
			return checking(f), nil
		case "renew":
			return stay(askToRenew(f)), nil
		case "delete-old":
			return deletingReplaced(f), nil
		case "stray":
			return deletingStrays(f), nil
		case "token", "key":
			return doing("Keeping the old one safe", f.replace(record.Rotation(a.Action))), nil
		}
		f.Session.Quit = true
		return stay(f), nil
	},
}

func finishTitle(s record.State) string { return s.Organization + " is onboarded" }

func finishPrompt(f Facts) Prompt {
	p := Prompt{
		Title:   finishTitle(f.State),
		Guide:   []string{"Everything of the guide is done for production."},
		Rows:    summaryRows(f),
		Actions: finishActions(f),
		Help: Help{
			What:  "What was made and sent, and what ends when.",
			Why:   "A client token lasts a year. Before that day it needs to be replaced.",
			Wrong: "A lost package or passphrase: seal a new one here at any time.",
			Kept:  "The tokens and the key stay in safe storage until you run dpc-onboard forget.",
		},
	}
	if f.State.Environment == record.Sandbox {
		p.Guide[0] = "Everything of the guide is done for sandbox. When the vendor's tests have passed, start production: organization and NPI are filled in for you."
	}
	if old := f.State.Replaced().What; old != "" {
		p.Notes = []Note{{
			Kind: NoteInfo, Text: fmt.Sprintf("The old %s is kept until the new one is checked.", rotations[old].what),
			Hint: "Check again to see that the new one works.",
		}}
	}
	p.Notes = append(p.Notes, strayNotes(f.State)...)
	return p
}

// finishActions are what can still be done with a finished onboarding.
func finishActions(f Facts) []Action {
	s, quit, again := f.State, Action{Name: "quit", Label: "Close"}, ""
	if !f.Session.Passphrase.IsZero() {
		quit.Confirm = "The passphrase of the package is shown here for the last time. Have you written it down?"
	}
	if old := s.Replaced().What; old != "" {
		again = fmt.Sprintf("The new %s was not checked yet, so the one before it is still kept. It is deleted from this computer if you replace something again.", rotations[old].what)
	}
	remove := Action{Name: "remove", Label: "Delete the local package", Key: "d"}
	if s.Sealed != nil {
		remove.Confirm = "This deletes " + s.Sealed.File + ". The tokens and the key stay in safe storage, so you can seal a new package at any time."
	}
	replaced := Action{Name: "delete-old", Label: "Delete the old client token at DPC", Key: "b"}
	replaced.Confirm = fmt.Sprintf("This deletes the client token “%s” at DPC. Whoever still uses it is turned away from then on, so wait until the vendor works with the new one.", f.Session.Replaced.Label)
	n := len(s.Sent)
	var actions []Action
	for _, a := range []struct {
		there bool
		Action
	}{
		{true, quit},
		{s.Sealed != nil && !s.PackageRemoved(), remove},
		{s.Environment == record.Sandbox, Action{Name: "production", Label: "Start production", Key: "p"}},
		{true, Action{Name: "summary", Label: "Save this summary", Key: "w"}},
		{s.ClientToken != nil && !s.ClientToken.Expires.IsZero(), Action{Name: "calendar", Label: "Calendar file for the expiry", Key: "i"}},
		{n > 0 && s.Sent[n-1].How != record.BySFTP, Action{Name: "undo", Label: "It was not handed over yet", Key: "u"}},
		{true, Action{Name: "send", Label: "Hand it over again", Key: "s"}},
		{true, Action{Name: "check", Label: checkAgain, Key: "c"}},
		{s.ClientToken != nil, Action{Name: "renew", Label: renewToken, Key: "r"}},
		{f.Session.Replaced.ID != "", replaced},
		{len(LeftOver(s)) > 0, Action{Name: "stray", Label: deleteStray, Key: "x"}},
		{true, Action{Name: "token", Label: replaceToken, Key: "t", Confirm: again}},
		{true, Action{Name: "key", Label: "Replace the key pair", Key: "k", Confirm: again}},
	} {
		if a.there {
			actions = append(actions, a.Action)
		}
	}
	return actions
}

// summaryRows say what was made, what was sent and what ends when.
func summaryRows(f Facts) []Row {
	s := f.State
	rows := []Row{{Name: "NPI", Value: s.NPI + ", " + string(s.Environment)}}
	add := func(name, value string) { rows = append(rows, Row{Name: name, Value: value}) }
	if t := s.ClientToken; t != nil {
		add("Client Token", fmt.Sprintf("“%s”, %s", s.TokenLabel, expires(t.Expires, f.Session.Now)))
	}
	if s.Key != nil && s.KeyID != nil {
		add("Public Key ID", s.KeyID.ID)
		add("Fingerprint", s.Key.Fingerprint)
	}
	if a := s.Addresses; a != nil && len(a.Addresses) > 0 {
		add("IP addresses", strings.Join(a.Addresses, ", "))
	}
	if c := s.CurrentCheck(); c != nil {
		add("Live check", c.Summary())
	}
	for _, d := range s.Sent {
		add("Handed over", fmt.Sprintf("%s, %s", text.Day(d.At), way(d)))
	}
	if !f.Session.Passphrase.IsZero() {
		rows = append(rows, Row{Name: shownOnce, Secret: f.Session.Passphrase})
	}
	var kept []string
	if s.Storage != nil {
		kept = append(kept, "tokens and private key in the "+string(s.Storage.Kind))
	}
	if s.Sealed != nil && !s.PackageRemoved() {
		kept = append(kept, "the sealed package "+s.Sealed.File)
	}
	add("Kept here", strings.Join(kept, "; "))
	if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
		add("Before "+text.Day(t.Expires), "get a new client token: start dpc-onboard and choose “"+renewToken+"”")
	}
	return rows
}

// summaryText is what the screen says, without the passphrase.
func summaryText(f Facts) string {
	summary := finishTitle(f.State) + "\n\n"
	for _, r := range summaryRows(f) {
		if r.Secret.IsZero() {
			summary += r.Name + ": " + strings.TrimSpace(r.Value) + "\n"
		}
	}
	return summary
}

func (f Facts) writeFile(s Services, what, ext, content, hint string) (Facts, error) {
	path := s.FreePath(filepath.Join(f.Session.Folder, "dpc-"+f.State.ID()+"-"+what), ext)
	if err := s.WriteFile(path, []byte(content)); err != nil {
		return f, record.WithHint(err, writeHint)
	}
	f.Session.note(NoteOK, "Written: "+path+".", hint)
	return f, nil
}

func (f Facts) removePackage(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	if err := s.RemoveFile(f.State.Sealed.File); err != nil {
		return f, err
	}
	removed := *f.State.Sealed
	removed.RemovedAt = s.Now().UTC()
	f.State.Sealed = &removed
	f.Session.note(NoteOK, "Deleted "+removed.File+".",
		fmt.Sprintf("The tokens and the private key stay in the %s until you run dpc-onboard forget.", f.Session.Backend))
	return f, nil
}

// Calendar returns an iCalendar file (RFC 5545) with one all-day entry for the
// day on which the client token ends, and alarms 30 and 7 days before.
func Calendar(s record.State, now time.Time) string {
	cal := ics.NewCalendarFor("dpc-onboard")
	cal.SetMethod(ics.MethodPublish)
	event := cal.AddEvent(fmt.Sprintf("%s-%s@dpc-onboard", s.ID(), s.ClientToken.Digest))
	summary := fmt.Sprintf("DPC client token of %s (%s) expires", s.Organization, s.Environment)
	ends := s.ClientToken.Expires.Local()
	event.SetDtStampTime(now)
	event.SetAllDayStartAt(ends)
	event.SetAllDayEndAt(ends.AddDate(0, 0, 1))
	event.SetSummary(summary)
	event.SetDescription(fmt.Sprintf("The client token “%s” for NPI %s ends on this day. Before it does, start dpc-onboard and choose “%s”.", s.TokenLabel, s.NPI, renewToken))
	for _, before := range []string{"-P30D", "-P7D"} {
		alarm := event.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger(before)
		alarm.SetProperty(ics.ComponentPropertyDescription, summary)
	}
	return cal.Serialize()
}
