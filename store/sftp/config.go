package sftp

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"dpc-onboard/steps/record"
	"dpc-onboard/steps/sftpurl"
	"dpc-onboard/store/disk"
)

// route is how to reach a folder and who to be there, once ~/.ssh/config has been
// asked.
type route struct {
	sftpurl.Address          // User, Host and Port are set
	hostKeyName     string   // host:port under which known_hosts has the server
	identities      []string // key files for this server, most wanted first
	only            bool     // of the agent's keys, use those of identities alone
	agent           string   // the agent's socket, or "" for none
}

// server returns host:port for dialing and for people.
func (r route) server() string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

// readConfig reads an ssh_config. A file that isn't there is an empty one, and
// beside an error there is an empty one too.
func readConfig(file string) (*ssh_config.Config, error) {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &ssh_config.Config{}, err
	}
	config, err := ssh_config.DecodeBytes(data)
	if err != nil {
		return &ssh_config.Config{}, err
	}
	return config, nil
}

// find completes an address from a configuration and the defaults.
func (o Options) find(a sftpurl.Address, config *ssh_config.Config) (route, error) {
	get := func(key string) string {
		value, _ := config.Get(a.Host, key) // fails for no config that was read
		return value
	}
	for _, key := range []string{"ProxyJump", "ProxyCommand"} {
		if value := get(key); value != "" && !strings.EqualFold(value, "none") {
			return route{}, record.WithHint(
				fmt.Errorf("your SSH configuration reaches %s through another server (%s), which this program can't do", a.Host, key),
				"Send the file with the sftp command or the vendor's portal instead.")
		}
	}
	r := route{Address: a, only: strings.EqualFold(get("IdentitiesOnly"), "yes")}
	if name := get("HostName"); name != "" {
		r.Host = strings.ToLower(strings.NewReplacer("%%", "%", "%h", a.Host).Replace(name))
	}
	r.User = cmp.Or(a.User, get("User"), o.User)
	if r.User == "" {
		return route{}, record.NewProblem("the address names no user",
			"Put the user name that the vendor gave you before the server: sftp://user@host/folder/.")
	}
	port, _ := strconv.ParseUint(get("Port"), 10, 16)
	r.Port = cmp.Or(a.Port, int(port), 22)
	r.hostKeyName = r.server()
	if name := get("HostKeyAlias"); name != "" {
		r.hostKeyName = net.JoinHostPort(strings.ToLower(name), "22")
	}
	switch agent := get("IdentityAgent"); {
	case agent == "" || agent == "SSH_AUTH_SOCK":
		r.agent = o.AgentSocket
	case strings.HasPrefix(agent, "$"):
		r.agent = os.Getenv(strings.Trim(agent, "${}"))
	case !strings.EqualFold(agent, "none"):
		r.agent = disk.Home(agent)
	}
	files, _ := config.GetAll(a.Host, "IdentityFile")
	if len(files) == 0 { // what OpenSSH tries, in this order
		files = []string{"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"}
	}
	tokens := strings.NewReplacer("%%", "%", "%d", disk.Home("~"), "%h", r.Host, "%r", r.User, "%u", o.User)
	for _, file := range files {
		file = disk.Home(tokens.Replace(file))
		if !strings.EqualFold(file, "none") && !slices.Contains(r.identities, file) {
			r.identities = append(r.identities, file)
		}
	}
	return r, nil
}
