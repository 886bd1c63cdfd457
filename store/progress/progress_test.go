package progress

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpc-onboard/steps/record"
)

const (
	testID  = "1234567893-production"
	otherID = "1245319599-sandbox"
)

var testTime = time.Date(2026, 11, 23, 8, 9, 10, 0, time.UTC)

func newTestProgress(t *testing.T, dir string) *Progress {
	t.Helper()
	p := New(dir)
	p.Now = func() time.Time { return testTime }
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func mustOpen(t *testing.T, p *Progress, id string) (record.State, bool) {
	t.Helper()
	state, found, err := p.Open(id)
	if err != nil {
		t.Fatalf("open %s: %v", id, err)
	}
	return state, found
}

func mustWrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, f := range found {
		names = append(names, f.Name())
	}
	return names
}

func TestProgressSaveAndOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "dpc-onboard")
	p := newTestProgress(t, dir)
	if _, found := mustOpen(t, p, testID); found {
		t.Fatal("found what was never saved")
	}
	want := exampleState(testID)
	for range 2 { // over nothing, and over itself
		if err := p.Save(want); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []*Progress{p, newTestProgress(t, dir)} { // reopened, and by the next process
		got, found := mustOpen(t, q, testID)
		if !found || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := p.Read(testID); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("read %+v, %v", got, err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{testID + ".json"}) {
		t.Fatalf("left in the folder: %q", got)
	}
}

func TestProgressSaveWritesTheSchemaItWrites(t *testing.T) {
	p := newTestProgress(t, t.TempDir())
	mustOpen(t, p, testID)
	state := exampleState(testID)
	state.Schema = 0
	if err := p.Save(state); err != nil {
		t.Fatal(err)
	}
	if got, _ := mustOpen(t, p, testID); got.Schema != record.Schema {
		t.Errorf("schema %d", got.Schema)
	}
}

func TestProgressNeedsAnOpenOnboarding(t *testing.T) {
	p := newTestProgress(t, t.TempDir())
	if err := p.Save(exampleState(testID)); !errors.Is(err, ErrNotOpen) {
		t.Errorf("save: %v", err)
	}
	if err := p.Rename(testID); !errors.Is(err, ErrNotOpen) {
		t.Errorf("rename: %v", err)
	}
	mustOpen(t, p, testID)
	if err := p.Save(exampleState(otherID)); err == nil {
		t.Error("saved another onboarding under this one's name")
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Errorf("close twice: %v", err)
	}
	if err := p.Save(exampleState(testID)); !errors.Is(err, ErrNotOpen) {
		t.Errorf("save after close: %v", err)
	}
}

func TestProgressRefusesIDs(t *testing.T) {
	outer := t.TempDir()
	p := newTestProgress(t, filepath.Join(outer, "state"))
	mustOpen(t, p, otherID)
	for _, id := range []string{
		"", "1234567893", "1234567893-", "123456789-sandbox", "12345678933-sandbox", "1234567893-moon", "1234567893-Sandbox",
		"../1234567893-sandbox", "1234567893-sandbox/..", "1234567893-sandbox\n", "1234567893-sandbox.json", "١٢٣٤٥٦٧٨٩٣-sandbox",
		"/etc/passwd", "..", "1234567893-sandbox\x00", `..\1234567893-sandbox`,
	} {
		_, _, opened := p.Open(id)
		_, read := p.Read(id)
		for what, err := range map[string]error{"open": opened, "read": read, "rename": p.Rename(id), "remove": p.Remove(id)} {
			if !errors.Is(err, record.ErrUsage) || record.Hint(err) == "" {
				t.Errorf("%s %q: %v", what, id, err)
			}
		}
	}
	if got := files(t, outer); !slices.Equal(got, []string{"state"}) {
		t.Errorf("outside of the folder: %q", got)
	}
}

func TestProgressSetsAsideWhatItCantUse(t *testing.T) {
	for _, c := range badStates {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			p := newTestProgress(t, dir)
			path := filepath.Join(dir, testID+".json")
			mustWrite(t, path, []byte(c.data))
			if _, err := p.Read(testID); !isUnreadable(err, c.reason) {
				t.Errorf("read: %v", err)
			}
			if got := files(t, dir); len(got) != 1 {
				t.Errorf("reading changed the folder: %q", got)
			}
			_, found, err := p.Open(testID)
			aside, ok := errors.AsType[*record.SetAside](err)
			if !ok || found || !strings.Contains(aside.Reason, c.reason) {
				t.Fatalf("found %v, %v", found, err)
			}
			kept, err := os.ReadFile(aside.Path)
			if err != nil || string(kept) != c.data || aside.Path != path+".set-aside-20261123T080910Z" {
				t.Fatalf("%s holds %.20q, %v", aside.Path, kept, err)
			}
			checkHeld(t, dir, testID)
			if err := p.Save(exampleState(testID)); err != nil {
				t.Fatal(err)
			}
			if _, found := mustOpen(t, p, testID); !found {
				t.Fatal("the new one was not saved")
			}
		})
	}
}

func isUnreadable(err error, reason string) bool {
	u, ok := errors.AsType[*Unreadable](err)
	return ok && strings.Contains(u.Reason, reason) && strings.Contains(u.Error(), u.Path)
}

// checkHeld checks that nobody else can open an onboarding.
func checkHeld(t *testing.T, dir, id string) {
	t.Helper()
	_, _, err := New(dir).Open(id)
	if _, ok := errors.AsType[*OpenElsewhere](err); !ok {
		t.Fatalf("the lock is not held: %v", err)
	}
}

func TestProgressSetsAsideOverNothing(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	path := filepath.Join(dir, testID+".json")
	want := map[string]string{}
	for n, name := range []string{"", "-2", "-3", "-4"} { // all within one second
		data := strings.Repeat("x", n+1)
		mustWrite(t, path, []byte(data))
		_, _, err := p.Open(testID)
		aside, ok := errors.AsType[*record.SetAside](err)
		if !ok || aside.Path != path+".set-aside-20261123T080910Z"+name {
			t.Fatalf("got %v", err)
		}
		want[aside.Path] = data
	}
	for path, data := range want {
		if got, err := os.ReadFile(path); err != nil || string(got) != data {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
	}
}

func TestProgressLeavesFoldersAndPipesAlone(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	if err := os.Mkdir(filepath.Join(dir, testID+".json"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, found, err := p.Open(testID)
	if _, aside := errors.AsType[*record.SetAside](err); err == nil || aside || found {
		t.Fatalf("found %v, %v", found, err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{testID + ".json"}) {
		t.Errorf("a failed open left %q", got)
	}
}

func TestProgressSetsAsideWhatIsTooLarge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, testID+".json")
	mustWrite(t, path, nil)
	if err := os.Truncate(path, maxState+1); err != nil {
		t.Fatal(err)
	}
	_, _, err := newTestProgress(t, dir).Open(testID)
	aside, ok := errors.AsType[*record.SetAside](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	if info, err := os.Stat(aside.Path); err != nil || info.Size() != maxState+1 {
		t.Fatalf("%v, %v", info, err)
	}
}

func TestProgressModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has access lists instead of modes")
	}
	dir := filepath.Join(t.TempDir(), "dpc-onboard")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { // whatever the umask
		t.Fatal(err)
	}
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	mustWrite(t, filepath.Join(dir, testID+".json"), nil)
	if err := os.Chmod(filepath.Join(dir, testID+".json"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatal(err)
	}
	checkModes(t, dir)
}

// checkModes checks that a folder and all in it are for one person alone.
func checkModes(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestProgressWriteIsAtomic(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	path := filepath.Join(dir, testID+".json")
	mustWrite(t, path+".tmp", []byte("what a crash left")) // is replaced
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the temporary file is left: %v", err)
	}
	// A write that fails costs nothing: here its temporary name can't be had.
	if err := os.MkdirAll(filepath.Join(path+".tmp", "occupied"), 0o700); err != nil {
		t.Fatal(err)
	}
	changed := exampleState(testID)
	changed.Organization = "Sunset"
	if err := p.Save(changed); err == nil || record.Hint(err) == "" {
		t.Fatalf("got %v", err)
	}
	if got, _ := mustOpen(t, p, testID); got.Organization != "Sunrise Family Practice" {
		t.Fatalf("the old state is gone: %+v", got)
	}
}

func TestProgressRename(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatal(err)
	}
	if err := p.Rename(testID); err != nil {
		t.Fatalf("to its own name: %v", err)
	}
	if err := p.Rename(otherID); err != nil {
		t.Fatal(err)
	}
	checkHeld(t, dir, otherID)
	want := exampleState(testID)
	want.NPI, want.Environment = "1245319599", record.Sandbox
	if got, found := mustOpen(t, p, otherID); !found || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	q := newTestProgress(t, dir) // the old name is free again
	if _, found := mustOpen(t, q, testID); found {
		t.Fatal("the old file is still there")
	}
	if err := p.Save(want); err != nil {
		t.Fatal(err)
	}
}

func TestProgressRenameBeforeTheFirstSave(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	if err := p.Rename(otherID); err != nil {
		t.Fatal(err)
	}
	checkHeld(t, dir, otherID)
	if err := p.Save(exampleState(otherID)); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{otherID + ".json", otherID + ".lock", otherID + ".owner"}) {
		t.Errorf("the folder holds %q", got)
	}
}

func TestProgressRenameLosesNothing(t *testing.T) {
	dir := t.TempDir()
	taken := example(t, otherID)
	mustWrite(t, filepath.Join(dir, otherID+".json"), taken)
	p := newTestProgress(t, dir)
	mustOpen(t, p, testID)
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatal(err)
	}
	if err := p.Rename(otherID); !errors.Is(err, ErrTaken) || record.Hint(err) == "" {
		t.Fatalf("got %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, otherID+".json")); err != nil || !bytes.Equal(got, taken) {
		t.Fatal("the other onboarding was overwritten")
	}
	checkHeld(t, dir, testID)
	q := newTestProgress(t, dir)
	mustOpen(t, q, otherID)
	if err := p.Rename(otherID); !isOpenElsewhere(err) {
		t.Fatalf("got %v", err)
	}
	if err := p.Save(exampleState(testID)); err != nil {
		t.Fatalf("after a refused rename: %v", err)
	}
}

func isOpenElsewhere(err error) bool {
	_, ok := errors.AsType[*OpenElsewhere](err)
	return ok
}

func TestProgressRemove(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	for _, id := range []string{testID, otherID} {
		mustOpen(t, p, id)
		if err := p.Save(exampleState(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := newTestProgress(t, dir).Remove(otherID); !isOpenElsewhere(err) {
		t.Fatalf("removed what is open elsewhere: %v", err)
	}
	mustWrite(t, filepath.Join(dir, testID+".json.tmp"), []byte("what a crash left"))
	for _, id := range []string{testID, otherID, otherID} { // closed, open, gone
		if err := p.Remove(id); err != nil {
			t.Fatal(err)
		}
	}
	if got := files(t, dir); len(got) != 0 {
		t.Fatalf("left in the folder: %q", got)
	}
	if err := p.Save(exampleState(otherID)); !errors.Is(err, ErrNotOpen) {
		t.Fatalf("what was removed is still open: %v", err)
	}
}

// TestProgressKilledWhileSaving kills a process that does nothing but save: what
// it leaves is a whole state, and the last that it said was saved or a later one.
func TestProgressKilledWhileSaving(t *testing.T) {
	for round := range 10 {
		dir := t.TempDir()
		cmd := process(t, "save", dir, testID)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() && said < 3+5*round {
			said, _ = strconv.Atoi(lines.Text())
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		state, found := mustOpen(t, newTestProgress(t, dir), testID)
		if got := len(state.TokenLabel); !found || got < said {
			t.Fatalf("said %d, kept %d, found %v", said, got, found)
		}
	}
}
