//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dpc-onboard/steps"
)

// TestModesUnderAnyUmask: what is written is for one person alone, even where the
// umask would let everybody in, and while it is being written.
func TestModesUnderAnyUmask(t *testing.T) {
	before := syscall.Umask(0)
	defer syscall.Umask(before)
	dir := filepath.Join(t.TempDir(), "state", "dpc-onboard")
	s := useVault(t, dir)
	put(t, s, steps.ClientTokenName, "value")
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatal(err)
	}
	checkModes(t, filepath.Dir(dir))
	if files, err := os.ReadDir(dir); err != nil || len(files) < 5 {
		t.Errorf("%d files, %v: this test sees too little", len(files), err)
	}
}

// TestWritesFollowNoLinks: a link that somebody put under the name of a write is
// replaced, and what it leads to stays as it is.
func TestWritesFollowNoLinks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dpc-onboard")
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	path, elsewhere := filepath.Join(dir, testID+".json"), filepath.Join(t.TempDir(), "elsewhere")
	mustWrite(t, elsewhere, []byte("theirs"))
	for _, name := range []string{path, path + ".tmp"} {
		if err := os.Symlink(elsewhere, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(elsewhere); string(data) != "theirs" {
		t.Errorf("the file at the link's end holds %q, %v", data, err)
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}
