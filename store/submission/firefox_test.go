package submission

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpc-onboard/keys/keystest"
)

// firefox is one headless Firefox, driven by its own protocol, Marionette: a
// message is a length, a colon and [0, id, command, parameters], and its answer
// [1, id, error, result].
type firefox struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	sent int
}

func newFirefox(t *testing.T) *firefox {
	t.Helper()
	path := ""
	for _, name := range []string{"firefox", "firefox-esr"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
		}
	}
	if path == "" {
		keystest.Missing(t, "firefox is not installed")
	}
	profile, port := t.TempDir(), freePort(t)
	put(t, filepath.Join(profile, "user.js"), fmt.Appendf(nil,
		"user_pref(\"marionette.port\", %s);\nuser_pref(\"network.proxy.type\", 1);\nuser_pref(\"network.proxy.ssl\", \"127.0.0.1\");\nuser_pref(\"network.proxy.ssl_port\", 9);\n", port))
	cmd := exec.Command(path, "--headless", "--marionette", "--no-remote", "--profile", profile)
	cmd.Env = append(os.Environ(), "HOME="+profile)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	f := &firefox{t: t, conn: dial(t, port)}
	f.in = bufio.NewReader(f.conn)
	f.read() // the greeting
	f.send("WebDriver:NewSession", map[string]any{})
	return f
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// dial waits for Firefox, which says nowhere else that it is ready.
func dial(t *testing.T, port string) net.Conn {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	for again := time.NewTicker(50 * time.Millisecond); ; {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			return conn
		}
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatal("firefox does not answer")
		}
	}
}

func (f *firefox) read() []byte {
	f.t.Helper()
	length, err := f.in.ReadString(':')
	if err != nil {
		f.t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil {
		f.t.Fatal(err)
	}
	message := make([]byte, n)
	if _, err := io.ReadFull(f.in, message); err != nil {
		f.t.Fatal(err)
	}
	return message
}

func (f *firefox) send(command string, parameters map[string]any) any {
	f.t.Helper()
	f.sent++
	message, err := json.Marshal([]any{0, f.sent, command, parameters})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(f.conn, "%d:%s", len(message), message); err != nil {
		f.t.Fatal(err)
	}
	var answer [4]any
	if err := json.Unmarshal(f.read(), &answer); err != nil {
		f.t.Fatal(err)
	}
	if answer[2] != nil {
		f.t.Fatalf("%s: %v", command, answer[2])
	}
	return answer[3]
}

func (f *firefox) element(selector string) string {
	f.t.Helper()
	found := f.send("WebDriver:FindElement", map[string]any{"using": "css selector", "value": selector})
	for _, id := range found.(map[string]any)["value"].(map[string]any) {
		return id.(string)
	}
	f.t.Fatalf("there is no %s", selector)
	return ""
}

func (f *firefox) click(selector string) {
	f.t.Helper()
	f.send("WebDriver:ElementClick", map[string]any{"id": f.element(selector)})
}

// ask evaluates an expression in the page, and waits where it is a promise.
func (f *firefox) ask(expression string) string {
	f.t.Helper()
	result := f.send("WebDriver:ExecuteAsyncScript", map[string]any{
		"script": "const done = arguments[0]; Promise.resolve(" + expression + ").then((v) => done(String(v)))", "args": []any{},
	})
	return fmt.Sprint(result.(map[string]any)["value"])
}

func (f *firefox) until(expression string) {
	f.t.Helper()
	f.ask(`new Promise((done) => { const look = () => (` + expression + `) ? done("") : setTimeout(look, 10); look(); })`)
}

func (f *firefox) typePassphrase(text string) {
	f.t.Helper()
	field := f.element("#passphrase")
	f.send("WebDriver:ElementClear", map[string]any{"id": field})
	const enter = "\ue007" // WebDriver's code for the key
	f.send("WebDriver:ElementSendKeys", map[string]any{"id": field, "text": text + enter})
}

func TestFirefoxOpensThePage(t *testing.T) {
	c := contents(t)
	path := put(t, filepath.Join(t.TempDir(), "package.html"), closed(t, c, under(htmlFormat, testPass(), htmlIterations)))
	f := newFirefox(t)
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	f.send("WebDriver:Navigate", map[string]any{"url": address.String()})
	f.typePassphrase(wrongPass)
	f.until(`!document.getElementById("message").hidden`)
	if got := f.ask(`document.getElementById("message").textContent`); !strings.Contains(got, "does not open the package") {
		t.Errorf("wrong passphrase: %q", got)
	}
	f.typePassphrase(testPass().Reveal())
	f.until(`!document.getElementById("opened").hidden`)
	if got := f.ask(`document.getElementById("verdict").textContent`); !strings.Contains(got, "every item is what its checksum says") {
		t.Errorf("verdict = %q", got)
	}
	for _, item := range c.items() {
		at := `[data-name="` + item.name + `"] `
		f.click(at + ".show")
		if got := f.ask(`document.querySelector('` + at + `pre').textContent`); got != string(item.data) {
			t.Errorf("%s is not shown as it is", item.name)
		}
		f.click(at + ".copy")
		f.until(`document.getElementById("status").textContent.endsWith(" copied")`)
		f.click(at + ".save")
		f.until(`document.getElementById("status").textContent.startsWith("` + item.name + `")`)
	}
	refused := `new Promise((done) => { document.addEventListener("securitypolicyviolation", (e) => done(e.effectiveDirective), { once: true }); fetch("https://198.51.100.1/").catch(() => {}); })`
	if got := f.ask(refused); got != "connect-src" {
		t.Errorf("a request violates %q", got)
	}
}
