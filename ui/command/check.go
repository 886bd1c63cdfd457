package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dpc-onboard/steps"
	"dpc-onboard/store"
)

// checkReport is what "check --json" prints.
type checkReport struct {
	Schema     int         `json:"schema"` // 1
	Onboarding string      `json:"onboarding"`
	At         time.Time   `json:"at"`
	API        string      `json:"api"`     // the API base that was asked
	Passed     bool        `json:"passed"`  // exit code 0
	Refused    bool        `json:"refused"` // the credentials are at fault: exit code 4
	Summary    string      `json:"summary"`
	Lines      []checkLine `json:"lines"`
}

// checkLine is one line of the check: the facts of steps.CheckLine, and the words
// that a person reads.
type checkLine struct {
	steps.CheckLine
	Title    string `json:"title"`
	Sentence string `json:"sentence"`
	Remedy   string `json:"remedy,omitempty"`
}

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Ask DPC whether the credentials work",
		Long: "Signs in to DPC with what is saved, and records the outcome. It reads nothing of any patient.\n" +
			"Exits with 0 where DPC accepts it, with 4 where it refuses, and with 1 where DPC could not be asked.",
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error { return a.check(ctx, asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (a *app) check(ctx context.Context, asJSON bool) error {
	state, progress, err := a.hold()
	if err != nil {
		return err
	}
	defer progress.Close()
	secrets, err := a.openSecrets(ctx, state)
	if err != nil {
		return err
	}
	before := state.Check
	state, err = steps.LiveCheck(ctx, steps.Services{Secrets: secrets, Checker: checker{a}}, state, a.printLine(state.Environment, asJSON))
	if state.Check != before {
		err = errors.Join(err, a.save(progress, state))
	}
	if err != nil {
		return err
	}
	report := *state.Check
	if asJSON {
		err = printJSON(a.out, reportOf(state, report))
	} else {
		_, err = fmt.Fprintln(a.out, printable(report.Summary()))
	}
	return errors.Join(err, outcome(report))
}

// hold opens the onboarding that a command is for, so that its outcome can be
// recorded.
func (a *app) hold() (steps.State, *store.Progress, error) {
	state, err := a.choose()
	if err != nil {
		return state, nil, err
	}
	progress, err := a.progress()
	if err != nil {
		return state, nil, err
	}
	if err := inUse(progress, state); err != nil {
		return state, nil, err
	}
	state, _, err = progress.Open(state.ID())
	return state, progress, err
}

// save records a fact with the time of it.
func (a *app) save(progress *store.Progress, s steps.State) error {
	s.UpdatedAt = a.now().UTC()
	return progress.Save(s)
}

// printLine returns what prints each line of the check as it ends.
func (a *app) printLine(e steps.Environment, silent bool) func(steps.CheckLine) {
	return func(l steps.CheckLine) {
		if silent || l.Status == steps.CheckRunning {
			return
		}
		fmt.Fprintf(a.out, "%-9s  %s  (%s)\n", l.Status, printable(l.Sentence(e)), steps.SayTook(l.Took))
		if remedy := l.Remedy(); remedy != "" {
			fmt.Fprintf(a.out, "%-9s  %s\n", "", printable(remedy))
		}
	}
}

func reportOf(s steps.State, r steps.CheckReport) checkReport {
	out := checkReport{
		Schema: 1, Onboarding: s.ID(), At: r.At.UTC(), API: r.API,
		Passed: r.Passed, Refused: r.Refused(), Summary: r.Summary(), Lines: []checkLine{},
	}
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, checkLine{l, l.Title(), l.Sentence(s.Environment), l.Remedy()})
	}
	return out
}

// outcome is the check's exit code; what there is to say has been printed.
func outcome(r steps.CheckReport) error {
	switch {
	case r.Passed:
		return nil
	case r.Refused():
		return quiet{steps.ErrRefused}
	}
	return quiet{errors.New("the check could not be finished")}
}

func (a *app) accessTokenCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "access-token",
		Short:   "Print a DPC access token, for scripts and curl",
		Long:    "Prints a fresh access token on stdout, and how long it lasts on stderr. It is stored nowhere.",
		Example: "curl -H \"Authorization: Bearer $(" + name + " access-token)\" https://sandbox.dpc.cms.gov/api/v1/Patient",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, _ []string) error { return a.accessToken(ctx) }),
	}
}

func (a *app) accessToken(ctx context.Context) error {
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
	token, life, err := client.AccessToken(ctx, creds)
	if err != nil {
		return err
	}
	a.say("It lasts %d seconds.", int(life.Seconds()))
	_, err = fmt.Fprintln(a.out, token.Reveal())
	return err
}
