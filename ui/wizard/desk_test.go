package wizard

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/stepstest"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // what is drawn shows local days
	os.Exit(m.Run())
}

// organization is the name that a person types in these tests.
const organization = "Sunrise Clinic"

// desk is a person before the wizard: keys and pastes go through Update, and the
// commands that come of them are run, unless they are held back.
type desk struct {
	t     testing.TB
	world *stepstest.World
	m     *Model
	token keys.Secret // the client token that the portal shows

	holding bool // keep commands instead of running them
	held    []tea.Cmd
	quit    tea.Msg // how the program ended, or nil

	messages chan tea.Msg
	running  int  // commands
	still    bool // in a synctest bubble: time goes on only where a test says so

	clipboard []string // what the terminal was asked to copy

	presses, pastes int
}

// newDesk returns a desk whose wizard has not drawn yet.
func newDesk(t testing.TB, change ...func(*Options)) *desk {
	t.Helper()
	w := stepstest.New(t)
	w.SetClock(stepstest.Start)
	d := &desk{t: t, world: w, token: clientToken(t), messages: make(chan tea.Msg, 100)}
	o := Options{
		Facts: steps.Facts{Session: w.Session()}, Services: w.Services(), ReducedMotion: true,
		Copy: func(string) error { return nil }, OpenURL: func(string) error { return nil },
	}
	for _, f := range change {
		f(&o)
	}
	d.m = newModel(t.Context(), o)
	d.m.send = func(msg tea.Msg) { d.messages <- sentMsg{msg} }
	return d
}

// clientToken returns the client token of all tests here: each call of keystest
// makes another one.
var tokenOnce struct {
	sync.Once
	token keys.Secret
}

func clientToken(t testing.TB) keys.Secret {
	tokenOnce.Do(func() {
		tokenOnce.token = keystest.Token(t, keystest.TokenSpec{Expires: stepstest.Start.AddDate(1, 0, 0)})
	})
	return tokenOnce.token
}

// launch starts the wizard, as the program does.
func launch(t testing.TB, change ...func(*Options)) *desk {
	t.Helper()
	d := newDesk(t, change...)
	d.do(d.m.Init())
	d.resize(size{100, 40})
	return d
}

// showing is a wizard that stands where the facts say: the effect that looks at
// what is saved has just come back with them.
func showing(t testing.TB, facts steps.Facts, err error, change ...func(*Options)) *desk {
	t.Helper()
	d := newDesk(t, change...)
	state := facts.State
	if facts.Session.Ready {
		if err := d.world.Secrets.Use(context.Background(), facts.Session.Backend, keys.NewSecret(stepstest.Passphrase)); err != nil {
			t.Fatal(err)
		}
	}
	d.world.Progress.States[state.ID()], d.world.Progress.Held = state, facts.Session.Open
	flow, first := steps.New(facts).Start()
	d.m.follow(flow.Apply(steps.Result{Attempt: first.Attempt, Facts: facts, Err: err}))
	d.m.card.Show(d.m.flow.Prompt())
	d.resize(size{100, 40})
	return d
}

// send hands a message to the model and runs what follows.
func (d *desk) send(msg tea.Msg) *desk {
	d.t.Helper()
	next, cmd := d.m.Update(msg)
	if next != tea.Model(d.m) {
		d.t.Fatal("Update returned another model")
	}
	d.do(cmd)
	return d
}

// do runs commands, and those that their messages lead to, until none is left.
// Commands run beside each other, as in the program; messages come one by one.
func (d *desk) do(cmd tea.Cmd) {
	d.t.Helper()
	if cmd == nil {
		return
	}
	if d.holding {
		d.held = append(d.held, cmd)
		return
	}
	d.start(cmd)
	d.settle()
}

func (d *desk) start(cmd tea.Cmd) {
	if cmd != nil {
		d.running++
		go func() { d.messages <- cmd() }()
	}
}

// sentMsg is what a command sends while it runs.
type sentMsg struct{ tea.Msg }

// settle takes the messages of the commands that run: of all, or of those that
// need no time where time stands still.
func (d *desk) settle() {
	for d.running > 0 {
		if d.still {
			synctest.Wait()
			if len(d.messages) == 0 {
				return
			}
		}
		msg := <-d.messages
		if sent, ok := msg.(sentMsg); ok {
			d.take(sent.Msg)
			continue
		}
		for _, msg := range inTurn(msg) {
			d.take(msg)
		}
		d.running--
	}
}

// take does with a message what the program does.
func (d *desk) take(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			d.start(c)
		}
	case tea.QuitMsg, tea.InterruptMsg, tea.SuspendMsg:
		d.quit = msg
	default:
		if fmt.Sprintf("%T", msg) == "tea.setClipboardMsg" {
			d.clipboard = append(d.clipboard, fmt.Sprint(msg))
		}
		_, c := d.m.Update(msg)
		d.start(c)
	}
}

// inTurn returns the messages of a sequence of commands, which has a type of
// Bubble Tea's own, or the one message that it is given.
func inTurn(msg tea.Msg) []tea.Msg {
	v := reflect.ValueOf(msg)
	if _, batch := msg.(tea.BatchMsg); batch || v.Kind() != reflect.Slice || v.Type().Elem() != reflect.TypeFor[tea.Cmd]() {
		return []tea.Msg{msg}
	}
	var all []tea.Msg
	for i := range v.Len() {
		all = append(all, v.Index(i).Interface().(tea.Cmd)())
	}
	return all
}

// report is progress of the effect under way.
func (d *desk) report(ev steps.Event) {
	d.send(eventMsg{d.m.attempt, ev})
}

// hold keeps back what the next keys lead to: a slow keyring, a slow DPC.
func (d *desk) hold() *desk { d.holding = true; return d }

// release runs what was kept back.
func (d *desk) release() *desk {
	d.t.Helper()
	held := d.held
	d.holding, d.held = false, nil
	d.do(tea.Batch(held...))
	return d
}

// press presses keys by the names that Bubble Tea gives them.
func (d *desk) press(names ...string) *desk {
	d.t.Helper()
	for _, name := range names {
		d.presses++
		d.send(keyPress(name))
	}
	return d
}

// write types a text, key by key.
func (d *desk) write(text string) *desk {
	d.t.Helper()
	for _, r := range text {
		d.press(keyName(r))
	}
	return d
}

// paste pastes a text in one piece.
func (d *desk) paste(text string) *desk {
	d.t.Helper()
	d.pastes++
	return d.send(tea.PasteMsg{Content: text})
}

func keyName(r rune) string {
	switch r {
	case ' ':
		return "space"
	case '\n':
		return "enter"
	}
	return string(r)
}

var namedKeys = map[string]rune{
	"enter": tea.KeyEnter, "tab": tea.KeyTab, "esc": tea.KeyEscape, "space": tea.KeySpace, "backspace": tea.KeyBackspace,
	"delete": tea.KeyDelete, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "f1": tea.KeyF1,
}

// keyPress makes the message of a key, as "ctrl+r", "shift+tab", "enter" or "x".
func keyPress(name string) tea.KeyPressMsg {
	var k tea.KeyPressMsg
	for prefix, mod := range map[string]tea.KeyMod{"ctrl+": tea.ModCtrl, "alt+": tea.ModAlt, "shift+": tea.ModShift} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			k.Mod |= mod
			name = rest
		}
	}
	if code, ok := namedKeys[name]; ok {
		k.Code = code
	} else {
		k.Code = []rune(name)[0]
		if k.Mod == 0 {
			k.Text = name
		}
	}
	if name == "space" {
		k.Text = " "
	}
	return k
}

// screen is the name of the screen that is shown.
func (d *desk) screen() string {
	if d.m.home != nil {
		return "home"
	}
	return d.m.card.Prompt.Screen
}

// at fails the test where another screen is shown.
func (d *desk) at(screen string) *desk {
	d.t.Helper()
	if got := d.screen(); got != screen {
		d.t.Fatalf("the screen is %q and not %q:\n%s", got, screen, d.text())
	}
	return d
}

// text is what the screen reads without colors.
func (d *desk) text() string { return ansi.Strip(d.m.View().Content) }

// words is what the card and the footer read on one line: sentences are found in
// it although the frame broke them.
func (d *desk) words() string {
	var b strings.Builder
	for _, line := range strings.Split(d.text(), "\n") {
		if i := strings.Index(line, "│"); i >= 0 {
			line = line[i:]
		}
		b.WriteString(" " + strings.Trim(line, "│ "))
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// says fails the test where the screen lacks a text.
func (d *desk) says(texts ...string) *desk {
	d.t.Helper()
	for _, text := range texts {
		if !strings.Contains(d.words(), text) {
			d.t.Fatalf("%q is not on the screen:\n%s", text, d.text())
		}
	}
	return d
}

// silent fails the test where the screen shows a text.
func (d *desk) silent(texts ...string) *desk {
	d.t.Helper()
	for _, text := range texts {
		if strings.Contains(d.words(), text) {
			d.t.Fatalf("%q is on the screen:\n%s", text, d.text())
		}
	}
	return d
}

// value returns what a field of the form holds.
func (d *desk) value(name string) string {
	d.t.Helper()
	value, ok := d.m.card.Form.Answer("").Values[name]
	if !ok {
		d.t.Fatalf("no field %q on %q", name, d.screen())
	}
	return value.Reveal()
}

// focused names the field that has the focus on the screen, or the action behind
// an @.
func (d *desk) focused() string {
	d.t.Helper()
	for _, f := range d.m.card.Prompt.Fields {
		if strings.Contains(d.text(), "│ ❯ "+f.Label+" ") {
			return f.Name
		}
	}
	return "@" + d.m.card.Form.Action()
}

// walk takes the default way from here up to a screen, "" for all of it.
func (d *desk) walk(until string) *desk {
	d.t.Helper()
	if until == "" {
		until = "deliver"
	}
	for _, step := range guide {
		if d.screen() == until {
			return d
		}
		if d.screen() == step.screen {
			step.do(d)
		}
	}
	return d.at(until)
}

// guide is the default way to a sealed package, with the values copied that the
// portal asks for.
var guide = []struct {
	screen string
	do     func(*desk)
}{
	{"access", func(d *desk) { d.write(organization).press("enter").write(stepstest.NPI).press("enter", "enter") }},
	{"token", func(d *desk) { d.press("c", "enter") }},
	{"save", func(d *desk) { d.paste(d.token.Reveal()).paste(keystest.OrganizationID).press("enter") }},
	{"key", func(d *desk) { d.press("enter") }},
	{"add", func(d *desk) { d.press("l", "p", "s", "enter") }},
	{"id", func(d *desk) { d.paste(stepstest.KeyID).press("enter") }},
	{"check", func(d *desk) { d.press("enter", "enter") }},
	{"seal", func(d *desk) { d.press("enter") }},
}
