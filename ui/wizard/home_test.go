package wizard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// atHomeWith is a wizard at its home screen.
func atHomeWith(t testing.TB, list func() []record.State, change ...func(*Options)) *desk {
	t.Helper()
	return launch(t, append([]func(*Options){func(o *Options) {
		o.Home = true
		o.Entries = func() ([]record.State, error) { return list(), nil }
	}}, change...)...)
}

func TestHomeFilter(t *testing.T) {
	list := people(5000)
	d := atHomeWith(t, func() []record.State { return list })
	matches := 0
	for _, s := range list {
		if strings.Contains(s.Organization+s.NPI, "77") {
			matches++
		}
	}
	d.write("PRACTICE 77").says("Practice 77", "Practice 770", fmt.Sprintf("%d of 5000", matches))
	d.press("esc").says("Your onboardings: 5000 ", "type to filter")
	d.paste("1000000041\r\n").says("1 of 5000", "Practice 42")
	d.press("end", "backspace", "2").says("Practice 43")
	d.write(" nobody").says("Nothing here matches.", "Start another onboarding")
	d.press("enter").at("access") // what is left to choose
}

// TestHomeMoves keeps to the list's ends.
func TestHomeMoves(t *testing.T) {
	d := atHomeWith(t, func() []record.State { return people(30) })
	for _, c := range []struct {
		key  string
		want int
	}{
		{"up", 0}, {"down", 1}, {"tab", 2}, {"shift+tab", 1}, {"pgdown", 11}, {"pgdown", 21}, {"pgdown", 30}, {"down", 30}, {"pgup", 20}, {"pgup", 10}, {"pgup", 0}, {"pgup", 0},
	} {
		want := fmt.Sprintf("❯ Practice %d ", c.want+1)
		if c.want == 30 {
			want = "❯ + Start another onboarding"
		}
		if d.press(c.key); !strings.Contains(d.text(), want) {
			t.Errorf("%s: %q is not on the screen\n%s", c.key, want, d.text())
		}
		if why := d.m.broken(); why != "" {
			t.Errorf("%s: %s", c.key, why)
		}
	}
}

// TestHomeCostsTheSameWithThousands compares what is allocated, which does not
// depend on the machine: for 10,000 onboardings as for 50.
func TestHomeCostsTheSameWithThousands(t *testing.T) {
	few, many := atHomeWith(t, func() []record.State { return people(50) }), atHomeWith(t, func() []record.State { return people(10000) })
	for name, move := range map[string]func(*Model){
		"drawing":   func(m *Model) { m.layout(); _ = m.View() },
		"moving":    func(m *Model) { m.Update(keyPress("down")); m.Update(keyPress("up")) },
		"filtering": func(m *Model) { m.Update(keyPress("p")); m.Update(keyPress("backspace")) },
	} {
		cost := func(d *desk) float64 { return testing.AllocsPerRun(5, func() { move(d.m) }) }
		if a, b := cost(few), cost(many); b > 1.2*a {
			t.Errorf("%s allocates %.0f times for 50 and %.0f times for 10,000", name, a, b)
		}
	}
}

func TestHomeOpens(t *testing.T) {
	d := atHomeWith(t, func() []record.State { return known(t) })
	d.world.Progress.States["1000000000-sandbox"] = people(1)[0]
	d.press("down", "down", "down", "down", "enter")
	if got := d.m.flow.State().NPI; got != "1000000000" || d.screen() == "home" {
		t.Fatalf("opened %q at %q", got, d.screen())
	}
}

// TestHomeRenews leads to the question, and from there to the seal. Where there is no
// token yet, the key does nothing and is not shown.
func TestHomeRenews(t *testing.T) {
	w := stepstest.New(t)
	s := stepstest.NewPerson(t, w, record.State{}).WalkTo("finish").Flow.State()
	w.Restart()
	d := atHomeWith(t, func() []record.State { return []record.State{s, people(2)[1]} }, func(o *Options) { o.Services = w.Services() })
	d.press("down").silent("ctrl+r").press("ctrl+r").at("home")
	d.press("up").says("ctrl+r renew").press("ctrl+r").at("renew").says("Renew it now")
	d.press("enter").at("seal").says("Renewed: client token “HealthEndeavors 2611-")
	if n := len(w.Registry.Made); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
}

func TestHomeStartsAnother(t *testing.T) {
	for _, keys := range [][]string{{"ctrl+n"}, {"pgdown", "enter"}, {"up", "pgdown", "enter"}} {
		d := atHomeWith(t, func() []record.State { return known(t) }).press(keys...).at("access")
		if d.value("organization") != "" {
			t.Error("the form is not empty")
		}
		d.press("esc").at("home").says("Your onboardings")
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
	d = atHomeWith(t, func() []record.State { return people(3)[*gone:] }, func(o *Options) {
		o.Forget = func(context.Context, record.State) error {
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
	d := atHomeWith(t, func() []record.State { return people(3) }).silent("ctrl+x")
	d.press("ctrl+x").silent("Delete the tokens").at("home")
}

// TestHomeTellsDaysLeft has the words for the edges.
func TestHomeTellsDaysLeft(t *testing.T) {
	for days, want := range map[int]string{-1: "token expired", 1: "1 day left", 6: "6 days left", 29: "29 days left", 400: "400 days left"} {
		s := people(1)
		s[0].ClientToken = &record.TokenFact{Expires: stepstest.Start.AddDate(0, 0, days)}
		atHomeWith(t, func() []record.State { return s }).resize(size{120, 30}).says(want)
	}
}

// TestHomeBeforeItIsRead takes keys while the list is still being read.
func TestHomeBeforeItIsRead(t *testing.T) {
	d := newDesk(t, func(o *Options) {
		o.Home = true
		o.Entries = func() ([]record.State, error) { return people(3), nil }
	})
	init := d.m.Init()
	d.says("Reading the progress files").write("1000000001").press("enter", "down", "up", "ctrl+x").at("home")
	d.do(init)
	d.at("home").says("1 of 3", "Practice 2").silent("Practice 3")
}
