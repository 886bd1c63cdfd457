//go:build unix

package command_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"dpc-onboard/keys"
	"dpc-onboard/steps/dpc/dpctest"
	"dpc-onboard/store/progress"
	"dpc-onboard/ui/command"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"dpc-onboard": func() {
			os.Exit(command.ExitCode(command.QuickMain(context.Background(), "1.2.3", os.Args[1:])))
		},
	})
}

// portal is the key of a script's stand-in DPC among its values, and test that of
// the test it runs in.
type (
	portal struct{}
	test   struct{}
)

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "home", "state"))
			env.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(env.WorkDir, "no-bus"))
			env.Setenv("SESSION_BUS", os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
			env.Values[portal{}] = dpctest.New(env.T().(testing.TB), dpctest.Options{})
			env.Values[test{}] = env.T()
			base := env.Values[portal{}].(*dpctest.Server).Base()
			env.Setenv("API", base)
			env.Setenv("ALIAS_API", strings.Replace(base, "127.0.0.1", "localhost", 1))
			env.Setenv("OTHER_API", dpctest.New(env.T().(testing.TB), dpctest.Options{}).Base())
			return os.Mkdir(filepath.Join(env.WorkDir, "home"), 0o700)
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"portal":      portalCommand,
			"exit":        exitCommand,
			"nosecrets":   noSecrets,
			"sftp-server": sftpServer,
			"terminal":    terminalCommand,
			"hold":        holdCommand,
			"give-up":     giveUpCommand,
			"onboarded":   onboardedCommand,
			"listed":      listedCommand,
			"cut-short":   cutShortCommand,
		},
	})
}

// condition knows [keyring], where there is a session bus to find one on, and
// [ci], where nothing may be skipped.
func condition(name string) (bool, error) {
	switch name {
	case "keyring":
		return os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "", nil
	case "ci":
		return os.Getenv("CI") != "", nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// portalCommand does in the portal what a person does there:
//
//	portal token FILE         creates a client token
//	portal organization FILE  shows the organization's ID
//	portal key FILE           adds the public key that the wizard shows; its key ID
func portalCommand(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(portal{}).(*dpctest.Server)
	what, file := args[0], ts.MkAbs(args[1])
	switch what {
	case "token":
		ts.Check(os.WriteFile(file, []byte(s.Token(dpctest.Token{}).Reveal()+"\n"), 0o600))
	case "organization":
		ts.Check(os.WriteFile(file, []byte(s.Organization().ID+"\n"), 0o600))
	case "key":
		ts.Check(os.WriteFile(file, []byte(s.AddKey(publicKey(ts))+"\n"), 0o600))
	default:
		ts.Fatalf("portal %s?", what)
	}
}

// publicKey reads the key of the only onboarding.
func publicKey(ts *testscript.TestScript) keys.PublicKey {
	entries, err := progress.New(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "dpc-onboard")).List()
	ts.Check(err)
	if len(entries) != 1 || entries[0].State.Key == nil {
		ts.Fatalf("there is no key to add")
	}
	public, err := keys.ParsePublicKey(entries[0].State.Key.PublicKey)
	ts.Check(err)
	return public
}

// holdCommand opens an onboarding as another window does.
func holdCommand(ts *testscript.TestScript, _ bool, args []string) {
	progress := progress.New(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "dpc-onboard"))
	_, _, err := progress.Open(args[0])
	ts.Check(err)
	ts.Defer(func() { _ = progress.Close() })
}

// giveUpCommand says "I no longer have the token" of an onboarding, as the wizard
// notes it; "! give-up" takes it back.
func giveUpCommand(ts *testscript.TestScript, back bool, args []string) {
	progress := progress.New(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "dpc-onboard"))
	state, _, err := progress.Open(args[0])
	ts.Check(err)
	defer progress.Close()
	state.LostToken = state.ClientToken.Digest
	if back {
		state.LostToken = ""
	}
	ts.Check(progress.Save(state))
}

// exitCommand runs a command and expects an exit code: exit 3 dpc-onboard …
func exitCommand(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// fragment is how much of a secret, in bytes, counts as a leak.
const fragment = 12

// noSecrets fails where a part of what the portal gave out, or of any private
// key, is in what the last command printed, or in a file of the home folder that
// is neither the vault nor a package.
func noSecrets(ts *testscript.TestScript, _ bool, args []string) {
	token := strings.TrimSpace(ts.ReadFile(args[0]))
	look := func(where string, data []byte) {
		for i := 0; i+fragment <= len(token); i += fragment / 2 {
			if bytes.Contains(data, []byte(token[i:i+fragment])) {
				ts.Fatalf("%s holds a part of the client token", where)
			}
		}
		if bytes.Contains(data, []byte("PRIVATE KEY")) {
			ts.Fatalf("%s holds a private key", where)
		}
	}
	look("stdout", []byte(ts.ReadFile("stdout")))
	look("stderr", []byte(ts.ReadFile("stderr")))
	ts.Check(filepath.WalkDir(ts.Getenv("HOME"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		look(path, data)
		return err
	}))
}
