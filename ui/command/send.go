package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/sftpurl"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/submission"
	"dpc-onboard/ui/plain"
)

type sendCommand struct {
	sealing
	keyFile, passwordFile, trust string // to sign in to the server
}

func newSendCommand(a *app) *cobra.Command {
	c := sendCommand{sealing: sealing{app: a}}
	cmd := &cobra.Command{
		Use:   "send URL",
		Short: "Seal the package and upload it by SFTP",
		Long: "Uploads the sealed package to sftp://user@host[:port]/folder/ and reads it back there.\n" +
			"The package that was sealed last is sent where it is still current and no way to seal is given; else a new one is sealed.\n" +
			"Without --key-file and --password-file, the SSH agent and your usual keys sign in.",
		Example: name + " send sftp://practice@sftp.example.com/inbox/ --recipient age1…",
		Args:    one("the address to send to"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	c.addSealFlags(f)
	f.StringVar(&c.keyFile, "key-file", "", "file with the SSH private key to sign in with")
	f.StringVar(&c.passwordFile, "password-file", "", "file with the password, or with the passphrase of --key-file")
	f.StringVar(&c.trust, "trust", "", "fingerprint (SHA256:…) of a server that is not known here yet")
	return cmd
}

func (c *sendCommand) run(ctx context.Context, url string) error {
	if _, err := sftpurl.Parse(url); err != nil {
		return record.WithKind(err, record.ErrUsage, record.Hint(err))
	}
	state, files, err := c.hold()
	if err != nil {
		return err
	}
	defer files.Close()
	if len(state.Sent) > 0 {
		last := state.Sent[len(state.Sent)-1]
		c.say("Note: a package was handed over already, on %s (%s). This sends one again.", text.Day(last.At), last.Where)
	}
	upload := record.Upload{URL: url, KeyFile: disk.Home(c.keyFile), Trust: c.trust}
	if c.passwordFile != "" {
		if upload.Password, err = readPassphrase(c.passwordFile); err != nil {
			return err
		}
	}
	state, err = c.toSend(ctx, state, files)
	if err != nil {
		return err
	}
	upload.File = state.Sealed.File
	delivery, err := c.upload(ctx, upload)
	if err != nil {
		return err
	}
	if err := c.save(files, state.WithDelivery(delivery)); err != nil {
		return err
	}
	c.say("Delivered and read back: SHA-256 %s.", delivery.SHA256)
	_, err = fmt.Fprintln(c.stdout, delivery.Where)
	return err
}

// toSend returns the state with a package to send: the one that is sealed already
// where it holds today's credentials and no other was asked for, or a new one.
func (c *sendCommand) toSend(ctx context.Context, state record.State, files *progress.Progress) (record.State, error) {
	asked := c.output != "" || c.recipient != "" || c.passphraseFile != "" || c.format != submission.Formats()[0]
	if sealed := state.CurrentPackage(); !asked && sealed != nil && disk.Exists(sealed.File) {
		c.say("Sending the package that was sealed on %s: %s", text.Day(sealed.At), sealed.File)
		return state, nil
	}
	if err := c.checkSealFlags(); err != nil {
		return state, err
	}
	return c.seal(ctx, state, files)
}

// upload sends the file. A server that is not known is asked about on a terminal,
// and refused in a script.
func (c *sendCommand) upload(ctx context.Context, u record.Upload) (record.DeliveryFact, error) {
	percent := func() func(done, total int64) {
		return plain.Quarters(func(percent int64) { c.say("%d percent", percent) })
	}
	d, err := c.packages().Upload(ctx, u, percent())
	host, unknown := errors.AsType[*record.UnknownHost](err)
	if !unknown {
		return d, err
	}
	if u.Trust != "" { // to offer the key that was shown would talk somebody into it
		return d, record.WithHint(fmt.Errorf("%w: it shows the %s key %s, and not the one that --trust names", err, host.KeyType, host.Fingerprint),
			"Nothing was sent. Call the vendor: unless the fingerprint was mistyped, somebody may stand between you and the server.")
	}
	if !c.asks() {
		return d, record.WithHint(fmt.Errorf("%w: it shows the %s key %s", err, host.KeyType, host.Fingerprint),
			"Compare this with the vendor's fingerprint, and only if it is the same give it: --trust "+host.Fingerprint)
	}
	c.say("The server %s is not known on this computer. Its %s key is %s.", host.Host, host.KeyType, host.Fingerprint)
	c.say("Ask the vendor for the fingerprint and compare. If it differs, somebody may stand between you and the server.")
	yes, err := c.askYes(ctx, "Is it the same?")
	if err != nil || !yes {
		return d, errors.Join(errors.New("the server was not trusted, and nothing was sent"), err)
	}
	u.Trust = host.Fingerprint
	return c.packages().Upload(ctx, u, percent())
}
