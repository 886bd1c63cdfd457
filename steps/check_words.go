package steps

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// This file turns the facts of the live check into what a person reads: what was
// looked at, what came out, which of the inputs is at fault, and what to do next.
// A cause that lies on the way to DPC says that the credentials are not to blame,
// and never leads to the advice to make new ones.

// checkTitles name what each line looks at.
var checkTitles = map[CheckID]string{
	CheckReach:        "DPC answers",
	CheckClock:        "This computer's clock",
	CheckAssertion:    "Client assertion",
	CheckAccept:       "Client token, key ID and private key",
	CheckOrganization: "Organization ID and NPI",
	CheckKey:          "Public key",
	CheckExpiry:       "Client token's expiry",
	CheckAddresses:    "IP addresses",
}

// Title returns what the line checks.
func (l CheckLine) Title() string { return checkTitles[l.ID] }

// Sentence returns what came out, in one sentence: where something is wrong, it
// says with what.
func (l CheckLine) Sentence(e Environment) string {
	switch {
	case l.Status == CheckRunning:
		return "Checking…"
	case l.Status == CheckNotTried:
		return "Not tried, because a line before it failed."
	case l.ID == CheckExpiry && !l.Expires.IsZero():
		return l.expirySentence()
	case l.Status == CheckPassed:
		return l.passedSentence()
	}
	switch l.Cause {
	case CauseClock:
		return l.clockSentence()
	case CauseNPI:
		return l.npiSentence(e)
	}
	return l.causeSentence()
}

// Reason returns the sentence in the form of an error: lower case, no period.
func (l CheckLine) Reason() string {
	sentence := strings.TrimSuffix(l.Sentence(""), ".")
	first, size := utf8.DecodeRuneInString(sentence)
	if second, _ := utf8.DecodeRuneInString(sentence[size:]); unicode.IsUpper(second) {
		return sentence // "DPC …"
	}
	return string(unicode.ToLower(first)) + sentence[size:]
}

func (l CheckLine) passedSentence() string {
	switch l.ID {
	case CheckReach:
		return "DPC answers."
	case CheckClock:
		if l.Skew == 0 {
			return "This computer's clock agrees with DPC's."
		}
		return fmt.Sprintf("This computer's clock is %s, which is close enough.", apart(l.Skew))
	case CheckAssertion:
		return "The client assertion is well formed."
	case CheckAccept:
		return "DPC accepts the client token, the key ID and the private key."
	case CheckOrganization:
		return fmt.Sprintf("DPC knows this organization%s, with organization ID %s and NPI %s.", named(" as ", l.Organization), l.OrganizationID, l.NPI)
	case CheckKey:
		return fmt.Sprintf("The public key under this ID%s is this very key.", quoted(l.KeyLabel))
	}
	return "All is well."
}

// expirySentence is for every status: the date is what matters.
func (l CheckLine) expirySentence() string {
	token := "The client token" + quoted(l.TokenLabel)
	if l.Cause == CauseTokenExpired {
		return fmt.Sprintf("%s expired on %s.", token, day(l.Expires.UTC()))
	}
	made := ""
	if !l.Created.IsZero() {
		made = fmt.Sprintf(" was made on %s and", day(l.Created.UTC()))
	}
	ends := fmt.Sprintf("%s%s expires on %s, %s", token, made, day(l.Expires.UTC()), left(l.DaysLeft))
	switch l.Cause {
	case "", CauseTokenExpiring:
		return ends + "."
	case CauseTokenUnlisted:
		return ends + "; the portal lists no token with that date."
	}
	return ends + "; the portal's list of tokens could not be read."
}

func (l CheckLine) clockSentence() string {
	switch {
	case l.Status == CheckNoted:
		return fmt.Sprintf("This computer's clock is %s, which DPC still accepts.", apart(l.Skew))
	case l.Skew == 0:
		return "DPC says that the request's time is off."
	}
	return fmt.Sprintf("This computer's clock is %s, and DPC refuses requests with a wrong time.", apart(l.Skew))
}

func (l CheckLine) npiSentence(e Environment) string {
	switch {
	case l.NPI == "":
		return "DPC shows no NPI for this organization, so it could not be compared."
	case e == Production:
		return fmt.Sprintf("The NPI that you entered is not this organization's: DPC has %s%s.", l.NPI, named(" for ", l.Organization))
	}
	return fmt.Sprintf("DPC made up the NPI %s for the sandbox, so it is not the one that you entered.", l.NPI)
}

// causes holds the sentence for each cause that needs no facts.
var causes = map[CheckCause]string{
	CauseOffline:      "This computer could not connect to DPC.",
	CauseDNS:          "DPC's server was not found by its name.",
	CauseProxy:        "The proxy between this computer and DPC let nothing through.",
	CauseTLS:          "No secure connection to DPC: the server's certificate is not one that this computer trusts.",
	CauseTLSExpired:   "No secure connection to DPC: the server's certificate is out of date, or this computer's date is wrong.",
	CauseTLSHost:      "No secure connection to DPC: another server answered in its place.",
	CauseCaptive:      "A web page came back where DPC's answer belongs.",
	CauseForbidden:    "The request was turned away before DPC looked at the credentials.",
	CauseRateLimited:  "DPC received too many requests and asks to wait.",
	CauseServer:       "DPC has a problem of its own at the moment.",
	CauseTimeout:      "DPC did not answer in time.",
	CauseTokenExpired: "The client token has expired.",
	CauseKeyOther:     "The key ID belongs to another public key, and this one is not registered.",
	CauseAddresses:    "Production answers only to IP addresses that are entered in the portal.",
}

func (l CheckLine) causeSentence() string {
	switch l.Cause {
	case CauseRedirect:
		return fmt.Sprintf("The request was sent on to another server%s, and that was not followed.", bracketed(l.Detail))
	case CauseUnexpected:
		return l.unexpectedSentence()
	case CauseAssertion:
		return fmt.Sprintf("DPC found a mistake in the client assertion%s.", said(l.Detail))
	case CauseTokenRefused:
		if l.HTTPStatus == 0 {
			return fmt.Sprintf("The client token can't be used%s.", said(l.Detail))
		}
		return "DPC does not accept the client token: it was deleted in the portal, or is not one of DPC's."
	case CauseKeyIDUnknown:
		return l.keyIDSentence()
	case CauseKeyIDOther:
		return fmt.Sprintf("The key ID is wrong: this public key%s is registered under the ID %s.", quoted(l.KeyLabel), l.KeyID)
	case CausePrivateKey:
		if l.HTTPStatus == 0 {
			return fmt.Sprintf("The key pair on this computer can't be used%s.", said(l.Detail))
		}
		return "The private key does not belong to the public key that is registered under this key ID."
	case CauseOrganization:
		return fmt.Sprintf("The client token is of another organization than the one that you entered: DPC says%s %s.", named(" ", l.Organization), l.OrganizationID)
	}
	if sentence, ok := causes[l.Cause]; ok {
		return sentence
	}
	return fmt.Sprintf("Something is wrong here%s.", said(l.Detail)) // a cause of another version's
}

func (l CheckLine) unexpectedSentence() string {
	switch {
	case l.ID == CheckClock:
		return "DPC did not say what time it is, so the clocks could not be compared."
	case l.ID == CheckExpiry:
		return "The client token does not say when it expires."
	}
	return fmt.Sprintf("An answer came back that does not look like DPC's%s.", said(l.Detail))
}

func (l CheckLine) keyIDSentence() string {
	switch {
	case l.ID == CheckKey:
		return "The key ID is not one of this organization's, and this public key is not registered."
	case l.HTTPStatus == 0:
		return fmt.Sprintf("The key ID can't be used%s.", said(l.Detail))
	}
	return "The key ID is not one of this organization's: DPC finds no public key under it."
}

// notYours ends the remedy of each cause that lies on the way to DPC.
const notYours = " Your credentials are not the cause."

// remedies holds what to do next for each cause that needs no facts.
var remedies = map[CheckCause]string{
	CauseOffline:       "Check the internet connection, then check again." + notYours,
	CauseDNS:           "Check the internet connection and, if there is one, the VPN, then check again." + notYours,
	CauseProxy:         "Ask your IT support about the proxy settings, then check again." + notYours,
	CauseTLS:           "Security software or a device on this network may be opening secure connections. Ask your IT support to leave DPC's alone, then check again." + notYours,
	CauseTLSExpired:    "Look at this computer's date first. If it is right, ask your IT support who answers in DPC's place." + notYours,
	CauseTLSHost:       "Ask your IT support, or try another network, then check again." + notYours,
	CauseCaptive:       "This network may want you to sign in first. Open any web site in a browser, sign in, then check again." + notYours,
	CauseRedirect:      "This network may want you to sign in first, or the API address is wrong. Then check again." + notYours,
	CauseForbidden:     "In production, look whether this network's public IP address is in the portal under “IP Addresses”. In sandbox, try another network." + notYours,
	CauseServer:        "Wait some minutes, then check again." + notYours,
	CauseTimeout:       "Wait some minutes, then check again." + notYours,
	CauseUnexpected:    "Check again later. If it stays, look at the API address and for a newer version of this program." + notYours,
	CauseClock:         "Let this computer set its date and time automatically, then check again." + notYours,
	CauseAssertion:     "This program makes the assertion, so what you entered is fine. Look at the API address and for a newer version of this program.",
	CauseKeyIDOther:    "Record that ID instead.",
	CauseKeyOther:      "Add this public key in the portal, and record the Key ID that it gets.",
	CauseNPI:           "Correct the NPI, or use the client token of the organization with your NPI.",
	CauseAddresses:     "In the portal, enter the public IPv4 addresses that will call DPC under “IP Addresses”: at most 8, no ranges.",
	CauseOrganization:  "Copy the client token and the organization's ID again, both from the same organization in the portal.",
	CauseTokenExpired:  "Create a new client token in the portal.",
	CauseTokenExpiring: "Create a new client token before that day, so that nothing stops working.",
}

// Remedy returns what to do next, or "" where there is nothing to do.
func (l CheckLine) Remedy() string {
	if l.Status != CheckFailed && l.Status != CheckNoted {
		return ""
	}
	switch l.Cause {
	case CauseRateLimited:
		return l.waitRemedy()
	case CauseTokenRefused:
		return l.tokenRemedy()
	case CauseKeyIDUnknown:
		if l.Mend == MendKey {
			return remedies[CauseKeyOther]
		}
		return "Copy the Key ID again from the portal's main page, beside your public key. If it is the same, the key and the client token are of different organizations: look at both in one."
	case CausePrivateKey:
		return l.privateKeyRemedy()
	}
	if l.Status == CheckNoted && (l.Cause == CauseNPI || l.Cause == CauseUnexpected || l.ID == CheckExpiry && l.Cause != CauseTokenExpiring) {
		return ""
	}
	return remedies[l.Cause]
}

func (l CheckLine) waitRemedy() string {
	wait := "Wait some minutes"
	if seconds, err := strconv.Atoi(l.Detail); err == nil && seconds > 0 {
		wait = "Wait " + span(time.Duration(seconds)*time.Second)
	}
	return wait + ", then check again." + notYours
}

func (l CheckLine) tokenRemedy() string {
	if l.HTTPStatus == 0 {
		return "Paste the client token again, or create a new one in the portal."
	}
	return "Look in the portal whether the token is still listed. If it is not, create a new one."
}

func (l CheckLine) privateKeyRemedy() string {
	if l.HTTPStatus == 0 {
		return "Make or import the key pair again, and add its public key in the portal."
	}
	return "Compare the key ID with the one beside your key in the portal: it may be another key's. If it is the same, add this computer's public key again."
}

// Summary returns the outcome in one sentence.
func (r CheckReport) Summary() string {
	line, failed := r.Failure()
	switch {
	case failed && line.Cause.Personal():
		return fmt.Sprintf("Something has to be put right: %s.", line.Reason())
	case failed:
		return fmt.Sprintf("The check could not be finished, which says nothing about your credentials: %s.", line.Reason())
	case !r.Passed:
		return "Not checked yet."
	}
	switch notes := r.notes(); notes {
	case 0:
		return "DPC accepts your credentials."
	case 1:
		return "DPC accepts your credentials; there is one thing to know."
	default:
		return fmt.Sprintf("DPC accepts your credentials; there are %d things to know.", notes)
	}
}

func (r CheckReport) notes() int {
	n := 0
	for _, line := range r.Lines {
		if line.Status == CheckNoted {
			n++
		}
	}
	return n
}

var mendLabels = map[Mend]string{
	MendAgain:        "Check again",
	MendClock:        "Check again, once the clock is set",
	MendRecordKeyID:  "Record this key ID instead",
	MendToken:        "Go back to the client token",
	MendOrganization: "Enter both tokens again",
	MendKeyID:        "Enter the key ID again",
	MendKey:          "Add the public key again",
	MendNPI:          "Correct the NPI",
}

// Label returns the words on the button for a mend.
func (m Mend) Label() string { return mendLabels[m] }

func left(days int) string {
	switch {
	case days < 1:
		return "in less than a day"
	}
	return "in " + plural(days, "day")
}

// apart says how far and which way a clock is off: "3 minutes fast".
func apart(skew time.Duration) string {
	if skew < 0 {
		return span(-skew) + " slow"
	}
	return span(skew) + " fast"
}

// span rounds down to the unit that fits: "90 seconds", "3 minutes", "2 days".
func span(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= 2*unit.size {
			return plural(int(d/unit.size), unit.name)
		}
	}
	return plural(int(d/time.Second), "second")
}

func named(before, name string) string {
	if name == "" {
		return ""
	}
	return before + name
}

func quoted(label string) string {
	if label == "" {
		return ""
	}
	return " “" + label + "”"
}

func bracketed(detail string) string {
	if detail == "" {
		return ""
	}
	return " (" + detail + ")"
}

// said puts someone's own words behind a colon, without a period at their end.
func said(detail string) string { return named(": ", strings.TrimRight(detail, ". ")) }
