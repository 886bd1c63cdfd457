package keys_test

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"gopkg.in/macaroon.v2"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

var tokenErrors = []error{
	keys.ErrTokenEmpty, keys.ErrTokenLong, keys.ErrTokenUUID, keys.ErrTokenPEM, keys.ErrTokenJWT, keys.ErrTokenAccess, keys.ErrTokenForm, keys.ErrTokenLabel, keys.ErrTokenWord,
	keys.ErrTokenCut, keys.ErrTokenTwo, keys.ErrTokenBase64, keys.ErrTokenForeign, keys.ErrTokenOrganization, keys.ErrTokenOrganizations,
	keys.ErrTokenExpiry,
}

var keyErrors = []error{
	keys.ErrNoKey, keys.ErrKeyLong, keys.ErrNotPEM, keys.ErrDamaged, keys.ErrEncrypted, keys.ErrEC, keys.ErrAlgorithm, keys.ErrCertificate,
	keys.ErrPublic, keys.ErrPrivate, keys.ErrOpenSSH, keys.ErrOpenSSHLine, keys.ErrPKCS1Public, keys.ErrSeveral, keys.ErrKeyLarge,
	keys.ErrUnknownBlock,
}

var passphraseErrors = []error{
	keys.ErrPassphraseEmpty, keys.ErrPassphraseShort, keys.ErrPassphraseLong, keys.ErrPassphraseControl, keys.ErrPassphraseEdge,
	keys.ErrPassphraseRelated, keys.ErrPassphraseRepeats, keys.ErrPassphraseWeak,
}

func TestErrorTexts(t *testing.T) {
	seen := map[string]bool{}
	all := slices.Concat(tokenErrors, keyErrors, passphraseErrors, []error{
		keys.ErrKeySmall, keys.ErrNoPair, keys.ErrNoMatch, keys.ErrSignature, keys.ErrSignatureForm, keys.ErrClaims, keys.ErrUUID,
	})
	for _, err := range all {
		text := err.Error()
		if seen[text] || strings.HasSuffix(text, ".") || !unicode.IsLower(rune(text[0])) {
			t.Errorf("%q is said twice, or not in lower case without a period", text)
		}
		seen[text] = true
	}
}

func addTokens(f *testing.F) {
	token := keystest.Token(f, spec()).Reveal()
	v1, v2 := keystest.Macaroon(f, spec(), macaroon.V1), keystest.Macaroon(f, spec(), macaroon.V2)
	for _, seed := range []string{
		token, token[:200], "Token: " + token, token + token, inArray(f, v2), inArray(f, v2, discharge(f)), encode(binary(f, v1)), encode(binary(f, v2)),
		encode([]byte(encode(binary(f, v1)))), keystest.OrganizationID, "Sunrise", "\ufeff\"W3si\"", "eyJ.a.b", "[null]", `["AgE"]`, "{}", "=", "T",
	} {
		f.Add(seed)
	}
}

type parseToken func(keys.Secret) (keys.Secret, keys.Token, error)

// checkToken wants every error to be one of ours, word for word, so that none can
// hold any of the input, and what came out to be read as it is.
func checkToken(t *testing.T, parse parseToken, text string) {
	clean, got, err := parse(keys.NewSecret(text))
	if err != nil {
		if !slices.Contains(tokenErrors, err) || !clean.IsZero() || got != (keys.Token{}) {
			t.Fatalf("refused with %v, %+v", err, got)
		}
		return
	}
	if strings.ContainsAny(clean.Reveal(), "\r\n") || clean.Len() > len(text)+2 {
		t.Error("what came out is not clean")
	}
	if id, err := keys.ParseUUID(got.OrganizationID); err != nil || id != got.OrganizationID {
		t.Error("the organization has no canonical ID")
	}
	if again, same, err := parse(clean); err != nil || same != got || !again.Equal(clean) {
		t.Errorf("the clean token is read as %+v, %v", same, err)
	}
}

func FuzzParseToken(f *testing.F) {
	addTokens(f)
	f.Fuzz(func(t *testing.T, text string) { checkToken(t, keys.ParseToken, text) })
}

func FuzzParseOrganizationToken(f *testing.F) {
	addTokens(f)
	f.Fuzz(func(t *testing.T, text string) { checkToken(t, keys.ParseOrganizationToken, text) })
}

func addKeys(f *testing.F) {
	s := makeSamples(f)
	for _, seed := range []string{s.private, s.pkcs1, s.public, s.pkcs1Public, s.small, s.smallPublic, s.ec, s.ecPublic, s.ed, s.x, s.c} {
		f.Add(seed)
		f.Add(strings.ReplaceAll(seed, "\n", " "))
	}
	f.Add(inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(raw(f, keystest.OtherPair(f)))) + s.public)
	f.Add("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\nAA==\n-----END RSA PRIVATE KEY-----")
	f.Add("-----BEGIN PRIVATE KEY-----")
	f.Add("ssh-rsa AAAA")
}

// keyError accepts our errors alone: word for word, or with the size behind it.
func keyError(err error) bool {
	return slices.Contains(keyErrors, err) || errors.Is(err, keys.ErrKeySmall)
}

func FuzzParsePrivateKey(f *testing.F) {
	addKeys(f)
	f.Fuzz(func(t *testing.T, text string) {
		pair, err := keys.ParsePrivateKey(keys.NewSecret(text))
		if err != nil {
			if !keyError(err) || !pair.IsZero() {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		again, err := keys.ParsePrivateKey(pair.Private())
		if err != nil || !again.Private().Equal(pair.Private()) {
			t.Fatalf("what came out is not read again: %v", err)
		}
		signature, err := pair.Sign()
		if err != nil || again.Public().Verify(signature) != nil || pair.Matches(again.Public()) != nil {
			t.Errorf("the halves don't belong together: %v", err)
		}
	})
}

func FuzzParsePublicKey(f *testing.F) {
	addKeys(f)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := keys.ParsePublicKey(text)
		if err != nil {
			if !keyError(err) || !key.IsZero() {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		again, err := keys.ParsePublicKey(key.PEM())
		if err != nil || !again.Equal(key) || again.Fingerprint() != key.Fingerprint() || key.Bits() < 4096 {
			t.Errorf("what came out is not read again: %v", err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	pair := keystest.Pair(f)
	signature := must[string](f)(pair.Sign())
	f.Add(signature)
	f.Add(must[string](f)(keystest.OtherPair(f).Sign()))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		err := pair.Public().Verify(text)
		if err != nil && err != keys.ErrSignature && err != keys.ErrSignatureForm {
			t.Errorf("refused with %v", err)
		}
		// The signature is unique, and so is its base64 up to what nobody sees and
		// the unused bits of the last character.
		if err == nil && !strings.Contains(strings.Join(strings.Fields(text), ""), signature[:40]) && len(text) < len(signature) {
			t.Error("another signature counts")
		}
	})
}

func FuzzParseUUID(f *testing.F) {
	f.Add(keystest.OrganizationID)
	f.Add("“" + strings.ToUpper(keystest.OrganizationID) + "”")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := keys.ParseUUID(text)
		if err != nil {
			if err != keys.ErrUUID || id != "" {
				t.Errorf("refused with %q, %v", id, err)
			}
			return
		}
		if again, err := keys.ParseUUID(id); err != nil || again != id || len(id) != 36 || !strings.Contains(strings.ToLower(text), id) {
			t.Errorf("%q, %v", id, err)
		}
	})
}

func FuzzCheckPassphrase(f *testing.F) {
	f.Add("velvet-tractor-gloomy-harpist-eskimo", "Sunrise Family Practice")
	f.Add("Password1234!", "")
	f.Add("größer-ñandú-Ærø-żółw-čaj-übermut", "żółw")
	f.Add("23.11.2026 1/2/03 20261123", "1234567893")
	f.Add("\xff\xfe aaaaaaaaaaaaaa", "\xff")
	f.Fuzz(func(t *testing.T, phrase, related string) {
		err := keys.CheckPassphrase(keys.NewSecret(phrase), related)
		if err != nil && !slices.Contains(passphraseErrors, err) {
			t.Fatalf("refused with %v", err)
		}
		if err != nil {
			return
		}
		if len(phrase) < 12 || len(phrase) > 255 || strings.ContainsAny(phrase, "\r\n\t\x00") {
			t.Error("a passphrase of the wrong form passes")
		}
		if keys.CheckPassphrase(keys.NewSecret(phrase[:len(phrase)/2]+phrase[:len(phrase)/2])) == nil {
			t.Error("a repetition passes")
		}
	})
}
