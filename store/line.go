package store

import (
	"context"
	"errors"
	"time"
)

// line lets operations through one at a time, and lets nobody wait longer than
// limit.
//
// Neither go-keyring nor scrypt can be interrupted. An operation that is given up
// therefore goes on by itself until the call that it is in returns; its context
// is canceled, so it makes no further call; and the next operation starts only
// then. So a late result can't meet the work of anyone else.
type line struct {
	turn  chan struct{}
	limit time.Duration
}

func newLine(limit time.Duration) *line {
	return &line{turn: make(chan struct{}, 1), limit: limit}
}

// do runs an operation in its turn. The error is ctx's where ctx ends first, and
// ErrTimeout after the limit.
func do[T any](ctx context.Context, l *line, operation func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	ctx, cancel := context.WithTimeoutCause(ctx, l.limit, ErrTimeout)
	defer cancel()
	if ctx.Err() != nil {
		return none, ended(ctx)
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return none, ended(ctx)
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-l.turn }()
		value, err := operation(ctx)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, ended(ctx)
	}
}

// ended says how a context ended: context.Canceled, whatever reason was given
// for it, or ErrTimeout for the limit.
func ended(ctx context.Context) error {
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return err
	}
	return context.Cause(ctx)
}
