package wizard

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// Options say where the wizard begins and what it reaches the outside through.
type Options struct {
	Facts    steps.Facts
	Services steps.Services

	// Entries lists the onboardings for the home screen; nil for none.
	Entries func() ([]steps.State, error)
	// Home begins at the home screen.
	Home bool
	// Forget deletes an onboarding's secrets and progress.
	Forget func(context.Context, steps.State) error

	// Copy puts text on the system's clipboard, beside the terminal's own way;
	// nil where there is none.
	Copy func(string) error
	// ClearClipboard empties the system's clipboard where it still holds a
	// secret; nil where there is none.
	ClearClipboard func(keys.Secret) error
	// OpenURL opens a page in the browser; nil where there is none.
	OpenURL func(string) error

	ReducedMotion bool // nothing moves
	NoColor       bool

	Input   io.Reader // nil: standard input
	Output  io.Writer // nil: standard output
	Environ []string  // nil: the process's own
}

// Run shows the wizard until the person is done or leaves, and returns the flow
// as it stood then. Leaving by ctrl+c is tea.ErrInterrupted.
func Run(ctx context.Context, o Options) (steps.Flow, error) {
	m := newModel(ctx, o)
	final, err := tea.NewProgram(m, o.programOptions(ctx)...).Run()
	if fm, ok := final.(*Model); ok {
		fm.stop()
		m = fm
		m.takeBack()
	}
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		err = ctx.Err()
	}
	return m.flow, err
}

// takeBack empties the clipboard at the end, where a secret is still on it.
func (m *Model) takeBack() {
	if m.options.ClearClipboard != nil && !m.lent.IsZero() {
		_ = m.options.ClearClipboard(m.lent) // the program ends: nobody is left to tell
	}
}

func (o Options) programOptions(ctx context.Context) []tea.ProgramOption {
	options := []tea.ProgramOption{tea.WithContext(ctx)}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		options = append(options, tea.WithOutput(o.Output))
	}
	if o.Environ != nil {
		options = append(options, tea.WithEnvironment(o.Environ))
	}
	if o.NoColor {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	return options
}

// Model is the one tea.Model.
type Model struct {
	ctx     context.Context
	options Options

	flow   steps.Flow
	prompt steps.Prompt
	form   form
	home   *home // the home screen, while it is shown
	first  steps.Effect

	width, height int
	offset        int // first line of the card that is shown
	overflows     bool
	scrolled      bool // the person scrolled; the focus need not be in sight
	profile       colorprofile.Profile
	background    background
	asked         time.Time // when the terminal was asked for its background
	styles        styles
	keys          keymap
	help          help.Model
	spinner       spinner.Model

	helping bool
	leaving bool   // ctrl+c was pressed once while a secret is unsaved
	toast   string // what a copy or a paste did
	copied  map[string]bool
	lent    keys.Secret // what is on the clipboard and must not stay there
	native  bool        // the system's clipboard took it, too
	cancel  context.CancelFunc
	attempt int               // of the effect under way
	lines   []steps.CheckLine // of the live check under way
	done    int64
	total   int64
}

func newModel(ctx context.Context, o Options) *Model {
	m := &Model{
		ctx: ctx, options: o, width: 80, height: 24,
		profile: colorprofile.TrueColor, background: unknown,
		keys: newKeymap(), help: help.New(),
		spinner: spinner.New(spinner.WithSpinner(spinner.MiniDot)),
		copied:  map[string]bool{}, cancel: func() {},
	}
	if o.NoColor {
		m.profile = colorprofile.ASCII
	}
	m.asked = o.Services.Now()
	m.flow = steps.New(o.Facts)
	m.restyle()
	if o.Home && o.Entries != nil {
		m.home = newHome(m.styles)
		return m
	}
	m.flow, m.first = m.flow.Start()
	m.renew()
	return m
}

// restyle makes the theme anew for what is known of the terminal.
func (m *Model) restyle() {
	m.styles = newStyles(m.background, m.profile)
	m.help.Styles = helpStyles(m.styles)
	m.spinner.Style = m.styles.accent
	for i := range m.form.fields {
		m.form.fields[i].restyle(m.styles)
	}
	if m.home != nil {
		m.home.restyle(m.styles)
	}
}

func helpStyles(st styles) help.Styles {
	return help.Styles{
		ShortKey: st.accent, ShortDesc: st.dim, ShortSeparator: st.line,
		FullKey: st.accent, FullDesc: st.dim, FullSeparator: st.line, Ellipsis: st.dim,
	}
}

// renew takes up the flow's prompt and gives it fresh widgets.
func (m *Model) renew() {
	before := m.prompt
	m.prompt = m.flow.Prompt()
	if m.prompt.Screen != before.Screen {
		m.offset, m.scrolled, m.toast, m.helping = 0, false, "", false
		m.copied = map[string]bool{}
	}
	if !slices.Equal(m.prompt.Notes, before.Notes) && len(m.prompt.Notes) > 0 {
		m.offset, m.scrolled = 0, true // what is new stands at the top
	}
	m.form = newForm(m.prompt, m.styles)
}

// slowAnswer is how long a terminal may take to tell its background before
// nothing moves on it any more: the way to it is slow.
const slowAnswer = 400 * time.Millisecond

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	if m.home != nil {
		return tea.Batch(tea.RequestBackgroundColor, m.loadHome())
	}
	return tea.Batch(tea.RequestBackgroundColor, m.run(m.first))
}

// Update implements tea.Model. It routes in one order: what the terminal is,
// what effects say, the keys that always work, then the prompt.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if m.terminal(msg) {
		return m, nil
	}
	if cmd, taken := m.outside(msg); taken {
		return m, cmd
	}
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m, m.press(msg)
	case tea.PasteMsg:
		m.paste(msg.Content)
		return m, nil
	}
	if w := m.form.focused(); w != nil && w.Kind == steps.Text {
		var cmd tea.Cmd
		w.input, cmd = w.input.Update(msg)
		return m, cmd
	}
	return m, nil
}

// terminal takes what the terminal says of itself.
func (m *Model) terminal(msg tea.Msg) (taken bool) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.background = light
		if msg.IsDark() {
			m.background = dark
		}
		m.restyle()
		if m.options.Services.Now().Sub(m.asked) > slowAnswer {
			m.options.ReducedMotion = true
		}
	case tea.ColorProfileMsg:
		m.profile = msg.Profile
		if m.options.NoColor {
			m.profile = colorprofile.ASCII
		}
		m.restyle()
	default:
		return false
	}
	return true
}

// press routes a key.
func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	if msg.String() == "ctrl+z" {
		return tea.Suspend
	}
	if key.Matches(msg, m.keys.Quit) && !m.deletes(msg) {
		return m.leave(msg)
	}
	m.leaving = false
	m.scrolled = m.scrolled && key.Matches(msg, m.keys.Scroll)
	if m.tooSmall() {
		return nil
	}
	if m.home != nil {
		return m.pressHome(msg)
	}
	return m.pressCard(msg)
}

// deletes tells of ctrl+d in a field with text: there it deletes.
func (m *Model) deletes(msg tea.KeyPressMsg) bool {
	return msg.String() == "ctrl+d" && m.home == nil && m.form.typing() && !m.form.focused().value().IsZero()
}

// leave ends the program. It asks once only where something would be lost: a
// secret that was pasted and not saved.
func (m *Model) leave(msg tea.KeyPressMsg) tea.Cmd {
	if m.home == nil && m.form.unsaved() && !m.leaving {
		m.leaving = true
		return nil
	}
	m.stop()
	if msg.String() == "ctrl+c" {
		return m.end(tea.Interrupt)
	}
	return m.end(tea.Quit)
}

// stop breaks off the effect under way.
func (m *Model) stop() { m.cancel() }

func (m *Model) pressCard(msg tea.KeyPressMsg) tea.Cmd {
	k := m.keys.fit(m)
	busy := m.flow.Busy() != ""
	switch {
	case key.Matches(msg, k.Scroll):
		m.scroll(msg)
	case m.helping && key.Matches(msg, k.Back, k.Help, k.Enter):
		m.helping, m.offset = false, 0
	case key.Matches(msg, k.Help):
		m.helping, m.offset = true, 0
	case key.Matches(msg, k.Back):
		return m.back()
	case busy, m.helping:
		return nil
	case key.Matches(msg, k.Portal):
		return m.openPortal()
	case key.Matches(msg, k.Reveal):
		return m.reveal()
	case key.Matches(msg, k.Enter):
		return m.enter()
	case key.Matches(msg, k.Next, k.Previous) && !m.choosing(msg):
		m.move(msg)
	default:
		return m.letter(msg)
	}
	return nil
}

// choosing tells of an arrow key in a field to choose from.
func (m *Model) choosing(msg tea.KeyPressMsg) bool {
	w := m.form.focused()
	return w != nil && w.Kind == steps.Choose && (msg.String() == "up" || msg.String() == "down")
}

func (m *Model) move(msg tea.KeyPressMsg) {
	by := 1
	if key.Matches(msg, m.keys.Previous) {
		by = -1
	}
	m.form.move(by)
}

// enter does the obvious thing: it goes on to the next field, and from the last
// one it does the action.
func (m *Model) enter() tea.Cmd {
	if m.form.focused() != nil && !m.form.advance() {
		return nil
	}
	return m.submit(m.form.action().Name)
}

// letter does what a prompt's own letter stands for, or types it.
func (m *Model) letter(msg tea.KeyPressMsg) tea.Cmd {
	pressed := msg.String()
	if m.form.typing() {
		bare, alt := cutAlt(pressed)
		if !alt {
			return m.form.press(msg)
		}
		pressed = bare
	} else if m.form.focused() != nil {
		return m.form.press(msg)
	}
	for _, c := range m.prompt.Copies {
		if c.Key == pressed {
			return m.copy(c)
		}
	}
	for _, a := range m.prompt.Actions {
		if a.Key == pressed {
			return m.submit(a.Name)
		}
	}
	return nil
}

func cutAlt(pressed string) (string, bool) {
	if len(pressed) > 4 && pressed[:4] == "alt+" {
		return pressed[4:], true
	}
	return pressed, false
}

// submit answers the prompt.
func (m *Model) submit(action string) tea.Cmd {
	flow, effect, err := m.flow.Answer(m.form.answer(action))
	if fault, ok := errors.AsType[*steps.FieldError](err); ok {
		m.form.blame(fault)
		return nil
	}
	if err != nil {
		m.toast = err.Error()
		return nil
	}
	m.flow = flow
	if flow.Busy() == "" { // a question before an act that can't be undone
		m.renew()
		return nil
	}
	m.form.fault = nil
	return m.run(effect)
}

// back goes to the screen before, or to the home screen from the first.
func (m *Model) back() tea.Cmd {
	busy := m.flow.Busy() != ""
	flow, ok := m.flow.Back()
	if busy {
		m.cancel()
		m.flow, m.toast = flow, steps.SayCanceled
		return nil
	}
	if !ok {
		return m.goHome()
	}
	m.flow = flow
	m.renew()
	return nil
}

// canGoBack reports whether Esc leads anywhere.
func (m *Model) canGoBack() bool {
	_, ok := m.flow.Back()
	return ok || m.options.Entries != nil
}

// paste takes pasted text: to the home screen's filter, or to the fields it
// belongs in.
func (m *Model) paste(text string) {
	m.leaving = false
	switch {
	case m.tooSmall():
	case m.home != nil:
		m.home.filter(m.home.typed + keepLine(text))
	case m.flow.Busy() == "" && !m.helping:
		m.toast = ""
		if to := m.form.paste(text); to != "" {
			m.toast = steps.SaySorted(to)
		}
	}
}

// reveal shows a masked field for a moment.
func (m *Model) reveal() tea.Cmd {
	m.form.reveal = !m.form.reveal
	screen := m.prompt.Screen
	return tea.Tick(revealFor, func(time.Time) tea.Msg { return hideMsg{screen} })
}

// revealFor is how long ctrl+r shows a masked field.
const revealFor = 8 * time.Second

type hideMsg struct{ screen string }
