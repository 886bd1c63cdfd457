package sftp

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// defaultAgent is the pipe of the "OpenSSH Authentication Agent" service, which
// is used where SSH_AUTH_SOCK names nothing else. Pageant speaks another
// protocol, unless it was started with --openssh-config; its pipe can then be
// named by IdentityAgent in ~/.ssh/config.
const defaultAgent = `\\.\pipe\openssh-ssh-agent`

// errRefused is the system's error for a port where nothing listens.
const errRefused = windows.WSAECONNREFUSED

func systemKnownHosts() string {
	return filepath.Join(os.Getenv("ProgramData"), "ssh", "ssh_known_hosts")
}

// dialAgent connects to an agent's named pipe, or to a Unix socket. A pipe is
// opened overlapped, so that closing it ends a read that waits.
func dialAgent(ctx context.Context, socket string) (io.ReadWriteCloser, error) {
	pipe := filepath.FromSlash(socket)
	if !strings.HasPrefix(pipe, `\\.\pipe\`) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return os.OpenFile(pipe, os.O_RDWR|windows.FILE_FLAG_OVERLAPPED, 0)
}
