package wizard

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// addField draws one field: its name, what stands in it, and what that is.
func (m *Model) addField(c *card, i, width int) {
	w := &m.form.fields[i]
	focused := i == m.form.focus && m.flow.Busy() == ""
	name := m.styles.text.Bold(true).Render("  " + w.Label)
	if focused {
		name = m.styles.title.Render("❯ " + w.Label)
	}
	block := name + "\n" + indent2(m.fieldValue(w, focused, width-2))
	if remark := m.remark(w, width-2); remark != "" {
		block += "\n" + indent2(remark)
	}
	if focused {
		c.addFocused(block)
		return
	}
	c.add(block)
}

func indent2(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

func (m *Model) fieldValue(w *field, focused bool, width int) string {
	switch w.Kind {
	case steps.Choose:
		return m.choices(w, focused, width)
	case steps.Hidden:
		return m.hidden(w, focused, width)
	}
	if value := w.value(); secretForm.MatchString(value.Reveal()) {
		return m.masked(value, focused)
	}
	room := max(8, min(60, width-3))
	if !focused { // its beginning tells more than its end
		return m.edge(focused).Render("│ ") + m.styles.text.Render(ansi.Truncate(w.input.Value(), room+1, "…"))
	}
	w.fit(room)
	return m.edge(focused).Render("│ ") + w.input.View()
}

// fit gives a text field its width. The widget scrolls by the width it had when
// its text last changed, so the cursor is led there once more.
func (w *field) fit(width int) {
	if w.input.Width() == width {
		return
	}
	w.input.SetWidth(width)
	at := w.input.Position()
	w.input.CursorStart()
	w.input.SetCursor(at)
}

// secretForm finds what was pasted into a field that is not masked, and that may
// be a token or a private key.
var secretForm = regexp.MustCompile(`[\w+/=-]{80}|PRIVATE KEY`)

func (m *Model) edge(focused bool) lipgloss.Style {
	if focused {
		return m.styles.accent
	}
	return m.styles.line
}

// masked draws a few dots in place of a value, and how long it is.
func (m *Model) masked(value keys.Secret, focused bool) string {
	n := utf8.RuneCountInString(value.Reveal())
	return m.edge(focused).Render("│ ") + m.styles.text.Render(strings.Repeat("•", min(n, 12))) + cursor(focused) + m.styles.dim.Render(" "+steps.SayLength(n))
}

// hidden draws a masked field: a few dots, how much was received, and for a
// moment the value itself where the person asks for it.
func (m *Model) hidden(w *field, focused bool, width int) string {
	bar := m.edge(focused).Render("│ ")
	switch {
	case focused && m.form.reveal:
		shown := ansi.Hardwrap(m.styles.warn.Render(w.secret.Reveal()), width-2, true)
		return bar + strings.ReplaceAll(shown, "\n", "\n"+bar)
	case w.secret.IsZero():
		return bar + cursor(focused) + m.styles.dim.Render(steps.SayEmpty)
	}
	return m.masked(w.secret, focused)
}

// cursor is the place where typing goes on.
func cursor(focused bool) string {
	if !focused {
		return ""
	}
	return lipgloss.NewStyle().Reverse(true).Render(" ")
}

func (m *Model) choices(w *field, focused bool, width int) string {
	var lines []string
	for i, c := range w.Choices {
		sign, style := "○ ", m.styles.text
		if i == w.choice {
			sign = "● "
			if focused {
				style = m.styles.title
			}
		}
		line := style.Render(sign + strings.ReplaceAll(wrap(c.Label, width-2), "\n", "\n  "))
		if room := width - lipgloss.Width(line) - 2; c.Hint != "" && room >= lipgloss.Width(c.Hint) {
			line += "  " + m.styles.dim.Render(c.Hint)
		} else if c.Hint != "" && i == w.choice {
			line += "\n" + indent2(m.styles.dim.Render(wrap(c.Hint, width-2)))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// remark says below a field what its value is, or what is wrong with it. While
// it is being typed it is not yet wrong.
func (m *Model) remark(w *field, width int) string {
	if f := m.form.fault; f != nil && f.Field == w.Name {
		return m.fault(f.Err, width)
	}
	recognized, err := w.Recognize(w.value())
	switch {
	case err != nil && w.touched:
		return m.fault(err, width)
	case recognized != "":
		return m.styles.good.Render("✓ " + strings.ReplaceAll(wrap(recognized, width-2), "\n", "\n  "))
	case w.Hint != "" && (err != nil || w.value().IsZero()):
		return m.styles.dim.Render(wrap(w.Hint, width))
	}
	return ""
}

func (m *Model) fault(err error, width int) string {
	text := m.styles.bad.Render("✗ " + strings.ReplaceAll(wrap(asSentence(err.Error()), width-2), "\n", "\n  "))
	if hint := steps.Hint(err); hint != "" {
		text += "\n" + indent2(m.rich(hint, width-2))
	}
	return text
}

// checkLines draws the live check as it fills in.
func (m *Model) checkLines(width int) string {
	lines := m.prompt.Lines
	if m.flow.Busy() != "" && m.lines != nil {
		lines = m.lines
	}
	var out []string
	for _, l := range lines {
		out = append(out, m.checkLine(l, width))
	}
	return strings.Join(out, "\n")
}

// checkLine is one line of it: what is checked while it is open, what was found
// once it has passed, and both where there is something to do.
func (m *Model) checkLine(l steps.CheckLine, width int) string {
	sign, style := m.checkSign(l.Status)
	say := l.Sentence(m.flow.State().Environment)
	head, more := l.Title(), ""
	switch l.Status {
	case steps.CheckPassed:
		head = say
	case steps.CheckFailed, steps.CheckNoted:
		more = "\n" + indent2(m.rich(strings.TrimSpace(say+" "+l.Remedy()), width-2))
	}
	took := ""
	if l.Took > 0 {
		took = " " + steps.SayTook(l.Took)
	}
	lines := strings.ReplaceAll(wrap(head, width-2-len(took)), "\n", "\n  ")
	return style.Render(sign) + " " + m.styles.text.Render(lines) + m.styles.dim.Render(took) + more
}

func (m *Model) checkSign(s steps.CheckStatus) (string, lipgloss.Style) {
	switch s {
	case steps.CheckPassed:
		return "✓", m.styles.good
	case steps.CheckNoted:
		return "!", m.styles.warn
	case steps.CheckFailed:
		return "✗", m.styles.bad
	case steps.CheckRunning:
		return "…", m.styles.accent
	}
	return "·", m.styles.dim
}
