package sftp

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"dpc-onboard/steps"
)

// hostKeys decides whether a server is the one that it claims to be.
type hostKeys struct {
	db    *knownhosts.HostKeyDB
	name  string // host:port as known_hosts has it
	trust string // fingerprint that the person has accepted, or ""
	file  string // where an accepted key goes

	accepted string // the fingerprint that was recorded, for later key exchanges
}

// readHostKeys reads the known_hosts files that there are.
func (o Options) readHostKeys(name, trust string) (*hostKeys, error) {
	var files []string
	for _, file := range []string{o.KnownHosts, o.SystemKnownHosts} {
		if _, err := os.Stat(file); file != "" && !errors.Is(err, fs.ErrNotExist) {
			files = append(files, file)
		}
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, problem("correct or remove the line that the message names, and send again",
			"the list of known servers can't be read: %w", err)
	}
	return &hostKeys{db: db, name: name, trust: trust, file: o.KnownHosts}, nil
}

// algorithms returns what to ask the server for, so that it shows the key that
// is on record: asking for another type would look like a changed key. Weak
// ones are left out, and certificates where no authority is on record.
func (h *hostKeys) algorithms() []string {
	strong := ssh.SupportedAlgorithms().HostKeys
	wanted := h.db.HostKeyAlgorithms(h.name)
	plain := append([]string{ssh.KeyAlgoED25519}, slices.DeleteFunc(slices.Clone(strong), isCertificate)...)
	for _, algorithm := range plain {
		if !slices.Contains(wanted, algorithm) {
			wanted = append(wanted, algorithm)
		}
	}
	return slices.DeleteFunc(wanted, func(a string) bool { return !slices.Contains(strong, a) })
}

func isCertificate(algorithm string) bool {
	return strings.Contains(algorithm, "-cert-")
}

// check is the ssh.HostKeyCallback: nil for a key that is known, or that the
// person has accepted, which it then records.
func (h *hostKeys) check(_ string, remote net.Addr, key ssh.PublicKey) error {
	err := h.db.HostKeyCallback()(h.name, remote, key)
	var revoked *xknownhosts.RevokedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return h.revoked(key)
	case h.changed(err):
		return h.differs(key)
	case knownhosts.IsHostUnknown(err) || knownhosts.IsHostKeyChanged(err):
		return h.unknown(key)
	}
	return problem("tell the vendor that the certificate of its SFTP server is not valid",
		"the certificate of %s is not valid: %w", h.shown(), err)
}

// changed reports whether another key of this server is on record. A line that
// names an authority says nothing of a server that shows no certificate.
func (h *hostKeys) changed(err error) bool {
	return knownhosts.IsHostKeyChanged(err) &&
		slices.ContainsFunc(h.db.HostKeys(h.name), func(k knownhosts.PublicKey) bool { return !k.Cert })
}

func (h *hostKeys) shown() string { return knownhosts.Normalize(h.name) }

func (h *hostKeys) unknown(key ssh.PublicKey) error {
	fingerprint := ssh.FingerprintSHA256(key)
	if h.accepted == fingerprint {
		return nil
	}
	if h.trust != fingerprint {
		return &steps.UnknownHost{Host: h.shown(), KeyType: key.Type(), Fingerprint: fingerprint}
	}
	if err := h.record(key); err != nil {
		return problem("make the file writable and send again; nothing was sent",
			"the accepted key of %s can't be recorded: %w", h.shown(), err)
	}
	h.accepted = fingerprint
	return nil
}

func (h *hostKeys) differs(key ssh.PublicKey) error {
	return problem("nothing was sent. Call the vendor on a number you already have and ask whether the key of its SFTP "+
		"server has changed and what its fingerprint is. If it is the one shown, remove the old line with: "+
		"ssh-keygen -R '"+h.shown()+"' -f '"+h.file+"'; if not, don't send anything there",
		"the server %s shows another key than before (%s %s): it was set up anew, or someone stands between you and it",
		h.shown(), key.Type(), ssh.FingerprintSHA256(key))
}

func (h *hostKeys) revoked(key ssh.PublicKey) error {
	return problem("nothing was sent, and nothing should be: tell the vendor and whoever looks after this computer",
		"the key of the server %s (%s) is marked as revoked on this computer", h.shown(), ssh.FingerprintSHA256(key))
}

// record appends a key to known_hosts, on a line of its own.
func (h *hostKeys) record(key ssh.PublicKey) error {
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	line := knownhosts.Line([]string{h.name}, key) + "\n"
	if open, err := endsInLine(f); err != nil {
		return err
	} else if open {
		line = "\n" + line
	}
	if _, err := f.WriteString(line); err != nil {
		return err
	}
	return f.Close()
}

// endsInLine reports whether a file's last line lacks its line break.
func endsInLine(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		return false, fmt.Errorf("read the end of the file: %w", err)
	}
	return last[0] != '\n', nil
}
