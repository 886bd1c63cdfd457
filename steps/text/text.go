// Package text holds the rules for words that people read in a terminal: dates in
// their own zone, numbers with nouns, and text from elsewhere, cleaned of all
// that would steer a terminal.
package text

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Day writes a date for a person, in the person's own time zone and as people in
// the United States read it: "January 2, 2006".
func Day(t time.Time) string { return t.Local().Format("January 2, 2006") }

// ShortDay is Day where there is room for "Jan 2" alone.
func ShortDay(t time.Time) string { return t.Local().Format("Jan 2") }

// Moment is Day with the time of the day: "January 2, 2006, 15:04".
func Moment(t time.Time) string { return t.Local().Format("January 2, 2006, 15:04") }

// Plural writes a number with its noun: "1 day", "3 days".
func Plural(n int, noun string) string {
	if n == 1 || n == -1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	if strings.HasSuffix(noun, "s") {
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Left says when something ends that has some whole days left: "in 3 days".
func Left(days int) string {
	if days < 1 {
		return "in less than a day"
	}
	return "in " + Plural(days, "day")
}

// Span writes a length of time in the largest unit of which there are two or more,
// rounded to the nearest: "90 seconds", "3 minutes", "about 2 days". What is not
// exact is said to be about.
func Span(d time.Duration) string {
	for _, unit := range []struct {
		size, below time.Duration
		name        string
	}{{24 * time.Hour, time.Hour, "day"}, {time.Hour, time.Minute, "hour"}, {time.Minute, time.Second, "minute"}} {
		if d.Round(unit.below) < 2*unit.size {
			continue
		}
		span := Plural(int(d.Round(unit.size)/unit.size), unit.name)
		if d%unit.size != 0 {
			return "about " + span
		}
		return span
	}
	return Plural(int(d.Round(time.Second)/time.Second), "second")
}

// Took says how long something took, in seconds with one digit behind the point.
func Took(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// Sentence returns an error's text on one line.
func Sentence(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// Ended returns a text with a period behind it, unless it ends as a sentence does.
func Ended(s string) string {
	if s == "" || strings.HasSuffix(s, "…") || strings.ContainsAny(s[len(s)-1:], ".!?:") {
		return s
	}
	return s + "."
}

// OneLine makes each run of white space one space, and drops it at both ends.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Unseen reports whether a character controls a terminal, turns the direction of
// writing, or is seen by nobody.
func Unseen(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// Clean drops what would steer a terminal from a text that comes from elsewhere
// (a file, a server, a name): each Unseen character but the line end. Bytes that
// are not UTF-8 become U+FFFD.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && Unseen(r) {
			return -1
		}
		return r
	}, s)
}

// Brief is CleanLine, cut to a number of characters: what was longer ends in "…".
func Brief(s string, length int) string {
	s = CleanLine(s)
	if runes := []rune(s); len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return s
}

// CleanLine is Clean for text that has to stay on one line: white space of any
// kind and length becomes one space.
func CleanLine(s string) string {
	return OneLine(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case Unseen(r):
			return -1
		}
		return r
	}, s))
}

// CleanFrame is Clean for a screen that is drawn already: a progress file that was
// edited by hand, or a name from elsewhere, may hold anything. Styles and line ends
// stay, and so does what has no width and holds an emoji together, or the frame
// would not fit any more.
func CleanFrame(frame string) string {
	var b strings.Builder
	b.Grow(len(frame))
	from := 0 // what is in front of it is in b
	for at, r := range frame {
		switch {
		case r >= ' ' && r <= '~', r == '\n', r == '\x1b' && isStyle(frame[at+1:]):
			continue
		case r >= 0xa0 && r != utf8.RuneError && !unicode.Is(unicode.Bidi_Control, r):
			continue
		}
		_, size := utf8.DecodeRuneInString(frame[at:])
		b.WriteString(frame[from:at])
		from = at + size
	}
	b.WriteString(frame[from:])
	return b.String()
}

// isStyle reports whether an escape before a text makes it the one kind of sequence
// that the wizard itself draws with.
func isStyle(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case i == 0 && c == '[', i > 0 && (c >= '0' && c <= '9' || c == ';' || c == ':'):
		default:
			return i > 0 && c == 'm'
		}
	}
	return false
}
