package sftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	pkgsftp "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"dpc-onboard/steps/record"
)

// session is an SFTP session on a server whose key is known.
type session struct {
	*pkgsftp.Client
	route route
}

// phase begins a part of the upload, and so ends the one before it. A part that
// takes longer than its limit ends the upload with an error of its own.
type phase func(limit time.Duration, late error)

// phases begins the parts of the upload that cancel ends.
func phases(cancel context.CancelCauseFunc) phase {
	var timer *time.Timer
	return func(limit time.Duration, late error) {
		if timer != nil {
			timer.Stop()
		}
		timer = time.AfterFunc(limit, func() { cancel(late) })
	}
}

// connect dials, checks the host key, signs in and opens SFTP. The connection
// closes with ctx, without waiting for the server.
func connect(ctx context.Context, begin phase, o Options, r route, h *hostKeys, c *credentials) (*session, error) {
	conn, err := (&net.Dialer{Timeout: o.DialTimeout}).DialContext(ctx, "tcp", r.server())
	if err != nil {
		return nil, unreached(err, r)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	client, err := signIn(conn, begin, o, r, h, c)
	if err != nil {
		return nil, err
	}
	begin(o.UploadTimeout, record.WithHint(fmt.Errorf("the server %s stopped answering before the delivery was complete", r.server()), sendAgain))
	s := &session{route: r}
	if s.Client, err = pkgsftp.NewClient(client, pkgsftp.MaxPacketChecked(chunk)); err == nil {
		return s, nil
	}
	_ = client.Close()
	if !errors.Is(client.Wait(), net.ErrClosed) { // it had ended before
		return nil, s.lostError()
	}
	return nil, record.WithHint(fmt.Errorf("you are signed in on %s, but the server offers no SFTP: %s", r.server(), foreign(err.Error())),
		"Ask the vendor to switch on SFTP for your account, or for the right address.")
}

// unreached says why a server can't be dialed.
func unreached(err error, r route) error {
	name, unnamed := errors.AsType[*net.DNSError](err)
	late, _ := errors.AsType[net.Error](err)
	switch {
	case unnamed && name.IsNotFound:
		return record.WithHint(fmt.Errorf("there is no server named %s", r.Host),
			"Check the server's name in the address, letter by letter.")
	case unnamed:
		return record.WithHint(fmt.Errorf("the name %s can't be looked up", r.Host),
			"Check the internet connection of this computer, and try again.")
	case errors.Is(err, errRefused):
		return record.WithHint(fmt.Errorf("the server %s refuses connections on port %d", r.Host, r.Port),
			"Check the port in the address, and that the vendor's SFTP server is running.")
	case late != nil && late.Timeout():
		return record.WithHint(fmt.Errorf("the server %s does not answer on port %d", r.Host, r.Port),
			"Check the address; if it is right, a firewall on the way may block it, or the vendor may have to allow your IP address.")
	}
	return record.WithHint(fmt.Errorf("the server %s can't be reached: %w", r.server(), err),
		"Check the internet connection of this computer, and try again.")
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
	hostKey  error // why the host key was refused
	proved   bool  // the server proved its host key
	answered bool  // the server answered to a method
	accepts  []string
	partial  []string
}

// signIn makes the SSH handshake.
func signIn(conn net.Conn, begin phase, o Options, r route, h *hostKeys, c *credentials) (*ssh.Client, error) {
	var a attempt
	begin(o.HandshakeTimeout, record.WithHint(fmt.Errorf("the server %s took the connection and then said nothing", r.server()),
		"Check the port in the address; if it is right, try again later."))
	strong := ssh.SupportedAlgorithms()
	config := &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: strong.KeyExchanges, Ciphers: strong.Ciphers, MACs: strong.MACs},
		User:              r.User,
		Auth:              c.methods,
		HostKeyAlgorithms: h.algorithms(),
		HostKeyCallback: func(name string, remote net.Addr, key ssh.PublicKey) error {
			err := h.check(name, remote, key)
			if !a.proved { // the key is checked again at each later key exchange
				a.proved, a.hostKey = true, err
				begin(o.SignInTimeout, record.WithHint(fmt.Errorf("signing in on %s took too long", r.server()),
					"Try again, and answer at once if the SSH agent asks you something."))
			}
			return err
		},
		AuthCallback: func(info *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			a.answered, a.accepts, a.partial = true, info.AllowedMethods, info.PartialSuccessMethods
			return nil, nil
		},
	}
	signed, channels, requests, err := ssh.NewClientConn(conn, r.server(), config)
	if err != nil {
		return nil, a.explain(err, r, c)
	}
	return ssh.NewClient(signed, channels, requests), nil
}

// explain turns a failed handshake into a sentence and a remedy.
func (a attempt) explain(err error, r route, c *credentials) error {
	_, weak := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	server, tried, accepts := r.server(), strings.Join(c.tried, ", "), foreign(strings.Join(a.accepts, ", "))
	switch {
	case a.hostKey != nil:
		return a.hostKey
	case weak:
		return record.WithHint(fmt.Errorf("the server %s offers only outdated encryption", server),
			"Ask the vendor to bring its SFTP server up to date.")
	case !a.proved:
		return record.WithHint(fmt.Errorf("what answers at %s did not begin an SSH session", server),
			"Check the port in the address: FTP and web servers are something else. "+
				"If it is right, ask the vendor whether your IP address has to be allowed.")
	case c.askedMore:
		return record.WithHint(fmt.Errorf("the server %s asks for more than a password, such as a code from a phone", server),
			"Use an SSH key, or send the file through the vendor's portal.")
	case len(a.partial) > 0:
		return record.WithHint(fmt.Errorf("the server %s accepted %s and asks for more (%s)", server, tried, accepts),
			"Send the file through the vendor's portal, or ask the vendor for an account with one step.")
	case strings.Contains(err.Error(), saysDenied):
		return c.lockedHint(record.WithHint(
			fmt.Errorf("the server %s does not accept the sign-in as %s (tried: %s; it accepts: %s)", server, r.User, tried, accepts),
			a.deniedHint(c)))
	case !a.answered || lost(err) || strings.Contains(err.Error(), saysHungUp):
		return c.lockedHint(record.WithHint(
			fmt.Errorf("the server %s hung up during the sign-in as %s (tried: %s)", server, r.User, tried),
			"If you have several keys, name the one for this server; otherwise try again in some minutes, "+
				"and if it stays so, ask the vendor whether the account is open."))
	}
	return record.WithHint(fmt.Errorf("the sign-in on %s as %s failed: %s", server, r.User, foreign(err.Error())),
		"Try again, and answer if the SSH agent asks you something.")
}

// deniedHint says what to do about credentials that the server does not accept.
func (a attempt) deniedHint(c *credentials) string {
	takesPassword := slices.Contains(a.accepts, "password") || slices.Contains(a.accepts, "keyboard-interactive")
	switch password := c.tried[0] == "password"; {
	case password && len(a.accepts) > 0 && !takesPassword:
		return "The server takes no passwords: send again with your key file."
	case password:
		return "Check the user name and the password: capital letters count."
	case takesPassword && !slices.Contains(a.accepts, "publickey"):
		return "The server takes no keys: send again with the password."
	}
	return "Check the user name, and that the vendor has the public half of your key."
}
