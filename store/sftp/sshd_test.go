package sftp

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps/record"
)

// sshd is a real OpenSSH server on loopback. One process serves one connection
// (sshd -i), so there is no port to wait for.
type sshd struct {
	dir  string // its configuration and host keys
	in   string // a folder that takes files
	addr string // host:port
	log  *notes

	mu      sync.Mutex
	running map[*exec.Cmd]bool
}

// notes is a buffer that several processes write to.
type notes struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.String()
}

// startSSHD starts a server with an ed25519 host key; lines are added before
// the usual configuration, where the first value counts.
func startSSHD(t *testing.T, lines ...string) *sshd {
	t.Helper()
	binary, err := exec.LookPath("sshd")
	if err != nil {
		binary = "/usr/sbin/sshd" // not on everyone's PATH
	}
	keystest.Need(t, binary, "ssh-keygen")
	if os.Getuid() == 0 {
		must(t, os.MkdirAll("/run/sshd", 0o755)) // where root's sshd drops its rights
	}
	s := &sshd{dir: t.TempDir(), in: openFolder(t), log: new(notes), running: map[*exec.Cmd]bool{}}
	s.newHostKey(t, "ed25519")
	lines = append(lines,
		"HostKey "+s.dir+"/ed25519",
		"AuthorizedKeysFile "+s.dir+"/authorized_keys",
		"PidFile none", "StrictModes no", "UsePAM "+usePAM(), "UseDNS no", "LogLevel VERBOSE",
		"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
	)
	if !strings.Contains(strings.Join(lines, " "), "Subsystem") {
		lines = append(lines, "Subsystem sftp internal-sftp") // sshd takes it once
	}
	config := filepath.Join(s.dir, "sshd_config")
	must(t, os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	s.addr = serve(t, func(conn *net.TCPConn) {
		f, err := conn.File()
		if err != nil {
			return
		}
		defer f.Close()
		cmd := exec.CommandContext(t.Context(), binary, "-i", "-e", "-f", config)
		cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = f, f, s.log, time.Second
		inOwnGroup(cmd)
		s.run(cmd, conn)
	})
	return s
}

// usePAM is "no" for root, who needs none, and "yes" for others: to a server that
// may not read the shadow file, every account looks locked without it.
func usePAM() string {
	if os.Getuid() == 0 {
		return "no"
	}
	return "yes"
}

// run lets a process serve a connection to its end.
func (s *sshd) run(cmd *exec.Cmd, conn *net.TCPConn) {
	s.mu.Lock()
	err := cmd.Start()
	s.running[cmd] = err == nil
	s.mu.Unlock()
	_ = conn.Close() // the server's copy is the only one left
	if err == nil {
		_ = cmd.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, cmd)
}

// kill ends the server's processes at once, as a crash does.
func (s *sshd) kill(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for cmd := range s.running {
		must(t, killGroup(cmd))
	}
}

// openFolder is a folder on the way to which every user of the computer may
// go, as the server works with another user's rights in some tests.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sftp-in")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// serve listens on loopback until the test ends, and waits for what handles
// the connections.
func serve(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				handle(conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return listener.Addr().String()
}

func (s *sshd) newHostKey(t *testing.T, kind string) string {
	t.Helper()
	file := filepath.Join(s.dir, kind)
	_ = os.Remove(file)
	run(t, "ssh-keygen", "-q", "-t", kind, "-N", "", "-f", file)
	return file
}

// fingerprint is what OpenSSH says that it is.
func (s *sshd) fingerprint(t *testing.T) string {
	return strings.Fields(run(t, "ssh-keygen", "-lf", s.dir+"/ed25519.pub"))[1]
}

// knownLine is the server's line for known_hosts, of the key of a kind.
func (s *sshd) knownLine(t *testing.T, kind string) string {
	t.Helper()
	return knownName(s.addr) + " " + strings.TrimSpace(read(t, filepath.Join(s.dir, kind+".pub"))) + "\n"
}

// knownName is host:port as known_hosts has it.
func knownName(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	return "[" + host + "]:" + port
}

// allow lets a client key sign in.
func (s *sshd) allow(t *testing.T, keyFile string) {
	t.Helper()
	must(t, os.WriteFile(s.dir+"/authorized_keys", []byte(read(t, keyFile+".pub")), 0o644))
	must(t, os.Chmod(s.dir, 0o755))
	must(t, os.Chmod(filepath.Dir(s.dir), 0o755))
}

// url is the address of the folder in, for the user who runs the test.
func (s *sshd) url(t *testing.T) string { return "sftp://" + me(t) + "@" + s.addr + s.in + "/" }

func me(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	must(t, err)
	return u.Username
}

// person is the computer of someone who uploads.
type person struct {
	Options
	home string // the home folder of the test's process
	key  string // an SSH key without a passphrase
	file string // a sealed file of 300,000 bytes
}

// testTime is the clock of all tests.
var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newPerson makes a home folder with nothing but a key outside ~/.ssh.
func newPerson(t *testing.T) *person {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	p := &person{
		home: home,
		Options: Options{
			User: me(t), Now: func() time.Time { return testTime },
			KnownHosts: filepath.Join(home, ".ssh", "known_hosts"),
			ConfigFile: filepath.Join(home, ".ssh", "config"),
			// A limit that is hit would show as an error, not as a slow test.
			UploadTimeout: time.Hour, SignInTimeout: time.Hour, HandshakeTimeout: time.Hour,
		},
		key:  newKey(t, filepath.Join(home, "key"), ""),
		file: filepath.Join(home, "dpc-1234567893-sandbox-20260301.zip.age"),
	}
	must(t, os.WriteFile(p.file, content(300_000), 0o600))
	return p
}

// content is data that no two stretches of which are alike.
func content(n int) []byte {
	var data []byte
	for sum := sha256.Sum256(nil); len(data) < n; sum = sha256.Sum256(sum[:]) {
		data = append(data, sum[:]...)
	}
	return data[:n]
}

func newKey(t *testing.T, file, passphrase string) string {
	t.Helper()
	keystest.Need(t, "ssh-keygen")
	run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", file)
	return file
}

// knows puts lines into known_hosts.
func (p *person) knows(t *testing.T, lines ...string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(p.KnownHosts), 0o700))
	must(t, os.WriteFile(p.KnownHosts, []byte(strings.Join(lines, "")), 0o600))
}

// upload sends the person's file with the key outside ~/.ssh.
func (p *person) upload(t *testing.T, url string) (record.DeliveryFact, error) {
	t.Helper()
	return Upload(t.Context(), record.Upload{File: p.file, URL: url, KeyFile: p.key}, p.Options, nil)
}

// meet makes a server and a person who know each other.
func meet(t *testing.T, lines ...string) (*sshd, *person) {
	t.Helper()
	s, p := startSSHD(t, lines...), newPerson(t)
	s.allow(t, p.key)
	p.knows(t, s.knownLine(t, "ed25519"))
	return s, p
}

// arrived fails the test unless the folder holds the person's file and nothing
// else.
func (p *person) arrived(t *testing.T, folder string) {
	t.Helper()
	name := filepath.Base(p.file)
	if got := listing(t, folder); got != name {
		t.Errorf("the folder holds %q, want %q alone", got, name)
	}
	if read(t, filepath.Join(folder, name)) != read(t, p.file) {
		t.Error("what arrived is not what was sent")
	}
}

// listing returns the names in a folder, in order, one space between.
func listing(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

// failed fails the test unless an error says what and its hint holds remedy.
func failed(t *testing.T, err error, what, remedy string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), what) {
		t.Fatalf("the error is %q, want one that says %q", fmt.Sprint(err), what)
	}
	hint := record.Hint(err)
	if hint != "" && (hint[:1] != strings.ToUpper(hint[:1]) || !strings.HasSuffix(hint, ".")) {
		t.Errorf("the hint is no sentence: %q", hint)
	}
	if !strings.Contains(strings.ToLower(hint), strings.ToLower(remedy)) {
		t.Errorf("the hint is %q, want one that says %q", hint, remedy)
	}
}

func secret(s string) keys.Secret { return keys.NewSecret(s) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	return string(data)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
