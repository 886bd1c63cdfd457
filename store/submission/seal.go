package submission

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/wait"
)

// Packages makes sealed packages.
type Packages struct {
	Version string // of this program, for submission.json
	Now     func() time.Time
}

// Describe says whose key a recipient is, or why it can't be used now.
func (p Packages) Describe(name record.Format, recipient string) (string, error) {
	f, err := find(name, true)
	if err != nil {
		return "", err
	}
	s, err := f.toKey(strings.TrimSpace(recipient), p.Now())
	return s.recipient, err
}

// Seal builds the package, seals it and writes it with mode 0600, whole or not at
// all, and never over another file: to r.Path, or, where that is a folder or ends
// as one, under FileName into it, with a number where the name is taken;
// "" is the current folder. It returns the fact of it. Where ctx ends first, nothing is written.
func (p Packages) Seal(ctx context.Context, state record.State, c record.Credentials, r record.SealRequest) (record.SealedFact, error) {
	now := p.Now()
	contents, err := New(p.Version, now, state, c)
	if err != nil {
		return record.SealedFact{}, err
	}
	s, err := newSeal(r, now)
	if err != nil {
		return record.SealedFact{}, err
	}
	path, err := filepath.Abs(disk.Home(r.Path))
	if err != nil {
		return record.SealedFact{}, err
	}
	_, fileName := filepath.Split(r.Path)
	if info, err := os.Stat(path); fileName == "" || (err == nil && info.IsDir()) {
		extension := Extension(r.Format)
		full := filepath.Join(path, FileName(state, r.Format, now))
		path = disk.Free(strings.TrimSuffix(full, extension), extension)
	}
	return s.write(ctx, path, contents, now)
}

// write seals a package in memory and writes it.
func (s seal) write(ctx context.Context, path string, c Contents, now time.Time) (record.SealedFact, error) {
	zip, err := pack(c)
	if err != nil {
		return record.SealedFact{}, fmt.Errorf("can't build the package: %w", err)
	}
	data, err := wait.For(ctx, func() ([]byte, error) { return s.close(zip) })
	if err != nil {
		return record.SealedFact{}, err
	}
	if err := disk.Create(path, data); err != nil {
		return record.SealedFact{}, err
	}
	return record.SealedFact{
		File:      path,
		Format:    s.format,
		Recipient: s.recipient,
		SHA256:    hexDigest(data),
		Size:      int64(len(data)),
		At:        now,
		Origin:    c.origin(),
	}, nil
}
