package sftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dpc-onboard/steps/sftpurl"
)

type timeout struct{ error }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestServersThatAreNotReached(t *testing.T) {
	r := route{Address: sftpurl.Address{User: "bob", Host: "host.example", Port: 22, Folder: "/in"}}
	dialed := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		err          error
		what, remedy string
	}{
		{dialed(&net.DNSError{IsNotFound: true, Name: "host.example"}), "there is no server named host.example", "letter by letter"},
		{dialed(&net.DNSError{IsTimeout: true}), "can't be looked up", "internet connection"},
		{dialed(os.NewSyscallError("connect", errRefused)), "refuses connections on port 22", "check the port"},
		{dialed(timeout{errors.New("i/o timeout")}), "does not answer on port 22", "firewall"},
		{dialed(errors.New("network is unreachable")), "can't be reached", "internet connection"},
	} {
		failed(t, unreached(c.err, r), c.what, c.remedy)
	}
	t.Run("a closed port", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		must(t, listener.Close())
		p := newPerson(t)
		_, err = p.upload(t, fmt.Sprintf("sftp://bob@%s/in/", listener.Addr()))
		failed(t, err, "refuses connections", "check the port")
	})
}

func TestPhases(t *testing.T) {
	slow, silent := errors.New("slow"), errors.New("silent")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		begin := phases(cancel)
		begin(time.Minute, slow)
		<-time.After(50 * time.Second)
		begin(time.Minute, silent)
		<-time.After(50 * time.Second)
		synctest.Wait()
		if cause := context.Cause(ctx); cause != nil {
			t.Errorf("given up because %v in the second phase", cause)
		}
		<-time.After(11 * time.Second)
		synctest.Wait()
		if cause := context.Cause(ctx); !errors.Is(cause, silent) {
			t.Errorf("after a minute in the second phase: %v", cause)
		}
	})
}

func TestDefaultOptions(t *testing.T) {
	t.Setenv("HOME", "/home/bob")
	t.Setenv("USERPROFILE", "/home/bob")
	t.Setenv("SSH_AUTH_SOCK", "/run/agent")
	o, err := DefaultOptions()
	must(t, err)
	if !strings.Contains(o.KnownHosts, "bob") || o.UploadTimeout == 0 || o.AgentSocket != "/run/agent" || o.Now == nil ||
		!strings.HasSuffix(o.KnownHosts, "known_hosts") || !strings.HasSuffix(o.ConfigFile, "config") {
		t.Errorf("got %+v", o)
	}
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	_, err = DefaultOptions()
	failed(t, err, "no home folder", "HOME")
}
