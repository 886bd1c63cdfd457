package sftp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"

	pkgsftp "github.com/pkg/sftp"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// chunk is how much is written in one request, in bytes: small enough for a
// progress bar that moves on a slow link, as sealed packages are small.
const chunk = 8 << 10

// errDiffers is a file on the server that is not the one that was sent.
var errDiffers = errors.New("the file on the server is not the one that was sent")

// file is what is delivered.
type file struct {
	name string // the last element of its path
	data []byte
}

// put delivers a file: check the folder and the name, write NAME.part, verify
// it, rename it. What it leaves behind when it fails is said in the package
// comment.
func (s *session) put(f file, report func(done, total int64)) error {
	if err := s.checkFolder(); err != nil {
		return err
	}
	size := int64(len(f.data))
	if delivered, err := s.checkName(f); delivered || err != nil {
		if delivered {
			report(size, size)
		}
		return err
	}
	part := s.route.Path(f.name + ".part")
	_ = s.Remove(part) // of an earlier try; if it stays, the file is not made
	err := s.write(part, f.data, report)
	if err != nil {
		err = s.writeError(err, size)
	} else if err = s.verify(part, f.data); err != nil {
		err = s.verifyError(err)
	} else {
		err = s.rename(part, f)
	}
	if err != nil {
		_ = s.Remove(part) // can't be done where the connection is lost
	}
	return err
}

// checkFolder says early what is wrong with the folder.
func (s *session) checkFolder() error {
	info, err := s.Stat(s.route.Path(""))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return record.WithHint(fmt.Errorf("there is no folder %s on the server", s.route.Folder),
			"Check the folder in the address with the vendor: it has to exist already. "+
				"/folder/ begins at the top, /~/folder/ in your home folder there.")
	case err != nil:
		return s.explain(err, "look into")
	case !info.IsDir():
		return record.WithHint(fmt.Errorf("%s on the server is a file, not a folder", s.route.Folder),
			"End the address with the folder alone: the file keeps its own name.")
	}
	return nil
}

// checkName refuses a name that is taken. delivered is true where what has the
// name is this very file, whole.
func (s *session) checkName(f file) (delivered bool, err error) {
	path := s.route.Path(f.name)
	info, err := s.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, s.explain(err, "look into")
	case info.Mode().IsRegular() && s.verify(path, f.data) == nil:
		return true, nil
	}
	return false, s.taken(f.name)
}

// taken is the error for a name that another file has. It proposes a free one.
func (s *session) taken(name string) error {
	remedy := "rename the sealed file, and send it again."
	base, extension, _ := strings.Cut(name, ".")
	for n := 2; n < 20; n++ {
		free := fmt.Sprintf("%s-%d.%s", base, n, extension)
		if _, err := s.Lstat(s.route.Path(free)); errors.Is(err, fs.ErrNotExist) {
			remedy = "rename the sealed file, for instance to " + free + ", and send it again."
			break
		}
	}
	return record.WithHint(fmt.Errorf("the folder %s on the server already holds another file named %s", s.route.Folder, name),
		"Nothing was overwritten; "+remedy)
}

// write makes a new file and sends its content, one chunk at a time.
func (s *session) write(path string, data []byte, report func(done, total int64)) error {
	f, err := s.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_ = f.Chmod(0o600) // many servers have no modes, and the file is sealed
	size := int64(len(data))
	report(0, size)
	for done := int64(0); done < size && err == nil; {
		var n int
		if n, err = f.Write(data[done:min(done+chunk, size)]); err == nil {
			done += int64(n)
			report(done, size)
		}
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// verify compares a file on the server with what was sent. SFTP has no checksum
// that every server knows, so the file is read back, and what the server says of
// its size is not relied on.
func (s *session) verify(path string, data []byte) error {
	f, err := s.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	back, err := io.ReadAll(io.LimitReader(f, int64(len(data))+1))
	if err == nil && !bytes.Equal(back, data) {
		err = errDiffers
	}
	return err
}

// rename gives the verified file its final name with SFTP's own rename, which
// by the specification refuses to overwrite. Some servers do overwrite, so the
// name is looked up once more right before.
func (s *session) rename(part string, f file) error {
	final := s.route.Path(f.name)
	if _, err := s.Lstat(final); err == nil {
		return s.taken(f.name)
	}
	err := s.Rename(part, final)
	if err == nil {
		return nil // nothing is looked up after this: some servers take a file away at once
	}
	if !lost(err) {
		if _, there := s.Lstat(final); there == nil {
			return s.taken(f.name)
		}
	}
	return s.explain(err, "rename a file in")
}

// This file turns what a server refuses into a sentence and a remedy.

// alsoHint adds a remark to an error's hint.
func alsoHint(err error, remark string) error {
	return record.WithHint(err, record.Hint(err)+" "+remark)
}

// foreign makes a server's own words fit to be shown.
func foreign(words string) string { return text.Brief(words, 200) }

// lost reports whether an error is the end of the connection, or of the server's
// part of it.
func lost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, pkgsftp.ErrSSHFxConnectionLost) || errors.Is(err, io.EOF)
}

// lostError is the error for a connection that ended by itself.
func (s *session) lostError() error {
	return record.WithHint(fmt.Errorf("the connection to %s was lost before the delivery was complete", s.route.server()),
		sendAgain)
}

const sendAgain = "Send it again: the upload begins anew, and what is there of the file is replaced."

// explain says why the server refuses to do something with the folder.
func (s *session) explain(err error, what string) error {
	status, known := errors.AsType[*pkgsftp.StatusError](err)
	switch {
	case lost(err):
		return s.lostError()
	case errors.Is(err, fs.ErrPermission):
		return record.WithHint(fmt.Errorf("the server does not let %s %s the folder %s", s.route.User, what, s.route.Folder),
			"Ask the vendor for the right folder, or for the right to write into it.")
	case known && status.FxCode() == pkgsftp.ErrSSHFxOpUnsupported:
		return record.WithHint(fmt.Errorf("the server has no way to %s the folder %s", what, s.route.Folder),
			"Ask the vendor which SFTP folder takes files, or send the file through the vendor's portal.")
	}
	return record.WithHint(fmt.Errorf("the server failed to %s the folder %s: %s", what, s.route.Folder, foreign(err.Error())),
		"Ask the vendor whether the folder takes files, and whether there is space left.")
}

// writeError tells a full disk from other failures. The protocol has no code
// for it: some servers say so in words, and others tell how much is free.
func (s *session) writeError(err error, size int64) error {
	said, full := strings.ToLower(err.Error()), false
	for _, words := range []string{"no space", "quota", "disk full", "disk is full", "enospc"} {
		full = full || strings.Contains(said, words)
	}
	if _, known := s.HasExtension("statvfs@openssh.com"); known && !full {
		disk, err := s.StatVFS(s.route.Path(""))
		full = err == nil && disk.Bavail*disk.Frsize < uint64(size)
	}
	if !full {
		return s.explain(err, "write into")
	}
	return record.WithHint(fmt.Errorf("the server has no space left for the file in %s", s.route.Folder),
		"Tell the vendor that the disk or the quota of its SFTP server is full, and send again later; "+
			"what was written of the file has been removed.")
}

// verifyError says why a file that was written can't be trusted.
func (s *session) verifyError(err error) error {
	switch {
	case errors.Is(err, errDiffers):
		return record.WithHint(fmt.Errorf("%w; it was removed", err),
			"Send it again; if that happens twice, tell the vendor that its server damages files.")
	case errors.Is(err, fs.ErrPermission):
		return record.WithHint(
			fmt.Errorf("the server does not let %s read the file back, so nobody knows whether it arrived whole; it was removed", s.route.User),
			"Ask the vendor to let your account read what it uploads, or send the file through the vendor's portal.")
	}
	return s.explain(err, "read a file in")
}
