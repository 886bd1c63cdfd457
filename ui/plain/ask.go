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

// errHelp is the answer "help".
var errHelp = errors.New("help")

// answering gathers the answer to one prompt: its fields from next up to last,
// then one of its actions.
type answering struct {
	*face
	prompt     steps.Prompt
	values     map[string]keys.Secret
	next, last int
}

// again begins anew at the field at fault, and asks that one alone.
func (a *answering) again(err error) {
	a.next, a.last = 0, len(a.prompt.Fields)
	fault, ok := errors.AsType[*steps.FieldError](err)
	if !ok {
		return
	}
	i := slices.IndexFunc(a.prompt.Fields, func(f steps.Field) bool { return f.Name == fault.Field })
	if i >= 0 {
		a.next, a.last = i, i+1
	}
}

// ask returns the action that the person chose. The error is errBack, errQuit or
// io.EOF where they left.
func (a *answering) ask(ctx context.Context) (action string, err error) {
	for {
		if a.next < a.last {
			action, err = a.field(ctx, a.prompt.Fields[a.next])
		} else {
			action, err = a.action(ctx)
			if err == nil {
				return action, nil
			}
		}
		switch {
		case errors.Is(err, errHelp):
			a.help(a.prompt)
		case errors.Is(err, errBack) && a.next > 0 && len(a.prompt.Fields) > 0:
			a.next--
		case err != nil, action != "":
			return action, err
		default:
			a.next++
		}
	}
}

// field asks for one value until it is right. Where the person chose an action
// that needs no values instead, it is returned.
func (a *answering) field(ctx context.Context, f steps.Field) (action string, err error) {
	if f.Kind == steps.Choose {
		return "", a.chosen(ctx, f)
	}
	if f.Hint != "" {
		a.out.say(wordsHint(f.Hint))
	}
	for {
		typed, err := a.line(ctx, a.label(f), f.Kind == steps.Hidden)
		if err != nil {
			return "", err
		}
		if action, ok := a.bare(typed.Reveal()); ok {
			return action, nil
		}
		value, err := a.value(f, typed)
		if err == nil {
			a.values[f.Name] = value
			return "", nil
		}
		a.out.fault(err)
	}
}

// value takes what was typed for a field: a file's contents, the default, or
// itself. It says what was recognized.
func (a *answering) value(f steps.Field, typed keys.Secret) (keys.Secret, error) {
	value, err := a.fromFile(typed)
	if err != nil {
		return value, err
	}
	if value.IsZero() {
		value = keys.NewSecret(a.standing(f))
	}
	recognized, err := f.Recognize(value)
	if err != nil {
		return value, err
	}
	if !value.IsZero() {
		a.out.say(wordsReceived(f, value)...)
	}
	if recognized != "" {
		a.out.say(wordsRecognized(recognized))
	}
	return value, nil
}

// fromFile reads the file that an answer such as @path names. The line end that
// an editor puts behind a value goes.
func (a *answering) fromFile(typed keys.Secret) (keys.Secret, error) {
	path, ok := strings.CutPrefix(strings.TrimSpace(typed.Reveal()), "@")
	switch {
	case !ok:
		return typed, nil
	case strings.HasPrefix(path, "@"):
		return keys.NewSecret(path), nil
	}
	data, err := a.options.Services.ReadFile(path)
	if err != nil {
		return keys.Secret{}, steps.WithHint(err, wordsFileHint)
	}
	a.out.say(wordsFileRead)
	return keys.NewSecret(strings.TrimRight(data.Reveal(), "\r\n")), nil
}

// standing is what Enter alone stands for.
func (a *answering) standing(f steps.Field) string {
	if v, ok := a.values[f.Name]; ok && f.Kind == steps.Text {
		return v.Reveal()
	}
	return f.Value
}

func (a *answering) label(f steps.Field) string {
	if v := a.standing(f); v != "" && !strings.Contains(v, "\n") {
		return fmt.Sprintf("%s [%s]: ", f.Label, v)
	}
	return f.Label + ": "
}

// chosen asks for one of a field's choices.
func (a *answering) chosen(ctx context.Context, f steps.Field) error {
	var names []string
	for _, c := range f.Choices {
		names = append(names, wordsChoice(c))
	}
	first := max(0, slices.IndexFunc(f.Choices, func(c steps.Choice) bool { return c.Value == a.standing(f) }))
	n, err := a.pick(ctx, f.Label, names, first)
	if err == nil {
		a.values[f.Name] = keys.NewSecret(f.Choices[n].Value)
	}
	return err
}

// bare finds an action that looks at no field, by its word.
func (a *answering) bare(typed string) (string, bool) {
	if len(a.prompt.Fields) == 0 {
		return "", false
	}
	for _, action := range a.prompt.Actions {
		if action.Bare && sameWord(action.Name, typed) {
			return action.Name, true
		}
	}
	return "", false
}

// action asks for one of the actions. Where the fields have said all, there is
// nothing to ask.
func (a *answering) action(ctx context.Context) (string, error) {
	var actions []steps.Action
	for _, action := range a.prompt.Actions {
		if len(a.prompt.Fields) == 0 || !action.Bare {
			actions = append(actions, action)
		}
	}
	if len(a.prompt.Fields) > 0 && len(actions) < 2 {
		return a.prompt.Actions[0].Name, nil
	}
	var names []string
	for _, action := range actions {
		names = append(names, action.Label+".")
	}
	for {
		n, err := a.pick(ctx, wordsChoose, names, 0)
		if extra, ok := errors.AsType[extraError](err); ok && a.extra(string(extra)) {
			continue
		} else if ok {
			a.out.fault(errors.New(wordsNoSuch))
			continue
		}
		if err != nil {
			return "", err
		}
		return actions[n].Name, nil
	}
}

// extraError is an answer that is none of the numbers.
type extraError string

func (extraError) Error() string { return wordsNoSuch }

// extra does what can be asked for beside the actions: opening the page, copying
// a value.
func (a *answering) extra(typed string) bool {
	word, name, _ := strings.Cut(strings.ToLower(strings.TrimSpace(typed)), " ")
	switch {
	case word == "open" && name == "" && a.options.OpenURL != nil:
		a.out.tell(a.options.OpenURL(a.prompt.URL), wordsOpened)
		return true
	case word == "copy" && a.options.Copy != nil:
		for _, c := range a.prompt.Copies {
			if name == "" && len(a.prompt.Copies) == 1 || sameWord(name, c.Name) {
				a.out.tell(a.options.Copy(c.Text().Reveal()), wordsCopied(c))
				return true
			}
		}
	}
	return false
}

// pick asks for one of several, by number or by name; Enter takes the one that
// stands in brackets. Another answer is an extraError in a menu that has a first
// choice and asked again elsewhere.
func (f *face) pick(ctx context.Context, label string, names []string, first int) (int, error) {
	for i, name := range names {
		f.out.say(fmt.Sprintf("%d. %s", i+1, name))
	}
	for {
		typed, err := f.line(ctx, fmt.Sprintf("%s [%d]: ", label, first+1), false)
		if err != nil {
			return 0, err
		}
		n, ok := find(typed.Reveal(), names, first)
		switch {
		case ok:
			return n, nil
		case label == wordsChoose:
			return 0, extraError(typed.Reveal())
		}
		f.out.fault(errors.New(wordsNoSuch))
	}
}

// find returns the choice that was meant.
func find(typed string, names []string, first int) (int, bool) {
	typed = strings.TrimSuffix(strings.TrimSpace(typed), ".")
	if typed == "" {
		return first, true
	}
	if n, err := strconv.Atoi(typed); err == nil {
		return n - 1, n >= 1 && n <= len(names)
	}
	i := slices.IndexFunc(names, func(name string) bool {
		word, _, _ := strings.Cut(strings.TrimSuffix(name, "."), ": ")
		return sameWord(word, typed)
	})
	return i, i >= 0
}

// line reads an answer. The words that are answers everywhere are errors.
func (f *face) line(ctx context.Context, prompt string, hidden bool) (keys.Secret, error) {
	f.out.prompt(prompt)
	typed, err := f.in.line(ctx, hidden)
	if err != nil {
		return keys.Secret{}, err
	}
	for _, word := range []struct {
		text string
		err  error
	}{{"back", errBack}, {"quit", errQuit}, {"help", errHelp}} {
		if sameWord(typed.Reveal(), word.text) {
			return keys.Secret{}, word.err
		}
	}
	return typed, nil
}

func sameWord(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
