package submission

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	devpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

func TestPageIsSelfContained(t *testing.T) {
	before, after := page()
	full := before + after
	if strings.Contains(full, "{{") {
		t.Error("a placeholder is left")
	}
	for _, banned := range []string{"http://", "https://", "//", " src=", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket", "innerHTML", "eval(", "style=\"", "onclick="} {
		text := full
		if banned == "//" { // comments of the script
			text = before[:strings.Index(before, "<style>")]
		}
		if strings.Contains(text, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "form-action 'none'", "base-uri 'none'"} {
		if !strings.Contains(before, want) {
			t.Errorf("the policy has no %q", want)
		}
	}
	if strings.Contains(before, "unsafe") {
		t.Error("the policy allows something unsafe")
	}
}

func TestPageHoldsNothingInTheClear(t *testing.T) {
	c := contents(t)
	data := string(closed(t, c, quickHTML(testPass())))
	without(t, data, append(secrets(c), testNPI, testKeyID, keystest.OrganizationID, c.Submission.Organization))
}

func TestLineEndsOfACheckoutDoNotMatter(t *testing.T) {
	if got := policy(unixLines("a\r\nb"), unixLines("c\r\n")); got != policy("a\nb", "c\n") {
		t.Error("the hashes depend on the line ends")
	}
}

func TestHTMLPassphraseIsNormalized(t *testing.T) {
	data := closed(t, contents(t), quickHTML(keys.NewSecret("café-lantern ")))
	for _, same := range []string{"café-lantern", " cafe\u0301-lantern\n"} {
		if _, err := Open(context.Background(), bytes.NewReader(data), Unlock{Passphrase: pass(same)}); err != nil {
			t.Errorf("%q: %v", same, err)
		}
	}
}

// rewritten returns a page whose envelope was changed.
func rewritten(t *testing.T, data []byte, change func(*envelope)) []byte {
	t.Helper()
	before, rest, _ := bytes.Cut(data, []byte(envelopeOpen))
	raw, after, _ := bytes.Cut(rest, []byte(envelopeClose))
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	change(&e)
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{before, []byte(envelopeOpen), raw, []byte(envelopeClose), after}, nil)
}

func TestOpenRefusesPages(t *testing.T) {
	data := closed(t, contents(t), quickHTML(testPass()))
	script := bytes.Replace(data, []byte(`"use strict";`), []byte(`"use strict"; `), 1)
	before, rest, _ := bytes.Cut(script, []byte(envelopeOpen))
	_, after, _ := bytes.Cut(rest, []byte(envelopeClose))
	forged := hexDigest([]byte(string(before) + envelopeOpen + envelopeClose + string(after)))
	for name, test := range map[string]struct {
		data []byte
		want error
		text string
	}{
		"another format":       {rewritten(t, data, func(e *envelope) { e.Format = "x" }), ErrDamaged, "not made by dpc-onboard"},
		"schema of tomorrow":   {rewritten(t, data, func(e *envelope) { e.Schema = 2 }), nil, "schema 2"},
		"too few iterations":   {rewritten(t, data, func(e *envelope) { e.Iterations = 599_999 }), ErrDamaged, "parameters"},
		"a bomb of iterations": {rewritten(t, data, func(e *envelope) { e.Iterations = 10_000_001 }), ErrDamaged, "parameters"},
		"another cipher":       {rewritten(t, data, func(e *envelope) { e.Cipher = "AES-256-CBC" }), ErrDamaged, "parameters"},
		"another kdf":          {rewritten(t, data, func(e *envelope) { e.KDF = "PBKDF2-HMAC-SHA-1" }), ErrDamaged, "parameters"},
		"short salt":           {rewritten(t, data, func(e *envelope) { e.Salt = e.Salt[:8] }), ErrDamaged, "parameters"},
		"short nonce":          {rewritten(t, data, func(e *envelope) { e.Nonce = nil }), ErrDamaged, "parameters"},
		"another salt":         {rewritten(t, data, func(e *envelope) { e.Salt[0] ^= 1 }), ErrDamaged, "not as it was made"},
		"another nonce":        {rewritten(t, data, func(e *envelope) { e.Nonce[0] ^= 1 }), ErrDamaged, "not as it was made"},
		"no ciphertext":        {rewritten(t, data, func(e *envelope) { e.Ciphertext = nil }), ErrDamaged, "not as it was made"},
		"white space":          {bytes.Replace(data, []byte(`{"format":`), []byte(`{ "format":`), 1), ErrDamaged, "not as it was made"},
		"an altered script":    {script, ErrDamaged, "page around the sealed package was altered"},
		"an altered script that says it is right": {
			rewritten(t, script, func(e *envelope) { e.Page = forged }), ErrPassphrase, "",
		},
	} {
		_, err := tryOpen(test.data)
		if err == nil || (test.want != nil && !errors.Is(err, test.want)) || !strings.Contains(err.Error(), test.text) || noHint(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChromiumOpensThePage(t *testing.T) {
	c := contents(t)
	b := newChromium(t)
	b.visit(closed(t, c, under(htmlFormat, testPass(), htmlIterations)))

	if b.ask("document.activeElement.id") != "passphrase" {
		t.Error("the cursor is not in the passphrase field")
	}
	b.picture("locked")
	b.typePassphrase(wrongPass)
	b.until(`!document.getElementById("message").hidden`)
	if got := b.ask(`document.getElementById("message").textContent`); !strings.Contains(got, "does not open the package") || !strings.Contains(got, "as often as you like") {
		t.Errorf("wrong passphrase: %q", got)
	}
	if b.ask(`document.activeElement.id + getComputedStyle(document.getElementById("opened")).display`) != "passphrasenone" {
		t.Error("after a wrong passphrase the cursor is elsewhere, or something is open")
	}
	b.picture("wrong")

	b.typePassphrase(" " + testPass().Reveal())
	b.until(`!document.getElementById("opened").hidden`)
	b.picture("open")
	b.readsSummary(c)
	for _, item := range c.items() {
		b.readsItem(item)
	}
	b.picture("shown")
	b.savesAll(c)
	b.locks()
	b.isQuiet()
}

// readsSummary compares the summary, which is above the items.
func (b *chromium) readsSummary(c Contents) {
	b.t.Helper()
	summary := b.ask(`document.getElementById("summary").innerText`)
	for _, want := range []string{
		"Riverside Family Practice", testNPI, "sandbox", keystest.OrganizationID, "riverside sandbox",
		"riverside key", testKeyID, c.Submission.KeyFingerprint, "worked with DPC on", "1.2.3",
	} {
		if !strings.Contains(summary, want) {
			b.t.Errorf("the summary has no %q", want)
		}
	}
	without(b.t, b.ask("document.documentElement.outerHTML"), secrets(c))
	if got := b.ask(`document.getElementById("verdict").textContent`); !strings.Contains(got, "every item is what its checksum says") {
		b.t.Errorf("verdict = %q", got)
	}
	if b.ask("document.activeElement.id") != "summary-title" {
		b.t.Error("a screen reader is not led to the summary")
	}
	if b.ask(`document.getElementById("summary").compareDocumentPosition(document.getElementById("items")) & 4`) != "4" {
		b.t.Error("the summary is not above the items")
	}
}

// readsItem shows, hides, copies and saves one item.
func (b *chromium) readsItem(item file) {
	b.t.Helper()
	at := `#items > [data-name="` + item.name + `"] `
	shown := `document.querySelector('` + at + `pre').textContent`
	if strings.Contains(b.ask(shown), string(item.data)) {
		b.t.Errorf("%s is not masked", item.name)
	}
	b.do(chromedp.Click(at + ".show"))
	if b.ask(shown) != string(item.data) {
		b.t.Errorf("%s is not shown as it is", item.name)
	}
	if item.name != privateKeyName { // stays open for the picture
		b.do(chromedp.Click(at + ".show"))
		if strings.Contains(b.ask(shown), string(item.data)) {
			b.t.Errorf("%s is not hidden again", item.name)
		}
	}
	b.do(chromedp.Click(at + ".copy"))
	b.until(`document.getElementById("status").textContent.endsWith(" copied")`)
	if got := b.pasted(); got != string(item.data) {
		b.t.Errorf("%s: the clipboard has %d characters", item.name, len(got))
	}
	b.do(chromedp.Click(at + ".save"))
	if name, data := b.download(); name != item.name || data != string(item.data) {
		b.t.Errorf("%s was saved as %s with %d bytes", item.name, name, len(data))
	}
	labels := b.ask(`[...document.querySelectorAll('` + at + `button')].map((b) => b.getAttribute("aria-label")).join()`)
	title := b.ask(`document.querySelector('` + at + `h3').textContent`)
	for _, want := range []string{"Copy " + title, "Save " + title} {
		if !slices.Contains(strings.Split(labels, ","), want) {
			b.t.Errorf("labels = %s, want %s", labels, want)
		}
	}
}

// savesAll saves the zip and unpacks it.
func (b *chromium) savesAll(c Contents) {
	b.t.Helper()
	b.do(chromedp.Click("#save-all"))
	name, data := b.download()
	if name != "dpc-1234567893-sandbox-20261123.zip" {
		b.t.Errorf("name = %s", name)
	}
	holds(b.t, c, []byte(data))
}

// locks presses the button from inside: a mouse's answer is lost in the reload.
func (b *chromium) locks() {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.WaitEvent(devpage.LoadEventFired, nil, chromedp.Evaluate[chromedp.Void](`document.getElementById("lock").click()`)))
	b.must(err)
	if b.ask(`document.getElementById("items").children.length === 0 && document.getElementById("opened").hidden`) != "true" {
		b.t.Error("the page is not locked")
	}
}

// isQuiet fails the test where the page asked for anything but itself, or the
// browser had anything to say against it.
func (b *chromium) isQuiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.requests {
		if !strings.HasPrefix(address, "file:///") && !strings.HasPrefix(address, "blob:") {
			b.t.Errorf("the page asked for %s", address)
		}
	}
	if len(b.trouble) > 0 {
		b.t.Errorf("the browser says: %q", b.trouble)
	}
}

// TestChromiumForbidsTheNetwork runs in the page what a thief would. Not the
// missing network refuses it, but the page's own policy.
func TestChromiumForbidsTheNetwork(t *testing.T) {
	b := newChromium(t)
	b.visit(closed(t, contents(t), quickHTML(testPass())))
	for name, attempt := range map[string]string{
		"connect-src, by fetch":      `fetch("https://198.51.100.1/").catch(() => {})`,
		"connect-src, by beacon":     `navigator.sendBeacon("https://198.51.100.1/", "x")`,
		"connect-src, by web socket": `new WebSocket("wss://198.51.100.1/")`,
		"img-src":                    `new Image().src = "https://198.51.100.1/x.png"`,
		"frame-src":                  `{ const f = document.createElement("iframe"); f.src = "https://198.51.100.1/"; document.body.append(f); }`,
		"style-src-attr":             `document.body.setAttribute("style", "color: red")`,
		"form-action":                `{ const f = document.createElement("form"); f.action = "https://198.51.100.1/"; document.body.append(f); f.submit(); }`,
		"require-trusted-types-for":  `document.body.insertAdjacentHTML("beforeend", "<b>x</b>")`,
	} {
		want, _, _ := strings.Cut(name, ",")
		got := b.promise(`new Promise((done) => {
			document.addEventListener("securitypolicyviolation", (e) => done(e.effectiveDirective), { once: true });
			try { ` + attempt + ` } catch {}
		})`)
		if got != want {
			t.Errorf("%s: violates %s", name, got)
		}
	}
}

func TestChromiumSaysThatThePageIsDamaged(t *testing.T) {
	b := newChromium(t)
	data := closed(t, contents(t), quickHTML(testPass()))
	b.visit(rewritten(t, data, func(e *envelope) { e.Ciphertext[9] ^= 1 }))
	b.typePassphrase(testPass().Reveal())
	b.until(`!document.getElementById("message").hidden`)
	if got := b.ask(`document.getElementById("message").textContent`); !strings.Contains(got, "damaged on its way") {
		t.Errorf("message = %q", got)
	}
	b.clear()
	b.do(chromedp.Click("#open"))
	b.until(`document.getElementById("message").textContent.startsWith("Type the passphrase")`)
	b.isQuiet()
}

// TestChromiumKeyboardAlone opens and shows with Tab, Enter and Space.
func TestChromiumKeyboardAlone(t *testing.T) {
	b := newChromium(t)
	b.visit(closed(t, contents(t), quickHTML(testPass())))
	b.do(chromedp.KeyEvent(testPass().Reveal()), chromedp.KeyEvent(kb.Enter))
	b.until(`!document.getElementById("opened").hidden`)
	reached := map[string]bool{}
	for range 40 {
		b.do(chromedp.KeyEvent(kb.Tab))
		reached[b.ask(`document.activeElement.getAttribute("aria-label") || document.activeElement.textContent`)] = true
	}
	for _, want := range []string{"Save all as a zip", "Show Client Token", "Copy Private Key", "Save NPI used to register with DPC", "Private Key, hidden"} {
		if !reached[want] {
			t.Errorf("Tab does not reach %q", want)
		}
	}
	b.do(chromedp.Focus(`[data-name="npi.txt"] .show`), chromedp.KeyEvent(" "))
	if got := b.ask(`document.querySelector('[data-name="npi.txt"] pre').textContent`); got != testNPI {
		t.Errorf("Space shows %q", got)
	}
	if unnamed := b.ask(`[...document.querySelectorAll("button,input,pre,section,ol")].filter((e) => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.labels?.length || e.textContent.trim())).length`); unnamed != "0" {
		t.Errorf("%s controls have no name", unnamed)
	}
}

// TestEachSealIsFresh: a key or a nonce that came twice would give both packages
// away (NIST SP 800-38D, 8).
func TestEachSealIsFresh(t *testing.T) {
	c, seen := contents(t), map[string]bool{}
	for range 3 {
		e, err := parsePage(closed(t, c, quickHTML(testPass())))
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range [][]byte{e.Salt, e.Nonce} {
			if seen[string(value)] || bytes.Equal(value, make([]byte, len(value))) {
				t.Errorf("%x came before", value)
			}
			seen[string(value)] = true
		}
	}
	for format, seal := range quickSeals() {
		if bytes.Equal(closed(t, c, seal), closed(t, c, seal)) {
			t.Errorf("%s: the same file twice", format)
		}
	}
}
