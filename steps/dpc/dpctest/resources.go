package dpctest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const fhirJSON = "application/fhir+json"

// instant is how DPC writes times.
const instant = "2006-01-02T15:04:05.000-07:00"

type object = map[string]any

func (s api) metadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, fhirJSON, object{
		"resourceType": "CapabilityStatement",
		"status":       "active",
		"publisher":    "Centers for Medicare and Medicaid Services",
		"kind":         "instance",
		"fhirVersion":  "3.0.1",
		"software":     object{"name": "Data @ Point of Care API"},
	})
}

// as answers 406 to whom the kind of the answer is not acceptable.
func as(kind string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !accepts(r, kind) {
			refuse(w, &refusal{http.StatusNotAcceptable, "HTTP 406 Not Acceptable"})
			return
		}
		next(w, r)
	}
}

func accepts(r *http.Request, kind string) bool {
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, kind) || strings.Contains(accept, "*/*")
}

// bearer lets only valid access tokens through. Its 401 is the same for all that
// can be wrong with one.
func (s api) bearer(next func(http.ResponseWriter, *http.Request, registeredToken)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		scheme, access, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || access == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="realm"`)
			Reply(http.StatusUnauthorized, "text/plain", "Credentials are required to access this resource.")(w, r)
			return
		}
		token, err := s.admit(access)
		if err != nil {
			refused := outcome("HTTP 401 Unauthorized, Credentials are required to access this resource.")
			refused["issue"].([]object)[0]["details"].(object)["coding"] = []object{
				{"system": "http://hl7.org/fhir/operation-outcome", "code": "MSG_AUTH_REQUIRED"},
			}
			answer(w, http.StatusUnauthorized, fhirJSON, refused)
			return
		}
		next(w, r, token)
	}
}

func (s api) organization(w http.ResponseWriter, r *http.Request, t registeredToken) {
	if !accepts(r, fhirJSON) {
		answer(w, http.StatusUnsupportedMediaType, fhirJSON, outcome("`Accept:` header must specify valid FHIR content type"))
		return
	}
	o, ok := s.organizations[t.organization]
	if !ok {
		answer(w, http.StatusNotFound, fhirJSON, outcome("Cannot find organization"))
		return
	}
	answer(w, http.StatusOK, fhirJSON, object{
		"resourceType": "Bundle", "type": "collection", "total": 1,
		"entry": []object{{"resource": object{
			"resourceType": "Organization",
			"id":           o.ID,
			"identifier":   []object{{"system": "http://hl7.org/fhir/sid/us-npi", "value": o.NPI}},
			"name":         o.Name,
		}}},
	})
}

func (s api) listTokens(w http.ResponseWriter, _ *http.Request, t registeredToken) {
	list := []object{}
	for _, other := range s.tokens {
		if other.organization == t.organization {
			list = append(list, tokenEntity(other))
		}
	}
	s.collection(w, list)
}

func tokenEntity(t registeredToken) object {
	return object{
		"id": t.id, "tokenType": "MACAROON", "label": t.label,
		"createdAt": t.created.Format(instant), "expiresAt": t.expires.Format(instant),
	}
}

func (s api) token(w http.ResponseWriter, r *http.Request, t registeredToken) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		refuse(w, &refusal{http.StatusNotFound, "HTTP 404 Not Found"})
		return
	}
	for _, other := range s.tokens {
		if other.id == id.String() && other.organization == t.organization {
			answer(w, http.StatusOK, "application/json", tokenEntity(other))
			return
		}
	}
	refuse(w, &refusal{http.StatusNotFound, "Cannot find token with matching ID"})
}

// createToken makes a client token for the bearer's own organization. An expiration
// that is asked for stands in the list alone: the token itself lasts its year.
func (s api) createToken(w http.ResponseWriter, r *http.Request, t registeredToken) {
	now := s.options.Now().UTC()
	query := r.URL.Query()
	made := registeredToken{
		id: uuid.NewString(), organization: t.organization, location: t.location,
		label:   "Token for organization " + t.organization + ".",
		rootKey: random(32), created: now, expires: now.AddDate(1, 0, 0),
	}
	if query.Has("label") {
		made.label = query.Get("label")
	}
	if query.Has("expiration") {
		expires, err := time.Parse(time.RFC3339Nano, query.Get("expiration"))
		switch {
		case err != nil:
			refuse(w, badRequest("query param expiration must be a valid offset date-time"))
			return
		case expires.After(made.expires):
			refuse(w, badRequest("Cannot set expiration after policy default"))
			return
		case expires.Before(now):
			refuse(w, badRequest("Cannot set expiration before current time"))
			return
		}
		made.expires = expires
	}
	s.tokens = append(s.tokens, made)
	entity := tokenEntity(made)
	entity["token"] = s.mint(made, now.Add(tokenLife))
	answer(w, http.StatusOK, "application/json", entity)
}

// removeToken deletes a client token of the bearer's own organization, even the one
// that it was made from.
func (s api) removeToken(w http.ResponseWriter, r *http.Request, t registeredToken) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		refuse(w, &refusal{http.StatusNotFound, "HTTP 404 Not Found"})
		return
	}
	before := len(s.tokens)
	s.tokens = slices.DeleteFunc(s.tokens, func(other registeredToken) bool {
		return other.id == id.String() && other.organization == t.organization
	})
	if len(s.tokens) == before {
		refuse(w, errLogged)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// addresses is refused in production: there, the portal alone keeps the list.
func (s api) addresses(w http.ResponseWriter, _ *http.Request, _ registeredToken) {
	if s.options.Production {
		refuse(w, &refusal{http.StatusForbidden, "HTTP 403 Forbidden"})
		return
	}
	s.collection(w, []object{})
}

func (s api) collection(w http.ResponseWriter, list []object) {
	answer(w, http.StatusOK, "application/json", object{
		"created_at": s.options.Now().Format(instant), "count": len(list), "entities": list,
	})
}

// outcome is a FHIR STU3 OperationOutcome with one issue.
func outcome(text string) object {
	return object{
		"resourceType": "OperationOutcome",
		"issue":        []object{{"severity": "error", "code": "exception", "details": object{"text": text}}},
	}
}

// refuse answers in the form of DPC's resources that are not FHIR.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if r, ok := errors.AsType[*refusal](err); ok {
		status = r.status
	}
	answer(w, status, "application/json", object{"code": status, "message": err.Error()})
}

func answer(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away is no fault of the server's
}
