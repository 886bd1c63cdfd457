package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"dpc-onboard/steps"
	"dpc-onboard/store"
)

func (a *app) forgetCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "forget ID",
		Short: "Delete an onboarding's secrets and progress",
		Long: "Deletes the tokens, the private key and the progress file of an onboarding from this computer, after asking.\n" +
			"At DPC nothing changes: delete token and key in the portal, too, where they are no longer needed.",
		Example: name + " forget 1234567893-sandbox",
		Args:    one("the onboarding's ID"),
		RunE:    a.run(func(ctx context.Context, args []string) error { return a.forget(ctx, args[0], yes) }),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "don't ask")
	return cmd
}

func (a *app) forget(ctx context.Context, id string, yes bool) error {
	progress, err := a.progress()
	if err != nil {
		return err
	}
	state, err := progress.Read(id)
	_, broken := errors.AsType[*store.Unreadable](err)
	switch {
	case isMissing(err):
		return unknown(id)
	case broken:
		state = steps.State{NPI: id[:10], Environment: steps.Environment(id[11:]), Storage: a.likelyPlace()}
	case err != nil:
		return err
	}
	defer progress.Close()
	if err := inUse(progress, state); err != nil {
		return err
	}
	if err := a.confirmForget(ctx, state, yes); err != nil {
		return err
	}
	if err := a.forgetting(nil, progress)(ctx, state); err != nil {
		return err
	}
	a.say("Forgotten: %s. Delete its token and key in DPC's portal, too, where they are no longer needed.", id)
	return nil
}

// likelyPlace is where the secrets of an onboarding are whose file can't be read.
func (a *app) likelyPlace() *steps.Storage {
	secrets, err := a.secrets()
	if err == nil && secrets.VaultExists() {
		return &steps.Storage{Kind: steps.Vault}
	}
	return &steps.Storage{Kind: steps.Keyring}
}

// confirmForget says what is deleted, and asks.
func (a *app) confirmForget(ctx context.Context, s steps.State, yes bool) error {
	a.say("This deletes onboarding %s (%s) from this computer: client token, organization token and private key from the %s, and the progress file.",
		s.ID(), s.Organization, a.placeOf(s))
	if p := s.Sealed; p != nil && fileExists(p.File) {
		a.say("The sealed package stays: %s", p.File)
	}
	if yes {
		return nil
	}
	if !a.asks() {
		return steps.WithKind(errors.New("nothing was deleted, because there is nobody to ask"), steps.ErrUsage, "Add --yes.")
	}
	ok, err := a.askYes(ctx, "Nothing brings them back.")
	if err == nil && !ok {
		err = errors.New("nothing was deleted")
	}
	return err
}

// forgetFunc deletes an onboarding's secrets and progress.
type forgetFunc func(context.Context, steps.State) error

// forgetting returns what deletes the secrets first: while the progress file is
// there, it can be tried again. opened is what the face has open, or nil: a vault
// that is open needs no passphrase again.
func (a *app) forgetting(opened *store.Secrets, progress *store.Progress) forgetFunc {
	return func(ctx context.Context, s steps.State) error {
		if s.Storage != nil || a.store != storeAuto {
			secrets, err := opened, error(nil)
			if opened == nil || opened.Kind() != a.placeOf(s) {
				secrets, err = a.openSecrets(ctx, s)
			}
			if err == nil {
				err = secrets.Forget(ctx, s.ID())
			}
			if err != nil {
				return fmt.Errorf("delete the secrets: %w", err)
			}
		}
		return progress.Remove(s.ID())
	}
}
