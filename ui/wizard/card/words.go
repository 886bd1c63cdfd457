package card

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/text"
	"dpc-onboard/ui/wizard/theme"
)

// words draws all that is there to be read, above the fields.
func (c *Card) words(tight bool) string {
	if c.Helping {
		return c.help()
	}
	p := c.Prompt
	between := "\n\n"
	if tight {
		between = "\n"
	}
	lines := p.Lines
	if c.busy.lines != nil {
		lines = c.busy.lines
	}
	blocks := []string{
		c.styles.Title.Render(theme.Wrap(p.Title, c.width)), joined(p.Notes, "\n\n", c.note),
		joined(p.Guide, between, c.paragraph), joined(lines, "\n", c.checkLine), c.copies(), c.rows(),
	}
	return strings.Join(slices.DeleteFunc(blocks, func(s string) bool { return s == "" }), "\n\n")
}

func joined[T any](items []T, between string, draw func(T) string) string {
	drawn := make([]string, len(items))
	for i, item := range items {
		drawn[i] = draw(item)
	}
	return strings.Join(drawn, between)
}

// help explains the step.
func (c *Card) help() string {
	step, h := c.Prompt.Step.Title(), c.Prompt.Help
	drawn := c.styles.Title.Render(theme.Wrap("About this step: "+step, c.width))
	for _, part := range [][2]string{
		{"What it is", h.What}, {"Why DPC wants it", h.Why}, {"What can go wrong", h.Wrong}, {"Where it is kept", h.Kept},
	} {
		if part[1] != "" {
			drawn += "\n\n" + c.styles.Title.Render(part[0]) + "\n" + c.styles.Rich(part[1], c.width)
		}
	}
	return drawn
}

var numbered = regexp.MustCompile(`^\d+\. `)

// paragraph is one of the guide; the lines below a number hang.
func (c *Card) paragraph(s string) string {
	number := numbered.FindString(s)
	return c.styles.Accent.Render(number) + theme.Hang(c.styles.Rich(s[len(number):], c.width-len(number)), len(number))
}

// note draws a remark: sign, words, and the remedy below.
func (c *Card) note(n steps.Note) string {
	mark, ink := "•", c.styles.Accent
	switch n.Kind {
	case steps.NoteOK:
		mark, ink = "✓", c.styles.Good
	case steps.NoteWarning:
		mark, ink = "!", c.styles.Warn
	case steps.NoteError:
		mark, ink = "✗", c.styles.Bad
	}
	return c.styles.Marked(ink, mark, n.Text, n.Hint, c.width)
}

// checkLine is one of the live check: what is checked while it is open, what was
// found once it has passed, and both where there is something to do.
func (c *Card) checkLine(l check.Line) string {
	mark, ink := "·", c.styles.Dim
	head, more := l.Title(), ""
	switch l.Status {
	case check.Passed:
		mark, ink = "✓", c.styles.Good
		head = l.Sentence()
	case check.Noted:
		mark, ink = "!", c.styles.Warn
	case check.Failed:
		mark, ink = "✗", c.styles.Bad
	case check.Running:
		mark, ink = "…", c.styles.Accent
	}
	if l.Status == check.Failed || l.Status == check.Noted {
		found := strings.TrimSpace(l.Sentence() + " " + l.Remedy())
		more = "\n" + theme.Indent(c.styles.Rich(found, c.width-2), 2)
	}
	took := ""
	if l.Took > 0 {
		took = " " + text.Took(l.Took)
	}
	return ink.Render(mark) + " " + theme.Hang(theme.Wrap(head, c.width-2-len(took)), 2) + c.styles.Dim.Render(took) + more
}

// copies lists what to take to the portal: the key, the field it belongs in, and
// the value as far as it fits.
func (c *Card) copies() string {
	if len(c.Prompt.Copies) == 0 {
		return ""
	}
	labels := 0
	for _, v := range c.Prompt.Copies {
		labels = max(labels, ansi.StringWidth(v.Label))
	}
	return c.styles.Dim.Render("Copy and paste") + "\n" + joined(c.Prompt.Copies, "\n", func(v steps.Copy) string {
		tick := " "
		if c.Copied[v.Name] {
			tick = c.styles.Good.Render("✓")
		}
		line := c.styles.Accent.Render("‹"+v.Key+"›") + " " + tick + " " + c.styles.Strong.Render(theme.Fit(v.Label, labels)) + "  "
		shown := "••••••••"
		if v.Secret.IsZero() {
			shown = text.OneLine(v.Value)
		}
		return line + c.styles.Dim.Render(ansi.Truncate(shown, max(0, c.width-ansi.StringWidth(line)), "…"))
	})
}

// rows lists facts. What is shown only once comes first: the rest may be scrolled
// for.
func (c *Card) rows() string {
	var once, facts []string
	names := 0
	for _, r := range c.Prompt.Rows {
		if r.Secret.IsZero() {
			names = max(names, ansi.StringWidth(r.Name))
		}
	}
	for _, r := range c.Prompt.Rows {
		if r.Secret.IsZero() {
			facts = append(facts, c.row(r, names))
			continue
		}
		shown := c.styles.Title.Render(theme.WrapValue(r.Secret.Reveal(), c.width-2))
		once = append(once, c.styles.Dim.Render(r.Name)+"\n"+theme.Indent(shown, 2)+"\n")
	}
	return strings.Join(append(once, facts...), "\n")
}

// row draws a fact beside its name. A value of one word that does not fit there
// stands below it.
func (c *Card) row(r steps.Row, names int) string {
	own := ansi.StringWidth(r.Name)
	room := c.width - names - 2
	narrow := room < 28 // no room for columns
	if narrow {
		names, room = own, c.width-own-2
	}
	name, long := c.styles.Dim.Render(r.Name), ansi.StringWidth(r.Value)
	if long > room && (narrow || long <= c.width-2 && !strings.Contains(r.Value, " ")) {
		return name + "\n" + theme.Indent(theme.WrapValue(r.Value, c.width-2), 2)
	}
	return name + strings.Repeat(" ", names-own+2) + theme.Hang(theme.WrapValue(r.Value, room), names+2)
}

// progress says what is being done, and how far it is.
func (c *Card) progress() string {
	what := c.busy.title + "…"
	if c.busy.total > 0 {
		share := strconv.Itoa(int(100*c.busy.done/c.busy.total)) + "%"
		return what + "\n" + c.styles.Bar(int(c.busy.done), int(c.busy.total), max(8, min(40, c.width-6))) + " " + share
	}
	turn := "•"
	if !c.Still {
		turn = c.styles.Accent.Render(c.spinner.View())
	}
	return turn + " " + theme.Wrap(what, c.width-2)
}
