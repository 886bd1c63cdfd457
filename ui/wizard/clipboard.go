package wizard

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// clipboard copies in two ways: through the terminal, which never says whether it
// worked, and through the system, where there is one. It takes secrets back.
type clipboard struct {
	write  func(string) error      // on the system's; nil where there is none
	remove func(keys.Secret) error // from the system's, if it is still there; nil where there is none

	secret keys.Secret // what was copied last and must not stay
	native bool        // the system's took it, too
}

// notCopiedMsg says that the system's clipboard did not take a value.
type notCopiedMsg struct{ label string }

// expiredMsg asks to take a secret off the clipboard.
type expiredMsg struct{ secret keys.Secret }

// secretStays is how long a secret may be on the clipboard.
const secretStays = time.Minute

// copy sends a value to the clipboard, and says no more than is known of that.
func (c *clipboard) copy(v steps.Copy) (says string, cmd tea.Cmd) {
	text, write := v.Text(), c.write
	cmds := []tea.Cmd{tea.SetClipboard(text.Reveal())}
	if write != nil {
		cmds = append(cmds, func() tea.Msg {
			if write(text.Reveal()) != nil {
				return notCopiedMsg{v.Label}
			}
			return nil
		})
	}
	c.secret, c.native = v.Secret, write != nil
	if v.Secret.IsZero() {
		return v.Label + ": sent to the clipboard.", tea.Batch(cmds...)
	}
	cmds = append(cmds, tea.Tick(secretStays, func(time.Time) tea.Msg { return expiredMsg{text} }))
	return v.Label + ": sent to the clipboard, which is emptied in a minute.", tea.Batch(cmds...)
}

// expire empties the clipboard, if a secret is still what was copied last. The
// system's clipboard is looked at first: what the person has copied since stays.
// The terminal's can't be looked at. It returns nil where there is nothing to do.
func (c *clipboard) expire(secret keys.Secret) tea.Cmd {
	if c.secret.IsZero() || !c.secret.Equal(secret) {
		return nil
	}
	remove, terminal := c.remove, c.onTerminal()
	c.secret = keys.Secret{}
	if terminal {
		return tea.SetClipboard("")
	}
	return func() tea.Msg {
		_ = remove(secret) // it holds something else, or is gone
		return nil
	}
}

// onTerminal reports whether a secret is on the terminal's clipboard alone, where
// the system's does not answer: over SSH, for one.
func (c *clipboard) onTerminal() bool {
	return !c.secret.IsZero() && (!c.native || c.remove == nil)
}

// leave returns a command that leaves no secret on the terminal's clipboard, and
// then does another.
func (c *clipboard) leave(then tea.Cmd) tea.Cmd {
	if !c.onTerminal() {
		return then
	}
	c.secret = keys.Secret{}
	return tea.Sequence(tea.SetClipboard(""), then)
}

// close leaves no secret on the system's clipboard.
func (c *clipboard) close() {
	if c.remove != nil && !c.secret.IsZero() {
		_ = c.remove(c.secret) // the program ends: nobody is left to tell
	}
}
