package plain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// Answers that are none to the question itself.
var (
	errBack = errors.New("back")
	errQuit = errors.New("quit")
	errHelp = errors.New("help")
)

// instead is the name of an action that was typed where a value is asked.
type instead string

func (i instead) Error() string { return string(i) }

// form gathers the answer to one prompt: its fields from next up to last, then one
// of its actions.
type form struct {
	*dialog
	prompt     steps.Prompt
	values     map[string]keys.Secret
	next, last int
}

// ask returns the action that the person chose. The error is errBack, errQuit or
// io.EOF where they left.
func (a *form) ask(ctx context.Context) (action string, err error) {
	for {
		if a.next < a.last {
			f := a.prompt.Fields[a.next]
			var value keys.Secret
			if value, err = newField(f, a.values[f.Name]).ask(ctx, a); err == nil {
				a.values[f.Name] = value
				a.next++
			}
		} else if action, err = a.action(ctx); err == nil {
			return action, nil
		}
		word, typed := errors.AsType[instead](err)
		switch {
		case err == nil:
		case typed:
			return string(word), nil
		case errors.Is(err, errHelp):
			a.help(a.prompt)
		case errors.Is(err, errBack) && a.next > 0:
			a.next--
		default:
			return "", err
		}
	}
}

// again begins anew at the field at fault, and asks that one alone.
func (a *form) again(err error) {
	a.next, a.last = 0, len(a.prompt.Fields)
	fault, _ := errors.AsType[*steps.FieldError](err)
	for i, f := range a.prompt.Fields {
		if fault != nil && f.Name == fault.Field {
			a.next, a.last = i, i+1
		}
	}
}

// action asks for one of the actions. Where the fields have said all, there is
// nothing to ask.
func (a *form) action(ctx context.Context) (string, error) {
	var actions, labels []string
	for _, action := range a.prompt.Actions {
		if len(a.prompt.Fields) == 0 || !action.Bare {
			actions, labels = append(actions, action.Name), append(labels, action.Label+".")
		}
	}
	if len(a.prompt.Fields) > 0 && len(actions) < 2 {
		return a.prompt.Actions[0].Name, nil
	}
	n, err := a.pick(ctx, "Choose", labels, 0, a.extra)
	if err != nil {
		return "", err
	}
	return actions[n], nil
}

// extra does what can be asked for beside the actions: opening the page, copying
// a value.
func (a *form) extra(typed string) bool {
	word, name, _ := strings.Cut(strings.ToLower(strings.TrimSpace(typed)), " ")
	if word == "open" && name == "" && a.OpenURL != nil {
		a.sayDone(a.OpenURL(a.prompt.URL), "Sent to the browser.")
		return true
	}
	for _, c := range a.prompt.Copies {
		named := sameWord(name, c.Name) || name == "" && len(a.prompt.Copies) == 1
		if word != "copy" || a.Copy == nil || !named {
			continue
		}
		done := c.Label + " is on the clipboard."
		if !c.Secret.IsZero() {
			done += " Copy something else over it when you are done."
		}
		a.sayDone(a.Copy(c.Text().Reveal()), done)
		return true
	}
	return false
}

// pick asks for one of several, by number or by name; Enter takes the one that
// stands in brackets. Another answer is for extra, where there is such a function.
func (d *dialog) pick(ctx context.Context, label string, names []string, first int, extra func(string) bool) (int, error) {
	for i, name := range names {
		d.say(fmt.Sprintf("%d. %s", i+1, name))
	}
	for {
		typed, err := d.line(ctx, fmt.Sprintf("%s [%d]: ", label, first+1), false)
		if err != nil {
			return 0, err
		}
		if n := find(typed.Reveal(), names, first); n >= 0 {
			return n, nil
		}
		if extra == nil || !extra(typed.Reveal()) {
			d.sayError(errors.New("that is not one of the choices; type the number in front of one"))
		}
	}
}

// find returns the choice that was meant, or -1.
func find(typed string, names []string, first int) int {
	typed = strings.TrimSuffix(strings.TrimSpace(typed), ".")
	if typed == "" {
		return first
	}
	if n, err := strconv.Atoi(typed); err == nil && n >= 1 && n <= len(names) {
		return n - 1
	}
	return slices.IndexFunc(names, func(name string) bool {
		word, _, _ := strings.Cut(strings.TrimSuffix(name, "."), ": ")
		return sameWord(word, typed)
	})
}

// line reads an answer. The words that are answers everywhere are errors.
func (d *dialog) line(ctx context.Context, prompt string, hidden bool) (keys.Secret, error) {
	typed, err := d.in.Ask(ctx, prompt, hidden)
	if err != nil {
		return keys.Secret{}, err
	}
	for _, word := range []error{errBack, errQuit, errHelp} {
		if sameWord(typed.Reveal(), word.Error()) {
			return keys.Secret{}, word
		}
	}
	return typed, nil
}

func sameWord(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
