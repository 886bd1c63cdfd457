package steps_test

import (
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

// FuzzAnswer gives a person's way through the flow by bytes: which action, what
// in the fields, Back now and then, a crash now and then. It never panics, there
// is always something to do, and no step is done without what it claims.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "x")
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 250, 251, 252, 253, 254, 255}, "")
	f.Add([]byte{0, 64, 0, 64, 0, 64, 0, 64, 0, 192, 0, 0, 128}, "1234567893")
	f.Fuzz(func(t *testing.T, way []byte, text string) {
		p := newPerson(t)
		p.World.Pairs = append(p.World.Pairs, keystest.OtherPair(t))
		good := map[string]string{
			"organization": "Sunrise", "npi": stepstest.NPI, "label": "Front desk", "id": stepstest.KeyID,
			record.ClientTokenName: p.Token.Reveal(), record.OrganizationTokenName: keystest.OrganizationID,
			"private": keystest.OtherPair(t).Private().Reveal(), "url": "sftp://me@vendor.example/in/",
			"passphrase": stepstest.Passphrase, "again": stepstest.Passphrase, "recipient": "age1vendor", "folder": "/out",
		}
		for _, b := range way[:min(len(way), 64)] {
			move(p, b, good, text)
			if complaint := claims(p.Flow.State()); complaint != "" {
				t.Fatalf("%s: %s", complaint, asJSON(p.Flow.State()))
			}
			if prompt := p.Flow.Prompt(); prompt.Title == "" || len(prompt.Actions) == 0 {
				t.Fatalf("an empty screen: %+v", prompt)
			}
			if p.Flow.Session().Ready {
				checkBacked(t, p)
			}
		}
	})
}

// move takes one byte for what a person does next.
func move(p *stepstest.Person, b byte, good map[string]string, text string) {
	if b >= 240 {
		if s := p.Flow.State(); s.ID() != "" && p.World.Progress.States[s.ID()].Schema != 0 {
			p.Relaunch(s.ID())
		}
		return
	}
	if b >= 200 {
		p.Flow, _ = p.Flow.Back()
		return
	}
	prompt := p.Flow.Prompt()
	p.World.Secrets.KeyringErr = nil
	if b == 199 {
		p.World.Secrets.KeyringErr = record.ErrStorage
	}
	answer := map[string]keys.Secret{}
	for i, field := range prompt.Fields {
		value := good[field.Name]
		if field.Kind == steps.Choose {
			value = field.Choices[int(b/8)%len(field.Choices)].Value
		}
		if b%8 == 7 || b>>(i%8)&1 == 1 && b%5 == 4 {
			value = text
		}
		answer[field.Name] = keys.NewSecret(value)
	}
	values := stepstest.Values{}
	for name, v := range answer {
		values[name] = v.Reveal()
	}
	_ = p.Try(prompt.Actions[int(b)%len(prompt.Actions)].Name, values)
}
