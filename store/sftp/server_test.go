package sftp

import (
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	pkgsftp "github.com/pkg/sftp"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// server is an SSH server inside the test, for what OpenSSH can't be made to do
// without an account or a disk of its own. It keeps files in memory, and has a
// folder /in.
type server struct {
	addr    string
	key     ssh.Signer
	config  *ssh.ServerConfig
	files   pkgsftp.Handlers
	noSFTP  bool // it refuses to begin SFTP
	hangsUp bool // it hangs up instead

	mu      sync.Mutex
	given   []string    // passwords that it was given
	channel ssh.Channel // of the last SFTP session
}

type option func(*server)

// startServer starts a server, which lets everyone in if no option says who.
func startServer(t *testing.T, options ...option) *server {
	t.Helper()
	s := &server{config: &ssh.ServerConfig{}, files: pkgsftp.InMemHandler()}
	_, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	s.key, err = ssh.NewSignerFromKey(private)
	must(t, err)
	must(t, s.files.FileCmd.Filecmd(pkgsftp.NewRequest("Mkdir", "/in")))
	for _, set := range options {
		set(s)
	}
	c := s.config
	c.NoClientAuth = c.PasswordCallback == nil && c.KeyboardInteractiveCallback == nil && c.PublicKeyCallback == nil
	c.AddHostKey(s.key)
	s.addr = serve(t, s.handle)
	return s
}

func (s *server) handle(conn *net.TCPConn) {
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offer := range channels {
		channel, requests, err := offer.Accept()
		if err != nil {
			return
		}
		go func() {
			for request := range requests {
				if s.hangsUp {
					_ = conn.Close()
				}
				ok := request.Type == "subsystem" && !s.noSFTP
				_ = request.Reply(ok, nil)
				if ok {
					go s.serveSFTP(channel)
				}
			}
		}()
	}
}

func (s *server) serveSFTP(channel ssh.Channel) {
	s.mu.Lock()
	s.channel = channel
	s.mu.Unlock()
	_ = pkgsftp.NewRequestServer(channel, s.files).Serve()
	_ = channel.Close()
}

// endSFTP ends the last SFTP session and leaves the connection open.
func (s *server) endSFTP() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.channel.Close()
}

func (s *server) url() string { return "sftp://bob@" + s.addr + "/in/" }

// person is someone who knows the server.
func (s *server) person(t *testing.T) *person {
	t.Helper()
	p := newPerson(t)
	p.knows(t, knownhosts.Line([]string{s.addr}, s.key.PublicKey())+"\n")
	return p
}

// read returns a file on the server.
func (s *server) read(t *testing.T, path string) string {
	t.Helper()
	r := pkgsftp.NewRequest("Get", path)
	r.Flags = 1 // to read
	f, err := s.files.FileGet.Fileread(r)
	must(t, err)
	data, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
	must(t, err)
	return string(data)
}

// write makes a file on the server.
func (s *server) write(t *testing.T, path, data string) {
	t.Helper()
	r := pkgsftp.NewRequest("Put", path)
	r.Flags = 0x02 | 0x08 | 0x10 // to write, made or made empty
	f, err := s.files.FilePut.Filewrite(r)
	must(t, err)
	_, err = f.WriteAt([]byte(data), 0)
	must(t, err)
}

// names lists the folder /in.
func (s *server) names(t *testing.T) string {
	t.Helper()
	list, err := s.files.FileList.Filelist(pkgsftp.NewRequest("List", "/in"))
	must(t, err)
	infos := make([]os.FileInfo, 10)
	n, err := list.ListAt(infos, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	var names []string
	for _, info := range infos[:n] {
		names = append(names, filepath.Base(info.Name()))
	}
	return strings.Join(names, " ")
}

func (s *server) passwords() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given
}

func (s *server) take(got, want string) (*ssh.Permissions, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = append(s.given, got)
	if got != want {
		return nil, errors.New("wrong password")
	}
	return &ssh.Permissions{}, nil
}

func withPassword(password string) option {
	return func(s *server) {
		s.config.PasswordCallback = func(_ ssh.ConnMetadata, got []byte) (*ssh.Permissions, error) {
			return s.take(string(got), password)
		}
	}
}

// withQuestions asks one hidden question after the other; the first is for the
// password, and nothing answers the others.
func withQuestions(password string, questions ...string) option {
	return func(s *server) {
		s.config.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			if _, err := ask("", "Welcome", nil, nil); err != nil {
				return nil, err
			}
			var first string
			for i, question := range questions {
				answers, err := ask("", "", []string{question}, []bool{false})
				if err != nil {
					return nil, err
				}
				if i == 0 {
					first = answers[0]
				}
			}
			return s.take(first, password)
		}
	}
}

// withKey lets nobody in, by key.
func withKey() option {
	return func(s *server) {
		s.config.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
			return nil, errors.New("not known")
		}
	}
}

// withPasswordThenKey wants both.
func withPasswordThenKey(password string) option {
	return func(s *server) {
		s.config.PasswordCallback = func(_ ssh.ConnMetadata, got []byte) (*ssh.Permissions, error) {
			if _, err := s.take(string(got), password); err != nil {
				return nil, err
			}
			return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{
				PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
					return nil, errors.New("not known")
				},
			}}
		}
	}
}

// withQuota is a disk on which a number of bytes fit, and says so in words.
func withQuota(bytes int64, words string) option {
	return func(s *server) { s.files.FilePut = quota{s.files.FilePut, bytes, words} }
}

type quota struct {
	pkgsftp.FileWriter
	bytes int64
	words string
}

func (q quota) Filewrite(r *pkgsftp.Request) (io.WriterAt, error) {
	f, err := q.FileWriter.Filewrite(r)
	return quotaFile{f, q}, err
}

type quotaFile struct {
	io.WriterAt
	quota quota
}

func (f quotaFile) WriteAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > f.quota.bytes {
		return 0, errors.New(f.quota.words)
	}
	return f.WriterAt.WriteAt(b, at)
}

// commands is a server's way with names.
type commands struct {
	pkgsftp.FileCmder
	rename func(*pkgsftp.Request) error
}

func (c commands) Filecmd(r *pkgsftp.Request) error {
	if r.Method == "Rename" {
		return c.rename(r)
	}
	return c.FileCmder.Filecmd(r)
}

// withOverwritingRename is a server that does not keep to the specification.
func withOverwritingRename() option {
	return func(s *server) {
		posix := s.files.FileCmd.(pkgsftp.PosixRenameFileCmder)
		s.files.FileCmd = commands{posix, posix.PosixRename}
	}
}
