package plain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// field is a kind of steps.Field, as it asks and reads itself line by line.
type field interface {
	// ask asks until the value is right. The error is one of line's, or an instead.
	ask(context.Context, *form) (keys.Secret, error)
}

// newField returns the field of a kind. before is what was answered the last time.
func newField(f steps.Field, before keys.Secret) field {
	switch f.Kind {
	case steps.Choose:
		return chooseField{f}
	case steps.Hidden:
		return hiddenField{f}
	}
	if !before.IsZero() {
		f.Value = before.Reveal()
	}
	return textField{f}
}

// chooseField takes one of several, by number or by name.
type chooseField struct{ steps.Field }

func (f chooseField) ask(ctx context.Context, a *form) (keys.Secret, error) {
	var names []string
	for _, c := range f.Choices {
		name := c.Label + "."
		if c.Hint != "" {
			name = c.Label + ": " + text.Ended(c.Hint)
		}
		names = append(names, name)
	}
	first := max(0, slices.IndexFunc(f.Choices, func(c steps.Choice) bool { return c.Value == f.Value }))
	n, err := a.pick(ctx, f.Label, names, first, nil)
	if err != nil {
		return keys.Secret{}, err
	}
	return keys.NewSecret(f.Choices[n].Value), nil
}

// textField takes a line that is shown.
type textField struct{ steps.Field }

func (f textField) ask(ctx context.Context, a *form) (keys.Secret, error) {
	label := f.Label + ": "
	if f.Value != "" && !strings.Contains(f.Value, "\n") {
		label = fmt.Sprintf("%s [%s]: ", f.Label, f.Value)
	}
	return a.askTyped(ctx, f.Field, label, nil)
}

// hiddenField takes a line, or a PEM, that is not shown.
type hiddenField struct{ steps.Field }

func (f hiddenField) ask(ctx context.Context, a *form) (keys.Secret, error) {
	return a.askTyped(ctx, f.Field, f.Label+": ", f.received)
}

// received says that a value came. Of a client token it says how long it is and how
// it ends, so that a person can compare; of no other secret anything.
func (f hiddenField) received(v keys.Secret) string {
	if clean, _, err := keys.ParseToken(v); err == nil && f.Name == record.ClientTokenName {
		token := clean.Reveal()
		return fmt.Sprintf("%s received, %d characters, ends in %s.", f.Label, len(token), token[len(token)-4:])
	}
	return strings.TrimSuffix(f.Label, " (optional)") + " received."
}

// askTyped asks for a value that is typed, pasted or read from a file, until it is
// right. Enter alone stands for the field's own value. What is typed is shown, unless
// received has words for it instead.
func (a *form) askTyped(ctx context.Context, f steps.Field, label string, received func(keys.Secret) string) (keys.Secret, error) {
	if f.Hint != "" {
		a.say("Hint: " + text.Ended(f.Hint))
	}
	for {
		value, err := a.line(ctx, label, received != nil)
		if err != nil {
			return value, err
		}
		for _, action := range a.prompt.Actions {
			if action.Bare && sameWord(action.Name, value.Reveal()) {
				return value, instead(action.Name)
			}
		}
		value, err = a.fromFile(value)
		if value.IsZero() {
			value = keys.NewSecret(f.Value)
		}
		recognized := ""
		if err == nil {
			recognized, err = f.Recognize(value)
		}
		if err != nil {
			a.sayError(err)
			continue
		}
		if received != nil && !value.IsZero() {
			a.say(received(value))
		}
		if recognized != "" {
			a.say("Recognized: " + text.Ended(recognized))
		}
		return value, nil
	}
}

// fromFile reads the file that an answer such as @path names. The line end that
// an editor puts behind a value goes.
func (a *form) fromFile(typed keys.Secret) (keys.Secret, error) {
	path, ok := strings.CutPrefix(strings.TrimSpace(typed.Reveal()), "@")
	switch {
	case !ok:
		return typed, nil
	case strings.HasPrefix(path, "@"):
		return keys.NewSecret(path), nil
	}
	data, err := a.Services.ReadFile(path)
	if err != nil {
		return keys.Secret{}, record.WithHint(err, "Give the path of a file that you may read behind the @.")
	}
	a.say("Read from the file.")
	return keys.NewSecret(strings.TrimRight(data.Reveal(), "\r\n")), nil
}
