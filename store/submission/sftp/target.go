package sftp

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addressForm is the remedy for an address that makes no sense.
const addressForm = "write the address as sftp://user@host/folder/, " +
	"or sftp://user@host:port/~/folder/ for a folder inside the home folder"

// Target is a folder on an SFTP server. It never holds a password.
type Target struct {
	User   string // "" where the address names none
	Host   string // a name in lower case, or an IP address without brackets
	Port   int    // 1 to 65535, or 0 where the address names none
	Folder string // "/in" is absolute, "~" and "~/in" are relative to the home folder
}

// ParseURL reads sftp://user@host[:port]/folder/, where /~/folder/ is relative
// to the home folder. A password in the address is refused, for addresses are
// recorded. Errors carry a hint and never repeat the address: what looks like a
// port or a folder may be a piece of a password.
func ParseURL(raw string) (Target, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return Target{}, problem(addressForm, "the address can't be read")
	}
	if err := checkShape(u); err != nil {
		return Target{}, err
	}
	t := Target{User: u.User.Username()}
	if t.Host, err = hostOf(u); err != nil {
		return Target{}, err
	}
	if t.Port, err = portOf(u); err != nil {
		return Target{}, err
	}
	if t.Folder, err = folderOf(u); err != nil {
		return Target{}, err
	}
	return t, nil
}

// checkShape refuses what is no plain sftp address.
func checkShape(u *url.URL) error {
	_, password := u.User.Password()
	switch {
	case u.Scheme != "sftp":
		return problem(addressForm+"; FTP, FTPS and web addresses are something else",
			"the address does not begin with sftp://")
	case u.Opaque != "":
		return problem(addressForm, "the address lacks the two slashes after sftp:")
	case password:
		return problem("leave the password out of the address: it is asked for separately, and never recorded",
			"the address holds a password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return problem(addressForm+"; write ? in a name as %3F and # as %23",
			"the address goes on after the folder")
	case strings.ContainsFunc(u.User.Username(), unicode.IsControl) || !utf8.ValidString(u.User.Username()):
		return problem(addressForm, "the user name in the address holds a control character")
	}
	return nil
}

func hostOf(u *url.URL) (string, error) {
	host := u.Hostname()
	if host == "" {
		return "", problem(addressForm, "the address names no server")
	}
	if strings.Trim(host, hostLetters) != "" || strings.ContainsFunc(host, notInHost) {
		return "", problem(addressForm, "the server's name in the address holds a character that no name may have")
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return host, nil
	}
	if strings.ContainsAny(host, ":%") || strings.ContainsAny(host[:1], "-.") || len(host) > 253 {
		return "", problem(addressForm, "the server's name in the address is neither a name nor an IP address")
	}
	return strings.ToLower(host), nil
}

// hostLetters are those of names, of IP addresses and of IPv6 zones.
const hostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%"

func notInHost(r rune) bool { return !strings.ContainsRune(hostLetters, r) }

func portOf(u *url.URL) (int, error) {
	if u.Port() == "" {
		return 0, nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return 0, problem("use the port that the vendor named; where none was named leave it out, and 22 is used",
			"the port in the address is not between 1 and 65535")
	}
	return int(port), nil
}

// folderOf returns the folder in the form of Target.Folder. An @ belongs
// before the host: in the folder it hints at a password with a slash in it.
func folderOf(u *url.URL) (string, error) {
	switch {
	case u.Path == "":
		return "", problem(addressForm+"; the home folder itself is /~/", "the address names no folder")
	case strings.Contains(u.EscapedPath(), "@"):
		return "", problem(addressForm+"; write @ in a folder's name as %40", "the address has an @ in its folder")
	case strings.ContainsFunc(u.Path, unicode.IsControl) || !utf8.ValidString(u.Path):
		return "", problem(addressForm, "the folder in the address holds a control character")
	case strings.Contains(u.Path+"/", "/../"):
		return "", problem("write the folder's own path", "the folder in the address holds ..")
	}
	folder := path.Clean(u.Path)
	first, _, _ := strings.Cut(folder[1:], "/")
	switch {
	case first == "~":
		return folder[1:], nil
	case strings.HasPrefix(first, "~"):
		return "", problem("write /~/folder/ for a folder inside the home folder of the user who signs in",
			"the address names another user's home folder")
	}
	return folder, nil
}

// url returns the address of a file in the folder, or of the folder for "",
// which ParseURL reads back to the same value.
func (t Target) url(name string) string {
	folder := t.Folder
	if strings.HasPrefix(folder, "~") {
		folder = "/" + folder
	}
	u := url.URL{Scheme: "sftp", Host: t.host(), Path: strings.TrimSuffix(folder, "/") + "/" + name}
	u.RawPath = strings.ReplaceAll(u.EscapedPath(), "@", "%40")
	if t.User != "" {
		u.User = url.User(t.User)
	}
	return u.String()
}

// host returns host or host:port, with brackets where an address needs them.
func (t Target) host() string {
	if t.Port != 0 {
		return t.address()
	}
	return strings.TrimSuffix(net.JoinHostPort(t.Host, ""), ":")
}

// address returns host:port for dialing and for known_hosts.
func (t Target) address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

// path returns the path of a file in the folder as the server reads it, or of
// the folder itself for "". SFTP takes a relative path from the home folder.
func (t Target) path(name string) string {
	if rest, inHome := strings.CutPrefix(t.Folder, "~"); inHome {
		return path.Join(".", strings.TrimPrefix(rest, "/"), name)
	}
	return path.Join(t.Folder, name)
}
