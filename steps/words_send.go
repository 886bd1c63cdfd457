package steps

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// The words of the step send, and of the end.

// Send.
const (
	wordsSealTitle               = "Seal the package"
	wordsFormat                  = "How will they open it?"
	wordsProtect                 = "Who can open it?"
	wordsFolder                  = "Folder"
	wordsFolderHint              = "where the sealed file is written"
	wordsFolderEmpty             = "the folder is missing"
	wordsFolderEmptyHint         = "Give the folder in which the sealed file is to be written."
	wordsSeal                    = "Seal the package"
	wordsPageNeedsPassphrase     = "a web page can't be sealed to a public key"
	wordsPageNeedsPassphraseHint = "Take a passphrase, or one of the other two ways to open it."
	wordsOwnPassphraseTitle      = "Type a passphrase for the package"
	wordsRecipientTitle          = "Whose public key?"
	wordsRecipient               = "Public key"
	wordsRecipientLook           = "Look at this key"
	wordsRecipientOther          = "Look at another key"
	wordsRecipientWhose          = "This key belongs to"
	wordsSealTo                  = "Seal to this key"
)

var (
	wordsSealGuide = []string{"The six items go into one sealed file: NPI, client token, organization token, public key ID, public key and private key. It is never written in clear."}
	wordsFormats   = []Choice{
		{Value: "age", Label: "With age or dpc-onboard", Hint: "free tools; the best choice where you have no other word"},
		{Value: "html", Label: "With a web browser alone", Hint: "nothing to install; send it by SFTP or the help desk, never by email"},
		{Value: "pgp", Label: "With GnuPG or another OpenPGP program", Hint: "where they asked for PGP"},
	}
	wordsProtects = []Choice{
		{Value: "made", Label: "Whoever has a passphrase made here", Hint: "shown once; say it over the phone"},
		{Value: "own", Label: "Whoever has a passphrase of mine", Hint: "typed twice"},
		{Value: "key", Label: "Only the holder of a public key", Hint: "where they gave you one"},
	}
	wordsOwnPassphraseGuide = []string{"Tell it to the receiver over the phone, never in the message that carries the file."}
	wordsRecipientGuides    = map[string][]string{
		"age": {"Paste the public key that the receiver gave you, or give the path of a file that holds it."},
		"pgp": {"Give the path of the public key file that the receiver gave you."},
	}
	wordsRecipientHints = map[string]string{
		"age": "begins with age1, ssh-ed25519 or ssh-rsa",
		"pgp": "often ends in .asc or .gpg",
	}
)

func wordsSealed(s SealedFact) string {
	return fmt.Sprintf("Sealed: %s (%s).", filepath.Base(s.File), wordsBytes(s.Size))
}

func wordsBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f KB", float64(n)/1024)
}

const (
	wordsDeliverTitle       = "Hand it over"
	wordsFile               = "File"
	wordsSize               = "Size"
	wordsOpensWith          = "Opens with"
	wordsPassphrase         = "Passphrase, shown once"
	wordsBySFTP             = "Send it by SFTP"
	wordsByRequest          = "Submit a Request"
	wordsByOther            = "I hand it over myself"
	wordsByOtherWhere       = "by hand"
	wordsSealAgain          = "Seal it again"
	wordsItems              = "Copy the items one by one"
	wordsItemsTitle         = "Copy the six items"
	wordsItemsDone          = "Done"
	wordsPassphraseGone     = "The passphrase is kept nowhere. It was shown or typed when the package was sealed."
	wordsPassphraseGoneHint = "If you no longer have it, seal the package again."
	wordsSentOtherHint      = "That was another file than this one. Send this one, too, if it is to take its place."
	wordsSentBeforeHint     = "Send it again only if the receiver asked for it."
	wordsSFTPTitle          = "Send it by SFTP"
	wordsSFTPURL            = "Address"
	wordsSFTPURLHint        = "sftp://user@host/folder/"
	wordsSFTPPassword       = "Password (optional)"
	wordsSFTPPasswordHint   = "or the passphrase of the key file"
	wordsSFTPKey            = "SSH key file (optional)"
	wordsSFTPKeyHint        = "empty: the SSH agent and your usual keys"
	wordsUpload             = "Upload"

	wordsSFTPEmpty           = "the address is missing"
	wordsSFTPForm            = "this is not an SFTP address"
	wordsSFTPHasPassword     = "there is a password in this address, where it can be seen"
	wordsSFTPHasPasswordHint = "Take it out of the address and type it into the password field."
	wordsSFTPHint            = "Type it as sftp://user@host/folder/, as the vendor gave it to you."
	wordsHostTitle           = "This server is new here"
	wordsHost                = "Server"
	wordsHostKey             = "Key type"
	wordsHostStop            = "Stop"
	wordsHostTrust           = "It is the same: trust it"
	wordsRequestTitle        = "Submit a Request"
	wordsSubject             = "Subject"
	wordsMessage             = "Message"
	wordsSubmitted           = "I have submitted it"
)

var (
	wordsSFTPGuide    = []string{"The vendor gives you the address and how to sign in. The file gets its name only once it has arrived whole."}
	wordsHostGuide    = []string{"Ask the vendor for the server's fingerprint and compare it with this one. If it differs, stop: somebody may stand between you and the server."}
	wordsRequestGuide = []string{"Open the vendor's help desk, attach the sealed file, and paste subject and message. Never write the passphrase there."}
)

func wordsDeliverGuide(s State) []string {
	guide := "The sealed file is ready. Send it to the vendor."
	if s.Sealed != nil && s.Sealed.Recipient == "passphrase" {
		guide = "The sealed file is ready. Send it to the vendor, and say the passphrase over the phone, never in the same message."
	}
	if s.Sealed == nil || s.Sealed.Format != "html" {
		return []string{guide}
	}
	return []string{guide, "Whoever can alter this web page on its way could make it tell them the passphrase. So send it by SFTP or through the vendor's own help desk, not by email."}
}

func wordsOpensBy(s SealedFact) string {
	if s.Recipient == "passphrase" {
		return "a passphrase"
	}
	return "the private key of " + s.Recipient
}

func wordsOtherRecipient(now, before string) string {
	return "the file holds the public key of " + now + " now, and not of " + before + " as before, so nothing was kept"
}

const wordsOtherRecipientHint = "Compare the receiver's key with them once more, then seal again."

var wordsHow = map[string]string{"sftp": "by SFTP to", "request": "by a request at", "other": ""}

func wordsDelivery(d DeliveryFact) string {
	return strings.TrimSpace(wordsHow[d.How] + " " + d.Where)
}

func wordsSentBefore(n int, last DeliveryFact) string {
	return fmt.Sprintf("A package was handed over already: %s on %s (%s so far).", wordsDelivery(last), day(last.At), plural(n, "hand-over"))
}

func wordsSFTPRecognized(u *url.URL) string { return "server " + u.Hostname() }

func wordsDelivered(d DeliveryFact) string {
	return fmt.Sprintf("Handed over %s on %s.", wordsDelivery(d), day(d.At))
}

func wordsRequestSubject(s State) string {
	return fmt.Sprintf("DPC credentials for NPI %s (%s)", s.NPI, s.Environment)
}

func wordsRequestMessage(s State) string {
	text := fmt.Sprintf("Please find attached the DPC credentials of %s, NPI %s, for %s.\n", s.Organization, s.NPI, s.Environment)
	if p := s.Sealed; p != nil {
		text += fmt.Sprintf("File: %s\nSHA-256: %s\n", filepath.Base(p.File), p.SHA256)
		if p.Recipient == "passphrase" {
			text += "Please call us for the passphrase.\n"
		}
	}
	return text
}

// The end.
const (
	wordsClose           = "Close"
	wordsCloseWarning    = "The passphrase of the package is shown here for the last time. Have you written it down?"
	wordsRemove          = "Delete the local package"
	wordsStartProduction = "Start production"
	wordsCalendar        = "Calendar file for the expiry"
	wordsCalendarHint    = "Open it with your calendar to be reminded."
	wordsSaveSummary     = "Save this summary"
	wordsUndoDelivery    = "It was not handed over yet"
	wordsSendAgain       = "Hand it over again"
	wordsReplaceToken    = "Replace the client token"
	wordsReplaceKey      = "Replace the key pair"
	wordsKeepOld         = "Keep the old one after all"
	wordsRotatingHint    = "It still works at DPC, too."
	wordsReplacingHint   = "Check again to see that the new one works."
	wordsOldGoneHint     = "Go on with the new one."
	wordsReplacedHint    = "Delete the old one in the portal once the vendor works with the new one: until then it is in use."
)

func wordsFinishTitle(s State) string { return s.Organization + " is onboarded" }

func wordsFinishGuide(s State) []string {
	if s.Environment == Sandbox {
		return []string{"Everything of the guide is done for sandbox. When the vendor's tests have passed, start production: organization and NPI are filled in for you."}
	}
	return []string{"Everything of the guide is done for production."}
}

func wordsRemoveWarning(file string) string {
	return "This deletes " + file + ". The tokens and the key stay in safe storage, so you can seal a new package at any time."
}

func wordsRemoved(file string) string { return "Deleted " + file + "." }

func wordsRemovedHint(kind StorageKind) string {
	return fmt.Sprintf("The tokens and the private key stay in the %s until you run dpc-onboard forget.", kind)
}

func wordsSummaryWritten(path string) string { return "Written: " + path + "." }

func wordsCalendarWritten(path string) string { return "Written: " + path + "." }

var rotationNames = map[string]string{"token": "client token", "key": "key pair"}

func wordsReplacing(what string) string {
	return fmt.Sprintf("The old %s is kept until the new one is checked.", rotationNames[what])
}

func wordsRotating(what string) string {
	return fmt.Sprintf("This replaces the %s. The old one is kept until the new one is checked.", rotationNames[what])
}

func wordsReplaceAgainWarning(what string) string {
	return fmt.Sprintf("The new %s was not checked yet, so the one before it is still kept. It is deleted from this computer if you replace something again.", rotationNames[what])
}

func wordsKeepOldWarning(what string) string {
	return fmt.Sprintf("This deletes the new %s from this computer. The old one takes its place again.", rotationNames[what])
}

func wordsOldKept(what string) string {
	return fmt.Sprintf("The old %s is back in its place.", rotationNames[what])
}

func wordsOldGone(name string) string { return "the old " + secretTitles[name] + " is no longer there" }

func wordsReplaced(what string) string {
	return fmt.Sprintf("The new %s is checked, so the old one was deleted from this computer.", rotationNames[what])
}

// summaryRows say what was made, what was sent and what ends when.
func summaryRows(f Facts) []Row {
	s := f.State
	rows := []Row{
		{Name: wordsNPI, Value: s.NPI + ", " + string(s.Environment)},
	}
	if t := s.ClientToken; t != nil {
		rows = append(rows, Row{Name: wordsClientToken, Value: fmt.Sprintf("“%s”, %s", s.TokenLabel, wordsExpires(t.Expires, f.Session.Now))})
	}
	if s.Key != nil && s.KeyID != nil {
		rows = append(rows, Row{Name: wordsKeyID, Value: s.KeyID.ID}, Row{Name: wordsFingerprint, Value: s.Key.Fingerprint})
	}
	if c := s.currentCheck(); c != nil {
		rows = append(rows, Row{Name: "Live check", Value: c.Summary()})
	}
	for _, d := range s.Sent {
		rows = append(rows, Row{Name: "Handed over", Value: fmt.Sprintf("%s, %s", day(d.At), wordsDelivery(d))})
	}
	if !f.Session.Passphrase.IsZero() {
		rows = append(rows, Row{Name: wordsPassphrase, Secret: f.Session.Passphrase})
	}
	rows = append(rows, Row{Name: "Kept here", Value: wordsKept(s)})
	if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
		rows = append(rows, Row{Name: "Before " + day(t.Expires), Value: "create a new client token: start dpc-onboard and choose “" + wordsReplaceToken + "”"})
	}
	return rows
}

// wordsKept says what of an onboarding lies where on this computer.
func wordsKept(s State) string {
	var kept []string
	if s.Storage != nil {
		kept = append(kept, "tokens and private key in the "+string(s.Storage.Kind))
	}
	if s.Sealed != nil && !s.packageRemoved() {
		kept = append(kept, "the sealed package "+s.Sealed.File)
	}
	return strings.Join(kept, "; ")
}

const wordsNo = "No, go back"

func wordsYes(label string) string { return "Yes: " + strings.ToLower(label[:1]) + label[1:] }

func wordsCalendarSummary(s State) string {
	return fmt.Sprintf("DPC client token of %s (%s) expires", s.Organization, s.Environment)
}

func wordsCalendarText(s State) string {
	return fmt.Sprintf("The client token “%s” for NPI %s ends on this day. Before it does, start dpc-onboard and choose “%s”.", s.TokenLabel, s.NPI, wordsReplaceToken)
}

var wordsItemsGuide = []string{
	"For a form of the vendor's that asks for each item. Use it only on a page that begins with https, never for a mail.",
	"Secrets are copied without being shown, and the clipboard is emptied after a minute.",
}
