package steps

import (
	"context"
	"fmt"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/portal"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// saveStep takes the two values that the portal shows only once, and says "saved"
// only after it has read them back.
var saveStep = Step{
	ID: Save, Title: "Save tokens",
	help: Help{
		What:  "The client token and the organization token, as the portal shows them.",
		Why:   "The vendor needs both. The portal shows the client token once and never again.",
		Wrong: "Half a token, or the token's ID in its place. Both are found out at once, before you leave the portal's page.",
		Kept:  "In this computer's keyring, or in the encrypted vault. Never in a plain file.",
	},
	done:    record.State.SavedAt,
	screens: []screen{saveScreen},
}

const lostToken = "I no longer have the token"

// copyToken says where the portal shows the client token.
func copyToken(w portal.Words) string {
	return fmt.Sprintf("Copy the whole long text in the field “%s”, on the page that says “%s”.", w.Token, w.TokenCreated)
}

// copyOrganization says where the portal shows the organization's ID.
func copyOrganization(w portal.Words) string {
	return fmt.Sprintf("Copy the organization's ID, which stands behind “%s” on %s.", w.OrganizationID, w.Page)
}

var saveScreen = screen{
	name: "save",
	prompt: func(f Facts) Prompt {
		token, organization := f.State.TokenSaved(), f.State.OrganizationToken != nil
		w := f.State.Environment.Words()
		copyToken, copyOrganization := copyToken(w), copyOrganization(w)
		p := Prompt{
			Title: "Save both tokens",
			Guide: []string{
				fmt.Sprintf("Copy the token from *%s* and paste it here. It is shown only once, and 30 minutes without activity end that page.", w.Token),
				fmt.Sprintf("Then paste the Organization Token: today's portal shows it as *%s* on %s.", w.OrganizationID, w.Page),
			},
			Fields: []Field{
				{Name: record.ClientTokenName, Label: "Client Token", Hint: copyToken, Kind: Hidden, Optional: token, Missing: record.NewProblem("the client token is missing", copyToken), Check: f.recognizeToken},
				{Name: record.OrganizationTokenName, Label: "Organization Token", Hint: copyOrganization, Kind: Hidden, Optional: organization, Missing: record.NewProblem("the organization token is missing", copyOrganization), Check: f.recognizeOrganizationToken},
			},
			Actions: []Action{
				{Name: "save", Label: "Save both"},
				{Name: "lost", Label: lostToken, Key: "l", Bare: true},
			},
		}
		switch {
		case token && organization:
			p.Notes = []Note{{
				Kind: NoteInfo, Text: "Both are saved. Leave a field empty to keep what is saved in it.",
				Hint: "A new client token means that the live check and the package have to be made again.",
			}}
		case token:
			p.Notes = []Note{{Kind: NoteInfo, Text: "The client token is saved. Only the organization token is missing."}}
		case organization:
			p.Notes = []Note{{Kind: NoteInfo, Text: "The organization token is saved. Only the client token is missing."}}
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		if a.Action == "lost" {
			return stay(f.anotherToken()), nil
		}
		// A blank field keeps what is saved; the others were found right before.
		token, says, _ := keys.ParseToken(a.Values[record.ClientTokenName])
		organization, of, _ := keys.ParseOrganizationToken(a.Values[record.OrganizationTokenName])
		if token.IsZero() && f.State.ClientToken != nil {
			says.OrganizationID = f.State.ClientToken.OrganizationID
		}
		if err := f.agree(token, organization, says.OrganizationID, of.OrganizationID); err != nil {
			return outcome{}, &FieldError{Field: record.OrganizationTokenName, Err: err}
		}
		return doing("Saving and reading back", func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.saveTokens(ctx, s, token, says, organization)
		}), nil
	},
}

// agree checks the two values against each other and against what is saved. id is
// the organization of the client token, of that of the organization token.
func (f Facts) agree(token, organization keys.Secret, id, of string) error {
	saved := f.State.ClientToken
	switch {
	case organization.IsZero() && saved != nil && id != saved.OrganizationID:
		return record.NewProblem("the new client token is another organization's, so its organization token is needed too", copyOrganization(f.State.Environment.Words()))
	case organization.IsZero():
		return nil
	case token.Equal(organization), token.IsZero() && saved != nil && saved.Digest == organization.Digest():
		return record.NewProblem("this is the client token once more",
			copyOrganization(f.State.Environment.Words()))
	case id != "" && of != id:
		return record.NewProblem(fmt.Sprintf("this is organization %s, but the client token is of organization %s", of, id),
			"Copy both from the same organization's page in the portal.")
	}
	return nil
}

// saveTokens saves, and takes each fact from what was read back.
func (f Facts) saveTokens(ctx context.Context, s Services, token keys.Secret, says keys.Token, organization keys.Secret) (Facts, error) {
	if !token.IsZero() {
		if err := s.Secrets.Save(ctx, f.State.ID(), record.ClientTokenName, token); err != nil {
			return f, err
		}
		f.State.ClientToken, f.State.LostToken = f.tokenFact(s.Now(), token, says), ""
	}
	if !organization.IsZero() {
		if err := s.Secrets.Save(ctx, f.State.ID(), record.OrganizationTokenName, organization); err != nil {
			return f, err
		}
		f.State.OrganizationToken = secretFact(s.Now(), organization)
	}
	f.Session.Retries = 0
	t := f.State.ClientToken
	f.Session.note(NoteOK, fmt.Sprintf("Saved and read back. Client token for %s, %s, %s.", f.State.Organization, t.Environment, expires(t.Expires, s.Now())),
		fmt.Sprintf("You can leave that page now: click *%s* (“Go To Dashboard” in the printed guide).", f.State.Environment.Words().LeaveToken))
	return f, nil
}

func secretFact(now time.Time, v keys.Secret) *record.SecretFact {
	return &record.SecretFact{At: now.UTC(), Digest: v.Digest(), Length: v.Len()}
}

// tokenFact notes what a saved token says of itself. One from a host that is
// neither environment's counts for the environment at hand.
func (f Facts) tokenFact(now time.Time, clean keys.Secret, t keys.Token) *record.TokenFact {
	environment, known := record.EnvironmentOf(t)
	if !known {
		environment = f.State.Environment
	}
	return &record.TokenFact{
		SecretFact: *secretFact(now, clean), ID: t.ID, Label: tokenLabel(f.State),
		OrganizationID: t.OrganizationID, Environment: environment, Expires: t.Expires,
	}
}

func (f Facts) recognizeToken(v keys.Secret) (string, error) {
	clean, t, err := keys.ParseToken(v)
	if err != nil {
		return "", record.NewProblem(text.Sentence(err), tokenHint(err, f.State.Environment.Words()))
	}
	if err := f.usable(t); err != nil {
		return "", err
	}
	if old := f.State.Replaced(); old.What == record.TokenRotation && clean.Digest() == old.ClientToken.Digest {
		return "", record.NewProblem("this is the old client token, which is being replaced", "Copy the token that the portal has just made.")
	}
	return fmt.Sprintf("client token for %s, %s, %s", text.Brief(f.State.Organization, 24), f.State.Environment, expires(t.Expires, f.Session.Now)), nil
}

// recognizeOrganizationToken takes the organization's ID, which today's portal
// shows, or a token of the organization's.
func (f Facts) recognizeOrganizationToken(v keys.Secret) (string, error) {
	clean, t, err := keys.ParseOrganizationToken(v)
	switch {
	case err != nil:
		return "", record.NewProblem("this is neither an organization ID nor a token", copyOrganization(f.State.Environment.Words()))
	case clean.Reveal() == t.OrganizationID:
		return "organization ID", nil
	}
	return "organization token", f.usable(t)
}

// usable refuses a token that was made for the other environment, or has expired.
func (f Facts) usable(t keys.Token) error {
	want := f.State.Environment
	if got, known := record.EnvironmentOf(t); known && got != want {
		return record.NewProblem(fmt.Sprintf("this token is for %s, and this onboarding is for %s", got, want),
			fmt.Sprintf("Create a token for %s at %s.", want, want.Words().Start))
	}
	if t.Expired(f.Session.Now) {
		return record.NewProblem("this token expired on "+text.Day(t.Expires), "Create a new token in the portal. If it is a new one, this computer's clock is wrong: it says "+text.Day(f.Session.Now)+".")
	}
	return nil
}

// expires says when a token ends, and how long that is from now.
func expires(at, now time.Time) string {
	switch {
	case at.IsZero():
		return "without an expiry date"
	case !now.Before(at):
		return "expired on " + text.Day(at)
	}
	return fmt.Sprintf("expires %s (%s)", text.Left(int(at.Sub(now).Hours()/24)), text.Day(at))
}

// tokenHint says what to do about a value that is no client token.
func tokenHint(err error, w portal.Words) string {
	copyToken := copyToken(w)
	const fiveMinutes = "Access tokens last five minutes and are made from the client token. Copy the client token from the portal."
	const selectAll = "Click into the portal's text field, select all of it (Ctrl+A), copy it and paste it again."
	return hintFor(err, copyToken, []hint{
		{keys.ErrTokenUUID, "A token's ID, or the organization's, is not the token. " + copyToken},
		{keys.ErrTokenPEM, "The key comes later. " + copyToken},
		{keys.ErrTokenAccess, fiveMinutes},
		{keys.ErrTokenForm, "It begins with W3si. " + copyToken},
		{keys.ErrTokenJWT, fiveMinutes},
		{keys.ErrTokenLabel, "Copy the token alone, without the word before it."},
		{keys.ErrTokenWord, "The label only names the token. " + copyToken},
		{keys.ErrTokenCut, selectAll},
		{keys.ErrTokenTwo, "Paste one value into each field."},
		{keys.ErrTokenBase64, selectAll},
	})
}
