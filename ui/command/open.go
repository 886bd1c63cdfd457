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
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/submission"
)

type openCommand struct {
	*app
	output, passphraseFile string
	identities             []string
	json, secrets          bool
}

func newOpenCommand(a *app) *cobra.Command {
	c := openCommand{app: a}
	cmd := &cobra.Command{
		Use:   "open FILE",
		Short: "Open and verify a package (the receiver's side)",
		Long: "Opens a sealed package of any format and verifies all of it: every checksum, that the key pair belongs together\n" +
			"and can sign what the portal asks for, and that token, organization and environment agree. Without --output nothing is written.",
		Example: name + " open dpc-1234567893-sandbox-20261122.zip.age --output practice",
		Args:    one("the sealed file"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&c.output, "output", "", "new folder to write the files to")
	f.StringVar(&c.passphraseFile, "passphrase-file", "", "file with the passphrase, of the package or of --identity")
	f.StringArrayVar(&c.identities, "identity", nil, "private key file: age, SSH or OpenPGP; may be given more than once")
	f.BoolVar(&c.json, "json", false, "print the package as JSON, without the secrets")
	f.BoolVar(&c.secrets, "secrets", false, "with --json: print the secrets, too")
	return cmd
}

func (c *openCommand) run(ctx context.Context, path string) error {
	if c.secrets && !c.json {
		return record.WithKind(errors.New("--secrets goes with --json"), record.ErrUsage, "To write the secrets to files, use --output.")
	}
	sealed, err := c.read(path)
	if err != nil {
		return err
	}
	unlock, err := c.unlock(ctx, path == "-")
	if err != nil {
		return err
	}
	contents, err := submission.Open(ctx, bytes.NewReader(sealed), unlock)
	if err != nil {
		return err
	}
	if c.output != "" {
		if err := contents.Extract(disk.Home(c.output)); err != nil {
			return err
		}
	}
	c.printSummary(contents.Submission)
	if !c.json {
		return nil
	}
	data, err := contents.JSON(c.secrets)
	if err != nil {
		return err
	}
	_, err = c.stdout.Write(data)
	return err
}

// read reads the sealed file, or standard input for "-".
func (c *openCommand) read(path string) ([]byte, error) {
	in := c.stdin
	if path != "-" {
		f, err := os.Open(disk.Home(path))
		if err != nil {
			err = errors.Unwrap(err) // without the path
			return nil, record.WithHint(fmt.Errorf("%s can't be read: %w", path, err), "Name the sealed file that you received.")
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, submission.MaxSize+1))
}

// unlock gathers what the package is opened with. The passphrase is asked only
// where one is needed and somebody is there.
func (c *openCommand) unlock(ctx context.Context, piped bool) (submission.Unlock, error) {
	var u submission.Unlock
	for _, path := range c.identities {
		identity, err := readFile(path)
		if err != nil {
			return u, record.WithKind(fmt.Errorf("%s: %w", path, err), record.ErrUsage, "Name the file of your private key.")
		}
		u.Identities = append(u.Identities, identity)
	}
	switch {
	case c.passphraseFile != "":
		u.Passphrase = func() (keys.Secret, error) { return readPassphrase(c.passphraseFile) }
	case c.asks() && !piped:
		u.Passphrase = func() (keys.Secret, error) { return c.ask(ctx, "Passphrase: ", true) }
	}
	return u, nil
}

// printSummary tells what is in the package, and that it was verified.
func (c *openCommand) printSummary(s submission.Submission) {
	checked := "no"
	if s.Check.Passed {
		checked = "yes, on " + text.Day(s.Check.At)
	}
	c.say("Verified: every checksum, the key pair, and that token, organization and environment agree.")
	for _, row := range []struct{ name, value string }{
		{"Organization", s.Organization},
		{"NPI", s.NPI},
		{"Environment", string(s.Environment)},
		{"Organization ID", s.OrganizationID},
		{"Client token", fmt.Sprintf("%q, expires on %s", s.TokenLabel, text.Day(s.TokenExpiry))},
		{"Public key ID", s.KeyID},
		{"Fingerprint", s.KeyFingerprint},
		{"Checked with DPC", checked},
		{"Made", text.Day(s.CreatedAt) + " by " + name + " " + s.ToolVersion},
	} {
		fmt.Fprintf(c.stderr, "%-17s %s\n", row.name+":", text.CleanLine(row.value))
	}
	if c.output != "" {
		c.say("Written to %s. Three of the files are secrets: keep them where only you can read them.", c.output)
	}
}
