package sallyport_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/token"
)

// The world of the tests: an issuer with one key, an API, an app of another origin.
const (
	issuerName = "https://id.example"
	apiName    = "https://api.example"
	appOrigin  = "https://app.example"
)

var privateKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

// world is a Gate in front of a handler, with all it writes.
type world struct {
	testing.TB
	http.Handler
	audit, errors *bytes.Buffer
}

// newWorld builds a Gate around a mux; change may alter the config.
func newWorld(t testing.TB, next http.Handler, change func(*sallyport.Config)) *world {
	t.Helper()
	return newGate(t, next, new(*sallyport.Gate), change)
}

// newGate does the same, and hands out the Gate.
func newGate(t testing.TB, next http.Handler, made **sallyport.Gate, change func(*sallyport.Config)) *world {
	t.Helper()
	w := &world{TB: t, audit: &bytes.Buffer{}, errors: &bytes.Buffer{}}
	log, err := audit.New(audit.Config{Out: w.audit, App: "test", Patience: time.Minute, Burst: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	cfg := sallyport.Config{
		Issuers:  []token.Issuer{foreignIssuer()},
		CORS:     cors.Config{Origins: []string{appOrigin}},
		Audit:    log,
		ErrorLog: slog.New(slog.NewTextHandler(w.errors, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	gate, err := sallyport.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	*made, w.Handler = gate, gate.Handler(next)
	return w
}

func foreignIssuer() token.Issuer {
	return token.Issuer{Name: issuerName, Audiences: []string{apiName}, Keys: []token.Key{{ID: "k1", Algorithm: token.ES256, Public: &privateKey().PublicKey}}}
}

// send sends one request as the app's script would.
func (w *world) send(method, target string, fields http.Header, body string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "api.example"
	maps.Copy(r.Header, fields)
	if r.Header.Get("Origin") == "" {
		r.Header.Set("Origin", appOrigin)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Result()
}

// request sends one request with just these fields.
func (w *world) request(method, target string, fields http.Header) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "api.example"
	maps.Copy(r.Header, fields)
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Result()
}

// forge signs any header and payload text with the world's key.
func forge(head, body string) string {
	b := base64.RawURLEncoding
	input := b.EncodeToString([]byte(head)) + "." + b.EncodeToString([]byte(body))
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, privateKey(), digest[:])
	if err != nil {
		panic(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + b.EncodeToString(sig)
}

const goodHead = `{"alg":"ES256","kid":"k1","typ":"at+jwt"}`

// claims is a good payload with some claims replaced; nil takes one out.
func claims(change map[string]any) string {
	c := map[string]any{
		"iss": issuerName, "sub": "u1", "aud": apiName, "exp": time.Now().Add(time.Hour).Unix(),
		"iat": time.Now().Unix(), "scope": "notes:read", "roles": []string{"user"},
	}
	for name, value := range change {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	out, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return string(out)
}

// as is the header fields of a caller.
func as(subject string) http.Header {
	return bearer(forge(goodHead, claims(map[string]any{"sub": subject})))
}

func bearer(raw string) http.Header { return http.Header{"Authorization": {"Bearer " + raw}} }

// answerProblem is the body of a problem.
type answerProblem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
	Code     string `json:"code"`
	Status   int    `json:"status"`
	Errors   []struct {
		Pointer string `json:"pointer"`
		Code    string `json:"code"`
	} `json:"errors"`
	Violated []string `json:"violated-policies"`
}

// wantProblem checks that an answer is a whole problem: the form, all the security
// headers, and the CORS fields that let the app read it.
func wantProblem(t testing.TB, res *http.Response, status int, code string) answerProblem {
	t.Helper()
	var p answerProblem
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != status || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("status %d and %q, want %d and a problem: %s", res.StatusCode, res.Header.Get("Content-Type"), status, body)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("not strict JSON: %v: %s", err, body)
	}
	// Who asks too often is told with what was made before, which names no request.
	named := strings.HasPrefix(p.Instance, "urn:sallyport:request:") || p.Instance == "" && slices.Equal(p.Violated, []string{"client"})
	if p.Status != status || p.Code != code || p.Title == "" || p.Detail == "" || !named {
		t.Errorf("problem %+v, want the status %d and the code %s", p, status, code)
	}
	wantFields(t, res.Header)
	return p
}

// wantFields checks the fields that every answer has.
func wantFields(t testing.TB, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
		"Access-Control-Allow-Origin":  appOrigin,
	} {
		if got := h[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(strings.Join(h["Vary"], ","), "Origin") {
		t.Errorf("Vary: %q", h["Vary"])
	}
	if !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Retry-After") && h.Get("Access-Control-Allow-Methods") == "" {
		t.Errorf("Access-Control-Expose-Headers: %q", h["Access-Control-Expose-Headers"])
	}
}

// events returns the names of the audit events so far.
func (w *world) events() (names []string) {
	for line := range strings.Lines(w.audit.String()) {
		var e struct {
			Event string `json:"event"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.Errorf("audit line %s: %v", line, err)
		}
		names = append(names, e.Event)
	}
	return names
}

func read(res *http.Response) string {
	body, _ := io.ReadAll(res.Body)
	return string(body)
}
