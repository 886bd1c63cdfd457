package disk

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Rename renames a file over another one. Windows refuses while anyone has the
// other one open, as a virus scanner or a second instance that lists the
// onboardings does for an instant: so it is tried again for a second.
func Rename(from, to string) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := os.Rename(from, to)
		inUse := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !inUse || wait > 512*time.Millisecond {
			return err
		}
		<-time.After(wait)
	}
}
