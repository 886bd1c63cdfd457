package submission

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dpc-onboard/steps"
)

// This file closes a package: which seal, under which name, written whole or not
// at all. The seals themselves are in age.go, pgp.go and html.go.

// The formats of a seal, as in steps.SealRequest.
const (
	FormatAge  = "age"
	FormatHTML = "html"
	FormatPGP  = "pgp"
)

// byPassphrase is the Recipient of every seal under a passphrase.
const byPassphrase = "passphrase"

// Seal closes a package for one receiver.
type Seal interface {
	// Format is "age", "html" or "pgp".
	Format() string
	// Recipient is "passphrase", or whose key: a name and a fingerprint.
	Recipient() string
	// Close returns the sealed file. It may take seconds.
	Close(zip []byte) ([]byte, error)
}

// NewSeal returns the seal that a request asks for: to the recipient where there
// is one, else under the passphrase. now decides whether a key has expired.
func NewSeal(r steps.SealRequest, now time.Time) (Seal, error) {
	if r.Recipient != "" {
		return recipientSeal(r.Format, r.Recipient, now)
	}
	if r.Passphrase.IsZero() {
		return nil, steps.WithKind(errors.New("there is neither a recipient nor a passphrase to seal with"),
			steps.ErrUsage, "Name the receiver's public key, or give a passphrase.")
	}
	switch r.Format {
	case FormatAge:
		return AgePassphrase(r.Passphrase), nil
	case FormatPGP:
		return PGPPassphrase(r.Passphrase), nil
	case FormatHTML:
		return HTML(r.Passphrase), nil
	}
	return nil, unknownFormat(r.Format)
}

// recipientSeal returns the seal to a public key, given as it is or as the path
// of a file that holds it.
func recipientSeal(format, recipient string, now time.Time) (Seal, error) {
	switch format {
	case FormatAge:
		return AgeRecipients(recipient)
	case FormatPGP:
		return PGPRecipient(recipient, now)
	case FormatHTML:
		return nil, steps.WithKind(errors.New("a web page can't be sealed to a public key"),
			steps.ErrUsage, "Seal it with a passphrase, or choose age or OpenPGP for this key.")
	}
	return nil, unknownFormat(format)
}

func unknownFormat(format string) error {
	return steps.WithKind(fmt.Errorf("there is no seal called %.40q", format),
		steps.ErrUsage, "Choose age, html or pgp.")
}

// Describe says whose key a recipient is, or why it can't be used now.
func Describe(format, recipient string, now time.Time) (string, error) {
	s, err := recipientSeal(format, strings.TrimSpace(recipient), now)
	if err != nil {
		return "", err
	}
	return s.Recipient(), nil
}

// Extension returns how the name of a sealed file ends, as ".zip.age".
func Extension(format string) string {
	switch format {
	case FormatHTML:
		return ".html"
	case FormatPGP:
		return ".zip.gpg"
	}
	return ".zip.age"
}

// FileName returns the name of a sealed package:
// dpc-<npi>-<environment>-<yyyymmdd> and the format's extension, with the day in
// the time zone of now.
func FileName(state steps.State, format string, now time.Time) string {
	return fmt.Sprintf("dpc-%s-%s-%s%s", state.NPI, state.Environment, now.Format("20060102"), Extension(format))
}

// Write seals a package and writes it with mode 0600, whole or not at all, and
// never over another file. It returns the fact of it, dated now. Where ctx ends
// first, nothing is written.
func Write(ctx context.Context, path string, c Contents, seal Seal, now time.Time) (steps.SealedFact, error) {
	path, err := freePath(path)
	if err != nil {
		return steps.SealedFact{}, err
	}
	data, err := sealUp(ctx, c, seal)
	if err != nil {
		return steps.SealedFact{}, err
	}
	if err := writeNew(path, data); err != nil {
		return steps.SealedFact{}, err
	}
	return steps.SealedFact{
		File:        path,
		Format:      seal.Format(),
		Recipient:   seal.Recipient(),
		SHA256:      hexDigest(data),
		Size:        int64(len(data)),
		At:          now,
		TokenDigest: c.Credentials.ClientToken.Digest(),
		KeyID:       c.Credentials.KeyID,
		Fingerprint: c.Submission.KeyFingerprint,
	}, nil
}

// sealUp packs and seals in memory, and stops waiting when ctx ends.
func sealUp(ctx context.Context, c Contents, seal Seal) ([]byte, error) {
	zip, err := pack(c)
	if err != nil {
		return nil, fmt.Errorf("can't build the package: %w", err)
	}
	return wait(ctx, func() ([]byte, error) { return seal.Close(zip) })
}

// wait runs work that takes seconds and can't be interrupted (a key is being
// derived from a passphrase), and gives up on its result when ctx ends. The work
// itself ends on its own, in memory, and leaves nothing behind.
func wait[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := work()
		done <- outcome{value, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	case o := <-done:
		return o.value, o.err
	}
}

// Packages makes sealed packages for the wizard and for scripts.
type Packages struct {
	Version string // of this program, for submission.json
	Now     func() time.Time
}

// Describe says whose key a recipient is, or why it can't be used.
func (p Packages) Describe(format, recipient string) (string, error) {
	return Describe(format, recipient, p.Now())
}

// Seal builds the package, seals it and writes it with mode 0600 to r.Path, or
// under FileName into r.Path where that is a folder or ends as one.
func (p Packages) Seal(ctx context.Context, state steps.State, c steps.Credentials, r steps.SealRequest) (steps.SealedFact, error) {
	now := p.Now()
	contents, err := New(p.Version, now, state, c)
	if err != nil {
		return steps.SealedFact{}, err
	}
	seal, err := NewSeal(r, now)
	if err != nil {
		return steps.SealedFact{}, err
	}
	return Write(ctx, inFolder(r.Path, FileName(state, r.Format, now)), contents, seal, now)
}
