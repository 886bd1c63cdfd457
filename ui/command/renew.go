package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/secrets"
	"dpc-onboard/store/submission"
)

type renewCommand struct {
	*app
	token, key, all, yes, deleteOld bool
	within                          int // days, or below 0 for any
	opened                          *secrets.Secrets
}

func newRenewCommand(a *app) *cobra.Command {
	c := renewCommand{app: a}
	cmd := &cobra.Command{
		Use:   "renew",
		Short: "Get a new client token or key pair from DPC while the old one works",
		Long: "Makes a new client token (--token, which is the default) or key pair (--key) through DPC's API. The new one is saved,\n" +
			"read back and checked, and only then takes the old one's place. At DPC the old one goes on working.\n" +
			"Prints a line for each onboarding: its ID, what was renewed, and the day on which its client token ends.",
		Example: name + " renew\n" + name + " renew --all --within 30 --vault-passphrase-file passphrase.txt\n" + name + " renew --token --key --delete-old",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("within") {
				c.within = -1
			} else if c.within < 0 {
				return usageError(cmd, errors.New("--within takes a number of days"))
			}
			if c.all && c.onboarding != "" {
				return usageError(cmd, errors.New("--all and --onboarding don't go together"))
			}
			if c.deleteOld && !c.yes && !c.asks() {
				return usageError(cmd, errors.New("--delete-old needs --yes where there is nobody to ask"))
			}
			return c.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&c.token, "token", false, "a new client token")
	f.BoolVar(&c.key, "key", false, "a new key pair")
	f.BoolVar(&c.all, "all", false, "all onboardings")
	f.IntVar(&c.within, "within", 0, "only where the client token ends within this number of days")
	f.BoolVar(&c.deleteOld, "delete-old", false, "delete the old one at DPC once the new one works")
	f.BoolVar(&c.yes, "yes", false, "don't ask before something is deleted at DPC")
	return cmd
}

func (c *renewCommand) run(ctx context.Context) error {
	if !c.all {
		state, err := c.choose()
		if err != nil {
			return err
		}
		if _, ok := state.Origin(); !ok {
			return record.WithKind(fmt.Errorf("%s: there is nothing to renew yet", state.ID()), record.ErrUnfinished,
				"Start \""+name+"\" and finish the steps that are open.")
		}
		return c.renew(ctx, state.ID())
	}
	entries, err := c.entries()
	if err != nil {
		return err
	}
	var failed error
	for _, e := range entries {
		_, ready := e.State.Origin()
		err := e.Err
		switch {
		case err != nil:
		case !ready:
			c.say("%s: there is nothing to renew yet.", e.ID)
		default:
			err = c.renew(ctx, e.ID)
		}
		if ctx.Err() != nil || interrupted(err) {
			return errors.Join(context.Canceled, err)
		}
		if err != nil {
			tell(c.stderr, fmt.Errorf("%s: %w", e.ID, err))
			failed = errors.Join(failed, err)
		}
	}
	if failed != nil {
		return outcome(ExitCode(failed)) // it was told
	}
	return nil
}

// renew renews what is asked for of one onboarding, where it is due.
func (c *renewCommand) renew(ctx context.Context, id string) error {
	files, _, err := c.stores()
	if err != nil {
		return err
	}
	defer files.Close()
	state, err := lock(files, id)
	if err != nil {
		return err
	}
	due := c.due(state)
	if !due && len(state.Renewing) == 0 {
		c.say("%s: nothing to renew. %s", id, lasts(state.ClientToken))
		return nil
	}
	services, err := c.services(ctx, state, files)
	if err != nil {
		return err
	}
	if !due {
		_, err := steps.Sweep(ctx, services, state, c.stray)
		return err
	}
	var done []string
	for _, what := range c.what() {
		r := steps.Renewal{What: what, Stray: c.stray, Old: c.old, Report: func(check.Line) {}}
		before := state
		if state, err = steps.Renew(ctx, services, state, r); err != nil && origin(before) == origin(state) {
			break
		}
		done = append(done, titles[what])
		if err != nil {
			break
		}
	}
	if len(done) == 0 {
		return err
	}
	expires := "-"
	if !state.ClientToken.Expires.IsZero() {
		expires = state.ClientToken.Expires.UTC().Format(time.DateOnly)
	}
	_, printed := fmt.Fprintf(c.stdout, "%s\t%s\t%s\n", id, strings.Join(done, ","), expires)
	c.say("%s: the new %s is saved, read back and checked. %s", id, strings.ReplaceAll(strings.Join(done, " and the new "), "-", " "), lasts(state.ClientToken))
	if again := handOver(state); again != "" {
		c.say("%s: the package that was made before holds the old one. Seal it and hand it over again: %s", id, again)
	}
	return cmp.Or(err, printed)
}

// titles are what is printed of a renewal.
var titles = map[record.Rotation]string{record.TokenRotation: "client-token", record.KeyRotation: "key-pair"}

func (c *renewCommand) what() (all []record.Rotation) {
	if c.token || !c.key {
		all = append(all, record.TokenRotation)
	}
	if c.key {
		all = append(all, record.KeyRotation)
	}
	return all
}

func origin(s record.State) record.Origin {
	o, _ := s.Origin()
	return o
}

// due reports whether --within covers the day on which the client token ends.
func (c *renewCommand) due(s record.State) bool {
	if c.within < 0 {
		return true
	}
	t := s.ClientToken
	return t != nil && !t.Expires.IsZero() && !t.Expires.After(c.now().AddDate(0, 0, c.within))
}

func lasts(t *record.TokenFact) string {
	if t.Expires.IsZero() {
		return "The client token has no end."
	}
	return "The client token ends on " + text.Day(t.Expires) + "."
}

// services are what a renewal reaches the outside through. The backend is opened
// once for all onboardings that it keeps: a vault's passphrase is asked for once.
func (c *renewCommand) services(ctx context.Context, state record.State, files *progress.Progress) (steps.Services, error) {
	if c.opened == nil || c.opened.Kind() != state.Backend(c.store) {
		opened, err := c.openSecrets(ctx, state)
		if err != nil {
			return steps.Services{}, err
		}
		c.opened = opened
	}
	return steps.Services{
		Now: c.now, Secrets: c.opened, Progress: files, Checker: checker{c.app}, Registry: c.registry,
		NewPair: func(ctx context.Context) (keys.Pair, error) { return pairs()(ctx) },
	}, nil
}

// registry signs in to the DPC of the onboarding's environment, or to that of
// --api-url.
func (a *app) registry(ctx context.Context, state record.State, creds record.Credentials) (steps.Registry, error) {
	client, err := a.client(state.Environment)
	if err != nil {
		return nil, err
	}
	r, err := client.Registry(ctx, state, creds)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// stray names what an earlier renewal left over at DPC, and asks about it.
func (c *renewCommand) stray(ctx context.Context, l steps.Listed) (bool, error) {
	c.say("A renewal left the %s at DPC. It is not in use here.", l)
	switch {
	case c.yes:
		c.say("It is deleted.")
		return true, nil
	case c.asks():
		return c.askYes(ctx, "Delete it at DPC?")
	}
	c.say("Add --yes to delete it, or delete it in the portal.")
	return false, nil
}

// old asks whether what was replaced is to be deleted at DPC.
func (c *renewCommand) old(ctx context.Context, l steps.Listed) (bool, error) {
	switch {
	case c.yes && c.deleteOld:
		c.say("The old %s is deleted at DPC.", l)
		return true, nil
	case c.yes || !c.asks():
		return false, nil
	}
	c.say("The old %s goes on working at DPC. The vendor may need it until the new package has arrived.", l)
	return c.askYes(ctx, "Delete it at DPC now?")
}

// handOver returns the command that seals the package and hands it over as it was
// before, or "" where there was none.
func handOver(s record.State) string {
	if s.Sealed == nil && len(s.Sent) == 0 {
		return ""
	}
	command := name + " export"
	if url := steps.LastSFTP(s); url != "" {
		command = name + " send " + url
	}
	command += " --onboarding " + s.ID()
	if p := s.Sealed; p != nil {
		if p.Format != submission.Formats()[0] {
			command += " --format " + string(p.Format)
		}
		if p.Recipient != record.ByPassphrase {
			command += " --recipient KEY"
		}
	}
	return command
}
