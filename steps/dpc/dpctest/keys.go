package dpctest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/google/uuid"

	"dpc-onboard/keys"
)

type registeredKey struct {
	id, organization, label string
	public                  keys.PublicKey
	created                 time.Time
}

// ListedKey is a public key as DPC holds it.
type ListedKey struct {
	ID, Organization, Label string
	Public                  keys.PublicKey
	Created                 time.Time
}

// Keys returns the public keys that are registered, in order.
func (s *Server) Keys() []ListedKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []ListedKey
	for _, k := range s.keys {
		list = append(list, ListedKey{k.id, k.organization, k.label, k.public, k.created})
	}
	return list
}

// ErrKeyInUse is what both portals say where the label or the key is taken.
var ErrKeyInUse = errors.New("This public key is already in use. Choose a new public key.") //nolint:staticcheck,revive // the portals' sentence

// PortalKey registers a public key as the portal's "Add key" does: the label must be
// free in the organization, and the key in all of DPC.
func (s *Server) PortalKey(organization, label string, pub keys.PublicKey) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, free := s.register(organization, label, pub)
	if !free {
		return "", ErrKeyInUse
	}
	return k.id, nil
}

// register keeps a key, unless its label or the key itself is taken.
func (s *Server) register(organization, label string, pub keys.PublicKey) (k registeredKey, free bool) {
	for _, k := range s.keys {
		if k.organization == organization && k.label == label || k.public.Equal(pub) {
			return registeredKey{}, false
		}
	}
	k = registeredKey{uuid.NewString(), organization, label, pub, s.options.Now()}
	s.keys = append(s.keys, k)
	return k, true
}

// AddKey registers a public key for the server's organization, under a label that is
// free, and returns its key ID.
func (s *Server) AddKey(pub keys.PublicKey) string {
	label := "practice-key"
	for n := 2; slices.ContainsFunc(s.Keys(), func(k ListedKey) bool { return k.Label == label }); n++ {
		label = fmt.Sprintf("practice-key-%d", n)
	}
	return s.AddKeyOf(s.options.Organization.ID, label, pub)
}

// AddKeyOf registers a public key under a label for any organization and returns
// its key ID. It ends the test where PortalKey would refuse.
func (s *Server) AddKeyOf(organization, label string, pub keys.PublicKey) string {
	return must(s.PortalKey(organization, label, pub))
}

// ReplaceKey puts another public key under a key ID.
func (s *Server) ReplaceKey(id string, pub keys.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.keys {
		if s.keys[i].id == id {
			s.keys[i].public = pub
		}
	}
}

// DeleteKey deletes a public key, as the portal does.
func (s *Server) DeleteKey(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = slices.DeleteFunc(s.keys, func(k registeredKey) bool { return k.id == id })
}

func (s api) listKeys(w http.ResponseWriter, _ *http.Request, t registeredToken) {
	list := []object{}
	for _, k := range s.keys {
		if k.organization == t.organization {
			list = append(list, keyEntity(k))
		}
	}
	s.collection(w, list)
}

// find returns a key of the bearer's own organization, or refuses in the given words.
func (s api) find(r *http.Request, t registeredToken, words string) (registeredKey, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return registeredKey{}, &refusal{http.StatusNotFound, "HTTP 404 Not Found"}
	}
	for _, k := range s.keys {
		if k.id == id.String() && k.organization == t.organization {
			return k, nil
		}
	}
	return registeredKey{}, &refusal{http.StatusNotFound, words}
}

func (s api) key(w http.ResponseWriter, r *http.Request, t registeredToken) {
	k, err := s.find(r, t, "Cannot find public key")
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, "application/json", keyEntity(k))
}

func (s api) removeKey(w http.ResponseWriter, r *http.Request, t registeredToken) {
	gone, err := s.find(r, t, "Cannot find certificate")
	if err != nil {
		refuse(w, err)
		return
	}
	s.keys = slices.DeleteFunc(s.keys, func(k registeredKey) bool { return k.id == gone.id })
	w.WriteHeader(http.StatusOK)
}

func (s api) submitKey(w http.ResponseWriter, r *http.Request, t registeredToken) {
	var body struct{ Key, Signature string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		refuse(w, badRequest("Unable to process JSON"))
		return
	}
	label := fmt.Sprintf("key:%d", len(s.keys)+1)
	if r.URL.Query().Has("label") {
		label = r.URL.Query().Get("label")
	}
	if len(utf16.Encode([]rune(label))) > 25 {
		refuse(w, badRequest("Key label cannot be more than 25 characters"))
		return
	}
	pub, err := submitted(body.Key, body.Signature)
	if err != nil {
		refuse(w, err)
		return
	}
	k, free := s.register(t.organization, label, pub)
	if !free {
		taken(w)
		return
	}
	answer(w, http.StatusOK, "application/json", keyEntity(k))
}

// snippet is what a key's signature is over.
const snippet = "This is the snippet used to verify a key pair in DPC."

// submitted looks at a key and its signature in DPC's order.
func submitted(key, signature string) (keys.PublicKey, error) {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return keys.PublicKey{}, badRequest("Public key could not be parsed")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return keys.PublicKey{}, badRequest("Public key could not be parsed")
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return keys.PublicKey{}, &refusal{http.StatusUnprocessableEntity, "ECC keys are not currently supported"}
	}
	if len(block.Bytes) < 550 { // 4096 bits
		return keys.PublicKey{}, badRequest("Public key is not valid")
	}
	// Line breaks alone are stripped: any other white space is refused.
	raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(signature))
	digest := sha256.Sum256([]byte(snippet))
	if err != nil || rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], raw) != nil {
		return keys.PublicKey{}, badRequest("Public key could not be verified")
	}
	pub, err := keys.ParsePublicKey(key)
	if err != nil {
		return keys.PublicKey{}, badRequest("Public key is not valid")
	}
	return pub, nil
}

// taken is DPC's answer to a violated unique constraint: a plain text that is typed
// as JSON.
func taken(w http.ResponseWriter) {
	Reply(http.StatusBadRequest, "application/json",
		logged+": duplicate key value violates unique constraint")(w, nil)
}

func keyEntity(k registeredKey) object {
	return object{"id": k.id, "publicKey": k.public.PEM(), "createdAt": k.created.Format(instant), "label": k.label}
}
