package sftp

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"

	pkgsftp "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// chunk is how much is written in one request, in bytes: small enough for a
// progress bar that moves on a slow link, as sealed packages are small.
const chunk = 8 << 10

// session is an SFTP session on a server whose key is known.
type session struct {
	*pkgsftp.Client
	route route
	link  *link
	ssh   *ssh.Client
}

// connect dials, checks the host key, signs in and opens SFTP. The session ends
// with ctx, which cancel ends when a limit is exceeded.
func connect(ctx context.Context, cancel context.CancelCauseFunc, o Options, r route, h *hostKeys, c *credentials) (*session, error) {
	conn, err := dial(ctx, o, r)
	if err != nil {
		return nil, err
	}
	s := &session{route: r, link: watch(ctx, cancel, conn)}
	if s.ssh, err = signIn(o, s.link, r, h, c); err != nil {
		_ = s.link.Close()
		return nil, because(ctx, err)
	}
	s.link.stayAwake(o.IdleTimeout, s.silentError())
	if s.Client, err = pkgsftp.NewClient(s.ssh, pkgsftp.MaxPacketChecked(chunk)); err != nil {
		err = s.noSFTP(err)
		s.close()
		return nil, because(ctx, err)
	}
	return s, nil
}

// because returns why a context ended, which explains an error better than the
// error itself, or the error where the context has not ended.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// close ends the session without waiting for the server.
func (s *session) close() {
	_ = s.link.Close()
	_ = s.ssh.Close()
}

func dial(ctx context.Context, o Options, r route) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: o.DialTimeout}).DialContext(ctx, "tcp", r.address())
	if err != nil {
		return nil, because(ctx, unreached(err, r))
	}
	return conn, nil
}

// unreached says why a server can't be dialed.
func unreached(err error, r route) error {
	var name *net.DNSError
	var late net.Error
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return problem("check the server's name in the address, letter by letter",
			"there is no server named %s", r.Host)
	case errors.As(err, &name):
		return problem("check the internet connection of this computer, and try again",
			"the name %s can't be looked up", r.Host)
	case errors.Is(err, errRefused):
		return problem("check the port in the address, and that the vendor's SFTP server is running",
			"the server %s refuses connections on port %d", r.Host, r.Port)
	case errors.As(err, &late) && late.Timeout():
		return problem("check the address; if it is right, a firewall on the way may block it, "+
			"or the vendor may have to allow your IP address",
			"the server %s does not answer on port %d", r.Host, r.Port)
	}
	return problem("check the internet connection of this computer, and try again",
		"the server %s can't be reached: %w", r.address(), err)
}

// The library has no error for credentials that are not accepted, and none that
// others can see for a server that hangs up. What it says instead is pinned by
// tests with OpenSSH.
const (
	saysDenied = "no supported methods remain"
	saysHungUp = "ssh: disconnect"
)

// attempt is what is learned of a sign-in on the way, for the error.
type attempt struct {
	verdict error // of the host key
	greeted bool  // the server proved its host key
	begun   bool  // the server answered to a method
	accepts []string
	partial []string
}

// signIn makes the SSH handshake.
func signIn(o Options, l *link, r route, h *hostKeys, c *credentials) (*ssh.Client, error) {
	var a attempt
	var once sync.Once // the key is checked again at each later key exchange
	l.begin(o.HandshakeTimeout, problem("check the port in the address; if it is right, try again later",
		"the server %s took the connection and then said nothing", r.address()))
	strong := ssh.SupportedAlgorithms()
	config := &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: strong.KeyExchanges, Ciphers: strong.Ciphers, MACs: strong.MACs},
		User:              r.User,
		Auth:              c.methods,
		HostKeyAlgorithms: h.algorithms(),
		HostKeyCallback: func(name string, remote net.Addr, key ssh.PublicKey) error {
			err := h.check(name, remote, key)
			once.Do(func() {
				a.greeted, a.verdict = true, err
				l.begin(o.SignInTimeout, problem("try again, and answer at once if the SSH agent asks you something",
					"signing in on %s took too long", r.address()))
			})
			return err
		},
		AuthCallback: func(info *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			a.begun, a.accepts, a.partial = true, info.AllowedMethods, info.PartialSuccessMethods
			return nil, nil
		},
	}
	conn, channels, requests, err := ssh.NewClientConn(l, r.address(), config)
	if err != nil {
		return nil, a.explain(err, l, r, c)
	}
	return ssh.NewClient(conn, channels, requests), nil
}

// explain turns a failed handshake into a sentence and a remedy.
func (a attempt) explain(err error, l *link, r route, c *credentials) error {
	var weak *ssh.AlgorithmNegotiationError
	switch {
	case a.verdict != nil:
		return a.verdict
	case errors.As(err, &weak):
		return problem("ask the vendor to bring its SFTP server up to date",
			"the server %s offers only outdated encryption", r.address())
	case !a.greeted:
		return problem("check the port in the address: FTP and web servers are something else. "+
			"If it is right, ask the vendor whether your IP address has to be allowed",
			"what answers at %s did not begin an SSH session", r.address())
	case c.curious:
		return problem("use an SSH key, or send the file through the vendor's portal",
			"the server %s asks for more than a password, such as a code from a phone", r.address())
	case len(a.partial) > 0:
		return problem("send the file through the vendor's portal, or ask the vendor for an account with one step",
			"the server %s accepted %s and asks for more (%s)", r.address(), strings.Join(c.tried, ", "), names(a.accepts))
	case strings.Contains(err.Error(), saysDenied):
		return c.lockedHint(a.denied(r, c))
	case !a.begun || l.broken() || strings.Contains(err.Error(), saysHungUp):
		return c.lockedHint(problem("if you have several keys, name the one for this server; otherwise try again in some minutes, "+
			"and if it stays so, ask the vendor whether the account is open",
			"the server %s hung up during the sign-in as %s (tried: %s)", r.address(), r.User, strings.Join(c.tried, ", ")))
	}
	return problem("try again, and answer if the SSH agent asks you something",
		"the sign-in on %s as %s failed: %s", r.address(), r.User, foreign(err.Error()))
}

// denied is the sentence for credentials that the server does not accept.
func (a attempt) denied(r route, c *credentials) error {
	hint := "check the user name, and that the vendor has the public half of your key"
	switch password := c.tried[0] == "password"; {
	case password && len(a.accepts) > 0 && !takesPassword(a.accepts):
		hint = "the server takes no passwords: send again with your key file"
	case password:
		hint = "check the user name and the password: capital letters count"
	case takesPassword(a.accepts) && !slices.Contains(a.accepts, "publickey"):
		hint = "the server takes no keys: send again with the password"
	}
	return problem(hint, "the server %s does not accept the sign-in as %s (tried: %s; it accepts: %s)",
		r.address(), r.User, strings.Join(c.tried, ", "), names(a.accepts))
}

func takesPassword(methods []string) bool {
	return slices.Contains(methods, "password") || slices.Contains(methods, "keyboard-interactive")
}

// names lists a server's sign-in methods as it calls them.
func names(methods []string) string { return foreign(strings.Join(methods, ", ")) }

func (s *session) noSFTP(err error) error {
	if s.link.broken() {
		return s.lostError()
	}
	return problem("ask the vendor to switch on SFTP for your account, or for the right address",
		"you are signed in on %s, but the server offers no SFTP: %s", s.route.address(), foreign(err.Error()))
}
