package sftpurl

import (
	"strings"
	"testing"

	"dpc-onboard/steps/record"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want Address
		url  string // "" for raw
		path string // on the server
	}{
		{"sftp://bob@host.example/in/", Address{"bob", "host.example", 0, "/in"}, "", "/in/f"},
		{"sftp://bob@host.example:2222/in/box/", Address{"bob", "host.example", 2222, "/in/box"}, "", "/in/box/f"},
		{"sftp://host.example/in", Address{"", "host.example", 0, "/in"}, "sftp://host.example/in/", "/in/f"},
		{"sftp://bob@host.example/", Address{"bob", "host.example", 0, "/"}, "", "/f"},
		{"sftp://bob@host.example/~/", Address{"bob", "host.example", 0, "~"}, "", "f"},
		{"sftp://bob@host.example/~", Address{"bob", "host.example", 0, "~"}, "sftp://bob@host.example/~/", "f"},
		{"sftp://bob@host.example/~/in/", Address{"bob", "host.example", 0, "~/in"}, "", "in/f"},
		{"sftp://bob@[2001:db8::1]/in/", Address{"bob", "2001:db8::1", 0, "/in"}, "", "/in/f"},
		{"sftp://bob@[2001:db8::1]:2222/in/", Address{"bob", "2001:db8::1", 2222, "/in"}, "", "/in/f"},
		{"sftp://bob@[fe80::1%25eth0]:22/in/", Address{"bob", "fe80::1%eth0", 22, "/in"}, "", "/in/f"},
		{"  SFTP://bob@HOST.Example:/in//box/./ ", Address{"bob", "host.example", 0, "/in/box"}, "sftp://bob@host.example/in/box/", "/in/box/f"},
		{"sftp://bob%40clinic.example@host/in/", Address{"bob@clinic.example", "host", 0, "/in"}, "", "/in/f"},
		{"sftp://host/a%20b%3Fc%23d%40e/", Address{"", "host", 0, "/a b?c#d@e"}, "", "/a b?c#d@e/f"},
	} {
		got, err := Parse(c.raw)
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", c.raw, got, err, c.want)
			continue
		}
		if c.url == "" {
			c.url = c.raw
		}
		if got.URL("") != c.url || got.URL("f") != c.url+"f" {
			t.Errorf("%s: shown as %s and %s", c.raw, got.URL(""), got.URL("f"))
		}
		if got.Path("f") != c.path {
			t.Errorf("%s: the path is %s, want %s", c.raw, got.Path("f"), c.path)
		}
	}
}

func TestParseRefuses(t *testing.T) {
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
		got, err := Parse(c.raw)
		if err == nil || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: got %+v, %v, want an error that says %q", c.raw, got, err, c.what)
			continue
		}
		hint := record.Hint(err)
		if !strings.Contains(strings.ToLower(hint), strings.ToLower(c.remedy)) || !strings.HasSuffix(hint, ".") {
			t.Errorf("%s: the hint is %q, want %q in it", c.raw, hint, c.remedy)
		}
		if strings.Contains(err.Error()+hint, "hunter2") {
			t.Errorf("%s: %q holds a secret", c.raw, err.Error()+hint)
		}
		if got != (Address{}) {
			t.Errorf("%s: %+v came beside the error", c.raw, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"sftp://bob@host.example:2222/in/box/", "sftp://host/~/in", "sftp://[fe80::1%25eth0]:22/a%20b%40/",
		"sftp://bob:hunter2@host/in/", "sftp://b@c@host/", "sftp://host//~/./", "sftp://host/~/~/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		target, err := Parse(raw)
		if err != nil {
			if record.Hint(err) == "" {
				t.Errorf("%q: no hint beside %v", raw, err)
			}
			return
		}
		again, err := Parse(target.URL(""))
		if err != nil || again != target {
			t.Errorf("%q: %+v is written as %s and read as %+v, %v", raw, target, target.URL(""), again, err)
		}
		if strings.ContainsAny(target.Host, " /@?#\n") || target.Port < 0 || target.Port > 65535 || target.Folder == "" {
			t.Errorf("%q: %+v", raw, target)
		}
	})
}
