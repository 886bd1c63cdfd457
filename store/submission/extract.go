package submission

import (
	"errors"
	"os"
	"path/filepath"
)

// This file puts an opened package on the receiver's disk, all of it or nothing.

// Extract writes the seven files, each with mode 0600, into a new folder with
// mode 0700: all of them or none. They are written into a folder beside it that
// gets its name when it is complete. What Verify refuses is never written.
func (c Contents) Extract(dir string) error {
	if err := c.Verify(); err != nil {
		return err
	}
	dir, err := freePath(dir)
	if err != nil {
		return err
	}
	files, err := c.files()
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".dpc-*.part") // MkdirTemp uses mode 0700
	if err != nil {
		return unwritable(dir, err)
	}
	defer os.RemoveAll(temp)
	for _, f := range files {
		if err := writeInto(temp, f); err != nil {
			return unwritable(dir, err)
		}
	}
	syncFolder(temp)
	if err := os.Rename(temp, dir); err != nil {
		return unwritable(dir, err)
	}
	syncFolder(filepath.Dir(dir))
	return nil
}

// writeInto writes one file. Its name is one of names, never one from a zip.
func writeInto(dir string, f file) error {
	out, err := os.OpenFile(filepath.Join(dir, f.name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(f.data)
	return errors.Join(err, out.Sync(), out.Close())
}
