package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) exportCommand() *cobra.Command {
	var s sealFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Seal the package with the six items",
		Long: "Seals the six items into one file and prints its path.\n" +
			"On a terminal, without --recipient and --passphrase-file, a passphrase is made and shown once.",
		Example: name + " export --recipient age1… --output package.zip.age\n" +
			name + " export --format html --passphrase-file passphrase.txt",
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error { return a.export(ctx, s) }),
	}
	s.add(cmd.Flags())
	return cmd
}

func (a *app) export(ctx context.Context, s sealFlags) error {
	if err := s.check(a.asks()); err != nil {
		return err
	}
	state, progress, err := a.hold()
	if err != nil {
		return err
	}
	defer progress.Close()
	state, err = a.sealed(ctx, state, progress, s)
	if err != nil {
		return err
	}
	a.say("Hand it over with \"%s send\", or start \"%s\" and say how you did.", name, name)
	_, err = fmt.Fprintln(a.out, state.Sealed.File)
	return err
}
