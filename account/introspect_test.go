package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestIntrospect: who may asks, and learns nothing of what is not good.
func TestIntrospect(t *testing.T) {
	w := newWorld(t, func(c *account.Config) {
		c.RoleScopes = map[string][]string{"verifier": {account.ScopeIntrospect}}
	})
	w.register()
	add(t, w.Accounts, "checker")
	access, refresh := w.login()
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	ask := func(bearer, body string) (int, string) {
		rec := w.send("POST", "/auth/introspect", bearer, body, form...)
		return rec.Code, strings.TrimSpace(rec.Body.String())
	}
	if status, _ := ask("", "token="+access); status != 401 {
		t.Error(status)
	}
	if status, body := ask(access, "token="+access); status != 403 || !strings.Contains(body, "insufficient_scope") {
		t.Error(status, body)
	}
	if _, err := w.SetRoles(t.Context(), "checker", []string{"verifier"}); err != nil {
		t.Fatal(err)
	}
	checker := w.mustCall(200, "POST", "/auth/login", "", `{"username":"checker","password":"`+adasPW+`"}`)["access_token"].(string)
	if status, body := ask(checker, "token="+access); status != 200 || !strings.Contains(body, `"active":true`) || !strings.Contains(body, `"iss":"`+issuer) {
		t.Error(status, body)
	}
	for name, body := range map[string]string{"a refresh token": "token=" + refresh, "nonsense": "token=x", "another's": "token=" + access + "x"} {
		if status, said := ask(checker, body); status != 200 || said != `{"active":false}` {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	for name, body := range map[string]string{"nothing": "", "empty": "token=", "two": "token=a&token=b"} {
		if status, _ := ask(checker, body); status != 400 && status != 415 {
			t.Errorf("%s: %d", name, status)
		}
	}
	old, _ := w.login()
	w.later(10*time.Minute + 2*time.Second)
	checker = w.mustCall(200, "POST", "/auth/login", "", `{"username":"checker","password":"`+adasPW+`"}`)["access_token"].(string)
	if status, said := ask(checker, "token="+old); status != 200 || said != `{"active":false}` {
		t.Errorf("an expired one: %d %s", status, said)
	}
	access, refresh = w.login()
	if _, said := ask(checker, "token="+access); !strings.Contains(said, `"active":true`) {
		t.Error(said)
	}
	if rec := w.send("POST", "/auth/revoke", "", "token="+refresh, form...); rec.Code != 200 {
		t.Error(rec.Code)
	}
	if _, body := ask(checker, "token="+access); body != `{"active":false}` {
		t.Error(body)
	}
	for _, unknown := range []string{"x", refresh, access, checker + "x", "sp_live_x"} {
		if rec := w.send("POST", "/auth/revoke", "", "token="+unknown, form...); rec.Code != 200 {
			t.Errorf("revoking %.8s: %d", unknown, rec.Code)
		}
	}
	if rec := w.send("POST", "/auth/revoke", "", "token="+checker, form...); rec.Code != 200 {
		t.Error(rec.Code)
	}
	w.mustCall(401, "GET", "/auth/me", checker, "")
}
