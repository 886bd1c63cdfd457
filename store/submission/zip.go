package submission

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"dpc-onboard/steps/record"
)

// This file is the zip inside every seal. It is made and read in memory, and what
// is read comes from strangers: seven names, each once, none compressed.

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
var names = []string{
	submissionName, npiName, clientTokenName, organizationTokenName,
	keyIDName, publicKeyName, privateKeyName,
}

// pack returns the zip. The same contents make the same bytes.
func pack(c Contents) ([]byte, error) {
	files, err := c.files()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		// Without compression the page in the browser needs no decompressor, and nothing
		// that is stored can be a bomb.
		header := &zip.FileHeader{Name: f.name, Method: zip.Store, Modified: c.Submission.CreatedAt.UTC()}
		header.SetMode(0o600)
		body, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := body.Write(f.data); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
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
		return nil, record.WithHint(fmt.Errorf("the seal opens, but what is inside is no zip file: %w", err), foreignHint)
	}
	for _, f := range r.File {
		if !slices.Contains(names, f.Name) || !f.Mode().IsRegular() || f.Method != zip.Store {
			return nil, record.WithHint(fmt.Errorf("the package holds something that does not belong there: %.80q", f.Name), foreignHint)
		}
	}
	if len(r.File) > len(names) {
		return nil, record.NewProblem("the package holds a file twice", foreignHint)
	}
	files := map[string][]byte{}
	for _, name := range names {
		f, err := r.Open(name)
		if err == nil {
			files[name], err = io.ReadAll(f) // what is not compressed is no larger than the zip
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return nil, record.WithHint(fmt.Errorf("can't read %s in the package: %w", name, err), foreignHint)
		}
	}
	return files, nil
}

// parseSubmission reads submission.json. A newer schema is known for one even where
// a field has another form in it.
func parseSubmission(data []byte) (s Submission, err error) {
	err = json.Unmarshal(data, &s)
	switch {
	case s.Schema > Schema:
		return Submission{}, record.WithHint(
			fmt.Errorf("the package has schema %d, and this version of dpc-onboard reads schema %d", s.Schema, Schema),
			"Get the newest dpc-onboard and open it with that.")
	case err != nil || s.Schema != Schema:
		return Submission{}, record.NewProblem("submission.json in the package can't be read", foreignHint)
	}
	return s, nil
}
