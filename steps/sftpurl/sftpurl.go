// Package sftpurl reads the address of a folder on an SFTP server, as
// sftp://user@host:port/folder/, where /~/folder/ is relative to the home folder of
// the user who signs in. It has no network, so that an address can be judged while
// it is typed.
//
// The form follows draft-ietf-secsh-scp-sftp-ssh-uri and curl.
package sftpurl

import (
	"cmp"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dpc-onboard/steps/record"
)

// form is the remedy for an address that makes no sense.
const form = "Write the address as sftp://user@host/folder/, " +
	"or sftp://user@host:port/~/folder/ for a folder inside the home folder."

// Address is a folder on an SFTP server. It never holds a password.
type Address struct {
	User   string // "" where the address names none
	Host   string // a name in lower case, or an IP address without brackets
	Port   int    // 1 to 65535, or 0 where the address names none
	Folder string // "/in" is absolute, "~" and "~/in" are relative to the home folder
}

var (
	hostLetters = regexp.MustCompile(`^[A-Za-z0-9._:%-]*$`) // also of IPv6 and its zones
	hostName    = regexp.MustCompile(`^[a-z0-9_][a-z0-9._-]{0,252}$`)
)

// Parse reads sftp://user@host[:port]/folder/. A password in the address is refused,
// for addresses are recorded. Errors carry a hint and never repeat the address:
// what looks like a port or a folder may be a piece of a password.
func Parse(raw string) (Address, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return Address{}, record.NewProblem("the address can't be read", form)
	}
	a := Address{User: u.User.Username(), Host: u.Hostname(), Folder: path.Clean(u.Path)}
	_, password := u.User.Password()
	_, noIP := netip.ParseAddr(a.Host)
	if noIP != nil { // in an IP address, the name of a zone may have capitals
		a.Host = strings.ToLower(a.Host)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(a.Folder, "/"), "/")
	if first == "~" {
		a.Folder = a.Folder[1:]
	}
	port, noPort := strconv.ParseUint(cmp.Or(u.Port(), "22"), 10, 16)
	if u.Port() != "" {
		a.Port = int(port)
	}
	for _, fault := range []struct {
		found        bool
		what, remedy string
	}{
		{u.Scheme != "sftp", "the address does not begin with sftp://", form + " FTP, FTPS and web addresses are something else."},
		{u.Opaque != "", "the address lacks the two slashes after sftp:", form},
		{password, "the address holds a password", "Leave the password out of the address: it is asked for separately, and never recorded."},
		{u.RawQuery != "" || u.ForceQuery || u.Fragment != "", "the address goes on after the folder", form + " Write ? in a name as %3F and # as %23."},
		{unprintable(a.User), "the user name in the address holds a control character", form},
		{a.Host == "", "the address names no server", form},
		{!hostLetters.MatchString(a.Host), "the server's name in the address holds a character that no name may have", form},
		{noIP != nil && !hostName.MatchString(a.Host), "the server's name in the address is neither a name nor an IP address", form},
		{
			noPort != nil || port == 0, "the port in the address is not between 1 and 65535",
			"Use the port that the vendor named; where none was named leave it out, and 22 is used.",
		},
		{u.Path == "", "the address names no folder", form + " The home folder itself is /~/."},
		// An @ belongs before the host: in the folder it hints at a password with a slash in it.
		{strings.Contains(u.EscapedPath(), "@"), "the address has an @ in its folder", form + " Write @ in a folder's name as %40."},
		{unprintable(u.Path), "the folder in the address holds a control character", form},
		{strings.Contains(u.Path+"/", "/../"), "the folder in the address holds ..", "Write the folder's own path."},
		{
			strings.HasPrefix(first, "~") && first != "~", "the address names another user's home folder",
			"Write /~/folder/ for a folder inside the home folder of the user who signs in.",
		},
	} {
		if fault.found {
			return Address{}, record.NewProblem(fault.what, fault.remedy)
		}
	}
	return a, nil
}

func unprintable(text string) bool {
	return strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text)
}

// URL returns the address of a file in the folder, or of the folder for "", which
// Parse reads back to the same value.
func (a Address) URL(name string) string {
	folder := a.Folder
	if strings.HasPrefix(folder, "~") {
		folder = "/" + folder
	}
	u := url.URL{Scheme: "sftp", Host: a.Host, Path: strings.TrimSuffix(folder, "/") + "/" + name}
	if strings.Contains(a.Host, ":") {
		u.Host = "[" + a.Host + "]"
	}
	if a.Port != 0 {
		u.Host += ":" + strconv.Itoa(a.Port)
	}
	u.RawPath = strings.ReplaceAll(u.EscapedPath(), "@", "%40")
	if a.User != "" {
		u.User = url.User(a.User)
	}
	return u.String()
}

// Path returns the path of a file in the folder as the server reads it, or of the
// folder itself for "". SFTP takes a relative path from the home folder.
func (a Address) Path(name string) string {
	if rest, inHome := strings.CutPrefix(a.Folder, "~"); inHome {
		return path.Join(".", strings.TrimPrefix(rest, "/"), name)
	}
	return path.Join(a.Folder, name)
}
