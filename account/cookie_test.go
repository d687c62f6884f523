package account_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
)

// fromSite is what a browser sends with a request of a page of this site in cookie mode.
var fromSite = []string{"Sec-Fetch-Site", "same-origin", account.ModeHeader, "cookie"}

// cookieLogin logs ada in, and returns her cookies by their names after the prefix.
func (w *world) cookieLogin() map[string]string {
	w.Helper()
	rec := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW), fromSite...)
	if rec.Code != 200 {
		w.Fatal(rec.Code, rec.Body)
	}
	found := map[string]string{}
	for _, c := range rec.Result().Cookies() {
		found[strings.TrimPrefix(c.Name, account.CookiePrefix)] = c.Name + "=" + c.Value
	}
	return found
}

// TestOneCredential: without a Gate too, two credentials are one too many, whichever is
// good.
func TestOneCredential(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
	at := w.cookieLogin()["at"]
	for name, row := range map[string]struct {
		bearer string
		fields []string
	}{
		"a cookie and a token":       {access, []string{"Cookie", at}},
		"a cookie and a bad token":   {"x", []string{"Cookie", at}},
		"a cookie and an API key":    {key, []string{"Cookie", at}},
		"two Authorization fields":   {access, []string{"Authorization", "Bearer " + key}},
		"two tokens in one":          {access + ", Bearer " + access, nil},
		"a cookie tossed in":         {"", []string{"Cookie", at + "; __Host-sp_at=evil"}},
		"a cookie tossed in, before": {"", []string{"Cookie", "__Host-sp_at=evil; " + at}},
		"a field of cookies more":    {"", []string{"Cookie", at, "Cookie", "__Host-sp_at=evil"}},
	} {
		want := "malformed_credentials"
		if row.bearer == "" {
			want = "duplicate_cookie"
		}
		if said := w.mustCall(400, "GET", "/auth/me", row.bearer, "", row.fields...); said["code"] != want {
			t.Errorf("%s: %v", name, said)
		}
	}
}

// TestTossed: cookies of other names change nothing, and one of ours that is there twice
// is refused wherever one is read.
func TestTossed(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	c := w.cookieLogin()
	others := "sp_rt=evil; __Secure-sp_rt=evil; __host-sp_rt=evil; __Host-sp_rt2=evil; " + c["rt"]
	for path, names := range map[string][]string{"/auth/refresh": {"rt"}, "/auth/login": {"device"}, "/auth/mfa/totp/verify": {"mfa", "device"}} {
		in := map[string]string{"/auth/refresh": "{}", "/auth/login": body("username", "ada", "password", adasPW), "/auth/mfa/totp/verify": body("code", "000000")}[path]
		for _, name := range names {
			name = account.CookiePrefix + name
			fields := append([]string{"Cookie", name + "=spt_a; " + name + "=spt_b"}, fromSite...)
			if said := w.mustCall(400, "POST", path, "", in, fields...); said["code"] != "duplicate_cookie" {
				t.Errorf("%s, %s twice: %v", path, name, said)
			}
		}
	}
	w.mustCall(200, "POST", "/auth/refresh", "", "{}", append([]string{"Cookie", others}, fromSite...)...)
}

// TestFromWhere: which of a browser's words about where a request comes from open a
// change.
func TestFromWhere(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.TrustedOrigins = []string{"https://app.example"} })
	w.register()
	for _, row := range []struct {
		name   string
		fields []string
		status int
	}{
		{"this page", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"typed by the user", []string{"Sec-Fetch-Site", "none"}, 200},
		{"an old browser, this host", []string{"Origin", "https://example.com"}, 200}, // the host of the request
		{"a trusted page", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://app.example"}, 200},
		{"an old browser, a trusted page", []string{"Origin", "https://app.example"}, 200},
		{"a trusted host without TLS", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://app.example"}, 403},
		{"a trusted host, another port", []string{"Origin", "https://app.example:8443"}, 403},
		{"a host that starts alike", []string{"Origin", "https://app.example.evil.example"}, 403},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another host of the site", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"a word of tomorrow", []string{"Sec-Fetch-Site", "near"}, 403},
		{"an old browser, another origin", []string{"Origin", "https://evil.example"}, 403},
		{"a sandboxed frame", []string{"Origin", "null"}, 403},
		{"no word", nil, 403},
	} {
		at := w.cookieLogin()["at"]
		if rec := w.send("POST", "/auth/reauth", "", body("password", adasPW), append([]string{"Cookie", at}, row.fields...)...); rec.Code != row.status {
			t.Errorf("%s: %d %s", row.name, rec.Code, rec.Body)
		} else if rec.Code == 200 && (strings.Contains(rec.Body.String(), "eyJ") || len(rec.Result().Cookies()) != 1) {
			t.Errorf("%s: the token is in the body: %s", row.name, rec.Body)
		}
		// The same for a login in cookie mode, which would plant the attacker's session.
		fields := append([]string{account.ModeHeader, "cookie"}, row.fields...)
		if rec := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW), fields...); rec.Code != row.status || rec.Code != 200 && len(rec.Result().Cookies()) != 0 {
			t.Errorf("login, %s: %d %s", row.name, rec.Code, rec.Body)
		}
	}
}

// TestSimpleRequests: what a page of another site can send without asking first has no
// effect: no body of these forms is read, and no cookie is set.
func TestSimpleRequests(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	for path, item := range documentOf(t, w.Accounts)["paths"].(object) {
		op, ok := item.(object)["post"].(object)
		if !ok || op["requestBody"] == nil || path == "/auth/introspect" || path == "/auth/revoke" { // these two are forms by their standards, and read no cookie mode
			continue
		}
		at := w.cookieLogin()["at"]
		for _, media := range []string{"text/plain", "text/plain; x=application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json, text/plain", ""} {
			rec := w.send("POST", path, "", body("username", "ada", "password", adasPW), "Content-Type", media, "Cookie", at, "Sec-Fetch-Site", "same-origin")
			if rec.Code != http.StatusUnsupportedMediaType || len(rec.Result().Cookies()) != 0 {
				t.Errorf("%s as %q: %d %s", path, media, rec.Code, rec.Body)
			}
		}
	}
}

// TestBearerSetsNoCookie: who is not in cookie mode gets no cookie, whatever cookies of
// others come along.
func TestBearerSetsNoCookie(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, refresh := w.login()
	for _, row := range []struct{ path, bearer, in string }{
		{"/auth/login", "", body("username", "ada", "password", adasPW)}, {"/auth/refresh", "", body("refresh_token", refresh)},
		{"/auth/reauth", access, body("password", adasPW)}, {"/auth/logout", access, ""},
	} {
		rec := w.send("POST", row.path, row.bearer, row.in, "Cookie", "theme=dark; session=1")
		if rec.Code >= 300 || len(rec.Result().Cookies()) != 0 || rec.Header().Get("Clear-Site-Data") != "" {
			t.Errorf("%s: %d %v", row.path, rec.Code, rec.Header())
		}
	}
}

// TestCookieFits: a token that a browser would drop is an error, and no silent logout.
func TestCookieFits(t *testing.T) {
	many := make([]string, 32)
	for i := range many {
		many[i] = fmt.Sprintf("role-%02d-%s", i, strings.Repeat("x", 56))
	}
	w := newWorld(t, func(c *account.Config) { c.RoleScopes = map[string][]string{many[0]: {strings.Repeat("s", 1000)}} })
	w.register()
	c := w.cookieLogin()
	if _, err := w.SetRoles(t.Context(), "ada", many); err != nil {
		t.Fatal(err)
	}
	w.login() // outside of cookies it is no matter
	for path, in := range map[string]string{"/auth/login": body("username", "ada", "password", adasPW), "/auth/refresh": "{}"} {
		rec := w.send("POST", path, "", in, append([]string{"Cookie", c["rt"]}, fromSite...)...)
		if rec.Code != 500 || len(rec.Result().Cookies()) != 0 {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
}

// TestCookieMode: tokens are in cookies that no script reads, and in no body; and only
// pages of this site may use them.
func TestCookieMode(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	site := []string{"Sec-Fetch-Site", "same-origin", account.ModeHeader, "cookie"}
	rec := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW), site...)
	if rec.Code != 200 || strings.Contains(rec.Body.String(), "eyJ") || strings.Contains(rec.Body.String(), "spr_") || strings.Contains(rec.Body.String(), "spd_") {
		t.Fatal(rec.Code, rec.Body)
	}
	cookies := map[string]*http.Cookie{}
	for _, c := range rec.Result().Cookies() {
		cookies[c.Name] = c
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite == 0 || len(c.String()) > 4096 {
			t.Errorf("%+v", c)
		}
	}
	if len(cookies) != 3 || cookies["__Host-sp_rt"].SameSite != http.SameSiteStrictMode {
		t.Fatalf("%v", cookies)
	}
	at, rt := "__Host-sp_at="+cookies["__Host-sp_at"].Value, "__Host-sp_rt="+cookies["__Host-sp_rt"].Value
	w.mustCall(200, "GET", "/auth/me", "", "", "Cookie", at)
	w.mustCall(200, "GET", "/auth/me", "", "", "Cookie", at, "Sec-Fetch-Site", "cross-site") // changes nothing, and cannot be read
	for name, c := range map[string]struct {
		status int
		fields []string
	}{
		"from another site":      {403, []string{"Sec-Fetch-Site", "cross-site"}},
		"from another subdomain": {403, []string{"Sec-Fetch-Site", "same-site"}},
		"another origin":         {403, []string{"Origin", "https://evil.example"}},
		"neither field":          {403, nil},
		"two of them":            {400, []string{"Sec-Fetch-Site", "same-origin", "Cookie", at}},
		"without the prefix":     {401, []string{"Sec-Fetch-Site", "same-origin", "Cookie", strings.TrimPrefix(at, "__Host-")}},
	} {
		fields := append([]string{"Cookie", at}, c.fields...)
		if name == "without the prefix" {
			fields = c.fields
		}
		if status, text, _ := w.call("POST", "/auth/logout", "", "", fields...); status != c.status {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	// A WebSocket is opened with GET, and is no reading.
	for from, status := range map[string]int{"same-origin": 200, "same-site": 403, "cross-site": 403} {
		w.mustCall(status, "GET", "/auth/me", "", "", "Cookie", at, "Upgrade", "websocket", "Connection", "Upgrade", "Sec-Fetch-Site", from)
	}
	// A login or a refresh that another site makes a browser send.
	for _, path := range []string{"/auth/login", "/auth/refresh"} {
		for _, from := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, nil} {
			fields := append([]string{account.ModeHeader, "cookie", "Cookie", rt}, from...)
			w.mustCall(403, "POST", path, "", `{}`, fields...)
		}
	}
	w.mustCall(400, "POST", "/auth/login", "", body("username", "ada", "password", adasPW), account.ModeHeader, "both")
	// The token of a session in cookies is of no use in a body.
	if status, _, _ := w.tryRefresh(cookies["__Host-sp_rt"].Value); status != 400 {
		t.Error(status)
	}
	rec = w.send("POST", "/auth/refresh", "", `{}`, append([]string{"Cookie", rt}, site...)...)
	if rec.Code != 200 || len(rec.Result().Cookies()) != 2 || strings.Contains(rec.Body.String(), "eyJ") {
		t.Fatal(rec.Code, rec.Body)
	}
	rec = w.send("POST", "/auth/logout", "", "", "Cookie", at, "Sec-Fetch-Site", "same-origin")
	cleared := 0
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			cleared++
		}
	}
	if rec.Code != 204 || cleared != 3 || rec.Header().Get("Clear-Site-Data") == "" {
		t.Errorf("%d, %d cleared", rec.Code, cleared)
	}
	w.mustCall(401, "GET", "/auth/me", "", "", "Cookie", at)
	if rec := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW)); len(rec.Result().Cookies()) != 0 {
		t.Error("a cookie nobody asked for")
	}
}

func TestCookieSecond(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	site := []string{"Sec-Fetch-Site", "same-origin", account.ModeHeader, "cookie"}
	rec := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW), site...)
	list := rec.Result().Cookies()
	if rec.Code != 200 || len(list) != 1 || strings.Contains(rec.Body.String(), "spt_") {
		t.Fatal(rec.Code, rec.Body, list)
	}
	fields := append([]string{"Cookie", list[0].Name + "=" + list[0].Value}, site...)
	rec = w.send("POST", "/auth/mfa/totp/verify", "", body("code", e.next()), fields...)
	if rec.Code != 200 || strings.Contains(rec.Body.String(), "eyJ") {
		t.Error(rec.Code, rec.Body)
	}
}
