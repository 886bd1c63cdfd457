package sftp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"dpc-onboard/keys"
	"dpc-onboard/steps"
)

// credentials are what to sign in with, and in what words to speak of it.
type credentials struct {
	methods []ssh.AuthMethod
	tried   []string // as "password" or "the key /home/me/.ssh/id_ed25519"
	locked  []string // keys left out because they need a passphrase
	agent   io.Closer

	curious bool // the server asked for more than the password
}

// gather collects the credentials of an upload: the named key file alone, or
// the password alone, or else the agent and the configured keys. So a passphrase
// never goes to a server, and a server never learns of keys it need not know.
// The agent is let go of when ctx ends.
func gather(ctx context.Context, u steps.Upload, o Options, r route) (*credentials, error) {
	c := &credentials{}
	switch {
	case u.KeyFile != "":
		return c, c.useKeyFile(o.expand(u.KeyFile), u.Password)
	case !u.Password.IsZero():
		c.usePassword(u.Password)
		return c, nil
	}
	return c, c.useConfigured(ctx, r)
}

// close ends the connection to the agent.
func (c *credentials) close() {
	if c.agent != nil {
		_ = c.agent.Close()
	}
}

func (c *credentials) useKeyFile(file string, passphrase keys.Secret) error {
	signer, err := readKey(file, passphrase)
	if err != nil {
		return err
	}
	c.methods = []ssh.AuthMethod{ssh.PublicKeys(signer)}
	c.tried = []string{"the key " + file}
	return nil
}

func (c *credentials) usePassword(password keys.Secret) {
	c.methods = []ssh.AuthMethod{
		ssh.PasswordCallback(func() (string, error) { return password.Reveal(), nil }),
		ssh.KeyboardInteractive(c.answer(password)),
	}
	c.tried = []string{"password"}
}

// answer gives the password to the first hidden question, and to no other: what
// a server asks beyond it is not the password. Messages without a question need
// no answer.
func (c *credentials) answer(password keys.Secret) ssh.KeyboardInteractiveChallenge {
	given := false
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		if len(questions) == 0 {
			return nil, nil
		}
		if given || len(questions) > 1 || echos[0] {
			c.curious = true
			return nil, errors.New("asked for more than the password")
		}
		given = true
		return []string{password.Reveal()}, nil
	}
}

// useConfigured takes the agent's keys and then the key files that open
// without a passphrase.
func (c *credentials) useConfigured(ctx context.Context, r route) error {
	signers, err := c.agentSigners(ctx, r)
	remark := "or start the SSH agent with your key in it"
	if err != nil {
		remark = "or start the SSH agent, which did not answer (" + foreign(err.Error()) + ")"
	}
	if len(signers) > 0 {
		c.tried = append(c.tried, fmt.Sprintf("the SSH agent's keys (%d)", len(signers)))
	}
	for _, file := range r.identities {
		signer, err := readKey(file, keys.Secret{})
		if missing := new(ssh.PassphraseMissingError); errors.As(err, &missing) {
			c.locked = append(c.locked, file)
		}
		if err == nil && !holds(signers, signer) {
			signers, c.tried = append(signers, signer), append(c.tried, "the key "+file)
		}
	}
	if len(signers) == 0 {
		return alsoHint(c.lockedHint(problem("give the password or the key file that the vendor expects",
			"there is nothing to sign in with: no password, and no SSH key that can be used")), remark)
	}
	c.methods = []ssh.AuthMethod{ssh.PublicKeys(signers...)}
	return nil
}

// lockedHint says which keys were left out for want of a passphrase.
func (c *credentials) lockedHint(err error) error {
	if len(c.locked) == 0 {
		return err
	}
	return alsoHint(err, "a passphrase protects "+strings.Join(c.locked, " and ")+": name the key file and give its passphrase")
}

// agentSigners returns the agent's keys, or those that identities name where
// the configuration says so.
func (c *credentials) agentSigners(ctx context.Context, r route) ([]ssh.Signer, error) {
	if r.agent == "" {
		return nil, nil
	}
	conn, err := dialAgent(ctx, r.agent)
	if err != nil {
		return nil, err
	}
	c.agent = conn
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	signers, err := agent.NewClient(conn).Signers()
	if err != nil || !r.only {
		return signers, err
	}
	var named []ssh.Signer
	for _, signer := range signers {
		if slices.ContainsFunc(r.identities, func(file string) bool { return isKeyOf(file, signer) }) {
			named = append(named, signer)
		}
	}
	return named, nil
}

// isKeyOf reports whether a signer's public key is the one beside a key file.
func isKeyOf(file string, signer ssh.Signer) bool {
	data, err := readSmall(strings.TrimSuffix(file, ".pub") + ".pub")
	if err != nil {
		return false
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(data)
	return err == nil && sameKey(public, signer.PublicKey())
}

func holds(signers []ssh.Signer, one ssh.Signer) bool {
	return slices.ContainsFunc(signers, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), one.PublicKey()) })
}

func sameKey(a, b ssh.PublicKey) bool { return string(a.Marshal()) == string(b.Marshal()) }

// maxKeyFile is far above the largest key file, in bytes.
const maxKeyFile = 1 << 20

func readSmall(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxKeyFile))
}

// readKey reads a private key, with its passphrase where it has one. Errors
// carry a hint and wrap *ssh.PassphraseMissingError where that is the reason.
func readKey(file string, passphrase keys.Secret) (ssh.Signer, error) {
	data, err := readSmall(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem("check the path of the key file", "there is no key file %s", file)
	}
	if err != nil {
		return nil, problem("check that you may read the file", "the key file can't be read: %w", err)
	}
	defer clear(data)
	signer, err := ssh.ParsePrivateKey(data)
	if missing := new(ssh.PassphraseMissingError); errors.As(err, &missing) {
		if passphrase.IsZero() {
			return nil, problem("give the passphrase of the key in the password field",
				"the key %s is protected by a passphrase: %w", file, err)
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(data, []byte(passphrase.Reveal()))
	}
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, problem("type the passphrase again: it is the one that was set when the key was made",
			"the passphrase does not open the key %s", file)
	}
	if err != nil {
		return nil, notAKey(file, data)
	}
	return signer, nil
}

// notAKey says what a file is that is no private key in a form that SSH reads.
// Nothing of the file's content goes into the error.
func notAKey(file string, data []byte) error {
	if strings.HasPrefix(string(data), "PuTTY-User-Key-File") {
		return problem("open it in PuTTYgen, choose Conversions > Export OpenSSH key, and name the exported file",
			"%s is a key in PuTTY's own form", file)
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		return problem("name the file with the private key: the same name without .pub",
			"%s is the public half of a key", file)
	}
	return problem("name the private key file, as ~/.ssh/id_ed25519; ssh-keygen -p -f FILE rewrites older forms",
		"%s is not a private key that SSH can read", file)
}
