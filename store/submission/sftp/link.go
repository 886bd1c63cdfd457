package sftp

import (
	"context"
	"net"
	"sync"
	"time"
)

// link is the connection to a server under watch: it closes when its context
// ends, and ends its context when a phase takes longer than it may. Because an
// upload always has a request under way, a server that is silent for long is
// gone, and no keepalive messages are needed to find out.
type link struct {
	net.Conn
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	idle  time.Duration // what a byte from the server sets the timer back to, or 0
	lost  bool
}

// watch puts a connection under the watch of a context.
func watch(ctx context.Context, cancel context.CancelCauseFunc, conn net.Conn) *link {
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return &link{Conn: conn, cancel: cancel}
}

// begin starts a phase that may take as long as limit.
func (l *link) begin(limit time.Duration, cause error) { l.phase(limit, 0, cause) }

// stayAwake starts a phase that may last, as long as the server is never silent
// for longer than limit.
func (l *link) stayAwake(limit time.Duration, cause error) { l.phase(limit, limit, cause) }

func (l *link) phase(limit, idle time.Duration, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	l.timer, l.idle = time.AfterFunc(limit, func() { l.cancel(cause) }), idle
}

// Read reads, and takes note of the server's being alive or gone.
func (l *link) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = l.lost || err != nil
	if n > 0 && l.idle > 0 {
		l.timer.Reset(l.idle)
	}
	return n, err
}

// Write writes, and takes note of the server's being gone.
func (l *link) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = l.lost || err != nil
	return n, err
}

// broken reports whether the connection has ended.
func (l *link) broken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Close closes the connection and stops the clock.
func (l *link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	return l.Conn.Close()
}
