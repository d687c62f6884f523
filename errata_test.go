package sallyport_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

// The tests named TestErrata… take the statements of the guide that are wrong, out of
// date or missing, one by one. Those about one room are in its package: 6 and 7 in
// ratelimit, 8 and 9 in validate, 10 and 11 in headers, 12 and 15 in password.

// 1: a literal in the source is the key.
func TestErrata01_literalKeys(t *testing.T) {
	for _, text := range []string{
		"your_secret_key", "secret", "changeme", "supersecret", "your-256-bit-secret", "mysecretkey", "SECRET_KEY", "jwt_secret",
		"your_secret_key_your_secret_key_your_secret_key", "this-is-a-very-long-secret-key-for-jwt-signing-1234",
		"0123456789abcdef0123456789abcdef", strings.Repeat("a", 64),
	} {
		_, err := sallyport.New(sallyport.Config{Issuers: []token.Issuer{{
			Name: issuerName, Audiences: []string{apiName}, Keys: []token.Key{{Algorithm: token.HS256, Secret: secret.NewBytes([]byte(text))}},
		}}})
		if err == nil || !strings.Contains(err.Error(), "Keys[0]") || strings.Contains(err.Error(), text+`"`) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// 2: any algorithm is taken.
func TestErrata02_algorithms(t *testing.T) {
	w := newWorld(t, api(), nil)
	for _, name := range []string{"another algorithm", "alg none", "alg none, signed", "confusion"} {
		wantProblem(t, w.send("GET", "/notes", bearer(badTokens()[name]), ""), 401, "invalid_token")
	}
}

// 3: an invalid token is answered with 403.
func TestErrata03_invalidTokenIs401(t *testing.T) {
	w := newWorld(t, api(), nil)
	for name, raw := range badTokens() {
		res := w.send("GET", "/notes", bearer(raw), "")
		if res.StatusCode != 401 || !strings.Contains(res.Header.Get("Www-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %s", name, res.StatusCode, res.Header.Get("Www-Authenticate"))
		}
	}
}

// 4: split(" ")[1] is the token, whatever stands before it or after.
func TestErrata04_authorizationHeader(t *testing.T) {
	good := forge(goodHead, claims(nil))
	w := newWorld(t, api(), nil)
	for line, status := range map[string]int{
		"Bearer " + good: 200, "bearer " + good: 200, "BEARER " + good: 200,
		"Basic " + good: 401, "Token " + good: 401, good: 401, "Bearerx " + good: 401, "": 401,
		"Bearer  " + good: 400, "Bearer\t" + good: 400, "Bearer " + good + " x": 400, "Bearer " + good + "," + good: 400, "Bearer": 400, "Bearer ": 400,
	} {
		if res := w.send("GET", "/notes", http.Header{"Authorization": {line}}, ""); res.StatusCode != status {
			t.Errorf("%.12q: %d, want %d", line, res.StatusCode, status)
		}
	}
	if res := w.send("GET", "/notes", http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}, ""); res.StatusCode != 400 {
		t.Errorf("two headers: %d", res.StatusCode)
	}
	if res := w.send("GET", "/notes?access_token="+good, bearer(good), ""); res.StatusCode != 400 {
		t.Errorf("header and query: %d", res.StatusCode)
	}
}

// 5: a token is good for an hour, whatever happens.
func TestErrata05_logoutEndsTheToken(t *testing.T) {
	w := withAccounts(t)
	access, _ := w.signUp("ada")
	seen, err := token.Inspect(access)
	if err != nil || !strings.Contains(seen.Header, `"at+jwt"`) || !strings.Contains(seen.Claims, `"aud"`) || !strings.Contains(seen.Claims, `"jti"`) {
		t.Errorf("%+v %v", seen, err)
	}
	w.send("POST", "/auth/logout", bearer(access), "")
	wantProblem(t, w.send("GET", "/notes", bearer(access), ""), 401, "invalid_token")
}

// 13: NODE_ENV hides stack traces, and not setting it shows them.
func TestErrata13_noStackTraces(t *testing.T) {
	w := newWorld(t, api(), routes)
	for _, target := range []string{"/panic", "/fail"} {
		res := w.send("GET", target, as("u1"), "")
		body := read(res)
		if res.StatusCode != 500 || res.Header.Get("X-Leak") != "" {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
		for _, leak := range []string{"secret", ".go", "goroutine", "runtime", "nil map", "10.0.0.1", "sallyport/"} {
			if strings.Contains(body, leak) {
				t.Errorf("%s shows %s: %s", target, leak, body)
			}
		}
	}
	if !strings.Contains(w.errors.String(), "gate_test.go") || !strings.Contains(w.errors.String(), "10.0.0.1") {
		t.Error("the developer gets neither the stack nor the error")
	}
}

// 14: CORS is said to restrict access. It only lets scripts read answers: what a
// script of another origin may do is a matter of its token.
func TestErrata14_corsIsNoAccessControl(t *testing.T) {
	w := newWorld(t, api(), nil)
	evil := http.Header{"Origin": {"https://evil.example"}}
	res := w.send("GET", "/notes", evil, "")
	if res.StatusCode != 401 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without a token: %d %v", res.StatusCode, res.Header)
	}
	fields := as("u1")
	fields.Set("Origin", "https://evil.example")
	fields.Set("Cookie", "session=1")
	if res = w.send("GET", "/notes", fields, ""); res.StatusCode != 200 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("with a token: %d %v", res.StatusCode, res.Header)
	}
	// A cookie, which a browser sends along by itself, opens nothing: so there is
	// nothing that another site could forge a request with.
	evil.Set("Cookie", "access_token="+forge(goodHead, claims(nil)))
	if res = w.send("POST", "/notes", evil, ""); res.StatusCode != 401 {
		t.Errorf("with a cookie: %d", res.StatusCode)
	}
}

// 16: "regularly audit and monitor security logs", without a log.
func TestErrata16_securityLog(t *testing.T) {
	w := withAccounts(t)
	access, _ := w.signUp("ada")
	w.send("POST", "/auth/login", asJSON, `{"username":"ada","password":"zebra\n{\"event\":\"authn_login_success\"}"}`)
	w.send("POST", "/auth/login", asJSON, `{"username":"eve\r\nforged","password":"x"}`)
	w.send("GET", "/notes", nil, "")
	w.send("GET", "/notes", bearer(access+"x"), "")
	w.send("GET", "/admin", as("u1"), "")
	w.send("POST", "/users", asJSON, `{"username":"a","email":"nobody","password":"12345678"}`)
	w.send("GET", "/panic", as("u1"), "")
	want := "user_created,authn_login_success,authn_login_fail,authn_login_fail,sp_no_credentials,sp_token_invalid,authz_fail,input_validation_fail,sys_crash"
	if got := strings.Join(w.events(), ","); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for _, leak := range []string{goodPW, access, "zebra", "forged", "eve\\r"} {
		if strings.Contains(w.audit.String(), leak) {
			t.Errorf("the log holds %q", leak)
		}
	}
	if !strings.Contains(w.audit.String(), `invalid_body: too_short,not_email`) || !strings.Contains(w.audit.String(), `"reason":"no such user"`) || !strings.Contains(w.audit.String(), `"client":"192.0.2.1"`) {
		t.Errorf("%s", w.audit)
	}
}
