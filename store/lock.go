package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"dpc-onboard/steps"
)

// OpenElsewhere is the error for an onboarding that another process has open.
// PID, Host and Since are zero where that process has not said yet who it is.
type OpenElsewhere struct {
	ID    string
	PID   int
	Host  string
	Since time.Time
}

func (o *OpenElsewhere) Error() string {
	if o.PID == 0 {
		return "onboarding " + o.ID + " is open in another window"
	}
	return fmt.Sprintf("onboarding %s is open in another window: process %d on %s, since %s",
		o.ID, o.PID, o.Host, o.Since.Local().Format("2006-01-02 15:04"))
}

// lock is the right to write one onboarding. The operating system takes it back
// when the process ends, however it ends.
type lock struct {
	id    string
	flock *flock.Flock
	owner string // path of the file that says who holds it
}

// owner is what that file says. It stands beside the lock and not in it, because
// Windows lets nobody read a file that is locked.
type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// errLockLost ends an attempt that met the lock file as its holder removed it.
var errLockLost = errors.New("the lock file keeps changing")

// acquire takes an onboarding's lock, or says who has it.
func acquire(dir, id string, now time.Time) (*lock, error) {
	if err := private(dir); err != nil {
		return nil, err
	}
	l := &lock{
		id:    id,
		flock: flock.New(filepath.Join(dir, id+".lock"), flock.SetPermissions(fileMode)),
		owner: filepath.Join(dir, id+".owner"),
	}
	free, err := l.try()
	if err != nil {
		return nil, steps.WithHint(fmt.Errorf("onboarding %s can't be locked: %w", id, err),
			"Make sure that the progress folder can be written and is on a disk of this computer; some network drives can't lock files.")
	}
	if !free {
		return nil, steps.WithHint(openElsewhere(id, l.owner),
			"Go on in that window, or close it first and start again here.")
	}
	l.sign(now)
	return l, nil
}

// try takes the lock unless another process has it. The holder removes the file
// before it gives the lock back, so a lock on a file that is no longer the one
// under that name is worth nothing and is taken again on the new one.
func (l *lock) try() (bool, error) {
	for range 100 {
		free, err := l.flock.TryLock()
		if err != nil || !free {
			return free, err
		}
		if l.current() {
			return true, nil
		}
		if err := l.flock.Unlock(); err != nil {
			return false, err
		}
	}
	return false, errLockLost
}

func (l *lock) current() bool {
	held, err := l.flock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(l.flock.Path())
	return err == nil && os.SameFile(held, named)
}

// sign says who holds the lock. It is a courtesy to the next instance: the lock
// holds without it, so a failure is not worth stopping for.
func (l *lock) sign(now time.Time) {
	host, _ := os.Hostname()
	data, err := json.Marshal(owner{PID: os.Getpid(), Host: host, Since: now})
	if err == nil {
		_ = writeFile(l.owner, data)
	}
}

// release gives the lock back and leaves nothing in the folder. The file goes
// while the lock is held; Windows can't do that, but refuses there to remove a
// file that another process has open, so it is safe afterwards.
func (l *lock) release() error {
	_ = os.Remove(l.owner)
	_ = os.Remove(l.flock.Path())
	err := l.flock.Unlock()
	if runtime.GOOS == "windows" {
		_ = os.Remove(l.flock.Path())
	}
	return err
}

func openElsewhere(id, path string) *OpenElsewhere {
	elsewhere := &OpenElsewhere{ID: id}
	data, err := readFile(path, 4096)
	if err != nil {
		return elsewhere
	}
	var o owner
	if json.Unmarshal(data, &o) == nil {
		elsewhere.PID, elsewhere.Host, elsewhere.Since = o.PID, o.Host, o.Since
	}
	return elsewhere
}
