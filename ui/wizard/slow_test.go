package wizard

import (
	"image/color"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/steps/stepstest"
)

// TestNothingMovesOnASlowTerminal: a terminal that takes long to answer is far
// away, and gets no animation.
func TestNothingMovesOnASlowTerminal(t *testing.T) {
	for _, c := range []struct {
		took time.Duration
		want bool
	}{{slowAnswer / 2, false}, {2 * slowAnswer, true}} {
		d := launch(t)
		d.world.SetClock(stepstest.Start)
		d.m.card.Still = false
		d.m.asked = stepstest.Start.Add(-c.took)
		d.send(tea.BackgroundColorMsg{Color: color.Black})
		if d.m.card.Still != c.want {
			t.Errorf("after %v: reduced motion is %v", c.took, d.m.card.Still)
		}
		if (d.m.card.Spin() == nil) != c.want {
			t.Errorf("after %v: the spinner does not follow", c.took)
		}
	}
}
