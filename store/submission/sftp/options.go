package sftp

import (
	"cmp"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// Options are the edges of this computer, and how long to wait. Paths are not
// expanded further. The zero value of a limit means its default.
type Options struct {
	KnownHosts       string // the person's known_hosts; an accepted key is appended to it
	SystemKnownHosts string // known_hosts of the whole computer, only read; or ""
	ConfigFile       string // the person's ssh_config, or ""
	AgentSocket      string // where the SSH agent listens, or "": SSH_AUTH_SOCK
	Home             string // the home folder, for ~ and the default keys
	User             string // who signs in where neither address nor ConfigFile says so
	Now              func() time.Time

	DialTimeout      time.Duration // to reach the server; 15 seconds
	HandshakeTimeout time.Duration // until the server has shown its host key; 30 seconds
	SignInTimeout    time.Duration // from there to the end of the sign-in, for agents that ask; 2 minutes
	IdleTimeout      time.Duration // without a byte from the server in the upload; 2 minutes
}

// DefaultOptions returns the places where OpenSSH looks, for the person who
// runs the program.
func DefaultOptions() (Options, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Options{}, problem("set the variable that names the home folder (HOME, or USERPROFILE on Windows)",
			"no home folder found: %w", err)
	}
	folder := filepath.Join(home, ".ssh")
	return Options{
		KnownHosts:       filepath.Join(folder, "known_hosts"),
		SystemKnownHosts: systemKnownHosts(),
		ConfigFile:       filepath.Join(folder, "config"),
		AgentSocket:      cmp.Or(os.Getenv("SSH_AUTH_SOCK"), defaultAgent),
		Home:             home,
		User:             localUser(),
		Now:              time.Now,
	}, nil
}

// withLimits fills in the defaults of what is left out.
func (o Options) withLimits() Options {
	o.DialTimeout = cmp.Or(o.DialTimeout, 15*time.Second)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, 30*time.Second)
	o.SignInTimeout = cmp.Or(o.SignInTimeout, 2*time.Minute)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 2*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// expand replaces a leading ~ by the home folder.
func (o Options) expand(file string) string {
	if rest, ok := strings.CutPrefix(file, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		return filepath.Join(o.Home, rest)
	}
	return file
}

// localUser returns the person's account name, without a Windows domain, or "".
func localUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
}
