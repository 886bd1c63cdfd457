package keys

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/ccojocar/zxcvbn-go"
	"github.com/ccojocar/zxcvbn-go/matching"
	"github.com/sethvargo/go-diceware/diceware"
)

// What CheckPassphrase refuses, in words for the person who chose it.
var (
	ErrPassphraseEmpty   = errors.New("there is no passphrase yet")
	ErrPassphraseShort   = errors.New("the passphrase is too short: use at least 12 characters, better five or more words")
	ErrPassphraseLong    = errors.New("the passphrase is too long: some programs cut it after 255 characters")
	ErrPassphraseControl = errors.New("the passphrase contains a line break, a tab or another character that can't be typed")
	ErrPassphraseEdge    = errors.New("the passphrase starts or ends with a space, which is easily lost")
	ErrPassphraseRelated = errors.New("the passphrase contains the name or a number of your organization, which others can guess")
	ErrPassphraseRepeats = errors.New("the passphrase repeats itself, which adds no strength")
	ErrPassphraseWeak    = errors.New("the passphrase is too easy to guess: use more words, and ones that don't belong together")
)

const (
	// passphraseWords of 12.9 bits each make 103 bits.
	passphraseWords = 8
	minPassphrase   = 12  // characters
	maxPassphrase   = 255 // bytes: what GnuPG takes
	minEntropy      = 60  // bits, as zxcvbn estimates
	// maxEstimated bounds the characters that are estimated. The time grows with
	// their square, and what comes after can only add strength.
	maxEstimated = 100
	minRelated   = 4 // bytes of a word: less than that turns up by chance
)

// NewPassphrase returns eight words of the EFF's large list, drawn with dice from
// random: 103 bits, lower case, joined by hyphens, easy to say over the telephone.
//
// The list has four words with a hyphen of their own. Passphrases that hold one
// are drawn again, so that a hyphen always stands between two words. No word comes
// twice, so a reader that gives the same bytes forever is waited for forever.
func NewPassphrase(random io.Reader) (Secret, error) {
	dice, err := diceware.NewGenerator(&diceware.GeneratorInput{
		WordList: diceware.WordListEffLarge(), RandReader: random,
	})
	if err != nil {
		return Secret{}, fmt.Errorf("preparing the word list: %w", err)
	}
	for {
		words, err := dice.Generate(passphraseWords)
		if err != nil {
			return Secret{}, fmt.Errorf("drawing a passphrase: %w", err)
		}
		if phrase := strings.Join(words, "-"); strings.Count(phrase, "-") == passphraseWords-1 {
			return NewSecret(phrase), nil
		}
	}
}

// CheckPassphrase refuses a passphrase that is weak or that would be lost on its
// way to the receiver; the error's text is the reason. In related come names and
// numbers that others know: the organization, its NPI, labels.
func CheckPassphrase(p Secret, related ...string) error {
	phrase := p.Reveal()
	switch {
	case phrase == "":
		return ErrPassphraseEmpty
	case len(phrase) > maxPassphrase:
		return ErrPassphraseLong
	case strings.ContainsFunc(phrase, unicode.IsControl):
		return ErrPassphraseControl
	case strings.TrimSpace(phrase) != phrase:
		return ErrPassphraseEdge
	case len([]rune(phrase)) < minPassphrase:
		return ErrPassphraseShort
	case containsAny(phrase, related):
		return ErrPassphraseRelated
	}
	return checkStrength(phrase, related)
}

func checkStrength(phrase string, related []string) error {
	lower := strings.ToLower(phrase)
	fresh := withoutRepeats(lower)
	switch {
	case periodic(phrase):
		return ErrPassphraseRepeats
	case entropy(phrase, related) < minEntropy:
		return ErrPassphraseWeak
	case fresh != lower && entropy(fresh, related) < minEntropy:
		return ErrPassphraseRepeats
	}
	return nil
}

// withoutRepeats leaves each word of some length standing once.
func withoutRepeats(phrase string) string {
	seen := map[string]bool{}
	for _, w := range words(phrase) {
		if at := strings.LastIndex(phrase, w); at >= 0 && seen[w] && len(w) >= minRelated {
			phrase = phrase[:at] + phrase[at+len(w):]
		}
		seen[w] = true
	}
	return phrase
}

// containsAny ignores case, spaces and signs on both sides.
func containsAny(phrase string, related []string) bool {
	phrase = strings.Join(words(phrase), "")
	return slices.ContainsFunc(related, func(r string) bool {
		r = strings.Join(words(r), "")
		return len(r) >= minRelated && strings.Contains(phrase, r)
	})
}

// words returns the runs of letters and digits in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// periodic reports whether a text is one part over and over: then it is found
// again inside of its own double.
func periodic(text string) bool {
	double := text + text
	return strings.Contains(double[1:len(double)-1], text)
}

// entropy estimates the bits that a guesser needs who knows the related words and
// tries digits and signs for letters. zxcvbn would try those itself, in a time
// that grows exponentially with how many there are.
func entropy(phrase string, related []string) float64 {
	var known []string
	for _, r := range related {
		known = append(known, words(r)...)
	}
	phrase = inASCII(phrase)
	spelled := strings.NewReplacer("4", "a", "@", "a", "3", "e", "1", "i", "!", "i", "0", "o", "5", "s", "$", "s", "7", "t").Replace(phrase)
	estimate := func(text string) float64 {
		return zxcvbn.PasswordStrength(text, known, matching.FilterL33tMatcher).Entropy
	}
	return min(estimate(phrase), estimate(spelled))
}

// inASCII stands in one ASCII character for each other, because zxcvbn confuses
// bytes and characters. It can only make a passphrase look weaker.
func inASCII(phrase string) string {
	runes := []rune(phrase)
	runes = runes[:min(len(runes), maxEstimated)]
	for i, r := range runes {
		if r > '~' {
			runes[i] = '!' + r%('~'-'!')
		}
	}
	return string(runes)
}
