package steps

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// This file makes a new client token or key pair through DPC's API, while the old one
// still works. What is asked for is noted first. The new one is saved under a name of
// its own, checked, and only then takes the old one's place. A program that ends in
// between loses nothing: what was saved is taken up again, and a token that was made
// and never saved is found by the label that was noted.

// Renewal says what to renew, and who decides about what is deleted at DPC.
type Renewal struct {
	What record.Rotation
	// Stray is asked about what an earlier renewal left over at DPC, and Old about
	// what has just been replaced. Nil is no.
	Stray, Old Decide
	Report     func(check.Line) // of the live checks
}

// Decide says whether something is to be deleted at DPC.
type Decide func(context.Context, Listed) (bool, error)

// Renew makes a new client token or key pair and puts it into the old one's place.
// It saves the progress itself, step by step; what it returns is how far it came,
// also beside an error.
func Renew(ctx context.Context, s Services, state record.State, r Renewal) (record.State, error) {
	w := &renewer{Renewal: r, ctx: ctx, s: s, state: state}
	err := w.run()
	return w.state, err
}

// renewer is one renewal at work.
type renewer struct {
	Renewal
	ctx   context.Context
	s     Services
	state record.State
}

// fresh is a new client token or key pair that is not in use yet.
type fresh struct {
	record.RenewalFact
	secret keys.Secret
}

func (w *renewer) run() error {
	done, err := w.heal()
	if err != nil {
		return err
	}
	if slices.Contains(done, w.What) { // it only was not noted
		w.state, err = LiveCheck(w.ctx, w.s, w.state, w.report)
		return errors.Join(err, w.save())
	}
	creds, err := LoadCredentials(w.ctx, w.s.Secrets, w.state)
	if err != nil {
		return err
	}
	if _, err := w.check("nothing was renewed", w.state, creds, func(check.Line) {}); err != nil {
		return err
	}
	if err := w.sweep(); err != nil {
		return err
	}
	old := Listed{What: w.What, ID: creds.KeyID, Label: w.state.Key.Label}
	var f fresh
	if w.What == record.KeyRotation {
		f, err = w.key(creds)
	} else {
		_, says, _ := keys.ParseToken(creds.ClientToken)
		old.ID, old.Label = says.ID, w.state.TokenLabel
		f, err = w.token(creds)
	}
	if err != nil {
		return err
	}
	if err := w.replace(f, creds); err != nil || w.Old == nil {
		return err
	}
	if old.ID == "" || old.ID == w.state.ClientToken.ID || old.ID == w.state.KeyID.ID { // never what is in use
		return nil
	}
	yes, err := w.Old(w.ctx, old)
	if err != nil || !yes {
		return err
	}
	w.state, err = deleteListed(w.ctx, w.s, w.state, old)
	return err
}

func (w *renewer) report(l check.Line) {
	if w.Report != nil {
		w.Report(l)
	}
}

func (w *renewer) save() error {
	w.state.UpdatedAt = w.s.Now().UTC()
	return w.s.Progress.Save(w.state)
}

// note writes what is known of something new, in place of what was noted before.
func (w *renewer) note(before, now record.RenewalFact) error {
	w.state.Renewing = append(without(w.state.Renewing, before), now)
	return w.save()
}

// without returns a list without what was noted of something.
func without(all []record.RenewalFact, r record.RenewalFact) []record.RenewalFact {
	return slices.DeleteFunc(slices.Clone(all), func(other record.RenewalFact) bool {
		return other.What == r.What && other.Label == r.Label && other.ID == r.ID
	})
}

// heal notes what was put into the old one's place just before the program ended, and
// says what that was.
func (w *renewer) heal() (done []record.Rotation, err error) {
	if len(w.state.Renewing) == 0 {
		return nil, nil
	}
	w.state, done, err = healed(w.ctx, w.s.Secrets, w.state)
	if err == nil && len(done) > 0 {
		err = w.save()
	}
	return done, err
}

// healed is what the flow's own look at what is saved begins with: it asks the
// backend alone, and saves nothing.
func healed(ctx context.Context, secrets Secrets, s record.State) (record.State, []record.Rotation, error) {
	var done []record.Rotation
	for _, r := range s.Renewing {
		name, fact := renewals[r.What].secret, r.Token.Secret()
		if r.What == record.KeyRotation {
			fact = r.Key.Secret()
		}
		if fact == nil {
			continue
		}
		value, err := secrets.Load(ctx, s.ID(), name)
		if err == nil && value.Digest() == fact.Digest {
			err = secrets.Delete(ctx, s.ID(), record.New(name))
			s = renewed(s, r)
			s.Renewing, done = without(s.Renewing, r), append(done, r.What)
		}
		if err != nil && !errors.Is(err, record.ErrNoSecret) {
			return s, done, err
		}
	}
	return s, done, nil
}

// renewals are what can be renewed: what it is called, and the secret that goes
// with it.
var renewals = map[record.Rotation]struct{ what, secret string }{
	record.TokenRotation: {"client token", record.ClientTokenName},
	record.KeyRotation:   {"key pair", record.PrivateKeyName},
}

// renewed returns the state with the new one in the old one's place.
func renewed(s record.State, r record.RenewalFact) record.State {
	if r.Token != nil {
		s.ClientToken, s.TokenLabel, s.TokenShownAt, s.LostToken = r.Token, r.Label, r.Token.At, ""
	}
	if r.Key != nil {
		s.Key, s.KeyID = r.Key, r.KeyID
		s.Added = &record.AddedFact{Fingerprint: r.Key.Fingerprint, At: r.KeyID.At}
	}
	return s
}

// check asks DPC about credentials, and makes an error of a check that fails.
func (w *renewer) check(failure string, s record.State, c record.Credentials, report func(check.Line)) (check.Report, error) {
	r, err := w.s.Checker.Check(w.ctx, s, c, report)
	if err != nil || r.Passed {
		return r, err
	}
	var kind error
	if r.Refused() {
		kind = record.ErrRefused
	}
	line, _ := r.Failure()
	return r, record.WithKind(fmt.Errorf("%s: %s", failure, line.Reason()), kind, line.Remedy())
}

// underWay returns what was noted last and is not known to be left over.
func (w *renewer) underWay() (record.RenewalFact, bool) {
	for _, r := range slices.Backward(w.state.Renewing) {
		if r.What == w.What && r.ID == "" {
			return r, true
		}
	}
	return record.RenewalFact{}, false
}

// waiting returns the new secret that an earlier run saved and that is not in use, or a
// zero one.
func (w *renewer) waiting(what record.Rotation) (keys.Secret, error) {
	value, err := w.s.Secrets.Load(w.ctx, w.state.ID(), record.New(renewals[what].secret))
	if errors.Is(err, record.ErrNoSecret) {
		return keys.Secret{}, nil
	}
	if fact := w.state.Secret(renewals[what].secret); fact != nil && fact.Digest == value.Digest() {
		return keys.Secret{}, err
	}
	return value, err
}

// token returns the new client token: the one that an earlier run saved, where it
// does not end before the one in use, or another one that DPC makes.
func (w *renewer) token(creds record.Credentials) (f fresh, err error) {
	if f.secret, err = w.waiting(w.What); err != nil {
		return f, err
	}
	noted, _ := w.underWay()
	says, unusable := w.sameKind(f.secret)
	if unusable == nil && noted.Label == "" { // the note was lost, as where somebody stopped waiting for it
		if noted, err = w.recall(creds, says.ID); err != nil {
			return f, err
		}
	}
	f.RenewalFact = noted
	if unusable != nil || noted.Label == "" || says.Expires.Before(w.state.ClientToken.Expires) {
		if unusable == nil && noted.Label != "" {
			w.state.Renewing = append(without(w.state.Renewing, noted), record.RenewalFact{At: noted.At, What: w.What, Label: noted.Label, ID: says.ID})
		}
		label := renewedLabel(w.state.TokenLabel, creds.ClientToken.Digest(), w.s.Now())
		f.RenewalFact = record.RenewalFact{At: w.s.Now().UTC(), What: w.What, Label: label}
		if err := w.note(noted, f.RenewalFact); err != nil {
			return f, err
		}
		if f.secret, says, err = w.newToken(creds, label); err != nil {
			return f, err
		}
	}
	f.Token = Facts{State: w.state}.tokenFact(w.s.Now(), f.secret, says)
	f.Token.Label = f.Label
	return f, nil
}

// recall looks in DPC's list for the label of a token that is saved. It is "" where
// the token is not there.
func (w *renewer) recall(creds record.Credentials, id string) (record.RenewalFact, error) {
	r := record.RenewalFact{At: w.s.Now().UTC(), What: w.What}
	registry, err := w.s.Registry(w.ctx, w.state, creds)
	if err != nil {
		return r, err
	}
	all, err := registry.List(w.ctx, w.What)
	for _, l := range all {
		if l.ID == id {
			r.Label = l.Label
		}
	}
	return r, err
}

// newToken has DPC make a token, and saves it. Neither is left half done where the
// person stops waiting: the token would be lost.
func (w *renewer) newToken(creds record.Credentials, label string) (value keys.Secret, says keys.Token, err error) {
	registry, err := w.s.Registry(w.ctx, w.state, creds)
	if err != nil {
		return value, says, err
	}
	ctx := context.WithoutCancel(w.ctx)
	if value, err = registry.NewToken(ctx, label); err != nil {
		return value, says, err
	}
	if says, err = w.sameKind(value); err != nil {
		return value, says, fmt.Errorf("the client token that DPC made can't be used: %w", err)
	}
	if err := w.s.Secrets.Save(ctx, w.state.ID(), record.New(record.ClientTokenName), value); err != nil {
		hint := fmt.Sprintf("The client token “%s” is at DPC, and nobody has it. Renew again: that offers to delete it.", label)
		return value, says, record.WithHint(fmt.Errorf("the new client token was not saved: %w", err), hint)
	}
	return value, says, w.ctx.Err()
}

// sameKind reads a new token, which has to be for the same organization and
// environment as the old one.
func (w *renewer) sameKind(value keys.Secret) (keys.Token, error) {
	_, says, err := keys.ParseToken(value)
	if e, known := record.EnvironmentOf(says); err == nil && (says.OrganizationID != w.state.ClientToken.OrganizationID || known && e != w.state.Environment) {
		err = errors.New("it is for another organization or environment")
	}
	return says, err
}

// key returns a new key pair that DPC has: one that an earlier run saved, or another.
func (w *renewer) key(creds record.Credentials) (f fresh, err error) {
	if f.secret, err = w.waiting(w.What); err != nil {
		return f, err
	}
	noted, found := w.underWay()
	pair, err := keys.ParsePrivateKey(f.secret)
	made := err != nil || !found
	if made {
		if pair, err = w.s.NewPair(w.ctx); err != nil {
			return f, err
		}
		f.secret = pair.Private()
	}
	k, err := keyFact(w.s.Now(), pair)
	if err != nil {
		return f, err
	}
	f.RenewalFact = noted
	if made {
		f.RenewalFact = record.RenewalFact{At: w.s.Now().UTC(), What: w.What, Label: k.Label}
		err := w.note(noted, f.RenewalFact)
		if err == nil {
			err = w.s.Secrets.Save(w.ctx, w.state.ID(), record.New(record.PrivateKeyName), f.secret)
		}
		if err != nil {
			return f, err
		}
	}
	f.Key = k
	return w.register(f, creds)
}

// register has DPC take the new public key, unless it has it already. A label that is
// taken is replaced by another one, once.
func (w *renewer) register(f fresh, creds record.Credentials) (fresh, error) {
	registry, err := w.s.Registry(w.ctx, w.state, creds)
	if err != nil {
		return f, err
	}
	id := ""
	for _, retry := range []bool{false, true} {
		all, err := registry.List(w.ctx, w.What)
		if err != nil {
			return f, err
		}
		if i := slices.IndexFunc(all, func(l Listed) bool { return l.Fingerprint == f.Key.Fingerprint }); i >= 0 {
			id, f.Label = all[i].ID, all[i].Label
			break
		}
		if retry {
			before := record.RenewalFact{At: f.At, What: f.What, Label: f.Label}
			f.Label = KeyLabel(f.Key.Fingerprint+f.Label, w.s.Now())
			if err := w.note(before, record.RenewalFact{At: f.At, What: f.What, Label: f.Label}); err != nil {
				return f, err
			}
		}
		id, err = registry.AddKey(w.ctx, f.Label, *f.Key)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrTaken) || retry {
			return f, err
		}
	}
	f.Key.Label = f.Label
	f.KeyID = &record.KeyIDFact{ID: id, Fingerprint: f.Key.Fingerprint, At: w.s.Now().UTC()}
	return f, nil
}

// replace checks the new one with DPC and puts it into the old one's place. The order
// is such that the program may end anywhere: see heal.
func (w *renewer) replace(f fresh, creds record.Credentials) error {
	next := renewed(w.state, f.RenewalFact)
	if f.Token != nil {
		creds.ClientToken = f.secret
	} else {
		creds.PrivateKey, creds.PublicKey, creds.KeyID = f.secret, f.Key.PublicKey, f.KeyID.ID
	}
	what, name := renewals[w.What].what, renewals[w.What].secret
	report, err := w.check("the new "+what+" is not in use, and the old one stays", next, creds, w.report)
	if errors.Is(err, record.ErrRefused) {
		return errors.Join(err, w.discard(f))
	}
	if err != nil {
		return err
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	ctx := context.WithoutCancel(w.ctx)
	if err := w.note(f.RenewalFact, f.RenewalFact); err != nil {
		return err
	}
	if err := w.s.Secrets.Save(ctx, w.state.ID(), name, f.secret); err != nil {
		return err
	}
	w.state = renewed(w.state, f.RenewalFact).WithCheck(report)
	if err := w.save(); err != nil {
		return err
	}
	if err := w.s.Secrets.Delete(ctx, w.state.ID(), record.New(name)); err != nil {
		return err
	}
	state, err := deleteOld(ctx, w.s.Secrets, w.state) // of a rotation: it has been overtaken
	if err != nil {
		return err
	}
	w.state = state
	w.state.Renewing = without(w.state.Renewing, f.RenewalFact)
	return w.save()
}

// discard gives a new one up that DPC does not accept. It lies there, and is noted.
func (w *renewer) discard(f fresh) error {
	left := record.RenewalFact{At: f.At, What: f.What, Label: f.Label}
	if f.Token != nil {
		left.ID = f.Token.ID
	} else {
		left.ID = f.KeyID.ID
	}
	if err := w.note(f.RenewalFact, left); err != nil {
		return err
	}
	return w.s.Secrets.Delete(w.ctx, w.state.ID(), record.New(renewals[f.What].secret))
}

// renewedEnd is what a renewal, or a second try, put at the end of a label.
var renewedEnd = regexp.MustCompile(`(^| )([0-9]{4}-[0-9A-Z]{3}|[0-9]{1,3})$`)

// renewedLabel makes a label for the token that takes another one's place, such as
// "HealthEndeavors 2611-7QK" behind "HealthEndeavors sandbox": as much of the old one
// as there is room for, and an end as KeyLabel's, which is unlikely to be taken.
func renewedLabel(old, seed string, now time.Time) string {
	_, end, _ := strings.Cut(KeyLabel(seed+now.UTC().Format(time.RFC3339Nano), now), " ")
	stem := strings.TrimSpace(renewedEnd.ReplaceAllString(old, ""))
	if room := maxLabel - 1 - len(end); len([]rune(stem)) > room {
		stem = string([]rune(stem)[:room+1])
		if i := strings.LastIndex(stem, " "); i > 0 {
			stem = stem[:i] // no half word
		}
		stem = strings.TrimSpace(string([]rune(stem)[:min(room, len([]rune(stem)))]))
	}
	return strings.TrimSpace(stem + " " + end)
}
