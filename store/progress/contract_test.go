package progress

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// TestProgressFilesOfBefore: what an earlier version wrote is read, means the same,
// and is written again with every field as it was. The files in testdata come from
// version 1 of the form and are never to be changed.
func TestProgressFilesOfBefore(t *testing.T) {
	for name, means := range map[string]func(record.State) bool{
		// A sandbox onboarding that is checked, sealed and handed over.
		"complete.json": func(s record.State) bool {
			c := s.CurrentCheck()
			_, sent := s.SentAt()
			return c != nil && c.Passed && len(c.Lines) == 7 && c.Lines[4].Fix == check.FixNPI &&
				s.CurrentPackage() != nil && s.Sealed.Format == "age" && sent && s.Sent[0].How == record.ByHand
		},
		// One that waits for the public key to be added in the portal.
		"midway.json": func(s record.State) bool {
			_, saved := s.SavedAt()
			return saved && s.KeySaved() && s.Added == nil && !s.KeyIDSaved() && len(s.Kept()) == 3
		},
		// One whose key ID DPC refused.
		"refused.json": func(s record.State) bool {
			c := s.CurrentCheck()
			line, failed := c.Failure()
			return failed && c.Refused() && line.Fix == check.FixRecordKeyID && line.KeyID != s.KeyID.ID
		},
		// A complete one whose client token is being replaced.
		"rotating.json": func(s record.State) bool {
			old := s.Replaced()
			return old.What == record.TokenRotation && old.ClientToken.Digest != s.ClientToken.Digest &&
				old.Key.Fingerprint == s.Key.Fingerprint && s.Check != nil && s.CurrentCheck() == nil && s.CurrentPackage() == nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			const id = "1234567893-sandbox"
			dir := t.TempDir()
			path := filepath.Join(dir, id+".json")
			mustWrite(t, path, before)
			p := newTestProgress(t, dir)
			state, found := mustOpen(t, p, id)
			if !found || !means(state) {
				t.Errorf("found %v; it means another thing now: %+v", found, state)
			}
			if err := p.Save(state); err != nil {
				t.Fatal(err)
			}
			after, err := os.ReadFile(path)
			if err != nil || !reflect.DeepEqual(fields(t, before), fields(t, after)) {
				t.Errorf("%v; it was written as\n%s", err, after)
			}
		})
	}
}

func fields(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var f map[string]any
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}
