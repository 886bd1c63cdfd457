package steps

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
)

// addStep gives the portal's three fields, in the portal's order, and for production
// asks for the IP addresses.
var addStep = Step{
	ID: Add, Title: "Add key",
	help: Help{
		What:  "The portal's form for a public key: label, public key and signature snippet.",
		Why:   "The signature snippet proves to DPC that you hold the private key, without showing it.",
		Wrong: "A value is cut or changed on its way. Copy it again, or write the three values to files.",
		Kept:  "None of the three is secret.",
	},
	done: func(s record.State) (time.Time, bool) {
		if !s.KeySaved() || s.Added == nil {
			return time.Time{}, false
		}
		return s.Added.At, s.Added.Fingerprint == s.Key.Fingerprint && s.AddressesEntered()
	},
	screens: []screen{addScreen, addressScreen},
}

// writeHint is the remedy for a file that could not be written.
const writeHint = "Start the program in a folder that you may write to."

var addScreen = screen{
	name: "add",
	done: func(f Facts) bool {
		return f.State.Added != nil && f.State.Added.Fingerprint == f.State.Key.Fingerprint
	},
	prompt: func(f Facts) Prompt {
		k, w := f.State.Key, f.State.Environment.Words()
		p := Prompt{
			Title: "Add the public key in the portal",
			Guide: []string{
				fmt.Sprintf("1. On %s, in the %s *%s*, click *%s* (“+ Key” in the printed guide).", w.Page, w.Box, w.Keys, w.NewKey),
				"2. Copy each of the three values here and paste it into the field of the same name.",
				fmt.Sprintf("3. Click *%s*.", w.AddKey),
			},
			Copies: []Copy{
				{Name: "label", Label: w.KeyLabel, Value: k.Label, Key: "l"},
				{Name: "public", Label: w.PublicKey, Value: k.PublicKey, Key: "p"},
				{Name: "signature", Label: w.Snippet, Value: k.Signature, Key: "s"},
			},
			Rows: []Row{{Name: "Fingerprint", Value: k.Fingerprint}},
			Actions: []Action{
				{Name: "added", Label: "I have added the key"},
				{Name: "refused", Label: "The portal refused it", Key: "r"},
				{Name: "label", Label: changeLabel, Key: "e"},
				{Name: "files", Label: "Write them to files", Key: "f"},
			},
		}
		if f.Session.Refused.Text != "" {
			p.Notes = []Note{f.Session.Refused}
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		switch a.Action {
		case "refused":
			return stay(f.enter(refusedDetour)), nil
		case "label":
			return stay(f.enter(labelDetour(Add, f.State.Key.Label))), nil
		case "files":
			return doing(writingFiles, f.writePortalFiles), nil
		}
		f.Session.Refused = Note{}
		return keeping(func(s Services) Facts {
			if added := f.State.Added; added == nil || added.Fingerprint != f.State.Key.Fingerprint {
				f.State.Added = &record.AddedFact{Fingerprint: f.State.Key.Fingerprint, At: s.Now().UTC()}
			}
			return f
		}), nil
	},
}

// maxAddresses is how many IP addresses production's portal takes.
const maxAddresses = 8

// addressScreen is production's alone: its API answers only to IP addresses that
// are entered in the portal, so nothing is set up before one is.
var addressScreen = screen{
	name:    "addresses",
	applies: func(f Facts) bool { return f.State.Environment == record.Production },
	done:    func(f Facts) bool { return f.State.AddressesEntered() },
	prompt: func(f Facts) Prompt {
		w := f.State.Environment.Words()
		p := Prompt{
			Title: "Enter the public IP addresses in the portal",
			Guide: []string{
				fmt.Sprintf("Production answers only to IP addresses that are entered in its portal: at most %d, public IPv4, no ranges. Ask your vendor which it calls from. This computer's own lets you check the credentials from here.", maxAddresses),
				fmt.Sprintf("1. On %s, in the %s *%s*, click *%s*.", w.Page, w.Box, w.Addresses, w.NewAddress),
				fmt.Sprintf("2. Type one address into *%s* and click *%s*. Do so for each.", w.Address, w.AddAddress),
			},
			Fields: []Field{{
				Name: "addresses", Label: "Addresses, for your notes (optional)", Hint: "as 203.0.113.7, one behind the other",
				Kind: Text, Optional: true, Check: recognizeAddresses,
			}},
			Actions: []Action{{Name: "entered", Label: "They are entered"}},
		}
		if f.State.Addresses != nil {
			p.Fields[0].Value = strings.Join(f.State.Addresses.Addresses, " ")
		}
		return p
	},
	accept: func(f Facts, a Answer) (outcome, error) {
		return keeping(func(s Services) Facts {
			f.State.Addresses = &record.AddressFact{At: s.Now().UTC(), Addresses: addressesIn(a.Text("addresses"))}
			return f
		}), nil
	},
}

func addressesIn(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
}

// recognizeAddresses refuses what production's portal would not take.
func recognizeAddresses(v keys.Secret) (string, error) {
	all := addressesIn(v.Reveal())
	for _, one := range all {
		address, err := netip.ParseAddr(one)
		switch {
		case strings.ContainsAny(one, "/-*"):
			return "", record.NewProblem("the portal takes no ranges", "Enter each address by itself.")
		case err != nil || !address.Is4():
			return "", record.NewProblem(fmt.Sprintf("%q is not an IPv4 address", text.Brief(one, 40)), "It has four numbers with points between them, as 203.0.113.7.")
		case !address.IsGlobalUnicast() || address.IsPrivate():
			return "", record.NewProblem(one+" is not a public address", "DPC sees the address that your network has on the internet. Your IT support or your vendor knows it.")
		}
	}
	if len(all) > maxAddresses {
		return "", record.NewProblem(fmt.Sprintf("the portal takes %d addresses at most", maxAddresses), "Leave out those that don't call DPC.")
	}
	return text.Plural(len(all), "address"), nil
}

const writingFiles = "Writing files"

// writePortalFiles writes the three values, none of them secret, for people
// whose terminal can't reach the clipboard.
func (f Facts) writePortalFiles(_ context.Context, s Services, _ func(Event)) (Facts, error) {
	folder := s.FreePath(filepath.Join(f.Session.Folder, "dpc-"+f.State.ID()+"-portal"), "")
	for _, file := range []struct{ name, text string }{
		{"label.txt", f.State.Key.Label},
		{"public-key.pem", f.State.Key.PublicKey},
		{"signature-snippet.txt", f.State.Key.Signature},
	} {
		if err := s.WriteFile(filepath.Join(folder, file.name), []byte(file.text)); err != nil {
			return f, record.WithHint(err, writeHint)
		}
	}
	f.Session.note(NoteOK, "Written to "+folder+".", "Open each file, copy all of it and paste it into the portal. None of them is secret.")
	return f, nil
}
