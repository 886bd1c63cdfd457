package steps_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

var update = flag.Bool("update", false, "write testdata/prompts.golden anew")

// shown is a prompt that a person can meet, and how.
type shown struct {
	how    string
	prompt steps.Prompt
}

// reachable walks every way and collects each screen once in each of its forms.
func reachable(t *testing.T) []shown {
	t.Helper()
	var all []shown
	seen := map[string]bool{}
	for _, way := range ways {
		p := newPerson(t)
		p.World.SetClock(stepstest.Start)
		p.World.Pairs = append(p.World.Pairs, keystest.OtherPair(t))
		p.Launch(record.State{})
		p.Seen = func(f steps.Flow) {
			prompt := f.Prompt()
			if form := form(prompt); !seen[form] {
				seen[form] = true
				all = append(all, shown{way.name, prompt})
			}
		}
		p.Seen(p.Flow)
		way.walk(p)
	}
	return all
}

// form is what makes a prompt another one to review: its words, not its values.
func form(p steps.Prompt) string {
	var b strings.Builder
	fmt.Fprint(&b, p.Screen, p.Title, p.Guide, len(p.Rows))
	for _, n := range p.Notes {
		fmt.Fprint(&b, n.Text, n.Hint)
	}
	for _, f := range p.Fields {
		fmt.Fprint(&b, f.Label, f.Optional)
	}
	for _, a := range p.Actions {
		fmt.Fprint(&b, a.Label)
	}
	return b.String()
}

var ways = []struct {
	name string
	walk func(*stepstest.Person)
}{
	{"by default", func(p *stepstest.Person) { p.WalkTo("finish") }},
	{"no success in the portal", func(p *stepstest.Person) {
		p.WalkTo("token").Answer("token", "failed", nil)
		p.Answer("token", "label", nil)
	}},
	{"token lost", func(p *stepstest.Person) {
		p.WalkTo("key").Back("save")
		p.Answer("save", "lost", nil)
	}},
	{"all the way back", func(p *stepstest.Person) {
		p.WalkTo("finish")
		for ok := true; ok; p.Seen(p.Flow) {
			p.Flow, ok = p.Flow.Back()
		}
	}},
	{"half of it saved", func(p *stepstest.Person) {
		p.WalkTo("save")
		p.World.Secrets.Fail = func(call string) error {
			if call == "save organization-token" {
				return record.WithKind(errors.New("the keyring does not answer"), record.ErrStorage, "Unlock it.")
			}
			return nil
		}
		_ = p.Try("", save(p.Token.Reveal(), keystest.OrganizationID))
	}},
	{"import", func(p *stepstest.Person) {
		p.WalkTo("add").Back("key")
		p.Answer("key", "make", nil)
		p.Back("key")
		p.Answer("key", "import", nil)
		p.Answer("import", "", stepstest.Values{"private": keystest.OtherPair(p.T()).Private().Reveal()})
		p.Answer("import-confirm", "yes", nil)
		p.Answer("add", "label", nil)
		p.Back("add")
		p.Answer("add", "refused", nil)
		p.Answer("refused", "", nil)
		p.Answer("add", "files", nil)
	}},
	{"check fails", func(p *stepstest.Person) {
		p.WalkTo("check")
		for _, m := range []check.Fix{check.FixRecordKeyID, check.FixToken, check.FixOrganization, check.FixKeyID, check.FixKey, check.FixNPI, check.FixAgain} {
			p.World.Checker.Reports = append(p.World.Checker.Reports, stepstest.Failed(check.Line{
				ID: check.Accept, Cause: check.CauseTokenRefused, HTTPStatus: 401, Fix: m,
			}))
			_ = p.Try("check", nil)
		}
	}},
	{"a web page", func(p *stepstest.Person) {
		p.WalkTo("seal").Answer("seal", "", stepstest.Values{"format": "html", "protect": "own"})
	}},
	{"a recipient", func(p *stepstest.Person) {
		p.WalkTo("seal").Answer("seal", "", stepstest.Values{"format": "pgp", "protect": "key"})
		p.Back("seal")
		p.Answer("seal", "", stepstest.Values{"protect": "key"})
		p.Answer("recipient", "", stepstest.Values{"recipient": "age1vendor"})
		p.Answer("recipient", "", nil)
	}},
	{"SFTP", func(p *stepstest.Person) {
		p.WalkTo("deliver")
		p.World.Packages.Unknown = &record.UnknownHost{Host: "sftp.vendor.example", KeyType: "ssh-ed25519", Fingerprint: "SHA256:abc"}
		p.Relaunch(id)
		p.Answer("deliver", "sftp", nil)
		p.Answer("sftp", "", stepstest.Values{"url": "sftp://me@sftp.vendor.example/in/"})
		p.Answer("host", "trust", nil)
	}},
	{"request", func(p *stepstest.Person) {
		p.WalkTo("deliver").Answer("deliver", "request", nil)
		p.Answer("request", "", nil)
		p.Answer("finish", "send", nil)
	}},
	{"after the end", func(p *stepstest.Person) {
		p.WalkTo("finish").Answer("finish", "calendar", nil)
		p.Answer("finish", "remove", nil)
		p.Answer("finish-confirm", "yes", nil)
		p.Answer("finish", "send", nil)
		p.Back("finish")
		p.Answer("finish", "production", nil)
	}},
	{"token replaced", func(p *stepstest.Person) {
		p.WalkTo("finish").Answer("finish", "token", nil)
		p.Token = newToken(p.T())
		p.WalkTo("check").Answer("check", "old", nil)
		p.Back("check")
		p.Answer("check", "later", nil)
		p.WalkTo("finish").Answer("finish", "key", nil)
		p.Back("finish")
		p.Answer("finish", "check", nil)
	}},
	{"token renewed", func(p *stepstest.Person) {
		p.WalkTo("finish")
		label := func(l string) steps.Listed {
			return steps.Listed{What: record.TokenRotation, ID: stepstest.OtherKeyID, Label: l}
		}
		p.World.Registry.Listed = []steps.Listed{label("HealthEndeavors 2611-7QK")}
		s := p.Flow.State()
		s.Renewing = []record.RenewalFact{{What: record.TokenRotation, Label: "HealthEndeavors 2611-7QK", ID: stepstest.OtherKeyID}}
		p.World.Progress.States[id] = s
		p.Relaunch(id)
		p.Answer("finish", "renew", nil)
		p.Answer("renew", "", nil)
		p.WalkTo("finish")
		p.Answer("finish", "delete-old", nil)
		p.Answer("finish-confirm", "no", nil)
		p.Answer("finish", "stray", nil)
	}},
	{"items one by one", func(p *stepstest.Person) {
		p.WalkTo("deliver").Answer("deliver", "items", nil)
		p.Answer("items", "", nil)
	}},
	{"key replaced", func(p *stepstest.Person) {
		p.WalkTo("finish").Answer("finish", "key", nil)
		p.KeyID = stepstest.OtherKeyID
		p.WalkTo("finish")
	}},
	{"vault", func(p *stepstest.Person) {
		p.World.Secrets.KeyringErr = errors.New("no keyring answers on this computer")
		p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI})
		p.Answer("storage", "", stepstest.Values{"passphrase": stepstest.Passphrase, "again": stepstest.Passphrase})
		p.Relaunch(id)
	}},
	{"keyring gone", func(p *stepstest.Person) {
		p.WalkTo("add")
		p.World.Secrets.KeyringErr = errors.New("no keyring answers on this computer")
		p.Relaunch(id)
		p.Answer("storage", "", stepstest.Values{"passphrase": stepstest.Passphrase, "again": stepstest.Passphrase})
	}},
	{"second window", func(p *stepstest.Person) {
		p.WalkTo("add")
		p.World.Progress.OpenErr = record.WithHint(errors.New("this onboarding is open in another window"), "Go on there.")
		p.Relaunch(id)
	}},
	{"taken up", func(p *stepstest.Person) {
		p.WalkTo("save")
		p.World.Progress.SaveErr = errors.New("the disk is full")
		_ = p.Try("", save(p.Token.Reveal(), keystest.OrganizationID))
		p.World.Progress.SaveErr = nil
		p.Relaunch(id)
	}},
	{"production", func(p *stepstest.Person) {
		p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI, "environment": "production"})
		p.Token = keystest.Token(p.T(), keystest.TokenSpec{Location: "https://prod.dpc.cms.gov/api", Expires: stepstest.Start.AddDate(1, 0, 0)})
		p.WalkTo("token").Answer("token", "failed", nil)
		p.WalkTo("add").Answer("add", "refused", nil)
		p.Answer("refused", "", stepstest.Values{"pasted": "Signature snippet doesn't match public key."})
		p.Answer("add", "refused", nil)
		p.Answer("refused", "", stepstest.Values{"said": "something else"})
		p.WalkTo("finish")
		p.Back("deliver")
		p.Back("seal")
		p.Back("check")
		p.Back("id")
		p.Back("addresses")
	}},
}

// TestEveryPromptIsComplete holds each prompt that a person can meet to the rules
// that all UIs build on.
func TestEveryPromptIsComplete(t *testing.T) {
	met := map[string]bool{}
	for _, s := range reachable(t) {
		p := s.prompt
		met[p.Screen] = true
		for _, complaint := range complaints(p) {
			t.Errorf("%s (%s): %s", p.Screen, s.how, complaint)
		}
	}
	for _, screen := range steps.Screens() {
		if !met[screen] {
			t.Errorf("no way leads to %q", screen)
		}
	}
}

func complaints(p steps.Prompt) (found []string) {
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if p.Title == "" || p.URL == "" && !p.Elsewhere || p.Number < 1 || p.Number > 8 || len(p.Guide) == 0 {
		add("title %q, URL %q, number %d, guide %q", p.Title, p.URL, p.Number, p.Guide)
	}
	if h := p.Help; h.What == "" || h.Why == "" || h.Wrong == "" || h.Kept == "" {
		add("help %+v", h)
	}
	if len(p.Actions) == 0 {
		add("nothing to do")
	}
	names, used := map[string]bool{}, map[string]bool{"o": true, "?": true, "q": true}
	key := func(of, k string) {
		if k != "" && used[k] {
			add("the key %q of %q is taken", k, of)
		}
		used[k] = true
	}
	for _, a := range p.Actions {
		if a.Label == "" || names[a.Name] {
			add("action %+v", a)
		}
		names[a.Name] = true
		key(a.Name, a.Key)
	}
	for _, c := range p.Copies {
		if c.Label == "" || c.Text().IsZero() || c.Key == "" || (c.Value != "" && !c.Secret.IsZero()) {
			add("copy %q", c.Name)
		}
		key(c.Name, c.Key)
	}
	for _, f := range p.Fields {
		if f.Label == "" || f.Kind == "" || f.Kind == steps.Hidden && f.Value != "" {
			add("field %q", f.Name)
		}
	}
	for _, text := range texts(p) {
		if n := utf8.RuneCountInString(text); n > 240 {
			add("%d characters: %s", n, text)
		}
		if strings.Count(text, "*")%2 != 0 || strings.Contains(text, "  ") || strings.Contains(text, "%!") {
			add("marks in %q", text)
		}
	}
	for _, n := range p.Notes {
		if n.Hint != "" && !sentence(n.Hint) {
			add("hint %q", n.Hint)
		}
	}
	for _, g := range p.Guide {
		if !sentence(g) && !regexp.MustCompile(`^\d\. `).MatchString(g) {
			add("guide %q", g)
		}
	}
	return found
}

// sentence reports whether a text begins and ends as one.
func sentence(text string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, "“*"))
	end := strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, ".”")
	return end && (unicode.IsUpper(first) || strings.HasPrefix(text, "vault.age"))
}

func texts(p steps.Prompt) []string {
	all := append([]string{p.Title, p.Help.What, p.Help.Why, p.Help.Wrong, p.Help.Kept}, p.Guide...)
	for _, n := range p.Notes {
		all = append(all, n.Text, n.Hint)
	}
	for _, f := range p.Fields {
		all = append(all, f.Label, f.Hint)
	}
	for _, a := range p.Actions {
		all = append(all, a.Label, a.Confirm)
	}
	return all
}

// TestErrorsAreInOneForm: lower case, no period, with a remedy that is a
// sentence. It asks every field of every screen about all kinds of values.
func TestErrorsAreInOneForm(t *testing.T) {
	token := newToken(t).Reveal()
	samples := values(stepstest.Values{
		"a": "", "b": " ", "c": "x", "d": "1234567890", "e": token, "f": token[:200], "g": "Token: " + token,
		"h": keystest.OrganizationID, "i": keystest.Pair(t).Public().PEM(), "j": "SHA256:abc", "k": strings.Repeat("long ", 80),
		"l": "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "m": "a\x00b", "n": "passwordpassword", "o": "eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJ4In0.c2ln",
		"p": keystest.Token(t, keystest.TokenSpec{Expires: time.Unix(1e9, 0)}).Reveal(), "q": "sftp://a:b@c/", "r": token + token,
	})
	for _, s := range reachable(t) {
		for _, f := range s.prompt.Fields {
			for _, v := range samples {
				_, err := f.Recognize(v)
				if err == nil {
					continue
				}
				first, _ := utf8.DecodeRuneInString(err.Error())
				if unicode.IsUpper(first) || strings.HasSuffix(err.Error(), ".") || !sentence(record.Hint(err)) {
					t.Errorf("%s, %s: %q, %q", s.prompt.Screen, f.Name, err, record.Hint(err))
				}
			}
		}
	}
}

// TestPromptsGolden keeps all words in one file, to be reviewed in one read.
func TestPromptsGolden(t *testing.T) {
	var b strings.Builder
	for _, s := range reachable(t) {
		draw(&b, s)
	}
	got := masked(b.String())
	const path = "testdata/prompts.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("line %d is\n%s\nand not\n%s\nRun the test with -update and review the change.", i+1, g[i], w[i])
			}
		}
		t.Fatalf("%d lines, want %d. Run the test with -update and review the change.", len(g), len(w))
	}
}

var (
	fingerprints = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}`)
	keyLabels    = regexp.MustCompile(`HealthEndeavors \d{4}-\w{3}`)
	lengths      = regexp.MustCompile(`\d{3,} characters`)
)

// masked takes out what differs from run to run, because keys are made anew.
func masked(text string) string {
	text = lengths.ReplaceAllString(text, "N characters")
	text = keyLabels.ReplaceAllString(text, "HealthEndeavors 2611-…")
	return fingerprints.ReplaceAllString(text, "SHA256:…")
}

func draw(b *strings.Builder, s shown) {
	p := s.prompt
	fmt.Fprintf(b, "══ %d %s · %s (%s)\n%s\n", p.Number, p.Step.Title(), p.Screen, s.how, p.Title)
	for _, g := range p.Guide {
		fmt.Fprintf(b, "  %s\n", g)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(b, "  [%s] %s %s\n", n.Kind, n.Text, n.Hint)
	}
	for _, r := range p.Rows {
		fmt.Fprintf(b, "  %s: %s%s\n", r.Name, r.Value, map[bool]string{true: "", false: "(a secret)"}[r.Secret.IsZero()])
	}
	for _, c := range p.Copies {
		short := strings.SplitN(c.Value, "\n", 2)[0]
		if len(c.Value) > 200 && c.Name != "message" {
			short = "…"
		}
		fmt.Fprintf(b, "  (%s) copy %s: %s\n", c.Key, c.Label, short)
	}
	for _, f := range p.Fields {
		optional := map[bool]string{true: ", optional"}[f.Optional]
		fmt.Fprintf(b, "  %s [%s%s] %s: %s\n", f.Label, f.Kind, optional, f.Hint, f.Value)
		for _, c := range f.Choices {
			fmt.Fprintf(b, "    ○ %s: %s\n", c.Label, c.Hint)
		}
	}
	for _, a := range p.Actions {
		fmt.Fprintf(b, "  → %s%s\n", a.Label, map[bool]string{false: " (" + a.Key + ")"}[a.Key == ""])
	}
	b.WriteString("\n")
}

func TestGoldenHoldsNoSecret(t *testing.T) {
	data, err := os.ReadFile("testdata/prompts.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{stepstest.Passphrase, "W3sidiI6", "PRIVATE KEY-----"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("%q is in the file", secret[:8])
		}
	}
	if !slices.Contains(strings.Split(string(data), "\n"), "Save both tokens") {
		t.Error("this is not the file of the prompts")
	}
}

// TestAdviceThatDoesHarm: neither is the old key or token to be deleted while the
// vendor uses it, nor is a passphrase that was typed said to have been shown.
func TestAdviceThatDoesHarm(t *testing.T) {
	golden, err := os.ReadFile("testdata/prompts.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, harm := range []string{"Delete the old one in the portal now", "The passphrase was shown once"} {
		if strings.Contains(string(golden), harm) {
			t.Errorf("a prompt says %q", harm)
		}
	}
}
