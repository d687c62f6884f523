package account_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
)

// TestUntidyNames: a name is the same with white space around it, in another case, in another
// spelling of its letters, and with a domain in its own letters.
func TestUntidyNames(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.RegisterLimit = "1000 per 1h"; c.LoginLimit = "1000 per 1h" })
	w.mustCall(201, "POST", "/auth/register", "", body("username", " Ada ", "email", "ada@B\u00fccher.example\\n", "password", adasPW))
	if u, err := w.Find(t.Context(), "ada"); err != nil || u.Username != "Ada" || u.Email != "ada@xn--bcher-kva.example" {
		t.Errorf("%+v, %v", u, err)
	}
	w.mustCall(201, "POST", "/auth/register", "", body("username", "rene", "email", "rene\u0301@example.com", "password", adasPW))
	for _, in := range []string{
		body("username", "ada", "password", adasPW), body("username", "  ADA\\t", "password", adasPW), body("username", "ada\u00a0", "password", adasPW),
		body("email", "ada@b\u00fccher.example", "password", adasPW), body("email", " ADA@BU\u0308CHER.EXAMPLE ", "password", adasPW),
		body("email", "ada@xn--bcher-kva.example", "password", adasPW), body("email", "ada@b\u00fccher\u3002example", "password", adasPW),
		body("username", "ada@B\u00dcCHER.example", "password", adasPW),
		body("email", "ren\u00e9@example.com", "password", adasPW), body("email", "RENE\u0301@example.com", "password", adasPW),
	} {
		if status, said, _ := w.call("POST", "/auth/login", "", in); status != 200 {
			t.Errorf("%s: %d %s", in, status, said)
		}
	}
	for _, in := range []string{
		body("username", "a da", "password", adasPW), body("username", "ada\u200b", "password", adasPW), body("email", "ada@bucher.example", "password", adasPW),
		body("email", "\uff41da@b\u00fccher.example", "password", adasPW), body("email", "ada@b\u00fc\u00adcher.example", "password", adasPW),
		body("email", "ada@b\u00fccher.example.", "password", adasPW), body("email", "rene@example.com", "password", adasPW),
	} {
		if status, said, _ := w.call("POST", "/auth/login", "", in); status != 401 {
			t.Errorf("%s: %d %s", in, status, said)
		}
	}
	for _, email := range []string{"ADA@b\u00fccher.example", "ada@xn--bcher-kva.example", "ren\u00e9@EXAMPLE.com"} {
		w.mustCall(409, "POST", "/auth/register", "", body("username", "eve", "email", email, "password", adasPW))
	}
	for i, email := range []string{"\u7528\u6237@example.com", "\u0430\u0434\u0430@example.com", "o'neil+x@\u4f8b\u3048.jp", "jos\u00e9@example.com"} {
		w.mustCall(201, "POST", "/auth/register", "", body("username", "user"+strings.Repeat("x", i), "email", email, "password", adasPW))
	}
}

// TestUntidyBodies: members that nobody reads, or that are null, change nothing, and neither does
// a body where none is read. What makes something is read strictly.
func TestUntidyBodies(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.LoginLimit = "1000 per 1h" })
	w.register()
	access, refresh := w.login()
	for _, c := range []struct {
		path, bearer, body string
		status             int
	}{
		{"/auth/login", "", `{"username":"ada","password":"` + adasPW + `","remember":true,"client":{"name":["x"]}}`, 200},
		{"/auth/login", "", `{"username":"ada","email":null,"password":"` + adasPW + `","device_token":null}`, 200},
		{"/auth/login", "", `{"username":"ada","email":"","password":"` + adasPW + `","device_token":""}`, 200},
		{"/auth/login", "", "\r\n {\"username\":\"ada\",\"password\":\"" + adasPW + "\"}\n", 200},
		{"/auth/login", "", `{"username":"ada","password":null}`, 422},
		{"/auth/login", "", `{"username":null,"password":"` + adasPW + `"}`, 422},
		{"/auth/login", "", `{"username":" ","password":"` + adasPW + `"}`, 422},
		{"/auth/login", "", `{"username":"ada","Password":"` + adasPW + `"}`, 422},
		{"/auth/login", "", `{"username":"ada","password":"` + adasPW + `","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 400},
		{"/auth/login", "", `{"username":"ada","password":"` + adasPW + `","x":1,"x":2}`, 400},
		{"/auth/login", "", `{"username":"ada","password":"` + adasPW + `","x":"` + strings.Repeat("x", 9000) + `"}`, 413},
		{"/auth/refresh", "", `{"refresh_token":"` + refresh + `\n","grant_type":"refresh_token"}`, 200},
		{"/auth/refresh", "", `{"refresh_token":null}`, 422},
		{"/auth/reauth", access, `{"password":"` + adasPW + `","code":null,"recovery_code":null}`, 200},
		{"/auth/keys", access, `{"name":"a","scopes":null,"days":null}`, 201},
		{"/auth/keys", access, `{"name":"a","day":1}`, 422},
		{"/auth/register", "", `{"username":"bob","email":"b@example.com","password":"` + adasPW + `","roles":["admin"]}`, 422},
		{"/auth/register", "", `{"username":"bob","email":"b@example.com","password":"` + adasPW + `","invite":null}`, 201},
		{"/auth/logout", access, `{}`, 204},
	} {
		if status, said, _ := w.call("POST", c.path, c.bearer, c.body); status != c.status {
			t.Errorf("%s %s: %d %s, want %d", c.path, c.body, status, said, c.status)
		}
	}
}

// TestRefresh_cookieWithoutBody: in cookie mode nobody reads the body.
func TestRefresh_cookieWithoutBody(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	send := func(path, text, media string, cookies []string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, strings.NewReader(text))
		if text == "" {
			r = httptest.NewRequest("POST", path, nil)
		}
		if media != "" {
			r.Header.Set("Content-Type", media)
		}
		r.Header.Set(account.ModeHeader, "cookie")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		for _, c := range cookies {
			r.Header.Add("Cookie", c)
		}
		out := httptest.NewRecorder()
		w.ServeHTTP(out, r)
		return out
	}
	out := send("/auth/login", body("username", "ada", "password", adasPW), "application/json; charset=utf-8", nil)
	for _, c := range []struct{ body, media string }{{"", ""}, {"", "application/json"}, {"{}", "application/json"}, {"null", "text/plain"}, {"{\"refresh_token\":\"spr_other\"}", "application/json"}} {
		var cookies []string
		for _, c := range out.Result().Cookies() {
			if strings.HasSuffix(c.Name, "_rt") {
				cookies = append(cookies, c.Name+"="+c.Value)
			}
		}
		if out = send("/auth/refresh", c.body, c.media, cookies); out.Code != 200 {
			t.Fatalf("%+v: %d %s", c, out.Code, out.Body)
		}
	}
	if out := send("/auth/refresh", "", "", nil); out.Code != 422 {
		t.Errorf("without a cookie: %d %s", out.Code, out.Body)
	}
	if out := send("/auth/mfa/recover", "", "", nil); out.Code != 403 { // no mail here
		t.Errorf("recover: %d %s", out.Code, out.Body)
	}
}

// nfdHash is PHP 8.2's password_hash of a password in NFD.
const nfdHash = "$2y$04$ZsdTCTXr5RI9gTECj4tXFOpDdmvBjMZO7BlQnM9P51qUOIAOhWJCC"

// TestPasswordSpellings: NFC at the registration and NFD at the login is one password, and hashes
// of before are found as they were typed, and replaced.
func TestPasswordSpellings(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.LoginLimit = "1000 per 1h" })
	const nfc, nfd = "caf\u00e9-horse-41-battery", "cafe\u0301-horse-41-battery"
	w.mustCall(201, "POST", "/auth/register", "", body("username", "ada", "email", "ada@example.com", "password", nfc))
	for pw, want := range map[string]int{nfc: 200, nfd: 200, "cafe-horse-41-battery": 401} {
		if status, _ := w.loginAs("ada", pw); status != want {
			t.Errorf("%q: %d", pw, status)
		}
	}
	// bcrypt of the text in NFD, as a system without normalization stored it.
	u, err := w.Import(t.Context(), account.Portable{Username: "mac", Email: "mac@example.com", PasswordHash: nfdHash, Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := w.loginAs("mac", nfd); status != 200 {
		t.Errorf("as it was typed: %d", status)
	}
	if u, err = w.store.User(t.Context(), u.ID); err != nil || !strings.HasPrefix(u.PasswordHash.Reveal(), "$argon2id$") {
		t.Errorf("%.12s, %v", u.PasswordHash.Reveal(), err)
	}
	if status, _ := w.loginAs("mac", nfc); status != 200 {
		t.Errorf("in NFC, after it was replaced: %d", status)
	}
	if status, said, _ := w.call("POST", "/auth/register", "", body("username", "eve", "email", "e@example.com", "password", strings.Repeat("e\u0301", 6))); status != 422 || !strings.Contains(said, "too_short") {
		t.Errorf("six letters in twelve code points: %d %s", status, said)
	}
}
