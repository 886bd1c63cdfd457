package sftp

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wire is a connection to a server that can be slow, break, or go dead.
type wire struct {
	addr  string
	limit int64         // bytes from the client that pass, or 0 for all
	dead  bool          // at the limit nothing passes any more; else the connection breaks
	tick  time.Duration // between two pieces of 2 KiB, or 0 for no delay

	passed  atomic.Int64 // bytes from the client, of all connections
	once    sync.Once
	reached chan struct{} // closed at the limit
}

// startWire puts a wire before a server.
func startWire(t *testing.T, server string, w *wire) *wire {
	t.Helper()
	w.reached = make(chan struct{})
	w.addr = serve(t, func(client *net.TCPConn) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server)
		if err != nil {
			return
		}
		defer conn.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			_, _ = io.Copy(client, conn)
			_ = client.Close()
		}()
		w.forward(ctx, conn, client)
	})
	return w
}

// forward passes what the client sends, until the limit or the end.
func (w *wire) forward(ctx context.Context, to io.Writer, from io.Reader) {
	buf, passed := make([]byte, 2<<10), int64(0)
	for {
		n, err := from.Read(buf)
		if w.limit > 0 {
			n = int(min(int64(n), w.limit-passed))
		}
		if w.tick > 0 {
			select {
			case <-time.After(w.tick):
			case <-ctx.Done():
			}
		}
		if _, failed := to.Write(buf[:n]); failed != nil || err != nil {
			return
		}
		w.passed.Add(int64(n))
		if passed += int64(n); w.limit > 0 && passed == w.limit {
			w.once.Do(func() { close(w.reached) })
			if w.dead {
				_, _ = io.Copy(io.Discard, from)
			}
			return
		}
	}
}

// answering says something to whoever connects, and hangs up when they do.
func answering(words string) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, words)
		_ = conn.CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	}
}
