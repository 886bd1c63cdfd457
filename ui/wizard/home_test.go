package wizard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/steps"
	"dpc-onboard/steps/stepstest"
)

// atHomeWith is a wizard at its home screen.
func atHomeWith(t testing.TB, list func() []steps.State, change ...func(*Options)) *desk {
	t.Helper()
	return launch(t, append([]func(*Options){func(o *Options) {
		o.Home = true
		o.Entries = func() ([]steps.State, error) { return list(), nil }
	}}, change...)...)
}

func TestHomeFilter(t *testing.T) {
	d := atHomeWith(t, func() []steps.State { return people(5000) })
	d.write("PRACTICE 77").says("Practice 77", "Practice 770")
	matches := 0
	for i, s := range d.m.home.all {
		if strings.Contains(s.Organization+s.NPI, "77") {
			if matches++; !slices.Contains(d.m.home.matches, i) {
				t.Fatalf("%s (%s) does not match 77", s.Organization, s.ID())
			}
		}
	}
	if got := len(d.m.home.matches); got != matches || got < 100 {
		t.Errorf("%d match, want %d", got, matches)
	}
	d.press("esc")
	if len(d.m.home.matches) != 5000 || d.m.home.typed != "" {
		t.Errorf("esc leaves %d", len(d.m.home.matches))
	}
	d.paste("1000000041\r\n").says("Practice 42")
	if len(d.m.home.matches) != 1 {
		t.Errorf("an NPI finds %d", len(d.m.home.matches))
	}
	d.press("end", "backspace", "2").says("Practice 43")
	d.write(" nobody").says(steps.SayHomeNone, steps.SayHomeNew)
	d.press("enter").at("access") // what is left to choose
}

// TestHomeMoves keeps to the list's ends.
func TestHomeMoves(t *testing.T) {
	d := atHomeWith(t, func() []steps.State { return people(30) })
	for _, c := range []struct {
		key  string
		want int
	}{
		{"up", 0}, {"down", 1}, {"tab", 2}, {"shift+tab", 1}, {"pgdown", 11}, {"pgdown", 21}, {"pgdown", 30}, {"down", 30}, {"pgup", 20}, {"pgup", 10}, {"pgup", 0}, {"pgup", 0},
	} {
		if d.press(c.key); d.m.home.chosen != c.want {
			t.Errorf("%s: at %d, want %d", c.key, d.m.home.chosen, c.want)
		}
		if why := d.m.broken(); why != "" {
			t.Errorf("%s: %s", c.key, why)
		}
	}
}

// TestHomeIsQuickWithThousands compares what is allocated, which does not depend
// on the machine: a screen costs the same for 5,000 onboardings as for 50, and a
// typed letter looks at each of them once.
func TestHomeIsQuickWithThousands(t *testing.T) {
	few, many := atHomeWith(t, func() []steps.State { return people(50) }), atHomeWith(t, func() []steps.State { return people(5000) })
	allocations := func(d *desk, f func(*Model)) float64 { return testing.AllocsPerRun(5, func() { f(d.m) }) }
	draw := func(m *Model) { _ = m.View() }
	if a, b := allocations(few, draw), allocations(many, draw); b > 1.2*a {
		t.Errorf("drawing allocates %.0f times for 50 and %.0f times for 5,000", a, b)
	}
	filter := func(m *Model) { m.home.filter("practice 4") }
	if a, b := allocations(few, filter), allocations(many, filter); b > 120*a {
		t.Errorf("filtering allocates %.0f times for 50 and %.0f times for 5,000", a, b)
	}
}

func BenchmarkHomeFilter(b *testing.B) {
	d := atHomeWith(b, func() []steps.State { return people(5000) })
	for b.Loop() {
		d.m.home.filter("practice 4")
		_ = d.m.View()
	}
}

func TestHomeOpens(t *testing.T) {
	d := atHomeWith(t, func() []steps.State { return known(t) })
	d.world.Progress.States["1000000000-sandbox"] = people(1)[0]
	d.press("down", "down", "down", "down", "enter")
	if got := d.m.flow.State().NPI; got != "1000000000" || d.screen() == "home" {
		t.Fatalf("opened %q at %q", got, d.screen())
	}
}

func TestHomeStartsAnother(t *testing.T) {
	for _, keys := range [][]string{{"ctrl+n"}, {"pgdown", "enter"}, {"up", "pgdown", "enter"}} {
		d := atHomeWith(t, func() []steps.State { return known(t) }).press(keys...).at("access")
		if d.value("organization") != "" {
			t.Error("the form is not empty")
		}
		d.press("esc").at("home").says(steps.SayHomeTitle)
	}
}

// TestForgetAsks deletes on a plain yes alone, and says how it went.
func TestForgetAsks(t *testing.T) {
	for _, key := range []string{"n", "esc", "enter", "space", "Y", "ctrl+x", "down"} {
		d, gone := forgetting(t, nil)
		d.press("ctrl+x").says("Delete the tokens, the private key and the progress of Practice 1 (sandbox)?", "y delete")
		d.press(key).silent("Delete the tokens")
		if *gone != 0 {
			t.Errorf("%s deletes", key)
		}
	}
	d, gone := forgetting(t, nil)
	d.press("ctrl+x", "y").says("Deleted Practice 1 (sandbox).").silent("❯ Practice 1")
	if *gone != 1 {
		t.Errorf("deleted %d", *gone)
	}
	d, _ = forgetting(t, errors.New("the keyring is locked"))
	d.press("delete", "y").says("Not deleted: the keyring is locked", "Practice 1 ")
	d, gone = forgetting(t, nil)
	d.press("ctrl+x", "ctrl+c")
	if _, ok := d.quit.(tea.InterruptMsg); !ok || *gone != 0 {
		t.Errorf("ctrl+c at the question ends by %T, %d deleted", d.quit, *gone)
	}
	d, gone = forgetting(t, nil)
	d.press("pgdown", "ctrl+x").silent("Delete the tokens").press("y") // the line that starts another
	if *gone != 0 {
		t.Error("something was deleted without a question")
	}
}

func forgetting(t testing.TB, err error) (d *desk, gone *int) {
	gone = new(int)
	d = atHomeWith(t, func() []steps.State { return people(3)[*gone:] }, func(o *Options) {
		o.Forget = func(context.Context, steps.State) error {
			if err == nil {
				*gone++
			}
			return err
		}
	})
	return d, gone
}

// TestHomeWithoutForget has no key for it.
func TestHomeWithoutForget(t *testing.T) {
	d := atHomeWith(t, func() []steps.State { return people(3) }).silent("ctrl+x")
	d.press("ctrl+x").silent("Delete the tokens").at("home")
}

// TestHomeTellsDaysLeft has the words for the edges.
func TestHomeTellsDaysLeft(t *testing.T) {
	for days, want := range map[int]string{-1: "token expired", 1: "1 day left", 6: "6 days left", 29: "29 days left", 400: "400 days left"} {
		s := people(1)
		s[0].ClientToken = &steps.TokenFact{Expires: stepstest.Start.AddDate(0, 0, days)}
		atHomeWith(t, func() []steps.State { return s }).resize(size{120, 30}).says(want)
	}
}

// TestHomeBeforeItIsRead takes keys while the list is still being read.
func TestHomeBeforeItIsRead(t *testing.T) {
	d := newDesk(t, func(o *Options) {
		o.Home = true
		o.Entries = func() ([]steps.State, error) { return people(3), nil }
	})
	init := d.m.Init()
	d.says(steps.SayHomeLoading).write("1000000001").press("enter", "down", "up", "ctrl+x").at("home")
	d.do(init)
	d.at("home").says("Practice 2").silent("Practice 3")
	if got := fmt.Sprint(d.m.home.matches); got != "[1]" {
		t.Errorf("matches %s", got)
	}
}
