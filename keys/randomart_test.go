package keys_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

func TestRandomartForm(t *testing.T) {
	art := keystest.Pair(t).Public().Randomart()
	lines := strings.Split(art, "\n")
	if len(lines) != 11 || lines[0] != "+---[RSA 4096]----+" || lines[10] != "+----[SHA256]-----+" {
		t.Errorf("got\n%s", art)
	}
	for _, line := range lines[1:10] {
		if !regexp.MustCompile(`^\|[ .o+=*BOX@%&#/^SE]{17}\|$`).MatchString(line) {
			t.Errorf("line %q", line)
		}
	}
	if art == keystest.OtherPair(t).Public().Randomart() {
		t.Error("two keys look the same")
	}
	if (keys.PublicKey{}).Randomart() != "" {
		t.Error("no key has a picture")
	}
}

// The marks end at ^, however often a square is visited: S and E stand for the
// start and the end of the walk alone.
func TestRandomartOfACrowdedWalk(t *testing.T) {
	thereAndBack := bytes.Repeat([]byte{0b00_11_00_11}, 32)
	if art := keys.Randomart(thereAndBack, "[]", "[]"); !strings.Contains(art, "E        |\n|         ^       |") || strings.Contains(art, "S") {
		t.Errorf("got\n%s", art)
	}
	intoTheCorner := make([]byte, 32)
	if art := keys.Randomart(intoTheCorner, "[]", "[]"); !strings.Contains(art, "+\n|E....            |\n") || !strings.Contains(art, "|        S        |") {
		t.Errorf("got\n%s", art)
	}
}

// ssh-keygen draws over its own encoding of a key, so both draw over that here.
func TestRandomartAsSSHKeygenDrawsIt(t *testing.T) {
	keystest.Need(t, "ssh-keygen")
	for name, pair := range map[string]keys.Pair{"one": keystest.Pair(t), "other": keystest.OtherPair(t)} {
		public := must[ssh.PublicKey](t)(ssh.NewPublicKey(&raw(t, pair).PublicKey))
		file := filepath.Join(t.TempDir(), "key.pub")
		if err := os.WriteFile(file, ssh.MarshalAuthorizedKey(public), 0o600); err != nil {
			t.Fatal(err)
		}
		output := must[[]byte](t)(exec.Command("ssh-keygen", "-lv", "-E", "sha256", "-f", file).Output())
		first, want, _ := strings.Cut(strings.ReplaceAll(string(output), "\r\n", "\n"), "\n")
		if !strings.HasPrefix(first, "4096 "+ssh.FingerprintSHA256(public)+" ") {
			t.Errorf("%s: %s", name, first)
		}
		sum := sha256.Sum256(public.Marshal())
		if got := keys.Randomart(sum[:], "[RSA 4096]", "[SHA256]") + "\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
		if form := regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`); !form.MatchString(pair.Public().Fingerprint()) {
			t.Errorf("%s: fingerprint %s", name, pair.Public().Fingerprint())
		}
	}
}
