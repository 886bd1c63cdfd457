package steps

import (
	"cmp"
	"fmt"
	"time"

	"dpc-onboard/steps/record"
)

// tokenStep sends the person to the portal for the client token.
var tokenStep = Step{
	ID: Token, Title: "Create token",
	help: Help{
		What:  "A client token says which organization a request comes from. You create one in the portal.",
		Why:   "DPC takes requests from software only with a token of the organization's.",
		Wrong: "No “Success!” appears: go back in the portal and try again with a new label. One token is for one vendor.",
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
		p := Prompt{
			Title: "Create a client token in the portal",
			Guide: []string{
				"1. Sign in to the portal and click *+ New token*.",
				fmt.Sprintf("2. Paste the label. Where the portal asks for an environment, choose *%s*.", f.State.Environment.Words().Name),
				"3. Click *Create Token*. The next page says *Success!* and shows the token once. Leave that page open.",
			},
			Copies: []Copy{{Name: "label", Label: "Label", Value: tokenLabel(f.State), Key: "c"}},
			Actions: []Action{
				{Name: "success", Label: "I see “Success!”"},
				{Name: "failed", Label: "No success message", Key: "n"},
				{Name: "label", Label: changeLabel, Key: "e"},
			},
			URL: f.State.Environment.Words().Start,
		}
		if f.Session.Retries > 0 {
			p.Notes = append(p.Notes, Note{
				Kind: NoteInfo, Text: "No “Success”? Go back in the portal and create the token again, with this new label.",
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
