package submission

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
)

// This file is the list of the seals. A new one is a file of its own, which seals and
// opens, and a line in this list.
var formats = []format{ageFormat, htmlFormat, pgpFormat}

// format is one way to seal a package.
type format struct {
	name      record.Format
	extension string // how the name of a sealed file ends, as ".zip.age"

	// recognizes reports whether a file was sealed in this way, by its beginning.
	recognizes func(data []byte) bool
	// underPassphrase seals a zip so that a passphrase opens it. work is what each
	// guess at the passphrase costs, in the format's own unit.
	underPassphrase func(zip []byte, passphrase keys.Secret, work int) ([]byte, error)
	work            int
	// toKey returns the seal to a public key, given as it is or as the path of a
	// file that holds it; now decides whether the key has expired. It is nil where
	// the format has no public keys.
	toKey func(recipient string, now time.Time) (seal, error)
	// open returns the zip. It takes of the identities, which are key files, those
	// that the format has, and asks for a passphrase where it needs one.
	open func(data []byte, identities []keys.Secret, ask ask) ([]byte, error)
}

// seal closes a package for one receiver.
type seal struct {
	format    record.Format
	recipient string                           // record.ByPassphrase, or whose key: a name and a fingerprint
	close     func(zip []byte) ([]byte, error) // may take seconds
}

// ask returns the passphrase that a person gives; the same one each time.
type ask = func() (keys.Secret, error)

// Formats lists the formats in the order in which they are offered.
func Formats() []record.Format {
	var names []record.Format
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Choices names them for a person: "age, html or pgp".
func Choices() string {
	var names []string
	for _, f := range formats {
		names = append(names, string(f.name))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// Usable says why no package can be sealed in a format, to a public key or else
// under a passphrase. The error is of record.ErrUsage.
func Usable(name record.Format, toKey bool) error {
	_, err := find(name, toKey)
	return err
}

func find(name record.Format, toKey bool) (format, error) {
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	switch {
	case i < 0:
		return format{}, record.WithKind(fmt.Errorf("--format takes %s, not %.40q", Choices(), name),
			record.ErrUsage, "Take age where the receiver has no other wish.")
	case toKey && formats[i].toKey == nil:
		return format{}, record.WithKind(fmt.Errorf("a package in the format %s can't be sealed to a public key", name),
			record.ErrUsage, "Give a passphrase, or choose another format.")
	}
	return formats[i], nil
}

// Extension returns how the name of a sealed file ends, as ".zip.age"; "" for a
// format that there is not.
func Extension(name record.Format) string {
	f, _ := find(name, false)
	return f.extension
}

// FileName returns the name of a sealed package:
// dpc-<npi>-<environment>-<yyyymmdd> and the format's extension, with the day in
// the time zone of now.
func FileName(state record.State, name record.Format, now time.Time) string {
	return fmt.Sprintf("dpc-%s-%s-%s%s", state.NPI, state.Environment, now.Format("20060102"), Extension(name))
}

// newSeal returns the seal that a request asks for: to the recipient where there
// is one, else under the passphrase.
func newSeal(r record.SealRequest, now time.Time) (seal, error) {
	recipient := strings.TrimSpace(r.Recipient)
	f, err := find(r.Format, recipient != "")
	switch {
	case err != nil:
		return seal{}, err
	case recipient != "":
		return f.toKey(recipient, now)
	case r.Passphrase.IsZero():
		return seal{}, record.WithKind(errors.New("there is neither a recipient nor a passphrase to seal with"),
			record.ErrUsage, "Name the receiver's public key, or give a passphrase.")
	}
	return seal{f.name, record.ByPassphrase, func(zip []byte) ([]byte, error) {
		return f.underPassphrase(zip, r.Passphrase, f.work)
	}}, nil
}

// maxRecipients is the most that a file of public keys may hold, in bytes.
const maxRecipients = 256 << 10

// maxName is how much is shown of what its owner wrote into a public key, in
// characters.
const maxName = 120

// publicKey returns a public key itself: what was given for one where it begins
// as one does, else the content of the file that it names.
func publicKey(given string, beginnings ...string) (string, error) {
	for _, b := range beginnings {
		if strings.HasPrefix(given, b) {
			return given, nil
		}
	}
	if strings.ContainsAny(given, "\n\x00") || len(given) > 4096 {
		return "", record.NewProblem("that is neither a public key nor the name of a file",
			"Paste the receiver's public key, or type the path of the file that holds it.")
	}
	data, err := disk.ReadGiven(given, maxRecipients)
	return string(data), record.WithHint(err, "Check the path of the file with the receiver's public key, or paste the key itself.")
}

// privateGiven is the error for a private key where the public one belongs.
func privateGiven() error {
	return record.NewProblem("this is a private key, and a seal is made with the public one",
		"Ask the receiver for the public key; whoever sent you a private key should make a new pair.")
}
