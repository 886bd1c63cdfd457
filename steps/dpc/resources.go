package dpc

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/text"
)

// This file reads the bodies of DPC's answers: FHIR STU3 and plain JSON. What it
// returns is as DPC wrote it; only cleaner.line makes it fit to be shown.

// message finds the words of a refusal: FHIR's OperationOutcome, JSON with a message,
// or a plain text, which DPC types as JSON at times. It returns "" for anything else,
// such as a proxy's HTML.
func message(a answer) string {
	var body struct {
		Message     string   `json:"message"`
		Description string   `json:"error_description"`
		Errors      []string `json:"errors"`
		Issue       []struct {
			Diagnostics string `json:"diagnostics"`
			Details     struct {
				Text string `json:"text"`
			} `json:"details"`
		} `json:"issue"`
	}
	if json.Unmarshal(a.body, &body) != nil {
		if a.kind == typeJSON || a.kind == "text/plain" {
			return text.OneLine(string(a.body))
		}
		return ""
	}
	words := append([]string{body.Message, body.Description}, body.Errors...)
	for _, issue := range body.Issue {
		words = append(words, issue.Details.Text, issue.Diagnostics)
	}
	return text.OneLine(strings.Join(words, " "))
}

// decode reads an answer of status 200 into a value.
func decode(a answer, value any) *fault {
	switch {
	case a.status != http.StatusOK:
		return unexpected(a, "")
	case a.kind != "application/json" && !strings.HasSuffix(a.kind, "+json"):
		return unexpected(a, "the answer is not JSON")
	case json.Unmarshal(a.body, value) != nil:
		return unexpected(a, "the answer can't be read")
	}
	return nil
}

// access is an access token and how long it lasts.
type access struct {
	token keys.Secret
	life  time.Duration
}

// bearerForm is RFC 6750's b64token: all else would break the header that it is
// sent in, or the script that reads it.
var bearerForm = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`)

func parseAccess(a answer) (access, *fault) {
	var body struct {
		Token   string  `json:"access_token"`
		Kind    string  `json:"token_type"`
		Seconds float64 `json:"expires_in"`
	}
	if f := decode(a, &body); f != nil {
		return access{}, f
	}
	if !bearerForm.MatchString(body.Token) || !strings.EqualFold(body.Kind, "bearer") || body.Seconds < 0 || body.Seconds > 86400 {
		return access{}, unexpected(a, "the answer holds no access token")
	}
	return access{keys.NewSecret(body.Token), time.Duration(body.Seconds) * time.Second}, nil
}

// npiSystem marks an NPI among FHIR identifiers.
const npiSystem = "http://hl7.org/fhir/sid/us-npi"

// organization is what DPC holds on the customer.
type organization struct{ id, name, npi string }

func parseOrganization(a answer) (organization, *fault) {
	var bundle struct {
		Entry []struct {
			Resource struct {
				Type       string `json:"resourceType"`
				ID         string `json:"id"`
				Name       string `json:"name"`
				Identifier []struct {
					System string `json:"system"`
					Value  string `json:"value"`
				} `json:"identifier"`
			} `json:"resource"`
		} `json:"entry"`
	}
	if f := decode(a, &bundle); f != nil {
		return organization{}, f
	}
	for _, entry := range bundle.Entry {
		r := entry.Resource
		id, err := keys.ParseUUID(r.ID)
		if r.Type != "Organization" || err != nil {
			continue
		}
		o := organization{id: id, name: r.Name}
		for _, i := range r.Identifier {
			if i.System == npiSystem {
				o.npi = i.Value
			}
		}
		return o, nil
	}
	return organization{}, unexpected(a, "the answer names no organization")
}

// key is a public key as DPC holds it.
type key struct {
	id, label string
	public    keys.PublicKey
}

// parseKeys leaves out what it can't read: an organization may hold keys of kinds
// that are not ours.
func parseKeys(a answer) ([]key, *fault) {
	var body struct {
		Entities []struct {
			ID     string `json:"id"`
			Label  string `json:"label"`
			Public string `json:"publicKey"`
		} `json:"entities"`
	}
	if f := decode(a, &body); f != nil {
		return nil, f
	}
	if body.Entities == nil {
		return nil, unexpected(a, "the answer holds no list of keys")
	}
	var all []key
	for _, entity := range body.Entities {
		id, unreadable := keys.ParseUUID(entity.ID)
		public, err := keys.ParsePublicKey(entity.Public)
		if unreadable == nil && err == nil {
			all = append(all, key{id, entity.Label, public})
		}
	}
	return all, nil
}

// token is a client token as the portal lists it. Its ID is the one that the token
// itself says. When it ends is in the list too, but up to a day apart from what the
// token says, and the token is what DPC goes by.
type token struct {
	id, label string
	created   time.Time // zero where the list does not say
}

func parseTokens(a answer) ([]token, *fault) {
	var body struct {
		Entities []struct {
			ID      string `json:"id"`
			Label   string `json:"label"`
			Created string `json:"createdAt"`
		} `json:"entities"`
	}
	if f := decode(a, &body); f != nil {
		return nil, f
	}
	if body.Entities == nil {
		return nil, unexpected(a, "the answer holds no list of tokens")
	}
	var all []token
	for _, entity := range body.Entities {
		id, _ := keys.ParseUUID(entity.ID) // another kind of token may be in the list
		created, _ := time.Parse(time.RFC3339Nano, entity.Created)
		all = append(all, token{id, entity.Label, created.UTC()})
	}
	return all, nil
}

// isDPC recognizes the statement with which a FHIR server describes itself.
func isDPC(a answer) *fault {
	var body struct {
		Type string `json:"resourceType"`
	}
	if f := decode(a, &body); f != nil {
		return f
	}
	if body.Type != "CapabilityStatement" {
		return unexpected(a, "this is not DPC's API")
	}
	return nil
}
