package submission

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/ProtonMail/gopenpgp/v3/armor"
	"github.com/ProtonMail/gopenpgp/v3/crypto"
	"github.com/ProtonMail/gopenpgp/v3/profile"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// This file is the OpenPGP seal, in what RFC 4880 has and GnuPG 2.2 reads.

// pgpWork is how many bytes the passphrase's S2K hashes: the most that OpenPGP
// can ask for (RFC 4880, 3.7.1.3), and what GnuPG comes near on a fast machine.
const pgpWork = 65_011_712

// pgpHandle returns OpenPGP in the profile that GnuPG 2.2 reads: what RFC 4880
// has, so no AEAD and no Argon2. The S2K is spelled out because the library's own
// count is for passphrases of programs, not of people.
func pgpHandle(work int) *crypto.PGPHandle {
	p := profile.RFC4880()
	p.S2kEncryption = &s2k.Config{S2KMode: s2k.IteratedSaltedS2K, Hash: p.Hash, S2KCount: work}
	return crypto.PGPWithProfile(p)
}

// pgpSeal is an OpenPGP message to a key, or under a passphrase.
type pgpSeal struct {
	whose      string
	key        *crypto.Key
	now        time.Time // decides which of the key's subkeys is good
	passphrase keys.Secret
	work       int
}

// PGPPassphrase returns a seal that `gpg --decrypt` opens with a passphrase.
func PGPPassphrase(passphrase keys.Secret) Seal {
	return pgpSeal{whose: byPassphrase, passphrase: passphrase, work: pgpWork}
}

// PGPRecipient returns a seal to an OpenPGP public key: an armored key, or the
// path of a file that holds one, armored or binary. It refuses a private key, and
// a key that has expired, was revoked, or can only sign.
func PGPRecipient(recipient string, now time.Time) (Seal, error) {
	text, err := recipientText(recipient, "-----BEGIN")
	if err != nil {
		return nil, err
	}
	key, err := parsePGPKey([]byte(text))
	if err != nil {
		return nil, err
	}
	if err := usable(key, now); err != nil {
		return nil, err
	}
	return pgpSeal{whose: owner(key, now), key: key, now: now, work: pgpWork}, nil
}

// parsePGPKey reads a file with exactly one public key.
func parsePGPKey(data []byte) (*crypto.Key, error) {
	read := openpgp.ReadKeyRing
	if bytes.Contains(data, []byte("-----BEGIN PGP")) {
		read = openpgp.ReadArmoredKeyRing
	}
	entities, err := read(bytes.NewReader(data))
	if err != nil || len(entities) == 0 {
		return nil, steps.WithHint(errors.New("that is no OpenPGP public key, or it is damaged"),
			"Ask the receiver for the file that `gpg --armor --export NAME` writes.")
	}
	if len(entities) > 1 {
		return nil, steps.WithHint(fmt.Errorf("the file holds %d OpenPGP keys, and it can't be known which one is meant", len(entities)),
			"Ask the receiver for a file with one key: `gpg --armor --export FINGERPRINT`.")
	}
	key, err := crypto.NewKeyFromEntity(entities[0])
	if err != nil {
		return nil, err
	}
	if key.IsPrivate() {
		return nil, privateGiven()
	}
	return key, nil
}

// usable says why a key can't be sealed to now.
func usable(key *crypto.Key, now time.Time) error {
	reason := keyFault(key.GetEntity(), now)
	if reason == "" {
		return nil
	}
	return steps.WithHint(fmt.Errorf("the key of %s %s", owner(key, now), reason),
		"Ask the receiver for a current public key that can encrypt.")
}

// keyFault says what is wrong with a key, or "".
func keyFault(e *openpgp.Entity, now time.Time) string {
	_, err := e.VerifyPrimaryKey(now, &packet.Config{})
	switch {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return "was revoked"
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return "has expired"
	case err != nil:
		return "has no valid signature of its owner"
	}
	if _, err := e.EncryptionKeyWithError(now, &packet.Config{}); err == nil {
		return ""
	}
	return subkeyFault(e, now)
}

// subkeyFault says why no subkey can encrypt: each one's fault, or that there is
// none for encryption at all.
func subkeyFault(e *openpgp.Entity, now time.Time) string {
	for _, sub := range e.Subkeys {
		if !sub.PublicKey.PubKeyAlgo.CanEncrypt() {
			continue
		}
		_, err := sub.Verify(now, &packet.Config{})
		switch {
		case errors.Is(err, pgperrors.ErrKeyRevoked):
			return "has a part for encryption that was revoked"
		case errors.Is(err, pgperrors.ErrKeyExpired):
			return "has a part for encryption that has expired"
		}
	}
	return "can only sign, or is too weak to encrypt with"
}

// owner returns the name on a key and its fingerprint in groups of four.
func owner(key *crypto.Key, now time.Time) string {
	name := "a key without a name"
	if _, id := key.GetEntity().PrimaryIdentity(now, &packet.Config{}); id != nil {
		name = printable(id.Name)
	}
	return name + " (" + grouped(strings.ToUpper(key.GetFingerprint())) + ")"
}

// printable makes a stranger's text fit for a terminal: one line, no control
// characters, no marks that turn the direction of writing.
func printable(text string) string {
	clean := strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	if runes := []rune(clean); len(runes) > 120 {
		return string(runes[:120]) + "…"
	}
	return clean
}

func grouped(hex string) string {
	var groups []string
	for len(hex) > 4 {
		groups, hex = append(groups, hex[:4]), hex[4:]
	}
	return strings.Join(append(groups, hex), " ")
}

func (s pgpSeal) Format() string    { return FormatPGP }
func (s pgpSeal) Recipient() string { return s.whose }

// Close implements Seal.
func (s pgpSeal) Close(zip []byte) ([]byte, error) {
	builder := pgpHandle(s.work).Encryption()
	if s.key != nil {
		builder = builder.Recipient(s.key).EncryptionTime(s.now.Unix())
	} else {
		builder = builder.Password([]byte(s.passphrase.Reveal()))
	}
	handle, err := builder.New()
	if err != nil {
		return nil, fmt.Errorf("OpenPGP can't seal this: %w", err)
	}
	message, err := handle.Encrypt(zip)
	if err != nil {
		return nil, fmt.Errorf("OpenPGP can't seal this: %w", err)
	}
	return message.Bytes(), nil
}

// Tags of OpenPGP packets (RFC 4880, 4.3).
const (
	tagForKey        = 1
	tagForPassphrase = 3
	tagEncrypted     = 9
	tagProtected     = 18
	tagAEAD          = 20
)

// maxLocks is how many keys and passphrases a message may be sealed to: each
// passphrase's costs up to a second to try.
const maxLocks = 16

// openPGP opens an OpenPGP message, armored or binary.
func openPGP(data []byte, k keyhole) ([]byte, error) {
	data, err := dearmorPGP(data)
	if err != nil {
		return nil, err
	}
	forPassphrase, err := surveyPGP(data)
	if err != nil {
		return nil, err
	}
	builder := pgpHandle(pgpWork).Decryption().MaxDecompressedMessageSize(MaxSize)
	if forPassphrase && len(k.pgp) == 0 {
		passphrase, err := k.ask()
		if err != nil {
			return nil, err
		}
		builder = builder.Password([]byte(passphrase.Reveal()))
	} else if err := k.needPGP(); err != nil {
		return nil, err
	}
	for _, key := range k.pgp {
		builder = builder.DecryptionKey(key)
	}
	return decryptPGP(builder, data, len(k.pgp) == 0)
}

// decryptPGP reads a message to its end, where its integrity is proved: nothing
// that was read before counts.
func decryptPGP(builder *crypto.DecryptionHandleBuilder, data []byte, byPassphrase bool) ([]byte, error) {
	handle, err := builder.New()
	if err != nil {
		return nil, err
	}
	reader, err := handle.DecryptingReader(bytes.NewReader(data), crypto.Bytes)
	switch {
	case err != nil && byPassphrase:
		return nil, wrongPassphrase()
	case errors.Is(err, pgperrors.ErrKeyIncorrect):
		return nil, wrongIdentity()
	case err != nil:
		return nil, damaged(err)
	}
	zip, err := io.ReadAll(io.LimitReader(reader, MaxSize+1))
	if err != nil {
		return nil, damaged(err)
	}
	return zip, nil
}

// dearmorPGP returns the binary form.
func dearmorPGP(data []byte) ([]byte, error) {
	text := bytes.TrimSpace(data)
	if !bytes.HasPrefix(text, []byte("-----BEGIN PGP MESSAGE-----")) {
		return data, nil
	}
	binary, err := armor.UnarmorBytes(text)
	if err != nil {
		return nil, damaged(err)
	}
	return binary, nil
}

// surveyPGP looks at a message's packets before anything is decrypted: whether
// they are whole, whether a passphrase opens them, and whether trying them takes
// bounded time and memory.
func surveyPGP(data []byte) (forPassphrase bool, err error) {
	packets := packet.NewOpaqueReader(bytes.NewReader(data))
	locks := 0
	for {
		p, err := packets.Next()
		if err != nil {
			return false, damaged(errors.New("the OpenPGP message is cut short"))
		}
		switch p.Tag {
		case tagForKey, tagForPassphrase:
			locks++
			byPassphrase := p.Tag == tagForPassphrase
			forPassphrase = forPassphrase || byPassphrase
			if locks > maxLocks {
				return false, damaged(errors.New("the OpenPGP message is sealed to more keys and passphrases than dpc-onboard tries"))
			}
			if byPassphrase && !iterated(p.Contents) {
				return false, damaged(errors.New("the OpenPGP message turns its passphrase into a key in a way that dpc-onboard does not use"))
			}
		case tagEncrypted, tagProtected, tagAEAD:
			if _, err := packets.Next(); !errors.Is(err, io.EOF) || locks == 0 {
				return false, damaged(errors.New("the OpenPGP message is not put together as one package"))
			}
			return forPassphrase, nil
		default:
			return false, damaged(errors.New("the OpenPGP file is no encrypted message"))
		}
	}
}

// iterated reports whether a packet for a passphrase is of version 4 with the
// iterated and salted S2K (RFC 4880, 5.3).
func iterated(contents []byte) bool {
	return len(contents) >= 3 && contents[0] == 4 && s2k.Mode(contents[2]) == s2k.IteratedSaltedS2K
}
