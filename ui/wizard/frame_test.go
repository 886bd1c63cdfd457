package wizard

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps/stepstest"
)

// broken says what is wrong with a frame, or "": it fits the window, its box is
// closed, and where typing goes on is in sight. Widths are measured with the
// styles in, as the program's renderer does: a cursor takes a cluster apart.
func (m *Model) broken() string {
	content := m.View().Content
	text, lines := ansi.Strip(content), strings.Split(content, "\n")
	if why := misfit(content, m.width, m.height); why != "" {
		return why
	}
	if m.tooSmall() {
		if !strings.Contains(text, "Please") && m.width > 6 && m.height > 0 {
			return "nothing says that the window is too small"
		}
		return ""
	}
	if len(lines) < m.height-3 {
		return fmt.Sprintf("only %d lines in a window of %d", len(lines), m.height)
	}
	if why := openBox(lines); why != "" {
		return why
	}
	return m.outOfSight(text)
}

// misfit says how a text does not fit into a window, or "".
func misfit(text string, width, height int) string {
	lines := strings.Split(text, "\n")
	if len(lines) > max(1, height) {
		return fmt.Sprintf("%d lines in a window of %d", len(lines), height)
	}
	for i, line := range lines {
		if w := lipgloss.Width(line); w > width {
			return fmt.Sprintf("line %d is %d wide in a window of %d", i+1, w, width)
		}
	}
	return ""
}

// openBox looks at the card's border.
func openBox(lines []string) string {
	top, bottom := -1, -1
	for i, line := range lines {
		if strings.Contains(line, "╭") {
			top = i
		}
		if strings.Contains(line, "╰") {
			bottom = i
		}
	}
	if top < 0 || bottom < top+2 {
		return "the card has no box"
	}
	left, right := ends(lines[top], "╭", "╮")
	if left < 0 || right < left {
		return "the box has no top"
	}
	if l, r := ends(lines[bottom], "╰", "╯"); l != left || r != right {
		return "the box has no bottom"
	}
	for i := top + 1; i < bottom; i++ {
		if l, r := ends(lines[i], "│", "│"); l != left || r != right {
			return fmt.Sprintf("the box is open at line %d: %d–%d, not %d–%d", i+1, l, r, left, right)
		}
	}
	return ""
}

// ends returns the columns of a line's first and last mark.
func ends(line, first, last string) (left, right int) {
	l, r := strings.Index(line, first), strings.LastIndex(line, last)
	if l < 0 || r < 0 {
		return -1, -1
	}
	return lipgloss.Width(line[:l]), lipgloss.Width(line[:r])
}

// outOfSight says what of the focus is not drawn: the field, the action, or the
// line of the list. Who scrolls, or reads what is new, may leave a field.
func (m *Model) outOfSight(text string) string {
	switch {
	case m.home != nil && (strings.Contains(text, "Reading") || strings.Contains(text, "Delete")):
	case m.home == nil && (m.card.Scrolled || m.card.Helping || m.flow.Busy() != ""):
	case !strings.Contains(text, "│ ❯ "):
		return "the focus is not in sight"
	}
	return ""
}

// sizesDownAndUp goes from a large window to a tiny one and back.
func sizesDownAndUp() []size {
	var down []size
	for i := range 31 {
		down = append(down, size{200 - 6*i, max(5, 60-2*i)})
	}
	down = append(down, size{20, 5}, size{1, 1}, size{0, 0}, size{200, 12}, size{40, 60}, size{40, 12}, size{79, 12}, size{80, 12}, size{59, 13}, size{60, 13})
	all := down
	for i := len(down) - 1; i >= 0; i-- {
		all = append(all, down[i])
	}
	return all
}

// TestNoFrameBreaks resizes every screen from 200×60 to 20×5 and back while keys
// are pressed, and loses nothing that was typed.
func TestNoFrameBreaks(t *testing.T) {
	for _, scene := range scenes() {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			d := scene.show(t)
			for i, s := range sizesDownAndUp() {
				d.resize(s)
				if why := d.m.broken(); why != "" {
					t.Fatalf("%dx%d: %s\n%s", s.width, s.height, why, d.text())
				}
				if i%3 == 0 && d.m.home == nil && d.m.card.Form.Typing() && !d.m.leaving {
					before := d.typed()
					d.press("x")
					if got := d.typed(); !d.m.tooSmall() && got != before+1 && d.m.flow.Busy() == "" && !d.m.card.Helping {
						t.Fatalf("%dx%d: %d characters became %d", s.width, s.height, before, got)
					}
					if why := d.m.broken(); why != "" {
						t.Fatalf("%dx%d, after a key: %s\n%s", s.width, s.height, why, d.text())
					}
				}
			}
		})
	}
}

// typed is how much stands in all fields.
func (d *desk) typed() (n int) {
	for _, v := range d.m.card.Form.Answer("").Values {
		n += v.Len()
	}
	return n
}

// TestResizeKeepsWhatWasTyped types into three fields while the window changes.
func TestResizeKeepsWhatWasTyped(t *testing.T) {
	d := launch(t)
	sizes := sizesDownAndUp()
	for i, r := range organization {
		d.resize(sizes[i%20]).write(string(r))
	}
	d.press("enter").resize(size{20, 5}).resize(size{40, 12})
	for i, r := range stepstest.NPI {
		d.resize(sizes[i%30]).write(string(r))
	}
	d.resize(size{20, 5}).press("x", "backspace").resize(size{80, 24}) // too small: keys wait
	if got := d.value("organization"); got != organization {
		t.Errorf("organization: %q", got)
	}
	if got := d.value("npi"); got != stepstest.NPI {
		t.Errorf("NPI: %q", got)
	}
	d.press("enter", "enter").at("token")
}

// TestWindowBeforeAnything sends what a terminal says of itself in any order,
// with Views in between, before the first size.
func TestWindowBeforeAnything(t *testing.T) {
	messages := []tea.Msg{
		tea.WindowSizeMsg{Width: 100, Height: 30},
		tea.BackgroundColorMsg{Color: lipgloss.Color("#fafafa")},
		tea.ColorProfileMsg{Profile: 4},
		tea.KeyPressMsg{Code: 'S', Text: "S"},
		tea.FocusMsg{},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var want string
	for range 60 {
		d := newDesk(t)
		if d.m.View().Content == "" {
			t.Fatal("nothing is drawn before the size is known")
		}
		rng.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
		d.do(d.m.Init())
		for _, msg := range messages {
			d.send(msg)
			if why := d.m.broken(); why != "" {
				t.Fatal(why)
			}
		}
		if want == "" {
			want = d.m.View().Content
		}
		if got := d.m.View().Content; got != want {
			t.Fatalf("in another order it looks different:\n%s\n%s", want, got)
		}
	}
}

// TestBrokenFramesAreSeen makes sure that the rule above can fail.
func TestBrokenFramesAreSeen(t *testing.T) {
	for want, box := range map[string]string{
		"":                              "╭──╮\n│  │\n╰──╯",
		"the box is open at line 3":     "╭──╮\n│  │\n│  \n╰──╯",
		"the box has no bottom":         "╭──╮\n│  │\n╰─╯",
		"the card has no box":           "╭──╮",
		"the box is open at line 2: -1": "╭──╮\n    \n╰──╯",
	} {
		if got := openBox(strings.Split(box, "\n")); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s\ngot %q, want %q", box, got, want)
		}
	}
	for _, text := range []string{"1\n2\n3\n4", "123456", "\x1b[1m1234\x1b[m\n医療法"} {
		if misfit(ansi.Strip(text), 5, 3) == "" {
			t.Errorf("%q fits into 5x3", text)
		}
	}
	if why := misfit("12345\n医療\n", 5, 3); why != "" {
		t.Error(why)
	}
}
