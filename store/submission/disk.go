package submission

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dpc-onboard/steps"
)

// This file writes to the disk: new names only, mode 0600, and what carries its
// final name is whole.

// HomePath replaces a leading ~ by the home folder.
func HomePath(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || (rest != "" && !os.IsPathSeparator(rest[0])) {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}

// inFolder returns where to write a file: path itself, or, where path is a
// folder or ends as one, a free name in it. A second package of the same day
// gets a number.
func inFolder(path, name string) string {
	named := path != "" && os.IsPathSeparator(path[len(path)-1])
	path = HomePath(path)
	if info, err := os.Stat(path); (err != nil || !info.IsDir()) && !named {
		return path
	}
	stem, extension, _ := strings.Cut(name, ".")
	full := filepath.Join(path, name)
	for n := 2; n < 100 && exists(full); n++ {
		full = filepath.Join(path, fmt.Sprintf("%s-%d.%s", stem, n, extension))
	}
	return full
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// freePath returns the absolute path of a file that is to be written, and an
// error where the path is taken or its folder is not there.
func freePath(path string) (string, error) {
	if path == "" {
		return "", steps.WithKind(errors.New("there is no file name to write to"), steps.ErrUsage, "Name the file.")
	}
	path, err := filepath.Abs(HomePath(path))
	if err != nil {
		return "", err
	}
	if exists(path) {
		return "", taken(path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return "", steps.WithHint(fmt.Errorf("there is no folder %s", filepath.Dir(path)),
			"Make the folder first, or choose another place.")
	}
	return path, nil
}

func taken(path string) error {
	return steps.WithHint(fmt.Errorf("%w, and nothing is written over it: %s", fs.ErrExist, path),
		"Choose another name, or move the old one away first.")
}

// writeNew writes a file with mode 0600, whole or not at all, and only where the
// path is free. What is on the disk is read back and compared.
func writeNew(path string, data []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".dpc-*.part") // CreateTemp uses mode 0600
	if err != nil {
		return unwritable(path, err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return unwritable(path, err)
	}
	if err := sameOnDisk(temp.Name(), data); err != nil {
		return unwritable(path, err)
	}
	if err := settle(temp.Name(), path); err != nil {
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

func unwritable(path string, err error) error {
	return steps.WithHint(fmt.Errorf("can't write %s: %w", path, err),
		"Choose a folder that you may write to, on a disk with room.")
}

func sameOnDisk(path string, data []byte) error {
	back, err := os.ReadFile(path)
	if err == nil && string(back) != string(data) {
		err = errors.New("what was read back differs from what was written")
	}
	return err
}

// settle gives a finished file its name. A hard link does that in one stroke and
// never over another file; where the file system has none (FAT, some network
// drives), it is a look and a rename.
func settle(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil {
		return nil
	}
	if exists(path) {
		return taken(path)
	}
	if err := os.Rename(temp, path); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// syncFolder makes a new name in a folder survive a power cut, where the system
// lets a folder be synced. Elsewhere (Windows) there is nothing to do.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
