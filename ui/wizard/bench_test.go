package wizard

import (
	"testing"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
)

// BenchmarkView draws screens after the longest values were pasted.
func BenchmarkView(b *testing.B) {
	for name, scene := range map[string]scene{
		"access": at("", steps.Access, nil, filled),
		"save":   at("", steps.Save, nil, func(d *desk) { d.paste(d.token.Reveal()) }),
		"import": at("", steps.Key, nil, func(d *desk) { d.press("i").paste(keystest.Pair(b).Private().Reveal()) }),
		"add":    at("", steps.Add, nil, nil),
	} {
		b.Run(name, func(b *testing.B) {
			d := scene.show(b)
			for b.Loop() {
				_ = d.m.View()
			}
		})
	}
}
