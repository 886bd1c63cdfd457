package sftp

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"
)

// route is how to reach a target and who to be there, once ~/.ssh/config has
// been asked.
type route struct {
	Target               // User, Host and Port are set
	hostKeyName string   // host:port under which known_hosts has the server
	identities  []string // key files for this server, most wanted first
	only        bool     // of the agent's keys, use those of identities alone
	agent       string   // the agent's socket, or "" for none
}

// defaultKeys are the names in ~/.ssh that OpenSSH tries, in this order.
var defaultKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// readConfig reads an ssh_config. A file that isn't there is an empty one, and
// beside an error there is an empty one too.
func readConfig(file string) (*ssh_config.Config, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &ssh_config.Config{}, nil
	}
	if err != nil {
		return &ssh_config.Config{}, err
	}
	config, err := ssh_config.DecodeBytes(data)
	if err != nil {
		return &ssh_config.Config{}, err
	}
	return config, nil
}

// find completes a target from a configuration and the defaults.
func (o Options) find(t Target, config *ssh_config.Config) (route, error) {
	get := func(key string) string {
		value, _ := config.Get(t.Host, key) // fails for no config that was read
		return value
	}
	for _, key := range []string{"ProxyJump", "ProxyCommand"} {
		if value := get(key); value != "" && !strings.EqualFold(value, "none") {
			return route{}, problem("send the file with the sftp command or the vendor's portal instead",
				"your SSH configuration reaches %s through another server (%s), which this program can't do", t.Host, key)
		}
	}
	alias, r := t.Host, route{Target: t}
	if name := get("HostName"); name != "" {
		r.Host = strings.ToLower(strings.NewReplacer("%%", "%", "%h", alias).Replace(name))
	}
	r.User = cmp.Or(t.User, get("User"), o.User)
	if r.User == "" {
		return route{}, problem("put the user name that the vendor gave you before the server: sftp://user@host/folder/",
			"the address names no user")
	}
	port, _ := strconv.ParseUint(get("Port"), 10, 16)
	r.Port = cmp.Or(t.Port, int(port), 22)
	r.hostKeyName = r.address()
	if name := get("HostKeyAlias"); name != "" {
		r.hostKeyName = Target{Host: strings.ToLower(name), Port: 22}.address()
	}
	r.only = strings.EqualFold(get("IdentitiesOnly"), "yes")
	r.agent = o.agentSocket(get("IdentityAgent"))
	listed, _ := config.GetAll(alias, "IdentityFile")
	r.identities = o.identities(listed, r)
	return r, nil
}

// agentSocket reads an IdentityAgent, "" standing for none given.
func (o Options) agentSocket(value string) string {
	switch {
	case value == "" || value == "SSH_AUTH_SOCK":
		return o.AgentSocket
	case strings.EqualFold(value, "none"):
		return ""
	case strings.HasPrefix(value, "$"):
		return os.Getenv(strings.Trim(value, "${}"))
	}
	return o.expand(value)
}

// identities returns the key files for a server: those of the configuration,
// or else the ones with the default names.
func (o Options) identities(listed []string, r route) []string {
	if len(listed) == 0 {
		for _, name := range defaultKeys {
			listed = append(listed, "~/.ssh/"+name)
		}
	}
	tokens := strings.NewReplacer("%%", "%", "%d", o.Home, "%h", r.Host, "%r", r.User, "%u", o.User)
	var files []string
	for _, file := range listed {
		file = o.expand(tokens.Replace(file))
		if !strings.EqualFold(file, "none") && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}
