package steps

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dpc-onboard/keys"
)

// SuggestLabel proposes a label for a token or key: who will use it, where, and
// from the second try on a number. It is never longer than the portal allows.
func SuggestLabel(e Environment, retries int) string {
	label := wordsLabels[e]
	for range retries {
		label = nextLabel(label)
	}
	return label
}

// nextLabel tells a label from the one before by a number at its end.
func nextLabel(label string) string {
	base, n := strings.TrimSpace(label), 2
	if name, number, ok := cutLast(base, " "); ok {
		if last, err := strconv.Atoi(number); err == nil && last > 1 && last < 1000 {
			base, n = name, last+1
		}
	}
	suffix := " " + strconv.Itoa(n)
	runes := []rune(base)
	runes = runes[:min(len(runes), maxLabel-len(suffix))]
	return strings.TrimSpace(string(runes)) + suffix
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// tokenLabel is the label at hand, or a proposal that tells the token from the
// one that it replaces.
func (f Facts) tokenLabel() string {
	switch before := f.State.previous().TokenLabel; {
	case f.State.TokenLabel != "":
		return f.State.TokenLabel
	case before != "":
		return nextLabel(before)
	}
	return SuggestLabel(f.State.Environment, 0)
}

func (f Facts) keyLabel() string {
	switch before := f.State.previous().Key; {
	case f.State.Key != nil:
		return f.State.Key.Label
	case f.State.KeyLabel != "":
		return f.State.KeyLabel
	case before != nil:
		return nextLabel(before.Label)
	}
	return SuggestLabel(f.State.Environment, 0)
}

var tokenLabelScreen = labelScreen(Token, Facts.tokenLabel, func(s *State, label string) {
	s.TokenLabel = label
	if s.ClientToken != nil && !s.tokenLost() {
		token := *s.ClientToken
		token.Label = label
		s.ClientToken = &token
	}
})

var keyLabelScreen = labelScreen(Key, Facts.keyLabel, func(s *State, label string) {
	s.KeyLabel = label
	if s.Key != nil {
		key := *s.Key
		key.Label = label
		s.Key = &key
	}
})

// labelScreen changes the label of a token or a key.
func labelScreen(step ID, current func(Facts) string, set func(*State, string)) screen {
	return screen{
		name: string(step) + "-label", step: step,
		applies: func(f Facts) bool { return f.Session.EditLabel == step },
		done:    func(f Facts) bool { return f.Session.EditLabel != step },
		prompt: func(f Facts) Prompt {
			return Prompt{
				Title:   wordsLabelTitle,
				Guide:   wordsLabelGuide,
				Fields:  []Field{{Name: "label", Label: wordsLabel, Hint: wordsLabelHint, Kind: Text, Value: current(f), Check: recognizeLabel}},
				Actions: []Action{{Name: "next", Label: wordsUseLabel}},
			}
		},
		accept: func(f Facts, a Answer) (work, error) {
			set(&f.State, a.Text("label"))
			f.Session.EditLabel = ""
			return f.keep(), nil
		},
	}
}

func recognizeLabel(v keys.Secret) (string, error) {
	if err := CheckLabel(v.Reveal()); err != nil {
		return "", err
	}
	return wordsLabelRight(strings.TrimSpace(v.Reveal())), nil
}

// keep is the work of an answer that has nothing to do but to be kept.
func (f Facts) keep() work {
	return work{title: wordsKeeping, do: func(context.Context, Services, func(Event)) (Facts, error) { return f, nil }}
}

// tokenScreen sends the person to the portal for the client token.
var tokenScreen = screen{
	name: "token", step: Token,
	done: stepDone(Token),
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title:  wordsTokenTitle,
			Guide:  wordsTokenGuide(f.State.Environment),
			Copies: []Copy{{Name: "label", Label: wordsLabel, Value: f.tokenLabel(), Key: "c"}},
			Actions: []Action{
				{Name: "success", Label: wordsTokenSuccess},
				{Name: "failed", Label: wordsTokenFailed, Key: "n"},
				{Name: "label", Label: wordsChangeLabel, Key: "e"},
			},
			URL: signIn(f.State.Environment),
		}
		if f.Session.Retries > 0 {
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsTokenRetry, Hint: wordsTokenRetryHint})
		}
		switch {
		case f.State.tokenLost():
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsTokenLostNote})
			p.Actions = append(p.Actions, Action{Name: "saved", Label: wordsTokenSaved, Key: "u"})
		case f.State.ClientToken != nil:
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsTokenAgain})
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		switch a.Action {
		case "label":
			f.Session.EditLabel = Token
			return f.keep(), nil
		case "failed":
			f.Session.Retries++
			return f.anotherToken(), nil
		case "saved":
			return f.savedToken(), nil
		}
		return work{title: wordsKeeping, do: func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
			f.State.TokenLabel = f.tokenLabel()
			if f.State.TokenShownAt.IsZero() {
				f.State.TokenShownAt = s.Now().UTC()
			}
			return f, nil
		}}, nil
	},
}

// saveScreen takes the two values that the portal shows only once, and says
// "saved" only after it has read them back.
var saveScreen = screen{
	name: "save", step: Save,
	done: stepDone(Save),
	prompt: func(f Facts) Prompt {
		token, organization := f.State.tokenSaved(), f.State.OrganizationToken != nil
		p := Prompt{
			Title: wordsSaveTitle,
			Guide: wordsSaveGuide,
			Fields: []Field{
				{Name: ClientTokenName, Label: wordsClientToken, Hint: wordsClientTokenHint, Kind: Hidden, Optional: token, Check: f.recognizeToken},
				{Name: OrganizationTokenName, Label: wordsOrganizationToken, Hint: wordsOrganizationTokenHint, Kind: Hidden, Optional: organization, Check: f.recognizeOrganizationToken},
			},
			Actions: []Action{
				{Name: "save", Label: wordsSave},
				{Name: "lost", Label: wordsTokenLost, Key: "l", Bare: true},
			},
		}
		switch {
		case token && organization:
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsSaveAgain, Hint: wordsSaveAgainHint})
		case token || organization:
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsSaveHalf(token)})
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		if a.Action == "lost" {
			return f.anotherToken(), nil
		}
		token, organization, err := f.tokens(a)
		if err != nil {
			return work{}, err
		}
		return work{title: wordsSaving, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.saveTokens(ctx, s, token, organization)
		}}, nil
	},
}

// anotherToken sends the person back to the portal for a new client token. One
// that is saved stays until the new one takes its place, but counts no more.
func (f Facts) anotherToken() work {
	f.State.TokenLabel = nextLabel(f.tokenLabel())
	f.State.TokenShownAt = time.Time{}
	if f.State.ClientToken != nil {
		f.State.LostToken = f.State.ClientToken.Digest
	}
	return f.keep()
}

// savedToken undoes anotherToken: the token that is saved counts again.
func (f Facts) savedToken() work {
	if t := f.State.ClientToken; t != nil {
		f.State.LostToken, f.State.TokenShownAt = "", t.At
		f.State.TokenLabel = cmp.Or(t.Label, f.tokenLabel())
	}
	f.Session.Retries = 0
	return f.keep()
}

// tokens checks the two values against each other. An empty one keeps what is
// saved.
func (f Facts) tokens(a Answer) (token, organization keys.Secret, err error) {
	token, organization = a.Values[ClientTokenName], a.Values[OrganizationTokenName]
	id := ""
	if f.State.ClientToken != nil {
		id = f.State.ClientToken.OrganizationID
	}
	if !blank(token) {
		clean, t, err := keys.ParseToken(token)
		if err != nil {
			return token, organization, wrong(ClientTokenName, sentence(err), tokenHint(err))
		}
		token, id = clean, t.OrganizationID
	}
	switch {
	case blank(organization) && id != "" && f.State.ClientToken != nil && id != f.State.ClientToken.OrganizationID:
		return token, organization, wrong(OrganizationTokenName, wordsOrganizationNeeded, wordsOrganizationTokenHint)
	case blank(organization):
		return token, keys.Secret{}, nil
	}
	organization = cleanOrganization(organization)
	if f.isClientToken(token, organization) {
		return token, organization, wrong(OrganizationTokenName, wordsSameTwice, wordsSameTwiceHint)
	}
	if err := matchOrganization(id, organization); err != nil {
		return token, organization, &FieldError{Field: OrganizationTokenName, Err: err}
	}
	return token, organization, nil
}

// isClientToken reports whether what was given for the organization is the client
// token: the one beside it, or the one that is saved. Both are clean.
func (f Facts) isClientToken(token, organization keys.Secret) bool {
	if blank(token) && f.State.ClientToken != nil {
		return f.State.ClientToken.Digest == organization.Digest()
	}
	return token.Equal(organization)
}

// saveTokens saves, and takes each fact from what was read back.
func (f Facts) saveTokens(ctx context.Context, s Services, token, organization keys.Secret) (Facts, error) {
	id := f.State.ID()
	if !blank(token) {
		if err := s.Secrets.Save(ctx, id, ClientTokenName, token); err != nil {
			return f, err
		}
		_, t, err := keys.ParseToken(token)
		if err != nil {
			return f, err
		}
		f.State.ClientToken, f.State.LostToken = f.tokenFact(s.Now(), token, t), ""
	}
	if !blank(organization) {
		if err := s.Secrets.Save(ctx, id, OrganizationTokenName, organization); err != nil {
			return f, err
		}
		f.State.OrganizationToken = secretFact(s.Now(), organization)
	}
	f.Session.Retries = 0
	f.Session.note(NoteOK, wordsSaved(f.State, s.Now()), wordsGoToDashboard)
	return f, nil
}

func secretFact(now time.Time, v keys.Secret) *SecretFact {
	return &SecretFact{At: now.UTC(), Digest: v.Digest(), Length: v.Len()}
}

// tokenFact notes what a saved token says of itself. One from a host that is
// neither environment's counts for the environment at hand.
func (f Facts) tokenFact(now time.Time, clean keys.Secret, t keys.Token) *TokenFact {
	environment, known := EnvironmentOf(t)
	if !known {
		environment = f.State.Environment
	}
	return &TokenFact{
		SecretFact: *secretFact(now, clean), ID: t.ID, Label: f.tokenLabel(),
		OrganizationID: t.OrganizationID, Environment: environment, Expires: t.Expires,
	}
}

// EnvironmentOf tells a token's environment by the host that made it. A host of
// neither (a test API, or the day CMS moves) says nothing.
func EnvironmentOf(t keys.Token) (Environment, bool) {
	switch {
	case t.Host == "sandbox.dpc.cms.gov":
		return Sandbox, true
	case t.Host == "prod.dpc.cms.gov", t.Host == "dpc.cms.gov":
		return Production, true
	}
	return "", false
}

func (f Facts) recognizeToken(v keys.Secret) (string, error) {
	if blank(v) {
		return "", problem(wordsTokenEmpty, wordsClientTokenHint)
	}
	clean, t, err := keys.ParseToken(v)
	if err != nil {
		return "", problem(sentence(err), tokenHint(err))
	}
	if err := f.otherEnvironment(t); err != nil {
		return "", err
	}
	if t.Expired(f.Session.Now) {
		return "", problem(wordsExpired(t.Expires), wordsExpiredHint)
	}
	if old := f.State.previous(); old.What == "token" && clean.Digest() == old.ClientToken.Digest {
		return "", problem(wordsOldToken, wordsOldTokenHint)
	}
	return wordsTokenRecognized(f.State, t.Expires, f.Session.Now), nil
}

// otherEnvironment refuses a token that was made for the other environment.
func (f Facts) otherEnvironment(t keys.Token) error {
	if e, known := EnvironmentOf(t); known && e != f.State.Environment {
		return problem(wordsOtherEnvironment(e, f.State.Environment), wordsOtherEnvironmentHint(f.State.Environment))
	}
	return nil
}

// recognizeOrganizationToken takes the organization's ID, which today's portal
// shows, or a token of the organization's.
func (f Facts) recognizeOrganizationToken(v keys.Secret) (string, error) {
	if blank(v) {
		return "", problem(wordsOrganizationTokenEmpty, wordsOrganizationTokenHint)
	}
	if _, err := keys.ParseUUID(v.Reveal()); err == nil {
		return wordsOrganizationID, nil
	}
	_, t, err := keys.ParseToken(v)
	if err != nil {
		return "", problem(wordsNoOrganizationToken, wordsOrganizationTokenHint)
	}
	if err := f.otherEnvironment(t); err != nil {
		return "", err
	}
	if t.Expired(f.Session.Now) {
		return "", problem(wordsExpired(t.Expires), wordsExpiredHint)
	}
	return wordsOrganizationTokenRecognized, nil
}

func cleanOrganization(v keys.Secret) keys.Secret {
	if id, err := keys.ParseUUID(v.Reveal()); err == nil {
		return keys.NewSecret(id)
	}
	clean, _, err := keys.ParseToken(v)
	if err != nil {
		return v
	}
	return clean
}

// matchOrganization reports whether an organization token is of the
// organization that the client token names.
func matchOrganization(id string, organization keys.Secret) error {
	other, err := keys.ParseUUID(organization.Reveal())
	if err != nil {
		_, t, err := keys.ParseToken(organization)
		if err != nil {
			return problem(sentence(err), tokenHint(err))
		}
		other = t.OrganizationID
	}
	if id != "" && !strings.EqualFold(other, id) {
		return problem(wordsOtherOrganization(other, id), wordsOtherOrganizationHint)
	}
	return nil
}

func blank(v keys.Secret) bool { return strings.TrimSpace(v.Reveal()) == "" }

// tokenHint says what to do about a value that is no client token.
func tokenHint(err error) string {
	for _, h := range wordsTokenHints {
		if errors.Is(err, h.err) {
			return h.hint
		}
	}
	return wordsClientTokenHint
}

func signIn(e Environment) string {
	address, err := url.JoinPath(e.Portal(), "users", "sign_in")
	if err != nil {
		return e.Portal()
	}
	return address
}

func portalPage(s State) string {
	if s.Environment == "" {
		return Sandbox.Portal()
	}
	return s.Environment.Portal()
}
