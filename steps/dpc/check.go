package dpc

import (
	"context"
	"slices"

	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// run is one live check.
type run struct {
	*session
	unread *fault // why the credentials can't be read
	state  record.State
	report func(check.Line)
	lines  []check.Line

	first        answer // DPC's first answer, which tells its clock
	organization organization
	unknown      *fault // why the organization is not known
}

// probes says how each line is tried, and which line must not have failed before.
var probes = map[check.ID]struct {
	needs check.ID
	try   func(*run, context.Context) check.Line
}{
	check.Reach:        {"", (*run).reach},
	check.Clock:        {check.Reach, (*run).compareClocks},
	check.Assertion:    {check.Clock, (*run).wellFormed},
	check.Accept:       {check.Assertion, (*run).accept},
	check.Organization: {check.Accept, (*run).compareOrganization},
	check.Key:          {check.Accept, (*run).compareKey},
	check.Expiry:       {"", (*run).expiry}, // the token itself tells
	check.Addresses: {"", func(*run, context.Context) check.Line { // only CMS can look at its list
		return check.Line{Status: check.Noted, Cause: check.CauseAddresses}
	}},
}

// Check asks DPC whether the credentials work, line by line in the order of
// check.IDs, and reports each line as it starts (with check.Running) and as it
// ends. report may be nil. What goes wrong is in the report; an error is returned
// only where ctx ended, together with the lines until then.
func (c *Client) Check(ctx context.Context, state record.State, creds record.Credentials, report func(check.Line)) (check.Report, error) {
	if report == nil {
		report = func(check.Line) {}
	}
	r := &run{state: state, report: report}
	r.session, r.unread = c.open(creds)
	out := check.Report{At: c.Now(), API: c.base}
	var err error
	for _, id := range check.IDs {
		if id == check.Addresses && state.Environment != record.Production {
			continue
		}
		if err = r.line(ctx, id); err != nil {
			break
		}
	}
	out.Lines = r.lines
	_, failed := out.Failure()
	out.Passed = err == nil && !failed
	return out, err
}

// Reach reports whether DPC answers, and whether this computer's clock agrees with
// DPC's: the first two lines of the live check. The second is "not tried" where
// the first failed.
func (c *Client) Reach(ctx context.Context) [2]check.Line {
	r := &run{session: &session{client: c}, report: func(check.Line) {}}
	for _, id := range []check.ID{check.Reach, check.Clock} {
		if err := r.line(ctx, id); err != nil {
			r.end(check.Line{ID: id, Status: check.NotTried})
		}
	}
	return [2]check.Line{r.lines[0], r.lines[1]}
}

// line runs one line to its end. A line that was cut short by ctx does not end.
func (r *run) line(ctx context.Context, id check.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	probe := probes[id]
	blocked := slices.ContainsFunc(r.lines, func(l check.Line) bool {
		return l.ID == probe.needs && (l.Status == check.Failed || l.Status == check.NotTried)
	})
	if blocked {
		r.end(check.Line{ID: id, Status: check.NotTried})
		return nil
	}
	r.report(check.Line{ID: id, Status: check.Running})
	started := r.client.Now()
	line := probe.try(r, ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	line.ID, line.Took = id, max(0, r.client.Now().Sub(started))
	r.end(line)
	return nil
}

func (r *run) end(line check.Line) {
	line = r.secrets.line(line)
	r.lines = append(r.lines, line)
	r.report(line)
}
