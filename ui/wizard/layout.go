package wizard

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps"
	"dpc-onboard/steps/text"
	"dpc-onboard/ui/wizard/theme"
)

// Sizes of the frame, in cells.
const (
	minWidth, minHeight = 40, 12
	twoPanes            = 80 // from here on the stepper stands beside the card
	stepperWidth        = 24
	maxWidth            = 120 // lines longer than this are hard to read
)

const product = "DPC onboarding"

func (m *Model) tooSmall() bool { return m.width < minWidth || m.height < minHeight }

// frameWidth is how wide all of it is.
func (m *Model) frameWidth() int { return min(m.width, maxWidth) }

// layout lays out what the next View draws, after a change: the footer, and the
// card in the height that is left, so that the focus is seen.
func (m *Model) layout() {
	if m.tooSmall() {
		return
	}
	m.boxWidth = m.frameWidth()
	if m.home == nil && m.width >= twoPanes {
		m.boxWidth -= stepperWidth
	}
	says, ink, room := m.toast, m.styles.Accent, m.frameWidth()-2
	if m.leaving {
		says, ink = "! What you pasted is not saved yet. Press ctrl+c again to leave anyway.", m.styles.Warn
	}
	m.footer = nil
	if says != "" {
		m.footer = firstLines(theme.Indent(ink.Render(theme.Wrap(says, room)), 1), 2)
	}
	m.footer = append(m.footer, "")
	if m.home != nil {
		m.home.Layout(m.boxWidth-4, m.bodyHeight())
	} else {
		m.card.Layout(m.boxWidth-4, m.bodyHeight(), m.height < 30)
	}
	m.footer[len(m.footer)-1] = m.keyLine(room) // it says whether there is more to scroll to
}

// bodyHeight is what the header, the border and the footer leave.
func (m *Model) bodyHeight() int { return m.height - 3 - len(m.footer) }

func firstLines(s string, most int) []string {
	lines := strings.Split(s, "\n")
	return lines[:min(len(lines), most)]
}

// keyLine lists the keys that work now, as far as they fit.
func (m *Model) keyLine(width int) string {
	keys := m.keymap().shown()
	if m.home != nil {
		keys = m.home.Keys()
	}
	line, between := " ", ""
	for _, k := range keys {
		if k.Enabled() && k.Help().Key != "" {
			line += between + m.styles.Accent.Render(k.Help().Key) + " " + m.styles.Dim.Render(k.Help().Desc)
			between = m.styles.Line.Render(" • ")
		}
	}
	return ansi.Truncate(line, width+1, "…")
}

// View implements tea.Model.
func (m *Model) View() tea.View {
	v := tea.NewView(text.CleanFrame(m.frame()))
	v.AltScreen = true
	v.WindowTitle = product
	return v
}

// frame draws all of it: header, stepper and card or the card alone, footer. It is
// never wider or taller than the window.
func (m *Model) frame() string {
	if m.tooSmall() {
		says := fmt.Sprintf("Please make this window at least %d×%d; it is %d×%d now.", minWidth, minHeight, m.width, m.height)
		return strings.Join(firstLines(theme.Wrap(says, m.width), m.height), "\n")
	}
	var b strings.Builder
	b.Grow(16 << 10)
	body, beside := m.card.View(), []string(nil)
	if m.home != nil {
		body = m.home.View()
	}
	side := strings.Repeat(" ", m.frameWidth()-m.boxWidth)
	if side != "" {
		beside = m.drawStepper()
	}
	left, right := m.styles.Line.Render("│")+" ", " "+m.styles.Line.Render("│")+"\n"
	blank := strings.Repeat(" ", m.boxWidth-4)
	border := strings.Repeat("─", m.boxWidth-2)
	b.WriteString(m.header() + "\n" + side + m.styles.Line.Render("╭"+border+"╮") + "\n")
	for i := range m.bodyHeight() {
		if i < len(beside) {
			b.WriteString(beside[i])
		} else {
			b.WriteString(side)
		}
		line := blank
		if i < len(body) {
			line = body[i]
		}
		b.WriteString(left)
		b.WriteString(line)
		b.WriteString(right)
	}
	b.WriteString(side + m.styles.Line.Render("╰"+border+"╯") + "\n" + strings.Join(m.footer, "\n"))
	return b.String()
}

// header says where one is and how much is done. Where there is no room for the
// stepper it names the step.
func (m *Model) header() string {
	done, of := steps.DoneSteps(m.flow.State()), len(steps.IDs)
	name, about := " "+product, ""
	right := " " + m.styles.Bar(done, of, 16) + m.styles.Dim.Render(fmt.Sprintf(" %d/%d ", done, of))
	switch s := m.flow.State(); {
	case m.home != nil:
		about, right = "  "+m.home.Title(), ""
	case m.width < twoPanes:
		name = fmt.Sprintf(" Step %d of %d: %s", m.card.Prompt.Number, of, m.card.Prompt.Step.Title())
		right = " " + m.styles.Bar(done, of, 8)
	case s.Organization != "":
		about = "  " + s.Organization + " · " + string(s.Environment)
	}
	left := m.styles.Title.Render(name) + m.styles.Dim.Render(about)
	return theme.Fit(left, m.frameWidth()-ansi.StringWidth(right)) + right
}

// drawStepper lists the eight steps, what is done with when, and where one is.
func (m *Model) drawStepper() []string {
	var lines []string
	for _, step := range m.flow.Stepper() {
		if m.height >= 22 && len(lines) > 0 {
			lines = append(lines, theme.Fit("", stepperWidth))
		}
		lines = append(lines, " "+theme.Fit(m.drawStep(step), stepperWidth-1))
	}
	return lines
}

func (m *Model) drawStep(step steps.StepStatus) string {
	switch step.Status {
	case steps.Current:
		return m.styles.Title.Render("❯ " + step.Title)
	case steps.Done:
		when := text.ShortDay(step.At)
		title := theme.Fit(step.Title, stepperWidth-4-len(when))
		return m.styles.Good.Render("✓ ") + title + m.styles.Dim.Render(when)
	}
	return m.styles.Dim.Render("· " + step.Title)
}
