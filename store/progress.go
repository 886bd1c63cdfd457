package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dpc-onboard/steps"
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

// NewProgress returns a Progress over a folder, as from Dir. Nothing is created
// before the first Open.
func NewProgress(dir string) *Progress {
	return &Progress{Now: time.Now, dir: dir}
}

func (p *Progress) path(id string) string { return filepath.Join(p.dir, id+".json") }

// Open takes the onboarding's lock and reads its state; the lock that was held
// before is given back. found is false where there is none yet.
//
// Where another process has it open the error is *OpenElsewhere, and what was
// open before stays open. Where the file can't be used the error is *SetAside:
// the lock is held, found is false, and the onboarding starts anew.
func (p *Progress) Open(id string) (state steps.State, found bool, err error) {
	if err := checkID(id); err != nil {
		return steps.State{}, false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh, err := p.take(id)
	if err != nil {
		return steps.State{}, false, err
	}
	state, found, err = p.readOrSetAside(id)
	if _, aside := errors.AsType[*SetAside](err); err != nil && !aside {
		if fresh != p.held {
			err = errors.Join(err, fresh.release())
		}
		return steps.State{}, false, err
	}
	return state, found, errors.Join(err, p.hold(fresh))
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

func (p *Progress) readOrSetAside(id string) (steps.State, bool, error) {
	state, err := p.read(id)
	if errors.Is(err, fs.ErrNotExist) {
		return steps.State{}, false, nil
	}
	if unreadable, ok := errors.AsType[*Unreadable](err); ok {
		return steps.State{}, false, p.setAside(unreadable)
	}
	return state, err == nil, err
}

// Read returns the state of an onboarding without taking its lock. The error is
// fs.ErrNotExist where there is none, and *Unreadable where the file is no good.
func (p *Progress) Read(id string) (steps.State, error) {
	if err := checkID(id); err != nil {
		return steps.State{}, err
	}
	return p.read(id)
}

func (p *Progress) read(id string) (steps.State, error) {
	path := p.path(id)
	data, err := readFile(path, maxState)
	if errors.Is(err, errTooLarge) {
		return steps.State{}, &Unreadable{Path: path, Reason: notOurs}
	}
	if err != nil {
		return steps.State{}, steps.WithHint(fmt.Errorf("the progress of %s can't be read: %w", id, err),
			"Make sure that this file is yours and can be read.")
	}
	state, reason := parseState(id, data)
	if reason != "" {
		return steps.State{}, &Unreadable{Path: path, Reason: reason}
	}
	return state, nil
}

// setAside moves a file to a name that is free. The name is first taken with an
// empty file of our own, which the move then replaces: so nothing that stands
// there already can be lost, on file systems without links too.
func (p *Progress) setAside(u *Unreadable) error {
	base := u.Path + ".set-aside-" + p.Now().UTC().Format("20060102T150405Z")
	name := base
	for n := 2; ; n++ {
		err := writeNew(name, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return writeProblem(err)
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	if err := replace(u.Path, name); err != nil {
		_ = os.Remove(name)
		return writeProblem(err)
	}
	if err := syncFolder(p.dir); err != nil {
		return writeProblem(err)
	}
	return &SetAside{Path: name, Reason: u.Reason}
}

// Save writes the state of the onboarding that is open. A state of another ID is
// refused: see Rename.
func (p *Progress) Save(s steps.State) error {
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

func (p *Progress) write(s steps.State) error {
	data, err := formatState(s)
	if err != nil {
		return fmt.Errorf("save the progress of %s: %w", s.ID(), err)
	}
	if err := private(p.dir); err != nil { // it may have gone since
		return err
	}
	return writeFile(p.path(s.ID()), data)
}

// Rename moves the open onboarding's file and lock to another ID; the NPI and
// the environment in the file become those of the new ID. The new file is whole
// before the old one goes. Secrets stay where they are: that is the caller's.
// The error is ErrTaken where the new ID has a file, and *OpenElsewhere where
// another process has it open.
func (p *Progress) Rename(id string) error {
	if err := checkID(id); err != nil {
		return err
	}
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
	if _, err := os.Lstat(p.path(to)); !errors.Is(err, fs.ErrNotExist) {
		return steps.WithHint(fmt.Errorf("rename %s to %s: %w", from, to, ErrTaken),
			"Open that onboarding instead, or forget it first.")
	}
	state, err := p.read(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not saved yet: the lock alone moves
	}
	if err != nil {
		return err
	}
	state.NPI, state.Environment = to[:10], steps.Environment(to[11:])
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
		err = syncFolder(p.dir)
	}
	return writeProblem(err)
}

// Remove deletes an onboarding's progress file, under its lock; where it is the
// one that is open, it is closed. Files set aside stay. Removing what is not
// there is no error.
func (p *Progress) Remove(id string) error {
	if err := checkID(id); err != nil {
		return err
	}
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
