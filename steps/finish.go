package steps

import (
	"context"
	"path/filepath"
	"strings"
)

const finishScreenName = "finish"

// finishScreen is the summary that one keeps.
var finishScreen = screen{
	name: finishScreenName, step: Send,
	done: func(Facts) bool { return false },
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title:   wordsFinishTitle(f.State),
			Guide:   wordsFinishGuide(f.State),
			Rows:    summaryRows(f),
			Actions: finishActions(f),
			Help:    helpFinish,
		}
		if old := f.State.previous().What; old != "" {
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsReplacing(old), Hint: wordsReplacingHint})
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		switch a.Action {
		case "remove":
			return work{title: wordsRemoving, do: f.removePackage}, nil
		case "production":
			return f.startProduction(), nil
		case "calendar":
			return work{title: wordsWritingFiles, do: f.writeCalendar}, nil
		case "summary":
			return work{title: wordsWritingFiles, do: f.writeSummary}, nil
		case "undo":
			return f.undelivered(), nil
		case "send":
			f.Session.SendAgain, f.Session.Resealing = true, f.State.packageRemoved()
		case "check":
			return work{title: wordsChecking, do: f.check}, nil
		case "token", "key":
			return work{title: wordsKeepingOld, do: f.replace(a.Action)}, nil
		default:
			f.Session.Quit = true
		}
		return f.keep(), nil
	},
}

// finishActions are what can still be done with a finished onboarding.
func finishActions(f Facts) []Action {
	s, last := f.State, ""
	if !f.Session.Passphrase.IsZero() {
		last = wordsCloseWarning
	}
	actions := []Action{{Name: "quit", Label: wordsClose, Confirm: last}}
	if s.Sealed != nil && !s.packageRemoved() {
		actions = append(actions, Action{Name: "remove", Label: wordsRemove, Key: "d", Confirm: wordsRemoveWarning(s.Sealed.File)})
	}
	if s.Environment == Sandbox {
		actions = append(actions, Action{Name: "production", Label: wordsStartProduction, Key: "p"})
	}
	actions = append(actions, Action{Name: "summary", Label: wordsSaveSummary, Key: "w"})
	if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
		actions = append(actions, Action{Name: "calendar", Label: wordsCalendar, Key: "i"})
	}
	if n := len(s.Sent); n > 0 && s.Sent[n-1].How != "sftp" {
		actions = append(actions, Action{Name: "undo", Label: wordsUndoDelivery, Key: "u"})
	}
	again := ""
	if old := s.previous().What; old != "" {
		again = wordsReplaceAgainWarning(old)
	}
	return append(actions,
		Action{Name: "send", Label: wordsSendAgain, Key: "s"},
		Action{Name: "check", Label: wordsCheckAgain, Key: "c"},
		Action{Name: "token", Label: wordsReplaceToken, Key: "t", Confirm: again},
		Action{Name: "key", Label: wordsReplaceKey, Key: "k", Confirm: again})
}

// undelivered takes back a hand-over that the person said was made by mistake.
func (f Facts) undelivered() work {
	f.State.Sent = f.State.Sent[:len(f.State.Sent)-1]
	return f.keep()
}

// writeSummary writes what the screen says, without the passphrase.
func (f Facts) writeSummary(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	path := FreeName(s.FileExists, filepath.Join(f.Session.Folder, "dpc-"+f.State.ID()+"-summary"), ".txt")
	text := wordsFinishTitle(f.State) + "\n\n"
	for _, r := range summaryRows(f) {
		if r.Secret.IsZero() {
			text += r.Name + ": " + strings.TrimSpace(r.Value) + "\n"
		}
	}
	if err := s.WriteFile(path, []byte(text)); err != nil {
		return f, WithHint(err, wordsWriteFilesHint)
	}
	f.Session.note(NoteOK, wordsSummaryWritten(path), "")
	return f, nil
}

// packageRemoved reports whether the sealed file was deleted from this computer.
func (s State) packageRemoved() bool { return s.Sealed != nil && !s.Sealed.RemovedAt.IsZero() }

func (f Facts) removePackage(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	if err := s.RemoveFile(f.State.Sealed.File); err != nil {
		return f, err
	}
	removed := *f.State.Sealed
	removed.RemovedAt = s.Now().UTC()
	f.State.Sealed = &removed
	f.Session.note(NoteOK, wordsRemoved(removed.File), wordsRemovedHint(f.Session.Place))
	return f, nil
}

// startProduction begins another onboarding with what is known already. Back
// leads here again until it is opened.
func (f Facts) startProduction() work {
	origin := f
	f.State = f.State.ForProduction()
	f.Session = f.Session.Another()
	f.Session.Open, f.Session.Origin = "", &origin
	return f.keep()
}

// ForProduction returns the beginning of the production onboarding of the same
// organization. AccessAt is left open, so that the person confirms it.
func (s State) ForProduction() State {
	return State{Schema: Schema, Organization: s.Organization, NPI: s.NPI, Environment: Production}
}

// writeCalendar writes an entry for the day on which the client token ends.
func (f Facts) writeCalendar(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	path := FreeName(s.FileExists, filepath.Join(f.Session.Folder, "dpc-"+f.State.ID()+"-token"), ".ics")
	if err := s.WriteFile(path, []byte(Calendar(f.State, s.Now()))); err != nil {
		return f, WithHint(err, wordsWriteFilesHint)
	}
	f.Session.note(NoteOK, wordsCalendarWritten(path), wordsCalendarHint)
	return f, nil
}
