package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/macaroon.v2"
)

// This file finds the macaroons in a client token, and what their caveats say.
//
// The forms are those of DPC's MacaroonBakery.deserializeMacaroon and of the
// jmacaroons library under it. A text that starts with e, W or T is decoded from
// base64 once; what then starts with [ or { is V2 JSON; all else is decoded from
// base64 (once more, behind a T) and has to be V1 binary. DPC itself writes JSON
// alone. It refuses V1 JSON and V2 binary. See
// https://github.com/CMSgov/dpc-app/blob/main/dpc-macaroons/src/main/java/gov/cms/dpc/macaroons/MacaroonBakery.java
//
// The errors of the macaroon library quote what they read, so none is passed on.

// tokenStart is how DPC's tokens start: base64 of `[{"`.
const tokenStart = "W3si"

var (
	notBase64 = regexp.MustCompile(`[^\w-]`)
	// v1Form is how V1 binary starts: with the length of the first packet in four
	// hexadecimal digits, and its name.
	v1Form = regexp.MustCompile(`^[0-9a-f]{4}location `)
	// webAddress is in ASCII, without white space and control characters.
	webAddress = regexp.MustCompile(`^(?i:https?)://[!-~]+$`)
)

// decodePlain removes line breaks, which JSON has in no string, and white space
// between the values, but no space in a string, because caveats are signed.
func decodePlain(text string) (string, macaroon.Slice, error) {
	text = strings.NewReplacer("\r", "", "\n", "").Replace(text)
	all, err := decodeJSON([]byte(text))
	if err != nil {
		return "", nil, err
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, []byte(text)) // fails only for what is no JSON
	return compact.String(), all, nil
}

// decodeBase64 takes both alphabets, with or without padding, and returns the text
// in the URL-safe one, with padding.
func decodeBase64(text string) (string, macaroon.Slice, error) {
	body := urlSafe(text)
	all, err := decodeBody(body)
	if err != nil {
		return "", nil, diagnose(body, err)
	}
	return body + strings.Repeat("=", (4-len(body)%4)%4), all, nil
}

func urlSafe(text string) string {
	return strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
}

// decodeBody takes the URL-safe alphabet without padding.
func decodeBody(body string) (macaroon.Slice, error) {
	if notBase64.MatchString(body) {
		return nil, ErrTokenBase64
	}
	// The decoder stops at a single character over, which holds no whole byte: a
	// sign of a cut that the bytes before it will confirm.
	data, over := base64.RawURLEncoding.DecodeString(body)
	if strings.HasPrefix(body, "T") {
		inner, err := base64.RawURLEncoding.DecodeString(urlSafe(string(data)))
		data, over = inner, errors.Join(over, err)
	}
	var all macaroon.Slice
	err := ErrTokenForeign
	switch {
	case bytes.HasPrefix(data, []byte("[")), bytes.HasPrefix(data, []byte("{")):
		all, err = decodeJSON(data)
	case v1Form.Match(data):
		all, err = decodeV1(data)
	case bytes.HasPrefix(data, []byte{byte(macaroon.V2)}) && new(macaroon.Slice).UnmarshalBinary(data) == nil:
		err = ErrTokenForm
	case len(data) > minToken && data[0] == 0x30 && data[1]&0xf0 == 0x80:
		err = ErrTokenPEM // a long ASN.1 sequence: a key without its first line
	}
	if err == nil && over != nil {
		err = ErrTokenForeign
	}
	return all, err
}

// decodeV1 takes one macaroon, as DPC does. It takes a failure for a cut, because
// lengths stand in front.
func decodeV1(data []byte) (macaroon.Slice, error) {
	var all macaroon.Slice
	switch err := all.UnmarshalBinary(data); {
	case err != nil:
		return nil, ErrTokenCut
	case len(all) > 1:
		return nil, ErrTokenTwo
	}
	return all, nil
}

// decodeJSON takes one macaroon or an array of them.
func decodeJSON(data []byte) (macaroon.Slice, error) {
	var value json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(&value); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrTokenCut
	case err != nil:
		return nil, ErrTokenForeign
	}
	switch next, err := decoder.Token(); {
	case next == json.Delim('['), next == json.Delim('{'):
		return nil, ErrTokenTwo
	case !errors.Is(err, io.EOF):
		return nil, ErrTokenForeign
	}
	if value[0] == '{' {
		value = slices.Concat([]byte("["), value, []byte("]"))
	}
	var objects []struct{} // the library would take binary forms in strings too
	var all macaroon.Slice
	err := errors.Join(json.Unmarshal(value, &objects), json.Unmarshal(value, &all))
	switch {
	case err != nil, len(all) == 0, slices.Contains(all, nil):
		return nil, ErrTokenForeign
	case slices.ContainsFunc(all, func(m *macaroon.Macaroon) bool { return m.Version() != macaroon.V2 }):
		return nil, ErrTokenForm
	}
	return all, nil
}

// diagnose finds a better reason for an error of decodeBody.
func diagnose(body string, err error) error {
	switch long := len(body) >= minToken; {
	case !long && !errors.Is(err, ErrTokenCut):
		return ErrTokenWord
	case long && strings.Count(body, body[:len(tokenStart)*2]) > 1:
		return ErrTokenTwo
	case long && strings.Index(body, tokenStart) > 0 && !errors.Is(err, ErrTokenBase64):
		return ErrTokenLabel
	}
	return err
}

// readToken gathers what the macaroons say. The caveats of third parties are left
// out: only DPC can read them. What comes behind the first macaroon are discharges,
// which name no organization.
func readToken(all macaroon.Slice) (t Token, err error) {
	t.ID, _ = ParseUUID(string(all[0].Id()))
	// The location is not signed, and its host will be shown on a terminal.
	location := all[0].Location()
	if u, err := url.Parse(location); err == nil && webAddress.MatchString(location) {
		t.Host = strings.ToLower(u.Hostname())
	}
	ends := 0
	for i, m := range all {
		for _, c := range m.Caveats() {
			if len(c.VerificationId) > 0 {
				continue
			}
			name, value, _ := strings.Cut(string(c.Id), "=")
			switch name = strings.TrimSpace(name); {
			case name == "organization_id" && i > 0:
				err = ErrTokenTwo
			case name == "organization_id":
				err = t.addOrganization(value)
			case name == "expires":
				ends++
				err = t.addExpiry(strings.TrimSpace(value))
			}
			if err != nil {
				return Token{}, err
			}
		}
	}
	if t.OrganizationID == "" {
		return Token{}, ErrTokenOrganization
	}
	if ends > 1 && len(all) > 1 { // five minutes more narrowly, and discharged
		return Token{}, ErrTokenAccess
	}
	return t, nil
}

func (t *Token) addOrganization(value string) error {
	id, err := ParseUUID(value)
	switch {
	case err != nil:
		return ErrTokenOrganization
	case t.OrganizationID != "" && t.OrganizationID != id:
		return ErrTokenOrganizations
	}
	t.OrganizationID = id
	return nil
}

// addExpiry keeps the earliest of several dates: caveats only ever narrow.
func (t *Token) addExpiry(value string) error {
	expires, err := time.Parse(time.RFC3339Nano, value)
	if err != nil { // Java leaves out seconds that are zero
		expires, err = time.Parse("2006-01-02T15:04Z07:00", value)
	}
	if err != nil {
		return ErrTokenExpiry
	}
	if t.Expires.IsZero() || expires.Before(t.Expires) {
		t.Expires = expires.UTC()
	}
	return nil
}
