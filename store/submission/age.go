package submission

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// This file is the age seal, after https://age-encryption.org/v1. Whatever it says
// of a key file that it can't use, it never repeats what is in it.

// ageWork is the scrypt work factor that a passphrase gets, as the power of two
// that the age tool uses too: about a second.
const ageWork = 18

// maxRecipients is the most that a recipients file may hold, in bytes.
const maxRecipients = 256 << 10

// ageSeal is the age format to some recipients.
type ageSeal struct {
	whose string
	to    []age.Recipient
	// passphrase is set instead of to; work is its scrypt work factor.
	passphrase keys.Secret
	work       int
}

// AgePassphrase returns a seal that `age --decrypt` opens with a passphrase.
func AgePassphrase(passphrase keys.Secret) Seal {
	return ageSeal{whose: byPassphrase, passphrase: passphrase, work: ageWork}
}

// AgeRecipients returns a seal to public keys: one or more lines as "age1…",
// "age1pq1…", "ssh-ed25519 …" or "ssh-rsa …", or the path of a file with such
// lines.
func AgeRecipients(recipient string) (Seal, error) {
	lines, err := recipientText(recipient, "age1", "ssh-", "ecdsa-", "sk-", "AGE-", "#", "-----BEGIN")
	if err != nil {
		return nil, err
	}
	s := ageSeal{}
	var whose []string
	for n, line := range strings.Split(lines, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		to, name, err := parseRecipient(line)
		if err != nil {
			return nil, atLine(err, n+1, strings.Contains(lines, "\n"))
		}
		s.to, whose = append(s.to, to), append(whose, name)
	}
	if len(s.to) == 0 {
		return nil, steps.WithHint(errors.New("no public key was found there"), "It takes a line that begins with age1, ssh-ed25519 or ssh-rsa.")
	}
	s.whose = strings.Join(whose, ", ")
	return s, nil
}

// atLine says where in a file of several lines an error is.
func atLine(err error, n int, several bool) error {
	if !several {
		return err
	}
	return steps.WithHint(fmt.Errorf("line %d: %w", n, err), steps.Hint(err))
}

// recipientText returns the public key itself: the argument where it begins as
// one does, else the content of the file that it names.
func recipientText(recipient string, beginnings ...string) (string, error) {
	recipient = strings.TrimSpace(recipient)
	for _, b := range beginnings {
		if strings.HasPrefix(recipient, b) {
			return recipient, nil
		}
	}
	if strings.ContainsAny(recipient, "\n\x00") || len(recipient) > 4096 {
		return "", steps.WithHint(errors.New("that is neither a public key nor the name of a file"),
			"Paste the receiver's public key, or type the path of the file that holds it.")
	}
	data, err := readLimited(HomePath(recipient), maxRecipients)
	return string(data), err
}

// readLimited reads a file of public keys.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, steps.WithHint(fmt.Errorf("can't read the receiver's public key: %w", err),
			"Check the path, or paste the public key itself.")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	if err != nil {
		return nil, steps.WithHint(fmt.Errorf("can't read the receiver's public key: %w", err),
			"Name the file that holds the public key, and nothing else.")
	}
	return data, nil
}

// parseRecipient returns a recipient, and whose it is. It never repeats a line
// that it can't read: it could be a private key.
func parseRecipient(line string) (age.Recipient, string, error) {
	switch {
	case strings.HasPrefix(line, "age1pq1"):
		r, err := age.ParseHybridRecipient(line)
		return r, "age key " + short(line), badRecipient(err)
	case strings.HasPrefix(line, "age1") && strings.Count(line, "1") == 1:
		r, err := age.ParseX25519Recipient(line)
		return r, "age key " + short(line), badRecipient(err)
	case strings.HasPrefix(line, "age1"):
		return nil, "", steps.WithHint(errors.New("this age key needs a plug-in, which dpc-onboard does not use"),
			"Ask the receiver for a plain age key (age-keygen) or an SSH key.")
	case strings.HasPrefix(line, "AGE-"), strings.Contains(line, "PRIVATE KEY"):
		return nil, "", privateGiven()
	}
	return parseSSH(line)
}

// short shows both ends of an age recipient. The middle adds nothing for a
// person who compares it, and an age1pq1… has 1,959 characters.
func short(recipient string) string {
	if len(recipient) <= 64 {
		return recipient
	}
	return recipient[:24] + "…" + recipient[len(recipient)-12:]
}

func badRecipient(err error) error {
	if err == nil {
		return nil
	}
	return steps.WithHint(errors.New("the public key is cut short or mistyped"), "Copy the whole line again from the receiver.")
}

func privateGiven() error {
	return steps.WithHint(errors.New("this is a private key, and a seal is made with the public one"),
		"Ask the receiver for the public key; whoever sent you a private key should make a new pair.")
}

// parseSSH reads a line of an SSH public key file.
func parseSSH(line string) (age.Recipient, string, error) {
	pub, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return nil, "", steps.WithHint(errors.New("that is no public key that age can seal to"),
			"It takes a line that begins with age1, ssh-ed25519 or ssh-rsa.")
	}
	r, err := agessh.ParseRecipient(line)
	if err != nil {
		return nil, "", steps.WithHint(fmt.Errorf("an SSH key of type %s can't be sealed to, or is too short", pub.Type()),
			"Ask for an ssh-ed25519 key, or an ssh-rsa key of at least 2048 bits.")
	}
	return r, strings.TrimSpace(pub.Type() + " " + ssh.FingerprintSHA256(pub) + " " + printable(comment)), nil
}

func (s ageSeal) Format() string    { return FormatAge }
func (s ageSeal) Recipient() string { return s.whose }

// Close implements Seal.
func (s ageSeal) Close(zip []byte) ([]byte, error) {
	to, err := s.recipients()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, steps.WithHint(fmt.Errorf("age can't seal to these keys: %w", err),
			"Keys of the age1pq1… kind can't be mixed with others: seal to one kind.")
	}
	if _, err := w.Write(zip); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (s ageSeal) recipients() ([]age.Recipient, error) {
	if s.passphrase.IsZero() {
		return s.to, nil
	}
	r, err := age.NewScryptRecipient(s.passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(s.work)
	return []age.Recipient{r}, nil
}
