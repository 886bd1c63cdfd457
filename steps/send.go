package steps

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

// sendStep seals the six items and hands them over. Sealing is in this file,
// handing over in deliver.go, the summary at the end in finish.go.
var sendStep = Step{
	ID: Send, Title: "Send",
	help: Help{
		What:  "One sealed file with the six items that the vendor needs.",
		Why:   "Whoever has these items can act as your organization, so they travel sealed.",
		Wrong: "The passphrase in the same message as the file. Say it over the phone.",
		Kept:  "The sealed file is where you chose. What was sent, when and to whom is in the progress file.",
	},
	done:    record.State.SentAt,
	screens: []screen{sealScreen, deliverScreen, finishScreen},
}

// seals are the words for each way to seal a package, in the order in which they
// are offered. store/submission has a file for each.
var seals = []struct {
	format  record.Format
	label   string
	hint    string
	toKey   string // how to give the receiver's public key, "" where it takes none
	keyHint string
	warning string // when it is handed over
}{
	{
		format: "age", label: "With age or dpc-onboard", hint: "free tools; the best choice where you have no other word",
		toKey:   "Paste the public key that the receiver gave you, or give the path of a file that holds it.",
		keyHint: "begins with age1, ssh-ed25519 or ssh-rsa",
	},
	{
		format: "html", label: "With a web browser alone", hint: "nothing to install; send it by SFTP or the help desk, never by email",
		warning: "Whoever can alter this web page on its way could make it tell them the passphrase. So send it by SFTP or through the vendor's own help desk, not by email.",
	},
	{
		format: "pgp", label: "With GnuPG or another OpenPGP program", hint: "where they asked for PGP",
		toKey:   "Give the path of the public key file that the receiver gave you.",
		keyHint: "often ends in .asc or .gpg",
	},
}

// Formats lists the formats that are offered.
func Formats() []record.Format {
	var all []record.Format
	for _, s := range seals {
		all = append(all, s.format)
	}
	return all
}

// The words of sealing that stand more than once.
const (
	sealPackage = "Seal the package"
	sealing     = "Sealing the package"
	sealName    = "seal"
)

// sealScreen asks how the receiver will open the package.
var sealScreen = screen{
	name:   sealName,
	done:   func(f Facts) bool { return f.State.CurrentPackage() != nil },
	prompt: sealPrompt,
	accept: acceptSeal,
}

func sealPrompt(f Facts) Prompt {
	var formats []Choice
	for _, s := range seals {
		formats = append(formats, Choice{Value: string(s.format), Label: s.label, Hint: s.hint})
	}
	p := Prompt{
		Title: sealPackage,
		Guide: []string{"The six items go into one sealed file: NPI, client token, organization token, public key ID, public key and private key. It is never written in clear."},
		Fields: []Field{
			{Name: "format", Label: "How will they open it?", Kind: Choose, Value: formats[0].Value, Choices: formats},
			{Name: "protect", Label: "Who can open it?", Kind: Choose, Value: string(record.MadePassphrase), Choices: []Choice{
				{Value: string(record.MadePassphrase), Label: "Whoever has a passphrase made here", Hint: "shown once; say it over the phone"},
				{Value: string(record.OwnPassphrase), Label: "Whoever has a passphrase of mine", Hint: "typed twice"},
				{Value: string(record.PublicKey), Label: "Only the holder of a public key", Hint: "where they gave you one"},
			}},
			{Name: "folder", Label: "Folder", Hint: "where the sealed file is written", Kind: Text, Value: f.Session.Folder, Missing: record.NewProblem("the folder is missing", "Give the folder in which the sealed file is to be written.")},
		},
		Actions: []Action{{Name: "seal", Label: sealPackage}},
	}
	if f.Session.Seal.Format != "" {
		p.Fields[0].Value, p.Fields[2].Value = string(f.Session.Seal.Format), f.Session.Seal.Folder
	}
	return p
}

func acceptSeal(f Facts, a Answer) (outcome, error) {
	choice := SealChoice{Format: record.Format(a.Text("format")), Protect: record.Protection(a.Text("protect")), Folder: a.Text("folder")}
	f.Session.Seal = choice
	switch choice.Protect {
	case record.OwnPassphrase:
		return stay(f.enter(passphraseDetour)), nil
	case record.PublicKey:
		for _, s := range seals {
			if s.format == choice.Format && s.toKey != "" {
				return stay(f.enter(recipientDetour(s.toKey, s.keyHint, "", ""))), nil
			}
		}
		return outcome{}, wrong("protect", "a web page can't be sealed to a public key", "Take a passphrase, or one of the other two ways to open it.")
	}
	return doing(sealing, func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
		passphrase, err := s.NewPassphrase()
		if err != nil {
			return f, err
		}
		f, err := f.seal(ctx, s, record.SealRequest{Passphrase: passphrase})
		if err == nil {
			f.Session.Passphrase = passphrase // to be shown, once
		}
		return f, err
	}), nil
}

// seal builds, seals and writes the package, and ends the questions about it.
// Where it fails, they are asked again.
func (f Facts) seal(ctx context.Context, s Services, r record.SealRequest) (Facts, error) {
	c, err := LoadCredentials(ctx, s.Secrets, f.State)
	if err != nil {
		return f.leaveTo(sealName), err
	}
	r.Format = f.Session.Seal.Format
	r.Path = f.Session.Seal.Folder + "/" // a folder that is not there must not become a file of that name
	fact, err := s.Packages.Seal(ctx, f.State, c, r)
	if err != nil {
		return f.leaveTo(sealName), err
	}
	f.State.Sealed = &fact
	f = f.leaveAll()
	if _, sent := f.State.SentAt(); sent { // it was sealed again to be handed over again
		f = f.enter(again(deliverName, ""))
	}
	f.Session.Passphrase = keys.Secret{}
	f.Session.note(NoteOK, fmt.Sprintf("Sealed: %s (%s).", filepath.Base(fact.File), size(fact.Size)), "")
	return f, nil
}

// size writes a number of bytes for a person.
func size(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f KB", float64(n)/1024)
}

// passphraseDetour takes a passphrase of the person's own, twice.
var passphraseDetour = detour{step: Send, from: sealName, screen: screen{
	name: "passphrase",
	prompt: func(f Facts) Prompt {
		return Prompt{
			Title:   "Type a passphrase for the package",
			Guide:   []string{"Tell it to the receiver over the phone, never in the message that carries the file."},
			Fields:  f.passphraseFields(),
			Actions: []Action{{Name: "seal", Label: sealPackage}},
		}
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		if err := sameTwice(a); err != nil {
			return outcome{}, err
		}
		return doing(sealing, func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			return f.seal(ctx, s, record.SealRequest{Passphrase: a.Values["passphrase"]})
		}), nil
	},
}}

// recipientDetour takes the receiver's public key. What it is, and whose, is
// said before anything is sealed to it.
func recipientDetour(guide, hint, recipient, whose string) detour {
	return detour{step: Send, from: sealName, screen: screen{
		name: "recipient",
		prompt: func(Facts) Prompt {
			p := Prompt{
				Title:   "Whose public key?",
				Guide:   []string{guide},
				Fields:  []Field{{Name: "recipient", Label: "Public key", Hint: hint, Kind: Text, Value: recipient}},
				Actions: []Action{{Name: "look", Label: "Look at this key"}},
			}
			if whose != "" {
				p.Rows = []Row{{Name: "This key belongs to", Value: whose}}
				p.Actions = []Action{{Name: "seal", Label: "Seal to this key"}, {Name: "look", Label: "Look at another key", Key: "a"}}
			}
			return p
		},
		accept: func(f Facts, a Answer) (outcome, error) {
			given := a.Text("recipient")
			if a.Action == "seal" && given == recipient {
				return doing(sealing, func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
					return f.sealTo(ctx, s, recipient, whose)
				}), nil
			}
			return doing("Reading the public key", func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
				whose, err := s.Packages.Describe(f.Session.Seal.Format, given)
				return f.leave().enter(recipientDetour(guide, hint, given, whose)), err
			}), nil
		},
	}}
}

// sealTo seals to a public key. The receiver's file is read again for it: it must
// still be the key that was shown.
func (f Facts) sealTo(ctx context.Context, s Services, recipient, whose string) (Facts, error) {
	sealed, err := f.seal(ctx, s, record.SealRequest{Recipient: recipient})
	if err != nil {
		return sealed, err
	}
	if now := sealed.State.Sealed; now.Recipient != whose {
		err := record.NewProblem(
			fmt.Sprintf("the file holds the public key of %s now, and not of %s as before, so nothing was kept", now.Recipient, whose),
			"Compare the receiver's key with them once more, then seal again.")
		return f.leaveTo(sealName), errors.Join(err, s.RemoveFile(now.File))
	}
	return sealed, nil
}
