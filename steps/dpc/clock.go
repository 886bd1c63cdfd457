package dpc

import (
	"time"

	"dpc-onboard/keys"
)

const (
	// assertionLimit is how far ahead of DPC's clock an assertion may expire.
	assertionLimit = 300 * time.Second
	// tolerance is the difference between the clocks that needs no word.
	tolerance = 30 * time.Second
	// delivery is time that an assertion may spend on its way.
	delivery = 5 * time.Second
)

// tooFar reports whether a clock that is off by skew (above 0 is fast) makes
// assertions that DPC refuses: too far ahead, or over before they arrive.
func tooFar(skew time.Duration) bool {
	return skew > assertionLimit-keys.AssertionLife || skew < delivery-keys.AssertionLife
}
