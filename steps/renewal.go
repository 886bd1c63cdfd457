package steps

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// This file asks whether the client token is to be renewed. What it then does is in
// renew.go.

const (
	renewToken  = "Renew the client token"
	deleteStray = "Delete what was left over at DPC"
)

// askToRenew asks, where there are credentials with which DPC can be asked.
func askToRenew(f Facts) Facts {
	f.Session.Renew = false
	if _, ok := f.State.Origin(); !ok {
		f.Session.note(NoteWarning, "The client token can't be renewed before token, key and key ID are saved.", "")
		return f
	}
	return f.enter(renewDetour)
}

var renewDetour = detour{step: Send, screen: screen{
	name: "renew",
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title: renewToken,
			Guide: []string{
				"While a client token works, DPC makes the next one on request. No visit to the portal is needed.",
				"The new one is saved, read back and checked first. Only then does it take the old one's place here. At DPC the old one goes on working.",
				"After that the package has to be sealed and sent again, because it holds the old token.",
			},
			Rows:    []Row{{Name: "Client Token", Value: fmt.Sprintf("“%s”, %s", f.State.TokenLabel, expires(f.State.ClientToken.Expires, f.Session.Now))}},
			Notes:   strayNotes(f.State),
			Actions: []Action{{Name: "renew", Label: "Renew it now"}, {Name: "no", Label: "Not now", Key: "n"}},
			Help: Help{
				What:  "A new client token, made by DPC itself for the one that you have.",
				Why:   "A client token lasts a year. Without a new one, the vendor can't connect after that.",
				Wrong: "A token that has expired can't renew itself: create a new one in the portal instead.",
				Kept:  "The new token takes the old one's place in the keyring or the vault.",
			},
		}
		if len(p.Notes) > 0 {
			p.Actions = append(p.Actions, Action{Name: "stray", Label: deleteStray, Key: "d"})
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		switch a.Action {
		case "no":
			return stay(f.leave()), nil
		case "stray":
			return deletingStrays(f), nil
		}
		return renewing(f), nil
	},
}}

// strayNotes name what earlier renewals left over.
func strayNotes(s record.State) []Note {
	var notes []Note
	for _, l := range LeftOver(s) {
		notes = append(notes, Note{
			Kind: NoteWarning, Text: fmt.Sprintf("A renewal left the %s at DPC. It is not in use here.", l),
			Hint: "Choose “" + deleteStray + "”, or leave it: it does no harm.",
		})
	}
	return notes
}

// renewing has the client token renewed. The flow then stands where the package is
// sealed, with what was chosen for the last one filled in.
func renewing(f Facts) outcome {
	return doing("Asking DPC for a new client token", func(ctx context.Context, s Services, report func(Event)) (Facts, error) {
		if !f.Session.Unsaved { // a renewal that nobody waited for may have written more
			saved, found, err := s.Progress.Open(f.State.ID())
			if err != nil {
				return f, err
			}
			if found {
				f.State = saved
			}
		}
		old := Listed{What: record.TokenRotation, Label: f.State.TokenLabel, ID: f.State.ClientToken.ID}
		state, err := Renew(ctx, s, f.State, Renewal{What: record.TokenRotation, Report: func(l check.Line) { report(Event{Line: &l}) }})
		f.State = state
		if err != nil {
			return f, err
		}
		f = f.leaveAll()
		f.Session.Passphrase = keys.Secret{}
		f.Session.Replaced = old
		if p := f.State.Sealed; p != nil {
			f.Session.Seal = SealChoice{Format: p.Format, Folder: filepath.Dir(p.File)}
		}
		hint := ""
		if len(f.State.Sent) > 0 {
			hint = "The vendor still has the old one. Seal the package and send it again."
		}
		f.Session.note(NoteOK, fmt.Sprintf("Renewed: client token “%s”, saved, read back and checked, %s.", f.State.TokenLabel, expires(f.State.ClientToken.Expires, s.Now())), hint)
		f.Session.Notices = append(f.Session.Notices, strayNotes(f.State)...)
		return f, nil
	})
}

// deletingStrays deletes at DPC what earlier renewals left over.
func deletingStrays(f Facts) outcome {
	return doing("Deleting at DPC", func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		state, err := Sweep(ctx, s, f.State, func(context.Context, Listed) (bool, error) { return true, nil })
		f.State = state
		if err == nil {
			f.Session.note(NoteOK, "Deleted at DPC.", "")
		}
		return f, err
	})
}

// deletingReplaced deletes the token at DPC that was renewed in this run.
func deletingReplaced(f Facts) outcome {
	return doing("Deleting at DPC", func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		old := f.Session.Replaced
		state, err := deleteListed(ctx, s, f.State, old)
		f.State = state
		if err == nil {
			f.Session.Replaced = Listed{}
			f.Session.note(NoteOK, fmt.Sprintf("Deleted at DPC: the %s.", old), "")
		}
		return f, err
	})
}

// LastSFTP returns the folder to which a package was sent by SFTP the last time, or
// "" where it was handed over in another way.
func LastSFTP(s record.State) string {
	if len(s.Sent) == 0 || s.Sent[len(s.Sent)-1].How != record.BySFTP {
		return ""
	}
	where := s.Sent[len(s.Sent)-1].Where
	return where[:strings.LastIndex(where, "/")+1]
}
