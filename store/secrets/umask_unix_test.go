//go:build unix

package secrets

import (
	"path/filepath"
	"syscall"
	"testing"

	"dpc-onboard/steps/record"
)

// TestVaultModesUnderAnyUmask: the vault is for one person alone, even where the
// umask would let everybody in.
func TestVaultModesUnderAnyUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "state", "dpc-onboard")
	put(t, useVault(t, dir), record.ClientTokenName, "value")
	checkModes(t, dir)
	if got := files(t, dir); len(got) != 2 {
		t.Errorf("%q: this test sees too little", got)
	}
}
