package steps

import (
	"context"
	"slices"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// This file finds and deletes what renewals that were cut short left over at DPC.

// Sweep asks about each client token and public key that earlier renewals left over
// at DPC, and deletes those that are to be. The others stay noted.
func Sweep(ctx context.Context, s Services, state record.State, stray Decide) (record.State, error) {
	w := &renewer{Renewal: Renewal{Stray: stray}, ctx: ctx, s: s, state: state}
	_, err := w.heal()
	if err == nil {
		err = w.sweep()
	}
	return w.state, err
}

// LeftOver lists what is known to lie at DPC from renewals, and of no use.
func LeftOver(s record.State) []Listed {
	var all []Listed
	for _, r := range s.Renewing {
		if r.ID != "" {
			all = append(all, Listed{What: r.What, ID: r.ID, Label: r.Label})
		}
	}
	return all
}

// sweep looks in DPC's lists for what was noted. What is not there is noted no more.
func (w *renewer) sweep() error {
	if len(w.state.Renewing) == 0 {
		return nil
	}
	creds, err := LoadCredentials(w.ctx, w.s.Secrets, w.state)
	if err != nil {
		return err
	}
	registry, err := w.s.Registry(w.ctx, w.state, creds)
	if err != nil {
		return err
	}
	before := w.state
	for _, what := range []record.Rotation{record.TokenRotation, record.KeyRotation} {
		if !slices.ContainsFunc(before.Renewing, func(r record.RenewalFact) bool { return r.What == what }) {
			continue
		}
		all, err := registry.List(w.ctx, what)
		if err == nil {
			err = w.compare(what, all, creds)
		}
		if err != nil {
			return err
		}
	}
	if !sameState(before, w.state) {
		if err := w.save(); err != nil {
			return err
		}
	}
	var gone []Listed
	for _, l := range LeftOver(w.state) {
		if w.Stray == nil {
			break
		}
		yes, err := w.Stray(w.ctx, l)
		if err != nil {
			return err
		}
		if yes {
			gone = append(gone, l)
		}
	}
	return w.remove(gone)
}

// compare holds what was noted against DPC's list. What is in use, or is waiting to
// be, is not left over.
func (w *renewer) compare(what record.Rotation, all []Listed, creds record.Credentials) error {
	waiting, err := w.waiting(what)
	if err != nil {
		return err
	}
	_, used, _ := keys.ParseToken(creds.ClientToken)
	_, next, _ := keys.ParseToken(waiting)
	pair, _ := keys.ParsePrivateKey(waiting)
	needed := []string{used.ID, next.ID, creds.KeyID}
	mine := []string{w.state.Key.Fingerprint, pair.Public().Fingerprint()}
	last, found := (&renewer{Renewal: Renewal{What: what}, state: w.state}).underWay()
	var kept []record.RenewalFact
	for _, r := range w.state.Renewing {
		if r.What != what || !waiting.IsZero() && found && r.Label == last.Label && r.ID == "" {
			kept = append(kept, r)
			continue
		}
		for _, l := range all {
			there := r.ID == "" && l.Label == r.Label || l.ID == r.ID
			if there && l.ID != "" && !slices.Contains(needed, l.ID) && (l.Fingerprint == "" || !slices.Contains(mine, l.Fingerprint)) {
				kept = append(kept, record.RenewalFact{At: r.At, What: what, Label: l.Label, ID: l.ID})
			}
		}
	}
	w.state.Renewing = kept
	return nil
}

// remove deletes at DPC, signed in with what is in use.
func (w *renewer) remove(gone []Listed) error {
	if len(gone) == 0 {
		return nil
	}
	creds, err := LoadCredentials(w.ctx, w.s.Secrets, w.state)
	if err != nil {
		return err
	}
	registry, err := w.s.Registry(w.ctx, w.state, creds)
	for _, l := range gone {
		if err == nil {
			err = registry.Delete(w.ctx, l.What, l.ID)
		}
		if err != nil {
			return err
		}
		w.state.Renewing = without(w.state.Renewing, record.RenewalFact{What: l.What, Label: l.Label, ID: l.ID})
		if err := w.save(); err != nil {
			return err
		}
	}
	return nil
}

// deleteListed deletes something at DPC that is no longer in use. It is noted before,
// so that it is offered again where the program ends in between.
func deleteListed(ctx context.Context, s Services, state record.State, l Listed) (record.State, error) {
	w := &renewer{ctx: ctx, s: s, state: state}
	r := record.RenewalFact{At: s.Now().UTC(), What: l.What, Label: l.Label, ID: l.ID}
	err := w.note(r, r)
	if err == nil {
		err = w.remove([]Listed{l})
	}
	return w.state, err
}
