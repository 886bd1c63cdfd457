package steps

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// Prompt is one screen as a value: what to say, what to show and what to ask.
// The UIs draw it; none knows what it means. In its texts, *words between
// stars* name what the portal shows, so that a UI can set them off.
type Prompt struct {
	Step   ID
	Screen string
	Number int // of the step, from 1

	Title   string
	Guide   []string // what to do, a paragraph each
	Notes   []Note
	Rows    []Row // facts to read
	Lines   []check.Line
	Copies  []Copy
	Fields  []Field
	Actions []Action // the first is what Enter does
	Help    Help
	URL     string // the portal's page, or another to open
	// Elsewhere says that the portal is not what this is about, so that there is no
	// page to open where none is named.
	Elsewhere bool
}

// NoteKind is how a note is meant.
type NoteKind string

const (
	NoteOK      NoteKind = "ok"
	NoteInfo    NoteKind = "info"
	NoteWarning NoteKind = "warning"
	NoteError   NoteKind = "error"
)

// Note is a remark beside the task: what was done, found or failed.
type Note struct {
	Kind NoteKind
	Text string
	Hint string // what to do next
}

// Row is a fact with its name.
type Row struct {
	Name  string
	Value string
	// Secret, where set, is shown in place of Value: a passphrase that the
	// person has to write down. It never reaches a log.
	Secret keys.Secret
}

// FieldKind is how a field is asked.
type FieldKind string

const (
	Text   FieldKind = "text"
	Hidden FieldKind = "hidden" // masked while it is typed
	Choose FieldKind = "choose"
)

// Field asks for one value.
type Field struct {
	Name    string
	Label   string // in the portal's own words
	Hint    string // an example, or where to find it
	Kind    FieldKind
	Value   string // what stands in it at first; never a secret
	Choices []Choice
	// Optional fields may stay empty. Of others Missing says that they are; nil for
	// words that fit anything. Check is asked of neither.
	Optional bool
	Missing  error
	// Check recognizes a value: what it is, in words, or why it can't be right.
	// It is pure and quick, and asked at every key.
	Check func(keys.Secret) (recognized string, err error)
}

// Choice is one of the values of a field to choose from.
type Choice struct {
	Value string
	Label string
	Hint  string
}

// Copy is something to take elsewhere by the clipboard.
type Copy struct {
	Name  string
	Label string // the field it belongs in, in the portal's words
	Value string
	// Secret, where set, is copied in place of Value: it is not shown, and the
	// clipboard is emptied after a while.
	Secret keys.Secret
	Key    string // the key that copies it
}

// Text returns what is copied.
func (c Copy) Text() keys.Secret {
	if c.Secret.IsZero() {
		return keys.NewSecret(c.Value)
	}
	return c.Secret
}

// Action is a way to answer.
type Action struct {
	Name  string
	Label string
	Key   string // a letter that does it where no text is typed
	// Bare actions don't look at the fields.
	Bare bool
	// Confirm, where set, says what can't be undone; it is asked first.
	Confirm string
}

// Help explains a step to someone who asks.
type Help struct {
	What  string // what this is
	Why   string // why DPC wants it
	Wrong string // what can go wrong
	Kept  string // where it is kept
}

// Answer is what a person gave: one of the actions (the first where it is
// empty), and the fields' values, secret or not.
type Answer struct {
	Action string
	Values map[string]keys.Secret
}

// Text returns a field's value without white space around it. It is for values
// that are no secret.
func (a Answer) Text(field string) string {
	return strings.TrimSpace(a.Values[field].Reveal())
}

// FieldError says which field is at fault.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap returns the fault itself.
func (e *FieldError) Unwrap() error { return e.Err }

// wrong makes a field's fault of a sentence and its remedy.
func wrong(field, text, hint string) error {
	return &FieldError{Field: field, Err: record.NewProblem(text, hint)}
}

// hint is what to do about a value that was refused for a reason.
type hint struct {
	err  error
	hint string
}

// hintFor finds the hint for an error, or returns the usual one.
func hintFor(err error, usual string, hints []hint) string {
	for _, h := range hints {
		if errors.Is(err, h.err) {
			return h.hint
		}
	}
	return usual
}

func (p Prompt) action(name string) (Action, error) {
	for i, a := range p.Actions {
		if a.Name == name || (name == "" && i == 0) {
			return a, nil
		}
	}
	return Action{}, fmt.Errorf("there is no %q to choose here", name)
}

// filled puts the values that stand in the fields into an answer that leaves
// them out.
func (p Prompt) filled(a Answer) Answer {
	values := make(map[string]keys.Secret, len(p.Fields))
	for _, f := range p.Fields {
		if f.Kind != Hidden {
			values[f.Name] = keys.NewSecret(f.Value)
		}
	}
	maps.Copy(values, a.Values)
	a.Values = values
	return a
}

// Recognize says what a value is, or why it can't be right. An optional field
// may be empty.
func (f Field) Recognize(v keys.Secret) (string, error) {
	if f.Kind == Choose {
		if slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Value == v.Reveal() }) {
			return "", nil
		}
		return "", record.NewProblem("that is not one of the choices", "Choose one of those that are listed.")
	}
	switch {
	case !blank(v):
	case f.Optional:
		return "", nil
	case f.Missing != nil:
		return "", f.Missing
	default:
		return "", record.NewProblem("there is nothing here yet", "Type or paste a value.")
	}
	recognized := ""
	if f.Check != nil {
		var err error
		if recognized, err = f.Check(v); err != nil {
			return "", err
		}
	}
	if f.Kind == Text && secretInTheOpen(v) {
		return "", record.NewProblem("this is a token or a private key, and this field is shown", "Take it out again. Secrets go only into fields that hide what is typed.")
	}
	return recognized, nil
}

// longestName is more characters than a name has that looks like the beginning of
// a token, as "Agency" does.
const longestName = 60

// secretInTheOpen recognizes a token or a private key that was pasted where a name
// or a path belongs. Such a value is shown, repeated in errors, and kept.
func secretInTheOpen(v keys.Secret) bool {
	text := v.Reveal()
	if strings.Contains(text, "PRIVATE KEY") || strings.Contains(text, "AGE-SECRET-KEY-") {
		return true
	}
	_, _, err := keys.ParseToken(v)
	return err == nil || errors.Is(err, keys.ErrTokenCut) && v.Len() > longestName
}

const (
	actionYes = "yes"
	actionNo  = "no"
)

// confirmation is the prompt that stands before an act that can't be undone.
func (p Prompt) confirmation(name string) Prompt {
	a, _ := p.action(name)
	p.Screen += "-confirm"
	p.Title = a.Label + "?"
	p.Guide = []string{a.Confirm}
	p.Notes, p.Rows, p.Lines, p.Copies, p.Fields = nil, nil, nil, nil, nil
	p.Actions = []Action{
		{Name: actionNo, Label: "No, go back", Key: "n", Bare: true},
		{Name: actionYes, Label: "Yes: " + strings.ToLower(a.Label[:1]) + a.Label[1:], Key: "y", Bare: true},
	}
	return p
}

func blank(v keys.Secret) bool { return strings.TrimSpace(v.Reveal()) == "" }
