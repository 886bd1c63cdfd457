package wizard

import (
	"regexp"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps"
)

// card is the current prompt as lines, and which of them have the focus.
type card struct {
	lines           []string
	focus, focusEnd int
	follow          bool // scroll so that the focus is seen

	// actions stay in sight below the lines, however far those are scrolled.
	actions []string
	chosen  int // the action that has the focus
}

func itoa(n int) string { return strconv.Itoa(n) }

// add appends a block, and a blank line before it where there is something
// above.
func (c *card) add(block string) {
	if block == "" {
		return
	}
	if len(c.lines) > 0 {
		c.lines = append(c.lines, "")
	}
	c.lines = append(c.lines, strings.Split(block, "\n")...)
}

// mark notes that what is added next has the focus.
func (c *card) addFocused(block string) {
	c.add(block)
	c.focusEnd = len(c.lines) - 1
	c.focus = c.focusEnd - strings.Count(block, "\n")
}

// body draws the prompt at a width.
func (m *Model) body(width int) card {
	c := card{follow: !m.scrolled}
	if m.helping {
		m.helpCard(&c, width)
		return c
	}
	c.add(m.styles.title.Render(wrap(m.prompt.Title, width)))
	for _, n := range m.prompt.Notes {
		c.add(m.note(n, width))
	}
	c.add(m.guide(width))
	c.add(m.checkLines(width))
	c.add(m.copies(width))
	c.add(m.rows(width))
	for i := range m.form.fields {
		m.addField(&c, i, width)
	}
	if m.flow.Busy() != "" {
		c.addFocused(m.busy(width))
		return c
	}
	m.addArt(&c, width)
	m.addActions(&c, width)
	return c
}

// addArt draws the fingerprint's randomart below, where there is room for it.
func (m *Model) addArt(c *card, width int) {
	if art := m.prompt.Art; art != "" && len(c.lines)+lipgloss.Height(art)+len(m.prompt.Actions)+2 <= m.height-5 {
		c.add(m.styles.dim.Render(lipgloss.PlaceHorizontal(width, lipgloss.Right, art)))
	}
}

// portalName finds the *names between stars* of what the portal shows.
var portalName = regexp.MustCompile(`\*([^*]+)\*`)

// rich wraps a text and sets off the portal's names: as [buttons], so that they
// stand out without color, too.
func (m *Model) rich(text string, width int) string {
	marked := portalName.ReplaceAllStringFunc(text, func(s string) string {
		return "[" + strings.ReplaceAll(strings.Trim(s, "*"), " ", "\u00a0") + "]"
	})
	wrapped := wrap(marked, width)
	return bracketed.ReplaceAllStringFunc(m.styles.text.Render(wrapped), func(s string) string {
		return m.styles.portal.Render(strings.ReplaceAll(s, "\u00a0", " "))
	})
}

var bracketed = regexp.MustCompile(`\[[^\]\x1b]+\]`)

func (m *Model) guide(width int) string {
	var parts []string
	for _, text := range m.prompt.Guide {
		parts = append(parts, m.hanging(text, width))
	}
	between := "\n\n"
	if m.height < 30 {
		between = "\n"
	}
	return strings.Join(parts, between)
}

var numbered = regexp.MustCompile(`^\d+\. `)

// hanging indents the lines below a number.
func (m *Model) hanging(text string, width int) string {
	number := numbered.FindString(text)
	rest := m.rich(strings.TrimPrefix(text, number), width-len(number))
	return m.styles.accent.Render(number) + strings.ReplaceAll(rest, "\n", "\n"+strings.Repeat(" ", len(number)))
}

// note draws a remark: sign, words, and the remedy below.
func (m *Model) note(n steps.Note, width int) string {
	sign, style := m.sign(n.Kind)
	text := style.Render(sign) + " " + strings.ReplaceAll(m.rich(asSentence(n.Text), width-2), "\n", "\n  ")
	if n.Hint != "" {
		text += "\n  " + strings.ReplaceAll(m.rich(n.Hint, width-2), "\n", "\n  ")
	}
	return text
}

func (m *Model) sign(k steps.NoteKind) (string, lipgloss.Style) {
	switch k {
	case steps.NoteOK:
		return "✓", m.styles.good
	case steps.NoteWarning:
		return "!", m.styles.warn
	case steps.NoteError:
		return "✗", m.styles.bad
	}
	return "•", m.styles.accent
}

// asSentence gives an error's text a capital and a period.
func asSentence(s string) string {
	if s == "" {
		return ""
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?:") {
		s += "."
	}
	r := []rune(s)
	return strings.ToUpper(string(r[0])) + string(r[1:])
}

// rows lists facts. A value of one word that does not fit beside its name stands
// below it. What is shown only once comes first: the rest may be scrolled for.
func (m *Model) rows(width int) string {
	var once, lines []string
	names := 0
	for _, r := range m.prompt.Rows {
		if r.Secret.IsZero() {
			names = max(names, lipgloss.Width(r.Name))
		}
	}
	for _, r := range m.prompt.Rows {
		if r.Secret.IsZero() {
			lines = append(lines, m.row(r, names, width))
		} else {
			shown := m.styles.title.Render(wrapValue(r.Secret.Reveal(), width-2))
			once = append(once, m.styles.dim.Render(r.Name)+"\n"+indent2(shown)+"\n")
		}
	}
	return strings.Join(append(once, lines...), "\n")
}

func (m *Model) row(r steps.Row, names, width int) string {
	value, style := r.Value, m.styles.text
	name, room := m.styles.dim.Render(r.Name), width-names-2
	narrow := room < 28 // no room for columns
	if narrow {
		names, room = lipgloss.Width(r.Name), width-lipgloss.Width(r.Name)-2
	}
	long := lipgloss.Width(value)
	if long > room && (narrow || long <= width-2 && !strings.Contains(value, " ")) {
		return name + "\n" + indent2(style.Render(wrapValue(value, width-2)))
	}
	name += strings.Repeat(" ", names-lipgloss.Width(r.Name)+2)
	return name + strings.ReplaceAll(style.Render(wrapValue(value, room)), "\n", "\n"+strings.Repeat(" ", names+2))
}

// wrapValue breaks a value of one word, a digest or a path, only at the end of
// the line, so that it can be read and selected as it is.
func wrapValue(value string, width int) string {
	if strings.ContainsAny(value, " ") || strings.Count(value, "-") > 6 {
		return wrap(value, width)
	}
	return ansi.Hardwrap(value, max(1, width), true)
}

// copies lists what to take to the portal: the key, the field it belongs in, and
// the value as far as it fits.
func (m *Model) copies(width int) string {
	names := 0
	for _, c := range m.prompt.Copies {
		names = max(names, lipgloss.Width(c.Label))
	}
	var lines []string
	for _, c := range m.prompt.Copies {
		tick := " "
		if m.copied[c.Name] {
			tick = m.styles.good.Render("✓")
		}
		line := m.key(c.Key) + " " + tick + " " + m.styles.text.Bold(true).Render(c.Label) + strings.Repeat(" ", names-lipgloss.Width(c.Label)+2)
		shown := oneLine(c.Value)
		if !c.Secret.IsZero() {
			shown = steps.SayHidden
		}
		lines = append(lines, line+m.styles.dim.Render(ansi.Truncate(shown, max(0, width-lipgloss.Width(line)), "…")))
	}
	if len(lines) == 0 {
		return ""
	}
	return m.styles.dim.Render(steps.SayCopyTitle) + "\n" + strings.Join(lines, "\n")
}

// key draws a letter to press.
func (m *Model) key(k string) string { return m.styles.accent.Render("‹" + k + "›") }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// addActions lists the ways to answer; the one that Enter does is marked.
func (m *Model) addActions(c *card, width int) {
	current := m.form.action().Name
	for i, a := range m.prompt.Actions {
		if a.Name == current {
			c.chosen = i
		}
		c.actions = append(c.actions, m.drawAction(a, a.Name == current, width))
	}
}

func (m *Model) drawAction(a steps.Action, current bool, width int) string {
	k := a.Key
	if m.form.typing() && k != "" {
		k = "alt+" + k
	}
	hint := ""
	if k != "" {
		hint = " " + m.key(k)
	}
	label := ansi.Truncate(a.Label, width-4-lipgloss.Width(hint), "…")
	switch {
	case !current:
		return m.styles.text.Render("  "+label) + hint
	case m.form.enters():
		return m.styles.button.Render("❯ "+label+" ") + hint
	}
	return m.styles.title.Render("  "+label) + hint
}

// flowed puts actions side by side where they would take too many lines, and
// says in which line the chosen one is.
func flowed(actions []string, chosen, width int) (lines []string, at int) {
	for i, a := range actions {
		if n := len(lines) - 1; n >= 0 && lipgloss.Width(lines[n])+lipgloss.Width(a)+1 <= width {
			lines[n] += " " + a
		} else {
			lines = append(lines, a)
		}
		if i == chosen {
			at = len(lines) - 1
		}
	}
	return lines, at
}

// busy says what is being done, and how far it is.
func (m *Model) busy(width int) string {
	what := m.flow.Busy() + "…"
	if m.total > 0 {
		share := int(100 * m.done / m.total)
		return m.styles.text.Render(what) + "\n" + m.bar(int(m.done), int(m.total), max(8, min(40, width-6))) + " " + itoa(share) + "%"
	}
	turn := "•"
	if !m.options.ReducedMotion {
		turn = m.spinner.View()
	}
	return turn + " " + m.styles.text.Render(wrap(what, width-2))
}

// helpCard explains the step.
func (m *Model) helpCard(c *card, width int) {
	c.add(m.styles.title.Render(wrap(steps.SayHelpTitle+": "+m.flow.Step().Title(), width)))
	h := m.prompt.Help
	for _, part := range [][2]string{
		{steps.SayHelpWhat, h.What}, {steps.SayHelpWhy, h.Why}, {steps.SayHelpWrong, h.Wrong}, {steps.SayHelpKept, h.Kept},
	} {
		if part[1] != "" {
			c.add(m.styles.accent.Bold(true).Render(part[0]) + "\n" + m.rich(part[1], width))
		}
	}
}
