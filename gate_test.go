package sallyport_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/visit"
)

// api is a mux with a handler for everything that can go wrong.
func api() *http.ServeMux {
	type user struct {
		Username string `json:"username" validate:"min=3,max=20"`
		Email    string `json:"email" validate:"email"`
		Password string `json:"password" validate:"min=8,max=256"`
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "fine") })
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := visit.Caller(r.Context())
		fmt.Fprint(w, caller.Subject)
	})
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("id")) })
	mux.HandleFunc("GET /admin", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("GET /panic", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Leak", "secret")
		panic("secret: nil map")
	})
	mux.HandleFunc("GET /half", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "half"); panic("secret") })
	mux.Handle("POST /users", problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		_, err := validate.Body[user](r)
		return err
	}))
	mux.Handle("GET /fail", problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		return fmt.Errorf("dial tcp 10.0.0.1:5432: secret")
	}))
	return mux
}

func routes(c *sallyport.Config) {
	c.Routes = []sallyport.Route{
		{Pattern: "GET /health", Public: true},
		{Pattern: "POST /users", Public: true, MaxBody: 512},
		{Pattern: "GET /users/{id}", Owner: "id"},
		{Pattern: "GET /admin", Roles: []string{"admin"}},
		{Pattern: "GET /scoped", Scopes: []string{"notes:write"}},
	}
}

// badTokens are what is to be refused with 401 and error="invalid_token".
func badTokens() map[string]string {
	good := forge(goodHead, claims(nil))
	parts := strings.Split(good, ".")
	head := func(h string) string { return forge(h, claims(nil)) }
	b64 := base64.RawURLEncoding.EncodeToString
	der, _ := x509.MarshalPKIXPublicKey(&privateKey().PublicKey)
	confused := b64([]byte(`{"alg":"HS256","kid":"k1","typ":"at+jwt"}`)) + "." + parts[1]
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(confused))
	flip := byte('A')
	if parts[2][10] == 'A' {
		flip = 'B'
	}
	return map[string]string{
		"expired":           forge(goodHead, claims(map[string]any{"exp": time.Now().Add(-time.Second).Unix()})),
		"no expiry":         forge(goodHead, claims(map[string]any{"exp": nil})),
		"not yet valid":     forge(goodHead, claims(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})),
		"wrong audience":    forge(goodHead, claims(map[string]any{"aud": "https://other.example"})),
		"no audience":       forge(goodHead, claims(map[string]any{"aud": nil})),
		"wrong issuer":      forge(goodHead, claims(map[string]any{"iss": "https://evil.example"})),
		"alg none":          b64([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + ".",
		"alg none, signed":  head(`{"alg":"none","kid":"k1","typ":"at+jwt"}`),
		"another algorithm": head(`{"alg":"HS512","kid":"k1","typ":"at+jwt"}`),
		"confusion":         confused + "." + b64(mac.Sum(nil)),
		"unknown crit":      head(`{"alg":"ES256","kid":"k1","typ":"at+jwt","crit":["x"],"x":1}`),
		"duplicate claim":   forge(goodHead, strings.Replace(claims(nil), `"sub":"u1"`, `"sub":"u1","sub":"root"`, 1)),
		"duplicate header":  head(`{"alg":"none","alg":"ES256","kid":"k1","typ":"at+jwt"}`),
		"padded":            good + "=",
		"bit flipped":       parts[0] + "." + parts[1] + "." + parts[2][:10] + string(flip) + parts[2][11:],
		"ID token":          head(`{"alg":"ES256","kid":"k1","typ":"JWT"}`),
		"a word":            "letmein",
	}
}

func TestBadTokens(t *testing.T) {
	w := newWorld(t, api(), routes)
	for name, raw := range badTokens() {
		res := w.send("GET", "/notes", bearer(raw), "")
		status, code, challenge := 401, "invalid_token", `Bearer realm="api", error="invalid_token", error_description="The token is not valid"`
		if name == "padded" { // the alphabet of a bearer token has "=" (RFC 6750 §2.1): still only a bad token
			status = 401
		}
		wantProblem(t, res, status, code)
		if got := res.Header.Get("Www-Authenticate"); got != challenge {
			t.Errorf("%s: challenge %q", name, got)
		}
	}
	if log := w.audit.String(); strings.Contains(log, "eyJ") {
		t.Error("the audit log holds a token")
	}
}

func TestGoodToken(t *testing.T) {
	w := newWorld(t, api(), routes)
	res := w.send("GET", "/notes", as("u1"), "")
	if body := read(res); res.StatusCode != 200 || body != "u1" {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	wantFields(t, res.Header)
	if got := res.Header.Get("Ratelimit"); !strings.HasPrefix(got, `"default";r=99;t=`) {
		t.Errorf("RateLimit: %s", got)
	}
	if got := res.Header.Get("Ratelimit-Policy"); got != `"default";q=100;w=900` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
}

// TestErrors is every way in which a request can fail, and the one form it is told in.
func TestErrors(t *testing.T) {
	asJSON := http.Header{"Content-Type": {"application/json"}}
	const goodUser = `{"username":"ada","email":"ada@example.com","password":"12345678"}`
	for _, c := range []struct {
		name, method, target string
		fields               http.Header
		body                 string
		status               int
		code, event          string
	}{
		{"no token", "GET", "/notes", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"another scheme", "GET", "/notes", http.Header{"Authorization": {"Basic " + forge(goodHead, claims(nil))}}, "", 401, "no_credentials", "sp_no_credentials"},
		{"two tokens", "GET", "/notes", http.Header{"Authorization": {"Bearer a", "Bearer b"}}, "", 400, "malformed_credentials", "input_validation_fail"},
		{"two spaces", "GET", "/notes", http.Header{"Authorization": {"Bearer  a"}}, "", 400, "malformed_credentials", "input_validation_fail"},
		{"a token in the query too", "GET", "/notes?access_token=x", as("u1"), "", 400, "malformed_credentials", "input_validation_fail"},
		{"a token in the query only", "GET", "/notes?access_token=x", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"no such path", "GET", "/nowhere", as("u1"), "", 404, "not_found", ""},
		{"no such path, no token", "GET", "/nowhere", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"another method", "DELETE", "/notes", as("u1"), "", 405, "method_not_allowed", ""},
		{"an unknown method", "BREW", "/notes", as("u1"), "", 405, "method_not_allowed", "input_validation_fail"},
		{"TRACE", "TRACE", "/health", nil, "", 405, "method_not_allowed", "input_validation_fail"},
		{"a role is missing", "GET", "/admin", as("u1"), "", 403, "forbidden", "authz_fail"},
		{"a scope is missing", "GET", "/scoped", as("u1"), "", 403, "insufficient_scope", "authz_fail"},
		{"not the owner", "GET", "/users/u2", as("u1"), "", 403, "forbidden", "authz_fail"},
		{"panic", "GET", "/panic", as("u1"), "", 500, "internal_error", "sys_crash"},
		{"internal error", "GET", "/fail", as("u1"), "", 500, "internal_error", ""},
		{"bad JSON", "POST", "/users", asJSON, `{"username":`, 400, "malformed_json", "input_validation_fail"},
		{"a member twice", "POST", "/users", asJSON, `{"username":"a","username":"b"}`, 400, "duplicate_member", "input_validation_fail"},
		{"no JSON", "POST", "/users", http.Header{"Content-Type": {"text/plain"}}, goodUser, 415, "unsupported_media_type", "input_validation_fail"},
		{"wrong fields", "POST", "/users", asJSON, `{"username":"a","email":"b","password":"c"}`, 422, "invalid_body", "input_validation_fail"},
		{"too large", "POST", "/users", asJSON, `{"username":"` + strings.Repeat("a", 600) + `"}`, 413, "body_too_large", "input_validation_fail"},
		{"header fields too large", "GET", "/health", http.Header{"X-Big": {strings.Repeat("a", 33<<10)}}, "", 431, "header_too_large", "input_validation_fail"},
		{"target too long", "GET", "/health?" + strings.Repeat("a", 9<<10), nil, "", 414, "target_too_long", "input_validation_fail"},
	} {
		w := newWorld(t, api(), routes)
		res := w.send(c.method, c.target, c.fields, c.body)
		t.Log(c.name)
		wantProblem(t, res, c.status, c.code)
		if c.status == 405 && res.Header.Get("Allow") == "" {
			t.Error("405 without Allow (RFC 9110 §15.5.6)")
		}
		if c.status == 401 && res.Header.Get("Www-Authenticate") != `Bearer realm="api"` {
			t.Errorf("challenge %q", res.Header.Get("Www-Authenticate"))
		}
		if got := strings.Join(w.events(), ","); got != c.event {
			t.Errorf("audit events %q, want %q", got, c.event)
		}
	}
	w := newWorld(t, api(), routes)
	if res := w.send("POST", "/users", asJSON, goodUser); res.StatusCode != 200 {
		t.Errorf("a good user: %d %s", res.StatusCode, read(res))
	}
}

// down is an issuer whose keys cannot be had.
type down struct{}

func (down) Keys() *token.KeySet { return nil }
func (down) Missing(string) bool { return true }

// TestNoKeys: while an issuer's keys are not known, its tokens are refused with 503, with
// the cache and without; never let in, and never called bad. Others go on.
func TestNoKeys(t *testing.T) {
	for _, cache := range []int{0, -1} {
		w := newWorld(t, api(), func(c *sallyport.Config) {
			routes(c)
			c.Routes = slices.DeleteFunc(c.Routes, func(r sallyport.Route) bool { return r.Owner != "" })
			c.TokenCache = cache
			c.Issuers = append(c.Issuers, token.Issuer{Name: "https://down.example", Audiences: []string{apiName}, Source: down{}})
		})
		theirs := bearer(forge(goodHead, claims(map[string]any{"iss": "https://down.example"})))
		for range 2 {
			res := w.send("GET", "/notes", theirs, "")
			if wantProblem(t, res, 503, "unavailable"); res.Header.Get("Retry-After") == "" || res.Header.Get("Www-Authenticate") != "" {
				t.Errorf("%v", res.Header)
			}
			if res := w.send("GET", "/notes", as("u1"), ""); res.StatusCode != 200 {
				t.Errorf("another issuer's token: %d", res.StatusCode)
			}
		}
	}
}

// TestTwoIssuers: the same subject of two issuers is two callers, to the limits and to
// the audit log.
func TestTwoIssuers(t *testing.T) {
	const second = "https://second.example"
	w := newWorld(t, api(), func(c *sallyport.Config) {
		other := foreignIssuer()
		other.Name = second
		c.Issuers, c.Limit = append(c.Issuers, other), "2 per 1h"
		c.Routes = []sallyport.Route{{Pattern: "GET /admin", Roles: []string{"admin"}}}
	})
	theirs := bearer(forge(goodHead, claims(map[string]any{"iss": second})))
	for range 2 {
		wantProblem(t, w.send("GET", "/admin", as("u1"), ""), 403, "forbidden")
	}
	wantProblem(t, w.send("GET", "/admin", as("u1"), ""), 429, "rate_limited")
	wantProblem(t, w.send("GET", "/admin", theirs, ""), 403, "forbidden")
	if a, b := strings.Count(w.audit.String(), issuerName), strings.Count(w.audit.String(), second); a < 2 || b != 1 {
		t.Errorf("the audit log names them %d and %d times:\n%s", a, b, w.audit)
	}
}

// TestCallerIsACopy: what a handler does to the caller's lists is not there in the next
// request with the same token.
func TestCallerIsACopy(t *testing.T) {
	mux := api()
	mux.HandleFunc("GET /careless", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := visit.Caller(r.Context())
		caller.Roles[0], caller.Scopes[0] = "admin", "notes:write"
	})
	w := newWorld(t, mux, routes)
	mine := as("u1")
	if res := w.send("GET", "/careless", mine, ""); res.StatusCode != 200 {
		t.Fatal(res.StatusCode)
	}
	wantProblem(t, w.send("GET", "/admin", mine, ""), 403, "forbidden")
	wantProblem(t, w.send("GET", "/scoped", mine, ""), 403, "insufficient_scope")
}

func TestPreflight(t *testing.T) {
	w := newWorld(t, api(), routes)
	res := w.send("OPTIONS", "/notes", http.Header{"Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"authorization"}}, "")
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != appOrigin {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

func TestInvalidTokenForbidden(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) { c.InvalidTokenForbidden = true })
	wantProblem(t, w.send("GET", "/notes", bearer("guess"), ""), 403, "invalid_token")
	wantProblem(t, w.send("GET", "/notes", nil, ""), 401, "no_credentials")
}

// TestHalfAnAnswer: when a handler panics in the middle, the connection is cut, as the
// answer cannot be taken back.
func TestHalfAnAnswer(t *testing.T) {
	w := newWorld(t, api(), nil)
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("recovered %v", v)
		}
		if !strings.Contains(w.errors.String(), "panic=secret") {
			t.Error("the developer does not learn of the panic")
		}
	}()
	w.send("GET", "/half", as("u1"), "")
	t.Error("the answer was completed")
}
