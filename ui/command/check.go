package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// checkReport is what "check --json" prints.
type checkReport struct {
	Schema     int         `json:"schema"` // 1
	Onboarding string      `json:"onboarding"`
	At         time.Time   `json:"at"`
	API        string      `json:"api"`     // the API base that was asked
	Passed     bool        `json:"passed"`  // exit code 0
	Refused    bool        `json:"refused"` // DPC said no to the credentials: exit code 4
	Summary    string      `json:"summary"`
	Lines      []checkLine `json:"lines"`
}

// checkLine is one line of the check: the facts of check.Line, and the words that
// a person reads.
type checkLine struct {
	check.Line
	Title    string `json:"title"`
	Sentence string `json:"sentence"`
	Remedy   string `json:"remedy,omitempty"`
}

type checkCommand struct {
	*app
	json bool
}

func newCheckCommand(a *app) *cobra.Command {
	c := checkCommand{app: a}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Ask DPC whether the credentials work",
		Long: "Signs in to DPC with what is saved, and records the outcome. It reads nothing of any patient.\n" +
			"Exits with 0 where DPC accepts it and it is what was entered, with 4 where DPC refuses it, and with 1 for all else.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&c.json, "json", false, "as JSON")
	return cmd
}

func (c *checkCommand) run(ctx context.Context) error {
	state, files, err := c.hold()
	if err != nil {
		return err
	}
	defer files.Close()
	secrets, err := c.openSecrets(ctx, state)
	if err != nil {
		return err
	}
	before := state.Check
	state, err = steps.LiveCheck(ctx, steps.Services{Secrets: secrets, Checker: checker{c.app}}, state, c.printLine)
	if state.Check != before {
		err = errors.Join(err, c.save(files, state))
	}
	if err != nil {
		return err
	}
	r := state.Check.Report
	if c.json {
		err = c.printReport(state, r)
	} else {
		_, err = fmt.Fprintln(c.stdout, text.CleanLine(r.Summary()))
	}
	switch {
	case err != nil:
		return err
	case r.Passed:
		return nil
	case r.Refused():
		return exitRefused
	}
	return exitFailed
}

// printLine prints a line of the check as it ends.
func (c *checkCommand) printLine(l check.Line) {
	if c.json || l.Status == check.Running {
		return
	}
	fmt.Fprintf(c.stdout, "%-9s  %s  (%s)\n", l.Status, text.CleanLine(l.Sentence()), text.Took(l.Took))
	if remedy := l.Remedy(); remedy != "" {
		fmt.Fprintf(c.stdout, "%-9s  %s\n", "", text.CleanLine(remedy))
	}
}

func (c *checkCommand) printReport(s record.State, r check.Report) error {
	out := checkReport{
		Schema: 1, Onboarding: s.ID(), At: r.At.UTC(), API: r.API,
		Passed: r.Passed, Refused: r.Refused(), Summary: r.Summary(), Lines: []checkLine{},
	}
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, checkLine{l, l.Title(), l.Sentence(), l.Remedy()})
	}
	return c.printJSON(out)
}

// checker asks the DPC of the onboarding's environment, or that of --api-url. It
// is a steps.Checker.
type checker struct{ *app }

func (c checker) Check(ctx context.Context, state record.State, creds record.Credentials, report func(check.Line)) (check.Report, error) {
	client, err := c.client(state.Environment)
	if err != nil {
		return check.Report{}, err
	}
	return client.Check(ctx, state, creds, report)
}
