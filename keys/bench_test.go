package keys_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

// BenchmarkToken sets what ParseToken takes beside a plain decoding of the same
// token, which tells it nothing.
func BenchmarkToken(b *testing.B) {
	token := keystest.Token(b, spec())
	b.Run("ParseToken", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := keys.ParseToken(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reference", func(b *testing.B) {
		for b.Loop() {
			data, err := base64.URLEncoding.DecodeString(token.Reveal())
			if err != nil {
				b.Fatal(err)
			}
			var v any
			if err := json.Unmarshal(data, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCheckPassphrase must stay below what a person notices while typing.
func BenchmarkCheckPassphrase(b *testing.B) {
	long := ""
	for i := range 254 {
		long += string(rune('!' + i*37%90))
	}
	for name, phrase := range map[string]string{"words": "velvet-tractor-gloomy-harpist-eskimo", "longest": long} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = keys.CheckPassphrase(keys.NewSecret(phrase), "Sunrise Family Practice", "1234567893")
			}
		})
	}
}
