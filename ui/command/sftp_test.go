//go:build unix

package command_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"os"

	"github.com/pkg/sftp"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
)

// sftpPassword is what a script's server lets in with.
const sftpPassword = "let the practice in"

// sftpServer starts a server that takes files into a folder: $SFTP is its
// address, $FINGERPRINT its host key's.
func sftpServer(ts *testscript.TestScript, _ bool, args []string) {
	folder := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(folder, 0o700))
	_, key, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	host, err := ssh.NewSignerFromKey(key)
	ts.Check(err)
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if string(password) != sftpPassword {
			return nil, errors.New("wrong password")
		}
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	go accept(listener, config)
	ts.Setenv("SFTP", "sftp://practice@"+listener.Addr().String()+folder+"/")
	ts.Setenv("FINGERPRINT", ssh.FingerprintSHA256(host.PublicKey()))
}

func accept(listener net.Listener, config *ssh.ServerConfig) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go serve(conn, config)
	}
}

// serve speaks to one client until it hangs up.
func serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(channel)
		if err != nil {
			return
		}
		go func() { _ = server.Serve() }()
	}
}
