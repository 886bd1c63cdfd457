package steps

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"dpc-onboard/keys"
)

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
				{Name: "items", Label: wordsItems, Key: "i"},
				{Name: "again", Label: wordsSealAgain, Key: "a"},
			},
		}
		if made := f.Session.Passphrase; !made.IsZero() {
			p.Copies = []Copy{{Name: "passphrase", Label: wordsNewPassphrase, Secret: made, Key: "c"}}
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
		case "items":
			return work{title: wordsLooking, do: f.showItems}, nil
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
	if p := s.Sealed; p != nil && p.SHA256 == d.SHA256 {
		d.TokenDigest, d.KeyID, d.Fingerprint = p.TokenDigest, p.KeyID, p.Fingerprint
	}
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
			Rows:  packageRows(f)[:1], // the file: the form needs the room
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
			return f, fmt.Errorf("the package was not sent: %w", err)
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
				{Name: "trust", Label: wordsHostTrust},
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

func (session Session) helpDesk() string {
	if session.HelpDesk == "" {
		return HelpDesk
	}
	return session.HelpDesk
}

// itemsScreen gives the six items one by one, for a form of the vendor's that
// asks for each. It is there only on request, and the secrets among them are
// copied, not shown.
var itemsScreen = screen{
	name: "items", step: Send,
	applies: func(f Facts) bool { return f.Session.Items != nil },
	done:    func(f Facts) bool { return f.Session.Items == nil },
	prompt: func(f Facts) Prompt {
		c := f.Session.Items
		return Prompt{
			Title: wordsItemsTitle,
			Guide: wordsItemsGuide,
			Copies: []Copy{
				{Name: "npi", Label: wordsNPI, Value: c.NPI, Key: "1"},
				{Name: ClientTokenName, Label: wordsClientToken, Secret: c.ClientToken, Key: "2"},
				{Name: OrganizationTokenName, Label: wordsOrganizationToken, Secret: c.OrganizationToken, Key: "3"},
				{Name: "id", Label: wordsKeyID, Value: c.KeyID, Key: "4"},
				{Name: "public", Label: wordsPublicKey, Value: c.PublicKey, Key: "5"},
				{Name: PrivateKeyName, Label: wordsPrivateKey, Secret: c.PrivateKey, Key: "6"},
			},
			Actions: []Action{{Name: "done", Label: wordsItemsDone}},
		}
	},
	accept: func(f Facts, _ Answer) (work, error) {
		f.Session.Items = nil
		return f.keep(), nil
	},
}

func (f Facts) showItems(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
	c, err := LoadCredentials(ctx, s.Secrets, f.State)
	if err != nil {
		return f, err
	}
	f.Session.Items = &c
	return f, nil
}
