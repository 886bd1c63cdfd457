package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/sftp"
	"dpc-onboard/store/submission"
)

type exportCommand struct{ sealing }

func newExportCommand(a *app) *cobra.Command {
	c := exportCommand{sealing{app: a}}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Seal the package with the six items",
		Long: "Seals the six items into one file and prints its path.\n" +
			"On a terminal, without --recipient and --passphrase-file, a passphrase is made and shown once.",
		Example: name + " export --recipient age1… --output package.zip.age\n" +
			name + " export --format html --passphrase-file passphrase.txt",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	c.addSealFlags(cmd.Flags())
	return cmd
}

func (c *exportCommand) run(ctx context.Context) error {
	if err := c.checkSealFlags(); err != nil {
		return err
	}
	state, files, err := c.hold()
	if err != nil {
		return err
	}
	defer files.Close()
	state, err = c.seal(ctx, state, files)
	if err != nil {
		return err
	}
	c.say("Hand it over with \"%s send\", or start \"%s\" and say how you did.", name, name)
	_, err = fmt.Fprintln(c.stdout, state.Sealed.File)
	return err
}

// sealing is what "export" and "send" share: how to seal a package.
type sealing struct {
	*app
	format                            record.Format
	output, recipient, passphraseFile string
}

func (s *sealing) addSealFlags(f *pflag.FlagSet) {
	f.StringVar(&s.output, "output", "", "file or folder to write; never over another file")
	f.StringVar((*string)(&s.format), "format", string(submission.Formats()[0]), "way to open it: "+submission.Choices())
	f.StringVar(&s.recipient, "recipient", "", "seal to this public key, or the path of a file that holds it")
	f.StringVar(&s.passphraseFile, "passphrase-file", "", "seal under the passphrase in this file")
}

// checkSealFlags refuses flags that don't go together, before anything is opened.
func (s *sealing) checkSealFlags() error {
	if err := submission.Usable(s.format, s.recipient != ""); err != nil {
		return err
	}
	switch {
	case s.recipient != "" && s.passphraseFile != "":
		return record.WithKind(errors.New("--recipient and --passphrase-file don't go together"), record.ErrUsage, "Give one of the two.")
	case s.recipient == "" && s.passphraseFile == "" && !s.asks():
		return record.WithKind(errors.New("there is neither a recipient nor a passphrase to seal with"), record.ErrUsage,
			"Give --recipient or --passphrase-file. A passphrase is made and shown only on a terminal.")
	}
	return nil
}

// seal seals the package as the flags say, and saves the state that it returns. A
// passphrase that is made here is shown, and kept nowhere.
func (s *sealing) seal(ctx context.Context, state record.State, files *progress.Progress) (record.State, error) {
	folder, err := os.Getwd()
	if err != nil {
		return state, err
	}
	request := record.SealRequest{Format: s.format, Recipient: s.recipient, Path: cmp.Or(s.output, folder)}
	var made keys.Secret
	switch {
	case s.recipient != "":
	case s.passphraseFile != "":
		if request.Passphrase, err = readPassphrase(s.passphraseFile); err == nil {
			err = checkStrength(request.Passphrase, state)
		}
	default:
		made, err = keys.NewPassphrase(rand.Reader)
		request.Passphrase = made
	}
	if err != nil {
		return state, err
	}
	creds, err := s.credentials(ctx, state)
	if err != nil {
		return state, err
	}
	if c := state.CurrentCheck(); c == nil || !c.Passed {
		s.say("Note: these credentials have not been checked with DPC yet (\"%s check\").", name)
	}
	fact, err := s.packages().Seal(ctx, state, creds, request)
	if err != nil {
		return state, err
	}
	state.Sealed = &fact
	if err := s.save(files, state); err != nil {
		return state, err
	}
	opens := "the passphrase"
	if fact.Recipient != record.ByPassphrase {
		opens = "the private key of " + fact.Recipient
	}
	s.say("Sealed for NPI %s, %s: opens with %s, %d bytes, SHA-256 %s.", state.NPI, state.Environment, opens, fact.Size, fact.SHA256)
	if !made.IsZero() {
		fmt.Fprintf(s.stderr, "\nPassphrase, shown once: %s\n", made.Reveal())
		s.say("Say it to the receiver over the phone, never in the message that carries the file.")
	}
	return state, nil
}

// packages seals, and uploads by SFTP. It is a steps.Packages.
type packages struct{ submission.Packages }

func (a *app) packages() packages {
	return packages{submission.Packages{Version: a.version, Now: a.now}}
}

func (packages) Upload(ctx context.Context, u record.Upload, report func(done, total int64)) (record.DeliveryFact, error) {
	options, err := sftp.DefaultOptions()
	if err != nil {
		return record.DeliveryFact{}, err
	}
	return sftp.Upload(ctx, u, options, report)
}
