// Package disk is the one reader and writer of files. What it writes is read back
// before it gets its name: it is either there whole, readable by nobody else, or
// not there at all. Nothing is ever written over a file that the program did not
// make.
//
// Paths that a person gave may begin with ~, for the home folder.
package disk

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/adrg/xdg"

	"dpc-onboard/steps/record"
)

// Modes of what is written: nothing in it is anybody else's business.
const (
	FolderMode = 0o700
	FileMode   = 0o600
)

// ErrTooLarge is the error for a file that is larger than what is read of it.
var ErrTooLarge = errors.New("the file is too large to be ours")

// StateDir returns the folder for progress files and the vault. It reads the
// environment at each call and creates nothing.
func StateDir() (string, error) {
	xdg.Reload()
	if !filepath.IsAbs(xdg.StateHome) {
		return "", record.WithHint(errors.New("no folder for the progress files: the home folder is unknown"),
			"Set HOME or XDG_STATE_HOME to an absolute path.")
	}
	return filepath.Join(xdg.StateHome, "dpc-onboard"), nil
}

// Home replaces a leading ~ by the home folder.
func Home(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	home, err := os.UserHomeDir()
	if !ok || err != nil || rest != "" && !os.IsPathSeparator(rest[0]) {
		return path
	}
	return filepath.Join(home, rest)
}

// Exists reports whether a path is taken, by whatever it is.
func Exists(path string) bool {
	_, err := os.Lstat(Home(path))
	return err == nil
}

// Free returns path+ext where nothing has that name yet, or else the first of
// path-2+ext, path-3+ext and so on that is free. ext may be "".
func Free(path, ext string) string {
	name := path + ext
	for n := 2; Exists(name); n++ {
		name = path + "-" + strconv.Itoa(n) + ext
	}
	return name
}

// Read reads a regular file of at most limit bytes. It refuses the rest before
// opening it: a named pipe would wait forever. The error is ErrTooLarge for a
// file beyond the limit.
func Read(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %w", path, ErrTooLarge)
	}
	return os.ReadFile(path)
}

// ReadGiven reads a file, or pipe, that a person named, of at most limit bytes.
// Its errors don't repeat the path: what was given for one may have been a
// secret, pasted into the wrong place.
func ReadGiven(path string, limit int64) ([]byte, error) {
	f, err := os.Open(Home(path))
	var data []byte
	if err == nil {
		defer f.Close()
		data, err = io.ReadAll(io.LimitReader(f, limit+1))
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	if err != nil {
		return nil, fmt.Errorf("the file can't be read: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("the file is larger than %d KiB", limit>>10)
	}
	return data, nil
}

// Private makes the folder where it is missing, and takes other people's rights
// to it away where it is looser than it should be.
func Private(dir string) error {
	err := os.MkdirAll(dir, FolderMode)
	if err == nil && runtime.GOOS != "windows" { // there the profile's access list already keeps others out
		var info os.FileInfo
		if info, err = os.Stat(dir); err == nil && info.Mode().Perm() != FolderMode {
			err = os.Chmod(dir, FolderMode)
		}
	}
	if err != nil {
		return record.WithHint(fmt.Errorf("the progress folder can't be made: %w", err),
			"Make sure that this folder is yours and can be written, or set XDG_STATE_HOME to one that is.")
	}
	return nil
}

// Create writes a new file, whole or not at all, and never over another one: the
// error is fs.ErrExist where the path is taken. The folder must exist.
func Create(path string, data []byte) error {
	path = Home(path)
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return record.WithHint(fmt.Errorf("there is no folder %s", dir), "Make the folder first, or choose another place.")
	}
	temp := filepath.Join(dir, ".dpc-"+rand.Text()+".part")
	defer os.Remove(temp)
	if err := writeNew(temp, data); err != nil {
		return unwritable(path, err)
	}
	return publish(os.Link, temp, path)
}

// publish gives a finished file its name. A hard link does that in one stroke and
// never over another file; where the file system has none (FAT, some network
// drives), it is a look and a rename.
func publish(link func(from, to string) error, temp, path string) error {
	if link(temp, path) != nil {
		if Exists(path) {
			return taken(path)
		}
		if err := os.Rename(temp, path); err != nil {
			return unwritable(path, err)
		}
	}
	_ = SyncFolder(filepath.Dir(path)) // the file itself is on the disk and named
	return nil
}

func taken(path string) error {
	return record.WithHint(fmt.Errorf("%w, and nothing is written over it: %s", fs.ErrExist, path),
		"Choose another name, or move the old one away first.")
}

func unwritable(path string, err error) error {
	return record.WithHint(fmt.Errorf("can't write %s: %w", path, err),
		"Choose a folder that you may write to, on a disk with room.")
}

// CreateFolder makes a new folder of mode 0700 that holds the given files, by
// name: all of them or none. They are written into a folder beside it that gets
// its name when it is complete. The error is fs.ErrExist where the path is taken.
func CreateFolder(path string, files map[string][]byte) error {
	path = Home(path)
	if Exists(path) {
		return taken(path)
	}
	temp, err := os.MkdirTemp(filepath.Dir(path), ".dpc-*.part") // of mode 0700
	if err != nil {
		return unwritable(path, err)
	}
	defer os.RemoveAll(temp)
	for name, data := range files {
		if err := writeNew(filepath.Join(temp, name), data); err != nil {
			return unwritable(path, err)
		}
	}
	if err := SyncFolder(temp); err != nil {
		return unwritable(path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		return unwritable(path, err)
	}
	_ = SyncFolder(filepath.Dir(path)) // the folder itself is on the disk and named
	return nil
}

// Write puts data under path so that a crash at any instant leaves either the old
// content or the new, whole and on disk. The caller holds the lock that covers
// path: the temporary file, path.tmp, has a fixed name, so that what a crash
// leaves behind is replaced by the next write and never piles up.
func Write(path string, data []byte) error {
	temp := path + ".tmp"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Unwritten(err)
	}
	err := writeNew(temp, data)
	if err == nil {
		err = Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp)
		return Unwritten(err)
	}
	return Unwritten(SyncFolder(filepath.Dir(path)))
}

// Unwritten puts a remedy to the failure of a write of the program's own files.
func Unwritten(err error) error {
	if err == nil {
		return nil
	}
	return record.WithHint(fmt.Errorf("this can't be written to the disk: %w", err),
		"Make sure that the disk has room and that the folder can be written, then try again.")
}

// Reserve takes a name with an empty file. The error is fs.ErrExist where it is
// taken already.
func Reserve(path string) error { return writeNew(path, nil) }

// writeNew writes a file that must not exist yet, down to the disk, and compares
// what it reads back from there.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, FileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	back, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(back, data) {
		err = errors.New("what was read back differs from what was written")
	}
	return err
}

// SyncFolder brings a new name down to the disk. Windows has no such call; there
// the rename itself is journaled.
func SyncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
