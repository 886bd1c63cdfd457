package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/adrg/xdg"

	"dpc-onboard/steps"
)

// Modes of what is written here: nothing in it is anybody else's business.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// Dir returns the folder for progress files and the vault. It reads the
// environment at each call and creates nothing.
func Dir() (string, error) {
	xdg.Reload()
	if !filepath.IsAbs(xdg.StateHome) {
		return "", steps.WithHint(errors.New("no folder for the progress files: the home folder is unknown"),
			"Set HOME or XDG_STATE_HOME to an absolute path.")
	}
	return filepath.Join(xdg.StateHome, "dpc-onboard"), nil
}

// private makes the folder where it is missing, and takes other people's rights
// to it away where it is looser than it should be.
func private(dir string) error {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return folderProblem(err)
	}
	if runtime.GOOS == "windows" { // the profile's access list already keeps others out
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return folderProblem(err)
	}
	if info.Mode().Perm() == folderMode {
		return nil
	}
	return folderProblem(os.Chmod(dir, folderMode))
}

func folderProblem(err error) error {
	if err == nil {
		return nil
	}
	return steps.WithHint(fmt.Errorf("the progress folder can't be made: %w", err),
		"Make sure that this folder is yours and can be written, or set XDG_STATE_HOME to one that is.")
}

// writeFile puts data under path so that a crash at any instant leaves either
// the old content or the new, whole and on disk. The caller holds the lock that
// covers path: the temporary file has a fixed name, so that what a crash leaves
// behind is replaced by the next write and never piles up.
func writeFile(path string, data []byte) error {
	tmp := path + ".tmp"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return writeProblem(err)
	}
	if err := writeNew(tmp, data); err != nil {
		_ = os.Remove(tmp)
		return writeProblem(err)
	}
	if err := replace(tmp, path); err != nil {
		_ = os.Remove(tmp)
		return writeProblem(err)
	}
	return writeProblem(syncFolder(filepath.Dir(path)))
}

func writeProblem(err error) error {
	if err == nil {
		return nil
	}
	return steps.WithHint(fmt.Errorf("this can't be written to the disk: %w", err),
		"Make sure that the disk has room and that the folder can be written, then try again.")
}

// writeNew writes a file that must not exist yet, down to the disk.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolder brings a rename down to the disk. Windows has no such call; there
// the rename itself is journaled.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var errTooLarge = errors.New("the file is too large to be ours")

// readFile reads a regular file of at most limit bytes. It refuses the rest
// before opening it: a named pipe would wait forever.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %w", path, errTooLarge)
	}
	return os.ReadFile(path)
}
