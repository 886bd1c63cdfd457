// Package progress keeps the progress of onboardings, without their secrets, and
// lets one process at a time go on with each.
//
// The folder is dpc-onboard under $XDG_STATE_HOME, or the operating system's own
// place on macOS and Windows, mode 0700. All files in it have mode 0600:
//
//	<npi>-<environment>.json                  record.State in versioned JSON
//	<npi>-<environment>.json.set-aside-<time> what stood there and could not be read
//	<npi>-<environment>.lock, .owner          held while an onboarding is open, and by whom
//	vault.age, vault.lock                     of package secrets
//
// A name that ends in .tmp is a write that was cut off; the next one replaces it.
//
// Specification: XDG Base Directory (https://specifications.freedesktop.org/basedir/).
package progress

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
)

// ErrNotOpen is what Save and Rename return where no onboarding is open.
var ErrNotOpen = errors.New("no onboarding is open")

// ErrTaken is what Rename returns where the new ID has a progress file already.
var ErrTaken = errors.New("that onboarding exists already")

// Progress keeps the state of onboardings in one folder, and implements
// steps.Progress. One onboarding at a time is open for writing; its lock is held
// until another is opened, Close, or the end of the process. It is safe for use
// by several goroutines.
type Progress struct {
	// Now is the clock for locks and for the names of files set aside.
	Now func() time.Time

	dir  string
	mu   sync.Mutex
	held *lock
}

// New returns a Progress over a folder, as from disk.StateDir. Nothing is created
// before the first Open.
func New(dir string) *Progress {
	return &Progress{Now: time.Now, dir: dir}
}

func (p *Progress) path(id string) string { return filepath.Join(p.dir, id+".json") }

// Open takes the onboarding's lock and reads its state; the lock that was held
// before is given back. found is false where there is none yet.
//
// Where another process has it open the error is *OpenElsewhere, and what was
// open before stays open. Where the file can't be used the error is
// *record.SetAside: the lock is held, found is false, and the onboarding starts
// anew.
func (p *Progress) Open(id string) (state record.State, found bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh, err := p.take(id)
	if err != nil {
		return record.State{}, false, err
	}
	state, err = p.Read(id)
	unreadable, unusable := errors.AsType[*Unreadable](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return record.State{}, false, p.hold(fresh)
	case unusable:
		err = p.setAside(unreadable)
	}
	if _, aside := errors.AsType[*record.SetAside](err); err != nil && !aside {
		if fresh != p.held {
			err = errors.Join(err, fresh.release())
		}
		return record.State{}, false, err
	}
	return state, err == nil, errors.Join(err, p.hold(fresh))
}

// take returns the lock on id: the one held where it is that, else a new one.
func (p *Progress) take(id string) (*lock, error) {
	if p.held != nil && p.held.id == id {
		return p.held, nil
	}
	return acquire(p.dir, id, p.Now())
}

// hold keeps a lock and gives the one before it back.
func (p *Progress) hold(fresh *lock) error {
	before := p.held
	p.held = fresh
	if before == nil || before == fresh {
		return nil
	}
	return before.release()
}

// Read returns the state of an onboarding without taking its lock. The error is
// fs.ErrNotExist where there is none, and *Unreadable where the file is no good.
func (p *Progress) Read(id string) (record.State, error) {
	if _, _, err := record.ParseID(id); err != nil {
		return record.State{}, err
	}
	path := p.path(id)
	data, err := disk.Read(path, maxState)
	if errors.Is(err, disk.ErrTooLarge) {
		return record.State{}, &Unreadable{Path: path, Reason: notOurs}
	}
	if err != nil {
		return record.State{}, record.WithHint(fmt.Errorf("the progress of %s can't be read: %w", id, err),
			"Make sure that this file is yours and can be read.")
	}
	state, reason := parseState(id, data)
	if reason != "" {
		return record.State{}, &Unreadable{Path: path, Reason: reason}
	}
	return state, nil
}

// setAside moves a file to a name that is free. The name is first taken with an
// empty file of our own, which the move then replaces: so nothing that stands
// there already can be lost, on file systems without links too.
func (p *Progress) setAside(u *Unreadable) error {
	name := disk.Free(u.Path+".set-aside-"+p.Now().UTC().Format("20060102T150405Z"), "")
	err := disk.Reserve(name)
	if err == nil {
		if err = disk.Rename(u.Path, name); err != nil {
			_ = os.Remove(name)
		}
	}
	if err == nil {
		err = disk.SyncFolder(p.dir)
	}
	if err != nil {
		return disk.Unwritten(err)
	}
	return &record.SetAside{Path: name, Reason: u.Reason}
}

// Save writes the state of the onboarding that is open. A state of another ID is
// refused: see Rename.
func (p *Progress) Save(s record.State) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		return ErrNotOpen
	}
	if s.ID() != p.held.id {
		return fmt.Errorf("save the progress of %q: %s is the onboarding that is open", s.ID(), p.held.id)
	}
	return p.write(s)
}

func (p *Progress) write(s record.State) error {
	data, err := formatState(s)
	if err != nil {
		return fmt.Errorf("save the progress of %s: %w", s.ID(), err)
	}
	if err := disk.Private(p.dir); err != nil { // it may have gone since
		return err
	}
	return disk.Write(p.path(s.ID()), data)
}

// Rename moves the open onboarding's file and lock to another ID; the NPI and
// the environment in the file become those of the new ID. The new file is whole
// before the old one goes. Secrets stay where they are: that is the caller's.
// The error is ErrTaken where the new ID has a file, and *OpenElsewhere where
// another process has it open.
func (p *Progress) Rename(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		return ErrNotOpen
	}
	if p.held.id == id {
		return nil
	}
	fresh, err := acquire(p.dir, id, p.Now())
	if err != nil {
		return err
	}
	if err := p.move(p.held.id, id); err != nil {
		return errors.Join(err, fresh.release())
	}
	return p.hold(fresh)
}

func (p *Progress) move(from, to string) error {
	if disk.Exists(p.path(to)) {
		return record.WithHint(fmt.Errorf("rename %s to %s: %w", from, to, ErrTaken),
			"Open that onboarding instead, or forget it first.")
	}
	state, err := p.Read(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not saved yet: the lock alone moves
	}
	if err != nil {
		return err
	}
	state.NPI, state.Environment, _ = record.ParseID(to) // its lock is held: it is one
	if err := p.write(state); err != nil {
		return err
	}
	return p.unlink(from)
}

// unlink removes an onboarding's file, and what a write that was cut off has left
// of it. What is not there is no error.
func (p *Progress) unlink(id string) error {
	_ = os.Remove(p.path(id) + ".tmp")
	err := os.Remove(p.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = disk.SyncFolder(p.dir)
	}
	return disk.Unwritten(err)
}

// Remove deletes an onboarding's progress file, under its lock; where it is the
// one that is open, it is closed. Files set aside stay. Removing what is not
// there is no error.
func (p *Progress) Remove(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken, err := p.take(id)
	if err != nil {
		return err
	}
	err = p.unlink(id)
	if taken == p.held {
		p.held = nil
	}
	return errors.Join(err, taken.release())
}

// Close gives the lock back. Closing twice is no error.
func (p *Progress) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hold(nil)
}

// Entry is one onboarding in a List: its state, or why that can't be read.
type Entry struct {
	ID    string
	State record.State
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
		return nil, record.WithHint(fmt.Errorf("the onboardings can't be listed: %w", err),
			"Make sure that this folder is yours and can be read.")
	}
	var entries []Entry
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".json")
		if _, _, err := record.ParseID(id); ok && err == nil {
			entries = append(entries, Entry{ID: id})
		}
	}
	p.fill(entries)
	// What has gone since the folder was read is not there.
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return errors.Is(e.Err, fs.ErrNotExist) })
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(b.active.Compare(a.active), cmp.Compare(a.ID, b.ID))
	})
	return entries, nil
}

// fill reads the entries' files, as many at a time as there are processors:
// decoding thousands takes longer than reading them.
func (p *Progress) fill(entries []Entry) {
	var group sync.WaitGroup
	share := max(64, len(entries)/runtime.GOMAXPROCS(0)+1)
	for part := range slices.Chunk(entries, share) {
		group.Go(func() {
			for i := range part {
				e := &part[i]
				e.State, e.Err = p.Read(e.ID)
				e.active = e.State.UpdatedAt
				if !e.active.IsZero() {
					continue
				}
				if info, err := os.Stat(p.path(e.ID)); err == nil {
					e.active = info.ModTime()
				}
			}
		})
	}
	group.Wait()
}
