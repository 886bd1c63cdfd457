package steps

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"dpc-onboard/steps/record"
)

// addStep gives the portal's three fields, in the portal's order.
var addStep = Step{
	ID: Add, Title: "Add key",
	help: Help{
		What:  "The portal's form for a public key: label, public key and signature snippet.",
		Why:   "The signature snippet proves to DPC that you hold the private key, without showing it.",
		Wrong: "A value is cut or changed on its way. Copy it again, or write the three values to files.",
		Kept:  "None of the three is secret.",
	},
	done: func(s record.State) (time.Time, bool) {
		if !s.KeySaved() || s.Added == nil {
			return time.Time{}, false
		}
		return s.Added.At, s.Added.Fingerprint == s.Key.Fingerprint
	},
	screens: []screen{addScreen},
}

// writeHint is the remedy for a file that could not be written.
const writeHint = "Start the program in a folder that you may write to."

var addScreen = screen{
	name: "add",
	prompt: func(f Facts) Prompt {
		k := f.State.Key
		p := Prompt{
			Title: "Add the public key in the portal",
			Guide: []string{
				fmt.Sprintf("1. On the portal's main page click *+ Key* (or *Add key*). Where it asks for an environment, choose *%s*.", f.State.Environment.Words().Name),
				"2. Copy each of the three values here and paste it into the field of the same name.",
				"3. Click *Add key*.",
			},
			Copies: []Copy{
				{Name: "label", Label: "Label", Value: k.Label, Key: "l"},
				{Name: "public", Label: "Public Key", Value: k.PublicKey, Key: "p"},
				{Name: "signature", Label: "Signature Snippet", Value: k.Signature, Key: "s"},
			},
			Rows: []Row{{Name: "Fingerprint", Value: k.Fingerprint}},
			Actions: []Action{
				{Name: "added", Label: "I have added the key"},
				{Name: "refused", Label: "The portal refused it", Key: "r"},
				{Name: "files", Label: "Write them to files", Key: "f"},
			},
		}
		if f.Session.Refused {
			p.Notes = []Note{
				{Kind: NoteInfo, Text: "“Public key could not be verified”: the signature snippet was changed on its way.", Hint: "Copy it again and paste it into an empty field."},
				{Kind: NoteInfo, Text: "“Must be a valid public key”: the tags are missing.", Hint: "Copy the public key with its BEGIN and END lines."},
				{Kind: NoteInfo, Text: "“Already registered”: this key is there already.", Hint: "Go on, and take the key ID that the portal shows for it."},
			}
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		switch a.Action {
		case "refused":
			f.Session.Refused = true
			return stay(f), nil
		case "files":
			return doing(writingFiles, f.writePortalFiles), nil
		}
		f.Session.Refused = false
		return keeping(func(s Services) Facts {
			if added := f.State.Added; added == nil || added.Fingerprint != f.State.Key.Fingerprint {
				f.State.Added = &record.AddedFact{Fingerprint: f.State.Key.Fingerprint, At: s.Now().UTC()}
			}
			return f
		}), nil
	},
}

const writingFiles = "Writing files"

// writePortalFiles writes the three values, none of them secret, for people
// whose terminal can't reach the clipboard.
func (f Facts) writePortalFiles(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	folder := s.FreePath(filepath.Join(f.Session.Folder, "dpc-"+f.State.ID()+"-portal"), "")
	for _, file := range []struct{ name, text string }{
		{"label.txt", f.State.Key.Label},
		{"public-key.pem", f.State.Key.PublicKey},
		{"signature-snippet.txt", f.State.Key.Signature},
	} {
		if err := s.WriteFile(filepath.Join(folder, file.name), []byte(file.text)); err != nil {
			return f, record.WithHint(err, writeHint)
		}
	}
	f.Session.note(NoteOK, "Written to "+folder+".", "Open each file, copy all of it and paste it into the portal. None of them is secret.")
	return f, nil
}
