package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newAccessTokenCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "access-token",
		Short:   "Print a DPC access token, for scripts and curl",
		Long:    "Prints a fresh access token on stdout, and how long it lasts on stderr. It is stored nowhere.",
		Example: "curl -H \"Authorization: Bearer $(" + name + " access-token)\" https://sandbox.dpc.cms.gov/api/v1/Patient",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.printAccessToken(cmd.Context()) },
	}
}

func (a *app) printAccessToken(ctx context.Context) error {
	state, err := a.choose()
	if err != nil {
		return err
	}
	creds, err := a.credentials(ctx, state)
	if err != nil {
		return err
	}
	client, err := a.client(state.Environment)
	if err != nil {
		return err
	}
	token, life, err := client.AccessToken(ctx, state, creds)
	if err != nil {
		return err
	}
	a.say("It lasts %d seconds.", int(life.Seconds()))
	_, err = fmt.Fprintln(a.stdout, token.Reveal())
	return err
}
