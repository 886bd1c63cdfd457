package sftp

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpc-onboard/steps/record"

	"golang.org/x/crypto/ssh"
)

func TestUnknownHostIsAskedAboutBeforeAnythingIsSent(t *testing.T) {
	s, p := meet(t)
	must(t, os.RemoveAll(filepath.Dir(p.KnownHosts)))

	_, err := p.upload(t, s.url(t))
	var unknown *record.UnknownHost
	if !errors.As(err, &unknown) {
		t.Fatalf("got %v, want an unknown host", err)
	}
	want := record.UnknownHost{Host: knownName(s.addr), KeyType: "ssh-ed25519", Fingerprint: s.fingerprint(t)}
	if *unknown != want {
		t.Errorf("got %+v, want %+v", *unknown, want)
	}
	if log := s.log.String(); strings.Contains(log, "for "+me(t)) || strings.Contains(log, "user "+me(t)) {
		t.Errorf("the server learned who wants to sign in:\n%s", log)
	}
	if _, err := os.Stat(p.KnownHosts); err == nil {
		t.Error("the key was recorded without anyone's consent")
	}
	if got := listing(t, s.in); got != "" {
		t.Errorf("the folder holds %q", got)
	}
}

func TestAcceptedHostIsRecorded(t *testing.T) {
	s, p := meet(t)
	must(t, os.RemoveAll(filepath.Dir(p.KnownHosts)))

	u := record.Upload{File: p.file, URL: s.url(t), KeyFile: p.key, Trust: "SHA256:another"}
	_, err := Upload(t.Context(), u, p.Options, nil)
	if unknown := new(record.UnknownHost); !errors.As(err, &unknown) {
		t.Fatalf("with another key's fingerprint: got %v, want an unknown host", err)
	}
	u.Trust = s.fingerprint(t)
	_, err = Upload(t.Context(), u, p.Options, nil)
	must(t, err)
	p.arrived(t, s.in)
	mode(t, p.KnownHosts, 0o600)
	mode(t, filepath.Dir(p.KnownHosts), 0o700)
	if out := run(t, "ssh-keygen", "-F", knownName(s.addr), "-f", p.KnownHosts); !strings.Contains(out, "found") {
		t.Errorf("OpenSSH does not find the server in known_hosts: %s", out)
	}

	must(t, os.Remove(filepath.Join(s.in, filepath.Base(p.file))))
	if _, err := p.upload(t, s.url(t)); err != nil {
		t.Errorf("the next time: %v", err)
	}
}

func TestRecordingKeepsWhatIsThere(t *testing.T) {
	s, p := meet(t)
	other := "other.example " + strings.TrimSpace(read(t, p.key+".pub")) // no line break at the end
	p.knows(t, other)
	u := record.Upload{File: p.file, URL: s.url(t), KeyFile: p.key, Trust: s.fingerprint(t)}
	_, err := Upload(t.Context(), u, p.Options, nil)
	must(t, err)
	lines := strings.Split(read(t, p.KnownHosts), "\n")
	if len(lines) != 3 || lines[0] != other || !strings.HasPrefix(lines[1], knownName(s.addr)+" ssh-ed25519 ") {
		t.Errorf("known_hosts is %q", lines)
	}
}

// TestAcceptedHostIsRecordedOnce: a long connection shows its key again and again.
func TestAcceptedHostIsRecordedOnce(t *testing.T) {
	server := startServer(t)
	p := newPerson(t)
	key := server.key.PublicKey()
	h, err := p.readHostKeys(server.addr, ssh.FingerprintSHA256(key))
	must(t, err)
	addr, err := net.ResolveTCPAddr("tcp", server.addr)
	must(t, err)
	for range 3 {
		must(t, h.check("", addr, key))
	}
	if lines := strings.Count(read(t, p.KnownHosts), "\n"); lines != 1 {
		t.Errorf("known_hosts has %d lines", lines)
	}
}

func TestRecordingFails(t *testing.T) {
	s, p := meet(t)
	p.KnownHosts = filepath.Join(p.file, "known_hosts") // inside a file
	u := record.Upload{File: p.file, URL: s.url(t), KeyFile: p.key, Trust: s.fingerprint(t)}
	_, err := Upload(t.Context(), u, p.Options, nil)
	if err == nil || listing(t, s.in) != "" {
		t.Errorf("got %v, and the folder holds %q", err, listing(t, s.in))
	}
}

func TestChangedHostKeyIsRefused(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *person){
		"plain":  func(*testing.T, *person) {},
		"hashed": func(t *testing.T, p *person) { run(t, "ssh-keygen", "-q", "-H", "-f", p.KnownHosts) },
	} {
		t.Run(name, func(t *testing.T) {
			s, p := meet(t)
			prepare(t, p)
			s.newHostKey(t, "ed25519")
			before := read(t, p.KnownHosts)
			u := record.Upload{File: p.file, URL: s.url(t), KeyFile: p.key, Trust: s.fingerprint(t)}
			_, err := Upload(t.Context(), u, p.Options, nil)
			failed(t, err, "shows another key than before", "ssh-keygen -R '"+knownName(s.addr)+"'")
			if !strings.Contains(err.Error(), s.fingerprint(t)) {
				t.Errorf("%q does not name the new key's fingerprint", err)
			}
			if unknown := new(record.UnknownHost); errors.As(err, &unknown) {
				t.Error("the error offers to go on")
			}
			if read(t, p.KnownHosts) != before || listing(t, s.in) != "" {
				t.Error("something was recorded or sent")
			}
		})
	}
}

func TestKnownHostsForms(t *testing.T) {
	t.Run("hashed", func(t *testing.T) {
		s, p := meet(t)
		run(t, "ssh-keygen", "-q", "-H", "-f", p.KnownHosts)
		if strings.Contains(read(t, p.KnownHosts), "127.0.0.1") {
			t.Fatal("the name is not hashed")
		}
		_, err := p.upload(t, s.url(t))
		must(t, err)
		p.arrived(t, s.in)
	})
	t.Run("the type on record is asked for", func(t *testing.T) {
		s, p := meet(t)
		s.newHostKey(t, "ecdsa")
		config := filepath.Join(s.dir, "sshd_config")
		must(t, os.WriteFile(config, []byte(read(t, config)+"HostKey "+s.dir+"/ecdsa\n"), 0o600))
		p.knows(t, s.knownLine(t, "ecdsa"))
		_, err := p.upload(t, s.url(t))
		must(t, err)
	})
	t.Run("another type is a changed key", func(t *testing.T) {
		s, p := meet(t)
		s.newHostKey(t, "ecdsa")
		p.knows(t, s.knownLine(t, "ecdsa"))
		_, err := p.upload(t, s.url(t))
		failed(t, err, "shows another key than before", "Call the vendor")
	})
	t.Run("of the whole computer", func(t *testing.T) {
		s, p := meet(t)
		p.SystemKnownHosts = filepath.Join(t.TempDir(), "ssh_known_hosts")
		must(t, os.Rename(p.KnownHosts, p.SystemKnownHosts))
		_, err := p.upload(t, s.url(t))
		must(t, err)
	})
	t.Run("revoked", func(t *testing.T) {
		s, p := meet(t)
		p.knows(t, s.knownLine(t, "ed25519"), "@revoked * "+read(t, s.dir+"/ed25519.pub"))
		u := record.Upload{File: p.file, URL: s.url(t), KeyFile: p.key, Trust: s.fingerprint(t)}
		_, err := Upload(t.Context(), u, p.Options, nil)
		failed(t, err, "marked as revoked", "nothing was sent")
	})
	t.Run("damaged", func(t *testing.T) {
		s, p := meet(t)
		p.knows(t, s.knownLine(t, "ed25519"), "host ssh-ed25519 nonsense!\n")
		_, err := p.upload(t, s.url(t))
		failed(t, err, "known_hosts:2", "correct or remove the line")
	})
}

func TestCertificateAuthority(t *testing.T) {
	certified := func(t *testing.T, principal string) (*sshd, *person) {
		t.Helper()
		s, p := meet(t)
		ca := newKey(t, filepath.Join(s.dir, "ca"), "")
		run(t, "ssh-keygen", "-q", "-s", ca, "-h", "-I", "server", "-n", principal, s.dir+"/ed25519.pub")
		config := filepath.Join(s.dir, "sshd_config")
		must(t, os.WriteFile(config, []byte(read(t, config)+"HostCertificate "+s.dir+"/ed25519-cert.pub\n"), 0o600))
		p.knows(t, "@cert-authority "+knownName(s.addr)+" "+read(t, ca+".pub"))
		return s, p
	}
	t.Run("vouches", func(t *testing.T) {
		s, p := certified(t, "127.0.0.1")
		_, err := p.upload(t, s.url(t))
		must(t, err)
		p.arrived(t, s.in)
	})
	t.Run("vouches for another name", func(t *testing.T) {
		s, p := certified(t, "other.example")
		_, err := p.upload(t, s.url(t))
		failed(t, err, "certificate of "+knownName(s.addr)+" is not valid", "tell the vendor")
	})
	t.Run("server without a certificate is unknown", func(t *testing.T) {
		s, p := meet(t)
		p.knows(t, "@cert-authority "+knownName(s.addr)+" "+read(t, p.key+".pub"))
		_, err := p.upload(t, s.url(t))
		if unknown := new(record.UnknownHost); !errors.As(err, &unknown) {
			t.Errorf("got %v, want an unknown host", err)
		}
	})
	t.Run("certificate where no authority is on record", func(t *testing.T) {
		s, p := certified(t, "127.0.0.1")
		p.knows(t, s.knownLine(t, "ed25519"))
		_, err := p.upload(t, s.url(t))
		must(t, err)
	})
}

func mode(t *testing.T, file string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(file)
	must(t, err)
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %o, want %o", file, got, want)
	}
}
