package steps

import (
	"fmt"
	"time"
)

// What the faces say of their own accord: of copies, keys, sizes and the home
// screen.
const (
	SayCanceled    = "Stopped. Nothing was changed."
	SayUnsaved     = "What you pasted is not saved yet. Press ctrl+c again to leave anyway."
	SayProduct     = "DPC onboarding"
	SayHelpTitle   = "About this step"
	SayHelpWhat    = "What it is"
	SayHelpWhy     = "Why DPC wants it"
	SayHelpWrong   = "What can go wrong"
	SayHelpKept    = "Where it is kept"
	SayCopyTitle   = "Copy and paste"
	SayHidden      = "••••••••"
	SayCleared     = "The clipboard was emptied."
	SayEmpty       = "type or paste it here"
	SayMore        = "more below"
	SayHomeTitle   = "Your onboardings"
	SayHomeNew     = "Start another onboarding"
	SayHomeNone    = "Nothing here matches."
	SayHomeFilter  = "type to filter"
	SayHomeLoading = "Reading the progress files"
	SayHomeOpen    = "open"
	SayHomeForget  = "forget"
	SayFirst       = "This is the first step, and there is no other onboarding yet."
)

// SayCopied tells how a copy went. The terminal never says whether it took the
// text, so this claims no more than is known.
func SayCopied(label string, err error) string {
	if err != nil {
		return label + ": sent to the terminal's clipboard. If pasting gives something else, write the values to files."
	}
	return label + ": sent to the clipboard."
}

// SaySecretCopied tells how a secret was copied, and what becomes of it.
func SaySecretCopied(label string) string {
	return label + ": sent to the clipboard, which is emptied in a minute."
}

// SayOpened tells how opening the browser went.
func SayOpened(url string, err error) string {
	if err != nil {
		return "The browser could not be opened. The address is " + url
	}
	return "Opened in the browser."
}

// SaySorted tells that pasted text went into another field than the one it was
// pasted into.
func SaySorted(label string) string {
	return "That belongs in “" + label + "”, so it was put there."
}

// SayTook is how long something took, in seconds.
func SayTook(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// SayLength is the length of a value that is not shown.
func SayLength(n int) string { return plural(n, "character") }

// SayTooSmall asks for a larger window.
func SayTooSmall(minWidth, minHeight, width, height int) string {
	return fmt.Sprintf("Please make this window at least %d×%d; it is %d×%d now.", minWidth, minHeight, width, height)
}

// SayStep names a step with its number.
func SayStep(number int, title string) string {
	return fmt.Sprintf("Step %d of %d: %s", number, len(IDs), title)
}

// SayDays tells how long a client token is good for.
func SayDays(days int) string {
	if days < 0 {
		return "token expired"
	}
	return "token: " + plural(days, "day") + " left"
}

// SayHomeCount says how many onboardings are listed, of how many.
func SayHomeCount(listed, all int) string {
	if listed == all {
		return fmt.Sprintf("%d", all)
	}
	return fmt.Sprintf("%d of %d", listed, all)
}

// SayHomeNPI tells an onboarding from one with the same name.
func SayHomeNPI(npi string) string { return wordsNPI + " " + npi }

// SayForget asks before an onboarding is deleted.
func SayForget(s State) string {
	return fmt.Sprintf("Delete the tokens, the private key and the progress of %s (%s)? This can't be undone. Press y to delete, any other key to keep it.", s.Organization, s.Environment)
}

// SayForgotten tells that it was done.
func SayForgotten(s State, err error) string {
	if err != nil {
		return "Not deleted: " + err.Error()
	}
	return fmt.Sprintf("Deleted %s (%s).", s.Organization, s.Environment)
}
