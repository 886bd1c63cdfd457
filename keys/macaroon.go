package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gopkg.in/macaroon.v2"
)

// This file undoes the wrappings in which a client token may come. The errors of
// the macaroon library quote what they read, so none of them is passed on.

// tokenStart is how DPC's tokens start: base64 of `[{"`.
const tokenStart = "W3si"

// v1Form is how the first packet of libmacaroons' V1 binary form starts: its
// length in four hexadecimal digits and its name.
var v1Form = regexp.MustCompile(`^[0-9a-f]{4}location `)

// decodeToken returns the token as it goes to DPC, and the macaroons in it.
func decodeToken(text string) (Secret, macaroon.Slice, error) {
	if text[0] == '[' || text[0] == '{' {
		return decodePlain(text)
	}
	return decodeBase64(withoutSpace(text))
}

// decodePlain keeps the spaces inside of strings, because caveats are signed.
func decodePlain(text string) (Secret, macaroon.Slice, error) {
	text = strings.NewReplacer("\r", "", "\n", "").Replace(text)
	macaroons, err := decodeJSON([]byte(text))
	if err != nil {
		return Secret{}, nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(text)); err != nil {
		return Secret{}, nil, ErrTokenForeign
	}
	return NewSecret(compact.String()), macaroons, nil
}

// decodeBase64 takes both alphabets, with or without padding.
func decodeBase64(text string) (Secret, macaroon.Slice, error) {
	body := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	if at := strings.IndexFunc(body, notBase64); at >= 0 {
		return Secret{}, nil, oddCharacter(body, at)
	}
	// The decoder stops at a single character over, which holds no whole byte: a
	// sign of a cut that the bytes before it will confirm.
	data, over := base64.RawURLEncoding.DecodeString(body)
	macaroons, err := decodeBytes(data)
	if err == nil && over != nil {
		err = ErrTokenForeign
	}
	if err != nil {
		return Secret{}, nil, diagnose(body, err)
	}
	return NewSecret(padded(body)), macaroons, nil
}

func notBase64(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && r != '-' && r != '_'
}

func padded(body string) string { return body + strings.Repeat("=", (4-len(body)%4)%4) }

// oddCharacter names what a character outside of the alphabet means: padding in
// the middle ends a first token, where enough follows for another value.
func oddCharacter(body string, at int) error {
	switch {
	case body[at] == '=' && at >= minToken && len(body)-at > len(uuid.Nil.String()):
		return ErrTokenTwo
	case len(body) < minToken:
		return ErrTokenWord
	}
	return ErrTokenBase64
}

// diagnose finds a better reason than that the text can't be decoded.
func diagnose(body string, err error) error {
	long := len(body) >= minToken
	switch {
	case long && strings.Count(body, body[:len(tokenStart)*2]) > 1:
		return ErrTokenTwo
	case long && strings.Index(body, tokenStart) > 0:
		return ErrTokenLabel
	case !long && !errors.Is(err, ErrTokenCut):
		return ErrTokenWord
	}
	return err
}

func decodeBytes(data []byte) (macaroon.Slice, error) {
	inner, err := macaroon.Base64Decode(data)
	switch {
	case bytes.HasPrefix(data, []byte("[")), bytes.HasPrefix(data, []byte("{")):
		return decodeJSON(data)
	case bytes.HasPrefix(data, []byte{2}), v1Form.Match(data):
		return decodeBinary(data)
	case err == nil && v1Form.Match(inner): // encoded twice: it starts with a T
		return decodeBinary(inner)
	case len(data) > minToken && data[0] == 0x30 && data[1]&0xf0 == 0x80:
		return nil, ErrTokenPEM // a long ASN.1 sequence: a key without its first line
	}
	return nil, ErrTokenForeign
}

// decodeBinary takes a failure for a cut: both forms give lengths in front.
func decodeBinary(data []byte) (macaroon.Slice, error) {
	var all macaroon.Slice
	if err := all.UnmarshalBinary(data); err != nil {
		return nil, ErrTokenCut
	}
	return all, nil
}

// decodeJSON takes one macaroon or an array of them.
func decodeJSON(data []byte) (macaroon.Slice, error) {
	value, err := soleValue(data)
	if err != nil {
		return nil, err
	}
	if value[0] == '{' {
		value = slices.Concat([]byte("["), value, []byte("]"))
	}
	var all macaroon.Slice
	if err := json.Unmarshal(value, &all); err != nil {
		return nil, ErrTokenForeign
	}
	if len(all) == 0 || slices.Contains(all, nil) {
		return nil, ErrTokenForeign
	}
	return all, nil
}

// soleValue returns the one JSON value in data.
func soleValue(data []byte) (json.RawMessage, error) {
	var value json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(&value); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrTokenCut
	case err != nil:
		return nil, ErrTokenForeign
	}
	rest := bytes.TrimSpace(data[decoder.InputOffset():])
	switch {
	case len(rest) == 0:
		return value, nil
	case rest[0] == '[' || rest[0] == '{':
		return nil, ErrTokenTwo
	}
	return nil, ErrTokenForeign
}
