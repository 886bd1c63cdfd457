package text_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"dpc-onboard/steps/text"
)

// TestDatesAreInThePersonsZone: an expiry shortly after midnight in UTC is still
// the day before in New York.
func TestDatesAreInThePersonsZone(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	here := time.Local
	defer func() { time.Local = here }()
	at := time.Date(2027, 1, 1, 2, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		zone       *time.Location
		day, short string
	}{{newYork, "December 31, 2026", "Dec 31"}, {time.UTC, "January 1, 2027", "Jan 1"}} {
		time.Local = c.zone
		if day, short := text.Day(at), text.ShortDay(at); day != c.day || short != c.short {
			t.Errorf("in %s it is %s, %s", c.zone, day, short)
		}
	}
}

func TestClean(t *testing.T) {
	for given, want := range map[string]string{
		"Sunrise Family Practice":          "Sunrise Family Practice",
		"two\nlines":                       "two\nlines",
		"\x1b[31mred\x1b[0m":               "[31mred[0m",
		"link \x1b]8;;https://x\x07y":      "link ]8;;https://xy",
		"turned \u202earound":              "turned around",
		"zero\u200bwidth\ufeff":            "zerowidth",
		"C1 \u009b31m":                     "C1 31m",
		"not UTF-8: \x9b31m":               "not UTF-8: \ufffd31m",
		"Ärztehaus am großen Markt, 東京 №5": "Ärztehaus am großen Markt, 東京 №5",
	} {
		if got := text.Clean(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
	if got := text.CleanLine(" one\r\n\ttwo\u2028three\u00a0 four\a "); got != "one two three four" {
		t.Errorf("one line: %q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]0;title\x07 \u202e\u009b \x9b")
	f.Fuzz(func(t *testing.T, given string) {
		got := text.CleanLine(given)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, text.Unseen) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q became %q", given, got)
		}
		if again := text.Clean(got); again != got {
			t.Errorf("%q became %q when it was cleaned again", got, again)
		}
	})
}

func TestSpans(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0 seconds"},
		{400 * time.Millisecond, "0 seconds"},
		{time.Second, "1 second"},
		{1600 * time.Millisecond, "2 seconds"},
		{61 * time.Second, "61 seconds"},
		{90 * time.Second, "90 seconds"},
		{119 * time.Second, "119 seconds"},
		{119700 * time.Millisecond, "about 2 minutes"},
		{2 * time.Minute, "2 minutes"},
		{150 * time.Second, "about 3 minutes"},
		{3 * time.Minute, "3 minutes"},
		{3*time.Minute + 20*time.Second, "about 3 minutes"},
		{235 * time.Second, "about 4 minutes"},
		{hour, "60 minutes"},
		{hour + 59*time.Minute, "119 minutes"},
		{hour + 59*time.Minute + 40*time.Second, "about 2 hours"},
		{2 * hour, "2 hours"},
		{2*hour + 59*time.Minute, "about 3 hours"},
		{47 * hour, "47 hours"},
		{47*hour + 59*time.Minute, "about 2 days"},
		{48 * hour, "2 days"},
		{49 * hour, "about 2 days"},
		{71 * hour, "about 3 days"},
		{365 * 24 * hour, "365 days"},
	} {
		if got := text.Span(c.d); got != c.want {
			t.Errorf("%v: got %q, want %q", c.d, got, c.want)
		}
	}
	for days, want := range map[int]string{0: "in less than a day", 1: "in 1 day", 30: "in 30 days"} {
		if got := text.Left(days); got != want {
			t.Errorf("%d: got %q, want %q", days, got, want)
		}
	}
}
