package progress

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dpc-onboard/steps/record"
)

func TestListNewestFirst(t *testing.T) {
	dir := t.TempDir()
	p := newTestProgress(t, dir)
	times := map[string]time.Time{
		"1234567893-sandbox":    testTime.Add(-time.Hour),
		"1234567893-production": testTime,
		"1245319599-sandbox":    testTime.Add(-2 * time.Hour),
		"1245319599-production": testTime,
	}
	for id, at := range times {
		mustOpen(t, p, id)
		state := exampleState(id)
		state.UpdatedAt = at
		if err := p.Save(state); err != nil {
			t.Fatal(err)
		}
	}
	broken := filepath.Join(dir, "1902809898-sandbox.json")
	mustWrite(t, broken, []byte("{"))
	if err := os.Chtimes(broken, testTime, testTime.Add(-90*time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notes.json", "1234567893-sandbox.json.tmp", "1234567893-sandbox.json.set-aside-20261123T080910Z", "vault.age", "x"} {
		mustWrite(t, filepath.Join(dir, name), []byte("{}"))
	}
	entries, err := p.List()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
		isBroken := e.ID == "1902809898-sandbox"
		if isBroken != isUnreadable(e.Err, "cut short") || !isBroken && e.State.ID() != e.ID {
			t.Errorf("%s: %+v", e.ID, e)
		}
	}
	want := []string{"1234567893-production", "1245319599-production", "1234567893-sandbox", "1902809898-sandbox", "1245319599-sandbox"}
	if !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
}

func TestListOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	entries, err := New(dir).List()
	if err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v", entries, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("listing made the folder")
	}
	mustWrite(t, dir, nil)
	if _, err := New(dir).List(); err == nil || record.Hint(err) == "" {
		t.Errorf("a file for a folder: %v", err)
	}
}

// thousands writes 5,000 onboardings of usual size.
func thousands(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for n := range 5000 {
		id := fmt.Sprintf("%010d-sandbox", 1000000000+n)
		if err := os.WriteFile(filepath.Join(dir, id+".json"), example(tb, id), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// BenchmarkList compares listing 5,000 onboardings with the bare reading of
// their files, in the same run.
func BenchmarkList(b *testing.B) {
	dir := thousands(b)
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			entries, err := New(dir).List()
			if err != nil || len(entries) != 5000 || entries[0].Err != nil {
				b.Fatal(len(entries), err)
			}
		}
	})
	b.Run("bare files", func(b *testing.B) {
		for b.Loop() {
			found, err := os.ReadDir(dir)
			if err != nil {
				b.Fatal(err)
			}
			for _, f := range found {
				if _, err := os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
