package command

import (
	"context"
	"crypto/rand"

	"dpc-onboard/keys"
)

// pairs makes key pairs in the background, one ahead, so that nobody waits at the
// key step.
type pairs struct{ ready chan made }

type made struct {
	pair keys.Pair
	err  error
}

// newPairs starts to make the first pair. It ends with the context; a pair that
// is being made then is finished in vain.
func newPairs(ctx context.Context) *pairs {
	p := &pairs{ready: make(chan made)}
	go func() {
		for ctx.Err() == nil {
			pair, err := keys.GeneratePair(rand.Reader)
			select {
			case p.ready <- made{pair, err}:
			case <-ctx.Done():
			}
		}
	}()
	return p
}

// next returns a pair that nobody else gets; it waits for the one being made.
func (p *pairs) next(ctx context.Context) (keys.Pair, error) {
	select {
	case m := <-p.ready:
		return m.pair, m.err
	case <-ctx.Done():
		return keys.Pair{}, context.Cause(ctx)
	}
}
