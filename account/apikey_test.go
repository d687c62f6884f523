package account_test

import (
	"hash/crc32"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestAPIKeyForm: what a scanner knows a key by, without asking anybody: its form, and a
// checksum of all before it in base 62.
func TestAPIKeyForm(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	form := regexp.MustCompile(`^(sp_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_)([0-9A-Za-z]{6})$`)
	seen := map[string]bool{}
	for range 20 {
		key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
		m := form.FindStringSubmatch(key)
		if m == nil || seen[key] {
			t.Fatalf("%s", key)
		}
		seen[key] = true
		sum := uint64(0)
		for _, c := range m[2] {
			sum = sum*62 + uint64(strings.IndexRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c))
		}
		if sum != uint64(crc32.ChecksumIEEE([]byte(m[1]))) {
			t.Errorf("%s: checksum %d", key, sum)
		}
	}
}

// TestAPIKeyOpens: nothing of the account API but who its owner is, and what its scopes
// say. It is no login.
func TestAPIKeyOpens(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
	w.sent()
	// Bodies that a session would get past with.
	bodies := map[string]string{
		"/auth/reauth": body("password", adasPW), "/auth/keys": body("name", "k"), "/auth/email/change": body("email", "x@example.com"),
		"/auth/password/change":  body("current_password", adasPW, "new_password", newPW),
		"/auth/mfa/totp/confirm": body("code", "000000"), "/auth/mfa/totp/disable": body("code", "000000"),
		"/auth/mfa/recovery/regenerate": body("code", "000000"),
	}
	for path, item := range documentOf(t, w.Accounts)["paths"].(object) {
		for method, op := range item.(object) {
			if op.(object)["security"] == nil || path == "/auth/me" {
				continue
			}
			in := ""
			if method == "post" {
				in = bodies[path]
			}
			if status, said, _ := w.call(strings.ToUpper(method), strings.Replace(path, "{id}", "x", 1), key, in); status != 403 {
				t.Errorf("%s %s: %d %s", method, path, status, said)
			}
		}
	}
	if list := w.sent(); len(list) != 0 {
		t.Errorf("mails %+v", list)
	}
	if status, _ := w.loginAs("ada", adasPW); status != 200 {
		t.Errorf("the password is another one: %d", status)
	}
}

// TestAPIKeyOwner: no member of a request says whose a key is.
func TestAPIKeyOwner(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	bob := add(t, w.Accounts, "bob")
	access, _ := w.login()
	for _, name := range []string{"userId", "user_id", "user", "owner", "sub", "id", "Name", "key", "hash"} {
		w.mustCall(422, "POST", "/auth/keys", access, body("name", "k", name, bob.ID))
	}
	key := w.mustCall(201, "POST", "/auth/keys?user_id="+bob.ID, access, body("name", "k"), "X-Sallyport-Subject", bob.ID)["key"].(string)
	if me := w.mustCall(200, "GET", "/auth/me", key, ""); me["username"] != "Ada" {
		t.Errorf("%v", me)
	}
}

// TestAPIKeyEnds: a key that was revoked, has expired, or is made up is refused with the
// same words; on its own it lives 90 days.
func TestAPIKeyEnds(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	add := func(in string) (key, id string) {
		said := w.mustCall(201, "POST", "/auth/keys", access, in)
		return said["key"].(string), said["id"].(string)
	}
	made := w.clock
	plain, _ := add(body("name", "k"))
	short, _ := add(`{"name":"k","days":1}`)
	revoked, id := add(body("name", "k"))
	w.mustCall(204, "DELETE", "/auth/keys/"+id, access, "")
	gone := newWorld(t, nil)
	gone.register()
	other, _ := gone.login()
	unknown := gone.mustCall(201, "POST", "/auth/keys", other, body("name", "k"))["key"].(string)
	w.later(24*time.Hour - time.Second)
	w.mustCall(200, "GET", "/auth/me", short, "")
	w.later(time.Second)
	var said []string
	for _, key := range []string{revoked, short, unknown, unknown[:len(unknown)-1] + "_", "sp_live_", account.APIKeyPrefix + strings.Repeat("x", 60)} {
		rec := w.send("GET", "/auth/me", key, "")
		if rec.Code != 401 {
			t.Errorf("%.20s: %d", key, rec.Code)
		}
		said = append(said, rec.Header().Get("WWW-Authenticate")+rec.Body.String())
	}
	if len(slices.Compact(said)) != 1 {
		t.Errorf("answers differ: %q", said)
	}
	w.later(made.Add(90*24*time.Hour - time.Second).Sub(w.clock))
	w.mustCall(200, "GET", "/auth/me", plain, "")
	w.later(time.Second)
	w.mustCall(401, "GET", "/auth/me", plain, "")
}

// TestAPIKeyLastUse: the time of last use is as exact as ten minutes.
func TestAPIKeyLastUse(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, refresh := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
	used := func() any {
		return w.mustCall(200, "GET", "/auth/keys", access, "")["keys"].([]any)[0].(object)["last_used"]
	}
	if used() != nil {
		t.Error("used before it was")
	}
	w.mustCall(200, "GET", "/auth/me", key, "")
	first := used()
	if first != w.clock.UTC().Format(time.RFC3339) {
		t.Errorf("used at %v", first)
	}
	w.later(9 * time.Minute)
	w.mustCall(200, "GET", "/auth/me", key, "")
	if got := used(); got != first {
		t.Errorf("used at %v, want %v still", got, first)
	}
	w.later(2 * time.Minute)
	access, _ = w.refresh(refresh)
	w.mustCall(200, "GET", "/auth/me", key, "")
	if got := used(); got != w.clock.UTC().Format(time.RFC3339) {
		t.Errorf("used at %v", got)
	}
}

// TestAPIKeys: shown once, with scopes of their owner's, until they end; and of no use
// for anything that a login is for.
func TestAPIKeys(t *testing.T) {
	w := newWorld(t, func(c *account.Config) {
		c.Scopes, c.RoleScopes = []string{"read", "write"}, map[string][]string{"admin": {"all"}}
	})
	w.register()
	add(t, w.Accounts, "bob")
	access, _ := w.login()
	w.mustCall(422, "POST", "/auth/keys", access, `{"name":"k","scopes":["all"]}`)
	w.mustCall(422, "POST", "/auth/keys", access, `{"name":"k","userId":"`+"bob"+`"}`)
	w.mustCall(422, "POST", "/auth/keys", access, `{"name":"k","days":367}`)
	for _, odd := range []string{`a\u0000b`, `a\nb`, `a\u001b[2Jb`, `a\u202eb`, `a\u2066b`, `a\u200bb`, `a\u2028b`, `\u007f`} {
		w.mustCall(422, "POST", "/auth/keys", access, `{"name":"`+odd+`"}`)
	}
	named := w.mustCall(201, "POST", "/auth/keys", access, `{"name":"Zoë's \u6771\u4eac (CI) \ud83d\udd11"}`)["id"].(string)
	w.mustCall(204, "DELETE", "/auth/keys/"+named, access, "")
	said := w.mustCall(201, "POST", "/auth/keys", access, `{"name":"build","scopes":["read"],"days":1}`)
	key, id := said["key"].(string), said["id"].(string)
	if !strings.HasPrefix(key, "sp_live_"+id+"_") {
		t.Errorf("%s of %s", key, id)
	}
	p, err := w.APIKey(t.Context(), key)
	if err != nil || strings.Join(p.Scopes, " ") != "read" || p.Roles != nil || p.Session != "" || p.Client != "key:"+id {
		t.Errorf("%+v %v", p, err)
	}
	for i := range key {
		changed := []byte(key)
		changed[i] ^= 1
		if _, err := w.APIKey(t.Context(), string(changed)); err == nil {
			t.Errorf("good with another character at %d", i)
		}
	}
	w.mustCall(200, "GET", "/auth/me", key, "")
	for _, path := range []string{"/auth/sessions", "/auth/keys"} {
		w.mustCall(403, "GET", path, key, "")
	}
	for path, in := range map[string]string{
		"/auth/logout": "", "/auth/logout-all": "", "/auth/keys": body("name", "k"), "/auth/reauth": body("password", adasPW),
		"/auth/password/change": body("current_password", adasPW, "new_password", newPW), "/auth/mfa/totp/enroll": "",
	} {
		w.mustCall(403, "POST", path, key, in)
	}
	list := w.mustCall(200, "GET", "/auth/keys", access, "")["keys"].([]any)
	if k := list[0].(object); len(list) != 1 || k["key"] != nil || k["name"] != "build" || k["last_used"] == nil {
		t.Errorf("%v", list)
	}
	bobs := w.mustCall(200, "POST", "/auth/login", "", body("username", "bob", "password", adasPW))["access_token"].(string)
	w.mustCall(404, "DELETE", "/auth/keys/"+id, bobs, "")
	other := newWorldOn(t, w.store, func(c *account.Config) { c.Scopes = []string{"read", "write"} })
	other.mustCall(200, "GET", "/auth/me", key, "")
	w.mustCall(204, "DELETE", "/auth/keys/"+id, access, "")
	w.mustCall(404, "DELETE", "/auth/keys/"+id, access, "")
	w.mustCall(401, "GET", "/auth/me", key, "")
	other.later(0) // reads the feed
	other.mustCall(401, "GET", "/auth/me", key, "")
}

// TestAPIKeyFollowsOwner: what the owner loses, the key loses.
func TestAPIKeyFollowsOwner(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.RoleScopes = map[string][]string{"admin": {"all"}} })
	w.register()
	if _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	access, _ := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, `{"name":"k","scopes":["api","all"]}`)["key"].(string)
	scopes := func() string {
		p, err := w.APIKey(t.Context(), key)
		if err != nil {
			return err.Error()
		}
		return strings.Join(p.Scopes, " ")
	}
	if got := scopes(); got != "api all" {
		t.Error(got)
	}
	if _, err := w.SetRoles(t.Context(), "ada", nil); err != nil {
		t.Fatal(err)
	}
	if got := scopes(); got != "api" {
		t.Error(got)
	}
	if _, err := w.SetDisabled(t.Context(), "ada", true); err != nil {
		t.Fatal(err)
	}
	if got := scopes(); !strings.Contains(got, "revoked") {
		t.Error(got)
	}
	if _, err := w.SetDisabled(t.Context(), "ada", false); err != nil {
		t.Fatal(err)
	}
	w.later(91 * 24 * time.Hour)
	if got := scopes(); !strings.Contains(got, "expired") {
		t.Error(got)
	}
}
