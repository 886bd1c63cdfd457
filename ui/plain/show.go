package plain

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"dpc-onboard/steps"
)

// speaker writes lines.
type speaker struct{ w io.Writer }

func newSpeaker(w io.Writer) *speaker { return &speaker{w} }

// say writes each text as sentences, one on a line.
func (s *speaker) say(texts ...string) {
	for _, text := range texts {
		for _, sentence := range sentences(unstarred(text)) {
			fmt.Fprintln(s.w, printable(sentence))
		}
	}
}

// whole writes a value that is copied from here: on its own lines, unbroken.
func (s *speaker) whole(value string) {
	fmt.Fprintln(s.w, printable(strings.TrimRight(value, "\n")))
}

// prompt writes what stands before the answer.
func (s *speaker) prompt(text string) { fmt.Fprint(s.w, printable(text)) }

// fault says what is wrong, and what to do.
func (s *speaker) fault(err error) {
	s.say(wordsError + ended(err.Error()))
	if hint := steps.Hint(err); hint != "" {
		s.say(wordsToDo + ended(hint))
	}
}

// tell says that something was done, or why not.
func (s *speaker) tell(err error, done string) {
	if err != nil {
		s.fault(err)
		return
	}
	s.say(done)
}

var stars = regexp.MustCompile(`\*([^*\n]+)\*`)

// unstarred drops the stars around the portal's names.
func unstarred(text string) string { return stars.ReplaceAllString(text, "$1") }

// printable keeps a name from a file, or a server's words, from steering the
// terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}

// sentences takes a text apart after each sentence. A number in front of an item
// of a list ends none.
func sentences(text string) []string {
	var all []string
	start, runes := 0, []rune(text)
	for i := 1; i+2 < len(runes); i++ {
		if runes[i+1] != ' ' || !endsSentence(runes[start:i+1]) || !beginsSentence(runes[i+2]) {
			continue
		}
		all = append(all, string(runes[start:i+1]))
		start = i + 2
	}
	return append(all, string(runes[start:]))
}

func endsSentence(text []rune) bool {
	trimmed := strings.TrimRight(string(text), "”\")")
	if trimmed == "" || !strings.ContainsAny(trimmed[len(trimmed)-1:], ".!?") {
		return false
	}
	return strings.Trim(trimmed, "0123456789.") != ""
}

func beginsSentence(r rune) bool {
	return unicode.IsUpper(r) || unicode.IsDigit(r) || r == '“' || r == '"'
}

// ended puts a period behind a sentence that has none.
func ended(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// show says where one stands, what to do, and what there is to read. The guide
// is not said again for a prompt that comes again.
func (f *face) show(p steps.Prompt, e steps.Environment) {
	again := f.screen == p.Screen
	f.screen = p.Screen
	f.out.say("", wordsStep(p), ended(p.Title))
	if !again {
		f.out.say(p.Guide...)
	}
	for _, n := range p.Notes {
		f.note(n)
	}
	for _, r := range p.Rows {
		f.row(r)
	}
	if !f.told {
		for _, l := range p.Lines {
			f.result(e, l)
		}
	}
	f.told = false
	f.copies(p)
	f.ways(p)
}

func (f *face) note(n steps.Note) {
	f.out.say(wordsNotes[n.Kind] + ended(n.Text))
	switch {
	case n.Hint == "":
	case n.Kind == steps.NoteError, n.Kind == steps.NoteWarning:
		f.out.say(wordsToDo + ended(n.Hint))
	default:
		f.out.say(ended(n.Hint))
	}
}

// row says a fact. A secret that has to be shown is shown once.
func (f *face) row(r steps.Row) {
	if r.Secret.IsZero() {
		f.out.say(r.Name + ": " + r.Value)
		return
	}
	for _, s := range f.shown {
		if s.Equal(r.Secret) {
			return
		}
	}
	f.shown = append(f.shown, r.Secret)
	f.out.say(r.Name + ":")
	f.out.whole(r.Secret.Reveal())
}

// copies writes what belongs into the portal's fields, each on its own lines so
// that it can be selected whole.
func (f *face) copies(p steps.Prompt) {
	for _, c := range p.Copies {
		if c.Secret.IsZero() {
			f.out.say(wordsCopy(c))
			f.out.whole(c.Value)
		}
	}
	if len(p.Copies) > 0 && f.in.terminal() && f.options.Copy != nil {
		f.out.say(wordsCopyHow(p.Copies))
	}
}

// ways says where the page is, and what can be answered instead of a value.
func (f *face) ways(p steps.Prompt) {
	if p.URL != "" && p.URL != f.url {
		f.url = p.URL
		f.out.say(wordsPage + p.URL)
		if f.in.terminal() && f.options.OpenURL != nil && len(p.Fields) == 0 {
			f.out.say(wordsOpenHow)
		}
	}
	if len(p.Fields) == 0 {
		return
	}
	for _, a := range p.Actions {
		if a.Bare {
			f.out.say(wordsInstead(a))
		}
	}
	if f.in.terminal() && slices.ContainsFunc(p.Fields, func(f steps.Field) bool { return f.Kind == steps.Hidden }) {
		f.out.say(wordsHidden)
	}
}

func (f *face) help(p steps.Prompt) {
	for _, part := range []struct{ name, text string }{
		{wordsWhat, p.Help.What}, {wordsWhy, p.Help.Why}, {wordsWrong, p.Help.Wrong}, {wordsKept, p.Help.Kept},
	} {
		if part.text != "" {
			f.out.say(part.name + part.text)
		}
	}
	f.out.say(wordsAnswers...)
}

// result says what one line of the live check came to.
func (f *face) result(e steps.Environment, l steps.CheckLine) {
	took := ""
	if l.Took > 0 {
		took = ", " + steps.SayTook(l.Took)
	}
	f.out.say(fmt.Sprintf("Step %d: %s: %s%s.", slices.Index(steps.IDs, steps.Check)+1, l.Title(), l.Status, took))
	if sentence := l.Sentence(e); sentence != ended(l.Title()) && l.Status != steps.CheckNotTried {
		f.out.say(sentence)
	}
	if remedy := l.Remedy(); remedy != "" {
		f.out.say(wordsToDo + remedy)
	}
}

// event tells what an effect reports.
func (f *face) event(e steps.Environment, event steps.Event, sparse *quarters) {
	switch {
	case event.Line != nil && event.Line.Status != steps.CheckRunning:
		f.told = true
		f.result(e, *event.Line)
	case event.Line == nil:
		if percent, ok := sparse.passed(event.Done, event.Total); ok {
			f.out.say(wordsPercent(percent))
		}
	}
}

// quarters lets one report through for each quarter.
type quarters struct{ last int64 }

func (q *quarters) passed(done, total int64) (percent int64, ok bool) {
	if total <= 0 {
		return 0, false
	}
	quarter := done * 4 / total
	if quarter <= q.last {
		return 0, false
	}
	q.last = quarter
	return quarter * 25, true
}
