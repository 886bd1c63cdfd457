package submission

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"dpc-onboard/steps"
)

// This file is the zip inside every seal. It is made and read in memory, and what
// is read comes from strangers: seven names, each once, each of bounded size.

// The names in the zip.
const (
	submissionName        = "submission.json"
	npiName               = "npi.txt"
	clientTokenName       = "client-token.txt"
	organizationTokenName = "organization-token.txt"
	keyIDName             = "public-key-id.txt"
	publicKeyName         = "public-key.pem"
	privateKeyName        = "private-key.pem"
)

// names lists the files of a package in order.
func names() []string {
	return []string{
		submissionName, npiName, clientTokenName, organizationTokenName,
		keyIDName, publicKeyName, privateKeyName,
	}
}

// maxFile is the most that one file of a package may hold, in bytes. An RSA key
// of 16384 bits in PEM is 13 KiB; nothing else comes near.
const maxFile = 64 << 10

// pack returns the zip. The same contents make the same bytes.
func pack(c Contents) ([]byte, error) {
	files, err := c.files()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		if err := addFile(w, f, c.Submission.CreatedAt); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// addFile stores a file without compression: the page in the browser reads it
// without a decompressor, and nothing that is stored can be a bomb.
func addFile(w *zip.Writer, f file, at time.Time) error {
	header := &zip.FileHeader{Name: f.name, Method: zip.Store, Modified: at.UTC()}
	header.SetMode(0o600)
	body, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = body.Write(f.data)
	return err
}

// unpack reads the zip and verifies what it holds.
func unpack(data []byte) (Contents, error) {
	files, err := readZip(data)
	if err != nil {
		return Contents{}, err
	}
	about, err := parseSubmission(files[submissionName])
	if err != nil {
		return Contents{}, err
	}
	c := Contents{Submission: about, Credentials: credentials(files)}
	if err := c.Verify(); err != nil {
		return Contents{}, err
	}
	return c, nil
}

// foreignHint is for what no version of this program has written.
const foreignHint = "This was not made by dpc-onboard as it is; ask the sender to make the package again, and don't use what came with this one."

// readZip returns the seven files by name. A name that is not one of the seven
// is refused as it is, so a path in a name never reaches the file system.
func readZip(data []byte) (map[string][]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, steps.WithHint(fmt.Errorf("the seal opens, but what is inside is no zip file: %w", err), foreignHint)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		if err := admit(f, files); err != nil {
			return nil, steps.WithHint(err, foreignHint)
		}
		if files[f.Name], err = readFile(f); err != nil {
			return nil, steps.WithHint(err, foreignHint)
		}
	}
	for _, name := range names() {
		if _, ok := files[name]; !ok {
			return nil, steps.WithHint(fmt.Errorf("the package has no file %s", name), foreignHint)
		}
	}
	return files, nil
}

// admit refuses what does not belong in a package before any of it is read.
func admit(f *zip.File, seen map[string][]byte) error {
	switch _, twice := seen[f.Name]; {
	case !slices.Contains(names(), f.Name):
		return fmt.Errorf("the package holds a file that does not belong there: %.80q", f.Name)
	case twice:
		return fmt.Errorf("the package holds %s twice", f.Name)
	case !f.Mode().IsRegular():
		return fmt.Errorf("%s in the package is no ordinary file", f.Name)
	case f.UncompressedSize64 > maxFile:
		return fmt.Errorf("%s in the package is larger than %d bytes", f.Name, maxFile)
	}
	return nil
}

// readFile reads no more than maxFile, whatever the zip's headers say.
func readFile(f *zip.File) ([]byte, error) {
	body, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("can't read %s in the package: %w", f.Name, err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("can't read %s in the package: %w", f.Name, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s in the package is larger than %d bytes", f.Name, maxFile)
	}
	return data, nil
}

// parseSubmission reads submission.json. The schema comes first: of another
// schema nothing else is known.
func parseSubmission(data []byte) (Submission, error) {
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Submission{}, steps.WithHint(errors.New("submission.json in the package can't be read"), foreignHint)
	}
	if version.Schema != Schema {
		return Submission{}, steps.WithHint(
			fmt.Errorf("the package has schema %d, and this version of dpc-onboard reads schema %d", version.Schema, Schema),
			"Get the newest dpc-onboard and open it with that.")
	}
	var s Submission
	if err := json.Unmarshal(data, &s); err != nil {
		return Submission{}, steps.WithHint(errors.New("submission.json in the package can't be read"), foreignHint)
	}
	return s, nil
}
