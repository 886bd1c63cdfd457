package steps

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dpc-onboard/keys"
)

// keyScreen makes the key pair on this computer.
var keyScreen = screen{
	name: "key", step: Key,
	done: stepDone(Key),
	prompt: func(f Facts) Prompt {
		if f.State.Key != nil {
			return keptKeyPrompt(f)
		}
		return Prompt{
			Title: wordsKeyTitle,
			Guide: wordsKeyGuide,
			Rows:  []Row{{Name: wordsLabel, Value: f.keyLabel()}},
			Actions: []Action{
				{Name: "make", Label: wordsMakeKey},
				{Name: "import", Label: wordsImportKey, Key: "i"},
				{Name: "label", Label: wordsChangeLabel, Key: "e"},
			},
		}
	},
	accept: func(f Facts, a Answer) (work, error) {
		switch a.Action {
		case "keep":
			return f.keep(), nil
		case "label":
			f.Session.EditLabel = Key
			return f.keep(), nil
		case "import":
			f.Session.Import = true
			return f.keep(), nil
		}
		return work{title: wordsMakingKey, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			pair, err := s.NewPair(ctx)
			if err != nil {
				return f, WithHint(err, wordsMakeKeyHint)
			}
			return f.saveKey(ctx, s, pair, false)
		}}, nil
	},
}

// keptKeyPrompt is for someone who came back: a new pair is never made unasked.
func keptKeyPrompt(f Facts) Prompt {
	return Prompt{
		Title: wordsKeyKeptTitle,
		Guide: wordsKeyKeptGuide,
		Rows:  keyRows(*f.State.Key),
		Art:   randomart(f.State.Key),
		Actions: []Action{
			{Name: "keep", Label: wordsKeepKey},
			{Name: "label", Label: wordsChangeLabel, Key: "e"},
			{Name: "make", Label: wordsMakeNewKey, Key: "m", Confirm: wordsMakeNewKeyWarning},
			{Name: "import", Label: wordsImportKey, Key: "i"},
		},
	}
}

func keyRows(k KeyFact) []Row {
	return []Row{{Name: wordsLabel, Value: k.Label}, {Name: wordsFingerprint, Value: k.Fingerprint}}
}

func randomart(k *KeyFact) string {
	if k == nil {
		return ""
	}
	public, err := keys.ParsePublicKey(k.PublicKey)
	if err != nil {
		return ""
	}
	return public.Randomart()
}

// saveKey saves the private key and takes the fact from what was read back.
func (f Facts) saveKey(ctx context.Context, s Services, pair keys.Pair, imported bool) (Facts, error) {
	fact, err := keyFact(s.Now(), pair, f.keyLabel())
	if err != nil {
		return f, err
	}
	fact.Imported = imported
	if err := s.Secrets.Save(ctx, f.State.ID(), PrivateKeyName, pair.Private()); err != nil {
		return f, err
	}
	f.State.Key = fact
	f.Session.Import = false
	f.Session.note(NoteOK, wordsKeySaved(*fact, f.Session.Place), wordsKeySavedHint)
	return f, nil
}

func keyFact(now time.Time, pair keys.Pair, label string) (*KeyFact, error) {
	signature, err := pair.Sign()
	if err != nil {
		return nil, err
	}
	return &KeyFact{
		SecretFact:  *secretFact(now, pair.Private()),
		Label:       label,
		Fingerprint: pair.Public().Fingerprint(),
		PublicKey:   pair.Public().PEM(),
		Signature:   signature,
	}, nil
}

// importScreen takes a pair that exists already, from its files.
var importScreen = screen{
	name: "import", step: Key,
	applies: func(f Facts) bool { return f.Session.Import },
	done:    func(f Facts) bool { return !f.Session.Import },
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title: wordsImportTitle,
			Guide: wordsImportGuide,
			Fields: []Field{
				{Name: "private", Label: wordsPrivateKey, Hint: wordsPrivateKeyHint, Kind: Hidden, Check: recognizePrivateKey},
				{Name: "public", Label: wordsPublicKeyOptional, Hint: wordsPublicKeyHint, Kind: Text, Optional: true, Check: recognizePublicKey},
			},
			Actions: []Action{{Name: "import", Label: wordsImport}},
		}
		if f.State.Key != nil {
			p.Actions[0].Confirm = wordsMakeNewKeyWarning
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		private, public := a.Values["private"], a.Values["public"]
		return work{title: wordsImporting, do: func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			pair, err := readPair(s, private, public)
			if err != nil {
				return f, err
			}
			return f.saveKey(ctx, s, pair, true)
		}}, nil
	},
}

// readPair takes each half as PEM or as the path of a file with PEM.
func readPair(s Services, private, public keys.Secret) (keys.Pair, error) {
	private, err := contents(s, private)
	if err != nil {
		return keys.Pair{}, err
	}
	pair, err := keys.ParsePrivateKey(private)
	if err != nil {
		return keys.Pair{}, WithHint(err, keyHint(err))
	}
	if blank(public) {
		return pair, nil
	}
	if public, err = contents(s, public); err != nil {
		return keys.Pair{}, err
	}
	half, err := keys.ParsePublicKey(public.Reveal())
	if err != nil {
		return keys.Pair{}, WithHint(err, keyHint(err))
	}
	if err := pair.Matches(half); err != nil {
		return keys.Pair{}, WithHint(err, keyHint(err))
	}
	return pair, nil
}

// contents reads the file that a value names, or returns the value where it is
// the key itself.
func contents(s Services, v keys.Secret) (keys.Secret, error) {
	if isPEM(v) {
		return v, nil
	}
	path := strings.Trim(strings.TrimSpace(v.Reveal()), `"'`)
	data, err := s.ReadFile(path)
	if err != nil {
		return keys.Secret{}, WithHint(err, wordsReadFileHint)
	}
	return data, nil
}

func isPEM(v keys.Secret) bool { return strings.Contains(v.Reveal(), "-----BEGIN") }

func recognizePrivateKey(v keys.Secret) (string, error) {
	if blank(v) {
		return "", problem(wordsPrivateKeyEmpty, wordsPrivateKeyHint)
	}
	if !isPEM(v) {
		return "", nil // a path: read when it is submitted
	}
	pair, err := keys.ParsePrivateKey(v)
	if err != nil {
		return "", problem(sentence(err), keyHint(err))
	}
	return wordsPrivateKeyRecognized(pair.Public().Bits()), nil
}

func recognizePublicKey(v keys.Secret) (string, error) {
	if !isPEM(v) {
		return "", nil
	}
	public, err := keys.ParsePublicKey(v.Reveal())
	if err != nil {
		return "", problem(sentence(err), keyHint(err))
	}
	return wordsPublicKeyRecognized(public.Fingerprint()), nil
}

// keyHint says what to do about a PEM that can't be used.
func keyHint(err error) string {
	for _, h := range wordsKeyHints {
		if errors.Is(err, h.err) {
			return h.hint
		}
	}
	return wordsKeyHint
}

// addScreen gives the portal's three fields, in the portal's order.
var addScreen = screen{
	name: "add", step: Add,
	done: stepDone(Add),
	prompt: func(f Facts) Prompt {
		k := f.State.Key
		p := Prompt{
			Title: wordsAddTitle,
			Guide: wordsAddGuide(f.State.Environment),
			Copies: []Copy{
				{Name: "label", Label: wordsLabel, Value: k.Label, Key: "l"},
				{Name: "public", Label: wordsPublicKey, Value: k.PublicKey, Key: "p"},
				{Name: "signature", Label: wordsSnippet, Value: k.Signature, Key: "s"},
			},
			Rows: []Row{{Name: wordsFingerprint, Value: k.Fingerprint}},
			Art:  randomart(k),
			Actions: []Action{
				{Name: "added", Label: wordsAdded},
				{Name: "refused", Label: wordsAddRefused, Key: "r"},
				{Name: "files", Label: wordsAddFiles, Key: "f"},
			},
		}
		if f.Session.Refused {
			p.Notes = append(p.Notes, wordsRefusals...)
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		switch a.Action {
		case "refused":
			f.Session.Refused = true
			return f.keep(), nil
		case "files":
			return work{title: wordsWritingFiles, do: f.writePortalFiles}, nil
		}
		f.Session.Refused = false
		return work{title: wordsKeeping, do: func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
			if added := f.State.Added; added == nil || added.Fingerprint != f.State.Key.Fingerprint {
				f.State.Added = &AddedFact{Fingerprint: f.State.Key.Fingerprint, At: s.Now().UTC()}
			}
			return f, nil
		}}, nil
	},
}

// writePortalFiles writes the three values, none of them secret, for people
// whose terminal can't reach the clipboard.
func (f Facts) writePortalFiles(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	folder := FreeName(s.FileExists, filepath.Join(f.Session.Folder, "dpc-"+f.State.ID()+"-portal"), "")
	for _, file := range []struct{ name, text string }{
		{"label.txt", f.State.Key.Label},
		{"public-key.pem", f.State.Key.PublicKey},
		{"signature-snippet.txt", f.State.Key.Signature},
	} {
		if err := s.WriteFile(filepath.Join(folder, file.name), []byte(file.text)); err != nil {
			return f, WithHint(err, wordsWriteFilesHint)
		}
	}
	f.Session.note(NoteOK, wordsFilesWritten(folder), wordsFilesWrittenHint)
	return f, nil
}

// FreeName returns path+ext where nothing has that name yet, or else the first
// of path-2+ext, path-3+ext and so on that is free.
func FreeName(taken func(string) bool, path, ext string) string {
	name := path + ext
	for n := 2; taken(name); n++ {
		name = path + "-" + strconv.Itoa(n) + ext
	}
	return name
}

// keyIDScreen takes the key's ID from the portal's main page.
var keyIDScreen = screen{
	name: "id", step: KeyID,
	done: stepDone(KeyID),
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title:   wordsKeyIDTitle,
			Guide:   wordsKeyIDGuide(f.keyLabel()),
			Fields:  []Field{{Name: "id", Label: wordsKeyID, Hint: wordsKeyIDHint, Kind: Text, Check: f.recognizeKeyID}},
			Actions: []Action{{Name: "next", Label: wordsKeyIDNext}},
		}
		if f.State.keyIDSaved() {
			p.Fields[0].Value = f.State.KeyID.ID
		}
		return p
	},
	accept: func(f Facts, a Answer) (work, error) {
		id, err := keys.ParseUUID(a.Text("id"))
		if err != nil {
			return work{}, wrong("id", sentence(err), wordsKeyIDHint)
		}
		return f.recordKeyID(id), nil
	},
}

func (f Facts) recordKeyID(id string) work {
	return work{title: wordsKeeping, do: func(_ context.Context, s Services, _ func(Event)) (Facts, error) {
		if !f.State.keyIDSaved() || f.State.KeyID.ID != id {
			f.State.KeyID = &KeyIDFact{ID: id, Fingerprint: f.State.Key.Fingerprint, At: s.Now().UTC()}
		}
		f.Session.note(NoteOK, wordsKeyIDSaved(id), "")
		return f, nil
	}}
}

func (f Facts) recognizeKeyID(v keys.Secret) (string, error) {
	id, err := keys.ParseUUID(v.Reveal())
	if err != nil {
		return "", problem(notKeyID(v), wordsKeyIDHint)
	}
	token, old := f.State.ClientToken, f.State.previous()
	switch {
	case token != nil && id == token.OrganizationID:
		return "", problem(wordsKeyIDIsOrganization, wordsKeyIDHint)
	case token != nil && id == token.ID:
		return "", problem(wordsKeyIDIsTokenID, wordsKeyIDHint)
	case old.What == "key" && old.KeyID != nil && id == old.KeyID.ID:
		return "", problem(wordsKeyIDIsOld, wordsKeyIDHint)
	}
	return wordsKeyIDRecognized, nil
}

// notKeyID says what a value is that is no ID at all.
func notKeyID(v keys.Secret) string {
	switch {
	case blank(v):
		return wordsKeyIDEmpty
	case isPEM(v):
		return wordsKeyIDIsPEM
	case isToken(v):
		return wordsKeyIDIsToken
	case strings.HasPrefix(strings.TrimSpace(v.Reveal()), "SHA256:"):
		return wordsKeyIDIsFingerprint
	}
	return wordsKeyIDForm
}

func isToken(v keys.Secret) bool {
	_, _, err := keys.ParseToken(v)
	return err == nil
}
