package steps

import (
	"iter"
	"slices"
	"time"

	"dpc-onboard/steps/record"
)

// table is the whole onboarding, in the guide's order.
var table []Step

// The table is filled here because the screens in it look into it themselves.
func init() {
	table = []Step{
		accessStep,
		tokenStep,
		saveStep,
		keyStep,
		addStep,
		keyIDStep,
		checkStep,
		sendStep,
	}
	for _, step := range table {
		IDs = append(IDs, step.ID)
	}
}

// IDs lists the steps in the guide's order.
var IDs []ID

func (id ID) step() Step {
	return table[slices.IndexFunc(table, func(s Step) bool { return s.ID == id })]
}

// Title returns the name of a step.
func (id ID) Title() string { return id.step().Title }

// screens goes through all screens in order, each with its step. The first that
// applies and is not done is what comes next.
func screens() iter.Seq2[screen, Step] {
	return func(yield func(screen, Step) bool) {
		for _, step := range table {
			for _, sc := range step.screens {
				if !yield(sc, step) {
					return
				}
			}
		}
	}
}

// Status is how a step stands in the stepper.
type Status string

const (
	Done    Status = "done"
	Current Status = "current"
	ToDo    Status = "to do"
)

// StepStatus is a step as the stepper shows it.
type StepStatus struct {
	ID     ID
	Title  string
	Status Status
	At     time.Time // when it was done, where that is known
}

// Stepper returns how the eight steps of an onboarding stand by its facts alone:
// done, or to do.
func Stepper(s record.State) []StepStatus {
	all := make([]StepStatus, len(table))
	for i, step := range table {
		all[i] = StepStatus{ID: step.ID, Title: step.Title, Status: ToDo}
		if at, ok := step.done(s); ok {
			all[i].Status, all[i].At = Done, at
		}
	}
	return all
}

// Next returns the first step that is not done, or "" where all are.
func Next(s record.State) ID {
	for _, step := range table {
		if _, done := step.done(s); !done {
			return step.ID
		}
	}
	return ""
}

// Complete reports whether all eight steps are done.
func Complete(s record.State) bool { return Next(s) == "" }

// DoneSteps counts the steps that are done.
func DoneSteps(s record.State) int {
	done := 0
	for _, step := range table {
		if _, ok := step.done(s); ok {
			done++
		}
	}
	return done
}
