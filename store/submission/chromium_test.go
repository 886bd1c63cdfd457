package submission

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dpc-onboard/keys/keystest"
)

// chromium is one headless browser with the network off, and a page in it.
type chromium struct {
	t         *testing.T
	ctx       context.Context
	downloads string

	mu       sync.Mutex
	requests []string          // what the page asked for
	trouble  []string          // what the browser says against the page
	saved    map[string]string // names of downloads by their ID
	finished chan string       // IDs of finished downloads
}

// browserPath returns the browser's command.
func browserPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	keystest.Missing(t, "chromium is not installed")
	return ""
}

func newChromium(t *testing.T) *chromium {
	t.Helper()
	dir := t.TempDir()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(browserPath(t)), chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"), chromedp.ProxyServer("http://127.0.0.1:9"),
	}
	for _, name := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-extensions", "disable-dev-shm-usage",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(allocated)
	t.Cleanup(leave)
	b := &chromium{t: t, ctx: ctx, downloads: filepath.Join(dir, "downloads"), saved: map[string]string{}, finished: make(chan string, 16)}
	b.attend()
	return b
}

// attend begins to listen, and takes the network away.
func (b *chromium) attend() {
	b.t.Helper()
	b.must(chromedp.Listen(b.ctx, b.listen))
	b.must(chromedp.ListenBrowser(b.ctx, b.listen))
	ctx, release := context.WithTimeout(b.ctx, time.Minute)
	b.t.Cleanup(release)
	b.ctx = ctx
	call(b, network.Enable, network.EnableParams{})
	call(b, cdplog.Enable, cdp.Empty{})
	call(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: true})
	b.do(chromedp.EmulateViewport(1100, 800))
	events := true
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: b.downloads, EventsEnabled: &events,
	})
	b.must(err)
	_, err = chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted,
	})
	b.must(err)
}

func call[P, R any](b *chromium, command cdp.Command[P, R], params P) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, command, params)
	b.must(err)
}

func (b *chromium) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *chromium) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *cdplog.EventEntryAdded:
		b.trouble = append(b.trouble, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, "console."+string(e.Type))
	case *browser.EventDownloadWillBegin:
		b.saved[e.GUID] = e.SuggestedFilename
	case *browser.EventDownloadProgress:
		if e.State == browser.DownloadProgressStateCompleted {
			b.finished <- e.GUID
		}
	}
}

func (b *chromium) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, actions...))
}

// ask evaluates an expression in the page.
func (b *chromium) ask(expression string) string {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	b.must(err)
	return value
}

// promise waits for an expression's promise, as after a click of the person.
func (b *chromium) promise(expression string) string {
	b.t.Helper()
	gesture := true
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise, func(p *runtime.EvaluateParams) { p.UserGesture = &gesture }))
	b.must(err)
	return value
}

// until waits until an expression in the page is true.
func (b *chromium) until(expression string) {
	b.t.Helper()
	b.promise(`new Promise((done) => { const look = () => (` + expression + `) ? done("") : setTimeout(look, 10); look(); })`)
}

// pasted returns the clipboard.
func (b *chromium) pasted() string {
	b.t.Helper()
	return b.promise("navigator.clipboard.readText()")
}

// download returns the name and the content of the next finished download.
func (b *chromium) download() (name, data string) {
	b.t.Helper()
	select {
	case id := <-b.finished:
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.saved[id], string(readFileT(b.t, filepath.Join(b.downloads, id)))
	case <-b.ctx.Done():
		b.t.Fatal("the download did not finish")
		return "", ""
	}
}

// visit opens a sealed page from disk.
func (b *chromium) visit(data []byte) {
	b.t.Helper()
	path := put(b.t, filepath.Join(b.t.TempDir(), "dpc-1234567893-sandbox-20261123.html"), data)
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	b.do(chromedp.Navigate(address.String()), chromedp.WaitVisible("#passphrase"))
}

func (b *chromium) typePassphrase(text string) {
	b.t.Helper()
	b.clear()
	b.do(chromedp.SendKeys("#passphrase", text+kb.Enter))
}

func (b *chromium) clear() {
	b.t.Helper()
	b.ask(`document.getElementById("passphrase").value = ""`)
}

// picture saves screenshots of the whole page, in light and dark, wide and
// narrow, where DPC_PICTURES names a folder. They are for people to look at.
func (b *chromium) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("DPC_PICTURES")
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		for label, width := range map[string]int64{"wide": 1100, "narrow": 360} {
			b.do(chromedp.EmulateViewport(width, 800))
			shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			b.must(err)
			put(b.t, filepath.Join(dir, strings.Join([]string{name, scheme, label}, "-")+".png"), shot)
		}
	}
	b.do(chromedp.EmulateViewport(1100, 800))
}
