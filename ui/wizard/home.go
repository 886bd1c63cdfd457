package wizard

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// home is the screen that lists the onboardings. The line behind the last match
// starts another one.
type home struct {
	all     []steps.State
	matches []int // into all
	typed   string
	input   textinput.Model
	chosen  int
	loaded  bool
	err     error
	forget  *steps.State // asks before it is deleted
	behind  bool         // the onboarding that was left by Esc is still there
}

type entriesMsg struct {
	states []steps.State
	err    error
}

type forgottenMsg struct {
	state steps.State
	err   error
}

func newHome(st styles) *home {
	h := &home{input: textinput.New()}
	h.input.Prompt = ""
	h.input.Placeholder = steps.SayHomeFilter
	h.input.SetWidth(30)
	h.input.Focus()
	h.restyle(st)
	return h
}

func (h *home) restyle(st styles) {
	w := field{input: h.input}
	w.restyle(st)
	h.input = w.input
}

// goHome leaves the onboarding for the home screen, where there is one.
func (m *Model) goHome() tea.Cmd {
	if m.options.Entries == nil {
		return nil
	}
	m.home = newHome(m.styles)
	m.home.behind = true
	return m.loadHome()
}

// loadHome reads the list as a command: there may be thousands.
func (m *Model) loadHome() tea.Cmd {
	entries := m.options.Entries
	return func() tea.Msg {
		states, err := entries()
		return entriesMsg{states, err}
	}
}

func (m *Model) setEntries(msg entriesMsg) {
	if m.home == nil {
		return
	}
	if m.home.behind && msg.err == nil && len(msg.states) == 0 { // what was typed would be lost for nothing
		m.home, m.toast = nil, steps.SayFirst
		return
	}
	m.home.all, m.home.err, m.home.loaded = msg.states, msg.err, true
	m.home.filter(m.home.typed)
}

// filter keeps what has all the typed words in it, in any order.
func (h *home) filter(typed string) {
	h.typed, h.chosen = typed, 0
	if h.input.Value() != typed {
		h.input.SetValue(typed)
		h.input.CursorEnd()
	}
	words := strings.Fields(strings.ToLower(typed))
	h.matches = h.matches[:0]
	for i, s := range h.all {
		if hasAll(strings.ToLower(s.Organization+" "+s.ID()), words) {
			h.matches = append(h.matches, i)
		}
	}
}

func hasAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// keepLine makes one line of pasted text.
func keepLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var (
	homeUp     = key.NewBinding(key.WithKeys("up", "shift+tab"))
	homeDown   = key.NewBinding(key.WithKeys("down", "tab"))
	homePgUp   = key.NewBinding(key.WithKeys("pgup"))
	homePgDn   = key.NewBinding(key.WithKeys("pgdown"))
	homeForget = key.NewBinding(key.WithKeys("ctrl+x", "delete"))
	homeNew    = key.NewBinding(key.WithKeys("ctrl+n"))
)

// pressHome routes a key on the home screen: letters filter.
func (m *Model) pressHome(msg tea.KeyPressMsg) tea.Cmd {
	h := m.home
	if h.forget != nil {
		return m.answerForget(msg)
	}
	m.toast = ""
	switch {
	case key.Matches(msg, homeUp):
		h.move(-1)
	case key.Matches(msg, homeDown):
		h.move(1)
	case key.Matches(msg, homePgUp):
		h.move(-10)
	case key.Matches(msg, homePgDn):
		h.move(10)
	case msg.String() == "enter":
		return m.open()
	case key.Matches(msg, homeNew):
		return m.begin(steps.State{})
	case msg.String() == "esc":
		h.filter("")
	case key.Matches(msg, homeForget):
		if h.chosen < len(h.matches) && m.options.Forget != nil {
			s := h.all[h.matches[h.chosen]]
			h.forget = &s
		}
	default:
		var cmd tea.Cmd
		h.input, cmd = h.input.Update(msg)
		if v := h.input.Value(); v != h.typed {
			h.filter(v)
		}
		return cmd
	}
	return nil
}

func (h *home) move(by int) { h.chosen = max(0, min(h.chosen+by, len(h.matches))) }

// open goes into the chosen onboarding, or starts another.
func (m *Model) open() tea.Cmd {
	h := m.home
	if !h.loaded {
		return nil
	}
	if h.chosen >= len(h.matches) {
		return m.begin(steps.State{})
	}
	return m.begin(h.all[h.matches[h.chosen]])
}

// begin takes up an onboarding.
func (m *Model) begin(s steps.State) tea.Cmd {
	facts := m.options.Facts
	facts.State = s
	facts.Session.Open = m.flow.Session().Open
	facts.Session.Ready = m.flow.Session().Ready
	facts.Session.Now = m.options.Services.Now()
	var effect steps.Effect
	m.home, m.offset, m.toast = nil, 0, ""
	m.flow, effect = steps.New(facts).Start()
	m.renew()
	return m.run(effect)
}

// answerForget deletes only on a plain yes.
func (m *Model) answerForget(msg tea.KeyPressMsg) tea.Cmd {
	s := *m.home.forget
	m.home.forget = nil
	if msg.String() != "y" {
		return nil
	}
	forget, ctx := m.options.Forget, m.ctx
	return func() tea.Msg { return forgottenMsg{s, forget(ctx, s)} }
}

func (m *Model) forgotten(msg forgottenMsg) tea.Cmd {
	m.toast = steps.SayForgotten(msg.state, msg.err)
	if m.home != nil {
		m.home.behind = false
	}
	return m.loadHome()
}

func (m *Model) homeHeader() string {
	h, about := m.home, steps.SayHomeTitle
	if h.loaded && len(h.all) > 0 {
		about += ": " + steps.SayHomeCount(len(h.matches), len(h.all))
	}
	if h.chosen < len(h.matches) { // two of them may have the same name
		about += " · " + steps.SayHomeNPI(h.all[h.matches[h.chosen]].NPI)
	}
	head := m.styles.title.Render(" "+steps.SayProduct) + m.styles.dim.Render("  "+about)
	return ansi.Truncate(head, m.width, "…")
}

// homeBody draws the filter and as many lines as fit.
func (m *Model) homeBody(width int) card {
	h := m.home
	c := card{follow: true}
	if h.forget != nil {
		c.add(m.note(steps.Note{Kind: steps.NoteWarning, Text: steps.SayForget(*h.forget)}, width))
		return c
	}
	h.input.SetWidth(max(8, min(40, width-4)))
	typed := h.input.View()
	if secretForm.MatchString(h.typed) { // pasted here by mistake
		typed = m.masked(keys.NewSecret(h.typed), true)
	}
	c.lines = append(c.lines, m.styles.accent.Render("/ ")+typed, "")
	switch {
	case !h.loaded:
		c.lines = append(c.lines, m.styles.dim.Render(steps.SayHomeLoading+"…"))
		return c
	case h.err != nil:
		note := m.note(steps.Note{Kind: steps.NoteError, Text: h.err.Error(), Hint: steps.Hint(h.err)}, width)
		c.lines = append(c.lines, strings.Split(note, "\n")...)
	case len(h.matches) == 0:
		c.lines = append(c.lines, m.styles.dim.Render(steps.SayHomeNone))
	}
	m.homeRows(&c, width)
	return c
}

// homeRows draws only what is in sight: the list may have thousands of lines.
func (m *Model) homeRows(c *card, width int) {
	h := m.home
	room := max(1, m.height-6)
	if m.toast != "" {
		room = max(1, room-2)
	}
	first := max(0, min(h.chosen-room/2, len(h.matches)+1-room))
	for i := first; i < min(first+room, len(h.matches)+1); i++ {
		line := "+ " + steps.SayHomeNew
		if i < len(h.matches) {
			line = m.homeRow(h.all[h.matches[i]], width-2)
		}
		if i == h.chosen {
			c.lines = append(c.lines, m.styles.button.Render("❯ "+ansi.Strip(line)+" "))
			c.focus, c.focusEnd = len(c.lines)-1, len(c.lines)-1
			continue
		}
		c.lines = append(c.lines, "  "+line)
	}
}

// homeRow is one onboarding: who, where, how far, and how long the token lasts.
func (m *Model) homeRow(s steps.State, width int) string {
	done := s.DoneSteps()
	bar := m.bar(done, len(steps.IDs), 8) + m.styles.dim.Render(" "+itoa(done)+"/"+itoa(len(steps.IDs)))
	tail := m.pad(string(s.Environment), 11) + bar
	if width >= 70 {
		tail += "  " + m.tokenDays(s)
	}
	if width >= 92 {
		tail += m.styles.dim.Render("  " + s.UpdatedAt.Local().Format("Jan 2, 2006"))
	}
	room := max(6, width-lipgloss.Width(tail)-2)
	return m.pad(ansi.Truncate(s.Organization, room, "…"), room) + " " + tail
}

func (m *Model) pad(s string, width int) string {
	return m.styles.text.Render(s + strings.Repeat(" ", max(0, width-lipgloss.Width(s))))
}

// tokenDays says how long the client token lasts: said in words, and in color
// under 30 and under 7 days.
func (m *Model) tokenDays(s steps.State) string {
	const width = 22
	if s.ClientToken == nil || s.ClientToken.Expires.IsZero() {
		return strings.Repeat(" ", width)
	}
	days := s.ClientToken.DaysLeft(m.options.Services.Now())
	style := m.styles.dim
	switch {
	case days < 7:
		style = m.styles.bad
	case days < 30:
		style = m.styles.warn
	}
	text := steps.SayDays(days)
	return style.Render(text + strings.Repeat(" ", max(0, width-len(text))))
}

// homeKeys are the keys that do something now.
func (m *Model) homeKeys() []key.Binding {
	bind := func(shown, does string) key.Binding {
		return key.NewBinding(key.WithKeys(shown), key.WithHelp(shown, does))
	}
	if m.home.forget != nil {
		return []key.Binding{bind("y", "delete"), bind("esc", "back"), bind("ctrl+c", "quit")}
	}
	shown := []key.Binding{bind("enter", steps.SayHomeOpen), bind("↑↓", "choose"), bind("ctrl+n", "new")}
	if m.options.Forget != nil && m.home.chosen < len(m.home.matches) {
		shown = append(shown, bind("ctrl+x", steps.SayHomeForget))
	}
	return append(shown, bind("ctrl+c", "quit"))
}

func (m *Model) homeFooter() string {
	keys := m.keyLine(m.homeKeys())
	if m.toast != "" {
		return indent(clip(m.styles.accent.Render(wrap(m.toast, m.frameWidth()-2)), 2)) + "\n" + keys
	}
	return keys
}
