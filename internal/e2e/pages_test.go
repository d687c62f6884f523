//go:build browser

package e2e_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sallyport-dev/sallyport/cors"
)

// eval runs a script in the page, and returns the text that it, or its promise, comes to.
func (b *tab) eval(script string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return got
}

// swagger stands for the script that FastAPI's page gets from a CDN: it fetches the document, and
// writes its title.
const swagger = `function SwaggerUIBundle(o) {
	fetch(o.url).then((r) => r.json()).then((d) => { document.querySelector(o.dom_id).textContent = d.info.title });
}
SwaggerUIBundle.presets = {apis: []};
SwaggerUIBundle.SwaggerUIStandalonePreset = [];`

// TestBrowserDocs: FastAPI's page of documentation, with its scripts from a CDN and in the page,
// works behind the gate.
func TestBrowserDocs(t *testing.T) {
	t.Parallel()
	cdn := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".css") {
			w.Header().Set("Content-Type", "text/css")
			return
		}
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, swagger)
	}))
	t.Cleanup(cdn.Close)
	g := serve(t, "--upstream", fastAPI(t), "--public", "GET /docs", "--public", "GET /openapi.json")

	names := "MAP cdn.jsdelivr.net " + cdn.Listener.Addr().String() + ", MAP fastapi.tiangolo.com " + cdn.Listener.Addr().String()
	b := open(t, g.url+"/docs", chromedp.IgnoreCertErrors, chromedp.Flag("host-resolver-rules", names))
	title := b.eval(`new Promise((done) => {
		const ui = document.querySelector("#swagger-ui");
		const look = () => ui.textContent.trim() ? done(ui.textContent) : requestAnimationFrame(look);
		look();
	})`)
	if title != "Orders of the shop" {
		t.Errorf("the page shows %q", title)
	}
}

// fieldsAPI is an upstream that answers with every field that scripts may read, and takes
// WebSockets and forms.
type fieldsAPI struct {
	*httptest.Server
	sent   atomic.Pointer[http.Header] // with the last PUT
	origin atomic.Pointer[string]      // of the last form
}

func newFieldsAPI(t *testing.T) *fieldsAPI {
	a := &fieldsAPI{}
	mux := http.NewServeMux()
	mux.HandleFunc("/fields", func(w http.ResponseWriter, r *http.Request) {
		if h := r.Header.Clone(); r.Method == http.MethodPut {
			a.sent.Store(&h)
		}
		for _, name := range cors.DefaultExposedHeaders() {
			if name != "Content-Encoding" { // x is none
				w.Header().Set(name, "x")
			}
		}
		w.Header().Set("X-Tenant", "x")
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{}")
	})
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<!doctype html><form method="post" action="/form"><input name="a"></form>`)
	})
	mux.HandleFunc("POST /form", func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		a.origin.Store(&origin)
	})
	mux.HandleFunc("GET /socket", func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		// RFC 6455 §4.2.2
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
		io.Copy(io.Discard, conn)
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// TestBrowserFields: a page of an allowed origin sends every field that is allowed by default, and
// reads every one that is exposed.
func TestBrowserFields(t *testing.T) {
	t.Parallel()
	origin, upstream := site(t, "localhost"), newFieldsAPI(t)
	g := serve(t, "--upstream", upstream.URL, "--allow-origin", origin, "--allow-header", "X-Tenant", "--expose-header", "X-Tenant",
		"--public", "GET /fields", "--public", "PUT /fields", "--public", "OPTIONS /fields")
	b := open(t, origin)

	var fields []string
	for _, name := range append(cors.DefaultHeaders(), "X-Tenant") {
		if name != "Authorization" && name != "Content-Encoding" && name != "Content-Type" {
			fields = append(fields, name, "1")
		}
	}
	fields = append(fields, "Content-Type", "application/json")
	got := b.ask("PUT", g.url+"/fields", "{}", fields...).want(t, 200)
	for _, name := range append(cors.DefaultExposedHeaders(), "X-Tenant") {
		if value, ok := got.Fields[strings.ToLower(name)]; !ok && name != "Content-Encoding" {
			t.Errorf("the page does not read %s (%q)", name, value)
		}
	}
	sent := *upstream.sent.Load()
	for _, name := range []string{"Idempotency-Key", "Sentry-Trace", "Baggage", "If-Match", "X-Requested-With", "X-Xsrf-Token", "X-Tenant"} {
		if sent.Get(name) != "1" {
			t.Errorf("the upstream gets %s: %q", name, sent[name])
		}
	}
	for _, method := range []string{"PATCH", "DELETE", "QUERY"} {
		if got := b.ask(method, g.url+"/fields", ""); got.Error != "" {
			t.Errorf("%s: %s", method, got.Error)
		}
	}
	b.ask("GET", g.url+"/fields", "", "X-Unlisted", "1").unreadable(t)
}

// TestBrowserWebSocket: who may open one.
func TestBrowserWebSocket(t *testing.T) {
	t.Parallel()
	listed, other, upstream := site(t, "localhost"), site(t, "127.0.0.1"), newFieldsAPI(t)
	g := serve(t, "--upstream", upstream.URL, "--allow-origin", listed, "--public", "GET /socket", "--public", "GET /page")
	socket := "ws" + strings.TrimPrefix(g.url, "http") + "/socket"
	for page, want := range map[string]string{listed: "open", other: "refused", g.url + "/page": "open"} {
		got := open(t, page).eval(`new Promise((done) => {
			const socket = new WebSocket("` + socket + `");
			socket.onopen = () => done("open");
			socket.onerror = () => done("refused");
		})`)
		if got != want {
			t.Errorf("from %s: %s, want %s", page, got, want)
		}
	}
}

// TestBrowserForm: the form of a page behind the gate says where it comes from, which frameworks
// compare.
func TestBrowserForm(t *testing.T) {
	t.Parallel()
	upstream := newFieldsAPI(t)
	g := serve(t, "--upstream", upstream.URL, "--public", "GET /page", "--public", "POST /form")
	b := open(t, g.url+"/page")
	b.eval(`document.forms[0].submit(), ""`)
	b.await("the form", func() bool { return b.answers["POST "+g.url+"/form"] != nil })
	if origin := upstream.origin.Load(); origin == nil || *origin != g.url {
		t.Errorf("the form comes from %v, want %s", origin, g.url)
	}
}
