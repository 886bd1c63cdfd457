package secrets

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	gokeyring "github.com/zalando/go-keyring"
)

// memory is a keyring in memory. admit, where it is set, refuses what a real one
// would not take.
type memory struct {
	mu    sync.Mutex
	items map[string]string
	admit func(service, user, value string) error
}

func newMemory() *memory { return &memory{items: map[string]string{}} }

func (m *memory) Set(service, user, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.admit != nil {
		if err := m.admit(service, user, value); err != nil {
			return err
		}
	}
	m.items[service+":"+user] = value
	return nil
}

func (m *memory) Get(service, user string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.items[service+":"+user]
	if !ok {
		return "", gokeyring.ErrNotFound
	}
	return value, nil
}

func (m *memory) Delete(service, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.items[service+":"+user]; !ok {
		return gokeyring.ErrNotFound
	}
	delete(m.items, service+":"+user)
	return nil
}

// names lists what is stored.
func (m *memory) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := []string{}
	for name := range m.items {
		names = append(names, name)
	}
	return names
}

// windowsLimits is what go-keyring and Windows take.
func windowsLimits(service, user, value string) error {
	if len(value) > 2560 || len(service) >= 512 || len(user) > 513 {
		return gokeyring.ErrSetDataTooBig
	}
	return nil
}

var shellSafe = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// macLimits is what go-keyring takes on macOS: the command that it writes to
// security -i, with the value in base64.
func macLimits(service, user, value string) error {
	value = "go-keyring-base64:" + base64.StdEncoding.EncodeToString([]byte(value))
	command := fmt.Sprintf("add-generic-password -U -s %s -a %s -w %s\n", quote(service), quote(user), quote(value))
	if len(command) > 4096 {
		return gokeyring.ErrSetDataTooBig
	}
	return nil
}

func quote(s string) string {
	if shellSafe.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}

var errDead = errors.New("the power went")

// mortal is a keyring whose machine dies in its nth call: before that call has
// an effect or, where late is set, after it.
type mortal struct {
	OSKeyring
	left int
	late bool
}

func (m *mortal) call(f func() error) error {
	m.left--
	if m.left < 0 {
		return errDead
	}
	if m.left > 0 {
		return f()
	}
	if m.late {
		_ = f()
	}
	return errDead
}

func (m *mortal) Set(service, user, value string) error {
	return m.call(func() error { return m.OSKeyring.Set(service, user, value) })
}

func (m *mortal) Get(service, user string) (value string, err error) {
	err = m.call(func() (err error) { value, err = m.OSKeyring.Get(service, user); return err })
	return value, err
}

func (m *mortal) Delete(service, user string) error {
	return m.call(func() error { return m.OSKeyring.Delete(service, user) })
}
