package wizard

import (
	"context"
	"time"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// resultMsg is what an effect came to.
type resultMsg struct{ steps.Result }

// eventMsg is progress of a running effect, and where the next comes from.
type eventMsg struct {
	attempt int
	event   steps.Event
	from    <-chan steps.Event
}

// copiedMsg says how a copy to the system's clipboard ended.
type copiedMsg struct {
	label string
	err   error
}

// openedMsg says how opening the browser ended.
type openedMsg struct{ err error }

// run starts an effect. It runs in a goroutine of the program's; what it reports
// comes in as messages, one after the other.
func (m *Model) run(e steps.Effect) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	m.cancel, m.attempt = cancel, e.Attempt
	m.lines, m.done, m.total, m.toast = nil, 0, 0, ""
	events := make(chan steps.Event)
	work := func() tea.Msg {
		defer cancel()
		defer close(events)
		return resultMsg{e.Run(ctx, m.options.Services, func(ev steps.Event) {
			select {
			case events <- ev:
			case <-ctx.Done():
			}
		})}
	}
	return tea.Batch(work, listen(e.Attempt, events), m.spin())
}

// spin keeps the spinner turning, where things may move.
func (m *Model) spin() tea.Cmd {
	if m.options.ReducedMotion {
		return nil
	}
	return m.spinner.Tick
}

func listen(attempt int, events <-chan steps.Event) tea.Cmd {
	return func() tea.Msg {
		ev, open := <-events
		if !open {
			return nil
		}
		return eventMsg{attempt, ev, events}
	}
}

// outside takes what comes back from commands.
func (m *Model) outside(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case resultMsg:
		return m.apply(msg.Result), true
	case eventMsg:
		if msg.attempt == m.attempt { // not of one that was canceled
			m.progress(msg.event)
		}
		return listen(msg.attempt, msg.from), true
	case spinner.TickMsg:
		if m.flow.Busy() == "" {
			return nil, true
		}
		var cmd tea.Cmd
		m.spinner, cmd = m.spinner.Update(msg)
		return cmd, true
	case copiedMsg:
		if msg.err != nil {
			m.native, m.toast = false, steps.SayCopied(msg.label, msg.err)
		}
	case clearMsg:
		return m.clear(msg.secret), true
	case openedMsg:
		m.toast = steps.SayOpened(m.prompt.URL, msg.err)
	case hideMsg:
		if msg.screen == m.prompt.Screen {
			m.form.reveal = false
		}
	case entriesMsg:
		m.setEntries(msg)
	case forgottenMsg:
		return m.forgotten(msg), true
	default:
		return nil, false
	}
	return nil, true
}

// apply takes an effect's result. A failed one leaves the widgets as they are,
// so that nothing has to be typed twice.
func (m *Model) apply(r steps.Result) tea.Cmd {
	busy := m.flow.Busy()
	m.flow = m.flow.Apply(r)
	if m.flow.Busy() != "" || busy == "" {
		return nil
	}
	if m.flow.Quit() {
		return m.end(tea.Quit)
	}
	if prompt := m.flow.Prompt(); r.Err != nil && prompt.Screen == m.prompt.Screen {
		m.prompt, m.form.prompt = prompt, prompt
		m.offset, m.scrolled = 0, true // why it failed stands at the top
		return nil
	}
	m.renew()
	return nil
}

// progress keeps the lines of a live check in order, and an upload's bytes.
func (m *Model) progress(ev steps.Event) {
	if ev.Line == nil {
		m.done, m.total = ev.Done, ev.Total
		return
	}
	for i := range m.lines {
		if m.lines[i].ID == ev.Line.ID {
			m.lines[i] = *ev.Line
			return
		}
	}
	m.lines = append(m.lines, *ev.Line)
}

// copy sends a value to the clipboard in both ways: through the terminal, which
// never says whether it worked, and through the system, where there is one. A
// secret does not stay there.
func (m *Model) copy(c steps.Copy) tea.Cmd {
	m.copied[c.Name] = true
	text, native := c.Text(), m.options.Copy
	cmds := []tea.Cmd{tea.SetClipboard(text.Reveal()), func() tea.Msg {
		if native == nil {
			return copiedMsg{label: c.Label}
		}
		return copiedMsg{label: c.Label, err: native(text.Reveal())}
	}}
	m.toast, m.lent, m.native = steps.SayCopied(c.Label, nil), keys.Secret{}, native != nil
	if !c.Secret.IsZero() {
		m.toast, m.lent = steps.SaySecretCopied(c.Label), text
		cmds = append(cmds, tea.Tick(lendFor, func(time.Time) tea.Msg { return clearMsg{text} }))
	}
	return tea.Batch(cmds...)
}

// lendFor is how long a secret stays on the clipboard.
const lendFor = time.Minute

// clearMsg asks to take a secret off the clipboard.
type clearMsg struct{ secret keys.Secret }

// clear empties the clipboard, if the secret is still what was copied last. The
// system's clipboard is looked at first: what the person has copied since stays.
// The terminal's can't be looked at.
func (m *Model) clear(secret keys.Secret) tea.Cmd {
	if m.lent.IsZero() || !m.lent.Equal(secret) {
		return nil
	}
	m.toast = steps.SayCleared
	if m.onTerminal() {
		m.lent = keys.Secret{}
		return tea.SetClipboard("")
	}
	m.lent = keys.Secret{}
	remove := m.options.ClearClipboard
	return func() tea.Msg {
		_ = remove(secret) // it holds something else, or is gone
		return nil
	}
}

// onTerminal reports whether a secret is on the terminal's clipboard alone, where
// the system's does not answer: over SSH, for one.
func (m *Model) onTerminal() bool {
	return !m.lent.IsZero() && (!m.native || m.options.ClearClipboard == nil)
}

// end ends the program, with no secret left on the terminal's clipboard.
func (m *Model) end(cmd tea.Cmd) tea.Cmd {
	if !m.onTerminal() {
		return cmd
	}
	m.lent = keys.Secret{}
	return tea.Sequence(tea.SetClipboard(""), cmd)
}

func (m *Model) openPortal() tea.Cmd {
	url, open := m.prompt.URL, m.options.OpenURL
	return func() tea.Msg { return openedMsg{open(url)} }
}
