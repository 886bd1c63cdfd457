package plain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// answers are the words that are answers everywhere.
var answers = []string{
	"Type back to go to the question before, quit to leave, or help.",
	"Type @ and a path to read a value from a file.",
	"Enter alone takes what stands in brackets.",
}

// show says where one stands, what to do, and what there is to read. The guide
// is not said again for a prompt that comes again.
func (d *dialog) show(p steps.Prompt) {
	d.say("", fmt.Sprintf("Step %d of %d: %s.", p.Number, len(steps.IDs), p.Step.Title()), text.Ended(p.Title))
	if d.screen != p.Screen {
		d.say(p.Guide...)
	}
	d.screen = p.Screen
	for _, n := range p.Notes {
		d.note(n)
	}
	for _, r := range p.Rows {
		d.row(r)
	}
	if !d.checked {
		for _, l := range p.Lines {
			d.result(l)
		}
	}
	d.checked = false
	d.copies(p)
	if p.URL != "" && p.URL != d.url {
		d.url = p.URL
		d.say("Page: " + p.URL)
		if d.in.tty && d.OpenURL != nil && len(p.Fields) == 0 {
			d.say("Type open to open it in the browser.")
		}
	}
	for _, a := range p.Actions {
		if a.Bare && len(p.Fields) > 0 {
			d.say(fmt.Sprintf("Type %s for: %s.", a.Name, a.Label))
		}
	}
	for _, f := range p.Fields {
		if _, hidden := newField(f, keys.Secret{}).(hiddenField); hidden && d.in.tty {
			d.say("What you type or paste into a hidden field is not shown.")
			break
		}
	}
}

func (d *dialog) note(n steps.Note) {
	words := map[steps.NoteKind]string{
		steps.NoteOK: "Done: ", steps.NoteInfo: "Note: ", steps.NoteWarning: "Warning: ", steps.NoteError: "Error: ",
	}
	d.say(words[n.Kind] + text.Ended(n.Text))
	if n.Hint != "" && (n.Kind == steps.NoteError || n.Kind == steps.NoteWarning) {
		d.say("What to do: " + text.Ended(n.Hint))
	} else if n.Hint != "" {
		d.say(text.Ended(n.Hint))
	}
}

// row says a fact. A secret that has to be shown is shown once.
func (d *dialog) row(r steps.Row) {
	switch {
	case r.Secret.IsZero():
		d.say(r.Name + ": " + r.Value)
	case !slices.ContainsFunc(d.shown, r.Secret.Equal):
		d.shown = append(d.shown, r.Secret)
		d.say(r.Name + ":")
		fmt.Fprintln(d.Out, text.Clean(r.Secret.Reveal()))
	}
}

// copies writes what belongs into the portal's fields, each on its own lines and
// unbroken, so that it can be selected whole.
func (d *dialog) copies(p steps.Prompt) {
	var words []string
	for _, c := range p.Copies {
		if c.Secret.IsZero() {
			d.say(fmt.Sprintf("Paste the next lines into the field %s:", c.Label))
			fmt.Fprintln(d.Out, text.Clean(strings.TrimRight(c.Value, "\n")))
		}
		words = append(words, "copy "+c.Name)
	}
	if len(words) == 1 {
		words[0] = "copy"
	}
	if len(words) > 0 && d.in.tty && d.Copy != nil {
		d.say("Type " + strings.Join(words, ", or ") + " to put it on the clipboard.")
	}
}

func (d *dialog) help(p steps.Prompt) {
	for _, part := range []struct{ name, text string }{
		{"What this is: ", p.Help.What},
		{"Why: ", p.Help.Why},
		{"What can go wrong: ", p.Help.Wrong},
		{"Where it is kept: ", p.Help.Kept},
	} {
		if part.text != "" {
			d.say(part.name + part.text)
		}
	}
	d.say(answers...)
}

// result says what one line of the live check came to.
func (d *dialog) result(l check.Line) {
	took := ""
	if l.Took > 0 {
		took = ", " + text.Took(l.Took)
	}
	d.say(fmt.Sprintf("Step %d: %s: %s%s.", slices.Index(steps.IDs, steps.Check)+1, l.Title(), l.Status, took))
	if sentence := l.Sentence(); sentence != text.Ended(l.Title()) && l.Status != check.NotTried {
		d.say(sentence)
	}
	if remedy := l.Remedy(); remedy != "" {
		d.say("What to do: " + remedy)
	}
}

// sayError says what is wrong, and what to do.
func (d *dialog) sayError(err error) {
	d.note(steps.Note{Kind: steps.NoteError, Text: err.Error(), Hint: record.Hint(err)})
}

// sayDone says that something was done, or why not.
func (d *dialog) sayDone(err error, done string) {
	if err != nil {
		d.sayError(err)
		return
	}
	d.say(done)
}

// stars stand around the portal's names.
var stars = regexp.MustCompile(`\*([^*\n]+)\*`)

// say writes each text as sentences, one on a line.
func (d *dialog) say(texts ...string) {
	for _, t := range texts {
		for _, sentence := range sentences(stars.ReplaceAllString(t, "$1")) {
			fmt.Fprintln(d.Out, text.Clean(sentence))
		}
	}
}

// sentenceEnd finds where a sentence ends and another begins.
var sentenceEnd = regexp.MustCompile(`[.!?][”")]* [\p{Lu}\p{Nd}“"]`)

// sentences takes a text apart after each sentence. A number in front of an item
// of a list ends none.
func sentences(t string) []string {
	var all []string
	start := 0
	for _, found := range sentenceEnd.FindAllStringIndex(t, -1) {
		space := found[0] + strings.IndexByte(t[found[0]:], ' ')
		if strings.Trim(t[start:space], "0123456789.") != "" {
			all = append(all, t[start:space])
			start = space + 1
		}
	}
	return append(all, t[start:])
}

// Quarters returns a report of how much is done that says each quarter once, in
// percent.
func Quarters(say func(percent int64)) func(done, total int64) {
	last := int64(0)
	return func(done, total int64) {
		if total > 0 && done*4/total > last {
			last = done * 4 / total
			say(last * 25)
		}
	}
}
