package wizard

import (
	"strings"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// form holds the widgets of one prompt: its fields, then its actions. The focus
// runs through all of them. It is made anew for each prompt; what a widget held
// is never kept, only the values are.
type form struct {
	prompt steps.Prompt
	fields []field
	focus  int // a field, or behind them an action
	fault  *steps.FieldError
	reveal bool
}

// field is the widget of one field.
type field struct {
	steps.Field
	input   textinput.Model // of a text field
	secret  keys.Secret     // of a hidden field: there is no widget that could show it
	choice  int             // of a field to choose from
	touched bool            // left or pasted into, so that its faults may show
}

func newForm(p steps.Prompt, st styles) form {
	f := form{prompt: p}
	for _, pf := range p.Fields {
		f.fields = append(f.fields, newField(pf, st))
	}
	f.focusOn(f.start())
	return f
}

// start is where the focus begins: at the first field that is still open, or at
// the primary action where all of them have a value that can stay. A field that
// is asked alone is there to be changed.
func (f *form) start() int {
	if len(f.fields) == 1 {
		return 0
	}
	for i, w := range f.fields {
		if _, err := w.Recognize(w.value()); err != nil || (w.Optional && w.value().IsZero()) {
			return i
		}
	}
	return len(f.fields)
}

func newField(pf steps.Field, st styles) field {
	w := field{Field: pf}
	switch pf.Kind {
	case steps.Text:
		w.input = textinput.New()
		w.input.Prompt = ""
		w.input.SetWidth(40)
		w.input.SetValue(pf.Value)
		w.input.CursorEnd()
		w.restyle(st)
	case steps.Choose:
		for i, c := range pf.Choices {
			if c.Value == pf.Value {
				w.choice = i
			}
		}
	}
	return w
}

// restyle gives a text field the theme; its cursor stands still, in the color of
// the text: the widget's own would be white on white.
func (w *field) restyle(st styles) {
	s := w.input.Styles()
	s.Focused.Text, s.Blurred.Text = st.text, st.text
	s.Focused.Prompt, s.Blurred.Prompt = st.text, st.text
	s.Focused.Placeholder, s.Blurred.Placeholder = st.dim, st.dim
	s.Cursor.Blink, s.Cursor.Color = false, lipgloss.NoColor{}
	w.input.SetStyles(s)
}

// value returns what a field holds.
func (w field) value() keys.Secret {
	switch w.Kind {
	case steps.Hidden:
		return w.secret
	case steps.Choose:
		return keys.NewSecret(w.Choices[w.choice].Value)
	}
	return keys.NewSecret(w.input.Value())
}

func (w *field) set(v keys.Secret) {
	if w.Kind == steps.Hidden {
		w.secret = v
		return
	}
	w.input.SetValue(strings.TrimSpace(v.Reveal()))
	w.input.CursorEnd()
}

// stops is how many places the focus can be at.
func (f form) stops() int { return len(f.fields) + len(f.prompt.Actions) }

// focused returns the field that has the focus, or nil.
func (f *form) focused() *field {
	if f.focus < len(f.fields) {
		return &f.fields[f.focus]
	}
	return nil
}

// typing reports whether letters go into a field.
func (f *form) typing() bool {
	w := f.focused()
	return w != nil && w.Kind != steps.Choose
}

func (f *form) canReveal() bool {
	w := f.focused()
	return w != nil && w.Kind == steps.Hidden && !w.secret.IsZero()
}

// unsaved reports whether a secret was given that is not saved yet.
func (f *form) unsaved() bool {
	for _, w := range f.fields {
		if !w.secret.IsZero() {
			return true
		}
	}
	return false
}

// enters reports whether Enter does the action now, and not just go on to the
// next field.
func (f *form) enters() bool { return f.focus >= len(f.fields)-1 }

// action returns the action that has the focus, or the first.
func (f *form) action() steps.Action {
	if i := f.focus - len(f.fields); i >= 0 && i < len(f.prompt.Actions) {
		return f.prompt.Actions[i]
	}
	if len(f.prompt.Actions) == 0 {
		return steps.Action{}
	}
	return f.prompt.Actions[0]
}

func (f *form) focusOn(i int) {
	f.reveal = false
	if w := f.focused(); w != nil {
		w.input.Blur()
	}
	f.focus = i
	if w := f.focused(); w != nil && w.Kind == steps.Text {
		w.input.Focus()
	}
}

// move takes the focus to another place and wraps around.
func (f *form) move(by int) {
	if w := f.focused(); w != nil && w.Kind != steps.Choose {
		w.touched = w.touched || !w.value().IsZero()
	}
	f.focusOn((f.focus + by + f.stops()) % f.stops())
}

// advance leaves a field whose value is right for the next one, and reports
// whether it was the last of them.
func (f *form) advance() (last bool) {
	w := f.focused()
	if w == nil {
		return true
	}
	w.touched = true
	if _, err := w.Recognize(w.value()); err != nil {
		return false
	}
	if f.focus+1 < len(f.fields) {
		f.focusOn(f.focus + 1)
		return false
	}
	return true
}

// answer collects the fields' values for an action.
func (f *form) answer(action string) steps.Answer {
	a := steps.Answer{Action: action, Values: map[string]keys.Secret{}}
	for _, w := range f.fields {
		a.Values[w.Name] = w.value()
	}
	return a
}

// blame shows a fault at its field and takes the focus there.
func (f *form) blame(err *steps.FieldError) {
	f.fault = err
	for i, w := range f.fields {
		if w.Name == err.Field {
			f.focusOn(i)
			f.fields[i].touched = true
		}
	}
}

// paste gives pasted text to the fields that it belongs in, and moves on where
// it is right. It says where the text went, if that is not where it was pasted.
func (f *form) paste(text string) (note string) {
	w := f.focused()
	if w == nil || w.Kind == steps.Choose {
		return ""
	}
	f.fault = nil
	here := w.Name
	for name, value := range f.sorted(w, text) {
		for i := range f.fields {
			if to := &f.fields[i]; to.Name == name {
				if to.Kind == steps.Choose {
					continue
				}
				to.set(f.inserted(to, here, value))
				to.touched = true
				if name != here {
					note = to.Label
				}
			}
		}
	}
	f.settle()
	return note
}

// sorted finds the fields that pasted text belongs in. A passphrase typed twice
// fits the first field by its form; where that one is right already and the
// focused one takes it, it stays where it was pasted.
func (f *form) sorted(w *field, text string) map[string]keys.Secret {
	pasted := f.joined(w, text)
	parts := f.prompt.Sort(pasted, w.Name)
	if _, err := w.Recognize(pasted); err == nil && f.allRight(parts) {
		return map[string]keys.Secret{w.Name: pasted}
	}
	return parts
}

// allRight reports whether each of some fields holds a value that can stay.
func (f *form) allRight(parts map[string]keys.Secret) bool {
	for _, w := range f.fields {
		_, into := parts[w.Name]
		if _, err := w.Recognize(w.value()); into && (err != nil || w.value().IsZero()) {
			return false
		}
	}
	return true
}

// joined is the text that a hidden field would hold after a paste: some
// terminals hand over one paste in several pieces.
func (f *form) joined(w *field, text string) keys.Secret {
	if w.Kind == steps.Hidden {
		return keys.NewSecret(w.secret.Reveal() + text)
	}
	return keys.NewSecret(text)
}

// inserted puts text into what a text field holds, at its cursor, unless it is
// recognized as a whole value.
func (f *form) inserted(w *field, here string, v keys.Secret) keys.Secret {
	if w.Kind != steps.Text || w.Name != here || w.input.Value() == "" {
		return v
	}
	if recognized, err := w.Recognize(v); err == nil && recognized != "" {
		return v
	}
	before := []rune(w.input.Value())
	at := w.input.Position()
	return keys.NewSecret(string(before[:at]) + v.Reveal() + string(before[at:]))
}

// settle takes the focus to the first field from here on that is not right yet,
// or to the primary action.
func (f *form) settle() {
	for i := f.focus; i < len(f.fields); i++ {
		w := f.fields[i]
		if _, err := w.Recognize(w.value()); err != nil || (w.Optional && w.value().IsZero() && i > f.focus) {
			f.focusOn(i)
			return
		}
	}
	f.focusOn(len(f.fields) - 1)
}

// press lets the focused field take a key.
func (f *form) press(msg tea.KeyPressMsg) tea.Cmd {
	w := f.focused()
	if w == nil {
		return nil
	}
	f.fault = nil
	switch w.Kind {
	case steps.Hidden:
		w.typeHidden(msg)
	case steps.Choose:
		w.choose(msg)
	default:
		var cmd tea.Cmd
		w.input, cmd = w.input.Update(msg)
		return cmd
	}
	return nil
}

// typeHidden takes a key into a masked field: nobody edits what they can't see,
// so there is only the end to type at.
//
// Without bracketed paste a line break inside a pasted token arrives as Enter.
// It does no harm: half a token is refused, the focus stays, and the rest is
// typed behind the first half.
func (w *field) typeHidden(msg tea.KeyPressMsg) {
	text := w.secret.Reveal()
	switch msg.String() {
	case "backspace":
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	case "ctrl+u", "ctrl+w", "delete":
		text = ""
	default:
		text += msg.Text
	}
	w.secret = keys.NewSecret(text)
}

var (
	chooseNext     = key.NewBinding(key.WithKeys("right", "down", "space", "l", "j"))
	choosePrevious = key.NewBinding(key.WithKeys("left", "up", "h", "k"))
)

// choose moves among choices; a digit takes one at once.
func (w *field) choose(msg tea.KeyPressMsg) {
	n := len(w.Choices)
	switch {
	case key.Matches(msg, chooseNext):
		w.choice = (w.choice + 1) % n
	case key.Matches(msg, choosePrevious):
		w.choice = (w.choice - 1 + n) % n
	case len(msg.Text) == 1 && msg.Text[0] >= '1' && int(msg.Text[0]-'0') <= n:
		w.choice = int(msg.Text[0] - '1')
	}
}
