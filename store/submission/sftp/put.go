package sftp

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	pkgsftp "github.com/pkg/sftp"
)

// partSuffix marks a file that is not whole yet.
const partSuffix = ".part"

// errDiffers is a file on the server that is not the one that was sent.
var errDiffers = errors.New("the file on the server is not the one that was sent")

// put delivers a file: check the folder and the name, write NAME.part, verify
// it, rename it. What it leaves behind when it fails is said in the package
// comment.
func (s *session) put(p *parcel, report func(done, total int64)) error {
	if err := s.checkFolder(); err != nil {
		return err
	}
	if delivered, err := s.checkName(p); delivered || err != nil {
		if delivered {
			report(p.size(), p.size())
		}
		return err
	}
	err := s.putPart(p, report)
	if err == nil {
		err = s.rename(p)
	}
	if err != nil && !s.lost(err) {
		_ = s.Remove(s.route.path(p.name + partSuffix))
	}
	return err
}

// checkFolder says early what is wrong with the folder.
func (s *session) checkFolder() error {
	info, err := s.Stat(s.route.path(""))
	switch {
	case s.lost(err):
		return s.lostError()
	case errors.Is(err, fs.ErrNotExist):
		return problem("check the folder in the address with the vendor: it has to exist already. "+
			"/folder/ begins at the top, /~/folder/ in your home folder there",
			"there is no folder %s on the server", s.route.Folder)
	case err != nil:
		return s.explain(err, "look into")
	case !info.IsDir():
		return problem("end the address with the folder alone: the file keeps its own name",
			"%s on the server is a file, not a folder", s.route.Folder)
	}
	return nil
}

// checkName refuses a name that is taken. delivered is true where what has the
// name is this very file, whole.
func (s *session) checkName(p *parcel) (delivered bool, err error) {
	path := s.route.path(p.name)
	info, err := s.Lstat(path)
	switch {
	case s.lost(err):
		return false, s.lostError()
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, s.explain(err, "look into")
	}
	if info.Mode().IsRegular() && s.verify(path, p) == nil {
		return true, nil
	}
	return false, s.taken(p)
}

// taken is the sentence for a name that another file has.
func (s *session) taken(p *parcel) error {
	hint := "nothing was overwritten; rename the sealed file, and send it again"
	if name := s.freeName(p.name); name != "" {
		hint = "nothing was overwritten; rename the sealed file, for instance to " + name + ", and send it again"
	}
	return problem(hint, "the folder %s on the server already holds another file named %s", s.route.Folder, p.name)
}

// freeName returns a name like the one that is taken, or "" if none is found.
func (s *session) freeName(name string) string {
	base, endings, dot := strings.Cut(name, ".")
	if dot {
		endings = "." + endings
	}
	for n := 2; n < 20; n++ {
		free := fmt.Sprintf("%s-%d%s", base, n, endings)
		if _, err := s.Lstat(s.route.path(free)); errors.Is(err, fs.ErrNotExist) {
			return free
		}
	}
	return ""
}

// putPart brings NAME.part to the server and verifies it.
func (s *session) putPart(p *parcel, report func(done, total int64)) error {
	path := s.route.path(p.name + partSuffix)
	f, start, err := s.openPart(path, p)
	if err != nil {
		return s.explain(err, "write into")
	}
	report(start, p.size())
	err = write(f, p, start, report)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return s.writeError(err, p)
	}
	if err := s.verify(path, p); err != nil {
		return s.verifyError(err)
	}
	return nil
}

// openPart opens NAME.part to go on at start: where it holds a beginning of the
// file, after that, and otherwise anew. A file that was there is not written
// over but removed, for it may be someone else's.
func (s *session) openPart(path string, p *parcel) (f *pkgsftp.File, start int64, err error) {
	if start = s.resumable(path, p); start > 0 {
		f, err = s.OpenFile(path, os.O_WRONLY)
	} else {
		_ = s.Remove(path) // if it stays, the next line fails
		f, err = s.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	}
	if err != nil {
		return nil, 0, err
	}
	_ = f.Chmod(0o600) // many servers have no modes, and the file is sealed
	_, err = f.Seek(start, io.SeekStart)
	return f, start, err
}

// resumable returns how many bytes of the file NAME.part holds, or 0 where it
// holds anything else.
func (s *session) resumable(path string, p *parcel) int64 {
	info, err := s.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > p.size() {
		return 0
	}
	got, err := s.readBack(path, info.Size())
	if err != nil || got != digest(p.data[:info.Size()]) {
		return 0
	}
	return info.Size()
}

// write sends the file from start on, one chunk at a time: so what the server
// has is at any moment a beginning of the file, and can be gone on from.
func write(f io.Writer, p *parcel, start int64, report func(done, total int64)) error {
	for done := start; done < p.size(); {
		n, err := f.Write(p.data[done:min(done+chunk, p.size())])
		if err != nil {
			return err
		}
		done += int64(n)
		report(done, p.size())
	}
	return nil
}

// verify checks the size and the digest of a file on the server. SFTP has no
// checksum that every server knows, so the file is read back.
func (s *session) verify(path string, p *parcel) error {
	info, err := s.Lstat(path)
	if err != nil {
		return err
	}
	if info.Size() != p.size() {
		return errDiffers
	}
	got, err := s.readBack(path, p.size())
	if err == nil && got != p.sha256 {
		err = errDiffers
	}
	return err
}

// readBack returns the SHA-256 of a file of n bytes on the server, and of one
// byte more where the file goes on.
func (s *session) readBack(path string, n int64) (string, error) {
	f, err := s.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, n+1))
	return digest(data), err
}

// rename gives the verified file its final name with SFTP's own rename, which
// by the specification refuses to overwrite. Some servers do overwrite, so the
// name is looked up once more right before.
func (s *session) rename(p *parcel) error {
	part, final := s.route.path(p.name+partSuffix), s.route.path(p.name)
	if _, err := s.Lstat(final); err == nil {
		return s.taken(p)
	}
	err := s.Rename(part, final)
	if err != nil && !s.lost(err) {
		if _, there := s.Lstat(final); there == nil {
			return s.taken(p)
		}
	}
	if err != nil {
		return s.explain(err, "rename a file in")
	}
	return nil // nothing is looked up after this: some servers take a file away at once
}
