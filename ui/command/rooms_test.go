// This file holds the repository to its plan: which room may import which, that
// the pure rooms stay pure, what lies at the top level, that no secret lies in
// any file, and that functions, files and types stay small enough to read.
package command_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "dpc-onboard"
	root   = "../.." // of the repository, from the folder in which this test runs
)

// arrows says which rooms each room may import. A package below a room belongs to
// the nearest room at or above it, and packages of one room may import each other.
// What is made for tests alone (a folder whose name ends in test) is imported by none
// of the others. This is the one place where the arrows are checked.
var arrows = map[string][]string{
	"main":              {"ui/command"},
	"keys":              {},
	"keys/keystest":     {"keys"},
	"steps/text":        {},
	"steps/portal":      {},
	"steps/check":       {"steps/portal", "steps/text"},
	"steps/record":      {"keys", "steps/check", "steps/portal", "steps/text"},
	"steps/sftpurl":     {"steps/record", "steps/text"},
	"steps":             {"keys", "steps/check", "steps/portal", "steps/record", "steps/sftpurl", "steps/text"},
	"steps/stepstest":   {"keys", "keys/keystest", "steps", "steps/check", "steps/record", "steps/text"},
	"steps/dpc":         {"keys", "steps", "steps/check", "steps/record", "steps/text"},
	"steps/dpc/dpctest": {"keys", "keys/keystest", "steps", "steps/check", "steps/record", "steps/text"},
	"store":             {}, // a comment for whoever looks in here first
	"store/wait":        {},
	"store/disk":        {"steps/record", "steps/text"},
	"store/progress":    {"keys", "steps/record", "steps/text", "store/disk", "store/wait"},
	"store/secrets":     {"keys", "steps/record", "steps/text", "store/disk", "store/wait"},
	"store/submission":  {"keys", "steps/record", "steps/text", "store/disk", "store/wait"},
	"store/sftp":        {"keys", "steps/record", "steps/sftpurl", "steps/text", "store/disk", "store/wait"},
	"ui/wizard":         {"keys", "steps", "steps/check", "steps/record", "steps/text"},
	"ui/plain":          {"keys", "steps", "steps/check", "steps/record", "steps/text"},
	"ui/command": {
		"keys", "steps", "steps/check", "steps/dpc", "steps/portal", "steps/record", "steps/sftpurl", "steps/text",
		"store/disk", "store/progress", "store/secrets", "store/sftp", "store/submission", "store/wait",
		"ui/plain", "ui/wizard",
	},
}

// pure are the rooms that know no terminal, no network, no file and no clock.
var pure = []string{"keys", "steps", "steps/check", "steps/portal", "steps/record", "steps/sftpurl", "steps/text"}

// forTests lists what the tests of any room may import on top of its arrows: what is
// made for them, and the values that a state is built of.
var forTests = []string{"keys/keystest", "steps/stepstest", "steps/dpc/dpctest", "steps/check", "steps/record"}

// pkg is what `go list` tells of one package.
type pkg struct {
	ImportPath, Dir, Doc      string
	GoFiles, Imports          []string
	TestImports, XTestImports []string
}

func TestArrowsBetweenRooms(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		imports, inTests := map[string][]string{}, map[string][]string{}
		for _, p := range list(t, goos) {
			imports[p.ImportPath] = p.Imports
			inTests[p.ImportPath] = slices.DeleteFunc(slices.Concat(p.TestImports, p.XTestImports), func(i string) bool {
				return i == p.ImportPath || slices.Contains(forTests, strings.TrimPrefix(i, module+"/"))
			})
		}
		for _, v := range violations(arrows, imports) {
			t.Errorf("%s: %s", goos, v)
		}
		for _, v := range violations(arrows, inTests) {
			t.Errorf("%s, in tests: %s", goos, v)
		}
	}
}

// TestForbiddenArrowsAreSeen makes sure that the test above can fail.
func TestForbiddenArrowsAreSeen(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"keys", "fmt", ""},
		{"steps", "keys", ""},
		{"steps", "steps/record", ""},
		{"ui/wizard/form", "ui/wizard/card", ""},
		{"ui/wizard/form", "steps", ""},
		{"ui/command", "store/submission/page", ""},
		{"", "ui/command", ""},
		{"keys", "steps", "keys must not import steps"},
		{"steps/text", "steps", "steps/text must not import steps"},
		{"steps/record", "steps", "steps/record must not import steps"},
		{"steps", "steps/dpc", "steps must not import steps/dpc"},
		{"steps", "store/disk", "steps must not import store/disk"},
		{"steps/dpc", "keys/keystest", "steps/dpc must not import keys/keystest"},
		{"store/secrets", "steps", "store/secrets must not import steps"},
		{"store/submission", "store/sftp", "store/submission must not import store/sftp"},
		{"ui/wizard", "ui/plain", "ui/wizard must not import ui/plain"},
		{"ui/wizard/form", "store/disk", "ui/wizard/form must not import store/disk"},
		{"ui/plain", "ui/command", "ui/plain must not import ui/command"},
		{"", "steps", "main must not import steps"},
		{"helpers", "fmt", "helpers is in no room"},
		{"ui", "fmt", "ui is in no room"},
		{"steps", "helpers", "steps must not import helpers"},
	} {
		from, to := path.Join(module, c.from), c.to
		if to != "fmt" {
			to = path.Join(module, to)
		}
		got := strings.Join(violations(arrows, map[string][]string{from: {to}}), "; ")
		if got != c.want {
			t.Errorf("%q → %q: got %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// violations compares what packages import with what the table allows.
func violations(table, imports map[string][]string) []string {
	var found []string
	for from, all := range imports {
		from = short(from)
		room := roomOf(table, from)
		if room == "" {
			found = append(found, from+" is in no room")
			continue
		}
		for _, to := range all {
			if to != module && !strings.HasPrefix(to, module+"/") {
				continue
			}
			target := roomOf(table, short(to))
			if target != room && !slices.Contains(table[room], target) {
				found = append(found, from+" must not import "+short(to))
			}
		}
	}
	slices.Sort(found)
	return found
}

func short(importPath string) string {
	return cmp.Or(strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/"), "main")
}

// roomOf returns the nearest entry of the table at or above a package, or "".
func roomOf(table map[string][]string, p string) string {
	for ; p != "."; p = path.Dir(p) {
		if _, ok := table[p]; ok {
			return p
		}
	}
	return ""
}

// impureImports are closed to the pure rooms: terminal, network, files and
// processes.
var impureImports = []string{
	"net", "os", "io/fs", "io/ioutil", "syscall", "embed", "plugin", "runtime", "testing", "unsafe",
	"golang.org/x/term", "golang.org/x/sys", "charm.land", "github.com/charmbracelet", "github.com/spf13",
	"github.com/zalando", "github.com/creack", "github.com/adrg", "github.com/gofrs",
}

// impureNames are closed to the pure rooms: clocks, chance and output of their own.
// What path/filepath has left is pure.
var impureNames = map[string][]string{
	"time":                   {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"crypto/rand":            {"Reader", "Read", "Int", "Prime", "Text"},
	"math/rand":              {"*"},
	"math/rand/v2":           {"*"},
	"fmt":                    {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"log":                    {"*"},
	"log/slog":               {"Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "Default", "SetDefault", "New"},
	"path/filepath":          {"Abs", "EvalSymlinks", "Glob", "Walk", "WalkDir"},
	"context":                {"Background", "TODO"},
	"github.com/google/uuid": {"New", "NewString", "NewRandom", "NewUUID", "NewV6", "NewV7"},
}

func TestPureRoomsArePure(t *testing.T) {
	for _, p := range list(t, "linux") {
		if !slices.Contains(pure, short(p.ImportPath)) {
			continue
		}
		for _, name := range p.GoFiles {
			for _, found := range impurities(t, filepath.Join(p.Dir, name), nil) {
				t.Errorf("%s/%s: %s", short(p.ImportPath), name, found)
			}
		}
	}
}

// TestImpuritiesAreSeen makes sure that the test above can fail.
func TestImpuritiesAreSeen(t *testing.T) {
	for source, want := range map[string]string{
		`import "net/url"; var _ = url.Parse`:                "",
		`import "net/netip"; var _ = netip.ParseAddr`:        "",
		`import "time"; func f(t time.Time) { t.After(t) }`:  "",
		`import "path/filepath"; var _ = filepath.Join`:      "",
		`import "crypto/rand"; type R struct{ rand.Reader }`: "line 1 uses crypto/rand.Reader",
		`import "net/http"`:                                  "imports net/http",
		`import "log/slog"; var _ slog.LogValuer = x{}`:      "",
		`import "log/slog"; func f() { slog.Info("") }`:      "line 1 uses log/slog.Info",
		`import "os"`:                                                 "imports os",
		`import "os/exec"`:                                            "imports os/exec",
		`import tea "charm.land/bubbletea/v2"`:                        "imports charm.land/bubbletea/v2",
		`import "time"; var now = time.Now`:                           "line 1 uses time.Now",
		`import clock "time"; func f() { clock.Sleep(1) }`:            "line 1 uses time.Sleep",
		`import "math/rand/v2"; func f() { rand.IntN(1) }`:            "line 1 uses math/rand/v2.IntN",
		`import "github.com/google/uuid"; func f() { uuid.New() }`:    "line 1 uses github.com/google/uuid.New",
		`import . "time"`:                                             "imports time by a dot",
		`import "fmt"; func f() { fmt.Sprint(); fmt.Println() }`:      "line 1 uses fmt.Println",
		`import "context"; func f() { g(context.Background()) }`:      "line 1 uses context.Background",
		`func f() { println() }`:                                      "line 1 uses println",
		`import "time"; func f() { time := clock{}; _ = time.Now() }`: "line 1 uses time.Now",
	} {
		if got := strings.Join(impurities(t, "x.go", "package x; "+source), "; "); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

// impurities reads one file, or source where it is not nil, and tells what in it
// reaches outside. A local variable that bears a package's name counts as the
// package: a name like that is worth changing anyway.
func impurities(t *testing.T, name string, source any) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	names := map[string]string{}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		local := packageName(imported)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		names[local] = imported
		if imported != "net/url" && imported != "net/netip" && slices.ContainsFunc(impureImports, func(p string) bool {
			return imported == p || strings.HasPrefix(imported, p+"/")
		}) {
			found = append(found, "imports "+imported)
		}
		if local == "." {
			found = append(found, "imports "+imported+" by a dot")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if use := impureUse(n, names); use != "" {
			found = append(found, fmt.Sprintf("line %d uses %s", set.Position(n.Pos()).Line, use))
		}
		return true
	})
	return found
}

// packageName guesses the name of a package by its import path.
func packageName(importPath string) string {
	base := path.Base(importPath)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(importPath))
	}
	return base
}

func impureUse(n ast.Node, names map[string]string) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
			return f.Name
		}
	case *ast.SelectorExpr:
		x, ok := n.X.(*ast.Ident)
		if !ok {
			return ""
		}
		closed := impureNames[names[x.Name]]
		if slices.Contains(closed, n.Sel.Name) || slices.Contains(closed, "*") {
			return names[x.Name] + "." + n.Sel.Name
		}
	}
	return ""
}

func TestTopLevelIsThePlan(t *testing.T) {
	want := []string{"README.md", "go.mod", "go.sum", "keys", "main.go", "steps", "store", "ui"}
	var got []string
	for _, name := range tracked(t) {
		top, _, _ := strings.Cut(name, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(got, top) {
			got = append(got, top)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("visible top level: got %v, want %v", got, want)
	}
}

// secretMarks begin what must be in no file: private keys, and client tokens in
// the forms in which DPC's portal shows them. None of them is written whole here.
var secretMarks = []string{
	"BEGIN " + "PRIVATE KEY", "BEGIN RSA " + "PRIVATE KEY", "BEGIN EC " + "PRIVATE KEY",
	"BEGIN ENCRYPTED " + "PRIVATE KEY", "BEGIN OPENSSH " + "PRIVATE KEY", "BEGIN PGP " + "PRIVATE KEY",
	"AGE-SECRET-" + "KEY-1", "W3sid" + "iI6", "W3siaS" + "I6", "eyJ2Ij" + "oy",
}

// damaged lists files that hold one of the marks and no secret, with the reason.
var damaged = map[string]string{}

func TestNoSecretLiesInAnyFile(t *testing.T) {
	for _, name := range tracked(t) {
		if strings.HasSuffix(name, ".go") && !strings.Contains(name, "testdata/") {
			continue // tests make what they need, and name the marks
		}
		if _, ok := damaged[name]; ok {
			continue
		}
		for _, mark := range marks(read(t, name)) {
			t.Errorf("%s holds %q", name, mark)
		}
	}
}

// TestSecretMarksAreSeen makes sure that the test above can fail.
func TestSecretMarksAreSeen(t *testing.T) {
	for _, mark := range secretMarks {
		if got := marks([]byte("token: " + mark + "…")); !slices.Equal(got, []string{mark}) {
			t.Errorf("%q: got %q", mark, got)
		}
	}
	if got := marks([]byte("-----BEGIN PUBLIC KEY-----")); got != nil {
		t.Errorf("a public key is no secret: got %q", got)
	}
}

func marks(data []byte) []string {
	var found []string
	for _, mark := range secretMarks {
		if bytes.Contains(data, []byte(mark)) {
			found = append(found, mark)
		}
	}
	return found
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range list(t, "linux") {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", short(p.ImportPath))
		}
	}
}

// Upper bounds: lines from the first to the last, both counted, and methods.
const (
	longestFile     = 500
	longestFunction = 60
	mostMethods     = 40
)

func TestNothingGetsTooLarge(t *testing.T) {
	set := token.NewFileSet()
	methods := map[string]int{} // of "folder.Type"
	for _, name := range tracked(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, read(t, name), parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if n := set.Position(file.FileEnd).Line; n > longestFile {
			t.Errorf("%s has %d lines, more than %d", name, n, longestFile)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch f := n.(type) {
			case *ast.FuncDecl:
				if receiver := receiverName(f); receiver != "" {
					methods[path.Dir(name)+"."+receiver]++
				}
			case *ast.FuncLit:
			default:
				return true
			}
			if lines := set.Position(n.End()).Line - set.Position(n.Pos()).Line + 1; lines > longestFunction {
				t.Errorf("%s: a function of %d lines, more than %d", set.Position(n.Pos()), lines, longestFunction)
			}
			return true
		})
	}
	for name, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods, more than %d", name, n, mostMethods)
		}
	}
}

// receiverName names the type that a method belongs to; "" for a function.
func receiverName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	for {
		switch x := of.(type) {
		case *ast.StarExpr:
			of = x.X
		case *ast.IndexExpr: // of a type with a parameter
			of = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// list returns the module's packages as an operating system has them.
func list(t *testing.T, goos string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Doc,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir, cmd.Stderr = root, t.Output()
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// tracked returns the repository's files, with slashes. Without git (a source
// archive) these are all files there are.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil {
		names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		return slices.DeleteFunc(names, func(name string) bool {
			_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
			return errors.Is(err, fs.ErrNotExist) // deleted, and not yet committed
		})
	}
	var names []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name == ".git":
			return fs.SkipDir
		case !d.IsDir():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
