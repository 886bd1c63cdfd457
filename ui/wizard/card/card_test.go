package card

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/steps"
	"dpc-onboard/ui/wizard/theme"
)

// TestTheFocusIsInSight moves through a long card in windows of each height.
func TestTheFocusIsInSight(t *testing.T) {
	st := theme.New(theme.Dark, colorprofile.TrueColor)
	p := steps.Prompt{Screen: "long", Title: "Long", Guide: strings.Split(strings.Repeat("A sentence.|", 20), "|")}
	for i := range 8 {
		p.Fields = append(p.Fields, steps.Field{Name: fmt.Sprint(i), Label: fmt.Sprintf("Field %d", i), Hint: "a hint", Optional: true})
	}
	p.Actions = []steps.Action{{Name: "go", Label: "Go on"}, {Name: "stop", Label: "Stop", Key: "s"}}
	c := New(&st)
	c.Show(p)
	for height := 6; height < 40; height += 3 {
		for i := range len(p.Fields) + len(p.Actions) {
			c.Layout(40, height, true)
			shown := ansi.Strip(strings.Join(c.View(), "\n"))
			want := "Go on"
			if i < len(p.Fields) {
				want = fmt.Sprintf("❯ Field %d", i)
			}
			if !strings.Contains(shown, want) {
				t.Errorf("at height %d %q is not in sight:\n%s", height, want, shown)
			}
			if got := len(c.View()); got > height {
				t.Errorf("%d lines at height %d", got, height)
			}
			c.Form.Move(1)
		}
	}
	c.Scroll(true)
	c.Layout(40, 8, true)
	if !c.Scrolls || !strings.Contains(c.View()[len(c.View())-2], "more below") {
		t.Errorf("nothing says that there is more:\n%s", strings.Join(c.View(), "\n"))
	}
}
