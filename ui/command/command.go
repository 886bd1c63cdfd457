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
	"unicode"

	tea "charm.land/bubbletea/v2"
	"charm.land/fang/v2"
	"github.com/cli/browser"
	"github.com/spf13/cobra"

	"dpc-onboard/steps"
	"dpc-onboard/store"
	"dpc-onboard/ui/plain"
)

// name is how the program is called.
const name = "dpc-onboard"

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
	for _, kind := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{tea.ErrInterrupted, 130},
		{plain.ErrInterrupted, 130},
		{context.Canceled, 130},
		{steps.ErrUsage, 2},
		{steps.ErrRefused, 4},
		{steps.ErrStorage, 5},
		{steps.ErrUnfinished, 3},
	} {
		if errors.Is(err, kind.err) {
			return kind.code
		}
	}
	return 1
}

// Main runs one command on the process's own streams, tells on stderr what went
// wrong, and returns it for ExitCode. version is the release's, or "" where the
// build itself is to say. args are without the program's name.
func Main(ctx context.Context, version string, args []string) error {
	return newApp(version).main(ctx, args)
}

func newApp(version string) *app {
	return &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, version: releaseOf(version), workFactor: store.DefaultWorkFactor}
}

func (a *app) main(ctx context.Context, args []string) error {
	noCoreDump()
	// Bubble Tea would write every key and paste into a file, secrets included, and
	// what it knows of a panic into another.
	for _, variable := range []string{"TEA_TRACE", "TEA_DEBUG", "UV_DEBUG"} {
		_ = os.Unsetenv(variable)
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard // it must not write into the screen
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	ctx, a.interrupt = context.WithCancel(ctx)
	defer a.interrupt()
	err := a.execute(ctx, args)
	if a.asker != nil {
		a.asker.Close()
	}
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Canceled, err)
	}
	tell(a.err, err)
	return err
}

// execute runs the command. What cobra itself returns is wrong usage: what goes
// wrong in a command is kept apart, so that fang, which would ask the terminal
// for its colors first, has nothing to say about it.
func (a *app) execute(ctx context.Context, args []string) error {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := fang.Execute(ctx, root,
		fang.WithVersion(a.version),
		fang.WithoutManpage(),
		fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {}))
	if err != nil {
		return steps.WithKind(asError(err), steps.ErrUsage, usageHint(root, args))
	}
	return a.failed
}

// asError makes one line in lower case of what cobra says.
func asError(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(text)
}

// usageHint names the help of the command that was meant, where there is one.
func usageHint(root *cobra.Command, args []string) string {
	if cmd, _, err := root.Find(args); err == nil && cmd != root {
		return fmt.Sprintf("See \"%s help\", or \"%s --help\".", name, cmd.CommandPath())
	}
	return fmt.Sprintf("See \"%s help\".", name)
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

// quiet is an error that has been told already, or is no news.
type quiet struct{ error }

// Unwrap returns the error itself.
func (q quiet) Unwrap() error { return q.error }

// tell prints an error and its remedy for a person.
func tell(w io.Writer, err error) {
	if _, told := errors.AsType[quiet](err); err == nil || told {
		return
	}
	if ExitCode(err) == 130 {
		fmt.Fprintf(w, "\n%s: interrupted; what was saved is kept\n", name)
		return
	}
	fmt.Fprintf(w, "%s: %s\n", name, printable(err.Error()))
	if hint := steps.Hint(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", printable(hint))
	}
}

// printable keeps what is not ours (a name from a file, a server's words) from
// steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}

// releaseOf returns the version to show: the release's, or what the build says.
func releaseOf(version string) string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// root returns the command with all its subcommands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   name,
		Short: "Connect a practice to CMS's Data at the Point of Care (DPC)",
		Long: "Takes you through the onboarding with DPC, one step at a time, beside a browser in which DPC's portal is open.\n" +
			"Close it whenever you like: it goes on where you were.",
		Example:           name + "\n" + name + " --plain\n" + name + " status",
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.checkFlags() },
		RunE:              a.run(func(ctx context.Context, _ []string) error { return a.onboard(ctx) }),
	}
	a.globalFlags(root.PersistentFlags())
	f := root.Flags()
	f.BoolVar(&a.plain, "plain", false, "line by line, for screen readers and scripts")
	f.BoolVar(&a.reducedMotion, "reduced-motion", false, "no animation")
	f.StringVar(&a.helpDesk, "help-desk", "", "address of the vendor's help desk")
	root.AddCommand(a.statusCommand(), a.checkCommand(), a.accessTokenCommand(), a.exportCommand(),
		a.sendCommand(), a.openCommand(), a.doctorCommand(), a.forgetCommand(), a.versionCommand())
	return root
}

// run makes cobra's function of ours, and keeps its error apart from cobra's.
func (a *app) run(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.failed = do(cmd.Context(), args)
		return nil
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: a.run(func(context.Context, []string) error {
			_, err := fmt.Fprintln(a.out, name, a.version)
			return err
		}),
	}
}
