// Package form asks what one prompt asks: its fields, each drawn, changed and read
// by a widget for its kind, and its actions. The focus runs through all of them.
package form

import (
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/ui/wizard/theme"
)

// Form belongs to one prompt and is made anew for the next: what a widget held is
// never kept, only the values are.
type Form struct {
	prompt *steps.Prompt // its words may change after a failure: nothing has to be typed twice
	styles *theme.Styles
	fields []*field
	focus  int // a field, or behind them an action
	fault  *steps.FieldError
}

// New returns the form of a prompt. The focus begins at the first field that is
// still open, or at the primary action where all of them have a value that can
// stay. A field that is asked alone is there to be changed.
func New(p *steps.Prompt, styles *theme.Styles) *Form {
	f := &Form{prompt: p, styles: styles}
	for _, ask := range p.Fields {
		f.fields = append(f.fields, newField(ask, styles))
	}
	if len(f.fields) != 1 {
		f.focus = f.openFrom(0)
	}
	return f
}

// openFrom returns the first field from one on that is not right yet, or the
// place behind the last.
func (f *Form) openFrom(i int) int {
	for ; i < len(f.fields) && !f.fields[i].open(); i++ {
	}
	return i
}

// focused returns the field that has the focus, or nil.
func (f *Form) focused() *field {
	if f.focus < len(f.fields) {
		return f.fields[f.focus]
	}
	return nil
}

// Takes reports whether a key is the focused field's before it is anything else's.
func (f *Form) Takes(msg tea.KeyPressMsg) bool {
	w := f.focused()
	return w != nil && w.Takes(msg)
}

// Typing reports whether letters go into a field.
func (f *Form) Typing() bool {
	w := f.focused()
	return w != nil && w.typed()
}

// Masked reports whether the focused field holds a value that is not shown.
func (f *Form) Masked() bool {
	w := f.focused()
	return w != nil && w.masked()
}

// Unsaved reports whether a secret was given that is not saved yet.
func (f *Form) Unsaved() bool { return slices.ContainsFunc(f.fields, (*field).masked) }

func (w *field) masked() bool { return w.ask.Kind == steps.Hidden && !w.Value().IsZero() }

// Update hands a message to the focused field.
func (f *Form) Update(msg tea.Msg) tea.Cmd {
	w := f.focused()
	if w == nil {
		return nil
	}
	if _, pressed := msg.(tea.KeyPressMsg); pressed {
		f.fault = nil
	}
	return w.Update(msg)
}

func (f *Form) focusOn(i int) {
	if w := f.focused(); w != nil {
		_ = w.Update(tea.BlurMsg{})
	}
	f.focus = i
}

// Move takes the focus to another place and wraps around.
func (f *Form) Move(by int) {
	if w := f.focused(); w != nil {
		w.touched = w.touched || !w.Value().IsZero()
	}
	places := len(f.fields) + len(f.prompt.Actions)
	f.focusOn((f.focus + by + places) % places)
}

// Advance leaves a field whose value is right for the next one, and reports
// whether there was none: then Enter does the action.
func (f *Form) Advance() bool {
	w := f.focused()
	if w == nil {
		return true
	}
	w.touched = true
	if w.err != nil {
		return false
	}
	if f.enters() {
		return true
	}
	f.focusOn(f.focus + 1)
	return false
}

// enters reports whether Enter does the action now, and not just go on to the
// next field.
func (f *Form) enters() bool { return f.focus >= len(f.fields)-1 }

// action is the place of the action that has the focus, or of the first.
func (f *Form) action() int { return max(0, f.focus-len(f.fields)) }

// Action names the action that Enter does, or returns "" where there is none.
func (f *Form) Action() string {
	if i := f.action(); i < len(f.prompt.Actions) {
		return f.prompt.Actions[i].Name
	}
	return ""
}

// Answer collects the fields' values for an action.
func (f *Form) Answer(action string) steps.Answer {
	a := steps.Answer{Action: action, Values: map[string]keys.Secret{}}
	for _, w := range f.fields {
		a.Values[w.ask.Name] = w.Value()
	}
	return a
}

// Blame shows a fault at its field and takes the focus there; nil is no fault.
func (f *Form) Blame(err *steps.FieldError) {
	f.fault = err
	for i, w := range f.fields {
		if err != nil && w.ask.Name == err.Field {
			f.focusOn(i)
			w.touched = true
		}
	}
}

// Paste gives pasted text to the fields that it belongs in, and moves on where it
// is right. It returns the label of the field where the text went, if that is not
// where it was pasted.
func (f *Form) Paste(pasted string) (elsewhere string) {
	here := f.focused()
	if here == nil || !f.Typing() {
		return ""
	}
	f.fault = nil
	parts := f.sorted(here, pasted)
	for _, to := range f.fields {
		value, ok := parts[to.ask.Name]
		switch {
		case !ok:
			continue
		case to != here:
			elsewhere = to.ask.Label
			to.Set(value)
		case !here.takesWhole(value):
			_ = here.Update(tea.PasteMsg{Content: pasted})
		}
		to.touched = true
	}
	f.focusOn(min(f.openFrom(f.focus), len(f.fields)-1))
	return elsewhere
}

// takesWhole puts a value in the place of what the field holds, if it is
// recognized.
func (w *field) takesWhole(v keys.Secret) bool {
	recognized, err := w.ask.Recognize(v)
	if err != nil || recognized == "" {
		return false
	}
	w.widget.Set(v)
	w.recognized, w.err = recognized, nil
	return true
}

// sorted finds the fields that pasted text belongs in. A passphrase typed twice
// fits the first field by its form; where that one is right already and the
// focused one takes it, it stays where it was pasted.
func (f *Form) sorted(here *field, text string) map[string]keys.Secret {
	pasted := here.Pasted(text)
	parts := f.prompt.Sort(pasted, here.ask.Name)
	if slices.ContainsFunc(f.fields, func(w *field) bool {
		_, into := parts[w.ask.Name]
		return into && w.open()
	}) {
		return parts
	}
	if _, err := here.ask.Recognize(pasted); err != nil {
		return parts
	}
	return map[string]keys.Secret{here.ask.Name: pasted}
}

// Field draws one field in a width, and reports whether it has the focus.
func (f *Form) Field(i, width int, busy bool) (drawn string, focused bool) {
	w, focused := f.fields[i], i == f.focus && !busy
	var blame error
	if f.fault != nil && f.fault.Field == w.ask.Name {
		blame = f.fault.Err
	}
	return w.draw(f.styles, width, focused, blame), focused
}

// Actions draws the ways to answer, each on a line of its own, and says which one
// Enter does: it is marked where that is what Enter does next.
func (f *Form) Actions(width int) (lines []string, current int) {
	for i, a := range f.prompt.Actions {
		hint := ""
		switch {
		case a.Key != "" && f.Typing():
			hint = " " + f.styles.Accent.Render("‹alt+"+a.Key+"›")
		case a.Key != "":
			hint = " " + f.styles.Accent.Render("‹"+a.Key+"›")
		}
		label := ansi.Truncate(a.Label, width-4-ansi.StringWidth(hint), "…")
		switch {
		case i != f.action():
			label = f.styles.Text.Render("  " + label)
		case f.enters():
			label = f.styles.Button.Render("❯ " + label + " ")
		default:
			label = f.styles.Title.Render("  " + label)
		}
		lines = append(lines, label+hint)
	}
	return lines, f.action()
}
