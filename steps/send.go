package steps

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"dpc-onboard/keys"
)

// sealed reports whether the package is sealed and nobody wants it otherwise.
func sealed(f Facts) bool { return f.State.currentSealed() != nil && !f.Session.Resealing }

// sealScreen asks how the receiver will open the package.
var sealScreen = screen{
	name: "seal", step: Send,
	done: func(f Facts) bool { return sealed(f) || f.Session.Seal.Protect != "" },
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title: wordsSealTitle,
			Guide: wordsSealGuide,
			Fields: []Field{
				{Name: "format", Label: wordsFormat, Kind: Choose, Value: "age", Choices: wordsFormats},
				{Name: "protect", Label: wordsProtect, Kind: Choose, Value: "made", Choices: wordsProtects},
				{Name: "folder", Label: wordsFolder, Hint: wordsFolderHint, Kind: Text, Value: f.Session.Folder, Check: recognizeFolder},
			},
			Actions: []Action{{Name: "seal", Label: wordsSeal}},
		}
		if f.Session.Seal.Format != "" {
			p.Fields[0].Value, p.Fields[2].Value = f.Session.Seal.Format, f.Session.Seal.Folder
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		choice := SealChoice{Format: a.Text("format"), Protect: a.Text("protect"), Folder: a.Text("folder")}
		if choice.Format == "html" && choice.Protect == "key" {
			return work{}, wrong("protect", wordsPageNeedsPassphrase, wordsPageNeedsPassphraseHint)
		}
		f.Session.Seal = choice
		if choice.Protect != "made" {
			return f.keep(), nil
		}
		return work{title: wordsSealing, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			passphrase, err := s.NewPassphrase()
			if err != nil {
				return f, err
			}
			f, err := f.seal(ctx, s, SealRequest{Passphrase: passphrase})
			if err == nil {
				f.Session.Passphrase = passphrase // to be shown, once
			}
			return f, err
		}}, nil
	},
}

func recognizeFolder(v keys.Secret) (string, error) {
	if blank(v) {
		return "", problem(wordsFolderEmpty, wordsFolderEmptyHint)
	}
	return "", nil
}

// seal builds, seals and writes the package, and ends the questions about it.
// Where it fails, the questions are asked again.
func (f Facts) seal(ctx context.Context, s Services, r SealRequest) (Facts, error) {
	choice := f.Session.Seal
	f.Session.Seal.Protect = ""
	c, err := LoadCredentials(ctx, s.Secrets, f.State)
	if err != nil {
		return f, err
	}
	r.Format = choice.Format
	r.Path = choice.Folder
	fact, err := s.Packages.Seal(ctx, f.State, c, r)
	if err != nil {
		return f, err
	}
	f.State.Sealed = &fact
	f.Session.Resealing, f.Session.Passphrase = false, keys.Secret{}
	f.Session.note(NoteOK, wordsSealed(fact), "")
	return f, nil
}

// passphraseScreen takes a passphrase of the person's own, twice.
var passphraseScreen = screen{
	name: "passphrase", step: Send,
	applies: func(f Facts) bool { return f.Session.Seal.Protect == "own" },
	done:    func(f Facts) bool { return f.Session.Seal.Protect != "own" },
	prompt: func(f Facts) Prompt {
		return Prompt{
			Title: wordsOwnPassphraseTitle,
			Guide: wordsOwnPassphraseGuide,
			Fields: []Field{
				{Name: "passphrase", Label: wordsNewPassphrase, Hint: wordsNewPassphraseHint, Kind: Hidden, Check: f.recognizePassphrase},
				{Name: "again", Label: wordsPassphraseAgain, Kind: Hidden, Check: recognizeAny},
			},
			Actions: []Action{{Name: "seal", Label: wordsSeal}},
		}
	},
	accept: func(f Facts, a Answer) (work, error) {
		if err := ownPassphrase(a); err != nil {
			return work{}, err
		}
		passphrase := a.Values["passphrase"]
		return work{title: wordsSealing, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.seal(ctx, s, SealRequest{Passphrase: passphrase})
		}}, nil
	},
}

// recipientScreen takes the receiver's public key. What it is, and whose, is
// said before anything is sealed to it.
var recipientScreen = screen{
	name: "recipient", step: Send,
	applies: func(f Facts) bool { return f.Session.Seal.Protect == "key" },
	done:    func(f Facts) bool { return f.Session.Seal.Protect != "key" },
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title:   wordsRecipientTitle,
			Guide:   wordsRecipientGuides[f.Session.Seal.Format],
			Fields:  []Field{{Name: "recipient", Label: wordsRecipient, Hint: wordsRecipientHints[f.Session.Seal.Format], Kind: Text, Value: f.Session.Seal.Recipient, Check: recognizeAny}},
			Actions: []Action{{Name: "look", Label: wordsRecipientLook}},
		}
		if f.Session.Seal.Whose != "" {
			p.Rows = []Row{{Name: wordsRecipientWhose, Value: f.Session.Seal.Whose}}
			p.Actions = []Action{{Name: "seal", Label: wordsSealTo}, {Name: "look", Label: wordsRecipientOther, Key: "a"}}
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		recipient := a.Text("recipient")
		if a.Action == "seal" && recipient == f.Session.Seal.Recipient {
			return work{title: wordsSealing, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
				f.Session.Passphrase = keys.Secret{}
				return f.seal(ctx, s, SealRequest{Recipient: recipient})
			}}, nil
		}
		return work{title: wordsReadingKey, do: func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
			whose, err := s.Packages.Describe(f.Session.Seal.Format, recipient)
			f.Session.Seal.Recipient, f.Session.Seal.Whose = recipient, whose
			return f, err
		}}, nil
	},
}

// deliverScreen says what lies where, and how to hand it over.
var deliverScreen = screen{
	name: "deliver", step: Send,
	done: func(f Facts) bool { return Complete(f.State) && !f.Session.SendAgain },
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title: wordsDeliverTitle,
			Guide: wordsDeliverGuide(f.State),
			Rows:  packageRows(f),
			Notes: sentBefore(f.State),
			Actions: []Action{
				{Name: "sftp", Label: wordsBySFTP, Key: "s"},
				{Name: "request", Label: wordsByRequest, Key: "r"},
				{Name: "other", Label: wordsByOther, Key: "h"},
				{Name: "again", Label: wordsSealAgain, Key: "a"},
			},
		}
		if s := f.State.Sealed; f.Session.Passphrase.IsZero() && s != nil && s.Recipient == "passphrase" {
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsPassphraseGone, Hint: wordsPassphraseGoneHint})
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		switch a.Action {
		case "again":
			f.Session.Resealing, f.Session.Seal = true, SealChoice{}
			return f.keep(), nil
		case "other":
			return f.delivered("other", wordsByOtherWhere), nil
		}
		f.Session.Delivery = a.Action
		return f.keep(), nil
	},
}

func packageRows(f Facts) []Row {
	s := f.State.Sealed
	if s == nil {
		return nil
	}
	rows := []Row{
		{Name: wordsFile, Value: s.File},
		{Name: wordsSize, Value: wordsBytes(s.Size)},
		{Name: "SHA-256", Value: s.SHA256},
		{Name: wordsOpensWith, Value: wordsOpensBy(*s)},
	}
	if !f.Session.Passphrase.IsZero() {
		rows = append(rows, Row{Name: wordsPassphrase, Secret: f.Session.Passphrase})
	}
	return rows
}

// sentBefore says so first, where a package was handed over already.
func sentBefore(s State) []Note {
	if len(s.Sent) == 0 {
		return nil
	}
	last := s.Sent[len(s.Sent)-1]
	if _, sent := s.sentAt(); !sent {
		return []Note{{Kind: NoteInfo, Text: wordsSentBefore(len(s.Sent), last), Hint: wordsSentOtherHint}}
	}
	return []Note{{Kind: NoteWarning, Text: wordsSentBefore(len(s.Sent), last), Hint: wordsSentBeforeHint}}
}

// delivered records a hand-over that the person confirms.
func (f Facts) delivered(how, where string) work {
	return work{title: wordsKeeping, do: func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
		return f.record(DeliveryFact{
			At: s.Now().UTC(), How: how, Where: where,
			File: f.State.Sealed.File, SHA256: f.State.Sealed.SHA256,
		}), nil
	}}
}

func (f Facts) record(d DeliveryFact) Facts {
	f.State = f.State.WithDelivery(d)
	f.Session.Delivery, f.Session.Host, f.Session.Upload = "", nil, Upload{}
	f.Session.SendAgain = false
	f.Session.note(NoteOK, wordsDelivered(d), "")
	return f
}

// WithDelivery returns the state with one more hand-over.
func (s State) WithDelivery(d DeliveryFact) State {
	s.Sent = append(slices.Clip(s.Sent), d)
	return s
}

// sftpScreen uploads the package.
var sftpScreen = screen{
	name: "sftp", step: Send,
	applies: func(f Facts) bool { return f.Session.Delivery == "sftp" },
	done:    func(f Facts) bool { return f.Session.Delivery != "sftp" },
	prompt: func(f Facts) Prompt {
		return Prompt{
			Title: wordsSFTPTitle,
			Guide: wordsSFTPGuide,
			Rows:  packageRows(f),
			Notes: sentBefore(f.State),
			Fields: []Field{
				{Name: "url", Label: wordsSFTPURL, Hint: wordsSFTPURLHint, Kind: Text, Value: f.Session.Upload.URL, Check: recognizeSFTP},
				{Name: "password", Label: wordsSFTPPassword, Hint: wordsSFTPPasswordHint, Kind: Hidden, Optional: true},
				{Name: "keyfile", Label: wordsSFTPKey, Hint: wordsSFTPKeyHint, Kind: Text, Optional: true, Value: f.Session.Upload.KeyFile},
			},
			Actions: []Action{{Name: "upload", Label: wordsUpload}},
		}
	},
	accept: func(f Facts, a Answer) (work, error) {
		f.Session.Upload = Upload{
			File: f.State.Sealed.File, URL: a.Text("url"),
			Password: a.Values["password"], KeyFile: a.Text("keyfile"),
		}
		return f.upload(), nil
	},
}

// recognizeSFTP reads an address as sftp://user@host:port/folder/. A password has
// its own field, because this one is shown.
func recognizeSFTP(v keys.Secret) (string, error) {
	if blank(v) {
		return "", problem(wordsSFTPEmpty, wordsSFTPHint)
	}
	u, err := url.Parse(strings.TrimSpace(v.Reveal()))
	switch {
	case err != nil || u.Scheme != "sftp" || u.Hostname() == "":
		return "", problem(wordsSFTPForm, wordsSFTPHint)
	case hasPassword(u):
		return "", problem(wordsSFTPHasPassword, wordsSFTPHasPasswordHint)
	}
	return wordsSFTPRecognized(u), nil
}

func hasPassword(u *url.URL) bool {
	_, has := u.User.Password()
	return has
}

func (f Facts) upload() work {
	return work{title: wordsUploading, do: func(ctx context.Context, s Services, report func(Event)) (Facts, error) {
		d, err := s.Packages.Upload(ctx, f.Session.Upload, func(done, total int64) { report(Event{Done: done, Total: total}) })
		if host, ok := errors.AsType[*UnknownHost](err); ok {
			f.Session.Host = host
			return f, nil
		}
		f.Session.Host = nil
		if err != nil {
			f.Session.Upload.Password = keys.Secret{}
			return f, fmt.Errorf("upload the package: %w", err)
		}
		return f.record(d), nil
	}}
}

// hostScreen shows the fingerprint of a server that is not known.
var hostScreen = screen{
	name: "host", step: Send,
	applies: func(f Facts) bool { return f.Session.Host != nil },
	done:    func(f Facts) bool { return f.Session.Host == nil },
	prompt: func(f Facts) Prompt {
		return Prompt{
			Title: wordsHostTitle,
			Guide: wordsHostGuide,
			Rows: []Row{
				{Name: wordsHost, Value: f.Session.Host.Host},
				{Name: wordsHostKey, Value: f.Session.Host.KeyType},
				{Name: wordsFingerprint, Value: f.Session.Host.Fingerprint},
			},
			Actions: []Action{
				{Name: "stop", Label: wordsHostStop, Key: "n"},
				{Name: "trust", Label: wordsHostTrust, Key: "y"},
			},
		}
	},
	accept: func(f Facts, a Answer) (work, error) {
		fingerprint := f.Session.Host.Fingerprint
		f.Session.Host = nil
		if a.Action == "stop" {
			f.Session.Upload.Password = keys.Secret{}
			return f.keep(), nil
		}
		f.Session.Upload.Trust = fingerprint
		return f.upload(), nil
	},
}

// requestScreen goes through the vendor's help desk.
var requestScreen = screen{
	name: "request", step: Send,
	applies: func(f Facts) bool { return f.Session.Delivery == "request" },
	done:    func(f Facts) bool { return f.Session.Delivery != "request" },
	prompt: func(f Facts) Prompt {
		return Prompt{
			Title: wordsRequestTitle,
			Guide: wordsRequestGuide,
			Rows:  packageRows(f),
			Notes: sentBefore(f.State),
			Copies: []Copy{
				{Name: "subject", Label: wordsSubject, Value: wordsRequestSubject(f.State), Key: "t"},
				{Name: "message", Label: wordsMessage, Value: wordsRequestMessage(f.State), Key: "m"},
			},
			Actions: []Action{{Name: "submitted", Label: wordsSubmitted}},
			URL:     f.Session.helpDesk(),
		}
	},
	accept: func(f Facts, _ Answer) (work, error) {
		return f.delivered("request", f.Session.helpDesk()), nil
	},
}

// HelpDesk is where the vendor takes requests, unless told otherwise.
const HelpDesk = "https://support.healthendeavors.com"

func (s Session) helpDesk() string {
	if s.HelpDesk == "" {
		return HelpDesk
	}
	return s.HelpDesk
}

const finishScreenName = "finish"

// finishScreen is the summary that one keeps.
var finishScreen = screen{
	name: finishScreenName, step: Send,
	done: func(Facts) bool { return false },
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title:   wordsFinishTitle(f.State),
			Guide:   wordsFinishGuide(f.State),
			Rows:    summaryRows(f),
			Actions: []Action{{Name: "quit", Label: wordsClose}},
			Help:    helpFinish,
		}
		if s := f.State.Sealed; s != nil && !f.State.packageRemoved() {
			p.Actions = append(p.Actions, Action{Name: "remove", Label: wordsRemove, Key: "d", Confirm: wordsRemoveWarning(s.File)})
		}
		if f.State.Environment == Sandbox {
			p.Actions = append(p.Actions, Action{Name: "production", Label: wordsStartProduction, Key: "p"})
		}
		if t := f.State.ClientToken; t != nil && !t.Expires.IsZero() {
			p.Actions = append(p.Actions, Action{Name: "calendar", Label: wordsCalendar, Key: "i"})
		}
		again := ""
		if old := f.State.previous().What; old != "" {
			again = wordsReplaceAgainWarning(old)
			p.Notes = append(p.Notes, Note{Kind: NoteInfo, Text: wordsReplacing(old), Hint: wordsReplacingHint})
		}
		p.Actions = append(p.Actions,
			Action{Name: "send", Label: wordsSendAgain, Key: "s"},
			Action{Name: "check", Label: wordsCheckAgain, Key: "c"},
			Action{Name: "token", Label: wordsReplaceToken, Key: "t", Confirm: again},
			Action{Name: "key", Label: wordsReplaceKey, Key: "k", Confirm: again})
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		switch a.Action {
		case "remove":
			return work{title: wordsRemoving, do: f.removePackage}, nil
		case "production":
			return f.startProduction(), nil
		case "calendar":
			return work{title: wordsWritingFiles, do: f.writeCalendar}, nil
		case "send":
			f.Session.SendAgain, f.Session.Resealing = true, f.State.packageRemoved()
		case "check":
			return work{title: wordsChecking, do: f.check}, nil
		case "token", "key":
			return work{title: wordsKeepingOld, do: f.replace(a.Action)}, nil
		default:
			f.Session.Quit = true
		}
		return f.keep(), nil
	},
}

// packageRemoved reports whether the sealed file was deleted from this computer.
func (s State) packageRemoved() bool { return s.Sealed != nil && !s.Sealed.RemovedAt.IsZero() }

func (f Facts) removePackage(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	if err := s.RemoveFile(f.State.Sealed.File); err != nil {
		return f, err
	}
	removed := *f.State.Sealed
	removed.RemovedAt = s.Now().UTC()
	f.State.Sealed = &removed
	f.Session.note(NoteOK, wordsRemoved(removed.File), wordsRemovedHint(f.Session.Place))
	return f, nil
}

// startProduction begins another onboarding with what is known already. Back
// leads here again until it is opened.
func (f Facts) startProduction() work {
	origin := f
	f.State = f.State.ForProduction()
	f.Session = f.Session.Another()
	f.Session.Open, f.Session.Origin = "", &origin
	return f.keep()
}

// ForProduction returns the beginning of the production onboarding of the same
// organization. AccessAt is left open, so that the person confirms it.
func (s State) ForProduction() State {
	return State{Schema: Schema, Organization: s.Organization, NPI: s.NPI, Environment: Production}
}

// writeCalendar writes an entry for the day on which the client token ends.
func (f Facts) writeCalendar(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	path := FreeName(s.FileExists, filepath.Join(f.Session.Folder, "dpc-"+f.State.ID()+"-token"), ".ics")
	if err := s.WriteFile(path, []byte(Calendar(f.State, s.Now()))); err != nil {
		return f, WithHint(err, wordsWriteFilesHint)
	}
	f.Session.note(NoteOK, wordsCalendarWritten(path), wordsCalendarHint)
	return f, nil
}
