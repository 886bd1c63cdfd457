package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/store"
	"dpc-onboard/store/submission"
)

// sealFlags say how to seal a package; "export" and "send" have them both.
type sealFlags struct {
	output, format, recipient, passphraseFile string
}

func (s *sealFlags) add(f *pflag.FlagSet) {
	f.StringVar(&s.output, "output", "", "file or folder to write; never over another file")
	f.StringVar(&s.format, "format", submission.FormatAge, "way to open it: age, html or pgp")
	f.StringVar(&s.recipient, "recipient", "", "seal to this public key, or the path of a file that holds it")
	f.StringVar(&s.passphraseFile, "passphrase-file", "", "seal under the passphrase in this file")
}

// given reports whether the person asked for a seal of their own.
func (s sealFlags) given() bool {
	return s.output != "" || s.recipient != "" || s.passphraseFile != "" || s.format != submission.FormatAge
}

// check refuses flags that don't go together, before anything is opened.
func (s sealFlags) check(canAsk bool) error {
	var problem, hint string
	switch {
	case s.format != submission.FormatAge && s.format != submission.FormatHTML && s.format != submission.FormatPGP:
		problem, hint = fmt.Sprintf("--format takes age, html or pgp, not %q", s.format), "Take age where the receiver has no other wish."
	case s.recipient != "" && s.passphraseFile != "":
		problem, hint = "--recipient and --passphrase-file don't go together", "Give one of the two."
	case s.recipient != "" && s.format == submission.FormatHTML:
		problem, hint = "a web page can't be sealed to a public key", "Give a passphrase, or another --format."
	case s.recipient == "" && s.passphraseFile == "" && !canAsk:
		problem, hint = "there is neither a recipient nor a passphrase to seal with", "Give --recipient or --passphrase-file. A passphrase is made and shown only on a terminal."
	default:
		return nil
	}
	return steps.WithKind(errors.New(problem), steps.ErrUsage, hint)
}

// sealed seals the package as the flags say, and records it.
func (a *app) sealed(ctx context.Context, state steps.State, progress *store.Progress, s sealFlags) (steps.State, error) {
	request, made, err := a.sealRequest(state, s)
	if err != nil {
		return state, err
	}
	creds, err := a.credentials(ctx, state)
	if err != nil {
		return state, err
	}
	if !checked(state) {
		a.say("Note: these credentials have not been checked with DPC yet (\"%s check\").", name)
	}
	fact, err := a.packages().Seal(ctx, state, creds, request)
	if err != nil {
		return state, err
	}
	state.Sealed = &fact
	if err := a.save(progress, state); err != nil {
		return state, err
	}
	a.say("Sealed for NPI %s, %s: %s, %d bytes, SHA-256 %s.", state.NPI, state.Environment, opensWith(fact), fact.Size, fact.SHA256)
	a.showOnce(made)
	return state, nil
}

// checked reports whether the live check passed with the very credentials that are
// sealed, which are all there.
func checked(s steps.State) bool {
	r := s.Check
	return r != nil && r.Passed && r.TokenDigest == s.ClientToken.Digest &&
		r.KeyID == s.KeyID.ID && r.Fingerprint == s.Key.Fingerprint
}

func opensWith(s steps.SealedFact) string {
	if s.Recipient == "passphrase" {
		return "opens with the passphrase"
	}
	return "opens with the private key of " + s.Recipient
}

// sealRequest makes the request of the flags. made is the passphrase that was
// made here, to be shown.
func (a *app) sealRequest(state steps.State, s sealFlags) (r steps.SealRequest, made keys.Secret, err error) {
	r = steps.SealRequest{Format: s.format, Recipient: s.recipient, Path: s.output}
	if r.Path == "" {
		if r.Path, err = os.Getwd(); err != nil {
			return r, made, err
		}
	}
	switch {
	case s.recipient != "":
	case s.passphraseFile != "":
		if r.Passphrase, err = readPassphrase(s.passphraseFile); err == nil {
			err = a.strong(r.Passphrase, state)
		}
	default:
		made, err = keys.NewPassphrase(rand.Reader)
		r.Passphrase = made
	}
	return r, made, err
}

// showOnce shows a passphrase that was made here. It is kept nowhere.
func (a *app) showOnce(passphrase keys.Secret) {
	if passphrase.IsZero() {
		return
	}
	fmt.Fprintf(a.err, "\nPassphrase, shown once: %s\n", passphrase.Reveal())
	a.say("Say it to the receiver over the phone, never in the message that carries the file.")
}

// freeOutput names a file that is not there yet, for a package that is sealed
// only to be sent.
func (a *app) freeOutput(state steps.State, s sealFlags) (sealFlags, error) {
	if s.output != "" {
		return s, nil
	}
	folder, err := os.Getwd()
	if err != nil {
		return s, err
	}
	extension := submission.Extension(s.format)
	base := strings.TrimSuffix(submission.FileName(state, s.format, a.now()), extension)
	s.output = steps.FreeName(fileExists, filepath.Join(folder, base), extension)
	return s, nil
}
