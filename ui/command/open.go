package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/store/submission"
)

// openFlags say what to open a package with, and what to do with it.
type openFlags struct {
	output, passphraseFile string
	identities             []string
	json, secrets          bool
}

func (a *app) openCommand() *cobra.Command {
	var o openFlags
	cmd := &cobra.Command{
		Use:   "open FILE",
		Short: "Open and verify a package (the receiver's side)",
		Long: "Opens a sealed package of any format and verifies all of it: every checksum, that the key pair belongs together\n" +
			"and can sign what the portal asks for, and that token, organization and environment agree. Without --output nothing is written.",
		Example: name + " open dpc-1234567893-sandbox-20261122.zip.age --output practice",
		Args:    one("the sealed file"),
		RunE:    a.run(func(ctx context.Context, args []string) error { return a.open(ctx, args[0], o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.output, "output", "", "new folder to write the files to")
	f.StringVar(&o.passphraseFile, "passphrase-file", "", "file with the passphrase, of the package or of --identity")
	f.StringArrayVar(&o.identities, "identity", nil, "private key file: age, SSH or OpenPGP; may be given more than once")
	f.BoolVar(&o.json, "json", false, "print the package as JSON, without the secrets")
	f.BoolVar(&o.secrets, "secrets", false, "with --json: print the secrets, too")
	return cmd
}

func (a *app) open(ctx context.Context, path string, o openFlags) error {
	if o.secrets && !o.json {
		return steps.WithKind(errors.New("--secrets goes with --json"), steps.ErrUsage, "To write the secrets to files, use --output.")
	}
	sealed, err := a.readPackage(path)
	if err != nil {
		return err
	}
	unlock, err := a.unlock(ctx, o, path == "-")
	if err != nil {
		return err
	}
	contents, err := submission.Open(ctx, bytes.NewReader(sealed), unlock)
	if err != nil {
		return err
	}
	if o.output != "" {
		if err := contents.Extract(submission.HomePath(o.output)); err != nil {
			return err
		}
	}
	a.summary(contents, o.output)
	if !o.json {
		return nil
	}
	data, err := contents.JSON(o.secrets)
	if err != nil {
		return err
	}
	_, err = a.out.Write(data)
	return err
}

// readPackage reads the sealed file, or standard input for "-".
func (a *app) readPackage(path string) ([]byte, error) {
	in := a.in
	if path != "-" {
		f, err := os.Open(submission.HomePath(path))
		if err != nil {
			return nil, steps.WithHint(fmt.Errorf("%s can't be read: %w", path, withoutPath(err)), "Name the sealed file that you received.")
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, submission.MaxSize+1))
}

// unlock gathers what the package is opened with. The passphrase is asked only
// where one is needed and somebody is there.
func (a *app) unlock(ctx context.Context, o openFlags, piped bool) (submission.Unlock, error) {
	var u submission.Unlock
	for _, path := range o.identities {
		identity, err := readFile(path)
		if err != nil {
			return u, steps.WithKind(fmt.Errorf("%s: %w", path, err), steps.ErrUsage, "Name the file of your private key.")
		}
		u.Identities = append(u.Identities, identity)
	}
	switch {
	case o.passphraseFile != "":
		u.Passphrase = func() (keys.Secret, error) { return readPassphrase(o.passphraseFile) }
	case a.asks() && !piped:
		u.Passphrase = func() (keys.Secret, error) { return a.askHidden(ctx, "Passphrase: ") }
	}
	return u, nil
}

// summary tells what is in the package, and that it was verified.
func (a *app) summary(c submission.Contents, output string) {
	s := c.Submission
	a.say("Verified: every checksum, the key pair, and that token, organization and environment agree.")
	for _, row := range []struct{ name, value string }{
		{"Organization", s.Organization},
		{"NPI", s.NPI},
		{"Environment", string(s.Environment)},
		{"Organization ID", s.OrganizationID},
		{"Client token", fmt.Sprintf("%q, expires on %s", s.TokenLabel, day(s.TokenExpiry))},
		{"Public key ID", s.KeyID},
		{"Fingerprint", s.KeyFingerprint},
		{"Checked with DPC", checkedWord(s.Check)},
		{"Made", day(s.CreatedAt) + " by " + name + " " + s.ToolVersion},
	} {
		a.say("%-17s %s", row.name+":", row.value)
	}
	if output != "" {
		a.say("Written to %s. Three of the files are secrets: keep them where only you can read them.", output)
	}
}

func checkedWord(c submission.Check) string {
	if !c.Passed {
		return "no"
	}
	return "yes, on " + day(c.At)
}
