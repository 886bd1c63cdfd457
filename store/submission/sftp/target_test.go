package sftp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"dpc-onboard/steps"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want Target
		url  string // "" for raw
		path string // on the server
	}{
		{"sftp://bob@host.example/in/", Target{"bob", "host.example", 0, "/in"}, "", "/in/f"},
		{"sftp://bob@host.example:2222/in/box/", Target{"bob", "host.example", 2222, "/in/box"}, "", "/in/box/f"},
		{"sftp://host.example/in", Target{"", "host.example", 0, "/in"}, "sftp://host.example/in/", "/in/f"},
		{"sftp://bob@host.example/", Target{"bob", "host.example", 0, "/"}, "", "/f"},
		{"sftp://bob@host.example/~/", Target{"bob", "host.example", 0, "~"}, "", "f"},
		{"sftp://bob@host.example/~", Target{"bob", "host.example", 0, "~"}, "sftp://bob@host.example/~/", "f"},
		{"sftp://bob@host.example/~/in/", Target{"bob", "host.example", 0, "~/in"}, "", "in/f"},
		{"sftp://bob@[2001:db8::1]/in/", Target{"bob", "2001:db8::1", 0, "/in"}, "", "/in/f"},
		{"sftp://bob@[2001:db8::1]:2222/in/", Target{"bob", "2001:db8::1", 2222, "/in"}, "", "/in/f"},
		{"sftp://bob@[fe80::1%25eth0]:22/in/", Target{"bob", "fe80::1%eth0", 22, "/in"}, "", "/in/f"},
		{"  SFTP://bob@HOST.Example:/in//box/./ ", Target{"bob", "host.example", 0, "/in/box"}, "sftp://bob@host.example/in/box/", "/in/box/f"},
		{"sftp://bob%40clinic.example@host/in/", Target{"bob@clinic.example", "host", 0, "/in"}, "", "/in/f"},
		{"sftp://host/a%20b%3Fc%23d%40e/", Target{"", "host", 0, "/a b?c#d@e"}, "", "/a b?c#d@e/f"},
	} {
		got, err := ParseURL(c.raw)
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", c.raw, got, err, c.want)
			continue
		}
		if c.url == "" {
			c.url = c.raw
		}
		if got.url("") != c.url || got.url("f") != c.url+"f" {
			t.Errorf("%s: shown as %s and %s", c.raw, got.url(""), got.url("f"))
		}
		if got.path("f") != c.path {
			t.Errorf("%s: the path is %s, want %s", c.raw, got.path("f"), c.path)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, c := range []struct{ raw, what, remedy string }{
		{"", "does not begin with sftp://", "sftp://user@host/folder/"},
		{"host/in/", "does not begin with sftp://", "sftp://user@host/folder/"},
		{"ftp://host/in/", "does not begin with sftp://", "FTP"},
		{"bob@host:/in/", "can't be read", "sftp://user@host/folder/"},
		{"sftp:host/in/", "lacks the two slashes", "sftp://"},
		{"sftp:///in/", "names no server", "sftp://"},
		{"sftp://bob@:22/in/", "names no server", "sftp://"},
		{"sftp://bob:hunter2@host/in/", "holds a password", "leave the password out"},
		{"sftp://bob:@host/in/", "holds a password", "leave the password out"},
		{"sftp://bob:hunter2/x@host/in/", "can't be read", "sftp://"},
		{"sftp://bob:12/hunter2@host/in/", "an @ in its folder", "%40"},
		{"sftp://bob@host:0/in/", "not between 1 and 65535", "leave it out"},
		{"sftp://bob@host:65536/in/", "not between 1 and 65535", "leave it out"},
		{"sftp://bob@host:ssh/in/", "can't be read", "host:port"},
		{"sftp://bob@host", "names no folder", "/~/"},
		{"sftp://bob@host/in/?a=b", "goes on after the folder", "%3F"},
		{"sftp://bob@host/in/?", "goes on after the folder", "%3F"},
		{"sftp://bob@host/in/#a", "goes on after the folder", "%23"},
		{"sftp://bob@host/~alice/", "another user's home", "/~/folder/"},
		{"sftp://bob@host/in/../out/", "holds ..", "own path"},
		{"sftp://bob@host/in/..", "holds ..", "own path"},
		{"sftp://bob@host/i%0an/", "control character", "sftp://"},
		{"sftp://b%0aob@host/in/", "control character", "sftp://"},
		{"sftp://bob@ho$t/in/", "a character that no name may have", "sftp://"},
		{"sftp://bob@höst/in/", "a character that no name may have", "sftp://"},
		{"sftp://bob@-host/in/", "neither a name nor an IP address", "sftp://"},
		{"sftp://bob@[::zz]/in/", "", "sftp://"},
	} {
		got, err := ParseURL(c.raw)
		if err == nil || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: got %+v, %v, want an error that says %q", c.raw, got, err, c.what)
			continue
		}
		if hint := steps.Hint(err); !strings.Contains(strings.ToLower(hint), strings.ToLower(c.remedy)) {
			t.Errorf("%s: the hint is %q, want %q in it", c.raw, hint, c.remedy)
		}
		keepsSecret(t, err, "hunter2")
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{
		"sftp://bob@host.example:2222/in/box/", "sftp://host/~/in", "sftp://[fe80::1%25eth0]:22/a%20b%40/",
		"sftp://bob:hunter2@host/in/", "sftp://b@c@host/", "sftp://host//~/./", "sftp://host/~/~/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		target, err := ParseURL(raw)
		if err != nil {
			if steps.Hint(err) == "" {
				t.Errorf("%q: no hint beside %v", raw, err)
			}
			return
		}
		again, err := ParseURL(target.url(""))
		if err != nil || again != target {
			t.Errorf("%q: %+v is written as %s and read as %+v, %v", raw, target, target.url(""), again, err)
		}
		if strings.ContainsAny(target.Host, " /@?#\n") || target.Port < 0 || target.Port > 65535 || target.Folder == "" {
			t.Errorf("%q: %+v", raw, target)
		}
	})
}

type timeout struct{ error }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestServersThatAreNotReached(t *testing.T) {
	r := route{Target: Target{"bob", "host.example", 22, "/in"}}
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

func TestDefaultOptions(t *testing.T) {
	t.Setenv("HOME", "/home/bob")
	t.Setenv("USERPROFILE", "/home/bob")
	t.Setenv("SSH_AUTH_SOCK", "/run/agent")
	o, err := DefaultOptions()
	must(t, err)
	if o.Home != "/home/bob" || o.AgentSocket != "/run/agent" || o.Now == nil ||
		!strings.HasSuffix(o.KnownHosts, "known_hosts") || !strings.HasSuffix(o.ConfigFile, "config") {
		t.Errorf("got %+v", o)
	}
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	_, err = DefaultOptions()
	failed(t, err, "no home folder", "HOME")
}

func TestForeignWordsAreFitToShow(t *testing.T) {
	for in, want := range map[string]string{
		"disk full":                "disk full",
		"a\x1b[2J\r\n b\u202e\xff": "a [2J b",
		strings.Repeat("ä", 300):   strings.Repeat("ä", maxForeign/2),
		strings.Repeat("€", 300):   strings.Repeat("€", maxForeign/3),
	} {
		if got := foreign(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
