package record

import (
	"errors"
	"fmt"
	"regexp"
)

var idForm = regexp.MustCompile(`^([0-9]{10})-(sandbox|production)$`)

// ID names an onboarding: "<npi>-<environment>", or "" before both are known. It
// is the name of its progress file, and part of the names of its secrets.
func (s State) ID() string {
	if s.NPI == "" || s.Environment == "" {
		return ""
	}
	return s.NPI + "-" + string(s.Environment)
}

// ParseID takes an onboarding's ID apart. The error is of ErrUsage.
func ParseID(id string) (npi string, e Environment, err error) {
	parts := idForm.FindStringSubmatch(id)
	if parts == nil {
		return "", "", WithKind(fmt.Errorf("%q: %w", id, errID), ErrUsage,
			`Run "dpc-onboard status" to see the IDs of your onboardings.`)
	}
	return parts[1], Environment(parts[2]), nil
}

var errID = errors.New("an onboarding's ID is an NPI of ten digits, a hyphen, and sandbox or production")

// Begun returns the state of an onboarding of which nothing but the ID is known.
// The error is that of ParseID.
func Begun(id string) (State, error) {
	npi, e, err := ParseID(id)
	return State{Schema: Schema, NPI: npi, Environment: e}, err
}
