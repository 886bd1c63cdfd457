package steps

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// accessStep asks who is to be onboarded and where, and proves that secrets have
// a safe place before anyone creates a token that is shown only once.
var accessStep = Step{
	ID: Access, Title: "Access",
	help: Help{
		What:  "The practice that is being connected to DPC, and which of DPC's two environments it is for.",
		Why:   "DPC knows a practice by its NPI. Sandbox has made-up patients, so that nothing can go wrong while you try.",
		Wrong: "CMS has not granted access yet: then the portal does not let you in. Ask at dpcinfo@cms.hhs.gov.",
		Kept:  "Name, NPI and environment are in a progress file on this computer. They are no secrets.",
	},
	done: func(s record.State) (time.Time, bool) {
		return s.AccessAt, s.Named() && !s.AccessAt.IsZero() && s.Storage != nil
	},
	screens: []screen{accessScreen, openScreen, storageScreen, portalScreen},
}

var accessScreen = screen{
	name: "access",
	done: func(f Facts) bool { return f.State.Named() && !f.State.AccessAt.IsZero() },
	prompt: func(f Facts) Prompt {
		environment := cmp.Or(f.State.Environment, record.Sandbox)
		p := Prompt{
			Title: "Who is being onboarded?",
			Guide: []string{
				"CMS must have approved your organization and granted you access to the DPC portal. Have it open in a browser beside this window.",
				"You can close this window at any time. It goes on where you were.",
			},
			Fields: []Field{
				{Name: "organization", Label: "Organization name", Hint: "as registered with DPC", Kind: Text, Value: f.State.Organization, Missing: record.NewProblem("the organization's name is missing", typeName), Check: recognizeOrganization},
				{Name: "npi", Label: "NPI", Hint: "10 digits: your practice's own; in sandbox the portal shows one that CMS made up", Kind: Text, Value: f.State.NPI, Missing: record.CheckNPI(""), Check: recognizeNPI},
				{Name: "environment", Label: "Environment", Kind: Choose, Value: string(environment), Choices: []Choice{
					{Value: string(record.Sandbox), Label: "Sandbox", Hint: "made-up patients; everyone starts here"},
					{Value: string(record.Production), Label: "Production", Hint: "real Medicare claims"},
				}},
			},
			Actions: []Action{{Name: "next", Label: "We have access. Start"}},
			URL:     cmp.Or(f.State.PortalURL, environment.Words().Start),
		}
		if f.Session.Open != "" && f.Session.Origin == nil {
			p.Notes = []Note{{Kind: NoteInfo, Text: "A corrected NPI keeps everything that was saved. Another environment starts another onboarding; this one stays as it is."}}
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		next := f.State
		next.Organization = text.OneLine(a.Text("organization"))
		next.NPI = a.Text("npi")
		next.Environment = record.Environment(a.Text("environment"))
		return doing(tryingKeyring, func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.begin(ctx, s, next)
		}), nil
	},
}

const typeName = "Type the name that the practice is registered under with DPC."

func recognizeOrganization(v keys.Secret) (string, error) {
	switch name := text.OneLine(v.Reveal()); {
	case utf8.RuneCountInString(name) > 200:
		return "", record.NewProblem("this is too long for an organization's name", typeName)
	case strings.ContainsFunc(name, text.Unseen):
		return "", record.NewProblem("there is a sign in this name that can't be seen", typeName)
	}
	return "", nil
}

func recognizeNPI(v keys.Secret) (string, error) {
	if err := record.CheckNPI(strings.TrimSpace(v.Reveal())); err != nil {
		return "", err
	}
	return "check digit is right", nil
}

// begin opens the onboarding that the person named: a new one, one that was
// begun before, or this one under a corrected NPI. Another environment is
// another onboarding; this one stays as it is.
func (f Facts) begin(ctx context.Context, s Services, next record.State) (Facts, error) {
	next.AccessAt = s.Now().UTC()
	held := f.Session.Open
	if held == "" || f.State.Environment != next.Environment {
		return f.open(ctx, s, next)
	}
	// The lock is taken again, in case that an effect which was canceled had taken another.
	_, _, err := s.Progress.Open(held)
	if _, aside := errors.AsType[*record.SetAside](err); err != nil && !aside {
		return f, err
	}
	if held != next.ID() {
		return f.correct(ctx, s, next)
	}
	f.State = next
	return f.useStorage(ctx, s, f.State.Backend(f.Session.Store), keys.Secret{})
}

// open opens another onboarding, new or begun before. Of one that exists, what
// the person just said counts, and everything that was saved.
func (f Facts) open(ctx context.Context, s Services, next record.State) (Facts, error) {
	session := f.Session.Another()
	saved, found, err := s.Progress.Open(next.ID())
	if aside, ok := errors.AsType[*record.SetAside](err); ok {
		session.note(NoteWarning, "The progress file "+aside.Reason+". It was kept as "+aside.Path+".",
			"The onboarding starts anew; secrets that were saved for it are taken up again.")
		err = nil
	}
	if err != nil {
		return f, err
	}
	if !found {
		saved = record.State{Schema: record.Schema, NPI: next.NPI, Environment: next.Environment, CreatedAt: s.Now().UTC()}
	}
	if next.Organization != "" {
		saved.Organization = next.Organization
	}
	if !next.AccessAt.IsZero() {
		saved.AccessAt = next.AccessAt
	}
	session.Open, session.found = next.ID(), found
	f.State, f.Session = saved, session
	return f.unlock(ctx, s, f.State.Backend(f.Session.Store), keys.Secret{})
}

// correct carries an onboarding over to a corrected NPI: the secrets are copied
// first, then the file moves, and only then the old secrets go. What was checked
// and sealed was under the old NPI.
func (f Facts) correct(ctx context.Context, s Services, next record.State) (Facts, error) {
	from, to := f.State.ID(), next.ID()
	if !f.Session.Ready {
		return f, record.NewProblem("the NPI can't be corrected before the place for secrets is open",
			"Go on with the NPI as it was, open the keyring or the vault, then come back here.")
	}
	for _, name := range record.StoredNames() {
		value, err := s.Secrets.Load(ctx, from, name)
		if err == nil {
			err = s.Secrets.Save(ctx, to, name, value)
		}
		if err != nil && !errors.Is(err, record.ErrNoSecret) {
			return f, err
		}
	}
	if err := s.Progress.Rename(to); err != nil {
		return f, err
	}
	next.Check, next.Sealed = nil, nil
	f.State, f.Session.Open = next, to
	f.Session.Passphrase = keys.Secret{}
	for _, name := range record.StoredNames() {
		if err := s.Secrets.Delete(ctx, from, name); err != nil {
			f.Session.note(NoteWarning, "The secrets that were saved for "+from+" could not all be deleted.", record.Hint(err))
			break
		}
	}
	return f.useStorage(ctx, s, f.State.Backend(f.Session.Store), keys.Secret{})
}

// openScreen is there where an onboarding could not be opened, because another
// window has it open or its file can't be read. Nothing is touched until then.
var openScreen = screen{
	name:    "open",
	applies: Facts.toOpen,
	done:    func(f Facts) bool { return !f.toOpen() },
	prompt: func(Facts) Prompt {
		return Prompt{
			Title:   "This onboarding could not be opened",
			Guide:   []string{"Nothing was changed. Where another window has it open, close that one, then try again."},
			Actions: []Action{{Name: "again", Label: "Try again"}},
		}
	},
	accept: func(f Facts, _ Answer) (outcome, error) { return lookAgain(f), nil },
}

// toOpen reports whether this is an onboarding that was begun and that this
// program does not hold. One that was never saved is not: its first step opens it.
func (f Facts) toOpen() bool {
	return f.State.Named() && !f.State.CreatedAt.IsZero() && f.Session.Open != f.State.ID()
}

// lookAgain opens what was begun before: the backend for secrets first, then every
// secret is read back. A secret that has gone reopens its step; one that was
// saved although the program died before it was noted is taken up.
func lookAgain(f Facts) outcome {
	return doing("Reading back what is saved", func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		switch {
		case f.toOpen():
			return f.open(ctx, s, f.State)
		case f.State.CreatedAt.IsZero():
			return f, nil
		}
		return f.unlock(ctx, s, f.State.Backend(f.Session.Store), keys.Secret{})
	})
}

// portalScreen asks where production's portal is: nothing but CMS's invitation says
// so. It is asked of those who are yet to go there.
var portalScreen = screen{
	name:    "portal",
	applies: func(f Facts) bool { return f.State.Environment == record.Production },
	done:    func(f Facts) bool { return f.State.PortalURL != "" || !f.State.TokenShownAt.IsZero() },
	prompt: func(f Facts) Prompt {
		start := f.State.PortalAddress()
		return Prompt{
			Title: "Where is your production portal?",
			Guide: []string{
				"Its address is in the e-mail with which CMS invited you, as Authorized Official or Credential Delegate. An invitation is good for 48 hours.",
				"Without that e-mail at hand, leave the address as it is: it is where to start.",
			},
			Fields:  []Field{{Name: "portal", Label: "Address of the portal", Hint: "begins with https://", Kind: Text, Value: start, Missing: recognizePortal(""), Check: func(v keys.Secret) (string, error) { return "", recognizePortal(v.Reveal()) }}},
			Actions: []Action{{Name: "next", Label: "Go on"}},
			URL:     start,
		}
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		f.State.PortalURL = a.Text("portal")
		return stay(f), nil
	},
}

func recognizePortal(address string) error {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return record.NewProblem("this is not the address of a secure page", "Copy it from CMS's e-mail; it begins with https://.")
	}
	return nil
}
