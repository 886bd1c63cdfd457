// Package card shows one prompt: what to do, what is known and what is asked, as
// lines that scroll, and below them the actions, which stay in sight.
//
// The viewport of bubbles is not used: it measures every line again in each frame,
// and its lines would be printed with the model, a passphrase among them.
package card

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/ui/wizard/form"
	"dpc-onboard/ui/wizard/theme"
)

// Card is the prompt that is shown. It is drawn by Layout, after a change. What is
// drawn may hold a passphrase, and is kept as a secret is.
type Card struct {
	Prompt   steps.Prompt
	Form     *form.Form
	Copied   map[string]bool // what was copied of it, by name
	Helping  bool            // explains the step in place of asking
	Still    bool            // nothing moves
	Scrolls  bool            // there is more than fits
	Scrolled bool            // by the person, or to what is new: the focus need not be in sight

	styles  *theme.Styles
	spinner spinner.Model
	busy    work

	width, height int
	shown         keys.Secret // the lines in sight
	offset        int         // of the first of them
}

// work is what is being done, and how far it is.
type work struct {
	title       string // "" for nothing
	lines       []check.Line
	done, total int64
}

// New returns a card that shows nothing yet.
func New(styles *theme.Styles) *Card {
	c := &Card{styles: styles, spinner: spinner.New(spinner.WithSpinner(spinner.MiniDot))}
	c.Show(steps.Prompt{})
	return c
}

// Show takes up a prompt, with a fresh form.
func (c *Card) Show(p steps.Prompt) {
	before := c.Prompt
	c.Prompt = p
	c.Form = form.New(&c.Prompt, c.styles)
	if p.Screen != before.Screen || c.Copied == nil {
		c.Copied, c.Helping = map[string]bool{}, false
	}
	if p.Screen != before.Screen || len(p.Notes) > 0 && !slices.Equal(p.Notes, before.Notes) {
		c.Top(len(p.Notes) > 0)
	}
}

// Top scrolls to the beginning; hold keeps it there although the focus may be
// further down.
func (c *Card) Top(hold bool) { c.offset, c.Scrolled = 0, hold }

// Scroll moves by half a window.
func (c *Card) Scroll(up bool) {
	by := max(1, c.height/2)
	if up {
		by = -by
	}
	c.offset, c.Scrolled = c.offset+by, true
}

// Help explains the step, or goes back to asking.
func (c *Card) Help(on bool) {
	c.Helping = on
	c.Top(false)
}

// Busy says what is being done, or "" for nothing.
func (c *Card) Busy(title string) {
	if title != c.busy.title {
		c.busy = work{title: title}
	}
}

// Spin begins to turn the spinner, where things may move.
func (c *Card) Spin() tea.Cmd {
	if c.Still {
		return nil
	}
	return c.spinner.Tick
}

// Turn turns the spinner, as long as something is being done.
func (c *Card) Turn(msg spinner.TickMsg) (cmd tea.Cmd) {
	if c.busy.title != "" {
		c.spinner, cmd = c.spinner.Update(msg)
	}
	return cmd
}

// Report takes progress: a line of a live check, or bytes of an upload.
func (c *Card) Report(ev steps.Event) {
	if ev.Line == nil {
		c.busy.done, c.busy.total = ev.Done, ev.Total
		return
	}
	same := func(l check.Line) bool { return l.ID == ev.Line.ID }
	if i := slices.IndexFunc(c.busy.lines, same); i >= 0 {
		c.busy.lines[i] = *ev.Line
		return
	}
	c.busy.lines = append(c.busy.lines, *ev.Line)
}

// Layout draws the card for a size in cells; tight leaves out blank lines.
func (c *Card) Layout(width, height int, tight bool) {
	c.width, c.height = width, height
	blocks, focus := []string{c.words(tight)}, 0
	var actions []string
	current := 0
	if !c.Helping {
		for i := range c.Prompt.Fields {
			drawn, focused := c.Form.Field(i, width, c.busy.title != "")
			if focused {
				focus = len(blocks)
			}
			blocks = append(blocks, drawn)
		}
		if c.busy.title != "" {
			focus = len(blocks)
			blocks = append(blocks, c.progress())
		} else {
			actions, current = c.Form.Actions(width)
		}
	}
	first := 0 // line that has the focus
	if focus > 0 {
		first = strings.Count(strings.Join(blocks[:focus], "\n\n"), "\n") + 2
	}
	last := first + strings.Count(blocks[focus], "\n")
	shown := c.window(strings.Split(strings.Join(blocks, "\n\n"), "\n"), first, last, actions, current)
	for i, line := range shown {
		shown[i] = theme.Fit(line, width)
	}
	c.shown = keys.NewSecret(strings.Join(shown, "\n"))
}

// window puts the actions behind the lines where all of it fits. Else they stay
// below the lines, side by side and in at most half of the height, around the one
// that Enter does; and the lines scroll, so that the focus is seen.
func (c *Card) window(lines []string, first, last int, actions []string, current int) []string {
	c.Scrolls = false
	all := lines
	if len(actions) > 0 {
		all = slices.Concat(lines, []string{""}, actions)
	}
	if len(all) <= c.height {
		c.offset = 0
		return all
	}
	rows, at := sideBySide(actions, current, c.width)
	most := min(len(rows), max(1, c.height/2))
	from := max(0, min(at-most/2, len(rows)-most))
	rows = rows[from : from+most]
	room := max(1, c.height-most-1)
	if !c.Scrolled {
		c.offset = min(first, max(c.offset, last-room+1))
	}
	c.offset = max(0, min(c.offset, len(lines)-room))
	c.Scrolls = len(lines) > room
	more := ""
	switch {
	case !c.Scrolls:
	case c.offset+room == len(lines):
		more = "↑"
	case c.offset == 0:
		more = "↓ more below"
	default:
		more = "↑↓ more below"
	}
	return slices.Concat(lines[c.offset:min(c.offset+room, len(lines))], []string{c.styles.Dim.Render(more)}, rows)
}

// sideBySide puts actions beside each other, and says in which row one of them is.
func sideBySide(actions []string, current, width int) (rows []string, at int) {
	for i, a := range actions {
		if n := len(rows) - 1; n >= 0 && ansi.StringWidth(rows[n])+ansi.StringWidth(a)+1 <= width {
			rows[n] += " " + a
		} else {
			rows = append(rows, a)
		}
		if i == current {
			at = len(rows) - 1
		}
	}
	return rows, at
}

// View returns the lines that are in sight.
func (c *Card) View() []string { return strings.Split(c.shown.Reveal(), "\n") }
