package steps

import (
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// refusal is what a portal says when it does not take a public key, why, and what
// mends it.
type refusal struct {
	said  []string // its sentences, any of which may be seen
	cause string
	fix   string
	// relabel gives the key another label, which the fix speaks of.
	relabel bool
}

// Why a portal does not take a key. In sandbox the form comes back with the label in
// all of its fields.
const (
	sandboxEmpties = "First empty *Public Key* and *Signature Snippet*: the portal has filled them with the label. "

	notPEM     = "what is in the field for the public key is not one, or not whole"
	privateKey = "the private key was pasted where the public one belongs"
	mismatch   = "the signature snippet does not belong to the public key: it was changed on its way, a space came with it, or it is another key's"

	wasPrivate = "Somebody else may have it now: go back, make a new key pair, and add that one."
)

// inUse is what both portals say for two different things.
var inUse = refusal{
	said:  []string{"This public key is already in use. Choose a new public key."},
	cause: "another key of your organization has this label, or this very key is registered already, perhaps elsewhere at DPC",
	fix:   "Then copy all three again; the label is a new one. If it says so once more, the key itself is taken: go back and make a new key pair.",

	relabel: true,
}

// refusals are all that the two portals say against a public key, word for word.
var refusals = map[record.Environment][]refusal{
	record.Sandbox: {
		{inUse.said, inUse.cause, sandboxEmpties + inUse.fix, true},
		{[]string{"Public key could not be verified"}, mismatch, sandboxEmpties + "Then copy both here again.", false},
		{[]string{"Must have valid encoding"}, notPEM, sandboxEmpties + "Then copy the public key with its BEGIN and END lines, and the snippet.", false},
		{[]string{"Must be a public key"}, privateKey, wasPrivate, false},
	},
	record.Production: {
		{inUse.said, inUse.cause, "Empty the fields. " + inUse.fix, true},
		{[]string{"Signature snippet doesn't match public key.", "Invalid signature snippet."}, mismatch, "Empty both fields, and copy both here again.", false},
		{[]string{"Must be a public key (not a private key)."}, privateKey, wasPrivate, false},
		{[]string{"Must be a valid public key.", "Invalid public key."}, notPEM, "Empty the field, and copy the public key with its BEGIN and END lines.", false},
		{[]string{"Public key can't be blank."}, "the field for the public key is empty", "Copy the public key into it.", false},
		{[]string{"Signature snippet can't be blank."}, "the field for the snippet is empty", "Copy the signature snippet into it.", false},
	},
}

// somethingElse is the choice for a sentence that is not known.
const somethingElse = "something else"

// refusedDetour asks what the portal said.
var refusedDetour = detour{step: Add, from: "add", screen: screen{
	name: "refused",
	prompt: func(f Facts) Prompt {
		var choices []Choice
		for _, r := range refusals[f.State.Environment] {
			choices = append(choices, Choice{Value: r.said[0], Label: "“" + strings.Join(r.said, "” or “") + "”"})
		}
		choices = append(choices, Choice{Value: somethingElse, Label: "Something else"})
		return Prompt{
			Title: "What did the portal say?",
			Guide: []string{"Each of its sentences has another cause. Choose the one that you see, or paste it."},
			Fields: []Field{
				{Name: "pasted", Label: "Paste it (optional)", Hint: "the words that the portal shows in red", Kind: Text, Optional: true, Check: func(v keys.Secret) (string, error) {
					r, known := refusalOf(f.State.Environment, v.Reveal())
					if !known {
						return "", record.NewProblem("this is none of the portal's sentences", "Choose it from the list, or take “Something else”.")
					}
					return r.cause, nil
				}},
				{Name: "said", Label: "The portal says", Kind: Choose, Value: choices[0].Value, Choices: choices},
			},
			Actions: []Action{{Name: "next", Label: "What to do?"}},
		}
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		said := a.Text("pasted")
		if said == "" {
			said = a.Text("said")
		}
		r, known := refusalOf(f.State.Environment, said)
		f.Session.Refused = Note{
			Kind: NoteWarning, Text: "The portal said something that is not known here.",
			Hint: "Copy all three values again into empty fields. If it stays, tell your vendor the words that you see.",
		}
		if known {
			f.Session.Refused = Note{Kind: NoteWarning, Text: "“" + said + "” The cause: " + r.cause + ".", Hint: r.fix}
		}
		if r.relabel {
			setLabel(&f.State, Add, KeyLabel(f.State.Key.Fingerprint+f.State.Key.Label, f.Session.Now))
		}
		return stay(f.leave()), nil
	},
}}

// refusalOf finds what a portal said, in whatever it was pasted with.
func refusalOf(e record.Environment, said string) (refusal, bool) {
	pasted := strings.ToLower(said)
	for _, r := range refusals[e] {
		for _, sentence := range r.said {
			if strings.Contains(pasted, strings.ToLower(strings.TrimSuffix(sentence, "."))) {
				return r, true
			}
		}
	}
	return refusal{}, false
}
