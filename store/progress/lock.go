package progress

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/disk"

	"github.com/gofrs/flock"
)

// OpenElsewhere is the error for an onboarding that another process has open.
// PID, Host and Since are zero where that process has not said yet who it is. In
// JSON it is what a .owner file says.
type OpenElsewhere struct {
	ID    string    `json:"-"`
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func (o *OpenElsewhere) Error() string {
	if o.PID == 0 {
		return "onboarding " + o.ID + " is open in another window"
	}
	return fmt.Sprintf("onboarding %s is open in another window: process %d on %s, since %s",
		o.ID, o.PID, o.Host, text.Moment(o.Since))
}

// lock is the right to write one onboarding. The operating system takes it back
// when the process ends, however it ends.
type lock struct {
	id    string
	flock *flock.Flock
	// owner is the path of the file that says who holds it. It stands beside the
	// lock and not in it, because Windows lets nobody read a file that is locked.
	owner string
}

// acquire takes an onboarding's lock, or says who has it. The error is
// record.ParseID's for what is no ID.
func acquire(dir, id string, now time.Time) (*lock, error) {
	if _, _, err := record.ParseID(id); err != nil {
		return nil, err
	}
	if err := disk.Private(dir); err != nil {
		return nil, err
	}
	l := &lock{
		id:    id,
		flock: flock.New(filepath.Join(dir, id+".lock"), flock.SetPermissions(disk.FileMode)),
		owner: filepath.Join(dir, id+".owner"),
	}
	free, err := l.try()
	if err != nil {
		return nil, record.WithHint(fmt.Errorf("onboarding %s can't be locked: %w", id, err),
			"Make sure that the progress folder can be written and is on a disk of this computer; some network drives can't lock files.")
	}
	if !free {
		return nil, record.WithHint(openElsewhere(id, l.owner),
			"Go on in that window, or close it first and start again here.")
	}
	// To say who holds it is a courtesy to the next instance: the lock holds without
	// it, so a failure is not worth stopping for.
	host, _ := os.Hostname()
	if data, err := json.Marshal(OpenElsewhere{PID: os.Getpid(), Host: host, Since: now}); err == nil {
		_ = disk.Write(l.owner, data)
	}
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
	return false, errors.New("the lock file keeps changing")
}

func (l *lock) current() bool {
	held, err := l.flock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(l.flock.Path())
	return err == nil && os.SameFile(held, named)
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
	var elsewhere OpenElsewhere
	data, err := disk.Read(path, 4096)
	if err != nil || json.Unmarshal(data, &elsewhere) != nil {
		elsewhere = OpenElsewhere{}
	}
	elsewhere.ID = id
	return &elsewhere
}
