package steps

import (
	"context"
	"errors"

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
	r.Path = choice.Folder + "/" // a folder that is not there must not become a file of that name
	fact, err := s.Packages.Seal(ctx, f.State, c, r)
	if err != nil {
		return f, err
	}
	// The receiver's file was read again: it must still be the key that was shown.
	if whose := choice.Whose; r.Recipient != "" && fact.Recipient != whose {
		return f, errors.Join(WithHint(errors.New(wordsOtherRecipient(fact.Recipient, whose)), wordsOtherRecipientHint), s.RemoveFile(fact.File))
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
