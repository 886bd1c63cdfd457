package form

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/ui/wizard/theme"
)

// widget is what asks for a value of one kind.
type widget interface {
	// Update takes a key, or a paste at the place where typing goes on. A
	// tea.BlurMsg says that the focus leaves.
	Update(tea.Msg) tea.Cmd
	// View draws the value in a width.
	View(width int, focused bool) string
	Value() keys.Secret
	// Set puts a whole value in the place of what is there.
	Set(keys.Secret)
	// Pasted returns the value that a paste may be meant as.
	Pasted(text string) keys.Secret
	// Takes reports whether a key is the field's before it is anything else's.
	Takes(tea.KeyPressMsg) bool
}

// field is one field of a prompt on the screen: what is asked, the widget for it,
// and the verdict on what stands in it. A verdict may take long, so it is made
// when the value changes, and kept.
type field struct {
	widget
	ask        steps.Field
	recognized string
	err        error // why the value can't be right
	touched    bool  // left or pasted into, so that the error may show
}

// newField is the one place that tells kinds of fields apart.
func newField(ask steps.Field, styles *theme.Styles) *field {
	w := &field{ask: ask}
	switch ask.Kind {
	case steps.Hidden:
		w.widget = &hidden{styles: styles}
	case steps.Choose:
		w.widget = &choose{styles: styles, choices: ask.Choices}
	default:
		w.widget = NewText(styles, "")
	}
	w.Set(keys.NewSecret(ask.Value))
	return w
}

// Set puts a value into the field and judges it.
func (w *field) Set(v keys.Secret) {
	w.widget.Set(v)
	w.judge()
}

// Update hands a message to the widget, and judges the value if that changed it.
func (w *field) Update(msg tea.Msg) tea.Cmd {
	before := w.Value()
	cmd := w.widget.Update(msg)
	if !w.Value().Equal(before) {
		w.judge()
	}
	return cmd
}

func (w *field) judge() { w.recognized, w.err = w.ask.Recognize(w.Value()) }

// typed reports whether letters go into the field.
func (w *field) typed() bool { return w.Takes(tea.KeyPressMsg{Code: 'x', Text: "x"}) }

// open reports whether there is something to give here yet.
func (w *field) open() bool { return w.err != nil || w.ask.Optional && w.Value().IsZero() }

// draw draws a field: its name, what stands in it, and what that is. blame is why
// an answer with it was refused, or nil.
func (w *field) draw(st *theme.Styles, width int, focused bool, blame error) string {
	name, edge := st.Strong.Render("  "+w.ask.Label), st.Line
	if focused {
		name, edge = st.Title.Render("❯ "+w.ask.Label), st.Accent
	}
	value := w.View(width-4, focused)
	if w.typed() {
		value = edge.Render("│ ") + strings.ReplaceAll(value, "\n", "\n"+edge.Render("│ "))
	}
	block := name + "\n" + theme.Indent(value, 2)
	if remark := w.remark(st, width-2, blame); remark != "" {
		block += "\n" + theme.Indent(remark, 2)
	}
	return block
}

// remark says what the value is, or what is wrong with it. While it is being
// typed it is not yet wrong.
func (w *field) remark(st *theme.Styles, width int, blame error) string {
	if blame == nil && w.touched {
		blame = w.err
	}
	switch {
	case blame != nil:
		return fault(st, blame, width)
	case w.recognized != "":
		return st.Good.Render("✓ " + theme.Hang(theme.Wrap(w.recognized, width-2), 2))
	case w.ask.Hint != "" && (w.err != nil || w.Value().IsZero()):
		return st.Dim.Render(theme.Wrap(w.ask.Hint, width))
	}
	return ""
}

func fault(st *theme.Styles, err error, width int) string {
	drawn := st.Bad.Render("✗ " + theme.Hang(theme.Wrap(theme.Sentence(err.Error()), width-2), 2))
	if hint := record.Hint(err); hint != "" {
		drawn += "\n" + theme.Indent(st.Rich(hint, width-2), 2)
	}
	return drawn
}

// masked draws a few dots in place of a value, and how long it is.
func masked(st *theme.Styles, value keys.Secret, focused bool) string {
	n := utf8.RuneCountInString(value.Reveal())
	return st.Text.Render(strings.Repeat("•", min(n, 12))) + cursor(st, focused) + st.Dim.Render(" "+text.Plural(n, "character"))
}

// cursor is the place where typing goes on.
func cursor(st *theme.Styles, focused bool) string {
	if !focused {
		return ""
	}
	return st.Cursor.Render(" ")
}

// types reports whether a key changes a typed value: ctrl+d deletes where there is
// something to delete.
func types(msg tea.KeyPressMsg, value keys.Secret) bool {
	return msg.Text != "" || msg.String() == "ctrl+d" && !value.IsZero()
}
