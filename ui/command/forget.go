package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/secrets"
)

type forgetCommand struct {
	*app
	yes bool
}

func newForgetCommand(a *app) *cobra.Command {
	c := forgetCommand{app: a}
	cmd := &cobra.Command{
		Use:   "forget ID",
		Short: "Delete an onboarding's secrets and progress",
		Long: "Deletes the tokens, the private key and the progress file of an onboarding from this computer, after asking.\n" +
			"At DPC nothing changes: delete token and key in the portal, too, where they are no longer needed.",
		Example: name + " forget 1234567893-sandbox",
		Args:    one("the onboarding's ID"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	cmd.Flags().BoolVar(&c.yes, "yes", false, "don't ask")
	return cmd
}

func (c *forgetCommand) run(ctx context.Context, id string) error {
	files, backends, err := c.stores()
	if err != nil {
		return err
	}
	defer files.Close()
	state, err := files.Read(id)
	_, unreadable := errors.AsType[*progress.Unreadable](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unknown(id)
	case unreadable: // then where its secrets are is a guess
		state, err = record.Begun(id)
		state.Storage = &record.Storage{Kind: record.Keyring}
		if backends.VaultExists() {
			state.Storage.Kind = record.Vault
		}
	case err == nil && !state.AccessAt.IsZero():
		_, err = lock(files, id)
	}
	if err != nil {
		return err
	}
	if err := c.confirm(ctx, state); err != nil {
		return err
	}
	if err := c.forget(ctx, state, files, nil); err != nil {
		return err
	}
	c.say("Forgotten: %s. Delete its token and key in DPC's portal, too, where they are no longer needed.", id)
	return nil
}

// confirm says what is deleted, and asks.
func (c *forgetCommand) confirm(ctx context.Context, s record.State) error {
	c.say("This deletes onboarding %s (%s) from this computer: client token, organization token and private key from the %s, and the progress file.",
		s.ID(), s.Organization, s.Backend(c.store))
	if p := s.Sealed; p != nil && disk.Exists(p.File) {
		c.say("The sealed package stays: %s", p.File)
	}
	if c.yes {
		return nil
	}
	if !c.asks() {
		return record.WithKind(errors.New("nothing was deleted, because there is nobody to ask"), record.ErrUsage, "Add --yes.")
	}
	yes, err := c.askYes(ctx, "Nothing brings them back.")
	if err == nil && !yes {
		err = errors.New("nothing was deleted")
	}
	return err
}

// forget deletes an onboarding's secrets and progress; the secrets first: while
// the progress file is there, it can be tried again. opened is the backend that the
// onboarding has open, or nil: an open vault needs no passphrase again.
func (a *app) forget(ctx context.Context, s record.State, files *progress.Progress, opened *secrets.Secrets) error {
	if s.Storage == nil && a.store == record.Auto {
		return files.Remove(s.ID()) // nothing was ever saved
	}
	var err error
	if opened == nil || opened.Kind() != s.Backend(a.store) {
		opened, err = a.openSecrets(ctx, s)
	}
	if err == nil {
		err = opened.Forget(ctx, s.ID())
	}
	if err != nil {
		return fmt.Errorf("delete the secrets: %w", err)
	}
	return files.Remove(s.ID())
}
