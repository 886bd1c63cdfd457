package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dpc-onboard/steps"
	"dpc-onboard/store"
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
	ID           string            `json:"id"` // "<npi>-<environment>"
	Organization string            `json:"organization"`
	NPI          string            `json:"npi"`
	Environment  steps.Environment `json:"environment"` // "sandbox" or "production"
	Complete     bool              `json:"complete"`
	Step         steps.ID          `json:"step,omitempty"` // the first that is open
	Steps        []stepStatus      `json:"steps"`          // all eight, in order
	TokenExpires time.Time         `json:"token_expires,omitzero"`
	DaysLeft     *int              `json:"days_left,omitempty"` // whole days until then, below 0 after it
	Storage      steps.StorageKind `json:"storage,omitempty"`   // "keyring" or "vault"
	LastActivity time.Time         `json:"last_activity,omitzero"`
}

// stepStatus says how one step stands.
type stepStatus struct {
	ID     steps.ID         `json:"id"`
	Title  string           `json:"title"`
	Status steps.StopStatus `json:"status"`      // "done" or "to do"
	At     time.Time        `json:"at,omitzero"` // when it was done
}

// unreadableStatus is a progress file that can't be used.
type unreadableStatus struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Where each onboarding stands",
		Long:  "Shows where each onboarding stands. Exits with 0 where all of them are complete, and with 3 where one is not or there is none.",
		Args:  cobra.NoArgs,
		RunE:  a.run(func(context.Context, []string) error { return a.status(asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (a *app) status(asJSON bool) error {
	entries, err := a.entries()
	if err != nil {
		return err
	}
	report := a.report(entries)
	if asJSON {
		err = printJSON(a.out, report)
	} else {
		err = a.printStatus(report)
	}
	if err == nil && !report.complete() {
		return quiet{steps.ErrUnfinished}
	}
	return err
}

func (a *app) report(entries []store.Entry) statusReport {
	r := statusReport{Schema: 1, Onboardings: []onboardingStatus{}, SetAside: setAside()}
	for _, e := range entries {
		if e.Err != nil {
			r.Unreadable = append(r.Unreadable, unreadableStatus{e.ID, e.Err.Error()})
			continue
		}
		r.Onboardings = append(r.Onboardings, statusOf(e.State, a.now()))
	}
	return r
}

// complete reports whether there is nothing left to do.
func (r statusReport) complete() bool {
	open := slices.ContainsFunc(r.Onboardings, func(o onboardingStatus) bool { return !o.Complete })
	return len(r.Onboardings) > 0 && len(r.Unreadable) == 0 && !open
}

func statusOf(s steps.State, now time.Time) onboardingStatus {
	o := onboardingStatus{
		ID: s.ID(), Organization: s.Organization, NPI: s.NPI, Environment: s.Environment,
		Complete: steps.Complete(s), Step: steps.Next(s), LastActivity: s.UpdatedAt,
	}
	for _, stop := range steps.Rail(s) {
		o.Steps = append(o.Steps, stepStatus{stop.ID, stop.Title, stop.Status, stop.At})
	}
	if t := s.ClientToken; t != nil && !t.Expires.IsZero() {
		left := t.DaysLeft(now)
		o.TokenExpires, o.DaysLeft = t.Expires, &left
	}
	if s.Storage != nil {
		o.Storage = s.Storage.Kind
	}
	return o
}

// setAside finds the files that were set aside; none where the folder can't be
// read.
func setAside() []string {
	dir, err := store.Dir()
	if err != nil {
		return nil
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*.set-aside-*")) // the pattern is a good one
	return found
}

func (a *app) printStatus(r statusReport) error {
	if len(r.Onboardings) == 0 && len(r.Unreadable) == 0 {
		a.say("There is no onboarding yet. %s", beginHint)
	}
	if err := r.print(a.out); err != nil {
		return err
	}
	for _, u := range r.Unreadable {
		a.say("%s: %s", u.ID, u.Reason)
	}
	for _, path := range r.SetAside {
		a.say("set aside earlier: %s", path)
	}
	return nil
}

// print writes a table, and the steps where there is only one onboarding.
func (r statusReport) print(w io.Writer) error {
	if len(r.Onboardings) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ONBOARDING\tORGANIZATION\tSTEPS\tNEXT\tCLIENT TOKEN")
	for _, o := range r.Onboardings {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", o.ID, printable(o.Organization), o.progress(), o.next(), o.token())
	}
	if err := t.Flush(); err != nil || len(r.Onboardings) > 1 {
		return err
	}
	fmt.Fprintln(w)
	for i, s := range r.Onboardings[0].Steps {
		fmt.Fprintf(t, "%d.\t%s\t%s\t%s\n", i+1, s.Title, s.Status, date(s.At))
	}
	return t.Flush()
}

func (o onboardingStatus) progress() string {
	done := 0
	for _, s := range o.Steps {
		if s.Status == steps.StopDone {
			done++
		}
	}
	return fmt.Sprintf("%d of %d", done, len(o.Steps))
}

func (o onboardingStatus) next() string {
	if o.Complete {
		return "complete"
	}
	return o.Step.Title()
}

func (o onboardingStatus) token() string {
	switch {
	case o.DaysLeft == nil:
		return "-"
	case *o.DaysLeft < 0:
		return "expired on " + date(o.TokenExpires)
	}
	return fmt.Sprintf("%d days left", *o.DaysLeft)
}

// date writes a day so that it sorts, "" for none.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateOnly)
}

// day writes a date as people in the United States read it.
func day(t time.Time) string { return t.Local().Format("January 2, 2006") }

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
