package wait

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestForReturnsWhatTheWorkComesTo(t *testing.T) {
	want := errors.New("half")
	got, err := For(t.Context(), func() (int, error) { return 7, want })
	if got != 7 || !errors.Is(err, want) {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestForGivesUpAndLeavesTheWorkAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		release, ended := make(chan struct{}), false
		work := func() (string, error) {
			cancel(enough)
			<-release
			ended = true
			return "late", nil
		}
		if got, err := For(ctx, work); got != "" || !errors.Is(err, enough) {
			t.Errorf("got %q, %v", got, err)
		}
		close(release)
		synctest.Wait()
		if !ended {
			t.Error("the work did not go on by itself")
		}
	})
}

func TestForBeginsNothingOnceTheContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := For(ctx, func() (int, error) { t.Error("begun"); return 0, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
