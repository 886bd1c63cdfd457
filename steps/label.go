package steps

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// maxLabel is the portal's limit for the label of a token or key, in characters.
const maxLabel = 25

// CheckLabel reports why the portal would refuse a label.
func CheckLabel(label string) error {
	const hint = "Take 1 to 25 characters that can be seen."
	label = strings.TrimSpace(label)
	switch n := utf8.RuneCountInString(label); {
	case n == 0:
		return record.NewProblem("the label is blank", hint)
	case n > maxLabel:
		return record.NewProblem(fmt.Sprintf("the label has %d characters, the portal takes %d", n, maxLabel), hint)
	case strings.ContainsFunc(label, text.Unseen):
		return record.NewProblem("there is a sign in this label that can't be seen", hint)
	}
	return nil
}

// SuggestLabel proposes a label for a client token: who will use it, and where. It
// fits the portal's limit.
func SuggestLabel(e record.Environment) string {
	if e == record.Production {
		return "HealthEndeavors prod"
	}
	return "HealthEndeavors sandbox"
}

// nextLabel tells a label from the one before by a number at its end.
func nextLabel(label string) string {
	base, n := strings.TrimSpace(label), 2
	if i := strings.LastIndex(base, " "); i >= 0 {
		if last, err := strconv.Atoi(base[i+1:]); err == nil && last > 1 && last < 1000 {
			base, n = base[:i], last+1
		}
	}
	suffix := " " + strconv.Itoa(n)
	runes := []rune(base)
	runes = runes[:min(len(runes), maxLabel-len(suffix))]
	return strings.TrimSpace(string(runes)) + suffix
}

// tokenLabel is the label at hand, or a proposal that tells the token from the
// one that it replaces.
func tokenLabel(s record.State) string {
	if before := s.Replaced().TokenLabel; s.TokenLabel == "" && before != "" {
		return nextLabel(before)
	}
	return cmp.Or(s.TokenLabel, SuggestLabel(s.Environment))
}

// KeyLabel proposes a label for a public key, such as "HealthEndeavors 2611-7QK":
// whose the key is, the year and month, and three characters drawn from seed, which
// is the key's fingerprint or another text of its own. Labels of keys are unique in
// an organization, also over computers and after "forget", so each key needs one
// that is unlikely to be taken.
func KeyLabel(seed string, now time.Time) string {
	const alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ" // none that is taken for another
	sum := sha256.Sum256([]byte(seed))
	label := "HealthEndeavors " + now.Format("0601") + "-"
	for _, b := range sum[:3] {
		label += string(alphabet[int(b)%len(alphabet)])
	}
	return label
}

// labelDetour changes the label of a token or a key.
func labelDetour(step ID, label string) detour {
	return detour{step: step, from: string(step), screen: screen{
		name: string(step) + "-label",
		prompt: func(Facts) Prompt {
			return Prompt{
				Title:   "Choose a label",
				Guide:   []string{"The portal shows this label in its list, so that you know later what the entry is for. It takes at most 25 characters."},
				Fields:  []Field{{Name: "label", Label: "Label", Hint: "1 to 25 characters", Kind: Text, Value: label, Missing: CheckLabel(""), Check: recognizeLabel}},
				Actions: []Action{{Name: "next", Label: "Use this label"}},
			}
		},
		accept: func(f Facts, a Answer) (outcome, error) {
			setLabel(&f.State, step, a.Text("label"))
			return stay(f.leave()), nil
		},
	}}
}

func setLabel(s *record.State, step ID, label string) {
	if step == Add {
		key := *s.Key
		key.Label = label
		s.Key = &key
		return
	}
	s.TokenLabel = label
	if s.ClientToken != nil && !s.TokenLost() {
		token := *s.ClientToken
		token.Label = label
		s.ClientToken = &token
	}
}

func recognizeLabel(v keys.Secret) (string, error) {
	if err := CheckLabel(v.Reveal()); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d characters", utf8.RuneCountInString(strings.TrimSpace(v.Reveal())), maxLabel), nil
}
