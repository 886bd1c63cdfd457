package steps

import (
	"fmt"
	"strings"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// keyIDStep takes the key's ID from the portal's list.
var keyIDStep = Step{
	ID: KeyID, Title: "Key ID",
	help: Help{
		What:  "The ID under which DPC keeps your public key.",
		Why:   "Each request names it, so that DPC knows which key to check with.",
		Wrong: "The organization's ID, or another key's, in its place. The live check finds that out.",
		Kept:  "In the progress file. It is no secret.",
	},
	done: func(s record.State) (time.Time, bool) {
		if !s.KeyIDSaved() {
			return time.Time{}, false
		}
		return s.KeyID.At, true
	},
	screens: []screen{keyIDScreen},
}

const keyIDHint = "Copy the Key ID from the portal's list of public keys."

var keyIDScreen = screen{
	name: "id",
	prompt: func(f Facts) Prompt {
		w := f.State.Environment.Words()
		p := Prompt{
			Title: "Save the key's ID",
			Guide: []string{
				fmt.Sprintf("In the %s *%s* the portal now lists your public key, with a *%s*.", w.Box, w.Keys, w.KeyID),
				fmt.Sprintf("Copy the ID that stands beside the label *%s* and paste it here.", f.State.Key.Label),
			},
			Fields:  []Field{{Name: "id", Label: "Public Key ID", Hint: keyIDHint, Kind: Text, Missing: record.NewProblem("the public key ID is missing", keyIDHint), Check: f.recognizeKeyID}},
			Actions: []Action{{Name: "next", Label: "Save the key ID"}},
		}
		if f.State.KeyIDSaved() {
			p.Fields[0].Value = f.State.KeyID.ID
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		id, _ := keys.ParseUUID(a.Text("id")) // it was recognized before
		return f.recordKeyID(id), nil
	},
}

func (f Facts) recordKeyID(id string) outcome {
	return keeping(func(s Services) Facts {
		if !f.State.KeyIDSaved() || f.State.KeyID.ID != id {
			f.State.KeyID = &record.KeyIDFact{ID: id, Fingerprint: f.State.Key.Fingerprint, At: s.Now().UTC()}
		}
		f.Session.note(NoteOK, "Public key ID saved: "+id+".", "")
		return f
	})
}

// recognizeKeyID says what a value is where it is something else than a key ID.
func (f Facts) recognizeKeyID(v keys.Secret) (string, error) {
	id, notID := keys.ParseUUID(v.Reveal())
	_, _, notToken := keys.ParseToken(v)
	token, old := f.State.ClientToken, f.State.Replaced()
	var problem string
	switch {
	case notID == nil && token != nil && id == token.OrganizationID:
		problem = "this is the organization's ID, not the key's"
	case notID == nil && token != nil && id == token.ID:
		problem = "this is the client token's ID, not the key's"
	case notID == nil && old.What == record.KeyRotation && old.KeyID != nil && id == old.KeyID.ID:
		problem = "this is the old key's ID, and the key is being replaced"
	case notID == nil:
		return "key ID", nil
	case isPEM(v):
		problem = "this is a key, not its ID"
	case notToken == nil:
		problem = "this is a client token, not a key ID"
	case strings.HasPrefix(strings.TrimSpace(v.Reveal()), "SHA256:"):
		problem = "this is the key's fingerprint, not its ID"
	default:
		problem = "a key ID has the form 01234567-89ab-cdef-0123-456789abcdef; this has not"
	}
	return "", record.NewProblem(problem, keyIDHint)
}
