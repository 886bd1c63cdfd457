package command_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"dpc-onboard/steps"
	"dpc-onboard/store/submission"
)

// rules each stand in one room. What would be a second copy of one shows in the
// source: a table is enough to keep them from drifting apart.
var rules = []struct {
	rule   string
	sign   string // of a copy
	rooms  []string
	sample string // what the sign must find
}{
	{"a date for a person", `\.Local\(\)|\.Format\("Jan`, []string{"steps/text/", "steps/finish.go"}, `t.Local().Format("Jan 2")`}, // the calendar's own form
	{"cleaning text for a terminal", `unicode\.(Bidi_Control|Cf)\b`, []string{"steps/text/", "keys/"}, `unicode.Is(unicode.Cf, r)`},
	{"the onboarding's ID and its parts", `\(sandbox\|production\)|id\[:10\]|\[11:\]`, []string{"steps/record/"}, `"^[0-9]{10}-(sandbox|production)$"`},
	{"the names of what is replaced", `\.(old|new)"`, []string{"steps/record/"}, `name + ".old"`},
	{"writing a file", `os\.(OpenFile|WriteFile|Create|CreateTemp|MkdirTemp|Rename|Link)\(`, []string{"store/disk/", "store/sftp/system_windows.go", "store/sftp/hostkey.go"}, `os.WriteFile(path, data, 0o600)`}, // a pipe; and known_hosts, which is appended to
	{"syncing a folder", `\.Sync\(\)`, []string{"store/disk/", "store/sftp/hostkey.go"}, `d.Sync()`},
	{"the home folder", `os\.UserHomeDir\(`, []string{"store/disk/", "store/sftp/upload.go"}, `home, err := os.UserHomeDir()`}, // where OpenSSH keeps its files
	{"waiting for what can't be interrupted", `make\(chan (result|outcome)\b`, []string{"store/wait/"}, `done := make(chan result, 1)`},
	{"what is made from today's credentials", `TokenDigest ==|TokenDigest !=`, nil, `r.TokenDigest == s.ClientToken.Digest`},
	{"an SFTP address", `Scheme != "sftp"|Scheme == "sftp"`, []string{"steps/sftpurl/"}, `u.Scheme != "sftp"`},
	{"the passphrase form", `"The same once more"`, []string{"steps/storage.go"}, `Label: "The same once more"`},
	{"where secrets are kept", `return s\.Storage\.Kind`, []string{"steps/record/"}, `return s.Storage.Kind`},
	{"reading an organization token", `ParseUUID\(.*[oO]rganization`, []string{"keys/"}, `keys.ParseUUID(c.OrganizationToken.Reveal())`},
	{"a free file name", `"-" \+ strconv\.Itoa\(n\)`, []string{"store/disk/"}, `path + "-" + strconv.Itoa(n) + ext`},
}

func TestRulesStandOnce(t *testing.T) {
	for _, r := range rules {
		sign := regexp.MustCompile(r.sign)
		if !sign.MatchString(r.sample) {
			t.Errorf("%s: a copy would not be seen", r.rule)
		}
		for _, name := range tracked(t) {
			if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "test/") {
				continue
			}
			if slices.ContainsFunc(r.rooms, func(room string) bool { return strings.HasPrefix(name, room) }) {
				continue
			}
			for n, line := range strings.Split(string(read(t, name)), "\n") {
				if code, _, _ := strings.Cut(line, "//"); sign.MatchString(code) {
					t.Errorf("%s:%d: %s has a copy of its own: %s", name, n+1, r.rule, strings.TrimSpace(line))
				}
			}
		}
	}
}

// TestFormatsOfAPackage: what the wizard offers is what there is a seal for, in the
// same order.
func TestFormatsOfAPackage(t *testing.T) {
	if offered, there := steps.Formats(), submission.Formats(); !slices.Equal(offered, there) {
		t.Errorf("offered are %v, and there are %v", offered, there)
	}
}
