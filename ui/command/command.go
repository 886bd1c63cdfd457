package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/fang/v2"
	"charm.land/lipgloss/v2"
	"github.com/cli/browser"
	"github.com/spf13/cobra"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/text"
	"dpc-onboard/store/secrets"
	"dpc-onboard/ui/plain"
)

// name is how the program is called.
const name = "dpc-onboard"

// outcome is the error of a command that has told all there is to tell: nothing but
// the exit code.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

const (
	exitFailed      outcome = 1
	exitUsage       outcome = 2
	exitUnfinished  outcome = 3
	exitRefused     outcome = 4
	exitStorage     outcome = 5
	exitInterrupted outcome = 130
)

// ExitCode turns what Main returned into the code that the process ends with:
//
//	0    done
//	1    failed
//	2    wrong usage
//	3    unfinished: an onboarding has steps that are open, or there is none
//	4    refused by DPC
//	5    keyring or vault unavailable
//	130  interrupted
func ExitCode(err error) int {
	code := exitFailed
	switch {
	case err == nil:
		code = 0
	case interrupted(err):
		code = exitInterrupted
	case errors.As(err, &code):
	case errors.Is(err, record.ErrUsage):
		code = exitUsage
	case errors.Is(err, record.ErrRefused):
		code = exitRefused
	case errors.Is(err, record.ErrStorage):
		code = exitStorage
	case errors.Is(err, record.ErrUnfinished):
		code = exitUnfinished
	}
	return int(code)
}

func interrupted(err error) bool {
	return errors.Is(err, tea.ErrInterrupted) || errors.Is(err, plain.ErrInterrupted) || errors.Is(err, context.Canceled)
}

// Main runs one command on the process's own streams, tells on stderr what went
// wrong, and returns it for ExitCode. version is the release's, or "" where the
// build itself is to say. args are without the program's name.
func Main(ctx context.Context, version string, args []string) error {
	return newApp(version).main(ctx, args)
}

func newApp(version string) *app {
	if version == "" {
		version = "devel"
		if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
			version = info.Main.Version
		}
	}
	return &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		version: version, now: time.Now, workFactor: secrets.DefaultWorkFactor,
	}
}

func (a *app) main(ctx context.Context, args []string) error {
	noCoreDump()
	// Bubble Tea would write every key and paste into a file, secrets included, and
	// what it knows of a panic into another.
	for _, variable := range []string{"TEA_TRACE", "TEA_DEBUG", "UV_DEBUG"} {
		_ = os.Unsetenv(variable)
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard // it must not write into the screen
	for _, f := range []*os.File{a.stdout, a.stderr} {      // so that no sequence is shown as it is
		lipgloss.EnableLegacyWindowsANSI(f)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	ctx, a.interrupt = context.WithCancel(ctx)
	defer a.interrupt()
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if _, _, unknown := root.Find(args); err != nil && unknown != nil { // cobra has no function for this one
		err = usageError(root, unknown)
	}
	if a.asker != nil {
		a.asker.Close()
	}
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Canceled, err)
	}
	tell(a.stderr, err)
	return err
}

// tell prints an error and its remedy for a person.
func tell(w io.Writer, err error) {
	if _, said := errors.AsType[outcome](err); err == nil || said {
		return
	}
	if interrupted(err) {
		fmt.Fprintf(w, "\n%s: interrupted; what was saved is kept\n", name)
		return
	}
	fmt.Fprintf(w, "%s: %s\n", name, text.CleanLine(err.Error()))
	if hint := record.Hint(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", text.CleanLine(hint))
	}
}

// root returns the command with all its subcommands. Whatever cobra says against
// flags and arguments is of ErrUsage.
func (a *app) root() *cobra.Command {
	root := newOnboardCommand(a)
	root.Version = a.version
	root.SilenceErrors, root.SilenceUsage, root.DisableSuggestions = true, true, true
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	a.addGlobalFlags(root.PersistentFlags())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return usageError(cmd, a.checkGlobalFlags()) }
	root.AddCommand(newStatusCommand(a), newCheckCommand(a), newAccessTokenCommand(a), newExportCommand(a),
		newSendCommand(a), newOpenCommand(a), newRenewCommand(a), newDoctorCommand(a), newForgetCommand(a), newVersionCommand(a))
	root.InitDefaultCompletionCmd()
	root.SetFlagErrorFunc(usageError)
	wrapArgs(root)
	// Fang draws the help, and nothing else: its Execute asks the terminal for its
	// colors behind every error, too.
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		if a.noColor {
			root.SetOut(struct{ io.Writer }{a.stdout}) // no terminal, so no colors
		}
		root.SetArgs(append(strings.Fields(cmd.CommandPath())[1:], "--help"))
		_ = fang.Execute(root.Context(), root, fang.WithVersion(a.version), fang.WithoutManpage())
	})
	return root
}

// wrapArgs makes wrong usage of what is said against a command's arguments, and of
// those below it.
func wrapArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return usageError(cmd, check(cmd, args)) }
	}
	for _, below := range cmd.Commands() {
		wrapArgs(below)
	}
}

// usageError is an error of ErrUsage whose hint names the help of the command.
func usageError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("See \"%s help\".", name)
	if cmd.HasParent() {
		hint = fmt.Sprintf("See \"%s help\", or \"%s --help\".", name, cmd.CommandPath())
	}
	return record.WithKind(err, record.ErrUsage, hint)
}

// one takes a single argument and says in words what it is.
func one(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return fmt.Errorf("%s is missing", what)
		case 1:
			return nil
		}
		return fmt.Errorf("there is too much here: give %s alone", what)
	}
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, name, a.version)
			return err
		},
	}
}
