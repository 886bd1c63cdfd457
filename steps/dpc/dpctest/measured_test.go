package dpctest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/dpc/dpctest"
)

// ask is a request as a row of the table words it. A word in braces stands for a
// value of the world's: {access}, {auth}, {key}.
type ask struct {
	request string // method and path
	headers string // "Name: value", one a line
	body    string
}

const (
	form    = "Content-Type: application/x-www-form-urlencoded"
	plain   = "Content-Type: text/plain"
	bearer  = "Authorization: Bearer {access}"
	asJSON  = "Accept: application/json"
	asFHIR  = "Accept: application/fhir+json"
	another = "a2f6dbd2-6f3c-4f0b-8c64-6d8a1f0b7c55"
)

// exchange is the form of an exchange without some of its fields, and with others.
func exchange(without string, with ...string) string {
	f := url.Values{
		"scope": {"system/*.*"}, "grant_type": {"client_credentials"},
		"client_assertion_type": {assertionType}, "client_assertion": {"{auth}"},
	}
	f.Del(without)
	for i := 0; i < len(with); i += 2 {
		f.Set(with[i], with[i+1])
	}
	return strings.ReplaceAll(f.Encode(), "%7Bauth%7D", "{auth}")
}

// TestAsMeasured holds the stand-in to what was measured on CMS's own server.
func TestAsMeasured(t *testing.T) {
	asIs := func(*testing.T, world, *draft) {}
	claim := func(name string, value func(world) any) func(*testing.T, world, *draft) {
		return func(_ *testing.T, w world, d *draft) { d.claims[name] = value(w) }
	}
	ahead := func(span time.Duration) func(*testing.T, world, *draft) {
		return claim("exp", func(w world) any { return w.now.Add(span).Unix() })
	}
	header := func(value func(world) any) func(*testing.T, world, *draft) {
		return func(_ *testing.T, w world, d *draft) { d.header["kid"] = value(w) }
	}
	auth := ask{"POST /Token/auth", form, exchange("")}
	validate := ask{"POST /Token/validate", plain, "{auth}"}
	for _, c := range []struct {
		name   string
		change func(*testing.T, world, *draft)
		ask    ask
		status int
		kind   string // of the answer
		words  string // in the answer
	}{
		{"unknown key ID", header(func(world) any { return another }), auth, 401, "application/json", "Cannot find public key with id: " + another},
		{"another's key ID", header(func(w world) any {
			w.AddOrganization(dpctest.Organization{ID: another})
			return w.AddKeyOf(another, "theirs", keystest.OtherPair(t).Public())
		}), auth, 401, "application/json", "Cannot find public key with id: "},
		{"signature of another key", func(t *testing.T, _ world, d *draft) { d.key = signer(t, keystest.OtherPair(t)) }, auth, 401, "application/json", "Invalid JWT"},
		{"replayed jti", func(t *testing.T, w world, d *draft) { w.auth(t, d.sign(t)) }, auth, 401, "application/json", "Invalid JWT"},
		{"wrong aud", claim("aud", func(world) any { return "https://example.com" }), auth, 401, "application/json", "Invalid JWT"},
		{"exp past", ahead(-time.Second), auth, 401, "application/json", "Invalid JWT"},
		{"nbf to come", claim("nbf", func(w world) any { return w.now.Add(time.Minute).Unix() }), auth, 401, "application/json", "Invalid JWT"},
		{"exp too far ahead", ahead(301 * time.Second), auth, 401, "application/json", "Not authorized"},
		{"deleted token", claim("sub", func(w world) any { return w.token.Reveal() }), auth, 200, "application/json", `"token_type":"bearer"`},
		{"no kid", func(_ *testing.T, _ world, d *draft) { delete(d.header, "kid") }, auth, 500, "application/json", "There was an error processing your request"},

		{"no scope", asIs, ask{"POST /Token/auth", form, exchange("scope")}, 400, "application/json", `"errors":["arg0 Scope is required"]`},
		{"no grant type", asIs, ask{"POST /Token/auth", form, exchange("grant_type")}, 400, "application/json", `"errors":["arg1 Grant type is required"]`},
		{"no assertion type", asIs, ask{"POST /Token/auth", form, exchange("client_assertion_type")}, 400, "application/json", `"errors":["arg2 Assertion type is required"]`},
		{"no assertion", asIs, ask{"POST /Token/auth", form, exchange("client_assertion")}, 400, "application/json", `"errors":["arg3 Assertion is required"]`},
		{"no field at all", asIs, ask{"POST /Token/auth", form, ""}, 400, "application/json", "arg0 Scope is required"},
		{"an error has an ID", asIs, ask{"POST /Token/auth", form, ""}, 400, "application/json", `"id":"`},
		{"HTML in a field", asIs, ask{"POST /Token/auth", form, exchange("", "scope", "<b>")}, 400, "application/json", `"errors":["arg0 Cannot contain HTML"]`},
		{"another scope", asIs, ask{"POST /Token/auth", form, exchange("", "scope", "system/Patient.*")}, 400, "application/json", "Access Scope must be 'system/*.*'"},
		{"another grant type", asIs, ask{"POST /Token/auth", form, exchange("", "grant_type", "password")}, 400, "application/json", "Grant Type must be 'client_credentials'"},
		{"another assertion type", asIs, ask{"POST /Token/auth", form, exchange("", "client_assertion_type", "a")}, 400, "application/json", "Client Assertion Type must be"},
		{"JSON for a form", asIs, ask{"POST /Token/auth", "Content-Type: application/json", "{}"}, 415, "application/json", ""},
		{"nothing to validate", asIs, ask{"POST /Token/validate", plain, ""}, 422, "application/json", `"errors":["The request body Must submit JWT"]`},
		{"HTML to validate", asIs, ask{"POST /Token/validate", plain, "<html>"}, 422, "application/json", `"errors":["The request body Cannot contain HTML"]`},
		{"JSON to validate", asIs, ask{"POST /Token/validate", "Content-Type: application/json", "{}"}, 415, "application/json", ""},
		{"a line end behind the assertion", asIs, ask{"POST /Token/auth", form, exchange("", "client_assertion", "{auth}\n")}, 401, "application/json", "Invalid JWT"},

		{"validate: wrong aud", claim("aud", func(world) any { return "https://example.com" }), validate, 400, "application/json", "Audience claim value is incorrect"},
		{"validate: used jti", func(t *testing.T, w world, d *draft) { w.auth(t, d.sign(t)) }, validate, 400, "application/json", "Token ID cannot be re-used"},
		{"validate: empty jti", claim("jti", func(world) any { return "" }), validate, 200, "", ""},
		{"validate: a list of one aud", claim("aud", func(w world) any { return []string{w.Base() + "/Token/auth"} }), validate, 200, "", ""},
		{"validate: signature of another key", func(t *testing.T, _ world, d *draft) { d.key = signer(t, keystest.OtherPair(t)) }, validate, 200, "", ""},

		{"no authorization", asIs, ask{"GET /Organization", "", ""}, 401, "text/plain", "Credentials are required to access this resource."},
		{"basic authorization", asIs, ask{"GET /Key", "Authorization: Basic YTpi", ""}, 401, "text/plain", "Credentials are required to access this resource."},
		{"GET /Token/auth", asIs, ask{"GET /Token/auth", "", ""}, 401, "text/plain", "Credentials are required to access this resource."},
		{"GET /Token/auth with a bearer", asIs, ask{"GET /Token/auth", bearer, ""}, 404, "application/json", ""},
		{"bearer that is none", asIs, ask{"GET /Token", "Authorization: Bearer nonsense", ""}, 401, "application/fhir+json", `"code":"MSG_AUTH_REQUIRED"`},
		{"metadata as JSON", asIs, ask{"GET /metadata", asJSON, ""}, 406, "application/json", ""},
		{"keys as FHIR", asIs, ask{"GET /Key", bearer + "\n" + asFHIR, ""}, 406, "application/json", ""},
		{"key as FHIR", asIs, ask{"GET /Key/{key}", bearer + "\n" + asFHIR, ""}, 406, "application/json", ""},
		{"tokens as FHIR", asIs, ask{"GET /Token", bearer + "\n" + asFHIR, ""}, 406, "application/json", ""},
		{"organization as JSON", asIs, ask{"GET /Organization", bearer + "\n" + asJSON, ""}, 415, "application/fhir+json", ""},
		{"metadata as FHIR", asIs, ask{"GET /metadata", asFHIR, ""}, 200, "application/fhir+json", ""},
		{"organization as FHIR", asIs, ask{"GET /Organization", bearer + "\n" + asFHIR, ""}, 200, "application/fhir+json", ""},
		{"keys as JSON", asIs, ask{"GET /Key", bearer + "\n" + asJSON, ""}, 200, "application/json", ""},

		{"attribution down", func(_ *testing.T, w world, _ *draft) { w.BreakAttribution(true) }, ask{"GET /Organization", bearer, ""}, 500, "application/fhir+json", "OperationOutcome"},
		{"attribution down, access token", func(_ *testing.T, w world, _ *draft) { w.BreakAttribution(true) }, auth, 200, "application/json", ""},
		{"database down", func(_ *testing.T, w world, _ *draft) { w.BreakDatabase(true) }, ask{"GET /Key", bearer, ""}, 500, "application/json", ""},
		{"database down, access token", func(_ *testing.T, w world, _ *draft) { w.BreakDatabase(true) }, auth, 500, "application/json", ""},

		{"clock 59 s fast", ahead(240*time.Second + 59*time.Second), auth, 200, "application/json", ""},
		{"clock 62 s fast", ahead(240*time.Second + 62*time.Second), auth, 401, "application/json", "Not authorized"},
		{"clock 3:52 slow", ahead(240*time.Second - 232*time.Second), auth, 200, "application/json", ""},
		{"clock 4:05 slow", ahead(240*time.Second - 245*time.Second), auth, 401, "application/json", "Invalid JWT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			access := w.access(t)
			if c.name == "deleted token" {
				w.DeleteToken(w.Tokens()[0].ID)
			}
			d := w.draft()
			c.change(t, w, &d)
			fill := strings.NewReplacer("{access}", access, "{auth}", d.sign(t), "{key}", w.keyID).Replace
			method, path, _ := strings.Cut(c.ask.request, " ")
			r, err := http.NewRequestWithContext(t.Context(), method, w.Base()+fill(path), strings.NewReader(fill(c.ask.body)))
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(c.ask.headers, "\n") {
				if name, value, ok := strings.Cut(line, ": "); ok {
					r.Header.Set(name, fill(value))
				}
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != c.status || response.Header.Get("Content-Type") != c.kind || !strings.Contains(string(body), c.words) {
				t.Errorf("%d %s: %s", response.StatusCode, response.Header.Get("Content-Type"), body)
			}
			if response.Header.Get("X-Request-Id") == "" || response.Header.Get("Vary") == "" {
				t.Errorf("headers: %v", response.Header)
			}
		})
	}
}
