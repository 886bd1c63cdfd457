package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/sftpurl"
	"dpc-onboard/steps/text"
)

const deliverName = "deliver"

// deliverScreen says what lies where, and how to hand it over.
var deliverScreen = screen{
	name:   deliverName,
	prompt: deliverPrompt,
	accept: func(f Facts, a Answer) (outcome, error) {
		switch a.Action {
		case "again":
			f.Session.Seal = SealChoice{}
			return stay(f.enter(again(sealName, ""))), nil
		case string(record.ByHand):
			return f.delivered(record.ByHand, "by hand"), nil
		case "items":
			return doing("Reading back what is saved", func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
				c, err := LoadCredentials(ctx, s.Secrets, f.State)
				if err != nil {
					return f, err
				}
				return f.enter(itemsDetour(c)), nil
			}), nil
		case string(record.ByRequest):
			return stay(f.enter(requestDetour)), nil
		}
		return stay(f.enter(sftpDetour(record.Upload{URL: LastSFTP(f.State)}))), nil
	},
}

func deliverPrompt(f Facts) Prompt {
	p := Prompt{
		Title: "Hand it over",
		Guide: []string{"The sealed file is ready. Send it to the vendor."},
		Rows:  packageRows(f),
		Notes: sentBefore(f.State),
		Actions: []Action{
			{Name: string(record.BySFTP), Label: "Send it by SFTP", Key: "s"},
			{Name: string(record.ByRequest), Label: "Submit a Request", Key: "r"},
			{Name: string(record.ByHand), Label: "I hand it over myself", Key: "h"},
			{Name: "items", Label: "Copy the items one by one", Key: "i"},
			{Name: "again", Label: "Seal it again", Key: "a"},
		},
	}
	s := f.State.Sealed
	if s == nil {
		return p
	}
	made := f.Session.Passphrase
	if s.Recipient == record.ByPassphrase {
		p.Guide[0] = "The sealed file is ready. Send it to the vendor, and say the passphrase over the phone, never in the same message."
	}
	if s.Recipient == record.ByPassphrase && made.IsZero() {
		p.Notes = append(p.Notes, Note{
			Kind: NoteInfo, Text: "The passphrase is kept nowhere. It was shown or typed when the package was sealed.",
			Hint: "If you no longer have it, seal the package again.",
		})
	}
	for _, way := range seals {
		if way.format == s.Format && way.warning != "" {
			p.Guide = append(p.Guide, way.warning)
		}
	}
	if !made.IsZero() {
		p.Copies = []Copy{{Name: "passphrase", Label: "Passphrase", Secret: made, Key: "c"}}
	}
	return p
}

const shownOnce = "Passphrase, shown once"

func packageRows(f Facts) []Row {
	s := f.State.Sealed
	if s == nil {
		return nil
	}
	opens := "the private key of " + s.Recipient
	if s.Recipient == record.ByPassphrase {
		opens = "a passphrase"
	}
	rows := []Row{
		{Name: "File", Value: s.File},
		{Name: "Size", Value: size(s.Size)},
		{Name: "SHA-256", Value: s.SHA256},
		{Name: "Opens with", Value: opens},
	}
	if !f.Session.Passphrase.IsZero() {
		rows = append(rows, Row{Name: shownOnce, Secret: f.Session.Passphrase})
	}
	return rows
}

// sentBefore says so first, where a package was handed over already.
func sentBefore(s record.State) []Note {
	n := len(s.Sent)
	if n == 0 {
		return nil
	}
	last := s.Sent[n-1]
	note := Note{
		Kind: NoteWarning, Hint: "Send it again only if the receiver asked for it.",
		Text: fmt.Sprintf("A package was handed over already: %s on %s (%s so far).", way(last), text.Day(last.At), text.Plural(n, "hand-over")),
	}
	if _, sent := s.SentAt(); !sent {
		note.Kind, note.Hint = NoteInfo, "That was another file than this one. Send this one, too, if it is to take its place."
	}
	return []Note{note}
}

// way says how and where a package was handed over.
func way(d record.DeliveryFact) string {
	switch d.How {
	case record.BySFTP:
		return "by SFTP to " + d.Where
	case record.ByRequest:
		return "by a request at " + d.Where
	}
	return d.Where
}

// delivered records a hand-over that the person confirms.
func (f Facts) delivered(how record.Delivery, where string) outcome {
	return keeping(func(s Services) Facts {
		return f.recorded(record.DeliveryFact{
			At: s.Now().UTC(), How: how, Where: where,
			File: f.State.Sealed.File, SHA256: f.State.Sealed.SHA256,
		})
	})
}

func (f Facts) recorded(d record.DeliveryFact) Facts {
	f.State = f.State.WithDelivery(d)
	f = f.leaveAll()
	f.Session.note(NoteOK, fmt.Sprintf("Handed over %s on %s.", way(d), text.Day(d.At)), "")
	return f
}

// sftpDetour uploads the package. u is what was given before.
func sftpDetour(u record.Upload) detour {
	return detour{step: Send, from: deliverName, screen: screen{
		name: "sftp",
		prompt: func(f Facts) Prompt {
			return Prompt{
				Title: "Send it by SFTP",
				Guide: []string{"The vendor gives you the address and how to sign in. The file gets its name only once it has arrived whole."},
				Rows:  packageRows(f)[:1], // the file: the form needs the room
				Notes: sentBefore(f.State),
				Fields: []Field{
					{Name: "url", Label: "Address", Hint: "sftp://user@host/folder/", Kind: Text, Value: u.URL, Missing: record.NewProblem("the address is missing", "Type it as sftp://user@host/folder/, as the vendor gave it to you."), Check: recognizeSFTP},
					{Name: "password", Label: "Password (optional)", Hint: "or the passphrase of the key file", Kind: Hidden, Optional: true},
					{Name: "keyfile", Label: "SSH key file (optional)", Hint: "empty: the SSH agent and your usual keys", Kind: Text, Optional: true, Value: u.KeyFile},
				},
				Actions: []Action{{Name: "upload", Label: "Upload"}},
			}
		},
		accept: func(f Facts, a Answer) (outcome, error) {
			return f.upload(record.Upload{
				File: f.State.Sealed.File, URL: a.Text("url"),
				Password: a.Values["password"], KeyFile: a.Text("keyfile"),
			}), nil
		},
	}}
}

// recognizeSFTP reads an address as sftp://user@host:port/folder/. A password has
// its own field, because this one is shown.
func recognizeSFTP(v keys.Secret) (string, error) {
	address, err := sftpurl.Parse(v.Reveal())
	if err != nil {
		return "", err
	}
	return "server " + address.Host, nil
}

// upload sends the package. A server that is not known is asked about first.
func (f Facts) upload(u record.Upload) outcome {
	return doing("Uploading the package", func(ctx context.Context, s Services, report func(Event)) (Facts, error) {
		d, err := s.Packages.Upload(ctx, u, func(done, total int64) { report(Event{Done: done, Total: total}) })
		if host, ok := errors.AsType[*record.UnknownHost](err); ok {
			below := u
			below.Password, below.Trust = keys.Secret{}, ""
			return f.leaveTo(deliverName).enter(sftpDetour(below)).enter(hostDetour(host, u)), nil
		}
		if err != nil {
			u.Password, u.Trust = keys.Secret{}, ""
			return f.leaveTo(deliverName).enter(sftpDetour(u)), fmt.Errorf("the package was not sent: %w", err)
		}
		return f.recorded(d), nil
	})
}

// hostDetour shows the fingerprint of a server that is not known.
func hostDetour(host *record.UnknownHost, u record.Upload) detour {
	return detour{step: Send, screen: screen{
		name: "host",
		prompt: func(Facts) Prompt {
			return Prompt{
				Title: "This server is new here",
				Guide: []string{"Ask the vendor for the server's fingerprint and compare it with this one. If it differs, stop: somebody may stand between you and the server."},
				Rows: []Row{
					{Name: "Server", Value: host.Host},
					{Name: "Key type", Value: host.KeyType},
					{Name: "Fingerprint", Value: host.Fingerprint},
				},
				Actions: []Action{
					{Name: "stop", Label: "Stop", Key: "n"},
					{Name: "trust", Label: "It is the same: trust it"},
				},
			}
		},
		accept: func(f Facts, a Answer) (outcome, error) {
			if a.Action == "stop" {
				return stay(f.leave()), nil
			}
			u.Trust = host.Fingerprint
			return f.upload(u), nil
		},
	}}
}

// requestDetour goes through the vendor's help desk.
var requestDetour = detour{step: Send, from: deliverName, screen: screen{
	name: "request",
	prompt: func(f Facts) Prompt {
		s := f.State
		message := fmt.Sprintf("Please find attached the DPC credentials of %s, NPI %s, for %s.\n", s.Organization, s.NPI, s.Environment)
		if p := s.Sealed; p != nil {
			message += fmt.Sprintf("File: %s\nSHA-256: %s\n", filepath.Base(p.File), p.SHA256)
			if p.Recipient == record.ByPassphrase {
				message += "Please call us for the passphrase.\n"
			}
		}
		open := "Open the vendor's help desk"
		if f.Session.HelpDesk == "" {
			open = "Use the *Submit a Request* link in the guide that your vendor sent you"
		}
		return Prompt{
			Title: "Submit a Request",
			Guide: []string{open + ", attach the sealed file, and paste subject and message. Never write the passphrase there."},
			Rows:  packageRows(f),
			Notes: sentBefore(s),
			Copies: []Copy{
				{Name: "subject", Label: "Subject", Value: fmt.Sprintf("DPC credentials for NPI %s (%s)", s.NPI, s.Environment), Key: "t"},
				{Name: "message", Label: "Message", Value: message, Key: "m"},
			},
			Actions: []Action{{Name: "submitted", Label: "I have submitted it"}},
			URL:     f.Session.HelpDesk, Elsewhere: true,
		}
	},
	accept: func(f Facts, _ Answer) (outcome, error) {
		return f.delivered(record.ByRequest, cmp.Or(f.Session.HelpDesk, "the vendor's help desk")), nil
	},
}}

// itemsDetour gives the six items one by one, for a form of the vendor's that
// asks for each. The secrets among them are copied, not shown.
func itemsDetour(c record.Credentials) detour {
	return detour{step: Send, from: deliverName, screen: screen{
		name: "items",
		prompt: func(Facts) Prompt {
			return Prompt{
				Title: "Copy the six items",
				Guide: []string{
					"For a form of the vendor's that asks for each item. Use it only on a page that begins with https, never for a mail.",
					"Secrets are copied without being shown, and the clipboard is emptied after a minute.",
				},
				Copies: []Copy{
					{Name: "npi", Label: "NPI", Value: c.NPI, Key: "1"},
					{Name: record.ClientTokenName, Label: "Client Token", Secret: c.ClientToken, Key: "2"},
					{Name: record.OrganizationTokenName, Label: "Organization Token", Secret: c.OrganizationToken, Key: "3"},
					{Name: "id", Label: "Public Key ID", Value: c.KeyID, Key: "4"},
					{Name: "public", Label: "Public Key", Value: c.PublicKey, Key: "5"},
					{Name: record.PrivateKeyName, Label: "Private Key", Secret: c.PrivateKey, Key: "6"},
				},
				Actions: []Action{{Name: "done", Label: "Done"}},
			}
		},
		accept: func(f Facts, _ Answer) (outcome, error) { return stay(f.leave()), nil },
	}}
}
