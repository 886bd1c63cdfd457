package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/store/submission"
)

// maxFile is the size in bytes up to which a file that a person named is read.
const maxFile = 1 << 20

// readFile reads a file of up to 1 MiB. Its errors don't repeat the path: what
// was given for one may have been a secret, pasted into the wrong place.
func readFile(path string) (keys.Secret, error) {
	f, err := os.Open(submission.HomePath(path))
	if err != nil {
		return keys.Secret{}, fmt.Errorf("the file can't be read: %w", withoutPath(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return keys.Secret{}, fmt.Errorf("the file can't be read: %w", withoutPath(err))
	}
	if len(data) > maxFile {
		return keys.Secret{}, errors.New("the file is larger than 1 MiB")
	}
	return keys.NewSecret(string(data)), nil
}

// withoutPath leaves out the path, which fs.PathError puts in front.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// readPassphrase reads a file that a flag names, without the line end that an
// editor put behind the passphrase.
func readPassphrase(path string) (keys.Secret, error) {
	value, err := readFile(path)
	if err != nil {
		return keys.Secret{}, steps.WithKind(fmt.Errorf("%s: %w", path, err), steps.ErrUsage,
			"Name a file that you may read, with the passphrase in it and nothing else.")
	}
	line := strings.TrimSuffix(strings.TrimSuffix(value.Reveal(), "\n"), "\r")
	if line == "" {
		return keys.Secret{}, steps.WithKind(fmt.Errorf("%s: the file is empty", path), steps.ErrUsage,
			"Write the passphrase into it.")
	}
	return keys.NewSecret(line), nil
}

// writeFile writes a file of mode 0600, never over another one. It makes the
// folder where it is missing.
func writeFile(path string, data []byte) error {
	path = submission.HomePath(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("write the file: %w", err)
	}
	return nil
}

func fileExists(path string) bool {
	_, err := os.Lstat(submission.HomePath(path))
	return err == nil
}
