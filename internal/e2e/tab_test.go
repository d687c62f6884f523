//go:build browser

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"
)

// pageHTML can send what the test asks for, and tells what it could read.
const pageHTML = `<!doctype html><title>page</title><script>
async function ask(method, url, body, fields, mode) {
	try {
		const headers = new Headers(fields);
		const credentials = window.withCookies ? 'include' : 'same-origin';
		const answer = await fetch(url, {method, headers, mode, credentials, body: body || undefined});
		return {type: answer.type, status: answer.status, body: await answer.text(), fields: Object.fromEntries(answer.headers)};
	} catch (error) {
		return {error: String(error)};
	}
}
</script>`

// site serves the page, and returns its origin.
func site(t *testing.T, host string) (origin string) {
	return serveSite(t, httptest.NewServer, "http://", host, pageHTML)
}

// secureSite serves the page over TLS; its requests take cookies along.
func secureSite(t *testing.T, host string) (origin string) {
	return serveSite(t, httptest.NewTLSServer, "https://", host, pageHTML+"<script>window.withCookies = true</script>")
}

func serveSite(t *testing.T, serve func(http.Handler) *httptest.Server, scheme, host, html string) (origin string) {
	s := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, html)
	}))
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return scheme + net.JoinHostPort(host, port)
}

// notesAPI is an upstream that knows no CORS, and counts its requests.
type notesAPI struct {
	*httptest.Server
	requests atomic.Int64
}

const notesBody = `[{"id":1,"text":"hello"}]`

// notes starts an API whose GET answers with the notes, and everything else with
// what it got.
func notes(t *testing.T) *notesAPI {
	n := &notesAPI{}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.requests.Add(1)
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, notesBody)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}))
	t.Cleanup(n.Close)
	return n
}

// tab is a page in a Chromium of its own, whose profile is new.
type tab struct {
	t       *testing.T
	ctx     context.Context
	changed chan struct{} // something was sent or answered

	mu      sync.Mutex
	asked   map[network.RequestID]string
	sent    map[string]int // by method and address
	answers map[string]*network.Response
}

// open opens an origin's page.
func open(t *testing.T, origin string, options ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	path := find(t, "run `make browser`, or Debian: apt-get install chromium; macOS: brew install --cask chromium",
		"chromium", "chromium-browser", "google-chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
	all := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		all = append(all, chromedp.Flag(flag, true))
	}
	ctx, end := chromedp.NewExecAllocator(t.Context(), append(all, options...)...)
	t.Cleanup(end)
	ctx, shut := chromedp.NewContext(ctx)
	t.Cleanup(shut)
	b := &tab{
		t: t, ctx: ctx, changed: make(chan struct{}, 1),
		asked: map[network.RequestID]string{}, sent: map[string]int{}, answers: map[string]*network.Response{},
	}
	// The first call starts the browser, which lives as long as its context: no limit.
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.visit(origin)
	return b
}

// visit opens an address.
func (b *tab) visit(url string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatal(err)
	}
}

// note keeps what the browser sends and gets, preflights included.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		request := e.Request.Method + " " + e.Request.URL
		b.asked[e.RequestID] = request
		b.sent[request]++
	case *network.EventResponseReceived:
		b.answers[b.asked[e.RequestID]] = e.Response
	default:
		return
	}
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// await waits for something to be noted.
func (b *tab) await(what string, noted func() bool) {
	b.t.Helper()
	over := time.After(limit)
	for {
		b.mu.Lock()
		done := noted()
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-b.changed:
		case <-over:
			b.t.Fatalf("%s was not seen; sent were %v", what, b.sent)
		}
	}
}

// read is what the page could read of an answer.
type read struct {
	to     string
	Error  string            `json:"error"`
	Type   string            `json:"type"`
	Status int               `json:"status"`
	Body   string            `json:"body"`
	Fields map[string]string `json:"fields"`
}

// ask has the page send a request; a body is JSON unless a field says otherwise.
func (b *tab) ask(method, url, body string, fields ...string) *read {
	b.t.Helper()
	return b.fetch("cors", method, url, body, fields)
}

// embed has the page fetch an address the way an image or a script is.
func (b *tab) embed(url string) *read {
	b.t.Helper()
	return b.fetch("no-cors", "GET", url, "", nil)
}

func (b *tab) fetch(mode, method, url, body string, fields []string) *read {
	b.t.Helper()
	set := map[string]string{}
	if body != "" {
		set["Content-Type"] = "application/json"
	}
	for i := 0; i < len(fields); i += 2 {
		set[fields[i]] = fields[i+1]
	}
	var args []string
	for _, arg := range []any{method, url, body, set, mode} {
		text, err := json.Marshal(arg)
		if err != nil {
			b.t.Fatal(err)
		}
		args = append(args, string(text))
	}
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[*read]("ask("+strings.Join(args, ", ")+")", chromedp.EvalAwaitPromise))
	if err != nil || got == nil {
		b.t.Fatalf("%s %s: the page gave no answer: %v", method, url, err)
	}
	got.to = mode + " " + method + " " + url
	return got
}

// want fails the test unless the page could read this status.
func (r *read) want(t *testing.T, status int) *read {
	t.Helper()
	if r.Status != status || r.Error != "" {
		t.Fatalf("%s: the page reads %+v, want %d", r.to, r, status)
	}
	return r
}

// problem fails the test unless the page could read this problem.
func (r *read) problem(t *testing.T, status int, code string) *read {
	t.Helper()
	r.want(t, status)
	var p struct {
		Status int    `json:"status"`
		Code   string `json:"code"`
	}
	r.into(t, &p)
	if r.Fields["content-type"] != "application/problem+json" || p.Status != status || p.Code != code {
		t.Errorf("%s: the page reads %+v, want the problem %s", r.to, r, code)
	}
	return r
}

// unreadable fails the test unless the page could read nothing.
func (r *read) unreadable(t *testing.T) {
	t.Helper()
	if r.Error != "TypeError: Failed to fetch" || r.Status != 0 || r.Body != "" || len(r.Fields) != 0 {
		t.Errorf("%s: the page reads %+v, want nothing", r.to, r)
	}
}

// into reads the JSON body.
func (r *read) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), v); err != nil {
		t.Fatalf("%s: %v\n%s", r.to, err, r.Body)
	}
}
