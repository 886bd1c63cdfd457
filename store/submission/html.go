package submission

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// This file is the seal that opens itself in a browser; the package comment has
// its format, and page/ has the page.

// FormatHTML is the format that a browser opens.
const FormatHTML record.Format = "html"

var htmlFormat = format{
	name:            FormatHTML,
	extension:       ".html",
	recognizes:      isPage,
	work:            htmlIterations,
	underPassphrase: htmlPassphrase,
	open:            openHTML,
}

// The page's parts. The page is one file: style and script go into it, each
// under its own hash in the Content-Security-Policy.
var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/page.js
	pageJS string
)

// What the format fixes, and the iterations that a new page gets: more than the
// 600,000 that OWASP asks for, and under a second in a browser on an old PC.
const (
	htmlID            = "dpc-onboard-html"
	htmlSchema        = 1
	htmlKDF           = "PBKDF2-HMAC-SHA-256"
	htmlCipher        = "AES-256-GCM"
	htmlIterations    = 1_000_000
	htmlMinIterations = 600_000
	htmlMaxIterations = 10_000_000
	htmlSalt          = 16 // bytes
	htmlNonce         = 12 // bytes
)

// The tags around the envelope.
const (
	envelopeOpen  = `<script type="application/json" id="package">`
	envelopeClose = `</script>`
)

// envelope is the data block in the page; the package comment describes it.
type envelope struct {
	Format     string `json:"format"`
	Schema     int    `json:"schema"`
	KDF        string `json:"kdf"`
	Iterations int    `json:"iterations"`
	Salt       []byte `json:"salt"`
	Cipher     string `json:"cipher"`
	Nonce      []byte `json:"nonce"`
	Page       string `json:"page"`
	SHA256     string `json:"sha256"`
	Ciphertext []byte `json:"ciphertext"`
}

// htmlPassphrase seals so that a browser opens it with a passphrase.
func htmlPassphrase(zip []byte, passphrase keys.Secret, iterations int) ([]byte, error) {
	before, after := page()
	e := envelope{
		Format: htmlID, Schema: htmlSchema,
		KDF: htmlKDF, Iterations: iterations, Salt: make([]byte, htmlSalt),
		Cipher: htmlCipher, Nonce: make([]byte, htmlNonce),
		Page: hexDigest([]byte(before + after)),
	}
	_, _ = rand.Read(e.Salt) // never fails: see crypto/rand
	_, _ = rand.Read(e.Nonce)
	aead, err := e.aead(passphrase)
	if err != nil {
		return nil, err
	}
	e.Ciphertext = aead.Seal(nil, e.Nonce, zip, e.additional())
	e.SHA256 = e.digest()
	data, err := json.Marshal(e)
	return []byte(before + string(data) + after), err
}

// page returns the page before and after the envelope.
func page() (before, after string) {
	style, script := unixLines(pageCSS), unixLines(pageJS)
	full := strings.NewReplacer(
		"{{policy}}", policy(style, script),
		"{{style}}", style,
		"{{script}}", script,
	).Replace(unixLines(pageHTML))
	before, after, _ = strings.Cut(full, "{{package}}")
	return before, after
}

// unixLines undoes what a checkout on Windows may do to line ends: browsers hash a
// script with plain newlines.
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// policy is the page's Content-Security-Policy: this very script and style, and
// no network, frame, form, plug-in or other script at all.
func policy(style, script string) string {
	return "default-src 'none'; script-src " + source(script) + "; style-src " + source(style) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// aead derives the key. It takes as long as the iterations ask.
func (e envelope) aead(passphrase keys.Secret) (cipher.AEAD, error) {
	plain := strings.TrimSpace(norm.NFC.String(passphrase.Reveal()))
	key, err := pbkdf2.Key(sha256.New, plain, e.Salt, e.Iterations, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// additional is what AES-GCM authenticates beside the ciphertext.
func (e envelope) additional() []byte {
	return fmt.Appendf(nil, "%s %d %s", e.Format, e.Schema, e.Page)
}

// digest is what SHA256 must be.
func (e envelope) digest() string {
	return hexDigest(bytes.Join([][]byte{e.Salt, e.Nonce, e.Ciphertext}, nil))
}

func isPage(data []byte) bool {
	return bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(data)), []byte("<!doctype"))
}

// openHTML opens a page. All that can be known about damage is known before the
// passphrase is asked for.
func openHTML(data []byte, _ []keys.Secret, ask ask) ([]byte, error) {
	e, err := parsePage(data)
	if err != nil {
		return nil, err
	}
	passphrase, err := ask()
	if err != nil {
		return nil, err
	}
	aead, err := e.aead(passphrase)
	if err != nil {
		return nil, err
	}
	zip, err := aead.Open(nil, e.Nonce, e.Ciphertext, e.additional())
	if err != nil {
		return nil, wrongPassphrase()
	}
	return zip, nil
}

// parsePage finds the envelope and checks it, and the page around it.
func parsePage(data []byte) (envelope, error) {
	before, rest, found := bytes.Cut(data, []byte(envelopeOpen))
	raw, after, closed := bytes.Cut(rest, []byte(envelopeClose))
	if !found || !closed {
		return envelope{}, damaged(errors.New("the page holds no sealed package"))
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return envelope{}, damaged(errors.New("the sealed package in the page can't be read"))
	}
	if err := e.supported(); err != nil {
		return envelope{}, err
	}
	around := string(before) + envelopeOpen + envelopeClose + string(after)
	again, err := json.Marshal(e)
	switch {
	case err != nil || !bytes.Equal(again, raw), e.SHA256 != e.digest():
		return envelope{}, damaged(errors.New("the sealed package in the page is not as it was made"))
	case e.Page != hexDigest([]byte(around)):
		return envelope{}, record.WithHint(fmt.Errorf("the page around the sealed package was altered: %w", ErrDamaged),
			"Don't type the passphrase into this page; ask the sender to send it again, by SFTP or through your portal.")
	}
	return e, nil
}

// supported refuses what this version does not read, and parameters that are too
// weak to have come from it or too heavy to try.
func (e envelope) supported() error {
	switch {
	case e.Format != htmlID:
		return damaged(errors.New("the page was not made by dpc-onboard"))
	case e.Schema != htmlSchema:
		return record.WithHint(fmt.Errorf("the page has schema %d, and this version of dpc-onboard reads schema %d", e.Schema, htmlSchema),
			"Get the newest dpc-onboard, or open the page in a browser.")
	case e.KDF != htmlKDF, e.Cipher != htmlCipher, len(e.Salt) != htmlSalt, len(e.Nonce) != htmlNonce,
		e.Iterations < htmlMinIterations, e.Iterations > htmlMaxIterations:
		return damaged(errors.New("the sealed package in the page has parameters that dpc-onboard does not use"))
	}
	return nil
}
