package dpctest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/dpc/dpctest"
)

// call sends a request with an access token and returns the answer's body as text.
func (w world) call(t *testing.T, method, path, bearer string, body any) (int, string) {
	t.Helper()
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, w.Base()+path, bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

func TestTokensAreMadeAndDeleted(t *testing.T) {
	w := newWorld(t)
	access := w.access(t)
	status, raw := w.call(t, "POST", "/Token?label=second", access, nil)
	var made struct {
		ID, Token, Label     string
		CreatedAt, ExpiresAt time.Time
	}
	if err := json.Unmarshal([]byte(raw), &made); status != 200 || err != nil || made.Label != "second" {
		t.Fatal(status, raw, err)
	}
	_, says, err := keys.ParseToken(keys.NewSecret(made.Token))
	if err != nil || says.ID != made.ID || says.OrganizationID != dpctest.OrganizationID {
		t.Errorf("%+v, %v", says, err)
	}
	if _, list := w.call(t, "GET", "/Token", access, nil); !strings.Contains(list, made.ID) || strings.Contains(list, made.Token) {
		t.Error("a token is shown once:", list)
	}
	if all := w.Tokens(); len(all) != 2 || all[1].ID != made.ID {
		t.Error(all)
	}

	second := w
	second.token = keys.NewSecret(made.Token)
	if status, _ := w.call(t, "GET", "/Organization", second.access(t), nil); status != 200 {
		t.Error("the new token:", status)
	}
	if status, raw := w.call(t, "DELETE", "/Token/"+made.ID, access, nil); status != 204 || raw != "" {
		t.Error(status, raw)
	}
	if status, _ := w.call(t, "GET", "/Organization", second.access(t), nil); status != 401 { // access still says 200
		t.Error("the deleted token:", status)
	}
	if status, _ := w.call(t, "DELETE", "/Token/"+made.ID, access, nil); status != 500 {
		t.Error("deleted twice:", status)
	}
}

func TestExpirationThatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	access := w.access(t)
	for at, want := range map[time.Time]int{
		w.now.Add(time.Hour): 200, w.now.AddDate(1, 0, 0): 200, w.now.AddDate(1, 0, 1): 400, w.now.Add(-time.Hour): 400,
	} {
		if status, raw := w.call(t, "POST", "/Token?expiration="+url.QueryEscape(at.Format(time.RFC3339)), access, nil); status != want {
			t.Error(at, status, raw)
		}
	}
}

func TestKeysAreRegistered(t *testing.T) {
	w := newWorld(t)
	access := w.access(t)
	other := keystest.OtherPair(t)
	signature := func(p keys.Pair) string { return sign(t, p) }
	block, _ := pem.Decode([]byte(other.Private().Reveal()))
	private := string(pem.EncodeToMemory(block))
	for _, c := range []struct {
		name, label, key, signature string
		status                      int
		words                       string
	}{
		{"no PEM", "a", "key", signature(other), 400, "Public key could not be parsed"},
		{"private key", "a", private, signature(other), 400, "Public key could not be parsed"},
		{"short", "a", short(t), signature(other), 400, "Public key is not valid"},
		{"EC", "a", elliptical(t), signature(other), 422, "ECC keys are not currently supported"},
		{"another's signature", "a", other.Public().PEM(), signature(keystest.Pair(t)), 400, "Public key could not be verified"},
		{"a space", "a", other.Public().PEM(), signature(other)[:10] + " " + signature(other)[10:], 400, "Public key could not be verified"},
		{"long label", strings.Repeat("a", 26), other.Public().PEM(), signature(other), 400, "Key label cannot be more than 25 characters"},
		{"label taken", "practice-key", other.Public().PEM(), signature(other), 400, "duplicate key value violates unique constraint"},
		{"key taken", "a", keystest.Pair(t).Public().PEM(), signature(keystest.Pair(t)), 400, "duplicate key value violates unique constraint"},
		{"good", "second", other.Public().PEM(), signature(other), 200, `"label":"second"`},
	} {
		status, raw := w.call(t, "POST", "/Key?label="+c.label, access, map[string]string{"key": c.key, "signature": c.signature})
		if status != c.status || !strings.Contains(raw, c.words) {
			t.Errorf("%s: %d %s", c.name, status, raw)
		}
	}
	all := w.Keys()
	if len(all) != 2 || all[1].Label != "second" || !all[1].Public.Equal(other.Public()) {
		t.Fatal(all)
	}
	if status, _ := w.call(t, "DELETE", "/Key/"+all[1].ID, access, nil); status != 200 {
		t.Error(status)
	}
	if status, _ := w.call(t, "DELETE", "/Key/"+all[1].ID, access, nil); status != 404 {
		t.Error("deleted twice:", status)
	}
}

// The portals refuse a taken label and a taken key in one sentence.
func TestPortalKeysAreUnique(t *testing.T) {
	w := newWorld(t)
	const another = "2f9f3a3e-7f35-4b0c-9f5e-0d9b6c1c2a11"
	for _, c := range []struct {
		organization, label string
		pub                 keys.PublicKey
		free                bool
	}{
		{dpctest.OrganizationID, "practice-key", keystest.OtherPair(t).Public(), false},
		{another, "practice-key", keystest.Pair(t).Public(), false},
		{another, "practice-key", keystest.OtherPair(t).Public(), true},
	} {
		if id, err := w.PortalKey(c.organization, c.label, c.pub); (err == nil) != c.free || (id != "") != c.free {
			t.Errorf("%s: %q, %v", c.label, id, err)
		}
	}
}

func TestAddressesAreThePortalsInProduction(t *testing.T) {
	for production, want := range map[bool]int{false: 200, true: 403} {
		w := newWorldOf(t, dpctest.Options{Production: production})
		if status, _ := w.call(t, "GET", "/IpAddress", w.access(t), nil); status != want {
			t.Error(production, status)
		}
	}
}

// A client can be stopped between any two requests: before DPC has done what it asks,
// or after.
func TestMoments(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(world, dpctest.Fault)
		made int
	}{
		"before": {func(w world, f dpctest.Fault) { w.Before(2, f) }, 1},
		"after":  {func(w world, f dpctest.Fault) { w.After(2, f) }, 2},
	} {
		w := newWorld(t)
		access := w.access(t)
		ctx, kill := context.WithCancel(t.Context())
		c.set(w, dpctest.Call(kill, dpctest.Slow()))
		if status, _ := w.call(t, "GET", "/Organization", access, nil); status != 200 {
			t.Error(name, status)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Base()+"/Token", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+access)
		if response, err := http.DefaultClient.Do(r); err == nil {
			response.Body.Close()
			t.Error(name, "was answered")
		}
		if got := len(w.Tokens()); got != c.made {
			t.Errorf("%s: %d tokens", name, got)
		}
		if status, _ := w.call(t, "GET", "/Organization", access, nil); status != 200 {
			t.Error(name, "then:", status)
		}
	}
}

func sign(t *testing.T, p keys.Pair) string {
	t.Helper()
	signature, err := p.Sign()
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func short(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, &key.PublicKey)
}

func elliptical(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, &key.PublicKey)
}

func encoded(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
