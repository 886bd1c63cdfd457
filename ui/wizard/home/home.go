// Package home lists the onboardings. Typing filters at once; the line behind the
// last match starts another one.
//
// The list of bubbles is not used: it filters in the background, so that Enter right
// after a letter opens what was chosen before; some letters move in it in place of
// filtering; and what it draws grows with the number of onboardings.
package home

import (
	"context"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/ui/wizard/form"
	"dpc-onboard/ui/wizard/theme"
)

// Options say what the list is of.
type Options struct {
	Entries func() ([]record.State, error)
	// Forget deletes an onboarding's secrets and progress; nil where that can't be
	// done.
	Forget func(context.Context, record.State) error
	Now    func() time.Time
}

// Home is the list on the screen.
type Home struct {
	options Options
	styles  *theme.Styles
	filter  *form.Text

	all     []entry
	matches []int // into all
	chosen  int   // into matches, or behind them
	loaded  bool
	err     error
	forget  *record.State // asks before it is deleted
	shown   []string
	behind  bool // the onboarding that was left for the list is still there
}

// entry is an onboarding, and what takes time to find out about it.
type entry struct {
	record.State
	text string // what is searched for the words that are typed
	done int    // steps
}

// Entries is the list, or why it can't be read.
type Entries struct {
	all []entry
	err error
}

// Forgotten says how it went to delete an onboarding.
type Forgotten string

// New returns a list that is still to be read. behind says that an onboarding was
// left for it, to which one can go back.
func New(o Options, styles *theme.Styles, behind bool) *Home {
	return &Home{options: o, styles: styles, filter: form.NewText(styles, "type to filter"), behind: behind}
}

// Read reads the list: there may be thousands.
func (h *Home) Read() tea.Msg {
	states, err := h.options.Entries()
	all := make([]entry, len(states))
	for i, s := range states {
		all[i] = entry{s, strings.ToLower(s.Organization + " " + s.ID()), steps.DoneSteps(s)}
	}
	return Entries{all, err}
}

// Take shows the list. It reports false where there is nothing to list but the
// onboarding that was left.
func (h *Home) Take(e Entries) bool {
	if h.behind && e.err == nil && len(e.all) == 0 {
		return false
	}
	h.all, h.err, h.loaded = e.all, e.err, true
	h.match()
	return true
}

// match keeps what has all the typed words in it, in any order.
func (h *Home) match() {
	words := strings.Fields(strings.ToLower(h.filter.Value().Reveal()))
	h.chosen, h.matches = 0, h.matches[:0]
search:
	for i := range h.all {
		for _, word := range words {
			if !strings.Contains(h.all[i].text, word) {
				continue search
			}
		}
		h.matches = append(h.matches, i)
	}
}

// choice returns the chosen onboarding, or false on the line that starts another.
func (h *Home) choice() (record.State, bool) {
	if h.chosen >= len(h.matches) {
		return record.State{}, false
	}
	return h.all[h.matches[h.chosen]].State, true
}

// Opens reports whether a key opens an onboarding, and which: one that is not
// begun yet has no state.
func (h *Home) Opens(msg tea.KeyPressMsg) (record.State, bool) {
	s, _ := h.choice()
	switch {
	case h.forget != nil:
	case msg.String() == "ctrl+n":
		return record.State{}, true
	case msg.String() == "enter", msg.String() == "ctrl+j":
		return s, h.loaded
	}
	return record.State{}, false
}

// Renews reports whether a key asks for a new client token of an onboarding, and of
// which. One that has no token yet is left alone.
func (h *Home) Renews(msg tea.KeyPressMsg) (record.State, bool) {
	s, is := h.choice()
	return s, is && h.forget == nil && msg.String() == "ctrl+r" && renewable(s)
}

func renewable(s record.State) bool {
	_, saved := s.Origin()
	return saved
}

// moves are the keys that lead up and down.
var moves = map[string]int{"up": -1, "shift+tab": -1, "down": 1, "tab": 1, "pgup": -10, "pgdown": 10}

// Update takes keys and pastes: what does nothing else filters.
func (h *Home) Update(ctx context.Context, msg tea.Msg) (cmd tea.Cmd) {
	pressed := ""
	if k, ok := msg.(tea.KeyPressMsg); ok {
		pressed = k.String()
	}
	by, moves := moves[pressed]
	before := h.filter.Value()
	switch s, is := h.choice(); {
	case h.forget != nil && pressed != "":
		s, forget := *h.forget, h.options.Forget
		h.forget = nil
		if pressed != "y" { // only a plain yes deletes
			return nil
		}
		h.behind = false
		return func() tea.Msg {
			if err := forget(ctx, s); err != nil {
				return Forgotten("Not deleted: " + err.Error())
			}
			return Forgotten(fmt.Sprintf("Deleted %s (%s).", s.Organization, s.Environment))
		}
	case moves:
		h.chosen = max(0, min(h.chosen+by, len(h.matches)))
	case pressed == "esc":
		h.filter.Set(keys.Secret{})
	case pressed == "ctrl+x", pressed == "delete":
		if is && h.options.Forget != nil {
			h.forget = &s
		}
	default:
		cmd = h.filter.Update(msg)
	}
	if !h.filter.Value().Equal(before) {
		h.match()
	}
	return cmd
}

// Keys lists the keys that do something now.
func (h *Home) Keys() []key.Binding {
	bind := func(shown, does string) key.Binding {
		return key.NewBinding(key.WithKeys(shown), key.WithHelp(shown, does))
	}
	quit := bind("ctrl+c", "quit")
	if h.forget != nil {
		return []key.Binding{bind("y", "delete"), bind("esc", "back"), quit}
	}
	shown := []key.Binding{bind("enter", "open"), bind("↑↓", "move"), bind("ctrl+n", "new")}
	s, is := h.choice()
	if is && renewable(s) {
		shown = append(shown, bind("ctrl+r", "renew"))
	}
	if is && h.options.Forget != nil {
		shown = append(shown, bind("ctrl+x", "forget"))
	}
	return append(shown, quit)
}

// Title says what is listed, and which one is chosen: two may have one name.
func (h *Home) Title() string {
	title := "Your onboardings"
	switch listed, all := len(h.matches), len(h.all); {
	case all == 0:
	case listed == all:
		title += fmt.Sprintf(": %d", all)
	default:
		title += fmt.Sprintf(": %d of %d", listed, all)
	}
	if s, is := h.choice(); is {
		title += " · NPI " + s.NPI
	}
	return title
}

// View returns the lines of the list.
func (h *Home) View() []string { return h.shown }

// Layout draws the filter and as many onboardings as fit into a size in cells:
// there may be thousands.
func (h *Home) Layout(width, height int) {
	h.shown = nil
	add := func(block string) {
		for line := range strings.SplitSeq(block, "\n") {
			h.shown = append(h.shown, theme.Fit(line, width))
		}
	}
	if s := h.forget; s != nil {
		add(h.styles.Marked(h.styles.Warn, "!", fmt.Sprintf("Delete the tokens, the private key and the progress of %s (%s)? This can't be undone. Press y to delete, any other key to keep it.", s.Organization, s.Environment), "", width))
		return
	}
	add(h.styles.Accent.Render("/ ") + h.filter.View(min(40, width-4)+1, true) + "\n")
	switch {
	case !h.loaded:
		add(h.styles.Dim.Render("Reading the progress files…"))
		return
	case h.err != nil:
		add(h.styles.Marked(h.styles.Bad, "✗", h.err.Error(), record.Hint(h.err), width))
	case len(h.matches) == 0:
		add(h.styles.Dim.Render("Nothing here matches."))
	}
	room := max(1, height-len(h.shown))
	first := max(0, min(h.chosen-room/2, len(h.matches)+1-room))
	for i := first; i < min(first+room, len(h.matches)+1); i++ {
		line := theme.Fit("+ Start another onboarding", width-2)
		if i < len(h.matches) {
			line = h.row(&h.all[h.matches[i]], width-2)
		}
		if i == h.chosen {
			h.shown = append(h.shown, h.styles.Button.Render("❯ "+ansi.Strip(line)))
		} else {
			h.shown = append(h.shown, "  "+line)
		}
	}
}

// row is one onboarding, as wide as asked: who, where, how far, and how long the
// token lasts.
func (h *Home) row(s *entry, width int) string {
	of := len(steps.IDs)
	tail := fmt.Sprintf(" %-11s", s.Environment) + h.styles.Bar(s.done, of, 8) + h.styles.Dim.Render(fmt.Sprintf(" %d/%d", s.done, of))
	room := width - 24
	if width >= 70 {
		tail += "  " + h.tokenDays(s.ClientToken)
		room -= 24
	}
	if width >= 92 {
		tail += h.styles.Dim.Render(fmt.Sprintf("  %-18s", text.Day(s.UpdatedAt)))
		room -= 20
	}
	return theme.Fit(s.Organization, max(6, room)) + tail
}

// tokenDays says how long the client token lasts: in words, and in color under 30
// and under 7 days.
func (h *Home) tokenDays(t *record.TokenFact) string {
	says, ink := "", h.styles.Dim
	if t != nil && !t.Expires.IsZero() {
		days := t.DaysLeft(h.options.Now())
		switch {
		case days < 7:
			ink = h.styles.Bad
		case days < 30:
			ink = h.styles.Warn
		}
		says = "token: " + text.Plural(days, "day") + " left"
		if days < 0 {
			says = "token expired"
		}
	}
	return ink.Render(fmt.Sprintf("%-22s", says))
}
