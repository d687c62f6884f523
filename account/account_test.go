package account_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

const (
	issuer = "https://api.example"
	adasPW = "correct-horse-41-battery"
)

// theSecret is 32 bytes that no process of production has.
var theSecret = secret.NewBytes([]byte("0123456789abcdef0123456789ABCDEF"))

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var hasher = sync.OnceValues(func() (*password.Hasher, error) {
	return password.New(password.Config{Memory: 64, Time: 1, InsecureWeakParameters: true})
})

// empty is a file of accounts that nobody has used yet. Making the tables costs more than
// many a test, so it is done once.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "accounts")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "accounts.db")
	store, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// world is accounts in a fresh file, and all they write.
type world struct {
	*testing.T
	*account.Accounts
	store account.Store
	audit *bytes.Buffer
	clock time.Time // of the test; setClock tells it to what runs beside
	shown atomic.Pointer[time.Time]
	mails *mailbox
	path  string
}

// setClock makes it that time, at which there is news of the store.
func (w *world) setClock(now time.Time) {
	w.clock = now
	w.shown.Store(&now)
	if w.Accounts != nil {
		w.Poll(w.Context()) // that it fails is for the test to find
	}
}

func (w *world) now() time.Time { return *w.shown.Load() }

func unmarshal(text string, v any) error { return json.Unmarshal([]byte(text), v) }

func newWorld(t *testing.T, change func(*account.Config)) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "accounts.db")
	file, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := newWorldOn(t, store, change)
	w.path = path
	return w
}

func newWorldOn(t *testing.T, store account.Store, change func(*account.Config)) *world {
	t.Helper()
	return newWorldAt(t, time.Now(), store, change)
}

func newWorldAt(t *testing.T, now time.Time, store account.Store, change func(*account.Config)) *world {
	t.Helper()
	w := &world{T: t, store: store, audit: &bytes.Buffer{}, clock: now}
	log, err := audit.New(audit.Config{Out: w.audit, App: "test", Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	h, err := hasher()
	if err != nil {
		t.Fatal(err)
	}
	cfg := account.Config{Store: store, Issuer: issuer, Secret: theSecret, Passwords: h, LoginLimit: "10000 per 1m", Audit: log, ErrorLog: slog.New(slog.NewTextHandler(io.Discard, nil))}
	w.setClock(w.clock)
	account.SetClock(&cfg, w.now)
	account.SetPatience(&cfg, time.Hour) // a machine that is busy fails no test
	if change != nil {
		change(&cfg)
	}
	if m, ok := cfg.Mail.(*mailbox); ok {
		w.mails = m
	}
	if w.Accounts, err = account.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Accounts.Close() })
	return w
}

// call sends one request without a Gate, and returns the status, the body, and what it
// says as JSON.
func (w *world) call(method, path, bearer, body string, fields ...string) (int, string, map[string]any) {
	w.Helper()
	rec := w.send(method, path, bearer, body, fields...)
	var said map[string]any
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil {
			w.Fatalf("%s %s: %v: %s", method, path, err, rec.Body)
		}
	}
	return rec.Code, rec.Body.String(), said
}

// send sends a request with header fields, given in pairs.
func (w *world) send(method, path, bearer, body string, fields ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "from" {
			r.RemoteAddr = fields[i+1] + ":1234"
			continue
		}
		if fields[i] == "Content-Type" {
			r.Header.Del("Content-Type")
		}
		r.Header.Add(fields[i], fields[i+1])
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	checkAnswer(w.T, w.Accounts, r, rec)
	return rec
}

// mustCall is call for what has to have one status.
func (w *world) mustCall(status int, method, path, bearer, body string, fields ...string) map[string]any {
	w.Helper()
	got, text, said := w.call(method, path, bearer, body, fields...)
	if got != status {
		w.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, text)
	}
	return said
}

func (w *world) register() {
	w.Helper()
	w.mustCall(201, "POST", "/auth/register", "", `{"username":"Ada","email":"Ada@Example.com","password":"`+adasPW+`"}`)
}

// login returns an access and a refresh token.
func (w *world) login() (access, refresh string) {
	w.Helper()
	said := w.mustCall(200, "POST", "/auth/login", "", `{"username":"ada","password":"`+adasPW+`"}`)
	return said["access_token"].(string), said["refresh_token"].(string)
}

func (w *world) refresh(raw string) (access, refresh string) {
	w.Helper()
	said := w.mustCall(200, "POST", "/auth/refresh", "", `{"refresh_token":"`+raw+`"}`)
	return said["access_token"].(string), said["refresh_token"].(string)
}

// TestLife is one account from its beginning to its end.
func TestLife(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, refresh := w.login()
	me := w.mustCall(200, "GET", "/auth/me", access, "")
	if me["username"] != "Ada" || me["email"] != "Ada@Example.com" || me["password"] != nil {
		t.Errorf("me: %v", me)
	}
	next, refresh2 := w.refresh(refresh)
	w.mustCall(200, "GET", "/auth/me", next, "")
	w.mustCall(200, "GET", "/auth/me", access, "") // refreshing ends nothing
	w.mustCall(204, "POST", "/auth/logout", next, "")
	for _, raw := range []string{access, next} {
		w.mustCall(401, "GET", "/auth/me", raw, "")
	}
	w.mustCall(400, "POST", "/auth/refresh", "", `{"refresh_token":"`+refresh2+`"}`)
	for _, event := range []string{audit.UserCreated, audit.LoginSuccess, audit.SessionRenew, audit.SessionLogout, audit.SessionAfter} {
		if !strings.Contains(w.audit.String(), event) {
			t.Errorf("no audit event %s", event)
		}
	}
	for _, leak := range []string{adasPW, access, refresh, "spr_", "eyJ"} {
		if strings.Contains(w.audit.String(), leak) {
			t.Errorf("the audit log holds %.12s…", leak)
		}
	}
}

// TestClaims: what the issue of tokens promises to verifiers.
func TestClaims(t *testing.T) {
	w := newWorld(t, func(c *account.Config) {
		c.Audience, c.RoleScopes = "notes", map[string][]string{"admin": {"admin:all", "api"}}
	})
	w.register()
	if _, err := w.SetRoles(t.Context(), "ADA", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	said := w.mustCall(200, "POST", "/auth/login", "", `{"email":"ada@example.COM","password":"`+adasPW+`"}`)
	if said["token_type"] != "Bearer" || said["expires_in"] != 600.0 || said["scope"] != "api admin:all" {
		t.Errorf("%v", said)
	}
	raw := said["access_token"].(string)
	seen, err := token.Inspect(raw)
	if err != nil {
		t.Fatal(err)
	}
	var head struct {
		Typ string `json:"typ"`
		Alg string `json:"alg"`
		Kid string `json:"kid"`
	}
	var c map[string]any
	if err := json.Unmarshal([]byte(seen.Header), &head); err != nil || head.Typ != "at+jwt" || head.Alg != "ES256" || head.Kid == "" {
		t.Errorf("header %s: %v", seen.Header, err)
	}
	if err := json.Unmarshal([]byte(seen.Claims), &c); err != nil {
		t.Fatal(err)
	}
	if c["iss"] != issuer || c["aud"] != "notes" || c["scope"] != "api admin:all" {
		t.Errorf("%v", c)
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "jti", "sid", "client_id", "scope", "roles", "auth_time", "amr"} {
		if c[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	if len(c) != 12 { // above all no cnf, which would make it a token that the Gate refuses
		t.Errorf("more claims than promised: %v", c)
	}
	for _, private := range []string{"Ada", "Example", "argon2"} {
		if strings.Contains(seen.Claims, private) {
			t.Errorf("the token tells %s", private)
		}
	}
}

func TestJWKSVerifies(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	keys, errs := token.ParseJWKS(rec.Body.Bytes())
	if len(keys) != 1 || errs != nil {
		t.Fatal(keys, errs, rec.Body)
	}
	v, err := token.New(token.Config{Issuers: []token.Issuer{{Name: issuer, Audiences: []string{issuer}, Keys: keys, RequireProfile: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(access); err != nil {
		t.Error(err)
	}
	r := httptest.NewRequest("GET", "/.well-known/jwks.json", nil)
	r.Header.Set("If-None-Match", rec.Header().Get("Etag"))
	again := httptest.NewRecorder()
	w.ServeHTTP(again, r)
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("%d %s", again.Code, again.Body)
	}
}

func add(t *testing.T, a *account.Accounts, name string) account.User {
	t.Helper()
	u, err := a.Add(context.Background(), account.NewUser{Username: name, Email: name + "@example.com", Password: secret.New(adasPW)})
	if err != nil {
		t.Fatal(err)
	}
	return u
}
