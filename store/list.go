package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dpc-onboard/steps"
)

// Entry is one onboarding in a List: its state, or why that can't be read.
type Entry struct {
	ID    string
	State steps.State
	Err   error

	active time.Time
}

// List returns all onboardings, the one with the latest activity first. It takes
// no lock. One file that can't be used doesn't hide the others: its entry has an
// error, and the file's own time.
func (p *Progress) List() ([]Entry, error) {
	files, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, steps.WithHint(fmt.Errorf("the onboardings can't be listed: %w", err),
			"Make sure that this folder is yours and can be read.")
	}
	entries := named(files)
	p.fill(entries)
	// What has gone since the folder was read is not there.
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return errors.Is(e.Err, fs.ErrNotExist) })
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(b.active.Compare(a.active), cmp.Compare(a.ID, b.ID))
	})
	return entries, nil
}

// named picks the progress files among those of the folder.
func named(files []os.DirEntry) []Entry {
	var entries []Entry
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".json")
		if ok && idPattern.MatchString(id) {
			entries = append(entries, Entry{ID: id})
		}
	}
	return entries
}

// fill reads the entries' files, as many at a time as there are processors:
// decoding thousands takes longer than reading them.
func (p *Progress) fill(entries []Entry) {
	var g errgroup.Group
	share := max(64, len(entries)/runtime.GOMAXPROCS(0)+1)
	for part := range slices.Chunk(entries, share) {
		g.Go(func() error {
			for i := range part {
				p.fillOne(&part[i])
			}
			return nil
		})
	}
	_ = g.Wait() // each entry has its own error
}

func (p *Progress) fillOne(e *Entry) {
	e.State, e.Err = p.read(e.ID)
	e.active = e.State.UpdatedAt
	if !e.active.IsZero() {
		return
	}
	if info, err := os.Stat(p.path(e.ID)); err == nil {
		e.active = info.ModTime()
	}
}
