package keys_test

import (
	"crypto/rand"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/sethvargo/go-diceware/diceware"

	"dpc-onboard/keys"
)

func TestNewPassphrase(t *testing.T) {
	list := map[string]bool{}
	for i := range 6 * 6 * 6 * 6 * 6 {
		roll := 0
		for n, place := i, 1; place <= 10000; n, place = n/6, place*10 {
			roll += (n%6 + 1) * place
		}
		list[diceware.WordListEffLarge().WordAt(roll)] = true
	}
	if len(list) != 7776 {
		t.Fatalf("the list has %d words", len(list))
	}
	seed := mathrand.NewChaCha8([32]byte{})
	for range 2000 {
		phrase, err := keys.NewPassphrase(seed)
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Split(phrase.Reveal(), "-")
		if len(words) != 8 {
			t.Fatalf("%d words", len(words))
		}
		for _, w := range words {
			if !list[w] {
				t.Fatal("a word that is not on the list")
			}
		}
	}
}

func TestNewPassphraseUsesTheReader(t *testing.T) {
	draw := func(seed byte) keys.Secret {
		return must[keys.Secret](t)(keys.NewPassphrase(mathrand.NewChaCha8([32]byte{seed})))
	}
	if !draw(1).Equal(draw(1)) || draw(1).Equal(draw(2)) {
		t.Error("the words don't follow the reader")
	}
	if _, err := keys.NewPassphrase(strings.NewReader("dice")); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a reader that ends: %v", err)
	}
}

func TestNewPassphrasePassesItsOwnCheck(t *testing.T) {
	for range 20 {
		phrase := must[keys.Secret](t)(keys.NewPassphrase(rand.Reader))
		if err := keys.CheckPassphrase(phrase, "Sunrise Family Practice", "1234567893"); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckPassphrase(t *testing.T) {
	cases := []struct {
		name, phrase string
		want         error
	}{
		{"five words", "velvet-tractor-gloomy-harpist-eskimo", nil},
		{"with spaces", "velvet tractor gloomy harpist eskimo", nil},
		{"random letters", "q7Xv2LmZt9KpWd4R", nil},
		{"other alphabets", "größer-ñandú-Ærø-żółw-čaj-übermut", nil},
		{"one word of the name among others", "velvet-sunrise-tractor-gloomy-harpist-eskimo", nil},
		{"long", strings.Repeat("x", 55) + " velvet tractor gloomy harpist eskimo", nil},
		{"empty", "", keys.ErrPassphraseEmpty},
		{"short", "velvet-trac", keys.ErrPassphraseShort},
		{"short in characters, not in bytes", "żółwżółw", keys.ErrPassphraseShort},
		{"too long", strings.Repeat("velvet ", 36) + "tract", keys.ErrPassphraseLong},
		{"a line break", "velvet-tractor\ngloomy-harpist-eskimo", keys.ErrPassphraseControl},
		{"a tab", "velvet-tractor\tgloomy-harpist-eskimo", keys.ErrPassphraseControl},
		{"a space at the end", "velvet-tractor-gloomy-harpist-eskimo ", keys.ErrPassphraseEdge},
		{"the name", "our-sunrise-FamilyPractice-velvet-tractor", keys.ErrPassphraseRelated},
		{"the NPI", "velvet-tractor-gloomy-1234567893", keys.ErrPassphraseRelated},
		{"the NPI in groups", "velvet-tractor-gloomy-1234-567-893", keys.ErrPassphraseRelated},
		{"one letter", "aaaaaaaaaaaaaaaaaaaaaaaa", keys.ErrPassphraseRepeats},
		{"a pattern", "xK9!xK9!xK9!xK9!xK9!", keys.ErrPassphraseRepeats},
		{"a word again and again", "tractor tractor tractor tractor tractor tractor tractor", keys.ErrPassphraseRepeats},
		{"two words in turn", "velvet harpist-velvet harpist velvet harpist velvet harpist", keys.ErrPassphraseRepeats},
		{"a row of keys", "qwertyuiopasdfghjkl", keys.ErrPassphraseWeak},
		{"the alphabet", "abcdefghijklmnopqrstuvwxyz", keys.ErrPassphraseWeak},
		{"a famous one", "Password1234!", keys.ErrPassphraseWeak},
		{"a famous one, with digits for letters", "P4$$w0rd Welc0me1", keys.ErrPassphraseWeak},
		{"letters and signs in turn", "k#9$V!k@Z%x^L&m*", nil},
		{"a date", "November 23 2026", keys.ErrPassphraseWeak},
		{"words of the name", "practice-family-sunrise", keys.ErrPassphraseWeak},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := keys.CheckPassphrase(keys.NewSecret(c.phrase), "Sunrise Family Practice", "1234567893", "LLC", "")
			if err != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
