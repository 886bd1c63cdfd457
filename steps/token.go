package steps

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"dpc-onboard/steps/record"
)

// tokenStep sends the person to the portal for the client token.
var tokenStep = Step{
	ID: Token, Title: "Create token",
	help: Help{
		What:  "A client token says which organization a request comes from. You create one in the portal.",
		Why:   "DPC takes requests from software only with a token of the organization's.",
		Wrong: "The portal does not say that the token was created: go back there and try again with a new label. Where it says “… is almost ready!”, CMS has not enabled your organization yet.",
		Kept:  "Only the label is kept here. The token itself comes in the next step.",
	},
	done: func(s record.State) (time.Time, bool) {
		return s.TokenShownAt, CheckLabel(s.TokenLabel) == nil && !s.TokenShownAt.IsZero()
	},
	screens: []screen{tokenScreen},
}

var tokenScreen = screen{
	name: "token",
	prompt: func(f Facts) Prompt {
		w := f.State.Environment.Words()
		p := Prompt{
			Title: "Create a client token in the portal",
			Guide: []string{
				fmt.Sprintf("1. Sign in to the portal%s. In the %s *%s* click *%s*.", signInWith(f.State.Environment), w.Box, w.Tokens, w.NewToken),
				fmt.Sprintf("2. Paste the label into *%s* and click *%s*.", w.TokenLabel, w.CreateToken),
				fmt.Sprintf("3. The next page says *%s* and shows the token once. Leave it open, but not for long: after 30 minutes without activity the portal signs you out, and the token is lost.", w.TokenCreated),
			},
			Copies: []Copy{{Name: "label", Label: "Label", Value: tokenLabel(f.State), Key: "c"}},
			Actions: []Action{
				{Name: "success", Label: "I see “" + w.TokenCreated + "”"},
				{Name: "failed", Label: "It says something else", Key: "n"},
				{Name: "label", Label: changeLabel, Key: "e"},
			},
		}
		if f.Session.Retries > 0 {
			p.Notes = append(p.Notes, Note{
				Kind: NoteInfo, Text: "“" + strings.Join(w.TokenRefused, "” or “") + "”, or no answer? Go back in the portal and create the token again, with this new label.",
				Hint: "If it fails again, sign out of the portal, sign in and try once more.",
			})
		}
		switch {
		case f.State.TokenLost():
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: "The token that is saved counts no more, because you went back for a new one."})
			p.Actions = append(p.Actions, Action{Name: "saved", Label: "Use the token that is saved", Key: "u"})
		case f.State.ClientToken != nil:
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: "The token that is saved stays until another one takes its place. Going back here undoes nothing."})
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		switch a.Action {
		case "label":
			return stay(f.enter(labelDetour(Token, tokenLabel(f.State)))), nil
		case "failed":
			f.Session.Retries++
			return stay(f.anotherToken()), nil
		case "saved":
			t := f.State.ClientToken // it counts again
			f.State.LostToken, f.State.TokenShownAt = "", t.At
			f.State.TokenLabel = cmp.Or(t.Label, tokenLabel(f.State))
			f.Session.Retries = 0
			return stay(f), nil
		}
		return keeping(func(s Services) Facts {
			f.State.TokenLabel = tokenLabel(f.State)
			if f.State.TokenShownAt.IsZero() {
				f.State.TokenShownAt = s.Now().UTC()
			}
			return f
		}), nil
	},
}

const changeLabel = "Change the label"

// anotherToken sends the person back to the portal for a new client token. One
// that is saved stays until the new one takes its place, but counts no more.
func (f Facts) anotherToken() Facts {
	f.State.TokenLabel = nextLabel(tokenLabel(f.State))
	f.State.TokenShownAt = time.Time{}
	if f.State.ClientToken != nil {
		f.State.LostToken = f.State.ClientToken.Digest
	}
	return f
}

// signInWith says how one signs in to an environment's portal, and as who.
func signInWith(e record.Environment) string {
	if e == record.Production {
		return " with CLEAR, ID.me or Login.gov, as Authorized Official or Credential Delegate"
	}
	return ""
}
