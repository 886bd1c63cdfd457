package steps_test

import (
	"slices"
	"testing"

	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// before says where Back leads from each screen, "" for nowhere.
var before = map[string]string{
	"access": "", "token": "access", "token-label": "token", "save": "token", "key": "save", "add-label": "add", "refused": "add",
	"portal": "access", "addresses": "add",
	"import": "key", "add": "key", "id": "add", "check": "id", "seal": "check", "passphrase": "seal",
	"recipient": "seal", "deliver": "seal", "sftp": "deliver", "request": "deliver", "items": "deliver", "finish": "deliver", "renew": "finish",
}

func TestBackFromEveryScreen(t *testing.T) {
	for _, screen := range steps.Screens() {
		want, ok := before[screen]
		if !ok && !slices.Contains([]string{"open", "storage", "host"}, screen) { // these have tests of their own
			t.Errorf("nothing is said of Back from %q", screen)
		}
		if !ok {
			continue
		}
		p := at(t, screen)
		state, secrets := p.Flow.State(), len(p.World.Secrets.Values)
		flow, ok := p.Flow.Back()
		if ok != (want != "") {
			t.Fatalf("%s: back is possible: %v", screen, ok)
		}
		if !same(flow.State(), state) || len(p.World.Secrets.Values) != secrets {
			t.Errorf("%s: going back undid something", screen)
		}
		if !ok {
			continue
		}
		p.Flow = flow
		p.At(want)
		if stepper := p.Flow.Stepper(); want != "finish" && stepper[p.Flow.Prompt().Number-1].Status != steps.Current {
			t.Errorf("%s: after going back the stepper shows %+v", screen, stepper)
		}
	}
}

// TestBackAllTheWayAndOn: answering what stands there already leads to where one
// was, and changes nothing.
func TestBackAllTheWayAndOn(t *testing.T) {
	for screen, action := range map[string]string{"access": "", "token": "", "save": "", "key": "", "add": "", "id": "", "check": ""} {
		p := newPerson(t).WalkTo("seal")
		state := p.Flow.State()
		for p.Flow.Prompt().Screen != screen {
			flow, ok := p.Flow.Back()
			if !ok {
				t.Fatalf("no way back to %s", screen)
			}
			p.Flow = flow
		}
		p.Answer(screen, action, nil)
		p.At("seal")
		after := p.Flow.State()
		after.AccessAt, after.UpdatedAt = state.AccessAt, state.UpdatedAt
		if !same(after, state) {
			t.Errorf("%s:\n%s\n%s", screen, asJSON(state), asJSON(after))
		}
	}
}

func TestBackWhileBusyCancels(t *testing.T) {
	p := newPerson(t).WalkTo("save")
	flow, effect, err := p.Flow.Answer(steps.Answer{Values: values(save(p.Token.Reveal(), "46ac7ad6-7487-4dd0-baa0-6e2c8cae76a0"))})
	if err != nil || flow.Busy() == "" {
		t.Fatal(err)
	}
	if _, _, err := flow.Answer(steps.Answer{}); err == nil {
		t.Error("an answer was taken while something is being done")
	}
	result := effect.Run(t.Context(), p.World.Services(), nil)
	back, ok := flow.Back()
	if !ok || back.Busy() != "" || back.Prompt().Screen != "save" {
		t.Errorf("after Back: %q, busy with %q", back.Prompt().Screen, back.Busy())
	}
	if late := back.Apply(result); late.Prompt().Screen != "save" || late.State().ClientToken != nil {
		t.Error("a late result was taken")
	}
	if again := flow.Apply(result).Apply(result); again.Prompt().Screen != "key" {
		t.Error("a result counts once")
	}
}

func TestOldFlowsStayAsTheyAre(t *testing.T) {
	p := newPerson(t).WalkTo("save")
	old := p.Flow
	text := asJSON(old.State())
	p.WalkTo("finish")
	p.Answer("finish", "key", nil)
	if asJSON(old.State()) != text || old.Prompt().Screen != "save" {
		t.Error("a flow of before has changed")
	}
}

func TestStorageAndBack(t *testing.T) {
	p := stepstest.NewPerson(t, stepstest.New(t), record.State{})
	p.World.Secrets.KeyringErr = record.ErrStorage
	p.Answer("access", "", stepstest.Values{"organization": "Sunrise", "npi": stepstest.NPI})
	p.At("storage")
	p.Back("access")
	p.World.Secrets.KeyringErr = nil
	p.Answer("access", "", nil)
	p.At("token")
}

// TestCancelledLaunch leaves a question whether to try again, and never leads to
// a vault that nobody asked for.
func TestCancelledLaunch(t *testing.T) {
	p := newPerson(t).WalkTo("key")
	p.World.Restart()
	flow, _ := steps.New(steps.Facts{State: p.World.Progress.States[id], Session: p.World.Session()}).Start()
	p.Flow = flow.Cancel()
	p.Answer("open", "", nil)
	p.At("key")
}

// TestCancelledChangeOfEnvironment: the effect may have opened the other
// onboarding already.
func TestCancelledChangeOfEnvironment(t *testing.T) {
	p := newPerson(t).WalkTo("token")
	p.Back("access")
	flow, effect, err := p.Flow.Answer(steps.Answer{Values: values(stepstest.Values{"environment": "production"})})
	if err != nil {
		t.Fatal(err)
	}
	effect.Run(t.Context(), p.World.Services(), nil)
	p.Flow = flow.Cancel()
	p.Answer("access", "", stepstest.Values{"environment": "sandbox"})
	p.WalkTo("finish")
	if !steps.Complete(p.World.Progress.States[id]) {
		t.Error("the sandbox was not saved")
	}
}
