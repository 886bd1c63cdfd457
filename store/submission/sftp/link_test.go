package sftp

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinkWatchesTheTime(t *testing.T) {
	slow, silent := errors.New("slow"), errors.New("silent")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		near, far := net.Pipe()
		l := watch(ctx, cancel, near)
		alive := func(when string) {
			t.Helper()
			synctest.Wait()
			if cause := context.Cause(ctx); cause != nil {
				t.Fatalf("%s: given up because %v", when, cause)
			}
		}
		l.begin(time.Minute, slow)
		<-time.After(50 * time.Second)
		l.begin(time.Minute, slow)
		<-time.After(50 * time.Second)
		alive("in the second phase")

		l.stayAwake(time.Minute, silent)
		for range 5 {
			<-time.After(50 * time.Second)
			go func() { _, _ = far.Write([]byte("x")) }()
			if _, err := l.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			alive("while the server answers")
		}
		<-time.After(61 * time.Second)
		synctest.Wait()
		if cause := context.Cause(ctx); !errors.Is(cause, silent) {
			t.Errorf("after a minute of silence: %v", cause)
		}
		if _, err := l.Read(make([]byte, 1)); err == nil || !l.broken() {
			t.Error("the connection is still open")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		near, _ := net.Pipe()
		l := watch(ctx, cancel, near)
		l.begin(time.Minute, slow)
		_ = l.Close()
		<-time.After(time.Hour)
		synctest.Wait()
		if cause := context.Cause(ctx); cause != nil {
			t.Errorf("a closed link was given up because %v", cause)
		}
		if _, err := l.Write([]byte("x")); err == nil || !l.broken() {
			t.Error("a closed link takes what is written")
		}
	})
}
