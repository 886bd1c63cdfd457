package plain_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/stepstest"
	"dpc-onboard/ui/plain"
)

// piped runs a script from a state on, and returns what it came to.
func piped(t *testing.T, w *stepstest.World, s record.State, script string) (steps.Flow, string) {
	t.Helper()
	var out bytes.Buffer
	flow, err := plain.Run(t.Context(), plain.Options{
		In: strings.NewReader(script), Out: &out, Services: w.Services(),
		Facts: steps.Facts{State: s, Session: w.Session()},
	})
	if err != nil {
		t.Fatalf("run: %v\n%s", err, out.String())
	}
	return flow, out.String()
}

// guide is the whole onboarding as a script.
func guide(token string) string {
	return strings.Join([]string{
		stepstest.Organization, stepstest.NPI, "", // access
		"",                             // token
		token, keystest.OrganizationID, // save
		"",              // key
		"",              // add
		stepstest.KeyID, // id
		"1", "",         // check, go on
		"1", "1", "", // seal
		"3",      // deliver
		"1", "2", // finish, and the passphrase is written down
	}, "\n") + "\n"
}

func token(t *testing.T) string {
	return keystest.Token(t, keystest.TokenSpec{Expires: stepstest.Start.AddDate(1, 0, 0)}).Reveal()
}

func TestTheWholeGuideFromAScript(t *testing.T) {
	w := stepstest.New(t)
	secret := token(t)
	flow, out := piped(t, w, record.State{}, guide(secret))
	if !steps.Complete(flow.State()) || !flow.Quit() {
		t.Fatalf("not finished:\n%s", out)
	}
	wants(t, out,
		"Step 1 of 8: Access.", "Step 2 of 8: Create token.", "Step 3 of 8: Save tokens.", "Step 4 of 8: Key pair.",
		"Step 5 of 8: Add key.", "Step 6 of 8: Key ID.", "Step 7 of 8: Check.", "Step 8 of 8: Send.",
		"Organization name: \n", "NPI: \n", "Environment [1]: \n", "Client Token: \n",
		"1. Sandbox: made-up patients; everyone starts here.\n",
	)
	hides(t, out, secret, keystest.Pair(t).Private().Reveal())
	if got := strings.Count(out, stepstest.Passphrase); got != 1 {
		t.Errorf("the passphrase is shown %d times, not once", got)
	}
}

// TestRenewingLineByLine goes from the summary to another hand-over.
func TestRenewingLineByLine(t *testing.T) {
	w := stepstest.New(t)
	flow, _ := piped(t, w, record.State{}, guide(token(t)))
	w.Restart()
	actions := steps.New(steps.Facts{State: flow.State(), Session: flow.Session()}).Prompt().Actions
	n := slices.IndexFunc(actions, func(a steps.Action) bool { return a.Name == "renew" })
	flow, out := piped(t, w, flow.State(), itoa(n+1)+"\n1\n1\n1\n\n3\n1\n2\n")
	wants(t, out, "Renew the client token", "Done: Renewed: client token “HealthEndeavors 2611-", "Seal the package and send it again.")
	hides(t, out, w.Registry.Made[0].Reveal())
	if !steps.Complete(flow.State()) || !w.Packages.Holds[1].ClientToken.Equal(w.Registry.Made[0]) {
		t.Errorf("the new token was not handed over:\n%s", out)
	}
}

// wants fails where a text is missing from the output.
func wants(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("the output does not hold %q:\n%s", text, out)
		}
	}
}

// hides fails where a part of a secret is in the output.
func hides(t *testing.T, out string, secrets ...string) {
	t.Helper()
	const fragment = 16
	for _, secret := range secrets {
		if body, ok := strings.CutPrefix(secret, "-----BEGIN PRIVATE KEY-----\n"); ok {
			secret = strings.TrimSuffix(body[64:], "-----END PRIVATE KEY-----\n") // its head is every key's
		}
		for i := 0; i+fragment <= len(secret); i++ {
			if strings.Contains(out, secret[i:i+fragment]) {
				t.Fatalf("the output holds a part of a secret, from byte %d on", i)
			}
		}
	}
}

func TestNothingIsDrawn(t *testing.T) {
	_, out := piped(t, stepstest.New(t), record.State{}, guide(token(t)))
	if i := strings.IndexFunc(out, func(r rune) bool { return r < ' ' && r != '\n' }); i >= 0 {
		t.Errorf("a control character in the output at %d: %q", i, out[max(0, i-20):i+20])
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "*") {
			t.Errorf("stars around a portal's name: %q", line)
		}
		if sentences := regexp.MustCompile(`[a-z][.!?] [A-Z]`).FindString(line); sentences != "" {
			t.Errorf("more than one sentence on a line: %q", line)
		}
	}
}

func TestATokenIsConfirmedInWords(t *testing.T) {
	secret := token(t)
	_, out := piped(t, stepstest.New(t), record.State{}, guide(secret))
	wants(t, out, "Client Token received, "+itoa(len(secret))+" characters, ends in "+secret[len(secret)-4:]+".\n")
	if strings.Contains(out, "Passphrase received,") || strings.Contains(out, "Private Key received,") {
		t.Errorf("more than that it came is said of another secret:\n%s", out)
	}
}

func TestTheEndOfInputSavesAndTheNextRunGoesOn(t *testing.T) {
	w := stepstest.New(t)
	lines := strings.SplitAfter(guide(token(t)), "\n")
	for cut := range len(lines) {
		t.Run(itoa(cut), func(t *testing.T) {
			w := stepstest.New(t)
			first, _ := piped(t, w, record.State{}, strings.Join(lines[:cut], ""))
			if saved, ok := w.Progress.States[first.State().ID()]; ok && steps.Next(saved) != steps.Next(first.State()) {
				t.Errorf("saved up to %s, but the flow stands at %s", steps.Next(saved), steps.Next(first.State()))
			}
		})
	}
	first, out := piped(t, w, record.State{}, strings.Join(lines[:7], ""))
	if steps.Complete(first.State()) || first.Prompt().Step != steps.Add {
		t.Fatalf("it stands at %s:\n%s", first.Prompt().Step, out)
	}
	w.Restart()
	second, out := piped(t, w, w.Progress.States[first.State().ID()], strings.Join(lines[7:], ""))
	if !steps.Complete(second.State()) {
		t.Fatalf("not finished:\n%s", out)
	}
	wants(t, out, "Found Sunrise Family Practice, sandbox")
	if strings.Contains(out, "Organization name: \n") || strings.Contains(out, "Organization name [") {
		t.Error("it asks again for what was saved")
	}
}

// TestWordsThatAreAnswersEverywhere goes to every screen and says each word.
func TestWordsThatAreAnswersEverywhere(t *testing.T) {
	screens := []string{"access", "token", "save", "key", "add", "id", "check", "seal", "deliver", "finish"}
	for i, name := range screens {
		t.Run(name, func(t *testing.T) {
			at := func() (*stepstest.World, record.State) {
				w := stepstest.New(t)
				p := stepstest.NewPerson(t, w, record.State{}).WalkTo(name)
				w.Restart()
				return w, p.Flow.State()
			}
			w, s := at()
			flow, out := piped(t, w, s, "HELP\n quit \n")
			if steps.Complete(flow.State()) != (name == "finish") {
				t.Errorf("finished: %v", steps.Complete(flow.State()))
			}
			kept, _, _ := strings.Cut(flow.Prompt().Help.Kept, ". ")
			wants(t, out, "Where it is kept: "+kept, "Type back to go to the question before, quit to leave, or help.", "Everything is saved.")

			w, s = at()
			before := steps.Next(s)
			flow, out = piped(t, w, s, "back\nquit\n")
			if steps.Next(flow.State()) != before {
				t.Errorf("going back undid something: %s, then %s", before, steps.Next(flow.State()))
			}
			if i == 0 {
				wants(t, out, "This is the first step; there is nothing before it.")
			}
			if name == "add" {
				wants(t, out, "Step 4 of 8: Key pair.")
			}
		})
	}
}

func TestBackWithinAPromptGoesToTheFieldBefore(t *testing.T) {
	flow, _ := piped(t, stepstest.New(t), record.State{}, "Sunset\n1234567893\nback\nback\nSunrise\n\n\nquit\n")
	if got := flow.State(); got.Organization != "Sunrise" || got.NPI != "1234567893" {
		t.Errorf("got %q, %q", got.Organization, got.NPI)
	}
}

func TestErrorsComeBeforeThePromptTheyAreAbout(t *testing.T) {
	_, out := piped(t, stepstest.New(t), record.State{}, "Sunrise\n12345\n1234567893\n7\n1\n")
	wants(t, out,
		"Error: an NPI has 10 digits, this one has 5.\nWhat to do: ",
		"Error: that is not one of the choices; type the number in front of one.\nEnvironment [1]: ",
		"Step 2 of 8")
	if strings.Count(out, "Organization name: ") != 1 {
		t.Error("what was right is asked again")
	}
}

// TestTheFieldAtFaultIsAskedAgain has an organization token that does not go with
// the client token, which only both together show.
func TestTheFieldAtFaultIsAskedAgain(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("save")
	w.Restart()
	flow, out := piped(t, w, p.Flow.State(), token(t)+"\n"+stepstest.OtherKeyID+"\n"+keystest.OrganizationID+"\n")
	if flow.Prompt().Step != steps.Key {
		t.Errorf("it stands at %s:\n%s", flow.Prompt().Step, out)
	}
	if strings.Count(out, "Client Token: ") != 1 {
		t.Error("the client token is asked again")
	}
}

func TestValuesFromFiles(t *testing.T) {
	w := stepstest.New(t)
	secret := token(t)
	w.Files.Contents["/home/sunrise/token.txt"] = secret + "\n"
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("save")
	w.Restart()
	flow, out := piped(t, w, p.Flow.State(), "@/nowhere\n@/home/sunrise/token.txt\n"+keystest.OrganizationID+"\n")
	if flow.Prompt().Step != steps.Key {
		t.Fatalf("it stands at %s:\n%s", flow.Prompt().Step, out)
	}
	wants(t, out, "Error: ", "What to do: Give the path of a file that you may read behind the @.", "Read from the file.")
	hides(t, out, secret)
}

func TestAnActionThatNeedsNoValuesIsAWord(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("save")
	w.Restart()
	flow, out := piped(t, w, p.Flow.State(), "lost\n")
	if flow.Prompt().Step != steps.Token {
		t.Errorf("it stands at %s", flow.Prompt().Step)
	}
	wants(t, out, "Type lost for: I no longer have the token.")
}

func TestAPEMOfManyLinesIsOneAnswer(t *testing.T) {
	private := keystest.OtherPair(t).Private().Reveal()
	for name, pem := range map[string]string{"lines": private, "CRLF": strings.ReplaceAll(private, "\n", "\r\n")} {
		t.Run(name, func(t *testing.T) {
			w := stepstest.New(t)
			p := stepstest.NewPerson(t, w, record.State{}).WalkTo("key")
			w.Restart()
			flow, out := piped(t, w, p.Flow.State(), "2\n"+pem+"\n\n")
			if k := flow.State().Key; k == nil || k.Fingerprint != keystest.OtherPair(t).Public().Fingerprint() {
				t.Fatalf("it was not imported:\n%s", out)
			}
			wants(t, out, "Recognized: RSA private key, 4096 bits.")
			hides(t, out, private)
		})
	}
}

func TestAMistakenBEGINDoesNotKeepAnyone(t *testing.T) {
	_, out := piped(t, stepstest.New(t), record.State{}, "-----BEGIN\n\nquit\n")
	wants(t, out, "Everything is saved.")
}

func TestACopyStandsWholeOnItsOwnLines(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("add")
	w.Restart()
	key := p.Flow.State().Key
	_, out := piped(t, w, p.Flow.State(), "")
	wants(t, out, "field Label:\n"+key.Label+"\n", "field Public Key:\n"+key.PublicKey, "field Signature Snippet:\n"+key.Signature)
}

func TestSomethingThatCantBeUndoneIsAskedFirst(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("finish")
	w.Restart()
	s := p.Flow.State()
	file := s.Sealed.File
	_, out := piped(t, w, s, "Delete the local package\n\n")
	if !w.Files.Exists(file) {
		t.Fatalf("Enter alone deleted it:\n%s", out)
	}
	w.Restart()
	if _, out = piped(t, w, s, "2\n2\n"); w.Files.Exists(file) {
		t.Fatalf("it was not deleted:\n%s", out)
	}
}

func TestHomeAsksWhichOnboarding(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("add")
	w.Restart()
	run := func(script string) (steps.Flow, string) {
		var out bytes.Buffer
		flow, err := plain.Run(t.Context(), plain.Options{
			In: strings.NewReader(script), Out: &out, Services: w.Services(),
			Facts:   steps.Facts{Session: w.Session()},
			Home:    true,
			Entries: func() ([]record.State, error) { return []record.State{p.Flow.State()}, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		return flow, out.String()
	}
	flow, out := run("back\nhelp\n1\n")
	if flow.Prompt().Step != steps.Add {
		t.Errorf("it stands at %s", flow.Prompt().Step)
	}
	wants(t, out, "Which onboarding?", "1. Sunrise Family Practice, NPI 1234567893, sandbox: 4 of 8 steps done.", "2. Start another.")
	w.Restart()
	if flow, _ = run("2\n"); flow.Prompt().Step != steps.Access || flow.State().NPI != "" {
		t.Errorf("another one begins at %s with %q", flow.Prompt().Step, flow.State().NPI)
	}
}

func TestAnOnboardingThatIsOpenElsewhereIsLeftAlone(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("add")
	w.Restart()
	elsewhere := errors.New("it is open in another window")
	services := w.Services()
	services.Progress = locked{services.Progress, elsewhere}
	_, err := plain.Run(t.Context(), plain.Options{
		In: strings.NewReader("\n\n"), Out: io.Discard, Services: services,
		Facts: steps.Facts{State: p.Flow.State(), Session: w.Session()},
	})
	if !errors.Is(err, elsewhere) {
		t.Errorf("got %v", err)
	}
}

// locked is progress that somebody else has open.
type locked struct {
	steps.Progress
	err error
}

func (l locked) Open(string) (record.State, bool, error) { return record.State{}, false, l.err }

func TestTheEndOfTheContextInterrupts(t *testing.T) {
	in, _ := io.Pipe() // never says anything
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := plain.Run(ctx, plain.Options{
		In: in, Out: io.Discard, Services: stepstest.New(t).Services(), Facts: steps.Facts{},
	})
	if !errors.Is(err, plain.ErrInterrupted) {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerWithoutAnEndIsRefused(t *testing.T) {
	_, err := plain.Run(t.Context(), plain.Options{
		In: strings.NewReader(strings.Repeat("x", 2<<20)), Out: io.Discard, Services: stepstest.New(t).Services(),
	})
	if err == nil || !strings.Contains(err.Error(), "longer than 1 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestUploadsTellEachQuarter(t *testing.T) {
	w := stepstest.New(t)
	p := stepstest.NewPerson(t, w, record.State{}).WalkTo("deliver")
	w.Restart()
	services := w.Services()
	services.Packages = slowly{services.Packages}
	var out bytes.Buffer
	if _, err := plain.Run(t.Context(), plain.Options{
		In: strings.NewReader("1\nsftp://sunrise@sftp.example.com/in/\n\n\n"), Out: &out, Services: services,
		Facts: steps.Facts{State: p.Flow.State(), Session: w.Session()},
	}); err != nil {
		t.Fatal(err)
	}
	wants(t, out.String(), "25 percent.\n50 percent.\n75 percent.\n100 percent.\n")
}

// slowly uploads byte by byte.
type slowly struct{ steps.Packages }

func (slowly) Upload(_ context.Context, u record.Upload, report func(done, total int64)) (record.DeliveryFact, error) {
	for done := range int64(1001) {
		report(done, 1000)
	}
	return record.DeliveryFact{How: "sftp", Where: u.URL, File: u.File}, nil
}

func TestSecretsOfTheProgramsOwnAreNotRepeated(t *testing.T) {
	w := stepstest.New(t)
	w.Secrets.KeyringErr = errors.New("no keyring here")
	phrase := "copper lantern drifts beyond quiet harbor"
	_, out := piped(t, w, record.State{}, "Sunrise\n1234567893\n\n"+phrase+"\n"+phrase+"x\n"+phrase+"\n")
	wants(t, out, "Step 2 of 8", "Passphrase received.")
	hides(t, out, phrase)
	if w.Secrets.Passphrase.Reveal() != phrase {
		t.Errorf("the vault has another passphrase: %v", keys.NewSecret(w.Secrets.Passphrase.Reveal()))
	}
}

func TestLeavingClaimsNothingThatFailed(t *testing.T) {
	w := stepstest.New(t)
	w.Progress.SaveErr = errors.New("no space left on device")
	_, out := piped(t, w, record.State{}, "Sunrise\n"+stepstest.NPI+"\n1\nquit\n")
	wants(t, out, "no space left on device")
	if strings.Contains(out, "Everything is saved.") {
		t.Errorf("it says that everything is saved:\n%s", out)
	}
}
