package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"dpc-onboard/steps/record"
)

// maxState is the size in bytes up to which a progress file is read.
const maxState = 1 << 20

// Unreadable is the error for a progress file that this program can't use: it is
// empty, cut short, from a newer version, or not ours.
type Unreadable struct {
	Path   string
	Reason string // what is wrong with the file, as "is empty"
}

func (u *Unreadable) Error() string {
	return "the progress file " + u.Path + " " + u.Reason
}

const notOurs = "was not written by dpc-onboard"

// parseState reads the JSON form of the onboarding id. Fields that it doesn't
// know are passed over; anything else that it can't stand behind is a reason, in
// words, not to use the file.
func parseState(id string, data []byte) (state record.State, reason string) {
	err := json.Unmarshal(data, &state)
	syntax, malformed := errors.AsType[*json.SyntaxError](err)
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		reason = "is empty"
	case malformed && syntax.Offset >= int64(len(data)):
		reason = "is cut short"
	case malformed:
		reason = "is damaged, or not a progress file"
	case state.Schema > record.Schema: // known even where a field has another form by then
		reason = fmt.Sprintf("was written by a newer version of dpc-onboard (schema %d)", state.Schema)
	case err != nil || !possible(state):
		reason = notOurs
	case state.ID() != id:
		reason = "belongs to another onboarding"
	default:
		return state, ""
	}
	return record.State{}, reason
}

// possible reports whether this program could have written a state.
func possible(s record.State) bool {
	for _, name := range record.SecretNames {
		if fact := s.Secret(name); fact != nil && fact.Length < 0 {
			return false
		}
	}
	_, _, err := record.ParseID(s.ID())
	return err == nil && s.Schema >= 1 &&
		(s.Storage == nil || s.Storage.Kind == record.Keyring || s.Storage.Kind == record.Vault)
}

// formatState is the JSON form that parseState reads, for people to read too.
func formatState(s record.State) ([]byte, error) {
	s.Schema = record.Schema
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}
