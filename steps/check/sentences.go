package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dpc-onboard/steps/portal"
	"dpc-onboard/steps/text"
)

// The tables below hold what a person reads. A word in braces stands for a fact of
// the line; fill puts it in.

// lines holds what each line looks at, and what is said where all is well.
var lines = map[ID]struct{ title, passed string }{
	Reach:        {"DPC answers", "DPC answers."},
	Clock:        {"This computer's clock", "This computer's clock is {skew}, which is close enough."},
	Assertion:    {"Client assertion", "The client assertion is well formed."},
	Accept:       {"Client token, key ID and private key", "DPC accepts the client token, the key ID and the private key."},
	Organization: {"Organization ID and NPI", "DPC knows this organization{as name}, with organization ID {organization} and NPI {npi}."},
	Key:          {"Public key", "The public key under this ID{key label} is this very key."},
	Expiry:       {"Client token's expiry", "All is well."},
	Addresses:    {portal.Production.Addresses, "All is well."},
}

// words are what is said of a cause: what is wrong, and what to do next.
type words struct{ sentence, remedy string }

// causes holds the words for each cause. notYours is added to the remedy of those
// that lie on the way to DPC.
var causes = map[Cause]words{
	// between this computer and DPC
	CauseOffline: {"This computer could not connect to DPC.", "Check the internet connection, then check again."},
	CauseDNS:     {"DPC's server was not found by its name.", "Check the internet connection and, if there is one, the VPN, then check again."},
	CauseProxy:   {"The proxy between this computer and DPC let nothing through.", "Ask your IT support about the proxy settings, then check again."},
	CauseTLS: {
		"No secure connection to DPC: the server's certificate is not one that this computer trusts.",
		"Security software or a device on this network may be opening secure connections. Ask your IT support to leave DPC's alone, then check again.",
	},
	CauseTLSMissing: {
		"No secure connection to DPC: what answers at this address speaks no TLS.",
		"Look at the API address, above all at its port: it may be one for http://. If it is right, ask your IT support who answers in DPC's place.",
	},
	CauseTLSOnly: {
		"The API address starts with http://, and what answers there takes secure connections alone.",
		"Start the API address with https://.",
	},
	CauseTLSExpired: {
		"No secure connection to DPC: the server's certificate is out of date, or this computer's date is wrong.",
		"Look at this computer's date first. If it is right, ask your IT support who answers in DPC's place.",
	},
	CauseTLSHost: {
		"No secure connection to DPC: another server answered in its place.",
		"Ask your IT support, or try another network, then check again.",
	},
	CauseCaptive: {
		"A web page came back where DPC's answer belongs.",
		"This network may want you to sign in first. Open any web site in a browser, sign in, then check again.",
	},
	CauseRedirect: {
		"The request was sent on to another server{host}, and that was not followed.",
		"This network may want you to sign in first, or the API address is wrong. Then check again.",
	},
	CauseForbidden: {
		"The request was turned away before DPC looked at the credentials.",
		"In production, look whether this network's public IP address is in the portal under “" + portal.Production.Addresses + "”. In sandbox, try another network.",
	},
	CauseRateLimited: {"DPC received too many requests and asks to wait.", "Wait {some time}, then check again."},
	CauseServer:      {"DPC has a problem of its own at the moment.", "Wait some minutes, then check again."},
	CauseTimeout:     {"DPC did not answer in time.", "Wait some minutes, then check again."},
	CauseUnexpected: {
		"An answer came back that does not look like DPC's{detail}.",
		"Check again later. If it stays, look at the API address and for a newer version of this program.",
	},
	CauseClock: {
		"This computer's clock is {skew}, and DPC refuses requests with a wrong time.",
		"Let this computer set its date and time automatically, then check again.",
	},
	CauseAudience: {
		"DPC goes by another API address than the one that was asked, so it does not take what was meant for that one.",
		"Look at the API address: it has to be DPC's own, as in its documentation. If you did not set it, look for a newer version of this program.",
	},

	// in what was entered or done in the portal
	CauseAssertion: {
		"DPC found a mistake in the client assertion{detail}.",
		"This program makes the assertion, so what you entered is fine. Look at the API address and for a newer version of this program.",
	},
	CauseTokenRefused: {
		"DPC does not accept the client token: it was deleted in the portal, or is not one of DPC's.",
		"Look in the portal whether the token is still listed. If it is not, create a new one. If no token is listed any more, look at the organization's Status: CMS may have rejected it.",
	},
	CauseTokenExpired:  {"The client token has expired.", "Create a new client token in the portal."},
	CauseTokenExpiring: {"The client token expires soon.", "Renew it before that day: while it works, it can get the next one without the portal (\"dpc-onboard renew\")."},
	CauseTokensGone: {
		"The portal lists no client token of this organization any more.",
		"Look at the organization's Status in the portal: CMS may have rejected it.",
	},
	CauseKeyIDUnknown: {
		"The key ID is not one of this organization's: DPC finds no public key under it.",
		copyKeyID + " If it is not listed, add it again. If its ID is the same, the key and the client token are of different organizations: look at both in one.",
	},
	CauseKeyIDOther: {"The key ID is wrong: this public key{key label} is registered under the ID {key ID}.", "Record that ID instead."},
	CauseKeyOther: {
		"The key ID belongs to another public key, and this one is not registered.",
		"Add this public key in the portal, and record the Key ID that it gets.",
	},
	CausePrivateKey: {
		"The private key does not belong to the public key that is registered under this key ID.",
		"Compare the key ID with the one beside your key in the portal: it may be another key's. If it is the same, add this computer's public key again.",
	},
	CauseOrganization: {
		"The client token is of another organization than the one that you entered: DPC says{name} {organization}.",
		"Copy the client token and the organization's ID again, both from the same organization in the portal.",
	},
	CauseNPI: {
		"The NPI that you entered is not this organization's: DPC has {npi}{for name}.",
		"Correct the NPI, or use the client token of the organization with your NPI.",
	},

	// neither
	CauseAddresses: {
		"Production answers only to IP addresses that are entered in the portal.",
		"In the portal under “" + portal.Production.Addresses + "”, press “" + portal.Production.NewAddress + "” and enter each public IPv4 address that will call DPC: at most 8, no ranges.",
	},
}

// copyKeyID is what to do about most that can be wrong with a key ID.
const copyKeyID = "Copy the Key ID again from the portal, where your public key is listed."

// notYours is for a cause that says nothing about the credentials.
const notYours = " Your credentials are not the cause."

// unusable holds the words for what is wrong with a value before DPC is asked.
var unusable = map[Cause]words{
	CauseTokenRefused: {"The client token can't be used{detail}.", "Paste the client token again, or create a new one in the portal."},
	CauseKeyIDUnknown: {"The key ID can't be used{detail}.", copyKeyID},
	CausePrivateKey: {
		"The key pair on this computer can't be used{detail}.",
		"Make or import the key pair again, and add its public key in the portal.",
	},
}

// wording returns what is said of the line's cause: as the tables have it, but
// for sentences that depend on another fact.
func (l Line) wording() words {
	w, known := causes[l.Cause]
	if local, ok := unusable[l.Cause]; ok && l.HTTPStatus == 0 {
		w = local
	}
	switch {
	case !known: // a cause of another version's, or without words of its own
		w.sentence = "Something is wrong here{detail}."
	case l.Cause == CauseUnexpected && l.ID == Clock:
		w.sentence = "DPC did not say what time it is, so the clocks could not be compared."
	case l.Cause == CauseUnexpected && l.ID == Expiry:
		w.sentence = "The client token does not say when it expires."
	case l.Cause == CauseClock && l.Status == Noted:
		w.sentence = "This computer's clock is {skew}, which DPC still accepts."
	case l.Cause == CauseClock && l.Skew == 0:
		w.sentence = "DPC says that the request's time is off."
	case l.Cause == CauseNPI && l.NPI == "":
		w.sentence = "DPC shows no NPI for this organization, so it could not be compared."
	case l.Cause == CauseNPI && l.Status == Noted: // in sandbox: there CMS makes the NPI up
		w.sentence = "DPC made up the NPI {npi} for the sandbox, so it is not the one that you entered."
	case l.Cause == CauseKeyIDUnknown && l.ID == Key:
		w = words{"The key ID is not one of this organization's, and this public key is not registered.", causes[CauseKeyOther].remedy}
	}
	return w
}

// fill puts the line's facts where a text names them. A fact that may be missing
// brings the words and the space before it.
func (l Line) fill(s string) string {
	optional := func(before, fact, after string) string {
		if fact == "" {
			return ""
		}
		return before + fact + after
	}
	skew := text.Span(l.Skew.Abs()) + " fast"
	if l.Skew < 0 {
		skew = text.Span(l.Skew.Abs()) + " slow"
	}
	wait := "some minutes"
	if seconds, err := strconv.Atoi(l.Detail); err == nil && seconds > 0 {
		wait = text.Span(time.Duration(seconds) * time.Second)
	}
	return strings.NewReplacer(
		"{skew}", skew,
		"{some time}", wait,
		"{organization}", l.OrganizationID,
		"{npi}", l.NPI,
		"{key ID}", l.KeyID,
		"{key label}", optional(" “", l.KeyLabel, "”"),
		"{name}", optional(" ", l.Organization, ""),
		"{as name}", optional(" as ", l.Organization, ""),
		"{for name}", optional(" for ", l.Organization, ""),
		"{host}", optional(" (", l.Detail, ")"),
		"{detail}", optional(": ", strings.TrimRight(l.Detail, ". "), ""),
	).Replace(s)
}

// Title returns what the line checks.
func (l Line) Title() string { return lines[l.ID].title }

// Sentence returns what came out, in one sentence: where something is wrong, it
// says with what.
func (l Line) Sentence() string {
	switch {
	case l.Status == Running:
		return "Checking…"
	case l.Status == NotTried:
		return "Not tried, because a line before it failed."
	case l.ID == Expiry && !l.Expires.IsZero():
		return l.expirySentence()
	case l.Status == Passed && l.ID == Clock && l.Skew == 0:
		return "This computer's clock agrees with DPC's."
	case l.Status == Passed:
		return l.fill(lines[l.ID].passed)
	}
	return l.fill(l.wording().sentence)
}

// expirySentence is for every status: the date is what matters.
func (l Line) expirySentence() string {
	token := "The client token"
	if l.TokenLabel != "" {
		token += " “" + l.TokenLabel + "”"
	}
	switch l.Cause {
	case CauseTokenExpired:
		return fmt.Sprintf("%s expired on %s.", token, text.Day(l.Expires))
	case CauseClock:
		return fmt.Sprintf("%s expires on %s, which is past on this computer's clock; the clock may be wrong.", token, text.Day(l.Expires))
	}
	if !l.Created.IsZero() {
		token += fmt.Sprintf(" was made on %s and", text.Day(l.Created))
	}
	ends := fmt.Sprintf("%s expires on %s, %s", token, text.Day(l.Expires), text.Left(l.DaysLeft))
	switch l.Cause {
	case "", CauseTokenExpiring:
		return ends + "."
	case CauseTokenUnlisted:
		return ends + "; it is not in the portal's list."
	case CauseTokensGone:
		return ends + "; the portal lists no client token of this organization any more."
	}
	return ends + "; the portal's list of tokens could not be read."
}

// Reason returns the sentence in the form of an error: lower case, no period.
func (l Line) Reason() string {
	sentence := strings.TrimSuffix(l.Sentence(), ".")
	first, size := utf8.DecodeRuneInString(sentence)
	if second, _ := utf8.DecodeRuneInString(sentence[size:]); unicode.IsUpper(second) {
		return sentence // "DPC …"
	}
	return string(unicode.ToLower(first)) + sentence[size:]
}

// Remedy returns what to do next, or "" where there is nothing to do.
func (l Line) Remedy() string {
	urgent := []Cause{CauseClock, CauseRateLimited, CauseTokenRefused, CauseTokenExpiring, CauseTokensGone, CauseAddresses}
	if l.Status != Failed && (l.Status != Noted || !slices.Contains(urgent, l.Cause)) {
		return ""
	}
	remedy := l.fill(l.wording().remedy)
	if remedy == "" || l.Cause.Personal() || l.Cause == CauseAddresses {
		return remedy
	}
	return remedy + notYours
}

// Summary returns the outcome in one sentence.
func (r Report) Summary() string {
	line, failed := r.Failure()
	switch {
	case failed && line.Cause.Personal():
		return fmt.Sprintf("Something has to be put right: %s.", line.Reason())
	case failed:
		return fmt.Sprintf("The check could not be finished, which says nothing about your credentials: %s.", line.Reason())
	case !r.Passed:
		return "Not checked yet."
	}
	notes := 0
	for _, line := range r.Lines {
		if line.Status == Noted {
			notes++
		}
	}
	switch notes {
	case 0:
		return "DPC accepts your credentials."
	case 1:
		return "DPC accepts your credentials; there is one thing to know."
	}
	return fmt.Sprintf("DPC accepts your credentials; there are %d things to know.", notes)
}

var fixLabels = map[Fix]string{
	FixAgain:        "Check again",
	FixClock:        "Check again, once the clock is set",
	FixRecordKeyID:  "Record this key ID instead",
	FixToken:        "Go back to the client token",
	FixOrganization: "Enter both tokens again",
	FixKeyID:        "Enter the key ID again",
	FixKey:          "Add the public key again",
	FixNPI:          "Correct the NPI",
}

// Label returns the words on the button for a fix.
func (f Fix) Label() string { return fixLabels[f] }
