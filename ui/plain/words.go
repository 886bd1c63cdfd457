package plain

import (
	"fmt"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// The words of this face alone: how to answer line by line. What the onboarding
// itself says is in package steps.
const (
	wordsError      = "Error: "
	wordsToDo       = "What to do: "
	wordsLeft       = "Everything is saved."
	wordsFirst      = "This is the first step; there is nothing before it."
	wordsChoose     = "Choose"
	wordsNoSuch     = "that is not one of the choices; type the number in front of one"
	wordsHidden     = "What you type or paste into a hidden field is not shown."
	wordsFileRead   = "Read from the file."
	wordsFileHint   = "Give the path of a file that you may read behind the @."
	wordsPage       = "Page: "
	wordsOpenHow    = "Type open to open it in the browser."
	wordsOpened     = "Sent to the browser."
	wordsWhat       = "What this is: "
	wordsWhy        = "Why: "
	wordsWrong      = "What can go wrong: "
	wordsKept       = "Where it is kept: "
	wordsWhich      = "Which onboarding?"
	wordsOnboarding = "Onboarding"
	wordsAnother    = "Start another."
)

var (
	wordsAnswers = []string{
		"Type back to go to the question before, quit to leave, or help.",
		"Type @ and a path to read a value from a file.",
		"Enter alone takes what stands in brackets.",
	}
	wordsWelcome = append([]string{"DPC onboarding, line by line."}, wordsAnswers...)
	wordsNotes   = map[steps.NoteKind]string{
		steps.NoteOK: "Done: ", steps.NoteInfo: "Note: ", steps.NoteWarning: "Warning: ", steps.NoteError: wordsError,
	}
)

func wordsStep(p steps.Prompt) string {
	return fmt.Sprintf("Step %d of %d: %s.", p.Number, len(steps.IDs), p.Step.Title())
}

func wordsHint(hint string) string { return "Hint: " + ended(hint) }

// wordsReceived confirms a value. Of a client token it says how long it is and
// how it ends, so that a person can compare; of no other secret anything.
func wordsReceived(f steps.Field, v keys.Secret) []string {
	if f.Kind != steps.Hidden {
		return nil
	}
	if clean, _, err := keys.ParseToken(v); err == nil && f.Name == steps.ClientTokenName {
		text := clean.Reveal()
		return []string{fmt.Sprintf("%s received, %d characters, ends in %s.", f.Label, len(text), text[len(text)-4:])}
	}
	return []string{optional.Replace(f.Label) + " received."}
}

var optional = strings.NewReplacer(" (optional)", "")

func wordsRecognized(what string) string { return "Recognized: " + ended(what) }

func wordsChoice(c steps.Choice) string {
	if c.Hint == "" {
		return c.Label + "."
	}
	return c.Label + ": " + ended(c.Hint)
}

func wordsCopy(c steps.Copy) string {
	return fmt.Sprintf("Paste the next lines into the field %s:", c.Label)
}

func wordsCopyHow(copies []steps.Copy) string {
	if len(copies) == 1 {
		return "Type copy to put it on the clipboard."
	}
	var words []string
	for _, c := range copies {
		words = append(words, "copy "+c.Name)
	}
	return "Type " + strings.Join(words, ", or ") + " to put it on the clipboard."
}

func wordsCopied(c steps.Copy) string {
	if !c.Secret.IsZero() {
		return c.Label + " is on the clipboard. Copy something else over it when you are done."
	}
	return c.Label + " is on the clipboard."
}

func wordsInstead(a steps.Action) string {
	return fmt.Sprintf("Type %s for: %s.", a.Name, a.Label)
}

func wordsPercent(percent int64) string { return fmt.Sprintf("%d percent.", percent) }

func wordsEntry(s steps.State) string {
	return fmt.Sprintf("%s, NPI %s, %s: %d of %d steps done.", s.Organization, s.NPI, s.Environment, s.DoneSteps(), len(steps.IDs))
}
