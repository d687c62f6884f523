package account_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// spoilt are bodies that no endpoint takes, by the media type they are sent with.
var spoilt = []struct{ media, body string }{
	{"application/json", `{`}, {"application/json", `[]`}, {"application/json", `{"no_such_member":1}`},
	{"application/json", `{}`},
	{"application/json", `{"a":"` + strings.Repeat("x", 20_000) + `"}`}, {"text/plain", `{}`}, {"", "x"},
	{"application/json", "\xff"},
	{"application/x-www-form-urlencoded", "token=a&token=b"}, {"application/x-www-form-urlencoded", "%zz"},
	{"application/json; charset=latin1", "{}"},
}

// TestAuthorize_beforeTheBody walks every endpoint of the accounts' document that needs a
// credential, with credentials that are not enough and bodies that nobody can read: the
// answer must be about the credential. Otherwise whoever may not call an endpoint learns
// what it takes, and has this program read for them.
func TestAuthorize_beforeTheBody(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, refresh := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
	ended, _ := w.login()
	w.mustCall(204, "POST", "/auth/logout", ended, "")
	w.later(11 * time.Minute)
	old, _ := w.refresh(refresh)
	other := "0" // for the last character of a key
	if strings.HasSuffix(key, other) {
		other = "1"
	}
	enough := map[string]string{ // and for whom
		"GET /auth/me": "key", "POST /auth/logout": "old", "POST /auth/logout-all": "old", "GET /auth/sessions": "old",
		"DELETE /auth/sessions/{id}": "old", "POST /auth/reauth": "old", "POST /auth/password/change": "old",
		"GET /auth/keys":         "old",
		"DELETE /auth/keys/{id}": "old", "POST /auth/mfa/recover/cancel": "old",
	}
	walked := 0
	for path, item := range documentOf(t, w.Accounts)["paths"].(object) {
		for method, said := range item.(object) {
			if _, needs := said.(object)["security"]; !needs {
				continue
			}
			walked++
			method = strings.ToUpper(method)
			for name, row := range map[string]struct {
				bearer string
				status int
				code   string
			}{
				"no token":                       {"", 401, "no_credentials"},
				"no token that there is":         {"x.y.z", 401, "invalid_token"},
				"a session that ended":           {ended, 401, "invalid_token"},
				"a refresh token":                {refresh, 401, "invalid_token"},
				"an API key":                     {key, 403, "session_required"},
				"a login long ago":               {old, 403, "reauth_required"},
				"an API key with a typing error": {key[:len(key)-1] + other, 401, "invalid_token"},
			} {
				if may := enough[method+" "+path]; may != "" && row.bearer == old || may == "key" && row.bearer == key {
					continue
				}
				if path == "/auth/introspect" && row.status == 403 {
					row.code = "insufficient_scope"
				}
				for _, b := range spoilt {
					rec := w.send(method, strings.Replace(path, "{id}", "x", 1), row.bearer, b.body, "Content-Type", b.media)
					if rec.Code != row.status || !strings.Contains(rec.Body.String(), row.code) {
						t.Errorf("%s %s by %s with %.20q: %d %s", method, path, name, b.body, rec.Code, rec.Body)
						break
					}
				}
			}
		}
	}
	if walked < 16 {
		t.Errorf("%d endpoints", walked)
	}
}

// TestAuthorize_administrators is the same for their API, whose callers need the role, a
// second factor and, to change something, a login of late.
func TestAuthorize_administrators(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.AccessTTL, c.ReauthTTL = time.Hour, 10*time.Minute })
	root := w.administrator("root")
	add(t, w.Accounts, "ada")
	plain, _ := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", root, body("name", "k"))["key"].(string)
	w.later(11 * time.Minute)
	const reads, changes = "GET /users,GET /users/ada,GET /invites,GET /keys",
		"POST /users/ada/disable,POST /users/ada/enable," +
			"POST /users/ada/force-reset,POST /users/ada/remove-mfa,POST /users/ada/end-sessions," +
			"POST /users/ada/roles,POST /invites,DELETE /invites/x,POST /keys/rotate,DELETE /keys/x"
	for name, row := range map[string]struct {
		bearer, targets string
		status          int
		code            string
	}{
		"nobody":        {"", reads + "," + changes, 401, "no_credentials"},
		"anybody":       {plain, reads + "," + changes, 403, "admin_required"},
		"an API key":    {key, reads + "," + changes, 403, "admin_required"},
		"long ago":      {root, changes, 403, "reauth_required"},
		"looking about": {root, reads, 200, ""},
	} {
		w.later(time.Minute) // for the limit
		for target := range strings.SplitSeq(row.targets, ",") {
			for _, b := range spoilt {
				method, path, _ := strings.Cut(target, " ")
				r := httptest.NewRequest(method, "/admin/api"+path, strings.NewReader(b.body))
				r.Header.Set("Content-Type", b.media)
				if row.bearer != "" {
					r.Header.Set("Authorization", "Bearer "+row.bearer)
				}
				rec := httptest.NewRecorder()
				w.Admin().ServeHTTP(rec, r)
				if rec.Code != row.status || !strings.Contains(rec.Body.String(), row.code) {
					t.Errorf("%s by %s with %.20q: %d %s", target, name, b.body, rec.Code, rec.Body)
					break
				}
			}
		}
	}
}
