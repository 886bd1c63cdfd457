package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
)

const id = stepstest.NPI + "-sandbox"

func newPerson(t testing.TB) *stepstest.Person {
	t.Helper()
	return stepstest.NewPerson(t, stepstest.New(t), record.State{})
}

func stored(p *stepstest.Person, onboarding, name string) keys.Secret {
	return p.World.Secrets.Values[stepstest.Key(record.Keyring, onboarding, name)]
}

func TestDefaultWalk(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	w := p.World
	if saved := w.Progress.States[id]; !steps.Complete(p.Flow.State()) || !steps.Complete(saved) || saved.Schema != record.Schema {
		t.Errorf("the progress file stands at %q", steps.Next(saved))
	}
	got := w.Packages.Holds[0]
	if got.NPI != stepstest.NPI || !got.ClientToken.Equal(p.Token) || got.OrganizationToken.Reveal() != keystest.OrganizationID ||
		got.KeyID != stepstest.KeyID || got.PublicKey != w.Pairs[0].Public().PEM() || !got.PrivateKey.Equal(w.Pairs[0].Private()) {
		t.Errorf("the package holds %+v", got)
	}
	if r := w.Packages.Sealed[0]; r.Format != "age" || r.Passphrase.Reveal() != stepstest.Passphrase || r.Path != stepstest.Folder+"/" {
		t.Errorf("sealed with %+v", r)
	}
	for _, step := range p.Flow.Stepper() {
		if step.Status != steps.Done || step.At.IsZero() {
			t.Errorf("the stepper shows %+v", step)
		}
	}
	p.Answer("finish", "", nil) // asks first: the passphrase is shown for the last time
	if p.Flow.Quit() {
		t.Error("closing did not ask")
	}
	p.Answer("finish-confirm", "yes", nil)
	if !p.Flow.Quit() {
		t.Error("closing did not end the flow")
	}
}

// TestKeyringIsProvedFirst: nobody is sent to create a token that is shown only
// once before there is a place for it.
func TestKeyringIsProvedFirst(t *testing.T) {
	p := newPerson(t).WalkTo("token")
	if got := strings.Join(p.World.Secrets.Calls[:1], ", "); got != "use keyring" {
		t.Errorf("the first call was %q", got)
	}
	p.Said("The keyring works")
}

func TestPortalShowsNoSuccess(t *testing.T) {
	p := newPerson(t).WalkTo("token")
	first := p.Flow.Prompt().Copies[0].Value
	p.Answer("token", "failed", nil)
	p.Said("“Label required.” or “Client token could not be created.”, or no answer? Go back in the portal")
	second := p.Flow.Prompt().Copies[0].Value
	p.Relaunch(id)
	p.Answer("token", "failed", nil)
	third := p.Flow.Prompt().Copies[0].Value
	if first == second || second == third || first == third {
		t.Errorf("the labels are %q, %q and %q", first, second, third)
	}
	p.WalkTo("finish")
	if got := p.Flow.State().ClientToken.Label; got != third {
		t.Errorf("the token's label is %q, want %q", got, third)
	}
}

// TestTakenUpAgain undoes a mistaken "I no longer have the token".
func TestTakenUpAgain(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	label := p.Flow.State().TokenLabel
	p.Back("deliver")
	p.Back("seal")
	p.Back("check")
	p.Back("id")
	p.Back("add")
	p.Back("key")
	p.Back("save")
	p.Answer("save", "lost", nil)
	p.At("token")
	if s := p.Flow.State(); steps.Complete(s) || steps.Next(s) != steps.Token {
		t.Errorf("a token that was given up still counts: next is %q", steps.Next(s))
	}
	p.Said("counts no more")
	p.Answer("token", "saved", nil)
	p.At("finish")
	if got := p.Flow.State(); !steps.Complete(p.Flow.State()) || got.TokenLabel != label {
		t.Errorf("the label is %q, want %q; next is %q", got.TokenLabel, label, steps.Next(got))
	}
}

// TestLostTokenIsAskedForAgain, whatever the clock does meanwhile.
func TestLostTokenIsAskedForAgain(t *testing.T) {
	p := newPerson(t).WalkTo("check")
	p.World.SetClock(stepstest.Start.AddDate(0, 0, -1))
	p.Back("id")
	p.Back("add")
	p.Back("key")
	p.Back("save")
	p.Answer("save", "lost", nil)
	p.Answer("token", "", nil)
	p.At("save")
	if p.Flow.Prompt().Fields[0].Optional {
		t.Error("the new token may be left out")
	}
	p.Token = keystest.Token(t, keystest.TokenSpec{RootKeyID: "another", Expires: stepstest.Start.AddDate(1, 0, 0)})
	p.Answer("save", "", stepstest.Values{record.ClientTokenName: p.Token.Reveal(), record.OrganizationTokenName: ""})
	p.At("check")
	if !stored(p, id, record.ClientTokenName).Equal(p.Token) {
		t.Error("the new token was not saved")
	}
}

func TestImportWalk(t *testing.T) {
	p := newPerson(t).WalkTo("key")
	other := keystest.OtherPair(t)
	p.World.Files.Contents["~/k.pem"] = other.Private().Reveal()
	p.World.Files.Contents["~/wrong.pem"] = p.World.Pairs[0].Public().PEM()
	p.Answer("key", "import", nil)
	for _, c := range []struct{ private, public, says, hint string }{
		{"~/none.pem", "", "read ~/none.pem: file does not exist", "Give the path of a file that you may read."},
		{"~/wrong.pem", "", "this is a public key, and the private key belongs here", "Give the file that begins with BEGIN PRIVATE KEY."},
		{"~/k.pem", "~/wrong.pem", "the public key and the private key are not a pair", "Give the two files that were made together, or leave the public key out."},
	} {
		err := p.Try("import", stepstest.Values{"private": c.private, "public": c.public})
		if err == nil || err.Error() != c.says || record.Hint(err) != c.hint {
			t.Errorf("got %v (%s)", err, record.Hint(err))
		}
		p.At("import")
	}
	p.Answer("import", "", stepstest.Values{"private": "'~/k.pem' "})
	p.At("add")
	if k := p.Flow.State().Key; !k.Imported || k.Fingerprint != other.Public().Fingerprint() {
		t.Errorf("the key is %+v", k)
	}
	p.WalkTo("finish")
	if !p.World.Packages.Holds[0].PrivateKey.Equal(other.Private()) {
		t.Error("another key was sealed")
	}
}

func TestKeyLabelAndPortalFiles(t *testing.T) {
	p := newPerson(t).WalkTo("add")
	p.Answer("add", "label", nil)
	p.Answer("add-label", "", stepstest.Values{"label": " Front desk "})
	p.Answer("add", "files", nil)
	p.Answer("add", "files", nil)
	k := p.Flow.State().Key
	for folder, name := range map[string]string{"dpc-" + id + "-portal": "first", "dpc-" + id + "-portal-2": "second"} {
		base := stepstest.Folder + "/" + folder + "/"
		got := p.World.Files.Contents
		if got[base+"label.txt"] != "Front desk" || got[base+"public-key.pem"] != k.PublicKey || got[base+"signature-snippet.txt"] != k.Signature {
			t.Errorf("the %s set of files is not right", name)
		}
	}
	var labels []string
	for _, c := range p.Flow.Prompt().Copies {
		labels = append(labels, c.Label)
	}
	if got := strings.Join(labels, ", "); got != "Label, Public Key, Signature Snippet" {
		t.Errorf("the portal's fields are %s", got)
	}
}

func TestNewPairReplacesTheOldOnlyAfterYes(t *testing.T) {
	p := newPerson(t)
	p.World.Pairs = append(p.World.Pairs, keystest.OtherPair(t))
	p.WalkTo("check")
	p.Back("id")
	p.Back("add")
	p.Back("key")
	p.Answer("key", "make", nil)
	p.At("key-confirm")
	p.Back("key")
	p.Answer("key", "make", nil)
	p.Answer("key-confirm", "", nil) // Enter is no
	if got := stored(p, id, record.PrivateKeyName); !got.Equal(keystest.Pair(t).Private()) {
		t.Fatal("the key was replaced without a yes")
	}
	p.Answer("key", "make", nil)
	p.Answer("key-confirm", "yes", nil)
	p.At("add")
	if s := p.Flow.State(); steps.Next(s) != steps.Add || s.KeyID == nil {
		t.Error("the old key's ID counts for the new key")
	}
	if got := fieldOf(t, p.WalkTo("id").Flow.Prompt(), "id").Value; got != "" {
		t.Errorf("the old key's ID is proposed: %s", got)
	}
}

func TestSealsAndRecipients(t *testing.T) {
	for _, c := range []struct {
		format, protect string
		want            record.SealRequest
	}{
		{"html", "made", record.SealRequest{Format: "html", Passphrase: keys.NewSecret(stepstest.Passphrase)}},
		{"pgp", "own", record.SealRequest{Format: "pgp", Passphrase: keys.NewSecret("vivid-harbor-anthem-42-quilt-mosaic")}},
		{"age", "key", record.SealRequest{Format: "age", Recipient: "age1vendor"}},
	} {
		p := newPerson(t).WalkTo("seal")
		p.Answer("seal", "", stepstest.Values{"format": c.format, "protect": c.protect, "folder": "/tmp/out"})
		switch c.protect {
		case "own":
			own := c.want.Passphrase.Reveal()
			p.Answer("passphrase", "", stepstest.Values{"passphrase": own, "again": own})
		case "key":
			p.Answer("recipient", "", stepstest.Values{"recipient": "age1typo"})
			p.Answer("recipient", "", stepstest.Values{"recipient": "age1vendor"}) // another than was looked at
			if len(p.World.Packages.Sealed) > 0 {
				t.Fatal("sealed to a key that nobody looked at")
			}
			if got := p.Flow.Prompt().Rows[0].Value; got != "the holder of age1vendor" {
				t.Errorf("the key is said to be of %s", got)
			}
			p.Answer("recipient", "", nil)
		}
		p.At("deliver")
		got := p.World.Packages.Sealed[0]
		if got.Format != c.want.Format || !got.Passphrase.Equal(c.want.Passphrase) || got.Recipient != c.want.Recipient || got.Path != "/tmp/out/" {
			t.Errorf("%s, %s: sealed with %+v", c.format, c.protect, got)
		}
		shown := false
		for _, row := range p.Flow.Prompt().Rows {
			shown = shown || row.Secret.Reveal() == stepstest.Passphrase
		}
		if shown != (c.protect == "made") {
			t.Errorf("%s, %s: the passphrase made here is shown: %v", c.format, c.protect, shown)
		}
		p.WalkTo("finish")
	}
}

// TestSealsToTheKeyThatWasLookedAt: the file that holds it may be another one by
// the time that it is read again.
func TestSealsToTheKeyThatWasLookedAt(t *testing.T) {
	p := newPerson(t).WalkTo("seal")
	p.Answer("seal", "", stepstest.Values{"format": "age", "protect": "key", "folder": "/tmp/out"})
	p.Answer("recipient", "", stepstest.Values{"recipient": "vendor.pub"})
	p.World.Packages.Swapped = true
	if err := p.Try("", nil); err == nil || !strings.Contains(err.Error(), "the holder of another key") || record.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
	if p.Flow.State().Sealed != nil || len(p.World.Files.Contents) != 0 {
		t.Errorf("a package is left: %+v, %v", p.Flow.State().Sealed, p.World.Files.Contents)
	}
	p.At("seal")
}

// TestFailedSealShowsNoPassphrase that opens nothing.
func TestFailedSealShowsNoPassphrase(t *testing.T) {
	p := at(t, "deliver")
	p.Relaunch(id)
	p.Said("is kept nowhere")
	p.Answer("deliver", "again", nil)
	p.World.Packages.SealErr = errors.New("no room on the disk")
	if err := p.Try("seal", nil); err == nil {
		t.Fatal("no error")
	}
	p.At("seal")
	p.Said("no room on the disk")
	p.Back("deliver")
	if !p.Flow.Session().Passphrase.IsZero() {
		t.Error("a passphrase is shown that does not open the package")
	}
	p.Answer("deliver", "again", nil)
	p.World.Packages.SealErr = nil
	p.WalkTo("deliver")
	if got := p.Flow.State().Sealed.File; got != stepstest.Folder+"/dpc-"+id+"-2.zip.age" {
		t.Errorf("the second package is %s", got)
	}
}

func TestSFTPWalk(t *testing.T) {
	p := at(t, "sftp")
	p.World.Packages.Unknown = &record.UnknownHost{Host: "sftp.vendor.example", KeyType: "ssh-ed25519", Fingerprint: "SHA256:abc"}
	values := stepstest.Values{"url": "sftp://me@sftp.vendor.example/in/", "password": "hunter2"}
	p.Answer("sftp", "", values)
	p.Answer("host", "", nil) // Enter stops
	p.At("sftp")
	p.Answer("sftp", "", stepstest.Values{"url": values["url"]})
	if uploads := p.World.Packages.Uploads; !uploads[len(uploads)-1].Password.IsZero() {
		t.Error("the password is kept after stopping")
	}
	p.Back("sftp")
	p.Answer("sftp", "", values)
	p.Back("sftp")
	p.Answer("sftp", "", values)
	p.World.Packages.UploadErr = errors.New("permission denied")
	if err := p.Try("trust", nil); err == nil || err.Error() != "the package was not sent: permission denied" {
		t.Errorf("got %v", err)
	}
	p.At("sftp")
	if got := p.Flow.Prompt().Fields[0].Value; got != values["url"] {
		t.Errorf("after a failure the address is %q", got)
	}
	p.World.Packages.UploadErr = nil
	p.Answer("sftp", "", values)
	p.Answer("host", "trust", nil)
	p.At("finish")
	last := p.World.Packages.Uploads[len(p.World.Packages.Uploads)-1]
	if last.Trust != "SHA256:abc" || last.Password.Reveal() != "hunter2" || p.Flow.Detours() != 0 {
		t.Errorf("uploaded with %+v, %d detours are open", last, p.Flow.Detours())
	}
	if d := p.Flow.State().Sent[0]; d.How != "sftp" || d.SHA256 != p.Flow.State().Sealed.SHA256 {
		t.Errorf("recorded %+v", d)
	}
}

func TestRequestWalk(t *testing.T) {
	p := at(t, "request")
	prompt := p.Flow.Prompt()
	if guide := prompt.Guide[0]; prompt.URL != "" || !strings.Contains(guide, "*Submit a Request* link in the guide that your vendor sent you") {
		t.Errorf("a help desk is made up: %q, %s", prompt.URL, guide)
	}
	message := prompt.Copies[1].Value
	if !strings.Contains(message, p.Flow.State().Sealed.SHA256) || strings.Contains(message, stepstest.Passphrase) {
		t.Errorf("the message is %q", message)
	}
	p.Answer("request", "", nil)
	p.At("finish")
	p.Answer("finish", "send", nil)
	p.Said("A package was handed over already: by a request at the vendor's help desk")
	p.Back("finish")
	if got := len(p.Flow.State().Sent); got != 1 {
		t.Errorf("%d hand-overs are recorded", got)
	}
}

func TestRemovedPackage(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	p.Answer("finish", "remove", nil)
	p.Answer("finish-confirm", "yes", nil)
	if len(p.World.Files.Contents) != 0 {
		t.Error("the package is still there")
	}
	p.Relaunch(id)
	p.At("finish")
	for _, a := range p.Flow.Prompt().Actions {
		if a.Name == "remove" {
			t.Error("a package that was deleted can be deleted again")
		}
	}
	p.Answer("finish", "send", nil)
	p.At("seal") // there is nothing left to send
	p.Back("finish")
	p.Answer("finish", "send", nil)
	p.Answer("seal", "", nil)
	p.Answer("deliver", "other", nil)
	p.At("finish")
}

func TestCalendarFile(t *testing.T) {
	p := newPerson(t).WalkTo("finish")
	p.Answer("finish", "calendar", nil)
	text := p.World.Files.Contents[stepstest.Folder+"/dpc-"+id+"-token.ics"]
	for _, want := range []string{"BEGIN:VCALENDAR", "DTSTART;VALUE=DATE:20271123", "TRIGGER:-P30D", "TRIGGER:-P7D", "Sunrise Family Practice"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestEffectsTakeTurns(t *testing.T) {
	p := newPerson(t).WalkTo("key")
	services := p.World.Services()
	started, release := make(chan struct{}), make(chan struct{})
	services.NewPair = func(context.Context) (keys.Pair, error) {
		close(started)
		<-release
		return keystest.OtherPair(t), nil
	}
	slow, effect, err := p.Flow.Answer(steps.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	late := make(chan steps.Result)
	go func() { late <- effect.Run(ctx, services, nil) }()
	<-started
	p.Flow = slow.Cancel()
	cancel()
	next, effect, err := p.Flow.Answer(steps.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	given, giveUp := context.WithCancel(context.Background())
	giveUp()
	impatient := p.World.Services()
	impatient.NewPair = func(context.Context) (keys.Pair, error) {
		t.Error("an effect did not wait for its turn")
		return keys.Pair{}, nil
	}
	for range 30 { // were it its turn, chance would let it in
		if r := effect.Run(given, impatient, nil); !errors.Is(r.Err, context.Canceled) {
			t.Errorf("got %v", r.Err)
		}
	}
	close(release)
	before := next.State()
	next = next.Apply(<-late)
	if next.Busy() == "" || !same(next.State(), before) {
		t.Error("a late result was taken")
	}
	p.Flow = next
	p.Run(effect)
	p.At("add")
	if !stored(p, id, record.PrivateKeyName).Equal(keystest.Pair(t).Private()) {
		t.Error("the canceled effect wrote over the one that followed")
	}
}

// TestMovesNeedNoEffect: what only moves within the session is done at once; a change
// of what is kept, as of a label, is written by the flow itself.
func TestMovesNeedNoEffect(t *testing.T) {
	p := at(t, "token")
	answer := func(action string, values stepstest.Values) steps.Effect {
		t.Helper()
		flow, effect, err := p.Flow.Answer(steps.Answer{Action: action, Values: map[string]keys.Secret{"label": keys.NewSecret(values["label"])}})
		if err != nil || (effect.Title == "") != (flow.Busy() == "") {
			t.Fatalf("%q: %v, %q, busy with %q", action, err, effect.Title, flow.Busy())
		}
		p.Flow = flow
		return effect
	}
	if effect := answer("label", nil); effect.Title != "" {
		t.Errorf("asking for another label does something outside: %q", effect.Title)
	}
	p.At("token-label")
	effect := answer("next", stepstest.Values{"label": "Front desk"})
	if effect.Title == "" {
		t.Fatal("another label is not written")
	}
	p.Run(effect)
	p.At("token")
	if got := p.World.Progress.States[p.Flow.State().ID()].TokenLabel; got != "Front desk" {
		t.Errorf("written is %q", got)
	}
	answer("label", nil)
	if effect := answer("next", stepstest.Values{"label": "Front desk"}); effect.Title != "" {
		t.Errorf("the same label does something outside: %q", effect.Title)
	}
	p.At("token")
}
