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

	"dpc-onboard/steps/record"
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
		return nil, record.WithHint(fmt.Errorf("the list of known servers can't be read: %w", err),
			"Correct or remove the line that the message names, and send again.")
	}
	return &hostKeys{db: db, name: name, trust: trust, file: o.KnownHosts}, nil
}

// algorithms returns what to ask the server for, so that it shows the key that
// is on record: asking for another type would look like a changed key. Weak
// ones are left out, and certificates where no authority is on record.
func (h *hostKeys) algorithms() []string {
	strong := ssh.SupportedAlgorithms().HostKeys
	wanted := h.db.HostKeyAlgorithms(h.name)
	for _, algorithm := range append([]string{ssh.KeyAlgoED25519}, strong...) {
		if !strings.Contains(algorithm, "-cert-") && !slices.Contains(wanted, algorithm) {
			wanted = append(wanted, algorithm)
		}
	}
	return slices.DeleteFunc(wanted, func(a string) bool { return !slices.Contains(strong, a) })
}

// check is the ssh.HostKeyCallback: nil for a key that is known, or that the
// person has accepted, which it then records.
func (h *hostKeys) check(_ string, remote net.Addr, key ssh.PublicKey) error {
	err := h.db.HostKeyCallback()(h.name, remote, key)
	host, fingerprint := knownhosts.Normalize(h.name), ssh.FingerprintSHA256(key)
	if err == nil {
		return nil
	}
	_, revoked := errors.AsType[*xknownhosts.RevokedError](err)
	changed := knownhosts.IsHostKeyChanged(err)
	// A line that names an authority says nothing of a server that shows no certificate.
	onRecord := slices.ContainsFunc(h.db.HostKeys(h.name), func(k knownhosts.PublicKey) bool { return !k.Cert })
	switch {
	case revoked:
		return record.WithHint(fmt.Errorf("the key of the server %s (%s) is marked as revoked on this computer", host, fingerprint),
			"Nothing was sent, and nothing should be: tell the vendor and whoever looks after this computer.")
	case changed && onRecord:
		return record.WithHint(
			fmt.Errorf("the server %s shows another key than before (%s %s): it was set up anew, or someone stands between you and it",
				host, key.Type(), fingerprint),
			"Nothing was sent. Call the vendor on a number you already have and ask whether the key of its SFTP "+
				"server has changed and what its fingerprint is. If it is the one shown, remove the old line with: "+
				"ssh-keygen -R '"+host+"' -f '"+h.file+"'; if not, don't send anything there.")
	case !changed && !knownhosts.IsHostUnknown(err):
		return record.WithHint(fmt.Errorf("the certificate of %s is not valid: %w", host, err),
			"Tell the vendor that the certificate of its SFTP server is not valid.")
	case h.accepted == fingerprint:
		return nil
	case h.trust != fingerprint:
		return &record.UnknownHost{Host: host, KeyType: key.Type(), Fingerprint: fingerprint}
	}
	if err := h.record(key); err != nil {
		return record.WithHint(fmt.Errorf("the accepted key of %s can't be recorded: %w", host, err),
			"Make the file writable and send again; nothing was sent.")
	}
	h.accepted = fingerprint
	return nil
}

// record appends a key to known_hosts, on a line of its own.
func (h *hostKeys) record(key ssh.PublicKey) error {
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	line := knownhosts.Line([]string{h.name}, key) + "\n"
	before, err := os.ReadFile(h.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(before) > 0 && before[len(before)-1] != '\n' {
		line = "\n" + line
	}
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}
