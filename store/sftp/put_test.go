package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pkgsftp "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

// progress records what was reported.
type progress struct{ done []int64 }

func (p *progress) report(done, _ int64) { p.done = append(p.done, done) }

// through is the address of the server's folder by way of a wire.
func through(t *testing.T, s *sshd, w *wire, p *person) string {
	t.Helper()
	p.knows(t, s.knownLine(t, "ed25519"), knownName(w.addr)+" "+read(t, s.dir+"/ed25519.pub"))
	return "sftp://" + me(t) + "@" + w.addr + s.in
}

func TestProgress(t *testing.T) {
	s, p := meet(t)
	var seen progress
	u := record.Upload{File: p.file, URL: s.url(t), KeyFile: p.key}
	_, err := Upload(t.Context(), u, p.Options, seen.report)
	must(t, err)
	want := []int64{0}
	for done := int64(chunk); done < 300_000; done += chunk {
		want = append(want, done)
	}
	want = append(want, 300_000)
	if fmt.Sprint(seen.done) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", seen.done, want)
	}
}

func TestBrokenConnection(t *testing.T) {
	s, p := meet(t)
	w := startWire(t, s.addr, &wire{limit: 150_000})
	u := record.Upload{File: p.file, URL: through(t, s, w, p), KeyFile: p.key}
	_, err := Upload(t.Context(), u, p.Options, nil)
	failed(t, err, "was lost before the delivery was complete", "send it again: the upload begins anew")
	part := filepath.Join(s.in, filepath.Base(p.file)+".part")
	if got := listing(t, s.in); got != filepath.Base(part) {
		t.Fatalf("the folder holds %q", got)
	}
	mode(t, part, 0o600)

	_, err = p.upload(t, s.url(t))
	must(t, err)
	p.arrived(t, s.in)
}

func TestKilledServer(t *testing.T) {
	s, p := meet(t)
	u := record.Upload{File: p.file, URL: s.url(t), KeyFile: p.key}
	killed := false
	_, err := Upload(t.Context(), u, p.Options, func(done, _ int64) {
		if done > 100_000 && !killed {
			killed = true
			s.kill(t)
		}
	})
	failed(t, err, "was lost before the delivery was complete", "send it again")
	_, err = p.upload(t, s.url(t))
	must(t, err)
	p.arrived(t, s.in)
}

func TestWhatIsLeftOfAnEarlierTryIsReplaced(t *testing.T) {
	s, p := meet(t)
	whole := string(content(300_000))
	part := filepath.Join(s.in, filepath.Base(p.file)+".part")
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for name, leave := range map[string]func() error{
		"a beginning":         func() error { return os.WriteFile(part, []byte(whole[:12_345]), 0o644) },
		"of another file":     func() error { return os.WriteFile(part, []byte("x"+whole[1:12_345]), 0o644) },
		"more than all of it": func() error { return os.WriteFile(part, []byte(whole+"x"), 0o644) },
		"a link to elsewhere": func() error {
			return errors.Join(os.WriteFile(elsewhere, []byte("theirs"), 0o600), os.Symlink(elsewhere, part))
		},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.RemoveAll(filepath.Join(s.in, filepath.Base(p.file))))
			must(t, leave())
			_, err := p.upload(t, s.url(t))
			must(t, err)
			p.arrived(t, s.in)
			mode(t, filepath.Join(s.in, filepath.Base(p.file)), 0o600)
		})
	}
	if read(t, elsewhere) != "theirs" {
		t.Error("the upload wrote through a link")
	}
}

// TestServerThatLiesAboutSizes says that each file has 2^63 bytes, and reads less
// than it was asked for.
func TestServerThatLiesAboutSizes(t *testing.T) {
	server := startServer(t, func(s *server) {
		s.files.FileList = huge{s.files.FileList}
		s.files.FileGet = short{s.files.FileGet}
	})
	p := server.person(t)
	name := filepath.Base(p.file)
	server.write(t, "/in/"+name+".part", "of an earlier try")
	_, err := p.upload(t, server.url())
	failed(t, err, "not the one that was sent; it was removed", "send it again")
	server.write(t, "/in/"+name, "theirs")
	_, err = p.upload(t, server.url())
	failed(t, err, "already holds another file", "nothing was overwritten")
}

// huge says of each file that it has 2^63 bytes.
type huge struct{ pkgsftp.FileLister }

func (h huge) Filelist(r *pkgsftp.Request) (pkgsftp.ListerAt, error) {
	list, err := h.FileLister.Filelist(r)
	return hugeFiles{list}, err
}

type hugeFiles struct{ pkgsftp.ListerAt }

func (h hugeFiles) ListAt(infos []os.FileInfo, at int64) (int, error) {
	n, err := h.ListerAt.ListAt(infos, at)
	for i := range infos[:n] {
		infos[i] = hugeFile{infos[i]}
	}
	return n, err
}

type hugeFile struct{ os.FileInfo }

func (hugeFile) Size() int64 { return math.MinInt64 } // 2^63 on its way

// short reads a hundred bytes of a file, and then says that it ends.
type short struct{ pkgsftp.FileReader }

func (s short) Fileread(r *pkgsftp.Request) (io.ReaderAt, error) {
	f, err := s.FileReader.Fileread(r)
	return io.NewSectionReader(f, 0, 100), err
}

func TestPartThatCannotBeRemoved(t *testing.T) {
	server := startServer(t)
	p := server.person(t)
	part := "/in/" + filepath.Base(p.file) + ".part"
	server.write(t, part, "theirs")
	server.files.FileCmd = protected{server.files.FileCmd}
	_, err := p.upload(t, server.url())
	failed(t, err, "failed to write into the folder /in", "ask the vendor")
	if got := server.read(t, part); got != "theirs" {
		t.Errorf("someone else's file was written over: it has %d bytes now", len(got))
	}
}

// protected lets nobody remove anything.
type protected struct{ pkgsftp.FileCmder }

func (p protected) Filecmd(r *pkgsftp.Request) error {
	if r.Method == "Remove" {
		return pkgsftp.ErrSSHFxPermissionDenied
	}
	return p.FileCmder.Filecmd(r)
}

// TestSFTPThatEnds is a server whose SFTP ends while the connection stays.
func TestSFTPThatEnds(t *testing.T) {
	server := startServer(t)
	p := server.person(t)
	u := record.Upload{File: p.file, URL: server.url(), KeyFile: p.key}
	_, err := Upload(t.Context(), u, p.Options, func(done, _ int64) {
		if done > 100_000 {
			server.endSFTP()
		}
	})
	failed(t, err, "was lost before the delivery was complete", "send it again")
	if got := server.names(t); got != filepath.Base(p.file)+".part" {
		t.Errorf("the folder holds %q", got)
	}
}

func TestLostBeforeSFTPBegins(t *testing.T) {
	server := startServer(t, func(s *server) { s.hangsUp = true })
	_, err := server.person(t).upload(t, server.url())
	failed(t, err, "was lost before the delivery was complete", "send it again")
}

func TestExistingNameIsNeverOverwritten(t *testing.T) {
	for name, options := range map[string][]option{
		"rename refuses":    nil,
		"rename overwrites": {withOverwritingRename()},
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t, options...)
			p := server.person(t)
			file := filepath.Base(p.file)
			server.write(t, "/in/"+file, "theirs")
			server.write(t, "/in/dpc-1234567893-sandbox-20260301-2.zip.age", "also theirs")
			_, err := p.upload(t, server.url())
			failed(t, err, "already holds another file named "+file, "rename the sealed file, for instance to dpc-1234567893-sandbox-20260301-3.zip.age")
			if got := server.read(t, "/in/"+file); got != "theirs" {
				t.Errorf("%q is under the name now", got[:10])
			}
			if got := server.names(t); strings.Contains(got, ".part") {
				t.Errorf("the folder holds %s", got)
			}
		})
	}
	t.Run("OpenSSH", func(t *testing.T) {
		s, p := meet(t)
		taken := filepath.Join(s.in, filepath.Base(p.file))
		must(t, os.Symlink("nowhere", taken))
		_, err := p.upload(t, s.url(t))
		failed(t, err, "already holds another file", "nothing was overwritten")
		if to, err := os.Readlink(taken); to != "nowhere" {
			t.Errorf("the link is gone: %v", err)
		}
	})
}

// TestNameTakenDuringTheUpload is a race that the last look-up or the server's
// rename decides, never in favor of the later one.
func TestNameTakenDuringTheUpload(t *testing.T) {
	for name, options := range map[string][]option{
		"rename refuses":    nil,
		"rename overwrites": {withOverwritingRename()},
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t, options...)
			p := server.person(t)
			file := filepath.Base(p.file)
			u := record.Upload{File: p.file, URL: server.url(), KeyFile: p.key}
			_, err := Upload(t.Context(), u, p.Options, func(done, total int64) {
				if done == total {
					server.write(t, "/in/"+file, "theirs")
				}
			})
			failed(t, err, "already holds another file", "nothing was overwritten")
			if got := server.names(t); got != file || server.read(t, "/in/"+file) != "theirs" {
				t.Errorf("the folder holds %s", got)
			}
		})
	}
	t.Run("at the last moment", func(t *testing.T) {
		server := startServer(t)
		p := server.person(t)
		file := filepath.Base(p.file)
		plain := server.files.FileCmd
		server.files.FileCmd = commands{plain, func(r *pkgsftp.Request) error {
			server.write(t, "/in/"+file, "theirs")
			return plain.Filecmd(r)
		}}
		_, err := p.upload(t, server.url())
		failed(t, err, "already holds another file", "nothing was overwritten")
		if got := server.names(t); got != file || server.read(t, "/in/"+file) != "theirs" {
			t.Errorf("the folder holds %s", got)
		}
	})
}

func TestSameFileIsDeliveredAlready(t *testing.T) {
	s, p := meet(t)
	first, err := p.upload(t, s.url(t))
	must(t, err)
	second, err := p.upload(t, s.url(t))
	must(t, err)
	if first != second {
		t.Errorf("got %+v, want %+v", second, first)
	}
	p.arrived(t, s.in)
}

func TestFoldersThatTakeNoFiles(t *testing.T) {
	t.Run("missing", func(t *testing.T) {
		s, p := meet(t)
		_, err := p.upload(t, s.url(t)+"none/")
		failed(t, err, "there is no folder "+s.in+"/none", "has to exist already")
	})
	t.Run("a file", func(t *testing.T) {
		s, p := meet(t)
		must(t, os.WriteFile(s.in+"/file", nil, 0o600))
		_, err := p.upload(t, s.url(t)+"file")
		failed(t, err, "is a file, not a folder", "end the address with the folder")
	})
	t.Run("server that only reads", func(t *testing.T) {
		s, p := meet(t, "Subsystem sftp internal-sftp -R")
		_, err := p.upload(t, s.url(t))
		failed(t, err, "does not let "+me(t)+" write into the folder "+s.in, "ask the vendor")
		if got := listing(t, s.in); got != "" {
			t.Errorf("the folder holds %q", got)
		}
	})
	t.Run("not ours", func(t *testing.T) {
		s, p := meet(t)
		user := me(t)
		if os.Getuid() == 0 {
			user = "nobody" // no folder is closed to root
		}
		must(t, os.Chmod(s.in, 0o555))
		_, err := p.upload(t, "sftp://"+user+"@"+s.addr+s.in)
		failed(t, err, "does not let "+user+" write into", "ask the vendor")
	})
	t.Run("server without SFTP", func(t *testing.T) {
		server := startServer(t, func(s *server) { s.noSFTP = true })
		_, err := server.person(t).upload(t, server.url())
		failed(t, err, "the server offers no SFTP", "switch on SFTP")
	})
	t.Run("server whose SFTP ends at once", func(t *testing.T) {
		s, p := meet(t, "Subsystem sftp /bin/false")
		_, err := p.upload(t, s.url(t))
		failed(t, err, "the server offers no SFTP", "switch on SFTP")
	})
}

func TestFullDisk(t *testing.T) {
	for _, words := range []string{"no space left on device", "Quota exceeded"} {
		t.Run(words, func(t *testing.T) {
			server := startServer(t, withQuota(100_000, words))
			p := server.person(t)
			_, err := p.upload(t, server.url())
			failed(t, err, "no space left for the file in /in", "tell the vendor")
			if got := server.names(t); got != "" {
				t.Errorf("the folder holds %s", got)
			}
		})
	}
	t.Run("without a reason", func(t *testing.T) {
		server := startServer(t, withQuota(100_000, "Failure"))
		p := server.person(t)
		_, err := p.upload(t, server.url())
		failed(t, err, "failed to write into the folder /in", "whether there is space left")
		if got := server.names(t); got != "" {
			t.Errorf("the folder holds %s", got)
		}
	})
	t.Run("tmpfs", func(t *testing.T) {
		s, p := meet(t)
		if !mountSmall(t, s.in) {
			t.Log("no tmpfs can be mounted here: the other cases test the same against another server")
			return
		}
		_, err := p.upload(t, s.url(t))
		failed(t, err, "no space left for the file in "+s.in, "tell the vendor")
		if got := listing(t, s.in); got != "" {
			t.Errorf("the folder holds %s", got)
		}
	})
}

// mountSmall mounts a file system of 128 KiB until the test ends, and reports
// whether it was allowed to.
func mountSmall(t *testing.T, dir string) bool {
	t.Helper()
	if os.Getuid() != 0 || exec.Command("mount", "-t", "tmpfs", "-o", "size=128k,mode=755", "tmpfs", dir).Run() != nil {
		return false
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	return true
}

// damage changes a byte of what is written.
type damage struct{ pkgsftp.FileWriter }

func (d damage) Filewrite(r *pkgsftp.Request) (io.WriterAt, error) {
	f, err := d.FileWriter.Filewrite(r)
	return damagedFile{f}, err
}

type damagedFile struct{ io.WriterAt }

func (f damagedFile) WriteAt(b []byte, at int64) (int, error) {
	b = append([]byte{}, b...)
	b[0] ^= 1
	return f.WriterAt.WriteAt(b, at)
}

// blind lets nobody read.
type blind struct{}

func (blind) Fileread(*pkgsftp.Request) (io.ReaderAt, error) {
	return nil, pkgsftp.ErrSSHFxPermissionDenied
}

func TestWhatCannotBeVerifiedIsRemoved(t *testing.T) {
	for _, c := range []struct {
		name         string
		option       option
		what, remedy string
	}{
		{"damaged", func(s *server) { s.files.FilePut = damage{s.files.FilePut} }, "not the one that was sent", "send it again"},
		{"unreadable", func(s *server) { s.files.FileGet = blind{} }, "does not let bob read the file back", "read what it uploads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startServer(t, c.option)
			p := server.person(t)
			_, err := p.upload(t, server.url())
			failed(t, err, c.what, c.remedy)
			if got := server.names(t); got != "" {
				t.Errorf("the folder holds %s", got)
			}
		})
	}
}

func TestRenameRefusedOrUnsupported(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		what string
	}{
		"refused":     {pkgsftp.ErrSSHFxPermissionDenied, "does not let bob rename a file in the folder /in"},
		"unsupported": {pkgsftp.ErrSSHFxOpUnsupported, "has no way to rename a file in the folder /in"},
		"failed":      {errors.New("odd \x1b[31m words"), "failed to rename a file in the folder /in"},
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t)
			server.files.FileCmd = commands{server.files.FileCmd, func(*pkgsftp.Request) error { return c.err }}
			p := server.person(t)
			_, err := p.upload(t, server.url())
			failed(t, err, c.what, "ask the vendor")
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q holds the server's control characters", err)
			}
			if got := server.names(t); got != "" {
				t.Errorf("the folder holds %s", got)
			}
		})
	}
	t.Run("moved away at once", func(t *testing.T) {
		server := startServer(t)
		plain := server.files.FileCmd
		server.files.FileCmd = commands{plain, func(r *pkgsftp.Request) error {
			return plain.Filecmd(pkgsftp.NewRequest("Remove", r.Filepath))
		}}
		_, err := server.person(t).upload(t, server.url())
		must(t, err)
	})
}

func TestSlowLink(t *testing.T) {
	s, p := meet(t)
	w := startWire(t, s.addr, &wire{tick: time.Millisecond})
	var seen progress
	u := record.Upload{File: p.file, URL: through(t, s, w, p), KeyFile: p.key}
	_, err := Upload(t.Context(), u, p.Options, seen.report)
	must(t, err)
	p.arrived(t, s.in)
	if len(seen.done) < 30 {
		t.Errorf("%d reports for 300,000 bytes", len(seen.done))
	}
}

func TestCancelOnASlowLink(t *testing.T) {
	s, p := meet(t)
	w := startWire(t, s.addr, &wire{tick: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	u := record.Upload{File: p.file, URL: through(t, s, w, p), KeyFile: p.key}
	_, err := Upload(ctx, u, p.Options, func(done, _ int64) {
		if done > 50_000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want %v", err, context.Canceled)
	}
	_, err = p.upload(t, s.url(t))
	must(t, err)
	p.arrived(t, s.in)
}

// TestCancelAnywhere lets the connection go dead at many moments: nothing but the
// cancel ends the upload then, as the limits are an hour.
func TestCancelAnywhere(t *testing.T) {
	s, p := meet(t)
	w := startWire(t, s.addr, &wire{})
	_, err := p.upload(t, through(t, s, w, p))
	must(t, err)
	total := w.passed.Load()
	limits := []int64{1, 30, total / 2, total - 600, total - 400, total - 200}
	for limit := int64(800); limit < 6_000; limit += 400 {
		limits = append(limits, limit)
	}
	for _, limit := range limits {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			final := filepath.Join(s.in, filepath.Base(p.file))
			must(t, os.RemoveAll(final))
			must(t, os.RemoveAll(final+".part"))
			w := startWire(t, s.addr, &wire{limit: limit, dead: true})
			u := record.Upload{File: p.file, URL: through(t, s, w, p), KeyFile: p.key}
			ctx, cancel := context.WithCancelCause(t.Context())
			quit := errors.New("the person quits")
			go func() {
				select {
				case <-w.reached:
				case <-t.Context().Done():
				}
				cancel(quit)
			}()
			_, err := Upload(ctx, u, p.Options, nil)
			if !errors.Is(err, quit) {
				t.Errorf("got %v, want %v", err, quit)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Run("silent from the start", func(t *testing.T) {
		s, p := meet(t)
		w := startWire(t, s.addr, &wire{limit: 1, dead: true})
		p.HandshakeTimeout = 50 * time.Millisecond
		_, err := p.upload(t, through(t, s, w, p))
		failed(t, err, "took the connection and then said nothing", "check the port")
	})
	t.Run("silent in the sign-in", func(t *testing.T) {
		hang := make(chan struct{})
		server := startServer(t, withPassword(""), func(s *server) {
			check := s.config.PasswordCallback
			s.config.PasswordCallback = func(c ssh.ConnMetadata, got []byte) (*ssh.Permissions, error) {
				<-hang
				return check(c, got)
			}
		})
		t.Cleanup(func() { close(hang) })
		p := server.person(t)
		p.SignInTimeout = 50 * time.Millisecond
		u := record.Upload{File: p.file, URL: server.url(), Password: secret("x")}
		_, err := Upload(t.Context(), u, p.Options, nil)
		failed(t, err, "took too long", "try again")
	})
	t.Run("silent in the upload", func(t *testing.T) {
		s, p := meet(t)
		w := startWire(t, s.addr, &wire{limit: 100_000, dead: true})
		p.UploadTimeout = 500 * time.Millisecond
		_, err := p.upload(t, through(t, s, w, p))
		failed(t, err, "stopped answering", "the upload begins anew")
	})
}

func TestNoSSHAtAll(t *testing.T) {
	keystest.Need(t, "ssh-keygen")
	for name, answer := range map[string]string{
		"ftp":         "220 ftp.example FTP server ready\r\n530 no\r\n",
		"web":         "HTTP/1.1 400 Bad Request\r\n\r\n",
		"hangs up":    "",
		"old version": "SSH-1.5-old\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t)
			addr := serve(t, answering(answer))
			_, err := p.upload(t, "sftp://"+addr+"/in/")
			failed(t, err, "what answers at "+addr+" did not begin an SSH session", "FTP and web servers")
		})
	}
}

func TestOutdatedServer(t *testing.T) {
	server := startServer(t, func(s *server) { s.config.KeyExchanges = []string{"diffie-hellman-group14-sha1"} })
	_, err := server.person(t).upload(t, server.url())
	failed(t, err, "offers only outdated encryption", "bring its SFTP server up to date")
}

func TestSealedFileThatIsNone(t *testing.T) {
	p := newPerson(t)
	empty := filepath.Join(p.home, "empty")
	must(t, os.WriteFile(empty, nil, 0o600))
	for file, what := range map[string]string{
		filepath.Join(p.home, "none"): "the sealed file can't be read",
		p.home:                        "is not a regular file",
		empty:                         "is empty",
	} {
		_, err := Upload(t.Context(), record.Upload{File: file, URL: "sftp://bob@127.0.0.1/in/"}, p.Options, nil)
		failed(t, err, what, "sealed file")
	}
}

// TestNameTakenIsSaidBeforeAnythingIsSent spares a slow line a package for nothing.
func TestNameTakenIsSaidBeforeAnythingIsSent(t *testing.T) {
	server := startServer(t, withPassword("tr0ub4dor"))
	p := server.person(t)
	server.write(t, "/in/"+filepath.Base(p.file), "theirs")
	u := record.Upload{File: p.file, URL: server.url(), Password: secret("tr0ub4dor")}
	_, err := Upload(t.Context(), u, p.Options, func(done, _ int64) {
		if done > 0 {
			t.Errorf("%d bytes were sent", done)
		}
	})
	failed(t, err, "already holds another file", "othing was overwritten")
}
