package command

import (
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/disk"
	"dpc-onboard/store/progress"
)

// statusReport is what "status --json" prints.
type statusReport struct {
	Schema      int                `json:"schema"` // 1
	Onboardings []onboardingStatus `json:"onboardings"`
	// Unreadable lists progress files that can't be used. The wizard sets such a
	// file aside, and never deletes it.
	Unreadable []unreadableStatus `json:"unreadable,omitempty"`
	// SetAside lists the paths of files that were set aside.
	SetAside []string `json:"set_aside,omitempty"`
}

// onboardingStatus says where one onboarding stands.
type onboardingStatus struct {
	ID           string             `json:"id"` // "<npi>-<environment>"
	Organization string             `json:"organization"`
	NPI          string             `json:"npi"`
	Environment  record.Environment `json:"environment"` // "sandbox" or "production"
	Complete     bool               `json:"complete"`
	Step         steps.ID           `json:"step,omitempty"` // the first that is open
	Steps        []stepStatus       `json:"steps"`          // all eight, in order
	TokenExpires time.Time          `json:"token_expires,omitzero"`
	DaysLeft     *int               `json:"days_left,omitempty"` // whole days until then, below 0 after it
	Storage      record.Backend     `json:"storage,omitempty"`   // "keyring" or "vault"
	LastActivity time.Time          `json:"last_activity,omitzero"`
}

// stepStatus says how one step stands.
type stepStatus struct {
	ID     steps.ID  `json:"id"`
	Title  string    `json:"title"`
	Status string    `json:"status"`      // "done" or "to do"
	At     time.Time `json:"at,omitzero"` // when it was done
}

// unreadableStatus is a progress file that can't be used.
type unreadableStatus struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

type statusCommand struct {
	*app
	json bool
}

func newStatusCommand(a *app) *cobra.Command {
	c := statusCommand{app: a}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Where each onboarding stands",
		Long:  "Shows where each onboarding stands. Exits with 0 where all of them are complete, and with 3 where one is not or there is none.",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return c.run() },
	}
	cmd.Flags().BoolVar(&c.json, "json", false, "as JSON")
	return cmd
}

func (c *statusCommand) run() error {
	entries, err := c.entries()
	if err != nil {
		return err
	}
	report, complete := c.report(entries)
	if c.json {
		err = c.printJSON(report)
	} else {
		err = c.print(report)
	}
	if err == nil && !complete {
		return exitUnfinished
	}
	return err
}

// report says where the onboardings stand, and whether there is nothing left to do.
func (c *statusCommand) report(entries []progress.Entry) (r statusReport, complete bool) {
	r = statusReport{Schema: 1, Onboardings: []onboardingStatus{}}
	complete = len(entries) > 0
	for _, e := range entries {
		if e.Err != nil {
			r.Unreadable = append(r.Unreadable, unreadableStatus{e.ID, e.Err.Error()})
			complete = false
			continue
		}
		s := e.State
		o := onboardingStatus{
			ID: s.ID(), Organization: s.Organization, NPI: s.NPI, Environment: s.Environment,
			Complete: steps.Complete(s), Step: steps.Next(s), LastActivity: s.UpdatedAt,
		}
		for _, step := range steps.Stepper(s) {
			o.Steps = append(o.Steps, stepStatus{step.ID, step.Title, string(step.Status), step.At})
		}
		if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
			left := t.DaysLeft(c.now())
			o.TokenExpires, o.DaysLeft = t.Expires, &left
		}
		if s.Storage != nil {
			o.Storage = s.Storage.Kind
		}
		r.Onboardings = append(r.Onboardings, o)
		complete = complete && o.Complete
	}
	if dir, err := disk.StateDir(); err == nil {
		r.SetAside, _ = filepath.Glob(filepath.Join(dir, "*.set-aside-*")) // the pattern is a good one
	}
	return r, complete
}

// print writes a table, and the steps where there is only one onboarding.
func (c *statusCommand) print(r statusReport) error {
	t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	if len(r.Onboardings) > 0 {
		fmt.Fprintln(t, "ONBOARDING\tORGANIZATION\tSTEPS\tNEXT\tCLIENT TOKEN")
	} else if len(r.Unreadable) == 0 {
		c.say("There is no onboarding yet. %s", beginHint)
	}
	for _, o := range r.Onboardings {
		done, next, token := 0, "complete", "-"
		for _, s := range o.Steps {
			if s.Status == string(steps.Done) {
				done++
			}
		}
		if !o.Complete {
			next = o.Step.Title()
		}
		if o.DaysLeft != nil {
			token = fmt.Sprintf("%d days left", *o.DaysLeft)
			if *o.DaysLeft < 0 {
				token = "expired on " + text.Day(o.TokenExpires)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%d of %d\t%s\t%s\n", o.ID, text.CleanLine(o.Organization), done, len(o.Steps), next, token)
	}
	if len(r.Onboardings) == 1 {
		fmt.Fprintln(t)
		for i, s := range r.Onboardings[0].Steps {
			at := ""
			if !s.At.IsZero() {
				at = text.Day(s.At)
			}
			fmt.Fprintf(t, "%d.\t%s\t%s\t%s\n", i+1, s.Title, s.Status, at)
		}
	}
	err := t.Flush()
	for _, u := range r.Unreadable {
		c.say("%s: %s", u.ID, u.Reason)
	}
	for _, path := range r.SetAside {
		c.say("set aside earlier: %s", path)
	}
	return err
}
