package form

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/ui/wizard/theme"
)

// Text is a line to type into.
type Text struct {
	styles      *theme.Styles
	input       textinput.Model
	placeholder string
	secret      bool // what stands in it may be a secret, and is not shown
}

// secretForm finds what was pasted into a field that is not masked, and that may
// be a token or a private key.
var secretForm = regexp.MustCompile(`[\w+/=-]{80}|PRIVATE KEY`)

// NewText returns an empty line. The placeholder shows until something is typed.
func NewText(styles *theme.Styles, placeholder string) *Text {
	t := &Text{styles: styles, input: textinput.New(), placeholder: placeholder}
	t.input.Prompt = ""
	// The cursor stands still, in the color of the text: the widget's own would
	// be white on white.
	plain := textinput.Styles{}
	plain.Cursor.Color = lipgloss.NoColor{}
	t.input.SetStyles(plain)
	t.input.Focus()
	return t
}

// Update takes a key or a paste.
func (t *Text) Update(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	t.input, cmd = t.input.Update(msg)
	if _, pasted := msg.(tea.PasteMsg); pasted {
		t.input.SetValue(strings.TrimSpace(t.input.Value()))
	}
	t.changed()
	return cmd
}

func (t *Text) changed() { t.secret = secretForm.MatchString(t.input.Value()) }

// View draws the line.
func (t *Text) View(width int, focused bool) string {
	width = max(8, min(60, width-1))
	value := t.input.Value()
	switch {
	case t.secret:
		return masked(t.styles, t.Value(), focused)
	case !focused: // its beginning tells more than its end
		return t.styles.Text.Render(ansi.Truncate(value, width+1, "…"))
	case value == "" && t.placeholder != "":
		return t.styles.Cursor.Render(t.placeholder[:1]) + t.styles.Dim.Render(t.placeholder[1:])
	}
	if t.input.Width() != width { // it scrolls by the width that it had when its text last changed
		at := t.input.Position()
		t.input.SetWidth(width)
		t.input.CursorStart()
		t.input.SetCursor(at)
	}
	return t.input.View()
}

// Value returns what was typed.
func (t *Text) Value() keys.Secret { return keys.NewSecret(t.input.Value()) }

// Set puts a text in the place of what is there.
func (t *Text) Set(v keys.Secret) {
	t.input.SetValue(strings.TrimSpace(v.Reveal()))
	t.input.CursorEnd()
	t.changed()
}

// Pasted returns the text alone: it may be a whole value.
func (t *Text) Pasted(text string) keys.Secret { return keys.NewSecret(text) }

// Takes reports whether a key types something.
func (t *Text) Takes(msg tea.KeyPressMsg) bool { return types(msg, t.Value()) }

// hidden is a masked field. There is no widget in it that could show the value:
// nobody edits what they can't see, so there is only the end to type at.
//
// Without bracketed paste a line break inside a pasted token arrives as Enter. It
// does no harm: half a token is refused, the focus stays, and the rest is typed
// behind the first half.
type hidden struct {
	styles *theme.Styles
	value  keys.Secret
	shown  bool
}

// Reveal is the key that shows a masked value for a moment.
const Reveal = "ctrl+r"

// revealFor is how long that is.
const revealFor = 8 * time.Second

type hideMsg struct{ of *hidden }

func (h *hidden) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		before := h.shown
		if h.press(msg); h.shown && !before {
			return tea.Tick(revealFor, func(time.Time) tea.Msg { return hideMsg{h} })
		}
	case tea.PasteMsg:
		h.value = h.Pasted(msg.Content)
	case tea.BlurMsg:
		h.shown = false
	case hideMsg:
		h.shown = h.shown && msg.of != h
	}
	return nil
}

func (h *hidden) press(msg tea.KeyPressMsg) {
	text := h.value.Reveal()
	switch msg.String() {
	case Reveal:
		h.shown = !h.shown
	case "backspace":
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	case "ctrl+u", "ctrl+w", "delete":
		text = ""
	default:
		text += msg.Text
	}
	h.value = keys.NewSecret(text)
}

// View draws a few dots, how much was received, and for a moment the value itself
// where the person asks for it.
func (h *hidden) View(width int, focused bool) string {
	switch {
	case h.value.IsZero():
		return cursor(h.styles, focused) + h.styles.Dim.Render("type or paste it here")
	case h.shown && focused:
		return h.styles.Warn.Render(ansi.Hardwrap(h.value.Reveal(), max(1, width), true))
	}
	return masked(h.styles, h.value, focused)
}

func (h *hidden) Value() keys.Secret { return h.value }

func (h *hidden) Set(v keys.Secret) { h.value = v }

// Pasted returns what the field would hold then: some terminals hand over one
// paste in several pieces.
func (h *hidden) Pasted(text string) keys.Secret { return keys.NewSecret(h.value.Reveal() + text) }

func (h *hidden) Takes(msg tea.KeyPressMsg) bool { return types(msg, h.value) }

// choose is a list of values to choose one from.
type choose struct {
	styles  *theme.Styles
	choices []steps.Choice
	at      int
}

// to returns the choice that a key leads to, or -1. A digit takes one at once.
func (c *choose) to(msg tea.KeyPressMsg) int {
	n := len(c.choices)
	pressed := msg.String()
	switch pressed {
	case "right", "down", "space", "l", "j":
		return (c.at + 1) % n
	case "left", "up", "h", "k":
		return (c.at - 1 + n) % n
	}
	if len(pressed) != 1 {
		return -1
	}
	return strings.Index("123456789"[:min(n, 9)], pressed)
}

func (c *choose) Update(msg tea.Msg) tea.Cmd {
	if pressed, ok := msg.(tea.KeyPressMsg); ok && c.Takes(pressed) {
		c.at = c.to(pressed)
	}
	return nil
}

func (c *choose) View(width int, focused bool) string {
	width += 2 // no edge is drawn beside it
	var lines []string
	for i, choice := range c.choices {
		sign, ink := "○ ", c.styles.Text
		if i == c.at {
			sign = "● "
			if focused {
				ink = c.styles.Title
			}
		}
		line := ink.Render(sign + theme.Hang(theme.Wrap(choice.Label, width-2), 2))
		if room := width - ansi.StringWidth(line) - 2; choice.Hint != "" && room >= ansi.StringWidth(choice.Hint) {
			line += "  " + c.styles.Dim.Render(choice.Hint)
		} else if choice.Hint != "" && i == c.at {
			line += "\n" + theme.Indent(c.styles.Dim.Render(theme.Wrap(choice.Hint, width-2)), 2)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (c *choose) Value() keys.Secret { return keys.NewSecret(c.choices[c.at].Value) }

// Set takes the choice with a value, where there is one.
func (c *choose) Set(v keys.Secret) {
	for i, choice := range c.choices {
		if choice.Value == v.Reveal() {
			c.at = i
		}
	}
}

// Pasted returns what is chosen: a paste changes nothing here.
func (c *choose) Pasted(string) keys.Secret { return c.Value() }

// Takes reports whether a key leads to a choice.
func (c *choose) Takes(msg tea.KeyPressMsg) bool { return c.to(msg) >= 0 }
