package dpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// leak finds a run of a secret in a text, long enough to be no chance. Upper and
// lower case are the same to it, as they are to host names.
func leak(text string, secrets ...string) string {
	text = strings.ToLower(text)
	for _, secret := range secrets {
		secret = strings.ToLower(secret)
		for i := 0; i+fragment <= len(secret); i++ {
			piece := secret[i : i+fragment]
			if !strings.Contains(piece, "-----") && strings.Contains(text, piece) {
				return piece
			}
		}
	}
	return ""
}

// sent returns every assertion and access token that the server saw.
func (p *practice) sent() []string {
	var all []string
	for _, r := range p.server.Requests() {
		all = append(all, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if _, assertion, ok := strings.Cut(r.Body, "client_assertion="); ok {
			all = append(all, strings.SplitN(assertion, "&", 2)[0])
		} else {
			all = append(all, r.Body)
		}
	}
	return all
}

func (p *practice) secrets() []string {
	return append(p.sent(), p.creds.ClientToken.Reveal(), p.creds.OrganizationToken.Reveal(), p.creds.PrivateKey.Reveal())
}

// Whatever happens, and even where DPC sends everything back, no report, no error
// and no log holds an assertion, a token, an access token or a key.
func TestNoSecretComesOut(t *testing.T) {
	var logged bytes.Buffer
	defer log.SetOutput(log.Writer())
	log.SetOutput(&logged)

	for name, fault := range map[string]dpctest.Fault{
		"none":         func(http.ResponseWriter, *http.Request) bool { return false },
		"echo 400":     dpctest.Echo(400),
		"echo 401":     dpctest.Echo(401),
		"echo 403":     dpctest.Echo(403),
		"echo 500":     dpctest.Echo(500),
		"echo in name": nil, // needs the token's ID
		"echo pieces":  echoPieces,
		"redirect":     echoInRedirect,
		"cut off":      dpctest.CutOff(),
		"hung up":      dpctest.HangUp(),
	} {
		for _, at := range append(everyPath, struct {
			path string
			id   check.ID
		}{"/Token", check.Expiry}) {
			t.Run(name+at.path, func(t *testing.T) {
				p := newPractice(t, dpctest.Options{})
				p.creds.OrganizationToken = p.server.Token(dpctest.Token{Label: "as organization token"})
				broken := fault
				if broken == nil {
					broken = echoEverywhere(p.server.Tokens()[0].ID)
				}
				p.server.Break(at.path, broken)
				report := p.check(t)
				_, _, err := p.client.AccessToken(t.Context(), p.state, p.creds)
				out := everything(t, report) + fmt.Sprintf("%v %+v %#v %s", err, err, err, record.Hint(err))
				if piece := leak(out, p.secrets()...); piece != "" {
					t.Errorf("%q came out: %s", piece, out)
				}
			})
		}
	}
	if logged.Len() != 0 {
		t.Errorf("logged: %s", logged.String())
	}
}

// everything is all that a face, a file or a script may show of a report.
func everything(t *testing.T, r check.Report) string {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%s %+v %s", raw, r, r.Summary())
	for _, l := range r.Lines {
		out += l.Sentence() + l.Remedy() + l.Reason()
	}
	return out
}

// echoEverywhere sends the end of what it got as names and labels, also of the
// client token with that ID.
func echoEverywhere(id string) dpctest.Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		return dpctest.Reply(200, "application/json", fmt.Sprintf(`{
		"resourceType": "CapabilityStatement",
		"access_token": %[1]s, "token_type": "bearer",
		"id": "`+dpctest.OrganizationID+`", "label": %[1]s, "publicKey": %[1]s,
		"entry": [{"resource":{"resourceType":"Organization","id":"`+dpctest.OrganizationID+`","name":%[1]s,
			"identifier":[{"system":"`+npiSystem+`","value":%[1]s}]}}],
		"entities": [{"id":"%[2]s","label":%[1]s,"createdAt":%[1]s}]
	}`, pieces(r), id))(w, r)
	}
}

// echoPieces refuses with the end of what it got.
func echoPieces(w http.ResponseWriter, r *http.Request) bool {
	return dpctest.Reply(400, "application/json", fmt.Sprintf(`{"code":400,"message":%s}`, pieces(r)))(w, r)
}

// pieces returns the end of what was sent as a JSON string, in pieces too short to
// look like a credential.
func pieces(r *http.Request) []byte {
	got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + body(r)
	var all []string
	for piece := range slices.Chunk([]byte(got[max(0, len(got)-190):]), 30) {
		all = append(all, string(piece))
	}
	out, _ := json.Marshal(strings.Join(all, " ")) // a string always can be
	return out
}

// echoInRedirect sends what it got as another host's name.
func echoInRedirect(w http.ResponseWriter, r *http.Request) bool {
	got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + body(r)
	return dpctest.Redirect(302, "http://"+strings.ToLower(got[:min(len(got), 200)])+".invalid/")(w, r)
}

func TestLabelsAreCleaned(t *testing.T) {
	p := newPractice(t, dpctest.Options{})
	p.server.DeleteKey(p.creds.KeyID)
	p.creds.KeyID = p.server.AddKeyOf(dpctest.OrganizationID, "\x1b[31mred\x1b[0m\n\u202eevil "+strings.Repeat("long ", 100), keystest.Pair(t).Public())
	report := p.check(t)
	label := report.Lines[5].KeyLabel
	if !strings.HasPrefix(label, "[31mred[0m evil long long") || len([]rune(label)) != maxDetail {
		t.Errorf("%q", label)
	}
}

// A fact that joins the line later is cleaned too, unless it is an ID, which was
// parsed.
func TestEveryWordOfALineIsCleaned(t *testing.T) {
	const raw = "\x1b[31mred"
	line := check.Line{}
	fields := reflect.ValueOf(&line).Elem()
	for i := range fields.NumField() {
		if fields.Field(i).Type() == reflect.TypeFor[string]() {
			fields.Field(i).SetString(raw)
		}
	}
	got := reflect.ValueOf(cleaner{}.line(line))
	for i := range got.NumField() {
		name := got.Type().Field(i).Name
		if got.Field(i).String() == raw && name != "KeyID" && name != "OrganizationID" {
			t.Errorf("%s is not cleaned", name)
		}
	}
}

func TestClean(t *testing.T) {
	secret := "W3sidiI6MiwibCI6Imh0dHBzOi8vc2FuZGJveC5kcGMuY21zLmdvdi9hcGkiLCJpIjoi"
	words := cleaner{keys.NewSecret(secret)}
	for _, c := range []struct{ name, text, want string }{
		{"plain", "Cannot find public key with id: 46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0", "Cannot find public key with id: 46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0"},
		{"whole", "bad token " + secret + "!", "bad token [redacted]!"},
		{"start", "bad token " + secret[:20], "bad token [redacted]"},
		{"middle", "bad token …" + secret[20:40] + "…", "bad token …[redacted]…"},
		{"twice", secret + " and " + secret, "[redacted] and [redacted]"},
		{"too short to matter", secret[:15], secret[:15]},
		{"another's", "token " + strings.Repeat("Ab1_", 10), "token [redacted]"},
		{"address", "https://sandbox.dpc.cms.gov/api/v1/Token/auth/and/so/on", "https://sandbox.dpc.cms.gov/api/v1/Token/auth/and/so/on"},
		{"controls", "a\x00b\r\nc\td\x1b[0m\u200b\u2028e", "ab c d[0m e"},
		{"not UTF-8", "a\xff\xfeb", "ab"},
		{"long", strings.Repeat("ab ", 100), strings.Repeat("ab ", 66) + "a…"},
		{"empty", "", ""},
	} {
		if got := words.clean(c.text); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func FuzzClean(f *testing.F) {
	const secret = "W3sidiI6MiwibCI6Imh0dHBzOi8vc2FuZGJveC5kcGMuY21zLmdvdi9hcGkiLCJpIjoi"
	f.Add("before ", uint8(3), uint8(40), " after")
	f.Add("\x1b]0;\xff", uint8(0), uint8(16), "\u202e")
	f.Fuzz(func(t *testing.T, before string, from, to uint8, after string) {
		start := int(from) % len(secret)
		end := min(start+int(to), len(secret))
		out := cleaner{keys.NewSecret(secret)}.clean(before + secret[start:end] + after)
		shown(t, out)
		if piece := leak(out, secret); piece != "" {
			t.Errorf("%q came out: %q", piece, out)
		}
	})
}

// shown fails the test for what must not reach a terminal.
func shown(t *testing.T, words string) {
	t.Helper()
	if len([]rune(words)) > maxDetail || strings.ToValidUTF8(words, "?") != words {
		t.Errorf("%q is too long or not UTF-8", words)
	}
	for _, r := range words {
		if r != ' ' && (text.Unseen(r) || unicode.IsSpace(r)) {
			t.Errorf("%U in %q", r, words)
		}
	}
}

// FuzzAnswer reads any bytes as an answer of each kind.
func FuzzAnswer(f *testing.F) {
	public := "-----BEGIN PUBLIC KEY-----\\nMIICIjANBgkq\\n-----END PUBLIC KEY-----\\n"
	for _, seed := range []string{
		`{"code":401,"message":"Invalid JWT"}`,
		`{"resourceType":"OperationOutcome","issue":[{"details":{"text":"no"},"diagnostics":"at all"}]}`,
		`{"access_token":"W3si","token_type":"bearer","expires_in":300}`,
		`{"entry":[{"resource":{"resourceType":"Organization","id":"46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0","name":"a"}}]}`,
		`{"entities":[{"id":"46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0","publicKey":"` + public + `","label":"\u001b[0m"},null,{"label":"x","expiresAt":"2027-11-22T12:00:00Z"}]}`,
		`<html>`, `[]`, `null`, `{"errors":["a","b"],"issue":[null]}`,
	} {
		for _, status := range []int{200, 302, 400, 401, 403, 404, 407, 429, 503} {
			f.Add([]byte(seed), "application/json", status)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, kind string, status int) {
		a := answer{status: status, kind: kind, body: raw, wait: kind}
		faults := []*fault{onTheWay(a), refusal(a), isDPC(a)}
		got, f := parseAccess(a)
		if faults = append(faults, f); (f == nil) != bearerForm.MatchString(got.token.Reveal()) || got.life < 0 {
			t.Errorf("access token %q, life %s: %v", got.token.Reveal(), got.life, f)
		}
		o, f := parseOrganization(a)
		faults = append(faults, f)
		all, f := parseKeys(a)
		faults = append(faults, f)
		tokens, f := parseTokens(a)
		faults = append(faults, f)
		lines := []check.Line{{Organization: o.name, NPI: o.npi}}
		for _, k := range all {
			lines = append(lines, check.Line{KeyLabel: k.label})
		}
		for _, token := range tokens {
			lines = append(lines, check.Line{TokenLabel: token.label})
		}
		for _, f := range faults {
			if f != nil {
				lines = append(lines, *f)
			}
			if f != nil && f.Cause == "" {
				t.Errorf("a fault without a cause: %+v", f)
			}
		}
		for _, line := range lines {
			line = cleaner{}.line(line)
			for _, words := range []string{line.Organization, line.NPI, line.KeyLabel, line.TokenLabel, line.Detail} {
				shown(t, words)
			}
		}
	})
}

func body(r *http.Request) string {
	raw, _ := io.ReadAll(r.Body) // of what is missing nothing can leak
	return string(raw)
}
