package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"dpc-onboard/steps"
	"dpc-onboard/store"
	"dpc-onboard/store/submission"
	"dpc-onboard/store/submission/sftp"
)

// sendFlags say how to sign in to the server.
type sendFlags struct {
	keyFile, passwordFile, trust string
}

func (a *app) sendCommand() *cobra.Command {
	var s sealFlags
	var o sendFlags
	cmd := &cobra.Command{
		Use:   "send URL",
		Short: "Seal the package and upload it by SFTP",
		Long: "Uploads the sealed package to sftp://user@host[:port]/folder/ and reads it back there.\n" +
			"The package that was sealed last is sent where it is still current and no way to seal is given; else a new one is sealed.\n" +
			"Without --key-file and --password-file, the SSH agent and your usual keys sign in.",
		Example: name + " send sftp://practice@sftp.example.com/inbox/ --recipient age1…",
		Args:    one("the address to send to"),
		RunE:    a.run(func(ctx context.Context, args []string) error { return a.send(ctx, args[0], s, o) }),
	}
	s.add(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&o.keyFile, "key-file", "", "file with the SSH private key to sign in with")
	f.StringVar(&o.passwordFile, "password-file", "", "file with the password, or with the passphrase of --key-file")
	f.StringVar(&o.trust, "trust", "", "fingerprint (SHA256:…) of a server that is not known here yet")
	return cmd
}

func (a *app) send(ctx context.Context, url string, s sealFlags, o sendFlags) error {
	if _, err := sftp.ParseURL(url); err != nil {
		return steps.WithKind(err, steps.ErrUsage, steps.Hint(err))
	}
	state, progress, err := a.hold()
	if err != nil {
		return err
	}
	defer progress.Close()
	a.saySent(state)
	upload := steps.Upload{URL: url, KeyFile: submission.HomePath(o.keyFile), Trust: o.trust}
	if o.passwordFile != "" {
		if upload.Password, err = readPassphrase(o.passwordFile); err != nil {
			return err
		}
	}
	state, err = a.toSend(ctx, state, progress, s)
	if err != nil {
		return err
	}
	upload.File = state.Sealed.File
	d, err := a.upload(ctx, upload)
	if err != nil {
		return err
	}
	if err := a.save(progress, state.WithDelivery(d)); err != nil {
		return err
	}
	a.say("Delivered and read back: SHA-256 %s.", d.SHA256)
	_, err = fmt.Fprintln(a.out, d.Where)
	return err
}

// saySent says so first where a package was handed over already.
func (a *app) saySent(s steps.State) {
	if len(s.Sent) == 0 {
		return
	}
	last := s.Sent[len(s.Sent)-1]
	a.say("Note: a package was handed over already, on %s (%s). This sends one again.", day(last.At), last.Where)
}

// toSend returns the state with a package to send: the one that is sealed
// already where it holds today's credentials, or a new one.
func (a *app) toSend(ctx context.Context, state steps.State, progress *store.Progress, s sealFlags) (steps.State, error) {
	if !s.given() && current(state) && fileExists(state.Sealed.File) {
		a.say("Sending the package that was sealed on %s: %s", day(state.Sealed.At), state.Sealed.File)
		return state, nil
	}
	if err := s.check(a.asks()); err != nil {
		return state, err
	}
	s, err := a.freeOutput(state, s)
	if err != nil {
		return state, err
	}
	return a.sealed(ctx, state, progress, s)
}

// current reports whether the sealed package holds today's credentials.
func current(s steps.State) bool {
	p := s.Sealed
	return p != nil && s.ClientToken != nil && s.KeyID != nil && s.Key != nil &&
		p.TokenDigest == s.ClientToken.Digest && p.KeyID == s.KeyID.ID && p.Fingerprint == s.Key.Fingerprint
}

// upload sends the file. A server that is not known is asked about on a
// terminal, and refused in a script.
func (a *app) upload(ctx context.Context, u steps.Upload) (steps.DeliveryFact, error) {
	d, err := a.packages().Upload(ctx, u, a.percent())
	host, unknown := errors.AsType[*steps.UnknownHost](err)
	if !unknown {
		return d, err
	}
	if u.Trust != "" { // to offer the key that was shown would talk somebody into it
		return d, steps.WithHint(fmt.Errorf("%w: it shows the %s key %s, and not the one that --trust names", err, host.KeyType, host.Fingerprint),
			"Nothing was sent. Call the vendor: unless the fingerprint was mistyped, somebody may stand between you and the server.")
	}
	if !a.asks() {
		return d, steps.WithHint(fmt.Errorf("%w: it shows the %s key %s", err, host.KeyType, host.Fingerprint),
			"Compare this with the vendor's fingerprint, and only if it is the same give it: --trust "+host.Fingerprint)
	}
	a.say("The server %s is not known on this computer. Its %s key is %s.", host.Host, host.KeyType, host.Fingerprint)
	a.say("Ask the vendor for the fingerprint and compare. If it differs, somebody may stand between you and the server.")
	yes, err := a.askYes(ctx, "Is it the same?")
	if err != nil || !yes {
		return d, errors.Join(errors.New("the server was not trusted, and nothing was sent"), err)
	}
	u.Trust = host.Fingerprint
	return a.packages().Upload(ctx, u, a.percent())
}

// percent returns what tells of the upload, a line for each quarter.
func (a *app) percent() func(done, total int64) {
	last := int64(0)
	return func(done, total int64) {
		if total <= 0 || done*4/total <= last {
			return
		}
		last = done * 4 / total
		a.say("%d percent", last*25)
	}
}
