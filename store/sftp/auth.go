package sftp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
	"dpc-onboard/store/disk"
)

// credentials are what to sign in with, and in what words to speak of it.
type credentials struct {
	methods []ssh.AuthMethod
	tried   []string // as "password" or "the key /home/me/.ssh/id_ed25519"
	locked  []string // keys left out because they need a passphrase

	askedMore bool // the server asked for more than the password
}

// gather collects the credentials of an upload: the named key file alone, or
// the password alone, or else the agent and the configured keys. So a passphrase
// never goes to a server, and a server never learns of keys it need not know.
// The agent is let go of when ctx ends.
func gather(ctx context.Context, u record.Upload, r route) (*credentials, error) {
	c := &credentials{}
	switch file := disk.Home(u.KeyFile); {
	case file != "":
		signer, err := readKey(file, u.Password)
		if err != nil {
			return nil, err
		}
		c.methods, c.tried = []ssh.AuthMethod{ssh.PublicKeys(signer)}, []string{"the key " + file}
		return c, nil
	case !u.Password.IsZero():
		c.methods = []ssh.AuthMethod{
			ssh.PasswordCallback(func() (string, error) { return u.Password.Reveal(), nil }),
			ssh.KeyboardInteractive(c.answer(u.Password)),
		}
		c.tried = []string{"password"}
		return c, nil
	}
	return c, c.useConfigured(ctx, r)
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
			c.askedMore = true
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
	remark := "Or start the SSH agent with your key in it."
	if err != nil {
		remark = "Or start the SSH agent, which did not answer (" + foreign(err.Error()) + ")."
	}
	if len(signers) > 0 {
		c.tried = append(c.tried, fmt.Sprintf("the SSH agent's keys (%d)", len(signers)))
	}
	for _, file := range r.identities {
		signer, err := readKey(file, keys.Secret{})
		if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
			c.locked = append(c.locked, file)
		}
		known := func(s ssh.Signer) bool { return sameKey(s.PublicKey(), signer.PublicKey()) }
		if err == nil && !slices.ContainsFunc(signers, known) {
			signers, c.tried = append(signers, signer), append(c.tried, "the key "+file)
		}
	}
	if len(signers) == 0 {
		err := record.NewProblem("there is nothing to sign in with: no password, and no SSH key that can be used",
			"Give the password or the key file that the vendor expects.")
		return alsoHint(c.lockedHint(err), remark)
	}
	c.methods = []ssh.AuthMethod{ssh.PublicKeys(signers...)}
	return nil
}

// lockedHint says which keys were left out for want of a passphrase.
func (c *credentials) lockedHint(err error) error {
	if len(c.locked) == 0 {
		return err
	}
	return alsoHint(err, "A passphrase protects "+strings.Join(c.locked, " and ")+": name the key file and give its passphrase.")
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
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	signers, err := agent.NewClient(conn).Signers()
	if err != nil || !r.only {
		return signers, err
	}
	var named []ssh.Signer
	for _, file := range r.identities {
		data, _ := disk.ReadGiven(strings.TrimSuffix(file, ".pub")+".pub", maxKeyFile)
		public, _, _, _, err := ssh.ParseAuthorizedKey(data)
		for _, signer := range signers {
			if err == nil && sameKey(public, signer.PublicKey()) {
				named = append(named, signer)
			}
		}
	}
	return named, nil
}

func sameKey(a, b ssh.PublicKey) bool { return string(a.Marshal()) == string(b.Marshal()) }

// maxKeyFile is far above the largest key file, in bytes.
const maxKeyFile = 1 << 20

// readKey reads a private key, with its passphrase where it has one. Errors
// carry a hint and wrap *ssh.PassphraseMissingError where that is the reason.
// Nothing of the file's content goes into them.
func readKey(file string, passphrase keys.Secret) (ssh.Signer, error) {
	data, err := disk.ReadGiven(file, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, record.WithHint(fmt.Errorf("there is no key file %s", file), "Check the path of the key file.")
	}
	if err != nil {
		return nil, record.WithHint(fmt.Errorf("the key %s: %w", file, err), "Check that you may read the file.")
	}
	defer clear(data)
	signer, err := ssh.ParsePrivateKey(data)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		if passphrase.IsZero() {
			return nil, record.WithHint(fmt.Errorf("the key %s is protected by a passphrase: %w", file, err),
				"Give the passphrase of the key in the password field.")
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(data, []byte(passphrase.Reveal()))
	}
	_, _, _, _, notPublic := ssh.ParseAuthorizedKey(data)
	switch {
	case err == nil:
		return signer, nil
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, record.WithHint(fmt.Errorf("the passphrase does not open the key %s", file),
			"Type the passphrase again: it is the one that was set when the key was made.")
	case strings.HasPrefix(string(data), "PuTTY-User-Key-File"):
		return nil, record.WithHint(fmt.Errorf("%s is a key in PuTTY's own form", file),
			"Open it in PuTTYgen, choose Conversions > Export OpenSSH key, and name the exported file.")
	case notPublic == nil:
		return nil, record.WithHint(fmt.Errorf("%s is the public half of a key", file),
			"Name the file with the private key: the same name without .pub.")
	}
	return nil, record.WithHint(fmt.Errorf("%s is not a private key that SSH can read", file),
		"Name the private key file, as ~/.ssh/id_ed25519; ssh-keygen -p -f FILE rewrites older forms.")
}
