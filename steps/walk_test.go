package steps_test

import (
	"testing"

	"dpc-onboard/steps"
	"dpc-onboard/steps/stepstest"
)

func TestDefaultWalk(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, steps.State{}).WalkTo("finish")
	if !p.Flow.Finished() {
		t.Fatal("not finished")
	}
	saved := w.Progress.States[stepstest.NPI+"-sandbox"]
	if !steps.Complete(saved) {
		t.Errorf("the progress file stands at %q", steps.Next(saved))
	}
	got := w.Packages.Holds[0]
	if got.NPI != stepstest.NPI || !got.ClientToken.Equal(p.Token) || got.KeyID != stepstest.KeyID || got.PublicKey != w.Pairs[0].Public().PEM() || !got.PrivateKey.Equal(w.Pairs[0].Private()) {
		t.Errorf("the package holds %+v", got)
	}
	p.Answer("finish", "", nil)
	if !p.Flow.Quit() {
		t.Error("closing did not end the flow")
	}
}
