//go:build unix

package command

import (
	"syscall"
	"testing"
)

func TestACrashLeavesNoDump(t *testing.T) {
	noCoreDump()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("the limit is %+v, %v", limit, err)
	}
}
