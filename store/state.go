package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"dpc-onboard/steps"
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

// SetAside says that a progress file could not be used and has been moved to
// another name, where nothing touches it. It is news and not a failure: the
// onboarding's lock is held, and the onboarding starts anew. Reason is that of
// Unreadable.
type SetAside = steps.SetAside

var (
	idPattern = regexp.MustCompile(`^[0-9]{10}-(sandbox|production)$`)
	errID     = errors.New("an onboarding's ID is an NPI of ten digits, a hyphen, and sandbox or production")
)

func checkID(id string) error {
	if idPattern.MatchString(id) {
		return nil
	}
	return steps.WithKind(fmt.Errorf("%q: %w", id, errID), steps.ErrUsage,
		"Run \"dpc-onboard status\" to see the IDs of your onboardings.")
}

// parseState reads the JSON form of the onboarding id. Fields that it doesn't
// know are passed over; anything else that it can't stand behind is a reason, in
// words, not to use the file.
func parseState(id string, data []byte) (state steps.State, reason string) {
	if len(bytes.TrimSpace(data)) == 0 {
		return steps.State{}, "is empty"
	}
	if err := json.Unmarshal(data, &state); err != nil {
		return steps.State{}, whyNot(data, err)
	}
	if reason := foreign(state); reason != "" {
		return steps.State{}, reason
	}
	if state.ID() != id {
		return steps.State{}, "belongs to another onboarding"
	}
	return state, ""
}

const notOurs = "was not written by dpc-onboard"

// whyNot finds the words for JSON that does not decode: a newer version may have
// given a field another form.
func whyNot(data []byte, err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		if syntax.Offset >= int64(len(data)) {
			return "is cut short"
		}
		return "is damaged, or not a progress file"
	}
	var version struct {
		Schema int `json:"schema"`
	}
	if json.Unmarshal(data, &version) == nil && version.Schema > steps.Schema {
		return newer(version.Schema)
	}
	return notOurs
}

func newer(schema int) string {
	return fmt.Sprintf("was written by a newer version of dpc-onboard (schema %d)", schema)
}

// foreign says what in a state this program could never have written.
func foreign(s steps.State) string {
	switch {
	case s.Schema > steps.Schema:
		return newer(s.Schema)
	case s.Schema < 1,
		!idPattern.MatchString(s.ID()),
		s.Storage != nil && s.Storage.Kind != steps.Keyring && s.Storage.Kind != steps.Vault,
		s.ClientToken != nil && !possible(s.ClientToken.SecretFact),
		s.OrganizationToken != nil && !possible(*s.OrganizationToken),
		s.Key != nil && !possible(s.Key.SecretFact):
		return notOurs
	}
	return ""
}

// possible reports whether a secret could have been saved as the fact says.
func possible(f steps.SecretFact) bool { return f.Length >= 0 }

// formatState is the JSON form that parseState reads, for people to read too.
func formatState(s steps.State) ([]byte, error) {
	s.Schema = steps.Schema
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}
