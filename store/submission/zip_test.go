package submission

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

func TestZipHoldsTheSevenFilesInOrder(t *testing.T) {
	c := contents(t)
	data, err := pack(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"submission.json", "npi.txt", "client-token.txt", "organization-token.txt", "public-key-id.txt", "public-key.pem", "private-key.pem"}
	var got []string
	for _, f := range r.File {
		got = append(got, f.Name)
		if f.Mode() != 0o600 || f.Method != zip.Store || !f.Modified.Equal(testNow()) {
			t.Errorf("%s: mode %v, method %d, time %v", f.Name, f.Mode(), f.Method, f.Modified)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("files = %v", got)
	}
	if body := zipped(t, r, npiName); body != testNPI {
		t.Errorf("npi.txt = %q", body)
	}
	again, err := pack(c)
	if err != nil || !bytes.Equal(again, data) {
		t.Error("the same contents make another zip")
	}
	back, err := unpack(data)
	if err != nil || !same(t, c, back) {
		t.Errorf("unpack: %v", err)
	}
}

func zipped(t *testing.T, r *zip.Reader, name string) string {
	t.Helper()
	f, err := r.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	body, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// crafted makes a zip of any files, as an attacker would.
func crafted(t testing.TB, files []file, change func(int, *zip.FileHeader)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Store}
		if change != nil {
			change(i, header)
		}
		body, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := body.Write(f.data); err != nil && !strings.HasSuffix(f.name, "/") {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// all returns the files of a good package.
func all(t testing.TB) []file {
	t.Helper()
	files, err := contents(t).files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// told returns a package that was changed and given the right digests again.
func told(t testing.TB, change func(*Contents)) []byte {
	t.Helper()
	c := contents(t)
	change(&c)
	c.Submission.Files = c.digests()
	data, err := pack(c)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lying returns a zip whose headers claim that a bomb is small.
func lying(t testing.TB) []byte {
	t.Helper()
	files := all(t)
	files[1].data = make([]byte, 8<<20)
	data := crafted(t, files, nil)
	return bytes.ReplaceAll(data, []byte{0, 0, 0x80, 0}, []byte{10, 0, 0, 0}) // 8 MiB, little-endian
}

func TestUnpackRefuses(t *testing.T) {
	files := all(t)
	with := func(f ...file) []file { return append(slices.Clone(files), f...) }
	renamed := func(i int, name string) []file {
		changed := slices.Clone(files)
		changed[i].name = name
		return changed
	}
	about := func(text string) []file {
		changed := slices.Clone(files)
		changed[0].data = []byte(text)
		return changed
	}
	altered := slices.Clone(files)
	altered[2].data = append(slices.Clone(altered[2].data), 'A')
	bomb := slices.Clone(files)
	bomb[1].data = make([]byte, 8<<20)
	other := keystest.OtherPair(t)
	for _, test := range []struct {
		name, want string
		zip        []byte
	}{
		{"path upwards", "does not belong", crafted(t, renamed(1, "../npi.txt"), nil)},
		{"path upwards beside the right ones", "does not belong", crafted(t, with(file{"../../.ssh/authorized_keys", []byte("x")}), nil)},
		{"absolute path", "does not belong", crafted(t, renamed(1, "/etc/npi.txt"), nil)},
		{"Windows path", "does not belong", crafted(t, with(file{`..\npi.txt`, nil}), nil)},
		{"drive", "does not belong", crafted(t, with(file{`C:npi.txt`, nil}), nil)},
		{"folder", "does not belong", crafted(t, with(file{"folder/", nil}), nil)},
		{"name with a zero byte", "does not belong", crafted(t, renamed(1, "npi.txt\x00.exe"), nil)},
		{"capitals", "does not belong", crafted(t, renamed(1, "NPI.TXT"), nil)},
		{"unexpected file", "does not belong", crafted(t, with(file{"readme.txt", []byte("hello")}), nil)},
		{"terminal codes in a name", `\x1b`, crafted(t, with(file{"\x1b]0;owned\a", nil}), nil)},
		{"twice", "holds a file twice", crafted(t, with(files[1]), nil)},
		{"twice in the place of another", "can't read private-key.pem", crafted(t, append(slices.Clone(files[:6]), files[1]), nil)},
		{"link", "does not belong", crafted(t, files, func(i int, h *zip.FileHeader) {
			if i == 1 {
				h.SetMode(fs.ModeSymlink | 0o777)
			}
		})},
		{"bomb", "does not belong", crafted(t, bomb, func(_ int, h *zip.FileHeader) { h.Method = zip.Deflate })},
		{"one is missing", "can't read private-key.pem", crafted(t, files[:6], nil)},
		{"nothing", "can't read submission.json", crafted(t, nil, nil)},
		{"no zip", "no zip file", []byte("hello")},
		{"empty", "no zip file", nil},
		{"cut short", "no zip file", crafted(t, files, nil)[:500]},
		{"another value", "checksum", crafted(t, altered, nil)},
		{"submission is no JSON", "can't be read", crafted(t, about("hello"), nil)},
		{"submission of a wrong type", "can't be read", crafted(t, about(`{"schema":1,"npi":7}`), nil)},
		{"schema of tomorrow", "schema 2", crafted(t, about(`{"schema":2}`), nil)},
		{"no schema", "can't be read", crafted(t, about(`{}`), nil)},
		{"no digests", "checksum", crafted(t, about(`{"schema":1}`), nil)},
		{"too many digests", "names files that do not belong", func() []byte {
			c := contents(t)
			c.Submission.Files["../x"] = "00"
			data, _ := pack(c)
			return data
		}()},
		{"swapped private key", "not a pair", told(t, func(c *Contents) { c.Credentials.PrivateKey = other.Private() })},
		{"swapped public key", "not a pair", told(t, func(c *Contents) { c.Credentials.PublicKey = other.Public().PEM() })},
		{"swapped pair", "fingerprint", told(t, func(c *Contents) {
			c.Credentials.PublicKey, c.Credentials.PrivateKey = other.Public().PEM(), other.Private()
		})},
		{"wrong fingerprint", "fingerprint", told(t, func(c *Contents) { c.Submission.KeyFingerprint = other.Public().Fingerprint() })},
		{"another organization", "another organization", told(t, func(c *Contents) { c.Submission.OrganizationID = otherID })},
		{"another organization ID in the token field", "different organizations", told(t, func(c *Contents) { c.Credentials.OrganizationToken = keys.NewSecret(otherID) })},
		{"another environment", "token is for sandbox", told(t, func(c *Contents) { c.Submission.Environment = "production" })},
		{"another NPI", "different NPIs", told(t, func(c *Contents) { c.Credentials.NPI = "1003000126" })},
		{"another key ID", "different key IDs", told(t, func(c *Contents) { c.Credentials.KeyID = otherID })},
		{"key ID that is none", "key ID is no UUID", told(t, func(c *Contents) { c.Submission.KeyID, c.Credentials.KeyID = "riverside key", "riverside key" })},
		{"another expiry", "another time", told(t, func(c *Contents) { c.Submission.TokenExpiry = testNow() })},
		{"no private key", "private-key.pem missing", told(t, func(c *Contents) { c.Credentials.PrivateKey = keys.Secret{} })},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := unpack(test.zip)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error = %v, want %q", err, test.want)
			}
			if noHint(err) {
				t.Error("the error has no hint")
			}
			if strings.ContainsRune(err.Error(), '\x1b') {
				t.Error("the error carries terminal codes")
			}
		})
	}
}

func TestReadFileStopsAtABombThatLies(t *testing.T) {
	if _, err := unpack(lying(t)); err == nil {
		t.Fatal("a bomb was unpacked")
	}
	_, err := readZip(lying(t))
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("error = %v", err)
	}
}
