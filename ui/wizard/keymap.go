package wizard

import "charm.land/bubbles/v2/key"

// keymap holds the keys that work everywhere. A prompt's own letters stand
// beside what they do; keys are enabled for the prompt at hand, so that the
// footer shows only the ones that work now.
type keymap struct {
	Enter, Next, Previous, Back, Portal, Reveal, Help, Scroll, Quit key.Binding
}

func newKeymap() keymap {
	bind := func(shown, does string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
	}
	return keymap{
		Enter:    bind("enter", "go on", "enter"),
		Next:     bind("tab", "next", "tab", "down"),
		Previous: bind("shift+tab", "previous", "shift+tab", "up"),
		Back:     bind("esc", "back", "esc"),
		Portal:   bind("ctrl+o", "open portal", "ctrl+o"),
		Reveal:   bind("ctrl+r", "show", "ctrl+r"),
		Help:     bind("F1", "help", "f1"),
		Scroll:   bind("pgdn", "more", "pgdown", "pgup"),
		Quit:     bind("ctrl+c", "quit", "ctrl+c", "ctrl+d"),
	}
}

// ShortHelp implements help.KeyMap.
func (k keymap) ShortHelp() []key.Binding {
	var shown []key.Binding
	for _, b := range []key.Binding{k.Enter, k.Next, k.Back, k.Reveal, k.Scroll, k.Help, k.Quit, k.Portal} {
		if b.Help().Key != "" {
			shown = append(shown, b)
		}
	}
	return shown
}

// FullHelp implements help.KeyMap.
func (k keymap) FullHelp() [][]key.Binding { return [][]key.Binding{k.ShortHelp()} }

// fit enables the keys that do something at this prompt.
func (k keymap) fit(m *Model) keymap {
	typing := m.form.typing()
	k.Next.SetEnabled(m.form.stops() > 1)
	k.Previous.SetEnabled(m.form.stops() > 1)
	k.Portal.SetEnabled(m.prompt.URL != "" && m.options.OpenURL != nil)
	k.Reveal.SetEnabled(m.form.canReveal())
	k.Scroll.SetEnabled(m.overflows)
	k.Back.SetEnabled(m.helping || m.canGoBack())
	if m.width < 60 { // the keys that nobody guesses come first
		k.Enter.SetHelp("", "")
		k.Next.SetHelp("", "")
	}
	if !typing {
		k.Portal.SetKeys("o", "ctrl+o")
		k.Portal.SetHelp("o", "open portal")
		k.Help.SetKeys("?", "f1")
		k.Help.SetHelp("?", "help")
	}
	if m.helping { // Enter closes the help, too, but Esc says so
		for _, b := range []*key.Binding{&k.Enter, &k.Next, &k.Portal, &k.Reveal} {
			b.SetHelp("", "")
		}
	}
	if m.flow.Busy() != "" {
		k.Enter.SetEnabled(false)
		k.Next.SetEnabled(false)
		k.Portal.SetEnabled(false)
		k.Reveal.SetEnabled(false)
		k.Back.SetHelp("esc", "cancel")
	}
	return k
}
