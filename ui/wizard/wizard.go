package wizard

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/ui/wizard/card"
	"dpc-onboard/ui/wizard/home"
	"dpc-onboard/ui/wizard/theme"
)

// Options say where the wizard begins and what it reaches the outside through.
type Options struct {
	Facts    steps.Facts
	Services steps.Services

	// Entries lists the onboardings for the home screen; nil for none.
	Entries func() ([]record.State, error)
	// Home begins at the home screen.
	Home bool
	// Forget deletes an onboarding's secrets and progress.
	Forget func(context.Context, record.State) error

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

	Input   io.Reader
	Output  io.Writer
	Environ []string
}

// Run shows the wizard until the person is done or leaves, and returns the flow
// as it stood then. Leaving by ctrl+c is tea.ErrInterrupted.
func Run(ctx context.Context, o Options) (steps.Flow, error) {
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(o.Input), tea.WithOutput(o.Output), tea.WithEnvironment(o.Environ),
	}
	if o.NoColor {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	m := newModel(ctx, o)
	program := tea.NewProgram(m, options...)
	m.send = program.Send
	_, err := program.Run()
	m.cancel()
	m.clipboard.close()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		err = ctx.Err()
	}
	return m.flow, err
}

// Model is the one tea.Model. It routes what comes in: to the flow, to the card
// that shows the flow's prompt, or to the list of onboardings.
type Model struct {
	ctx     context.Context
	options Options
	first   tea.Cmd // looks at what is saved, or lists it
	send    func(tea.Msg)

	flow steps.Flow
	card *card.Card
	home *home.Home // the list, while it is shown

	ahead    []func() tea.Cmd // what was typed before it could be taken
	starting bool             // the first effect is under way

	profile    colorprofile.Profile
	background theme.Background
	asked      time.Time // when the terminal was asked for its background
	styles     *theme.Styles

	width, height int
	boxWidth      int
	footer        []string // as laid out

	leaving   bool   // ctrl+c was pressed once while a secret is unsaved
	toast     string // what a copy or a paste did
	clipboard clipboard
	cancel    context.CancelFunc
	attempt   int // of the effect under way
}

func newModel(ctx context.Context, o Options) *Model {
	m := &Model{
		ctx: ctx, options: o, width: 80, height: 24,
		profile: colorprofile.TrueColor, background: theme.Unknown, asked: o.Services.Now(), styles: &theme.Styles{},
		clipboard: clipboard{write: o.Copy, remove: o.ClearClipboard}, cancel: func() {}, send: func(tea.Msg) {},
	}
	m.card = card.New(m.styles)
	m.card.Still = o.ReducedMotion
	m.restyle()
	m.flow = steps.New(o.Facts)
	if o.Home && o.Entries != nil {
		m.first = m.list(false)
	} else {
		m.first, m.starting = m.start(o.Facts), true
	}
	m.layout()
	return m
}

// restyle makes the theme anew for what is known of the terminal.
func (m *Model) restyle() {
	if m.options.NoColor {
		m.profile = colorprofile.ASCII
	}
	*m.styles = theme.New(m.background, m.profile)
}

// follow takes up where the flow stands now.
func (m *Model) follow(f steps.Flow) {
	m.flow, m.toast = f, ""
	m.starting = m.starting && f.Busy() != ""
	m.card.Busy(f.Busy())
}

// slowAnswer is how long a terminal may take to tell its background before
// nothing moves on it any more: the way to it is slow.
const slowAnswer = 400 * time.Millisecond

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd { return tea.Batch(tea.RequestBackgroundColor, m.first) }

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.route(msg)
	if ahead := m.ahead; len(ahead) > 0 && !m.waiting() {
		m.ahead = nil
		cmds := []tea.Cmd{cmd}
		for _, typed := range ahead {
			cmds = append(cmds, typed())
		}
		cmd = tea.Batch(cmds...)
	}
	m.layout()
	return m, cmd
}

// waiting reports whether what is typed has to wait: the first screen is not ready,
// or the window shows none.
func (m *Model) waiting() bool { return m.starting || m.tooSmall() }

// wait keeps what was typed until the wait is over. Where a later effect runs it is
// dropped: it might answer what nobody has seen.
func (m *Model) wait(typed func() tea.Cmd) {
	if m.starting || m.flow.Busy() == "" {
		m.ahead = append(m.ahead, typed)
	}
}

// route hands on a message: what the terminal is, what a person does, and what
// comes back from commands.
func (m *Model) route(msg tea.Msg) (cmd tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.background = theme.Light
		if msg.IsDark() {
			m.background = theme.Dark
		}
		m.card.Still = m.card.Still || m.options.Services.Now().Sub(m.asked) > slowAnswer
		m.restyle()
	case tea.ColorProfileMsg:
		m.profile = msg.Profile
		m.restyle()
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.PasteMsg:
		return m.paste(msg)
	case resultMsg:
		return m.apply(msg.Result)
	case eventMsg:
		if msg.attempt == m.attempt && m.flow.Busy() != "" { // not of one that was canceled, or has ended
			m.card.Report(msg.Event)
		}
	case spinner.TickMsg:
		return m.card.Turn(msg)
	case notCopiedMsg:
		m.clipboard.native = false
		m.toast = msg.label + ": sent to the terminal's clipboard. If pasting gives something else, write the values to files."
	case expiredMsg:
		cmd = m.clipboard.expire(msg.secret)
		if cmd != nil {
			m.toast = "The clipboard was emptied."
		}
	case toastMsg:
		m.toast = string(msg)
	case home.Entries:
		if m.home != nil && !m.home.Take(msg) { // what was typed would be lost for nothing
			m.home = nil
			m.toast = "This is the first step, and there is no other onboarding yet."
		}
	case home.Forgotten:
		m.toast = string(msg)
		if m.home != nil {
			return m.home.Read
		}
	default:
		if m.home != nil {
			return m.home.Update(m.ctx, msg)
		}
		return m.card.Form.Update(msg)
	}
	return cmd
}

// press routes a key: those that always work first.
func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	k := m.keymap()
	deletes := m.home == nil && m.card.Form.Takes(msg)
	switch {
	case msg.String() == "ctrl+z":
		return tea.Suspend
	case key.Matches(msg, k.Quit) && !deletes:
		return m.leave(msg)
	}
	m.leaving = false
	if !key.Matches(msg, k.Scroll) {
		m.card.Scrolled = false
	}
	switch {
	case m.waiting() && (m.tooSmall() || !key.Matches(msg, k.Back)):
		m.wait(func() tea.Cmd { return m.press(msg) })
		return nil
	case m.home == nil:
		return m.pressCard(msg, k)
	}
	m.toast = ""
	if s, opens := m.home.Opens(msg); opens {
		return m.switchTo(s, false)
	}
	if s, renews := m.home.Renews(msg); renews {
		return m.switchTo(s, true)
	}
	return m.home.Update(m.ctx, msg)
}

// leave ends the program. It asks once only where something would be lost: a
// secret that was pasted and not saved.
func (m *Model) leave(msg tea.KeyPressMsg) tea.Cmd {
	if m.home == nil && m.card.Form.Unsaved() && !m.leaving {
		m.leaving = true
		return nil
	}
	m.cancel()
	if msg.String() == "ctrl+c" {
		return m.clipboard.leave(tea.Interrupt)
	}
	return m.clipboard.leave(tea.Quit)
}

func (m *Model) pressCard(msg tea.KeyPressMsg, k keymap) tea.Cmd {
	form, helping := m.card.Form, m.card.Helping
	switch {
	case key.Matches(msg, k.Scroll):
		m.card.Scroll(msg.String() == "pgup")
	case key.Matches(msg, k.Help), helping && key.Matches(msg, k.Back, k.Enter):
		m.card.Help(!helping)
	case key.Matches(msg, k.Back):
		return m.back()
	case helping, m.flow.Busy() != "":
	case key.Matches(msg, k.Portal):
		url, open := m.card.Prompt.URL, m.options.OpenURL
		return func() tea.Msg {
			if open(url) != nil {
				return toastMsg("The browser could not be opened. The address is " + url)
			}
			return toastMsg("Opened in the browser.")
		}
	case key.Matches(msg, k.Enter):
		if form.Advance() {
			return m.submit(form.Action())
		}
	case form.Takes(msg):
		return form.Update(msg)
	case key.Matches(msg, k.Next):
		form.Move(1)
	case key.Matches(msg, k.Previous):
		form.Move(-1)
	default:
		return m.letter(msg)
	}
	return nil
}

// toastMsg is what a command has to say.
type toastMsg string

// letter does what a prompt's own letter stands for: with alt, where letters are
// typed.
func (m *Model) letter(msg tea.KeyPressMsg) tea.Cmd {
	pressed := strings.TrimPrefix(msg.String(), "alt+")
	for _, c := range m.card.Prompt.Copies {
		if c.Key == pressed {
			m.card.Copied[c.Name] = true
			says, cmd := m.clipboard.copy(c)
			m.toast = says
			return cmd
		}
	}
	for _, a := range m.card.Prompt.Actions {
		if a.Key == pressed {
			return m.submit(a.Name)
		}
	}
	return m.card.Form.Update(msg)
}

// submit answers the prompt.
func (m *Model) submit(action string) tea.Cmd {
	flow, effect, err := m.flow.Answer(m.card.Form.Answer(action))
	if fault, ok := errors.AsType[*steps.FieldError](err); ok {
		m.card.Form.Blame(fault)
		return nil
	}
	if err != nil {
		m.toast = err.Error()
		return nil
	}
	m.follow(flow)
	if flow.Quit() {
		return m.clipboard.leave(tea.Quit)
	}
	if flow.Busy() == "" { // nothing has to be done, or "really?" is asked first
		m.card.Show(flow.Prompt())
		return nil
	}
	m.card.Form.Blame(nil)
	return m.run(effect)
}

// back gives up what is being done, or goes to the screen before; from the first
// one it goes to the list.
func (m *Model) back() tea.Cmd {
	busy := m.flow.Busy() != ""
	flow, ok := m.flow.Back()
	switch {
	case busy:
		m.cancel()
		m.follow(flow)
		m.toast = "Stopped. Nothing was changed."
	case ok:
		m.follow(flow)
		m.card.Show(flow.Prompt())
	case m.options.Entries != nil:
		return m.list(true)
	}
	return nil
}

// list shows the onboardings; behind tells that one was left for it.
func (m *Model) list(behind bool) tea.Cmd {
	_ = m.card.Form.Update(tea.BlurMsg{})
	m.home = home.New(home.Options{Entries: m.options.Entries, Forget: m.options.Forget, Now: m.options.Services.Now}, m.styles, behind)
	return m.home.Read
}

// switchTo takes up an onboarding from the list, or a new one. renew leads to the
// question whether its client token is to be renewed.
func (m *Model) switchTo(s record.State, renew bool) tea.Cmd {
	m.home = nil
	facts := m.flow.SwitchTo(s)
	facts.Session.Renew = renew
	return m.start(facts)
}

// start takes up an onboarding, and looks at what is saved of it.
func (m *Model) start(facts steps.Facts) tea.Cmd {
	flow, effect := steps.New(facts).Start()
	m.follow(flow)
	m.card.Show(flow.Prompt())
	m.card.Top(false)
	return m.run(effect)
}

// paste takes pasted text: to the list's filter, or to the fields it belongs in.
func (m *Model) paste(msg tea.PasteMsg) tea.Cmd {
	m.leaving = false
	switch {
	case m.waiting():
		m.wait(func() tea.Cmd { return m.paste(msg) })
	case m.home != nil:
		return m.home.Update(m.ctx, msg)
	case m.flow.Busy() == "" && !m.card.Helping:
		m.toast = ""
		if label := m.card.Form.Paste(msg.Content); label != "" {
			m.toast = "That belongs in “" + label + "”, so it was put there."
		}
	}
	return nil
}

// resultMsg is what an effect came to.
type resultMsg struct{ steps.Result }

// eventMsg is progress of a running effect.
type eventMsg struct {
	attempt int
	steps.Event
}

// run starts an effect. It runs in a goroutine of the program's; what it reports
// comes in as messages.
func (m *Model) run(e steps.Effect) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	m.cancel, m.attempt = cancel, e.Attempt
	return tea.Batch(m.card.Spin(), func() tea.Msg {
		defer cancel()
		result := e.Run(ctx, m.options.Services, func(ev steps.Event) { m.send(eventMsg{e.Attempt, ev}) })
		if ctx.Err() != nil { // given up, perhaps for another onboarding
			return nil
		}
		return resultMsg{result}
	})
}

// apply takes an effect's result. A failed one leaves the form as it is, so that
// nothing has to be typed twice.
func (m *Model) apply(r steps.Result) tea.Cmd {
	busy := m.flow.Busy()
	m.follow(m.flow.Apply(r))
	if m.flow.Busy() != "" || busy == "" {
		return nil
	}
	prompt := m.flow.Prompt()
	if r.Err == nil || prompt.Screen != m.card.Prompt.Screen {
		m.card.Show(prompt)
		return nil
	}
	m.card.Prompt = prompt
	m.card.Top(true) // why it failed stands at the top
	return nil
}
