package wizard

import (
	"regexp"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps"
)

// Sizes of the frame, in cells.
const (
	minWidth, minHeight = 40, 12
	twoPanes            = 80 // from here on the rail stands beside the card
	railWidth           = 24
	maxWidth            = 120 // lines longer than this are hard to read
)

// View implements tea.Model.
func (m *Model) View() tea.View {
	v := tea.NewView(tame(m.render()))
	v.AltScreen = true
	v.WindowTitle = steps.SayProduct
	return v
}

func (m *Model) tooSmall() bool { return m.width < minWidth || m.height < minHeight }

// render draws the frame: header, rail and card or the card alone, footer. It
// is never wider or taller than the window.
func (m *Model) render() string {
	switch {
	case m.tooSmall():
		return clip(wrap(steps.SayTooSmall(minWidth, minHeight, m.width, m.height), m.width), m.height)
	case m.home != nil:
		return m.frame(m.homeHeader(), m.homeBody(m.textWidth()), m.homeFooter)
	case m.width < twoPanes:
		return m.frame(m.narrowHeader(), m.body(m.textWidth()), m.footer)
	}
	return m.frame(m.header(), m.body(m.textWidth()), m.footer)
}

// frameWidth is how wide all of it is.
func (m *Model) frameWidth() int { return min(m.width, maxWidth) }

// textWidth is how wide the card's text is on the screen that is shown.
func (m *Model) textWidth() int {
	if m.home != nil {
		return m.frameWidth() - 4
	}
	return m.cardWidth()
}

// cardWidth is how wide the card's text is, its border and padding taken off.
func (m *Model) cardWidth() int {
	if m.width < twoPanes {
		return m.frameWidth() - 4
	}
	return m.frameWidth() - railWidth - 6
}

// frame puts the parts together and scrolls the card so that the focus is seen.
// The footer is made last: it says whether there is more to scroll to.
func (m *Model) frame(header string, card card, foot func() string) string {
	height := m.height - lipgloss.Height(header) - lipgloss.Height(foot()) - 2
	body := m.window(card, height)
	footer := foot()
	box := lipgloss.NewStyle().Border(lipgloss.RoundedBorder()).BorderForeground(m.styles.lineColor).
		Padding(0, 1).Width(m.frameWidth()).Height(height + 2)
	if m.home == nil && m.width >= twoPanes {
		rail := lipgloss.NewStyle().Width(railWidth).Height(height+2).Padding(1, 1, 0, 1).Render(m.rail())
		box = box.Width(m.frameWidth() - railWidth)
		return strings.Join([]string{header, lipgloss.JoinHorizontal(lipgloss.Top, rail, box.Render(body)), footer}, "\n")
	}
	return strings.Join([]string{header, box.Render(body), footer}, "\n")
}

// window lays a card out in a height: its lines, then its actions. What does not
// fit is scrolled; the actions stay.
func (m *Model) window(c card, height int) string {
	width := m.textWidth()
	for i, line := range c.lines { // a line that wrapped would push the frame out of the window
		c.lines[i] = ansi.Truncate(line, width, "…")
	}
	all := c.lines
	if len(c.actions) > 0 {
		all = slices.Concat(c.lines, []string{""}, c.actions)
	}
	if m.overflows = len(all) > height; !m.overflows {
		m.offset = 0
		return strings.Join(all, "\n")
	}
	pinned := pin(c, width, height)
	room := max(1, height-len(pinned)-1)
	if m.overflows = len(c.lines) > room; !m.overflows {
		m.offset = 0
		return strings.Join(slices.Concat(c.lines, []string{""}, pinned), "\n")
	}
	shown, mark := m.scrolledTo(c, room)
	return strings.Join(slices.Concat(shown, []string{m.styles.dim.Render(mark)}, pinned), "\n")
}

// pin returns the actions side by side, in at most half of a height, around the
// chosen one.
func pin(c card, width, height int) []string {
	lines, at := flowed(c.actions, c.chosen, width)
	most := min(len(lines), max(1, height/2))
	first := max(0, min(at-most/2, len(lines)-most))
	return lines[first : first+most]
}

// scrolledTo cuts the lines that are in sight, and says where there are more.
func (m *Model) scrolledTo(c card, room int) (shown []string, mark string) {
	if c.follow {
		if c.focusEnd >= m.offset+room {
			m.offset = c.focusEnd - room + 1
		}
		if c.focus < m.offset {
			m.offset = c.focus
		}
	}
	m.offset = max(0, min(m.offset, len(c.lines)-room))
	switch {
	case m.offset+room == len(c.lines):
		mark = "↑"
	case m.offset > 0:
		mark = "↑↓ " + steps.SayMore
	default:
		mark = "↓ " + steps.SayMore
	}
	return c.lines[m.offset : m.offset+room], mark
}

func (m *Model) scroll(msg tea.KeyPressMsg) {
	by := max(1, m.height/2)
	if msg.String() == "pgup" {
		by = -by
	}
	m.offset = max(0, m.offset+by)
	m.scrolled = true
}

// header names the product and the onboarding, with the whole's progress.
func (m *Model) header() string {
	left := m.styles.title.Render(" " + steps.SayProduct)
	if who := m.who(); who != "" {
		left += m.styles.dim.Render("  " + who)
	}
	done := m.flow.State().DoneSteps()
	right := m.bar(done, len(steps.IDs), 16) + m.styles.dim.Render(" "+itoa(done)+"/"+itoa(len(steps.IDs))+" ")
	room := m.frameWidth() - lipgloss.Width(right)
	left = ansi.Truncate(left, room-1, "…")
	return left + strings.Repeat(" ", max(1, room-lipgloss.Width(left))) + right
}

// narrowHeader is the rail in one line.
func (m *Model) narrowHeader() string {
	title := m.styles.title.Render(" " + steps.SayStep(m.prompt.Number, m.flow.Step().Title()))
	done := m.flow.State().DoneSteps()
	bar := m.bar(done, len(steps.IDs), 8)
	room := m.frameWidth() - lipgloss.Width(bar) - 1
	title = ansi.Truncate(title, room-1, "…")
	return title + strings.Repeat(" ", max(1, room-lipgloss.Width(title))) + bar
}

func (m *Model) who() string {
	s := m.flow.State()
	if s.Organization == "" {
		return ""
	}
	return s.Organization + " · " + string(s.Environment)
}

// bar is a share as blocks; it reads without color, too.
func (m *Model) bar(done, of, width int) string {
	full := 0
	if of > 0 {
		full = width * done / of
	}
	return m.styles.accent.Render(strings.Repeat("━", full)) + m.styles.line.Render(strings.Repeat("╌", width-full))
}

// rail lists the eight steps, what is done with when, and where one is.
func (m *Model) rail() string {
	var lines []string
	for _, stop := range m.flow.Rail() {
		lines = append(lines, m.stop1(stop))
	}
	if m.height < 22 {
		return strings.Join(lines, "\n")
	}
	return strings.Join(lines, "\n\n")
}

func (m *Model) stop1(stop steps.Stop) string {
	switch stop.Status {
	case steps.StopCurrent:
		return m.styles.title.Render("❯ " + stop.Title)
	case steps.StopDone:
		when := stop.At.Local().Format("Jan 2")
		pad := strings.Repeat(" ", max(1, railWidth-4-lipgloss.Width(stop.Title)-lipgloss.Width(when)))
		return m.styles.good.Render("✓ ") + m.styles.text.Render(stop.Title) + pad + m.styles.dim.Render(when)
	}
	return m.styles.dim.Render("· " + stop.Title)
}

// footer shows the keys that work now, or what just happened.
func (m *Model) footer() string {
	keys := m.keyLine(m.keys.fit(m).ShortHelp())
	switch {
	case m.leaving:
		return clip(m.styles.warn.Render(wrap("! "+steps.SayUnsaved, m.frameWidth()-2)), 2)
	case m.toast != "":
		return indent(clip(m.styles.accent.Render(wrap(m.toast, m.frameWidth()-2)), 2)) + "\n" + keys
	}
	return keys
}

// keyLine lists keys as far as they fit. The widget lets one more in where there
// is no room for its ellipsis, so the line is cut once more.
func (m *Model) keyLine(shown []key.Binding) string {
	h := m.help
	h.SetWidth(m.frameWidth() - 2)
	return " " + ansi.Truncate(h.ShortHelpView(shown), m.frameWidth()-2, "…")
}

func indent(s string) string { return " " + strings.ReplaceAll(s, "\n", "\n ") }

// wrap breaks text at spaces and hyphens, but no ID at its hyphens, and anywhere
// where a word is longer than a line.
func wrap(s string, width int) string {
	kept := idForm.ReplaceAllStringFunc(s, func(id string) string { return strings.ReplaceAll(id, "-", unbroken) })
	return strings.ReplaceAll(ansi.Wrap(kept, max(1, width), " "), unbroken, "-")
}

// idForm finds key IDs, organization IDs and fingerprints.
var idForm = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// unbroken is the hyphen at which no line is broken.
const unbroken = "\u2011"

// clip cuts what is higher than the window.
func clip(s string, height int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[:min(len(lines), height)], "\n")
}
