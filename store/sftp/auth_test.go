package sftp

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

func TestKeyFile(t *testing.T) {
	const passphrase = "correct horse"
	s, p := meet(t)
	locked := newKey(t, filepath.Join(p.home, "locked"), passphrase)
	s.allow(t, locked)
	ppk := filepath.Join(p.home, "key.ppk")
	must(t, os.WriteFile(ppk, []byte("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n"), 0o600))

	for _, c := range []struct {
		name, file, passphrase, what, remedy string
	}{
		{"wrong passphrase", locked, "wrong horse", "the passphrase does not open the key " + locked, "type the passphrase again"},
		{"no passphrase", locked, "", locked + " is protected by a passphrase", "give the passphrase"},
		{"no file", p.home + "/none", "", "there is no key file", "check the path"},
		{"a folder", p.home, "", "can't be read", "check that you may read"},
		{"public half", locked + ".pub", "", "public half", "without .pub"},
		{"PuTTY", ppk, "", "PuTTY's own form", "PuTTYgen"},
		{"something else", p.file, "", "not a private key", "ssh-keygen -p"},
		{"a key that the server does not know", p.key, "", "does not accept the sign-in as " + me(t) + " (tried: the key " + p.key, "public half of your key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := record.Upload{File: p.file, URL: s.url(t), KeyFile: c.file, Password: secret(c.passphrase)}
			_, err := Upload(t.Context(), u, p.Options, nil)
			failed(t, err, c.what, c.remedy)
			keepsSecret(t, err, "wrong horse")
		})
	}
	t.Run("right passphrase", func(t *testing.T) {
		u := record.Upload{File: p.file, URL: s.url(t), KeyFile: "~/locked", Password: secret(passphrase)}
		fact, err := Upload(t.Context(), u, p.Options, nil)
		must(t, err)
		p.arrived(t, s.in)
		want := record.DeliveryFact{
			At: testTime, How: "sftp", File: p.file, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, p.file)))),
			Where: "sftp://" + me(t) + "@" + s.addr + s.in + "/" + filepath.Base(p.file),
		}
		if fact != want {
			t.Errorf("got %+v, want %+v", fact, want)
		}
		mode(t, filepath.Join(s.in, filepath.Base(p.file)), 0o600)
	})
}

// keepsSecret fails the test if an error or its hint holds a secret.
func keepsSecret(t *testing.T, err error, value string) {
	t.Helper()
	if text := fmt.Sprintf("%v %+v %#v %s", err, err, err, record.Hint(err)); strings.Contains(text, value) {
		t.Errorf("%q holds a secret", text)
	}
}

// startAgent starts a real SSH agent that holds keys, and returns its socket.
func startAgent(t *testing.T, keyFiles ...string) string {
	t.Helper()
	keystest.Need(t, "ssh-agent", "ssh-add")
	dir, err := os.MkdirTemp("", "agent") // t.TempDir's paths can be too long for a socket
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	cmd.Env = append(os.Environ(), "DISPLAY=", "SSH_ASKPASS=/bin/false")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line := make([]byte, 64) // it says where it listens once it does
	if _, err := out.Read(line); err != nil {
		t.Fatal(err)
	}
	for _, file := range keyFiles {
		add := exec.Command("ssh-add", "-q", file)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add: %v\n%s", err, out)
		}
	}
	return socket
}

func TestAgentAndConfiguredKeys(t *testing.T) {
	s, p := meet(t)
	stranger := newKey(t, filepath.Join(p.home, "stranger"), "")
	locked := newKey(t, filepath.Join(p.home, "locked"), "correct horse")
	withKey, withBoth := startAgent(t, p.key), startAgent(t, stranger, p.key)
	host, port, _ := strings.Cut(s.addr, ":")
	alias := "sftp://vendor" + s.in

	for _, c := range []struct {
		name, agent, config, url string
		files                    map[string]string // in ~/.ssh, from
		what, remedy             string            // of the error, "" for success
	}{
		{name: "agent", agent: withKey},
		{name: "agent with several keys", agent: withBoth},
		{name: "only the agent's configured key", agent: withBoth, config: "Host *\n IdentitiesOnly yes\n IdentityFile ~/key\n"},
		{name: "only the agent's other key", agent: withBoth, config: "IdentitiesOnly yes\nIdentityFile " + stranger + "\n", what: "tried: the SSH agent's keys (1);"},
		{name: "agent of the configuration", config: "IdentityAgent " + withKey + "\n"},
		{name: "agent switched off", agent: withKey, config: "IdentityAgent none\n", what: "nothing to sign in with", remedy: "or start the SSH agent"},
		{name: "agent that is gone", agent: p.home + "/none", what: "nothing to sign in with", remedy: "did not answer"},
		{name: "default key", files: map[string]string{"id_ed25519": p.key}},
		{name: "configured key", config: "Host 127.0.0.*\n  IdentityFile %d/key\n"},
		{name: "quoted", config: `IdentityFile "~/key"` + "\n"},
		{name: "alias", config: "Host vendor\n HostName " + host + "\n Port " + port + "\n User " + me(t) + "\n IdentityFile ~/key\n", url: alias},
		{name: "alias of the key", config: "HostKeyAlias known\nIdentityFile ~/key\n", what: "the server known is not known"},
		{name: "locked key", files: map[string]string{"id_ed25519": locked}, what: "nothing to sign in with", remedy: "a passphrase protects " + p.home + "/.ssh/id_ed25519"},
		{name: "locked key beside a stranger", files: map[string]string{"id_ed25519": locked, "id_rsa": stranger}, what: "does not accept", remedy: "a passphrase protects"},
		{name: "nothing", what: "nothing to sign in with", remedy: "give the password or the key file"},
		{name: "through another server", config: "ProxyJump bastion\n", what: "through another server", remedy: "sftp command"},
		{name: "not through another server", config: "ProxyCommand none\nIdentityFile ~/key\n"},
		{name: "configuration that can't be read", config: "Match exec true\n", what: "nothing to sign in with", remedy: "config was not used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, os.RemoveAll(filepath.Join(s.in, filepath.Base(p.file))))
			o := p.Options
			o.User, o.AgentSocket = "stranger", c.agent
			ssh := filepath.Join(p.home, ".ssh")
			o.ConfigFile = filepath.Join(t.TempDir(), "config")
			must(t, os.WriteFile(o.ConfigFile, []byte(c.config), 0o600))
			for name, from := range c.files {
				must(t, os.WriteFile(filepath.Join(ssh, name), []byte(read(t, from)), 0o600))
				t.Cleanup(func() { _ = os.Remove(filepath.Join(ssh, name)) })
			}
			u := record.Upload{File: p.file, URL: s.url(t)}
			if c.url != "" {
				u.URL = c.url
			}
			_, err := Upload(t.Context(), u, o, nil)
			if c.what != "" {
				failed(t, err, c.what, c.remedy)
				return
			}
			must(t, err)
			p.arrived(t, s.in)
		})
	}
}

func TestNoUserIsRefused(t *testing.T) {
	s, p := meet(t)
	p.User = ""
	_, err := p.upload(t, "sftp://"+s.addr+s.in)
	failed(t, err, "names no user", "sftp://user@host/folder/")
	p.User = me(t)
	_, err = p.upload(t, "sftp://"+s.addr+s.in)
	must(t, err)
}

func TestTooManyKeysForTheServer(t *testing.T) {
	s, p := meet(t, "MaxAuthTries 1")
	socket := startAgent(t, newKey(t, filepath.Join(p.home, "a"), ""), newKey(t, filepath.Join(p.home, "b"), ""), p.key)
	p.AgentSocket = socket
	_, err := Upload(t.Context(), record.Upload{File: p.file, URL: s.url(t)}, p.Options, nil)
	failed(t, err, "hung up during the sign-in as "+me(t)+" (tried: the SSH agent's keys (3))", "")
}

func TestAgentThatDeclinesToSign(t *testing.T) {
	s, p := meet(t)
	p.AgentSocket = startAgent(t)
	add := exec.Command("ssh-add", "-q", "-c", p.key) // asks before each use, and there is nobody to ask
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+p.AgentSocket)
	must(t, add.Run())
	_, err := Upload(t.Context(), record.Upload{File: p.file, URL: s.url(t)}, p.Options, nil)
	failed(t, err, "the sign-in on "+s.addr+" as "+me(t)+" failed", "answer if the SSH agent asks")
}

func TestPasswordNeverGoesAlongWithAKey(t *testing.T) {
	server := startServer(t, withPassword("secret"))
	p := server.person(t)
	u := record.Upload{File: p.file, URL: server.url(), KeyFile: p.key, Password: secret("secret")}
	_, err := Upload(t.Context(), u, p.Options, nil)
	failed(t, err, "does not accept the sign-in", "the server takes no keys: send again with the password")
	if got := server.passwords(); len(got) != 0 {
		t.Errorf("the server was given %q", got)
	}
}

func TestPassword(t *testing.T) {
	for _, c := range []struct {
		name         string
		option       option
		what, remedy string
	}{
		{"right", withPassword("tr0ub4dor"), "", ""},
		{"wrong", withPassword("another"), "does not accept the sign-in as bob (tried: password; it accepts: password)", "capital letters count"},
		{"keyboard-interactive", withQuestions("tr0ub4dor", "Password: "), "", ""},
		{"keyboard-interactive, wrong", withQuestions("another", "Password: "), "does not accept", "capital letters"},
		{"a code as well", withQuestions("tr0ub4dor", "Password: ", "Code: "), "asks for more than a password", "use an SSH key"},
		{"no passwords", withKey(), "does not accept", "the server takes no passwords"},
		{"key and password", withPasswordThenKey("tr0ub4dor"), "accepted password and asks for more (publickey)", "one step"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startServer(t, c.option)
			p := server.person(t)
			u := record.Upload{File: p.file, URL: server.url(), Password: secret("tr0ub4dor")}
			fact, err := Upload(t.Context(), u, p.Options, nil)
			if c.what != "" {
				failed(t, err, c.what, c.remedy)
				keepsSecret(t, err, "tr0ub4dor")
				return
			}
			must(t, err)
			if got := server.read(t, "/in/"+filepath.Base(p.file)); got != read(t, p.file) {
				t.Error("what arrived is not what was sent")
			}
			if strings.Contains(fmt.Sprint(fact), "tr0ub4dor") {
				t.Errorf("%v holds the password", fact)
			}
		})
	}
}

// TestPasswordOfOpenSSH makes an account for the test's time, so it is for
// machines that are there for tests; elsewhere TestPassword has to do.
func TestPasswordOfOpenSSH(t *testing.T) {
	if os.Getuid() != 0 || os.Getenv("CI") == "" {
		t.Log("no account is made here: TestPassword tests the same against another server")
		return
	}
	keystest.Need(t, "useradd", "userdel", "openssl")
	s, p := startSSHD(t, "PasswordAuthentication yes"), newPerson(t)
	p.knows(t, s.knownLine(t, "ed25519"))
	name := fmt.Sprintf("sftp%d", os.Getpid())
	hash := strings.TrimSpace(run(t, "openssl", "passwd", "-6", "tr0ub4dor"))
	run(t, "useradd", "--no-create-home", "--home-dir", s.in, "--password", hash, name)
	t.Cleanup(func() { _ = exec.Command("userdel", "--force", name).Run() })
	run(t, "chown", name, s.in)

	u := record.Upload{File: p.file, URL: "sftp://" + name + "@" + s.addr + "/~/", Password: secret("Tr0ub4dor")}
	_, err := Upload(t.Context(), u, p.Options, nil)
	failed(t, err, "does not accept the sign-in as "+name+" (tried: password; it accepts: publickey, password)", "capital letters count")
	keepsSecret(t, err, "Tr0ub4dor")

	u.Password = secret("tr0ub4dor")
	fact, err := Upload(t.Context(), u, p.Options, nil)
	must(t, err)
	p.arrived(t, s.in)
	if want := "sftp://" + name + "@" + s.addr + "/~/" + filepath.Base(p.file); fact.Where != want {
		t.Errorf("delivered to %s, want %s", fact.Where, want)
	}
}

func TestAgentThatNeverAnswers(t *testing.T) {
	s, p := meet(t)
	dir, err := os.MkdirTemp("", "agent")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p.AgentSocket = filepath.Join(dir, "s")
	listener, err := net.Listen("unix", p.AgentSocket)
	must(t, err)
	defer listener.Close()

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 1)) // the keys are asked for
		cancel()
		_, _ = io.Copy(io.Discard, conn)
	}()
	_, err = Upload(ctx, record.Upload{File: p.file, URL: s.url(t)}, p.Options, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestPasswordIsNoAnswerToAnOpenQuestion: what a server would show while it is
// typed is not the password that it asks for.
func TestPasswordIsNoAnswerToAnOpenQuestion(t *testing.T) {
	for _, test := range []struct {
		questions []string
		echos     []bool
		given     int
	}{
		{nil, nil, 0},
		{[]string{"Password: "}, []bool{false}, 1},
		{[]string{"User: "}, []bool{true}, -1},
		{[]string{"Password: ", "Code: "}, []bool{false, false}, -1},
	} {
		c := &credentials{}
		answers, err := c.answer(secret("tr0ub4dor"))("", "", test.questions, test.echos)
		if refused := test.given < 0; refused != (err != nil) || refused != c.askedMore || len(answers) != max(0, test.given) {
			t.Errorf("%q: %d answers, %v", test.questions, len(answers), err)
		}
	}
}
