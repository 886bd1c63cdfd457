package steps_test

import (
	"testing"

	"dpc-onboard/keys"
)

// Benchmarks of what a UI asks at every key stroke and every frame. Compare
// them with BenchmarkParseToken, which is what has to be done at least.

func BenchmarkPrompt(b *testing.B) {
	for _, screen := range []string{"save", "key", "add", "check", "finish"} {
		flow := at(b, screen).Flow
		b.Run(screen, func(b *testing.B) {
			for b.Loop() {
				flow.Prompt()
			}
		})
	}
}

func BenchmarkRecognize(b *testing.B) {
	for _, c := range []struct{ screen, field string }{{"save", "client-token"}, {"passphrase", "passphrase"}, {"import", "private"}} {
		p := at(b, c.screen)
		field := fieldOf(b, p.Flow.Prompt(), c.field)
		value := map[string]keys.Secret{"client-token": p.Token, "passphrase": keys.NewSecret("grading-uncle-flatly-starring-repent"), "private": p.World.Pairs[0].Private()}[c.field]
		b.Run(c.field, func(b *testing.B) {
			for b.Loop() {
				_, _ = field.Recognize(value)
			}
		})
	}
}

func BenchmarkParseToken(b *testing.B) {
	token := newToken(b)
	for b.Loop() {
		_, _, _ = keys.ParseToken(token)
	}
}

func BenchmarkStepper(b *testing.B) {
	flow := at(b, "finish").Flow
	for b.Loop() {
		flow.Stepper()
	}
}
