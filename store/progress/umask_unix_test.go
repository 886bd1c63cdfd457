//go:build unix

package progress

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestModesUnderAnyUmask: what is written is for one person alone, even where the
// umask would let everybody in, and while it is being written.
func TestModesUnderAnyUmask(t *testing.T) {
	before := syscall.Umask(0)
	defer syscall.Umask(before)
	dir := filepath.Join(t.TempDir(), "state", "dpc-onboard")
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatal(err)
	}
	checkModes(t, filepath.Dir(dir))
	if files, err := os.ReadDir(dir); err != nil || len(files) < 3 {
		t.Errorf("%d files, %v: this test sees too little", len(files), err)
	}
}
