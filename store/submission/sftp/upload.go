package sftp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"dpc-onboard/steps"
)

// Upload sends u.File to the folder u.URL under its own name and verifies it
// there. report, which may be nil, is called as the upload goes on with the
// bytes that the server has and the size; it starts above 0 when it resumes.
//
// A server whose key is not known is *steps.UnknownHost, before anything is sent
// to it, until u.Trust is the fingerprint that it shows; then the key is added
// to known_hosts. Every other error carries a hint; the end of ctx is returned
// as its cause. No error holds a secret.
func Upload(ctx context.Context, u steps.Upload, o Options, report func(done, total int64)) (steps.DeliveryFact, error) {
	o = o.withLimits()
	if report == nil {
		report = func(int64, int64) {}
	}
	target, err := ParseURL(u.URL)
	if err != nil {
		return steps.DeliveryFact{}, err
	}
	file, err := readParcel(o.expand(u.File))
	if err != nil {
		return steps.DeliveryFact{}, err
	}
	r, err := o.deliver(ctx, target, u, file, report)
	if err != nil {
		return steps.DeliveryFact{}, err
	}
	return steps.DeliveryFact{At: o.Now(), How: "sftp", Where: r.url(file.name), File: u.File, SHA256: file.sha256}, nil
}

// deliver finds the way to the target and sends the file. A configuration that
// can't be read is passed over, and mentioned if something fails.
func (o Options) deliver(ctx context.Context, t Target, u steps.Upload, file *parcel, report func(done, total int64)) (route, error) {
	config, unread := readConfig(o.ConfigFile)
	r, err := o.find(t, config)
	if err == nil {
		err = o.send(ctx, r, u, file, report)
	}
	if unread != nil && steps.Hint(err) != "" {
		err = alsoHint(err, o.ConfigFile+" was not used, because it can't be read ("+foreign(unread.Error())+")")
	}
	return r, err
}

// send collects what is needed to sign in, connects, and puts the file.
func (o Options) send(ctx context.Context, r route, u steps.Upload, file *parcel, report func(done, total int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	h, err := o.readHostKeys(r.hostKeyName, u.Trust)
	if err != nil {
		return err
	}
	c, err := gather(ctx, u, o, r)
	if err != nil {
		return because(ctx, err)
	}
	defer c.close()
	s, err := connect(ctx, cancel, o, r, h, c)
	if err != nil {
		return err
	}
	defer s.close()
	return because(ctx, s.put(file, report))
}

// maxParcel is far above the largest sealed package, in bytes.
const maxParcel = 64 << 20

// parcel is the file that is delivered, read at once so that it is the same
// from the first byte sent to the last one verified.
type parcel struct {
	name   string // the last element of its path
	data   []byte
	sha256 string // hexadecimal
}

func (p *parcel) size() int64 { return int64(len(p.data)) }

// readParcel reads a sealed file.
func readParcel(path string) (*parcel, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, problem(sealAgain, "the sealed file can't be read: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, problem("name the sealed file itself", "%s is not a file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxParcel+1))
	switch {
	case err != nil:
		return nil, problem(sealAgain, "the sealed file can't be read: %w", err)
	case len(data) == 0 || len(data) > maxParcel:
		return nil, problem(sealAgain, "%s is no sealed package: it has %d bytes", path, len(data))
	}
	return &parcel{name: filepath.Base(path), data: data, sha256: digest(data)}, nil
}

const sealAgain = "check the path of the sealed file, or seal the package again"

// digest returns the SHA-256 of data in hexadecimal.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
