package submission

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
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
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// This file is the OpenPGP seal, in what RFC 4880 has and GnuPG 2.2 reads: under a
// passphrase, or to a public key.

// FormatPGP is the format that GnuPG opens.
const FormatPGP record.Format = "pgp"

var pgpFormat = format{
	name:            FormatPGP,
	extension:       ".zip.gpg",
	recognizes:      isPGP,
	work:            pgpWork,
	underPassphrase: pgpPassphrase,
	toKey:           pgpKey,
	open:            openPGP,
}

var pgpArmor = []byte("-----BEGIN PGP")

// isPGP reports whether a message or a key is OpenPGP's: armored, or in packets, of
// which each begins with the high bit set (RFC 4880, 4.2).
func isPGP(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(data), pgpArmor) || (len(data) > 0 && data[0]&0x80 != 0)
}

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

// pgpPassphrase seals so that `gpg --decrypt` opens it with a passphrase.
func pgpPassphrase(zip []byte, passphrase keys.Secret, work int) ([]byte, error) {
	return encryptPGP(zip, pgpHandle(work).Encryption().Password([]byte(passphrase.Reveal())))
}

// pgpKey returns the seal to an OpenPGP public key, armored or in a file, armored
// or binary. It refuses a private key, and a key that has expired, was revoked, or
// can only sign.
func pgpKey(recipient string, now time.Time) (seal, error) {
	given, err := publicKey(recipient, "-----BEGIN")
	if err != nil {
		return seal{}, err
	}
	key, err := parsePGPKey([]byte(given))
	if err != nil {
		return seal{}, err
	}
	whose := owner(key, now)
	if fault := keyFault(key.GetEntity(), now); fault != "" {
		return seal{}, record.WithHint(fmt.Errorf("the key of %s %s", whose, fault),
			"Ask the receiver for a current public key that can encrypt.")
	}
	return seal{FormatPGP, whose, func(zip []byte) ([]byte, error) {
		return encryptPGP(zip, pgpHandle(pgpWork).Encryption().Recipient(key).EncryptionTime(now.Unix()))
	}}, nil
}

func encryptPGP(zip []byte, builder *crypto.EncryptionHandleBuilder) ([]byte, error) {
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

// parsePGPKey reads a file with exactly one public key.
func parsePGPKey(data []byte) (*crypto.Key, error) {
	read := openpgp.ReadKeyRing
	if bytes.Contains(data, pgpArmor) {
		read = openpgp.ReadArmoredKeyRing
	}
	entities, err := read(bytes.NewReader(data))
	if err != nil || len(entities) == 0 {
		return nil, record.NewProblem("that is no OpenPGP public key, or it is damaged",
			"Ask the receiver for the file that `gpg --armor --export NAME` writes.")
	}
	if len(entities) > 1 {
		return nil, record.WithHint(fmt.Errorf("the file holds %d OpenPGP keys, and it can't be known which one is meant", len(entities)),
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

// keyFault says what keeps a key from being sealed to now, or "".
func keyFault(e *openpgp.Entity, now time.Time) string {
	if _, err := e.VerifyPrimaryKey(now, &packet.Config{}); err != nil {
		return cmp.Or(outOfUse(err), "has no valid signature of its owner")
	}
	if _, err := e.EncryptionKeyWithError(now, &packet.Config{}); err == nil {
		return ""
	}
	for _, sub := range e.Subkeys {
		if _, err := sub.Verify(now, &packet.Config{}); sub.PublicKey.PubKeyAlgo.CanEncrypt() && outOfUse(err) != "" {
			return "has a part for encryption that " + outOfUse(err)
		}
	}
	return "can only sign, or is too weak to encrypt with"
}

// outOfUse says how a key, or a part of it, came to be no longer good; "" for none that was.
func outOfUse(err error) string {
	switch {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return "was revoked"
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return "has expired"
	}
	return ""
}

// owner returns the name on a key and its fingerprint in groups of four.
func owner(key *crypto.Key, now time.Time) string {
	name := "a key without a name"
	if _, id := key.GetEntity().PrimaryIdentity(now, &packet.Config{}); id != nil {
		name = text.Brief(id.Name, maxName)
	}
	return name + " (" + grouped(strings.ToUpper(key.GetFingerprint())) + ")"
}

var fours = regexp.MustCompile("....")

func grouped(hex string) string { return strings.TrimSpace(fours.ReplaceAllString(hex, "$0 ")) }

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

// openPGP opens an OpenPGP message, armored or binary. It reads the message to its
// end, where its integrity is proved: nothing that was read before counts.
func openPGP(data []byte, keyFiles []keys.Secret, ask ask) (zip []byte, err error) {
	if armored := bytes.TrimSpace(data); bytes.HasPrefix(armored, pgpArmor) {
		if data, err = armor.UnarmorBytes(armored); err != nil {
			return nil, damaged(err)
		}
	}
	forPassphrase, err := surveyPGP(data)
	if err != nil {
		return nil, err
	}
	private, err := pgpIdentities(keyFiles, ask)
	if err != nil {
		return nil, err
	}
	builder := pgpHandle(pgpWork).Decryption().MaxDecompressedMessageSize(MaxSize)
	switch {
	case len(private) > 0:
		for _, key := range private {
			builder = builder.DecryptionKey(key)
		}
	case forPassphrase:
		passphrase, err := ask()
		if err != nil {
			return nil, err
		}
		builder = builder.Password([]byte(passphrase.Reveal()))
	default:
		return nil, needKey("an OpenPGP private key")
	}
	handle, err := builder.New()
	if err != nil {
		return nil, err
	}
	reader, err := handle.DecryptingReader(bytes.NewReader(data), crypto.Bytes)
	switch {
	case err != nil && len(private) == 0:
		return nil, wrongPassphrase()
	case errors.Is(err, pgperrors.ErrKeyIncorrect):
		return nil, wrongIdentity()
	case err != nil:
		return nil, damaged(err)
	}
	if zip, err = io.ReadAll(io.LimitReader(reader, MaxSize+1)); err != nil {
		return nil, damaged(err)
	}
	return zip, nil
}

// pgpIdentities reads the key files of OpenPGP, and asks for their passphrase where
// they have one.
func pgpIdentities(keyFiles []keys.Secret, ask ask) ([]*crypto.Key, error) {
	var all []*crypto.Key
	for _, file := range keyFiles {
		data := []byte(file.Reveal())
		if !isPGP(data) {
			continue
		}
		key, err := crypto.NewKeyFromReader(bytes.NewReader(data))
		if err != nil {
			return nil, badIdentity()
		}
		if !key.IsPrivate() {
			return nil, record.NewProblem("the key file holds a public key, and opening takes the private one",
				"Export it with `gpg --export-secret-keys`, or open the package with gpg.")
		}
		if locked, err := key.IsLocked(); err == nil && locked {
			passphrase, err := ask()
			if err != nil {
				return nil, err
			}
			if key, err = key.Unlock([]byte(passphrase.Reveal())); err != nil {
				return nil, wrongKeyPassphrase()
			}
		}
		all = append(all, key)
	}
	return all, nil
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
			if locks++; locks > maxLocks {
				return false, damaged(errors.New("the OpenPGP message is sealed to more keys and passphrases than dpc-onboard tries"))
			}
			if p.Tag == tagForKey {
				continue
			}
			forPassphrase = true
			// Of version 4, with the iterated and salted S2K (RFC 4880, 5.3).
			if c := p.Contents; len(c) < 3 || c[0] != 4 || s2k.Mode(c[2]) != s2k.IteratedSaltedS2K {
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
