package wizard

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// TestTypedAhead: what a person types and pastes before the first screen is ready
// is there once it is, in order; and so is what came while the window was too small.
func TestTypedAhead(t *testing.T) {
	d := newDesk(t).resize(size{100, 40})
	start := d.m.Init()
	d.write(organization).press("enter").paste(stepstest.NPI + "\n").press("x")
	d.do(start)
	d.at("access")
	if got := d.value("organization"); got != organization {
		t.Errorf("the organization is %q", got)
	}
	if got := d.value("npi"); got != stepstest.NPI {
		t.Errorf("the NPI is %q", got)
	}

	d = newDesk(t).resize(size{20, 5})
	start = d.m.Init()
	d.write("Sun")
	d.do(start)
	d.write("rise").resize(size{80, 24}).write(" Clinic")
	if got := d.value("organization"); got != organization {
		t.Errorf("in a window too small the organization became %q", got)
	}
}

// TestEnterBeforeTheProgramReads: until then the terminal turns Enter into a line
// feed, which comes as ctrl+j.
func TestEnterBeforeTheProgramReads(t *testing.T) {
	d := newDesk(t).resize(size{100, 40})
	start := d.m.Init()
	d.write(organization).press("ctrl+j").write(stepstest.NPI).press("ctrl+j", "ctrl+j")
	d.do(start)
	d.at("token")
	atHomeWith(t, func() []record.State { return nil }).press("ctrl+j").at("access")
}

// TestTypedAheadOfAScreen goes on where an onboarding stands.
func TestTypedAheadOfAScreen(t *testing.T) {
	d := launch(t).walk("save")
	d.world.Restart()
	facts := steps.Facts{State: d.m.flow.State(), Session: d.world.Session()}
	d.m = newModel(t.Context(), Options{Facts: facts, Services: d.world.Services(), ReducedMotion: true})
	start := d.m.Init()
	d.paste(d.token.Reveal()).paste(keystest.OrganizationID)
	d.do(start)
	d.resize(size{100, 40}).at("save").says("✓ client token for Sunrise Clinic", "✓ organization ID")
}

// TestNothingIsTypedAheadOfALaterEffect: a key could confirm what nobody has seen.
func TestNothingIsTypedAheadOfALaterEffect(t *testing.T) {
	for _, small := range []bool{false, true} {
		d := launch(t)
		filled(d)
		d.hold().press("enter")
		if small {
			d.resize(size{20, 5})
		}
		d.press("enter", "e").paste("x").release().resize(size{100, 40}).at("token")
		if got := d.m.flow.State().TokenShownAt; !got.IsZero() {
			t.Error("the next screen was answered before it was there")
		}
	}
}

// TestTypedAheadCanStillLeave: ctrl+c ends at once, and Esc gives the start up.
func TestTypedAheadCanStillLeave(t *testing.T) {
	d := newDesk(t).resize(size{100, 40}).write("Sun").press("ctrl+c")
	if _, ok := d.quit.(tea.InterruptMsg); !ok {
		t.Errorf("ctrl+c came to %T", d.quit)
	}
	d = newDesk(t).resize(size{100, 40}).write("Sun").press("esc").write("rise")
	if got := d.value("organization"); got != "Sunrise" {
		t.Errorf("after Esc the organization is %q", got)
	}
}
