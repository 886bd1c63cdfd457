//go:build unix

package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestModesUnderAnyUmask: what is written is for one person alone, even where the
// umask would let everybody in.
func TestModesUnderAnyUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		before := syscall.Umask(umask)
		defer syscall.Umask(before)
		dir := filepath.Join(t.TempDir(), "state")
		path := func(name string) string { return filepath.Join(dir, name) }
		for _, err := range []error{
			Private(dir),
			Create(path("created"), []byte("x")),
			CreateFolder(path("folder"), map[string][]byte{"file": nil}),
			os.WriteFile(path("written"), nil, 0o666),
			Write(path("written"), []byte("x")),
			Reserve(path("reserved")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		seen := 0
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			want := fs.FileMode(FileMode)
			if d.IsDir() {
				want = FolderMode
			}
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("umask %o: %s has mode %v", umask, path, info.Mode())
			}
			seen++
			return err
		})
		if err != nil || seen != 6 {
			t.Errorf("%d entries, %v", seen, err)
		}
	}
}

func TestPrivateTakesRightsAway(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Private(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != FolderMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestReadRefusesPipes: nobody writes to this one, so that opening it would wait
// forever.
func TestReadRefusesPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := Read(path, 10); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}

// TestReadGivenReadsPipes, as <(command) of a shell makes them.
func TestReadGivenReadsPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	go func() { _ = os.WriteFile(path, []byte("value"), 0o600) }()
	if got, err := ReadGiven(path, 10); err != nil || string(got) != "value" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestWritesFollowNoLinks: a link that somebody put under the name of a write is
// replaced, and what it leads to stays as it is.
func TestWritesFollowNoLinks(t *testing.T) {
	dir := t.TempDir()
	path, elsewhere := filepath.Join(dir, "file"), filepath.Join(t.TempDir(), "elsewhere")
	mustWrite(t, elsewhere, "theirs")
	for _, name := range []string{path, path + ".tmp"} {
		if err := os.Symlink(elsewhere, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(path, []byte("ours")); err != nil {
		t.Fatal(err)
	}
	holds(t, elsewhere, "theirs")
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}
