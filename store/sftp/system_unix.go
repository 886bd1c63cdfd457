//go:build !windows

package sftp

import (
	"context"
	"io"
	"net"
	"syscall"
)

// defaultAgent is where an agent listens if SSH_AUTH_SOCK does not say: nowhere.
const defaultAgent = ""

// errRefused is the system's error for a port where nothing listens.
const errRefused = syscall.ECONNREFUSED

func systemKnownHosts() string { return "/etc/ssh/ssh_known_hosts" }

// dialAgent connects to an SSH agent's socket.
func dialAgent(ctx context.Context, socket string) (io.ReadWriteCloser, error) {
	return new(net.Dialer).DialContext(ctx, "unix", socket)
}
