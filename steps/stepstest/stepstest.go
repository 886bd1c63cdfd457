// Package stepstest runs the onboarding of dpc-onboard/steps without a computer
// around it: every edge of steps.Services is a fake in memory that records what
// was asked of it and fails where a test says so. The UIs' tests use it too.
package stepstest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
	"dpc-onboard/steps"
	"dpc-onboard/steps/check"
	"dpc-onboard/steps/record"
)

// What the answers of a default onboarding hold.
const (
	Organization = "Sunrise Family Practice"
	NPI          = "1234567893"
	OtherNPI     = "1245319599"
	KeyID        = "3f1c2a60-8a9b-4b0e-9d53-0d1e6a7f2b11"
	OtherKeyID   = "b27c0d9e-52a4-4c0f-8f0a-64d2f0c7a913"
	Passphrase   = "grading-uncle-flatly-starring-repent-oxygen-salsa-debtless"
	Folder       = "/home/sunrise"
)

// Start is where a World's clock begins.
var Start = time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC)

// World is all that lies outside of the flow.
type World struct {
	Secrets  *Secrets
	Progress *Progress
	Checker  *Checker
	Packages *Packages
	Registry *Registry
	Files    *Files

	// Pairs is what NewPair hands out in turn; the last one stays.
	Pairs []keys.Pair
	// PairErr, where set, is what NewPair fails with.
	PairErr error

	mu    sync.Mutex
	clock time.Time
	tick  time.Duration
}

// New returns a world in which everything works, with a clock that moves on by a
// second whenever someone looks at it.
func New(t testing.TB) *World {
	t.Helper()
	files := &Files{Contents: map[string]string{}}
	return &World{
		Secrets:  &Secrets{Values: map[string]keys.Secret{}},
		Progress: &Progress{States: map[string]record.State{}},
		Checker:  &Checker{},
		Packages: &Packages{files: files},
		Registry: &Registry{t: t},
		Files:    files,
		Pairs:    []keys.Pair{keystest.Pair(t)},
		clock:    Start, tick: time.Second,
	}
}

// SetClock stops the clock at a time.
func (w *World) SetClock(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock, w.tick = now, 0
}

// Now is the world's clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(w.tick)
	return w.clock
}

// Services wires the fakes.
func (w *World) Services() steps.Services {
	w.Packages.now = w.Now
	return steps.Services{
		Now: w.Now, Secrets: w.Secrets, Progress: w.Progress, Checker: w.Checker, Packages: w.Packages,
		Registry:      w.Registry.open,
		NewPair:       w.newPair,
		NewPassphrase: func() (keys.Secret, error) { return keys.NewSecret(Passphrase), nil },
		ReadFile:      w.Files.Read, WriteFile: w.Files.Write, RemoveFile: w.Files.Remove, FreePath: w.Files.Free,
	}
}

// Session is the session of a program that has just started.
func (w *World) Session() steps.Session {
	return steps.Session{Now: w.Now(), Store: "auto", Folder: Folder, VaultExists: !w.Secrets.Passphrase.IsZero()}
}

func (w *World) newPair(ctx context.Context) (keys.Pair, error) {
	if err := errors.Join(ctx.Err(), w.PairErr); err != nil {
		return keys.Pair{}, err
	}
	pair := w.Pairs[0]
	if len(w.Pairs) > 1 {
		w.Pairs = w.Pairs[1:]
	}
	return pair, nil
}

// Restart ends the program as a crash does: locks are given back, an open vault
// is closed, and what is stored stays.
func (w *World) Restart() {
	w.Progress.Held, w.Secrets.used = "", ""
}

// Secrets is a keyring and a vault in memory. It implements steps.Secrets.
type Secrets struct {
	// Values holds "<kind>/<onboarding>/<name>".
	Values map[string]keys.Secret
	// KeyringErr is what the keyring fails with; steps.ErrStorage is added to it.
	KeyringErr error
	// Passphrase opens the vault, once there is one.
	Passphrase keys.Secret
	// Fail, where set, is asked before each call, with what it is about: "save
	// client-token". An error stops the call.
	Fail func(call string) error
	// After, where set, is asked after each call that changed something. An error
	// is returned although the change was made, as when the power fails.
	After func(call string) error
	// Calls lists what was asked.
	Calls []string

	mu   sync.Mutex
	used record.Backend
}

// Key is where a secret lies in Values.
func Key(kind record.Backend, onboarding, name string) string {
	return string(kind) + "/" + onboarding + "/" + name
}

func (s *Secrets) before(ctx context.Context, call string) error {
	s.Calls = append(s.Calls, call)
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Fail != nil {
		return s.Fail(call)
	}
	return nil
}

func (s *Secrets) after(call string) error {
	if s.After != nil {
		return s.After(call)
	}
	return nil
}

// Use is steps.Secrets's.
func (s *Secrets) Use(ctx context.Context, kind record.Backend, passphrase keys.Secret) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.before(ctx, "use "+string(kind)); err != nil {
		return err
	}
	switch {
	case kind == record.Keyring && s.KeyringErr != nil:
		return record.WithKind(s.KeyringErr, record.ErrStorage, "Unlock the keyring.")
	case kind == record.Vault && s.Passphrase.IsZero():
		s.Passphrase = passphrase
	case kind == record.Vault && !s.Passphrase.Equal(passphrase):
		return record.WithKind(record.ErrWrongPassphrase, record.ErrStorage, "Type it again.")
	}
	s.used = kind
	return s.after("use " + string(kind))
}

// Save is steps.Secrets's.
func (s *Secrets) Save(ctx context.Context, onboarding, name string, value keys.Secret) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.before(ctx, "save "+name); err != nil {
		return err
	}
	if err := s.chosen(); err != nil {
		return err
	}
	s.Values[Key(s.used, onboarding, name)] = value
	return s.after("save " + name)
}

// Load is steps.Secrets's.
func (s *Secrets) Load(ctx context.Context, onboarding, name string) (keys.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.before(ctx, "load "+name); err != nil {
		return keys.Secret{}, err
	}
	if err := s.chosen(); err != nil {
		return keys.Secret{}, err
	}
	value, ok := s.Values[Key(s.used, onboarding, name)]
	if !ok {
		return keys.Secret{}, record.ErrNoSecret
	}
	return value, nil
}

// Delete is steps.Secrets's.
func (s *Secrets) Delete(ctx context.Context, onboarding, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.before(ctx, "delete "+name); err != nil {
		return err
	}
	if err := s.chosen(); err != nil {
		return err
	}
	delete(s.Values, Key(s.used, onboarding, name))
	return s.after("delete " + name)
}

func (s *Secrets) chosen() error {
	if s.used == "" {
		return errors.New("no place for secrets was chosen")
	}
	return nil
}

// Progress is a folder of progress files in memory. It implements
// steps.Progress.
type Progress struct {
	States map[string]record.State
	// Held is the onboarding that is open.
	Held string
	// OpenErr, SaveErr and RenameErr are what the calls fail with. A *SetAside in
	// OpenErr is told once.
	OpenErr, SaveErr, RenameErr error
	// AfterRename is what Rename fails with although it was done.
	AfterRename error
}

// Open is steps.Progress's.
func (p *Progress) Open(id string) (record.State, bool, error) {
	if _, aside := errors.AsType[*record.SetAside](p.OpenErr); aside {
		err := p.OpenErr
		p.Held, p.OpenErr = id, nil
		delete(p.States, id)
		return record.State{}, false, err
	}
	if p.OpenErr != nil {
		return record.State{}, false, p.OpenErr
	}
	p.Held = id
	state, found := p.States[id]
	return state, found, nil
}

// Save is steps.Progress's.
func (p *Progress) Save(s record.State) error {
	if p.Held == "" || s.ID() != p.Held {
		return fmt.Errorf("save %s while %s is open", s.ID(), p.Held)
	}
	if p.SaveErr != nil {
		return p.SaveErr
	}
	p.States[s.ID()] = s
	return nil
}

// Rename is steps.Progress's.
func (p *Progress) Rename(id string) error {
	if p.RenameErr != nil {
		return p.RenameErr
	}
	if _, taken := p.States[id]; taken {
		return errors.New("that onboarding exists already")
	}
	state, ok := p.States[p.Held]
	if ok {
		delete(p.States, p.Held)
		npi, environment, _ := strings.Cut(id, "-")
		state.NPI, state.Environment = npi, record.Environment(environment)
		p.States[id] = state
	}
	p.Held = id
	return p.AfterRename
}

// Checker answers with what was put into Reports, in turn; then it passes. It
// implements steps.Checker.
type Checker struct {
	Reports []check.Report
	Err     error
	Checked []record.Credentials
}

// Check is steps.Checker's.
func (c *Checker) Check(ctx context.Context, state record.State, creds record.Credentials, report func(check.Line)) (check.Report, error) {
	if err := errors.Join(ctx.Err(), c.Err); err != nil {
		return check.Report{}, err
	}
	c.Checked = append(c.Checked, creds)
	r := Passed()
	if len(c.Reports) > 0 {
		r, c.Reports = c.Reports[0], c.Reports[1:]
	}
	for _, line := range r.Lines {
		report(line)
	}
	return r, nil
}

// Passed is the report of a check in which all is well.
func Passed() check.Report {
	return check.Report{At: Start, API: record.Sandbox.APIBase(), Passed: true, Lines: []check.Line{
		{ID: check.Reach, Status: check.Passed},
		{ID: check.Accept, Status: check.Passed},
	}}
}

// Failed is the report of a check in which one line failed.
func Failed(line check.Line) check.Report {
	line.Status = check.Failed
	return check.Report{At: Start, API: record.Sandbox.APIBase(), Lines: []check.Line{
		{ID: check.Reach, Status: check.Passed}, line,
	}}
}

// Packages records what was sealed and sent. It implements steps.Packages.
type Packages struct {
	Swapped bool // the recipient\'s file holds another key by the time of sealing
	// SealErr, DescribeErr and UploadErr are what the calls fail with.
	SealErr, DescribeErr, UploadErr error
	// Unknown, where set, is the server's key that has to be trusted first.
	Unknown *record.UnknownHost

	Sealed  []record.SealRequest
	Holds   []record.Credentials
	Uploads []record.Upload

	files *Files
	now   func() time.Time
}

// Describe is steps.Packages's.
func (p *Packages) Describe(_ record.Format, recipient string) (string, error) {
	if p.DescribeErr != nil {
		return "", p.DescribeErr
	}
	return holder(recipient), nil
}

func holder(recipient string) string { return "the holder of " + recipient }

// Seal is steps.Packages's.
func (p *Packages) Seal(ctx context.Context, state record.State, c record.Credentials, r record.SealRequest) (record.SealedFact, error) {
	if err := errors.Join(ctx.Err(), p.SealErr); err != nil {
		return record.SealedFact{}, err
	}
	p.Sealed, p.Holds = append(p.Sealed, r), append(p.Holds, c)
	ext := map[record.Format]string{"age": ".zip.age", "html": ".html", "pgp": ".zip.gpg"}[r.Format]
	name := p.files.Free(filepath.Join(r.Path, "dpc-"+state.ID()), ext)
	if err := p.files.Write(name, []byte("sealed")); err != nil {
		return record.SealedFact{}, err
	}
	recipient := "passphrase"
	if r.Recipient != "" {
		recipient = holder(r.Recipient)
	}
	if p.Swapped {
		recipient = holder("another key")
	}
	return record.SealedFact{
		File: name, Format: r.Format, Recipient: recipient, SHA256: fmt.Sprintf("%064x", len(p.Sealed)), Size: 4096,
		At:     p.now().UTC(),
		Origin: record.Origin{TokenDigest: state.ClientToken.Digest, KeyID: c.KeyID, Fingerprint: state.Key.Fingerprint},
	}, nil
}

// Upload is steps.Packages's.
func (p *Packages) Upload(ctx context.Context, u record.Upload, report func(done, total int64)) (record.DeliveryFact, error) {
	p.Uploads = append(p.Uploads, u)
	if err := errors.Join(ctx.Err(), p.UploadErr); err != nil {
		return record.DeliveryFact{}, err
	}
	if p.Unknown != nil && u.Trust != p.Unknown.Fingerprint {
		return record.DeliveryFact{}, p.Unknown
	}
	report(4096, 4096)
	return record.DeliveryFact{At: p.now().UTC(), How: "sftp", Where: u.URL, File: u.File, SHA256: fmt.Sprintf("%064x", len(p.Sealed))}, nil
}

// Files is a disk in memory.
type Files struct {
	Contents map[string]string
	WriteErr error
}

// Read is steps.Services.ReadFile.
func (f *Files) Read(path string) (keys.Secret, error) {
	text, ok := f.Contents[path]
	if !ok {
		return keys.Secret{}, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
	}
	return keys.NewSecret(text), nil
}

// Write is steps.Services.WriteFile.
func (f *Files) Write(path string, data []byte) error {
	if f.WriteErr != nil {
		return f.WriteErr
	}
	if f.Exists(path) {
		return fmt.Errorf("write %s: %w", path, fs.ErrExist)
	}
	f.Contents[path] = string(data)
	return nil
}

// Remove is steps.Services.RemoveFile.
func (f *Files) Remove(path string) error {
	if !f.Exists(path) {
		return fmt.Errorf("delete %s: %w", path, fs.ErrNotExist)
	}
	delete(f.Contents, path)
	return nil
}

// Exists reports whether a path is taken. A folder exists where a file is in it.
func (f *Files) Exists(path string) bool {
	for name := range f.Contents {
		if name == path || strings.HasPrefix(name, path+"/") {
			return true
		}
	}
	return false
}

// Free is steps.Services.FreePath.
func (f *Files) Free(path, ext string) string {
	name := path + ext
	for n := 2; f.Exists(name); n++ {
		name = fmt.Sprintf("%s-%d%s", path, n, ext)
	}
	return name
}
