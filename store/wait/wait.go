// Package wait gives up on work that can't be interrupted: deriving a key from a
// passphrase, or a call to the operating system's keyring.
package wait

import "context"

// For runs work and returns what it comes to. Where ctx ends first, For returns
// context.Cause(ctx) at once; the work goes on by itself, and what it comes to is
// dropped. It is not begun where ctx has ended already.
func For[T any](ctx context.Context, work func() (T, error)) (T, error) {
	var none, value T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		value, err = work()
	}()
	select {
	case <-done:
		return value, err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
