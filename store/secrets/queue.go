package secrets

import (
	"context"
	"errors"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/store/wait"
)

// queue lets the operations of a backend through one at a time, lets nobody wait
// longer than a limit, and explains what fails.
//
// Neither go-keyring nor scrypt can be interrupted. An operation that is given up
// therefore goes on by itself until the call that it is in returns; its context
// is canceled, so it makes no further call; and the next operation starts only
// then. So a late result can't meet the work of anyone else.
type queue struct {
	backend
	turn  chan struct{} // of room for one
	limit time.Duration
}

func (q *queue) Save(ctx context.Context, user string, value keys.Secret) error {
	return q.run(ctx, func(ctx context.Context) error { return q.backend.Save(ctx, user, value) })
}

func (q *queue) Load(ctx context.Context, user string) (keys.Secret, error) {
	return q.do(ctx, func(ctx context.Context) (keys.Secret, error) { return q.backend.Load(ctx, user) })
}

func (q *queue) Delete(ctx context.Context, users ...string) error {
	return q.run(ctx, func(ctx context.Context) error { return q.backend.Delete(ctx, users...) })
}

func (q *queue) run(ctx context.Context, operation func(context.Context) error) error {
	_, err := q.do(ctx, func(ctx context.Context) (none keys.Secret, err error) { return none, operation(ctx) })
	return err
}

// do runs an operation in its turn. The error is of context.Canceled where ctx is
// canceled, whatever reason was given for it, and of ErrTimeout after the limit.
func (q *queue) do(ctx context.Context, operation func(context.Context) (keys.Secret, error)) (keys.Secret, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, q.limit, ErrTimeout)
	defer cancel()
	value, err := wait.For(ctx, func() (none keys.Secret, err error) {
		select {
		case q.turn <- struct{}{}:
			defer func() { <-q.turn }()
			return operation(ctx)
		case <-ctx.Done():
			return none, ctx.Err()
		}
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
		if errors.Is(ctx.Err(), context.Canceled) {
			err = ctx.Err()
		}
	}
	return value, q.explain(err)
}
