package wizard

import "testing"

// The whole guide from launch to a sealed package, with organization and NPI
// typed, the portal's values copied by key and DPC asked. These counts may only
// go down.
const (
	wantPresses = 39
	wantPastes  = 3
)

func TestKeysFromLaunchToSealedPackage(t *testing.T) {
	d := launch(t).walk("")
	d.says("Hand it over", "Passphrase, shown once")
	if d.presses != wantPresses || d.pastes != wantPastes {
		t.Errorf("%d key presses and %d pastes, want %d and %d", d.presses, d.pastes, wantPresses, wantPastes)
	}
	if d.presses >= 40 || d.pastes > 3 {
		t.Errorf("%d key presses and %d pastes: at most 39 and 3 are what a person is asked for", d.presses, d.pastes)
	}
	sealed := d.world.Packages.Holds
	if len(sealed) != 1 || !sealed[0].ClientToken.Equal(d.token) {
		t.Errorf("sealed %d packages", len(sealed))
	}
}
