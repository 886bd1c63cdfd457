package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/atotto/clipboard"
	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
	"dpc-onboard/store"
)

// doctorReport is what "doctor --json" prints.
type doctorReport struct {
	Schema  int       `json:"schema"` // 1
	Version string    `json:"version"`
	Checks  []finding `json:"checks"`
}

// finding is what one look came to.
type finding struct {
	Name   string `json:"name"`   // keyring, vault, reach, clock, terminal, clipboard, progress
	Status string `json:"status"` // "ok", "note" or "fail"
	Text   string `json:"text"`
	Hint   string `json:"hint,omitempty"`
}

const (
	statusOK   = "ok"
	statusNote = "note"
	statusFail = "fail"
)

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at keyring, vault, clock, network, terminal and clipboard",
		Long: "Looks at all that the onboarding needs, and says what to do about what is missing. It changes nothing.\n" +
			"Exits with 0 where nothing failed, with 5 where secrets have no place, and with 1 for anything else.",
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error { return a.doctor(ctx, asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (a *app) doctor(ctx context.Context, asJSON bool) error {
	r := doctorReport{Schema: 1, Version: a.version}
	look := func(found ...finding) {
		for _, f := range found {
			r.Checks = append(r.Checks, f)
			if !asJSON {
				a.printFinding(f)
			}
		}
	}
	places, usable := a.lookAtPlaces(ctx)
	look(places...)
	look(a.lookAtDPC(ctx)...)
	look(a.lookAtTerminal(), lookAtClipboard(), a.lookAtProgress())
	if err := ctx.Err(); err != nil {
		return err
	}
	if asJSON {
		if err := printJSON(a.out, r); err != nil {
			return err
		}
	}
	return verdict(r, usable)
}

func (a *app) printFinding(f finding) {
	fmt.Fprintf(a.out, "%-4s  %-9s  %s\n", f.Status, f.Name, printable(f.Text))
	if f.Hint != "" {
		fmt.Fprintf(a.out, "%-4s  %-9s  %s\n", "", "", printable(f.Hint))
	}
}

// verdict is doctor's exit code; what there is to say has been printed.
func verdict(r doctorReport, usable bool) error {
	if !usable {
		return quiet{steps.ErrStorage}
	}
	for _, f := range r.Checks {
		if f.Status == statusFail {
			return quiet{errors.New("something is missing")}
		}
	}
	return nil
}

// lookAtPlaces tries the keyring with a real write, read and delete, and the
// vault where its passphrase is at hand. usable says whether secrets have a place:
// a vault can stand in for a keyring, unless --store says otherwise.
func (a *app) lookAtPlaces(ctx context.Context) (found []finding, usable bool) {
	secrets, err := a.secrets()
	if err != nil {
		return []finding{failed("vault", err)}, false
	}
	ring := finding{"keyring", statusOK, "a test value was written, read back and deleted", ""}
	err = secrets.Use(ctx, steps.Keyring, keys.Secret{})
	if err != nil {
		ring = failed("keyring", err)
	}
	if err != nil && a.store != storeKeyring {
		ring.Status = statusNote
	}
	vault := a.lookAtVault(ctx, secrets, err == nil)
	switch a.store {
	case storeKeyring:
		usable = err == nil
	case storeVault:
		usable = vault.Status != statusFail
	default:
		usable = err == nil || vault.Status != statusFail
	}
	return []finding{ring, vault}, usable
}

func (a *app) lookAtVault(ctx context.Context, secrets *store.Secrets, ring bool) finding {
	switch {
	case !secrets.VaultExists() && !ring:
		return finding{"vault", statusNote, "there is none yet; the onboarding offers to make one", ""}
	case !secrets.VaultExists():
		return finding{"vault", statusNote, "there is none, and none is needed while the keyring works", ""}
	case a.vaultPassphraseFile == "":
		return finding{"vault", statusNote, "there is one; it was not opened", "To try it, give --vault-passphrase-file."}
	}
	passphrase, err := readPassphrase(a.vaultPassphraseFile)
	if err == nil {
		err = secrets.Use(ctx, steps.Vault, passphrase)
	}
	if err != nil {
		return failed("vault", err)
	}
	return finding{"vault", statusOK, "it opens, and a test value was written, read back and deleted", ""}
}

func failed(name string, err error) finding {
	return finding{name, statusFail, err.Error(), steps.Hint(err)}
}

// lookAtDPC asks whether DPC answers, and how far the clocks are apart.
func (a *app) lookAtDPC(ctx context.Context) []finding {
	client, err := a.client(steps.Sandbox)
	if err != nil {
		return []finding{failed("reach", err)}
	}
	var found []finding
	for i, l := range client.Reach(ctx) {
		f := finding{[]string{"reach", "clock"}[i], statusNote, l.Sentence(steps.Sandbox), l.Remedy()}
		switch l.Status {
		case steps.CheckPassed:
			f.Status = statusOK
		case steps.CheckFailed:
			f.Status = statusFail
		}
		found = append(found, f)
	}
	return found
}

// lookAtTerminal says what the wizard would find to draw on.
func (a *app) lookAtTerminal() finding {
	if why := a.noScreen(); why != "" {
		return finding{"terminal", statusNote, why, "The onboarding goes line by line here."}
	}
	width, height, err := term.GetSize(int(a.out.Fd()))
	if err != nil {
		return failed("terminal", err)
	}
	profile := colorprofile.Detect(a.out, os.Environ())
	f := finding{"terminal", statusOK, fmt.Sprintf("%s, %d columns and %d rows, colors: %s, %s", os.Getenv("TERM"), width, height, profile, encoding()), ""}
	switch {
	case width < 40 || height < 12:
		f.Status, f.Hint = statusNote, "Make the window larger: the wizard needs 40 columns and 12 rows."
	case encoding() != utf8Name:
		f.Status, f.Hint = statusNote, "Set LANG to a UTF-8 locale so that all signs can be shown."
	}
	return f
}

const utf8Name = "UTF-8"

// encoding names the character set that the environment asks for.
func encoding() string {
	if runtime.GOOS == "windows" {
		return utf8Name
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		if clean := strings.ToUpper(strings.ReplaceAll(value, "-", "")); strings.Contains(clean, "UTF8") {
			return utf8Name
		}
		return value
	}
	return "no UTF-8 locale"
}

func lookAtClipboard() finding {
	if clipboard.Unsupported {
		return finding{
			"clipboard", statusNote, "no clipboard tool was found; the terminal's own way (OSC 52) is used, which not every terminal has",
			"Install xclip, xsel or wl-clipboard, or have the values written to files.",
		}
	}
	return finding{"clipboard", statusOK, "a clipboard tool was found; it was not touched", ""}
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// lookAtProgress says whether the progress files can be read.
func (a *app) lookAtProgress() finding {
	p, err := a.progress()
	if err != nil {
		return failed("progress", err)
	}
	all, err := p.List()
	if err != nil {
		return failed("progress", err)
	}
	for _, e := range all {
		if e.Err != nil {
			return finding{"progress", statusNote, e.Err.Error(), "The wizard sets it aside when that onboarding is opened, and loses nothing of it."}
		}
	}
	return finding{"progress", statusOK, count(len(all), "onboarding"), ""}
}
