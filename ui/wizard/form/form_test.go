package form

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/ui/wizard/theme"
)

// asked is a form with a field of each kind, and how often one was asked to judge a
// value.
func asked(t *testing.T) (f *Form, count *int) {
	t.Helper()
	count = new(int)
	check := func(v keys.Secret) (string, error) {
		*count++
		if v.Len() < 3 {
			return "", errors.New("too short")
		}
		return "long enough", nil
	}
	st := theme.New(theme.Dark, colorprofile.ASCII)
	return New(&steps.Prompt{
		Fields: []steps.Field{
			{Name: "name", Label: "Name", Kind: steps.Text, Check: check},
			{Name: "secret", Label: "Secret", Kind: steps.Hidden, Check: check},
			{Name: "which", Label: "Which", Kind: steps.Choose, Choices: []steps.Choice{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}}},
		},
		Actions: []steps.Action{{Name: "go", Label: "Go on"}, {Name: "stop", Label: "Stop", Key: "s"}},
	}, &st), count
}

func draw(f *Form) string {
	var b strings.Builder
	for i := range f.fields {
		drawn, _ := f.Field(i, 60, false)
		b.WriteString(drawn + "\n")
	}
	lines, _ := f.Actions(60)
	return ansi.Strip(b.String() + strings.Join(lines, "\n"))
}

func write(f *Form, text string) {
	for _, r := range text {
		_ = f.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// TestAValueIsJudgedWhenItChanges, and at no other time: a check may take long.
func TestAValueIsJudgedWhenItChanges(t *testing.T) {
	f, count := asked(t)
	write(f, "Ana")
	before := *count
	for range 10 {
		if !strings.Contains(draw(f), "✓ long enough") {
			t.Fatalf("the verdict is not shown:\n%s", draw(f))
		}
	}
	for _, code := range []rune{tea.KeyLeft, tea.KeyRight, tea.KeyHome} {
		_ = f.Update(tea.KeyPressMsg{Code: code})
	}
	f.Advance()
	f.Move(1)
	f.Move(-1)
	_ = f.Unsaved()
	if *count != before {
		t.Errorf("a value that did not change was judged %d times", *count-before)
	}
	if write(f, "x"); *count != before+1 {
		t.Errorf("a key had it judged %d times", *count-before)
	}
}

// TestEachKindAnswers takes keys, pastes and a whole value.
func TestEachKindAnswers(t *testing.T) {
	f, _ := asked(t)
	values := func() string {
		a := f.Answer("go")
		return a.Action + " " + a.Values["name"].Reveal() + " " + a.Values["secret"].Reveal() + " " + a.Values["which"].Reveal()
	}
	write(f, "Ana")
	f.Advance()
	write(f, "hush")
	f.Advance()
	_ = f.Update(tea.KeyPressMsg{Code: tea.KeyDown})
	if got := values(); got != "go Ana hush b" {
		t.Errorf("the answer is %q", got)
	}
	if strings.Contains(draw(f), "hush") || !strings.Contains(draw(f), "•••• 4 characters") {
		t.Errorf("a masked value is not masked:\n%s", draw(f))
	}
	for key, want := range map[string]string{"1": "a", "2": "b", "3": "b", "k": "a", "x": "a"} {
		f.fields[2].Set(keys.NewSecret("b"))
		if key == "x" {
			f.fields[2].Set(keys.NewSecret("a"))
		}
		if write(f, key); f.fields[2].Value().Reveal() != want {
			t.Errorf("%s chooses %q, want %q", key, f.fields[2].Value().Reveal(), want)
		}
	}
	if f.Move(-1); !f.Masked() || !f.Typing() {
		t.Error("the focus is not in the masked field")
	}
	if _ = f.Update(tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl}); !strings.Contains(draw(f), "hush") {
		t.Errorf("%s shows nothing", Reveal)
	}
	if f.Move(1); strings.Contains(draw(f), "hush") {
		t.Error("it is shown although the focus is elsewhere")
	}
}
