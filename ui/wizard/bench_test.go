package wizard

import (
	"strings"
	"testing"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// benchScenes are the screens of the wizard in the state in which they have most
// to draw, at the largest usual size.
func benchScenes() []scene {
	list := func(n int) scene {
		return atHome("with "+map[int]string{10: "10", 10000: "10,000"}[n], func(testing.TB) ([]record.State, error) { return people(n), nil }, nil)
	}
	private := func(d *desk) { d.paste(keystest.Pair(d.t).Private().Reveal()) }
	return append(scenes(),
		at("import pasted", steps.Key, nil, func(d *desk) { d.press("i"); private(d) }),
		at("import pasted, in sight", steps.Key, nil, func(d *desk) { d.press("i"); private(d); d.hold().press("shift+tab", "ctrl+r") }),
		at("access with a key pasted", steps.Access, nil, private),
		at("passphrase", steps.Token, closed("vault", nil), func(d *desk) { d.paste(strings.Repeat(stepstest.Passphrase+"-", 2)) }),
		list(10), list(10000),
	)
}

// BenchmarkView draws each screen; 200 µs is the most that it may take.
func BenchmarkView(b *testing.B) { benchmark(b, func(m *Model) { _ = m.View() }) }

// BenchmarkLayout lays each screen out and draws it, as after a key.
func BenchmarkLayout(b *testing.B) { benchmark(b, func(m *Model) { m.layout(); _ = m.View() }) }

func benchmark(b *testing.B, draw func(*Model)) {
	for _, scene := range benchScenes() {
		b.Run(strings.ReplaceAll(scene.name, " ", "-"), func(b *testing.B) {
			d := scene.show(b).resize(size{120, 40})
			b.ReportAllocs()
			for b.Loop() {
				draw(d.m)
			}
		})
	}
}
