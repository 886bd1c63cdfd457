package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// keyStep makes the key pair on this computer, or takes one that exists.
var keyStep = Step{
	ID: Key, Title: "Key pair",
	help: Help{
		What:  "Two halves: the public key goes to DPC, the private key proves that a request is yours.",
		Why:   "DPC checks each request against the public key. It asks for RSA with at least 4096 bits.",
		Wrong: "A key that was made on a web site may be known to others. This one never was outside of this computer.",
		Kept:  "The private key is in the keyring or the vault, the public key in the progress file.",
	},
	done: func(s record.State) (time.Time, bool) {
		if !s.KeySaved() {
			return time.Time{}, false
		}
		return s.Key.At, true
	},
	screens: []screen{keyScreen},
}

// The words of this step that stand more than once.
const (
	importKey      = "Import a pair that exists"
	newKeyWarning  = "The private key that is saved now is replaced and can't be brought back. The new public key must be added in the portal, and its key ID saved here."
	privateKeyHint = "Give the path of its PEM file, or paste its text."
)

var keyScreen = screen{
	name: "key",
	prompt: func(f Facts) Prompt {
		if k := f.State.Key; k != nil { // someone came back: a new pair is never made unasked
			return Prompt{
				Title: "The key pair is made",
				Guide: []string{"Going back here undoes nothing. A new pair would have to be added in the portal again, and the key ID of the old one would no longer count."},
				Rows:  []Row{{Name: "Label", Value: k.Label}, {Name: "Fingerprint", Value: k.Fingerprint}},
				Actions: []Action{
					{Name: "keep", Label: "Keep this key pair"},
					{Name: "label", Label: changeLabel, Key: "e"},
					{Name: "make", Label: "Make a new key pair", Key: "m", Confirm: newKeyWarning},
					{Name: "import", Label: importKey, Key: "i"},
				},
			}
		}
		return Prompt{
			Title: "Make the key pair",
			Guide: []string{"DPC knows your requests by an RSA key pair of 4096 bits. It is made on this computer, never on a web site. The private key goes straight to safe storage."},
			Actions: []Action{
				{Name: "make", Label: "Make the key pair"},
				{Name: "import", Label: importKey, Key: "i"},
			},
		}
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		switch a.Action {
		case "keep":
			return stay(f), nil
		case "import":
			return stay(f.enter(importDetour)), nil
		}
		return doing("Making an RSA-4096 key pair on this computer", func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			pair, err := s.NewPair(ctx)
			if err != nil {
				return f, record.WithHint(err, "Try again. If it goes on failing, import a pair that was made with openssl.")
			}
			return f.saveKey(ctx, s, pair, "made")
		}), nil
	},
}

// importDetour takes a pair that exists already, from its files.
var importDetour = detour{step: Key, from: "key", screen: screen{
	name: "import",
	prompt: func(f Facts) Prompt {
		p := Prompt{
			Title: "Import a key pair",
			Guide: []string{"An RSA pair of at least 4096 bits as PEM files, without a passphrase. The files stay as they are: delete them yourself when the import is done."},
			Fields: []Field{
				{Name: "private", Label: "Private Key", Hint: privateKeyHint, Kind: Hidden, Missing: record.NewProblem("the private key is missing", privateKeyHint), Check: recognizePrivateKey},
				{Name: "public", Label: "Public Key (optional)", Hint: "The path of its PEM file, to check that the two belong together.", Kind: Text, Optional: true, Check: recognizePublicKey},
			},
			Actions: []Action{{Name: "import", Label: "Import the pair"}},
		}
		if f.State.Key != nil {
			p.Actions[0].Confirm = newKeyWarning
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		return doing("Reading and saving the key pair", func(ctx context.Context, s Services, _ func(Event)) (Facts, error) {
			pair, err := readPair(s, a.Values["private"], a.Values["public"])
			if err != nil {
				return f, err
			}
			return f.saveKey(ctx, s, pair, "imported")
		}), nil
	},
}}

// readPair takes each half as PEM or as the path of a file with PEM.
func readPair(s Services, private, public keys.Secret) (keys.Pair, error) {
	private, err := contents(s, private)
	if err != nil {
		return keys.Pair{}, err
	}
	pair, err := keys.ParsePrivateKey(private)
	if err != nil {
		return keys.Pair{}, record.WithHint(err, keyHint(err))
	}
	if blank(public) {
		return pair, nil
	}
	if public, err = contents(s, public); err != nil {
		return keys.Pair{}, err
	}
	half, err := keys.ParsePublicKey(public.Reveal())
	if err == nil {
		err = pair.Matches(half)
	}
	if err != nil {
		return keys.Pair{}, record.WithHint(err, keyHint(err))
	}
	return pair, nil
}

// contents reads the file that a value names, or returns the value where it is
// the key itself.
func contents(s Services, v keys.Secret) (keys.Secret, error) {
	if isPEM(v) {
		return v, nil
	}
	data, err := s.ReadFile(strings.Trim(strings.TrimSpace(v.Reveal()), `"'`))
	if err != nil {
		return keys.Secret{}, record.WithHint(err, "Give the path of a file that you may read.")
	}
	return data, nil
}

func isPEM(v keys.Secret) bool { return strings.Contains(v.Reveal(), "-----BEGIN") }

func recognizePrivateKey(v keys.Secret) (string, error) {
	if !isPEM(v) {
		return "", nil // a path: read when it is submitted
	}
	pair, err := keys.ParsePrivateKey(v)
	if err != nil {
		return "", record.NewProblem(text.Sentence(err), keyHint(err))
	}
	return fmt.Sprintf("RSA private key, %d bits", pair.Public().Bits()), nil
}

func recognizePublicKey(v keys.Secret) (string, error) {
	if !isPEM(v) {
		return "", nil
	}
	public, err := keys.ParsePublicKey(v.Reveal())
	if err != nil {
		return "", record.NewProblem(text.Sentence(err), keyHint(err))
	}
	return "public key " + public.Fingerprint(), nil
}

// saveKey saves the private key and takes the fact from what was read back. how
// says in a word where the pair is from.
func (f Facts) saveKey(ctx context.Context, s Services, pair keys.Pair, how string) (Facts, error) {
	fact, err := keyFact(s.Now(), pair)
	if err != nil {
		return f, err
	}
	fact.Imported = how == "imported"
	if err := s.Secrets.Save(ctx, f.State.ID(), record.PrivateKeyName, pair.Private()); err != nil {
		return f, err
	}
	f.State.Key = fact
	f = f.leaveAll()
	f.Session.note(NoteOK, fmt.Sprintf("Key pair %s. The private key was saved in the %s and read back.", how, f.Session.Backend),
		"The private key never leaves this computer in clear.")
	return f, nil
}

func keyFact(now time.Time, pair keys.Pair) (*record.KeyFact, error) {
	signature, err := pair.Sign()
	if err != nil {
		return nil, err
	}
	return &record.KeyFact{
		SecretFact:  *secretFact(now, pair.Private()),
		Label:       KeyLabel(pair.Public().Fingerprint(), now),
		Fingerprint: pair.Public().Fingerprint(),
		PublicKey:   pair.Public().PEM(),
		Signature:   signature,
	}, nil
}

// keyHint says what to do about a PEM that can't be used.
func keyHint(err error) string {
	const (
		anew    = "Make a new pair here: it is RSA with 4096 bits."
		private = "Give the file that begins with BEGIN PRIVATE KEY."
		public  = "Give the file that begins with BEGIN PUBLIC KEY, or leave this out."
		size    = "Make a new pair here: it has 4096 bits."
	)
	return hintFor(err, "Export the key once more, or make a new pair here.", []hint{
		{keys.ErrEncrypted, "Take its passphrase off first: openssl pkey -in KEY -out NEW. Delete NEW after the import."},
		{keys.ErrEC, anew},
		{keys.ErrAlgorithm, anew},
		{keys.ErrCertificate, private},
		{keys.ErrPublic, private},
		{keys.ErrPrivate, public},
		{keys.ErrOpenSSH, "Turn a copy of it into PEM first: ssh-keygen -p -m PEM -f COPY."},
		{keys.ErrOpenSSHLine, public},
		{keys.ErrPKCS1Public, "Leave the public key out: it is made from the private key."},
		{keys.ErrSeveral, "Give a file with one key alone."},
		{keys.ErrKeySmall, size},
		{keys.ErrKeyLarge, size},
		{keys.ErrDamaged, "Copy the whole file once more, from its BEGIN to its END line."},
		{keys.ErrNoMatch, "Give the two files that were made together, or leave the public key out."},
	})
}
