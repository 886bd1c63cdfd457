package command

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/atotto/clipboard"
	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"dpc-onboard/keys"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/progress"
	"dpc-onboard/store/secrets"
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

type doctorCommand struct {
	*app
	json bool
}

func newDoctorCommand(a *app) *cobra.Command {
	c := doctorCommand{app: a}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at keyring, vault, clock, network, terminal and clipboard",
		Long: "Looks at all that the onboarding needs, and says what to do about what is missing. It changes nothing.\n" +
			"Exits with 0 where nothing failed, with 5 where secrets have no place, and with 1 for anything else.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&c.json, "json", false, "as JSON")
	return cmd
}

func (c *doctorCommand) run(ctx context.Context) error {
	r := doctorReport{Schema: 1, Version: c.version}
	look := func(found ...finding) {
		r.Checks = append(r.Checks, found...)
		for _, f := range found {
			if c.json {
				continue
			}
			fmt.Fprintf(c.stdout, "%-4s  %-9s  %s\n", f.Status, f.Name, text.CleanLine(f.Text))
			if f.Hint != "" {
				fmt.Fprintf(c.stdout, "%-4s  %-9s  %s\n", "", "", text.CleanLine(f.Hint))
			}
		}
	}
	backends, usable := c.lookAtBackends(ctx)
	look(backends...)
	look(c.lookAtDPC(ctx)...)
	look(c.lookAtTerminal())
	look(lookAtClipboard(), c.lookAtProgress())
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.json {
		if err := c.printJSON(r); err != nil {
			return err
		}
	}
	switch {
	case !usable:
		return exitStorage
	case slices.ContainsFunc(r.Checks, func(f finding) bool { return f.Status == statusFail }):
		return exitFailed
	}
	return nil
}

func failed(name string, err error) finding {
	return finding{name, statusFail, err.Error(), record.Hint(err)}
}

// lookAtBackends tries the keyring with a real write, read and delete, and the
// vault where its passphrase is at hand. usable says whether secrets can be kept:
// a vault can stand in for a keyring, unless --store says otherwise.
func (c *doctorCommand) lookAtBackends(ctx context.Context) (found []finding, usable bool) {
	_, s, err := c.stores()
	if err != nil {
		return []finding{failed("vault", err)}, false
	}
	keyring := finding{"keyring", statusOK, "a test value was written, read back and deleted", ""}
	err = s.Use(ctx, record.Keyring, keys.Secret{})
	if err != nil {
		keyring = failed("keyring", err)
	}
	if err != nil && c.store != record.Keyring {
		keyring.Status = statusNote
	}
	vault := c.lookAtVault(ctx, s, err == nil)
	usable = c.store != record.Vault && err == nil || c.store != record.Keyring && vault.Status != statusFail
	return []finding{keyring, vault}, usable
}

func (c *doctorCommand) lookAtVault(ctx context.Context, s *secrets.Secrets, keyringWorks bool) finding {
	switch {
	case !s.VaultExists() && !keyringWorks:
		return finding{"vault", statusNote, "there is none yet; the onboarding offers to make one", ""}
	case !s.VaultExists():
		return finding{"vault", statusNote, "there is none, and none is needed while the keyring works", ""}
	case c.vaultPassphraseFile == "":
		return finding{"vault", statusNote, "there is one; it was not opened", "To try it, give --vault-passphrase-file."}
	}
	passphrase, err := readPassphrase(c.vaultPassphraseFile)
	if err == nil {
		err = s.Use(ctx, record.Vault, passphrase)
	}
	if err != nil {
		return failed("vault", err)
	}
	return finding{"vault", statusOK, "it opens, and a test value was written, read back and deleted", ""}
}

// lookAtDPC asks whether DPC answers, and how far the clocks are apart.
func (c *doctorCommand) lookAtDPC(ctx context.Context) []finding {
	client, err := c.client(record.Sandbox)
	if err != nil {
		return []finding{failed("reach", err)}
	}
	statuses := map[check.Status]string{check.Passed: statusOK, check.Failed: statusFail}
	var found []finding
	for i, l := range client.Reach(ctx) {
		found = append(found, finding{[]string{"reach", "clock"}[i], cmp.Or(statuses[l.Status], statusNote), l.Sentence(), l.Remedy()})
	}
	return found
}

// lookAtTerminal says what the wizard would find to draw on.
func (c *doctorCommand) lookAtTerminal() finding {
	if why := c.noScreen(); why != "" {
		return finding{"terminal", statusNote, why, "The onboarding goes line by line here."}
	}
	width, height, err := term.GetSize(int(c.stdout.Fd()))
	if err != nil {
		return failed("terminal", err)
	}
	characters := encoding()
	f := finding{Name: "terminal", Status: statusOK, Text: fmt.Sprintf("%s, %d columns and %d rows, colors: %s, %s",
		os.Getenv("TERM"), width, height, colorprofile.Detect(c.stdout, c.environ()), characters)}
	switch {
	case width < 40 || height < 12:
		f.Status, f.Hint = statusNote, "Make the window larger: the wizard needs 40 columns and 12 rows."
	case characters != utf8Name:
		f.Status, f.Hint = statusNote, "Set LANG to a UTF-8 locale so that all signs can be shown."
	}
	return f
}

const utf8Name = "UTF-8"

// encoding names the character set that the environment asks for.
func encoding() string {
	value := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	if runtime.GOOS == "windows" || strings.Contains(strings.ToUpper(strings.ReplaceAll(value, "-", "")), "UTF8") {
		return utf8Name
	}
	return cmp.Or(value, "no UTF-8 locale")
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

// lookAtProgress says whether the progress files can be read.
func (c *doctorCommand) lookAtProgress() finding {
	files, _, err := c.stores()
	var all []progress.Entry
	if err == nil {
		all, err = files.List()
	}
	if err != nil {
		return failed("progress", err)
	}
	for _, e := range all {
		if e.Err != nil {
			return finding{"progress", statusNote, e.Err.Error(), "The wizard sets it aside when that onboarding is opened, and loses nothing of it."}
		}
	}
	return finding{"progress", statusOK, text.Plural(len(all), "onboarding"), ""}
}
