package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/zalando/go-keyring"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// service is the name under which everything is kept in the keyring.
const service = "dpc-onboard"

// Backend is a keyring: values of bounded size under a service and a user. Get
// returns keyring.ErrNotFound of go-keyring where there is none, and Delete may.
// Neither Set nor Get may put the value into an error.
type Backend interface {
	Set(service, user, value string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// ring keeps secrets in a keyring, in parts with a header (see header), and
// replaces them so that a crash at any point leaves the old value or the new
// one, whole:
//
//	save    new parts, read back; then the header; then the old parts go
//	remove  the header; then the parts
//
// Within a generation parts come in ascending and go in descending order. So
// those that a crash leaves are 1 to n without a gap, and are found.
type ring struct {
	backend Backend
	line    *line
	goos    string // whose words and remedies apply
}

func newRing(backend Backend, limit time.Duration) *ring {
	return &ring{backend: backend, line: newLine(limit), goos: runtime.GOOS}
}

// run does an operation in its turn and explains its failure.
func run[T any](ctx context.Context, r *ring, operation func(context.Context) (T, error)) (T, error) {
	value, err := do(ctx, r.line, operation)
	return value, explain(r.goos, err)
}

// ready asks a backend that can tell whether there is a keyring at all.
func (r *ring) ready(ctx context.Context) error {
	b, ok := r.backend.(interface{ Ready() error })
	if !ok {
		return nil
	}
	_, err := run(ctx, r, func(context.Context) (struct{}, error) { return struct{}{}, b.Ready() })
	return err
}

func (r *ring) save(ctx context.Context, user string, value keys.Secret) error {
	_, err := run(ctx, r, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.replace(ctx, user, value.Reveal())
	})
	return err
}

func (r *ring) load(ctx context.Context, user string) (keys.Secret, error) {
	return run(ctx, r, func(ctx context.Context) (keys.Secret, error) {
		value, err := r.find(ctx, user)
		return keys.NewSecret(value), err
	})
}

func (r *ring) remove(ctx context.Context, users ...string) error {
	_, err := run(ctx, r, func(ctx context.Context) (struct{}, error) {
		var failed error
		for _, user := range users {
			failed = errors.Join(failed, r.clear(ctx, user))
		}
		return struct{}{}, failed
	})
	return err
}

// replace saves a value over the one that is there, if any.
func (r *ring) replace(ctx context.Context, user, value string) error {
	old, err := r.header(ctx, user)
	if errors.Is(err, errHeaderNewer) {
		return steps.WithKind(fmt.Errorf("save %s: %w", user, err), steps.ErrStorage, "Update dpc-onboard.")
	}
	if err != nil && !errors.Is(err, steps.ErrNoSecret) {
		return err
	}
	parts := split(value)
	if len(parts) > maxParts {
		return fmt.Errorf("save %s of %d bytes: %w", user, len(value), keyring.ErrSetDataTooBig)
	}
	fresh := newHeader(old.generation.other(), value, len(parts))
	if err := r.write(ctx, user, fresh, parts); err != nil {
		return err
	}
	// The value is saved. Old parts that can't be removed now go with the next
	// save or delete; to call the save failed for them would be wrong.
	_ = r.trim(ctx, user, old.generation.orB(), 0, old.parts)
	return nil
}

// orB is the generation to clear for a header that was not there: saves begin
// with a.
func (g generation) orB() generation {
	if g == "" {
		return generationB
	}
	return g
}

// write stores the parts, proves that they read back, and then makes them the
// value by writing the header.
func (r *ring) write(ctx context.Context, user string, h header, parts []string) error {
	for i, part := range parts {
		if err := r.set(ctx, partName(user, h.generation, i+1), part); err != nil {
			return err
		}
	}
	if err := r.trim(ctx, user, h.generation, h.parts, 0); err != nil {
		return err
	}
	if _, err := r.join(ctx, user, h); err != nil {
		return notReadBack(user, err)
	}
	if err := r.set(ctx, user, h.String()); err != nil {
		return err
	}
	if got, err := r.header(ctx, user); err != nil || got != h {
		return notReadBack(user, err)
	}
	return nil
}

// notReadBack is the error for a keyring that takes a value and then returns
// another one, or none.
func notReadBack(user string, err error) error {
	if err != nil && !errors.Is(err, steps.ErrNoSecret) {
		return err
	}
	return fmt.Errorf("save %s: %w", user, errReadBack)
}

var errReadBack = errors.New("the keyring does not return what was saved")

// find returns a value. Where it isn't whole and the header has meanwhile
// changed, another process has just replaced it, and it is read again.
func (r *ring) find(ctx context.Context, user string) (string, error) {
	h, err := r.header(ctx, user)
	for range 5 {
		if err != nil {
			return "", err
		}
		value, failed := r.join(ctx, user, h)
		if !errors.Is(failed, ErrDamaged) {
			return value, failed
		}
		before := h
		if h, err = r.header(ctx, user); err == nil && h == before {
			return "", failed
		}
	}
	return "", damaged(user, "it keeps changing")
}

// clear removes a secret: the header first, so that what a crash leaves is no
// secret any more, then the parts of both generations.
func (r *ring) clear(ctx context.Context, user string) error {
	h, err := r.header(ctx, user)
	if err != nil && !errors.Is(err, steps.ErrNoSecret) {
		return err
	}
	if err := r.delete(ctx, user); err != nil {
		return err
	}
	for _, g := range []generation{generationA, generationB} {
		known := 0
		if g == h.generation {
			known = h.parts
		}
		if err := r.trim(ctx, user, g, 0, known); err != nil {
			return err
		}
	}
	return nil
}

// header reads a secret's header. The error is steps.ErrNoSecret where there is
// none, and ErrDamaged as well where it makes no sense.
func (r *ring) header(ctx context.Context, user string) (header, error) {
	text, err := r.get(ctx, user)
	if errors.Is(err, keyring.ErrNotFound) {
		return header{}, fmt.Errorf("%s: %w", user, steps.ErrNoSecret)
	}
	if err != nil {
		return header{}, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return header{}, errors.Join(damaged(user, err.Error()), err)
	}
	return h, nil
}

// join reads the parts that a header describes and checks that they are it.
func (r *ring) join(ctx context.Context, user string, h header) (string, error) {
	var value strings.Builder
	for n := 1; n <= h.parts; n++ {
		part, err := r.get(ctx, partName(user, h.generation, n))
		if errors.Is(err, keyring.ErrNotFound) {
			return "", damaged(user, fmt.Sprintf("part %d of %d is missing", n, h.parts))
		}
		if err != nil {
			return "", err
		}
		value.WriteString(part)
	}
	if !h.matches(value.String()) {
		return "", damaged(user, "its digest does not match")
	}
	return value.String(), nil
}

// trim removes the parts of a generation after the first keep ones, the last one
// first. known is how many a header promises: so many are looked at even where
// one before them is missing.
func (r *ring) trim(ctx context.Context, user string, g generation, keep, known int) error {
	last := max(keep, known)
	for last < maxParts {
		_, err := r.get(ctx, partName(user, g, last+1))
		if errors.Is(err, keyring.ErrNotFound) {
			break
		}
		if err != nil {
			return err
		}
		last++
	}
	for ; last > keep; last-- {
		if err := r.delete(ctx, partName(user, g, last)); err != nil {
			return err
		}
	}
	return nil
}

func partName(user string, g generation, n int) string {
	return user + "/" + string(g) + "/" + strconv.Itoa(n)
}

// The three calls. None is made once the operation has been given up.

func (r *ring) set(ctx context.Context, user, value string) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return r.backend.Set(service, user, value)
}

func (r *ring) get(ctx context.Context, user string) (string, error) {
	if ctx.Err() != nil {
		return "", ended(ctx)
	}
	return r.backend.Get(service, user)
}

func (r *ring) delete(ctx context.Context, user string) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if err := r.backend.Delete(service, user); !errors.Is(err, keyring.ErrNotFound) {
		return err
	}
	return nil
}
