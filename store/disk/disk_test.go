package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dpc-onboard/steps/record"
)

func mustWrite(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// holds checks what is in a file.
func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %.40q, %v; want %.40q", path, got, err, want)
	}
}

// names lists what is in a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, f := range found {
		list = append(list, f.Name())
	}
	return list
}

func TestStateDirFollowsTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	if got, err := StateDir(); err != nil || got != filepath.Join(dir, "dpc-onboard") {
		t.Errorf("got %q, %v", got, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	t.Setenv("HOME", dir)
	for _, unset := range []string{"", "relative/path"} {
		t.Setenv("XDG_STATE_HOME", unset)
		want := filepath.Join(dir, ".local", "state", "dpc-onboard")
		if runtime.GOOS == "darwin" {
			want = filepath.Join(dir, "Library", "Application Support", "dpc-onboard")
		}
		if got, err := StateDir(); err != nil || got != want {
			t.Errorf("XDG_STATE_HOME=%q: got %q, %v, want %q", unset, got, err, want)
		}
	}
}

func TestHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	for path, want := range map[string]string{
		"~":            home,
		"~/a/b":        filepath.Join(home, "a", "b"),
		"~other/a":     "~other/a",
		"a/~":          "a/~",
		"/tmp/~/a":     "/tmp/~/a",
		"":             "",
		"~.zip.age":    "~.zip.age",
		"./~/relative": "./~/relative",
	} {
		if got := Home(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
	if err := Create("~/given", []byte("x")); err != nil || !Exists("~/given") {
		t.Errorf("a path from the home folder: %v", err)
	}
	holds(t, filepath.Join(home, "given"), "x")
}

func TestFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dpc-1234567893-sandbox")
	for _, want := range []string{".zip.age", "-2.zip.age", "-3.zip.age"} {
		name := Free(path, ".zip.age")
		if name != path+want {
			t.Fatalf("got %s", name)
		}
		mustWrite(t, name, "")
	}
	if got := Free(path, ""); got != path {
		t.Errorf("got %s", got)
	}
	if err := os.Symlink("nowhere", path); err != nil {
		t.Skip(err)
	}
	if got := Free(path, ""); got != path+"-2" {
		t.Errorf("a link to nothing counts as free: %s", got)
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	mustWrite(t, path, "1234")
	if got, err := Read(path, 4); err != nil || string(got) != "1234" {
		t.Errorf("got %q, %v", got, err)
	}
	for path, want := range map[string]error{path: ErrTooLarge, path + "x": fs.ErrNotExist} {
		if _, err := Read(path, 3); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if _, err := Read(dir, 4); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

func TestReadGivenNamesNoPath(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hunter2")
	mustWrite(t, path, strings.Repeat("x", 1024))
	if got, err := ReadGiven(path, 1024); err != nil || len(got) != 1024 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := ReadGiven(path+"-none", 1024); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for path, want := range map[string]string{
		path:                           "larger than 0 KiB",
		path + "-none":                 "can't be read",
		dir:                            "can't be read",
		path + "\x00":                  "can't be read",
		strings.Repeat("hunter2", 999): "can't be read",
	} {
		_, err := ReadGiven(path, 1023)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), dir) {
			t.Errorf("%.40q: %v", path, err)
		}
	}
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	if err := Create(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("second")); !errors.Is(err, fs.ErrExist) || record.Hint(err) == "" {
		t.Errorf("over another file: %v", err)
	}
	holds(t, path, "first")
	if err := Create(filepath.Join(dir, "none", "new"), nil); err == nil || record.Hint(err) == "" || Exists(filepath.Join(dir, "none")) {
		t.Errorf("into a folder that is not there: %v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"new"}) {
		t.Errorf("the folder holds %q", got)
	}
}

// TestPublishWithoutHardLinks is Create's last move on a file system that has no
// hard links.
func TestPublishWithoutHardLinks(t *testing.T) {
	dir := t.TempDir()
	temp, path := filepath.Join(dir, ".dpc-1.part"), filepath.Join(dir, "new")
	noLinks := func(_, _ string) error { return errors.ErrUnsupported }
	mustWrite(t, temp, "first")
	if err := publish(noLinks, temp, path); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, temp, "second")
	if err := publish(noLinks, temp, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
	holds(t, path, "first")
	if err := publish(noLinks, temp, filepath.Join(dir, "none", "new")); err == nil || record.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
}

func TestCreateFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	files := map[string][]byte{"npi.txt": []byte("1234567893"), "public-key.pem": []byte("PEM")}
	if err := CreateFolder(path, files); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(path, "npi.txt"), "1234567893")
	holds(t, filepath.Join(path, "public-key.pem"), "PEM")
	if err := CreateFolder(path, files); !errors.Is(err, fs.ErrExist) || record.Hint(err) == "" {
		t.Errorf("over another folder: %v", err)
	}
	files["no/such/folder"] = nil
	if err := CreateFolder(path+"-2", files); err == nil || record.Hint(err) == "" {
		t.Errorf("a file that can't be written: %v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"new"}) {
		t.Errorf("half a folder is left: %q", got)
	}
}

func TestWriteSurvivesWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, data := range []string{"first", "second"} {
		mustWrite(t, path+".tmp", "half of someth")
		if err := Write(path, []byte(data)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, data)
		if got := names(t, dir); !slices.Equal(got, []string{"file"}) {
			t.Errorf("the folder holds %q", got)
		}
	}
	// A write that fails costs nothing: here its temporary name can't be had.
	if err := os.MkdirAll(filepath.Join(path+".tmp", "occupied"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("third")); err == nil || record.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
	holds(t, path, "second")
}

func TestReserve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "name")
	if err := Reserve(path); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "")
	if err := Reserve(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
}

func TestUnwrittenPassesNil(t *testing.T) {
	if err := Unwritten(nil); err != nil {
		t.Errorf("got %v", err)
	}
}
