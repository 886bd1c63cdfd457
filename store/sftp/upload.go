package sftp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/sftpurl"
	"dpc-onboard/store/disk"
)

// maxFile is far above the largest sealed package, in bytes.
const maxFile = 64 << 20

// Upload sends u.File to the folder u.URL under its own name and verifies it
// there. report, which may be nil, is called as the upload goes on with the
// bytes that the server has and the size.
//
// A server whose key is not known is *record.UnknownHost, before anything is sent
// to it, until u.Trust is the fingerprint that it shows; then the key is added
// to known_hosts. Every other error carries a hint; the end of ctx is returned
// as its cause. No error holds a secret.
func Upload(ctx context.Context, u record.Upload, o Options, report func(done, total int64)) (record.DeliveryFact, error) {
	if report == nil {
		report = func(int64, int64) {}
	}
	address, err := sftpurl.Parse(u.URL)
	if err != nil {
		return record.DeliveryFact{}, err
	}
	data, err := disk.Read(disk.Home(u.File), maxFile) // whole, so that it is the same to the end
	if err == nil && len(data) == 0 {
		err = fmt.Errorf("%s is empty", u.File)
	}
	if err != nil {
		return record.DeliveryFact{}, record.WithHint(fmt.Errorf("the sealed file can't be read: %w", err),
			"Check the path of the sealed file, or seal the package again.")
	}
	config, unread := readConfig(o.ConfigFile)
	r, err := o.find(address, config)
	name := filepath.Base(u.File)
	if err == nil {
		err = o.send(ctx, r, u, file{name, data}, report)
	}
	// A configuration that can't be read is passed over, and mentioned if something fails.
	if unread != nil && record.Hint(err) != "" {
		err = alsoHint(err, o.ConfigFile+" was not used, because it can't be read ("+foreign(unread.Error())+").")
	}
	if err != nil {
		return record.DeliveryFact{}, err
	}
	sum := sha256.Sum256(data)
	return record.DeliveryFact{At: o.Now(), How: record.BySFTP, Where: r.URL(name), File: u.File, SHA256: hex.EncodeToString(sum[:])}, nil
}

// send connects, signs in and puts the file. Where ctx has ended, or a limit was
// exceeded, the cause of that is the error: it says more than what came of it.
func (o Options) send(ctx context.Context, r route, u record.Upload, f file, report func(done, total int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	h, err := o.readHostKeys(r.hostKeyName, u.Trust)
	if err != nil {
		return err
	}
	c, err := gather(ctx, u, r)
	var s *session
	if err == nil {
		s, err = connect(ctx, phases(cancel), o, r, h, c)
	}
	if err == nil {
		err = s.put(f, report)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// Options are the edges of this computer, and how long to wait. They begin with
// DefaultOptions: a limit of zero leaves no time at all.
type Options struct {
	KnownHosts       string // the person's known_hosts; an accepted key is appended to it
	SystemKnownHosts string // known_hosts of the whole computer, only read; or ""
	ConfigFile       string // the person's ssh_config, or ""
	AgentSocket      string // where the SSH agent listens, or "": SSH_AUTH_SOCK
	User             string // who signs in where neither address nor ConfigFile says so
	Now              func() time.Time

	DialTimeout      time.Duration // to reach the server
	HandshakeTimeout time.Duration // until the server has shown its host key
	SignInTimeout    time.Duration // from there to the end of the sign-in, for agents that ask
	UploadTimeout    time.Duration // from there to the end of the delivery
}

// DefaultOptions returns the places where OpenSSH looks, for the person who runs
// the program, and limits within which a slow server answers.
func DefaultOptions() (Options, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Options{}, record.WithHint(fmt.Errorf("no home folder found: %w", err),
			"Set the variable that names the home folder (HOME, or USERPROFILE on Windows).")
	}
	o := Options{
		KnownHosts:       filepath.Join(home, ".ssh", "known_hosts"),
		SystemKnownHosts: systemKnownHosts(),
		ConfigFile:       filepath.Join(home, ".ssh", "config"),
		AgentSocket:      cmp.Or(os.Getenv("SSH_AUTH_SOCK"), defaultAgent),
		Now:              time.Now,
		DialTimeout:      15 * time.Second,
		HandshakeTimeout: 30 * time.Second,
		SignInTimeout:    2 * time.Minute,
		UploadTimeout:    5 * time.Minute,
	}
	if u, err := user.Current(); err == nil {
		o.User = u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // without a Windows domain
	}
	return o, nil
}
