package record

import (
	"errors"
	"fmt"
)

// Kinds of failure that scripts can tell apart by the exit code.
var (
	// ErrStorage marks a keyring or vault that can't be used (exit code 5).
	ErrStorage = errors.New("keyring or vault unavailable")
	// ErrRefused marks an answer of DPC's that says no (exit code 4).
	ErrRefused = errors.New("refused by DPC")
	// ErrUnfinished marks an onboarding that is not complete (exit code 3).
	ErrUnfinished = errors.New("onboarding unfinished")
	// ErrUsage marks a command that was called wrongly (exit code 2).
	ErrUsage = errors.New("wrong usage")
)

// ErrNoSecret is what Secrets.Load returns where nothing is stored.
var ErrNoSecret = errors.New("no such secret is stored")

// ErrWrongPassphrase is what Secrets.Use returns for a vault that exists and
// does not open.
var ErrWrongPassphrase = errors.New("the passphrase does not open the vault")

// Problem is an error with a remedy beside it: Err says what failed and why, in
// lower case, Hint says in a sentence what to do next, and Kind, where it is not
// nil, is one of the kinds above. Hints never hold a secret.
type Problem struct {
	Err  error
	Hint string
	Kind error
}

func (p *Problem) Error() string { return p.Err.Error() }

// Unwrap lets errors.Is find both the cause and the kind.
func (p *Problem) Unwrap() []error {
	if p.Kind == nil {
		return []error{p.Err}
	}
	return []error{p.Err, p.Kind}
}

// WithHint puts a remedy beside an error. It returns nil for a nil error.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &Problem{Err: err, Hint: hint}
}

// WithKind puts a remedy and a kind beside an error. It returns nil for a nil
// error.
func WithKind(err, kind error, hint string) error {
	if err == nil {
		return nil
	}
	return &Problem{Err: err, Hint: hint, Kind: kind}
}

// Hint returns the outermost remedy in an error's chain, or "".
func Hint(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Hint
	}
	return ""
}

// NewProblem makes an error of a sentence and its remedy.
func NewProblem(text, hint string) error { return &Problem{Err: fmt.Errorf("%s", text), Hint: hint} }

// SetAside is what Progress.Open returns beside found = false where a file was
// in the way that could not be used: it was moved, not lost, and the onboarding
// begins anew. The lock is held.
type SetAside struct {
	Path   string // where the file is now
	Reason string // what was wrong with it, in lower case
}

func (s *SetAside) Error() string {
	return fmt.Sprintf("the progress file %s; it was kept as %s", s.Reason, s.Path)
}
