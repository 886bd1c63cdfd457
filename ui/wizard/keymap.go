package wizard

import (
	"charm.land/bubbles/v2/key"

	"dpc-onboard/ui/wizard/form"
)

// keymap holds the keys that work at a prompt beside its own letters, which stand
// next to what they do.
type keymap struct {
	Enter, Next, Previous, Back, Portal, Reveal, Help, Scroll, Quit key.Binding
}

// keymap returns the keys as they are now: those that do nothing are disabled, and
// those that need no word in the footer have none. A line feed is what Enter comes
// as that was pressed before the program read its terminal.
func (m *Model) keymap() keymap {
	bind := func(enabled bool, shown, does string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
		b.SetEnabled(enabled)
		return b
	}
	asked, busy, helping := m.card.Form, m.flow.Busy() != "", m.card.Helping
	many := len(m.card.Prompt.Fields)+len(m.card.Prompt.Actions) > 1
	_, back := m.flow.Back()
	k := keymap{
		Enter:    bind(!busy, "enter", "go on", "enter", "ctrl+j"),
		Next:     bind(!busy && many, "tab", "next", "tab", "down"),
		Previous: bind(!busy && many, "", "", "shift+tab", "up"),
		Back:     bind(back || helping || m.options.Entries != nil, "esc", "back", "esc"),
		Portal:   bind(!busy && m.card.Prompt.URL != "" && m.options.OpenURL != nil, "ctrl+o", "open portal", "ctrl+o"),
		Reveal:   bind(!busy && !helping && asked.Masked(), form.Reveal, "show", form.Reveal),
		Help:     bind(true, "F1", "help", "f1"),
		Scroll:   bind(m.card.Scrolls, "pgdn", "more", "pgdown", "pgup"),
		Quit:     bind(true, "ctrl+c", "quit", "ctrl+c", "ctrl+d"),
	}
	if !asked.Typing() {
		k.Portal = bind(k.Portal.Enabled(), "o", "open portal", "o", "ctrl+o")
		k.Help = bind(true, "?", "help", "?", "f1")
	}
	if busy {
		k.Back.SetHelp("esc", "cancel")
	}
	if helping { // Enter closes the help, too, but Esc says so
		k.Portal.SetHelp("", "")
	}
	if helping || m.width < 60 { // the keys that nobody guesses come first
		k.Enter.SetHelp("", "")
		k.Next.SetHelp("", "")
	}
	return k
}

// shown lists the keys for the footer.
func (k keymap) shown() []key.Binding {
	return []key.Binding{k.Enter, k.Next, k.Back, k.Reveal, k.Scroll, k.Help, k.Quit, k.Portal}
}
