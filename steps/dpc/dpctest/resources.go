package dpctest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

const fhirJSON = "application/fhir+json"

// instant is how DPC writes times.
const instant = "2006-01-02T15:04:05.000-07:00"

type object = map[string]any

func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, fhirJSON, object{
		"resourceType": "CapabilityStatement",
		"status":       "active",
		"publisher":    "Centers for Medicare and Medicaid Services",
		"kind":         "instance",
		"fhirVersion":  "3.0.1",
		"software":     object{"name": "Data @ Point of Care API"},
	})
}

// bearer lets only valid access tokens through. Its 401 is the same for all that
// can be wrong with one.
func (s *Server) bearer(next func(http.ResponseWriter, *http.Request, registeredToken)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		access, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		token, err := s.admit(access)
		if !ok || err != nil {
			answer(w, http.StatusUnauthorized, fhirJSON, outcome(
				"HTTP 401 Unauthorized, Credentials are required to access this resource."))
			return
		}
		next(w, r, token)
	}
}

func (s *Server) organization(w http.ResponseWriter, _ *http.Request, t registeredToken) {
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

func (s *Server) listKeys(w http.ResponseWriter, _ *http.Request, t registeredToken) {
	list := []object{}
	for _, k := range s.keys {
		if k.organization == t.organization {
			list = append(list, keyEntity(k))
		}
	}
	s.collection(w, list)
}

func (s *Server) key(w http.ResponseWriter, r *http.Request, t registeredToken) {
	id := r.PathValue("id")
	if uuid.Validate(id) != nil {
		refuse(w, &refusal{http.StatusNotFound, "HTTP 404 Not Found"})
		return
	}
	for _, k := range s.keys {
		if k.id == id && k.organization == t.organization {
			answer(w, http.StatusOK, "application/json", keyEntity(k))
			return
		}
	}
	refuse(w, &refusal{http.StatusNotFound, "Cannot find public key"})
}

func keyEntity(k registeredKey) object {
	return object{"id": k.id, "publicKey": k.public.PEM(), "createdAt": k.created.Format(instant), "label": k.label}
}

func (s *Server) listTokens(w http.ResponseWriter, _ *http.Request, t registeredToken) {
	list := []object{}
	for _, other := range s.tokens {
		if other.organization == t.organization {
			list = append(list, object{
				"id": other.id, "tokenType": "MACAROON", "label": other.label,
				"createdAt": other.created.Format(instant), "expiresAt": other.expires.Add(time.Millisecond).Format(instant),
			})
		}
	}
	s.collection(w, list)
}

func (s *Server) collection(w http.ResponseWriter, list []object) {
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
