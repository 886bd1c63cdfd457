package sftp

import (
	"errors"
	"io"
	"io/fs"
	"strings"

	pkgsftp "github.com/pkg/sftp"
)

// lost reports whether an error is the end of the connection, or of the server's
// part of it.
func (s *session) lost(err error) bool {
	return s.link.broken() || errors.Is(err, pkgsftp.ErrSSHFxConnectionLost) || errors.Is(err, io.EOF)
}

// explain says why the server refuses to do something with the folder.
func (s *session) explain(err error, what string) error {
	var status *pkgsftp.StatusError
	switch {
	case s.lost(err):
		return s.lostError()
	case errors.Is(err, fs.ErrPermission):
		return problem("ask the vendor for the right folder, or for the right to write into it",
			"the server does not let %s %s the folder %s", s.route.User, what, s.route.Folder)
	case errors.As(err, &status) && status.FxCode() == pkgsftp.ErrSSHFxOpUnsupported:
		return problem("ask the vendor which SFTP folder takes files, or send the file through the vendor's portal",
			"the server has no way to %s the folder %s", what, s.route.Folder)
	}
	return problem("ask the vendor whether the folder takes files, and whether there is space left",
		"the server failed to %s the folder %s: %s", what, s.route.Folder, foreign(err.Error()))
}

// writeError tells a full disk from other failures. The protocol has no code
// for it: some servers say so in words, and others tell how much is free.
func (s *session) writeError(err error, p *parcel) error {
	if s.lost(err) || !s.full(err, p) {
		return s.explain(err, "write into")
	}
	return problem("tell the vendor that the disk or the quota of its SFTP server is full, and send again later; "+
		"what was written of the file has been removed",
		"the server has no space left for the file in %s", s.route.Folder)
}

func (s *session) full(err error, p *parcel) bool {
	text := strings.ToLower(err.Error())
	for _, words := range []string{"no space", "quota", "disk full", "disk is full", "enospc"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	if _, told := s.HasExtension("statvfs@openssh.com"); !told {
		return false
	}
	disk, err := s.StatVFS(s.route.path(""))
	return err == nil && disk.Bavail*disk.Frsize < uint64(p.size())
}

// verifyError says why a file that was written can't be trusted.
func (s *session) verifyError(err error) error {
	switch {
	case s.lost(err):
		return s.lostError()
	case errors.Is(err, errDiffers):
		return problem("send it again; if that happens twice, tell the vendor that its server damages files",
			"%w; it was removed", err)
	case errors.Is(err, fs.ErrPermission):
		return problem("ask the vendor to let your account read what it uploads, "+
			"or send the file through the vendor's portal",
			"the server does not let %s read the file back, so nobody knows whether it arrived whole; it was removed", s.route.User)
	}
	return s.explain(err, "read a file in")
}

// lostError is the sentence for a connection that ended by itself.
func (s *session) lostError() error { return s.ended("the connection to %s was lost") }

// silentError is the sentence for a connection that was given up.
func (s *session) silentError() error { return s.ended("the server %s stopped answering") }

func (s *session) ended(what string) error {
	return problem("send again: the upload goes on where it stopped",
		what+" before the delivery was complete", s.route.address())
}
