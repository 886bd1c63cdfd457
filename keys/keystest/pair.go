package keystest

import (
	"crypto/rand"
	"sync"
	"testing"

	"dpc-onboard/keys"
)

type generated struct {
	pair keys.Pair
	err  error
}

func generate() generated {
	pair, err := keys.GeneratePair(rand.Reader)
	return generated{pair, err}
}

var (
	first  = sync.OnceValue(generate)
	second = sync.OnceValue(generate)
)

// Pair returns the RSA-4096 pair that all tests of one binary share, because
// making one takes seconds.
func Pair(t testing.TB) keys.Pair {
	t.Helper()
	return must(t, first())
}

// OtherPair returns a second pair, shared likewise, that doesn't match the first.
func OtherPair(t testing.TB) keys.Pair {
	t.Helper()
	return must(t, second())
}

func must(t testing.TB, g generated) keys.Pair {
	t.Helper()
	if g.err != nil {
		t.Fatal(g.err)
	}
	return g.pair
}
