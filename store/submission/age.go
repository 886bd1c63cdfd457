package submission

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	agearmor "filippo.io/age/armor"
	"golang.org/x/crypto/ssh"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// This file is the age seal, after https://age-encryption.org/v1: under a
// passphrase, or to age and SSH keys. Whatever it says of a key file that it can't
// use, it never repeats what is in it.

// FormatAge is the format that the age tool opens.
const FormatAge record.Format = "age"

var ageFormat = format{
	name:            FormatAge,
	extension:       ".zip.age",
	recognizes:      isAge,
	work:            ageWork,
	underPassphrase: agePassphrase,
	toKey:           ageKeys,
	open:            openAge,
}

// Work factors of scrypt, as powers of two.
const (
	// ageWork is what a passphrase gets here and from the age tool: about a second.
	ageWork = 18
	// maxAgeWork is what is still tried: a gigabyte of memory and some seconds. A
	// file that asks for more did not come from this program.
	maxAgeWork = 20
)

func isAge(data []byte) bool {
	return bytes.HasPrefix(data, []byte("age-encryption.org/")) || isAgeArmor(data)
}

func isAgeArmor(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(data), []byte(agearmor.Header))
}

// agePassphrase seals so that `age --decrypt` opens it with a passphrase.
func agePassphrase(zip []byte, passphrase keys.Secret, work int) ([]byte, error) {
	to, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(work)
	return encryptAge(zip, to)
}

// ageKeys returns the seal to public keys: one or more lines as "age1…",
// "age1pq1…", "ssh-ed25519 …" or "ssh-rsa …".
func ageKeys(recipient string, _ time.Time) (seal, error) {
	given, err := publicKey(recipient, "age1", "ssh-", "ecdsa-", "sk-", "AGE-", "#", "-----BEGIN")
	if err != nil {
		return seal{}, err
	}
	var to []age.Recipient
	var whose []string
	lines := strings.Split(given, "\n")
	for n, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, name, err := parseRecipient(line)
		if err != nil && len(lines) > 1 {
			err = record.WithHint(fmt.Errorf("line %d: %w", n+1, err), record.Hint(err))
		}
		if err != nil {
			return seal{}, err
		}
		to, whose = append(to, r), append(whose, name)
	}
	if len(to) == 0 {
		return seal{}, record.NewProblem("no public key was found there", ageKeyHint)
	}
	return seal{FormatAge, strings.Join(whose, ", "), func(zip []byte) ([]byte, error) { return encryptAge(zip, to...) }}, nil
}

const ageKeyHint = "It takes a line that begins with age1, ssh-ed25519 or ssh-rsa."

// parseRecipient returns a recipient, and whose it is. It never repeats a line
// that it can't read: it could be a private key.
func parseRecipient(line string) (r age.Recipient, whose string, err error) {
	switch {
	case strings.HasPrefix(line, "AGE-"), strings.Contains(line, "PRIVATE KEY"):
		return nil, "", privateGiven()
	case strings.HasPrefix(line, "age1pq1"):
		r, err = age.ParseHybridRecipient(line)
	case strings.HasPrefix(line, "age1") && strings.Count(line, "1") == 1:
		r, err = age.ParseX25519Recipient(line)
	case strings.HasPrefix(line, "age1"):
		return nil, "", record.NewProblem("this age key needs a plug-in, which dpc-onboard does not use",
			"Ask the receiver for a plain age key (age-keygen) or an SSH key.")
	default:
		return parseSSHRecipient(line)
	}
	if err != nil {
		return nil, "", record.NewProblem("the public key is cut short or mistyped", "Copy the whole line again from the receiver.")
	}
	if len(line) > 64 { // an age1pq1… has 1,959 characters, and nobody compares its middle
		line = line[:24] + "…" + line[len(line)-12:]
	}
	return r, "age key " + line, nil
}

// parseSSHRecipient reads a line of an SSH public key file.
func parseSSHRecipient(line string) (r age.Recipient, whose string, err error) {
	pub, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return nil, "", record.NewProblem("that is no public key that age can seal to", ageKeyHint)
	}
	r, err = agessh.ParseRecipient(line)
	if err != nil {
		return nil, "", record.WithHint(fmt.Errorf("an SSH key of type %s can't be sealed to, or is too short", pub.Type()),
			"Ask for an ssh-ed25519 key, or an ssh-rsa key of at least 2048 bits.")
	}
	return r, strings.TrimSpace(pub.Type() + " " + ssh.FingerprintSHA256(pub) + " " + text.Brief(comment, maxName)), nil
}

func encryptAge(zip []byte, to ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, record.WithHint(fmt.Errorf("age can't seal to these keys: %w", err),
			"Keys of the age1pq1… kind can't be mixed with others: seal to one kind.")
	}
	_, err = w.Write(zip)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

// openAge opens an age file, armored or binary.
func openAge(data []byte, keyFiles []keys.Secret, ask ask) (zip []byte, err error) {
	if isAgeArmor(data) {
		if data, err = io.ReadAll(agearmor.NewReader(bytes.NewReader(data))); err != nil {
			return nil, damaged(err)
		}
	}
	header, err := age.ExtractHeader(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(err)
	}
	var identities []age.Identity
	forPassphrase := bytes.Contains(header, []byte("\n-> scrypt "))
	if forPassphrase {
		identities, err = scryptIdentity(ask)
	} else {
		identities, err = ageIdentities(keyFiles, ask)
	}
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(bytes.NewReader(data), identities...)
	switch {
	case errors.Is(err, age.ErrIncorrectIdentity) && forPassphrase:
		return nil, wrongPassphrase()
	case errors.Is(err, age.ErrIncorrectIdentity):
		return nil, wrongIdentity()
	case err != nil:
		return nil, damaged(err)
	}
	if zip, err = io.ReadAll(plain); err != nil {
		return nil, damaged(err)
	}
	return zip, nil
}

func scryptIdentity(ask ask) ([]age.Identity, error) {
	passphrase, err := ask()
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(maxAgeWork)
	return []age.Identity{id}, nil
}

// ageIdentities reads the key files of age and of SSH, and asks for their passphrase
// where they have one. Those of OpenPGP are for the other seal.
func ageIdentities(keyFiles []keys.Secret, ask ask) ([]age.Identity, error) {
	var all []age.Identity
	for _, file := range keyFiles {
		data := []byte(file.Reveal())
		if isPGP(data) {
			continue
		}
		ids, err := ageIdentity(data, ask)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
	}
	if len(all) == 0 {
		return nil, needKey("an age or SSH private key")
	}
	return all, nil
}

// ageIdentity reads one key file. That of age may itself be sealed with age.
func ageIdentity(data []byte, ask ask) ([]age.Identity, error) {
	if isAge(data) {
		plain, err := openAge(data, nil, ask)
		if errors.Is(err, ErrPassphrase) {
			return nil, wrongKeyPassphrase()
		}
		if err != nil {
			return nil, err
		}
		data = plain
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")) {
		id, err := sshIdentity(data, ask)
		return []age.Identity{id}, err
	}
	ids, err := age.ParseIdentities(strings.NewReader(unixLines(string(data))))
	if err != nil {
		return nil, badIdentity()
	}
	return ids, nil
}

// sshIdentity reads an SSH private key.
func sshIdentity(data []byte, ask ask) (age.Identity, error) {
	key, err := ssh.ParseRawPrivateKey(data)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		passphrase, err := ask()
		if err != nil {
			return nil, err
		}
		key, err = ssh.ParseRawPrivateKeyWithPassphrase(data, []byte(passphrase.Reveal()))
		if errors.Is(err, x509.IncorrectPasswordError) {
			return nil, wrongKeyPassphrase()
		}
	}
	plain, err := ssh.MarshalPrivateKey(key, "") // fails where there is none
	if err != nil {
		return nil, badIdentity()
	}
	id, err := agessh.ParseIdentity(pem.EncodeToMemory(plain))
	if err != nil {
		return nil, badIdentity()
	}
	return id, nil
}
