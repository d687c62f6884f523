package account_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/totp"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/ratelimit"
)

// admin sends a request to the API for administrators.
func (w *world) admin(method, path, bearer, in string, fields ...string) (int, string) {
	w.Helper()
	r := httptest.NewRequest(method, "/admin/api"+path, strings.NewReader(in))
	if in != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	rec := httptest.NewRecorder()
	w.Admin().ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// TestAdmin: for an administrator with a second factor, and nobody else.
func TestAdmin(t *testing.T) {
	w := newWorld(t, func(c *account.Config) {
		withMail(c)
		c.LimitStatus = func() any { return map[string]bool{"degraded": false} }
		c.AnswerStatus = func() any { return map[string][]int{"answers": {}} }
	})
	root := add(t, w.Accounts, "ada")
	bob := add(t, w.Accounts, "bob")
	if _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	plain, _ := w.login()
	e := enroll(w)
	access := e.second(200, e.first(), "code", e.next())["access_token"].(string)
	if _, err := w.SetRoles(t.Context(), "bob", []string{"admin"}); err != nil { // but no second factor
		t.Fatal(err)
	}
	bobs := w.mustCall(200, "POST", "/auth/login", "", body("username", "bob", "password", adasPW))["access_token"].(string)
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
	for name, c := range map[string]struct {
		status int
		bearer string
	}{"nobody": {401, ""}, "without a second factor": {403, bobs}, "an API key": {403, key}, "a session that ended": {401, plain}} {
		if status, said := w.admin("GET", "/users", c.bearer, ""); status != c.status {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	if status, _ := w.admin("GET", "/users", "", "", "Cookie", "__Host-sp_at="+access); status != 401 {
		t.Errorf("with a cookie: %d", status)
	}
	// What is for administrators is not there for the world.
	for _, path := range []string{"/admin/api/users", "/admin/api/keys"} {
		if rec := w.send("GET", path, access, ""); rec.Code != 404 {
			t.Errorf("%s on the public side: %d", path, rec.Code)
		}
	}
	w.sent()
	for _, c := range []struct {
		method, path, in string
		status           int
		says             string
	}{
		{"GET", "/users", "", 200, `"username":"bob"`},
		{"GET", "/users?search=ADA", "", 200, `"mfa":true`},
		{"GET", "/users?search=nobody", "", 200, `{"users":[]}`},
		{"GET", "/users/" + bob.ID, "", 200, `"disabled":false`},
		{"GET", "/users/none", "", 404, "not_found"},
		{"POST", "/users/" + bob.ID + "/roles", `{"roles":["a b"]}`, 422, "bad_value"},
		{"POST", "/users/" + bob.ID + "/roles", `{"roles":["editor"],"password":"x"}`, 422, "unknown_member"},
		{"POST", "/users/" + bob.ID + "/roles", `{"roles":["editor"]}`, 204, ""},
		{"POST", "/users/" + root.ID + "/disable", "", 409, "last_admin"},
		{"POST", "/users/" + root.ID + "/roles", `{"roles":[]}`, 409, "last_admin"},
		{"POST", "/users/" + bob.ID + "/disable", "", 204, ""},
		{"GET", "/users/" + bob.ID, "", 200, `"disabled":true`},
		{"POST", "/users/" + bob.ID + "/enable", "", 204, ""},
		{"POST", "/users/" + bob.ID + "/force-reset", "", 204, ""},
		{"POST", "/users/" + bob.ID + "/end-sessions", "", 204, ""},
		{"POST", "/users/" + bob.ID + "/remove-mfa", "", 204, ""},
		{"POST", "/users/none/disable", "", 404, "not_found"},
		{"POST", "/users/none/end-sessions", "", 404, "not_found"},
		{"POST", "/invites", `{"email":"eve@example.com","roles":["user"]}`, 204, ""},
		{"POST", "/invites", `{"email":"eve"}`, 422, "email"},
		{"GET", "/keys", "", 200, `"algorithm":"ES256"`},
		{"GET", "/limits", "", 200, `{"degraded":false}`},
		{"GET", "/answers", "", 200, `{"answers":[]}`},
		{"POST", "/keys/rotate", "", 204, ""},
		{"DELETE", "/keys/none", "", 404, "not_found"},
		{"DELETE", "/keys/" + w.newest(), "", 204, ""},
		{"GET", "/nothing", "", 401, ""}, // the key of the token is gone
	} {
		status, said := w.admin(c.method, c.path, access, c.in)
		if status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s %s: %d %s, want %d and %s", c.method, c.path, status, said, c.status, c.says)
		}
	}
	if list := w.sent(); len(list) != 3 {
		t.Errorf("mails %+v", list)
	}
	for _, event := range []string{audit.AuthzAdmin, audit.AuthzFail} {
		if !strings.Contains(w.audit.String(), event) {
			t.Errorf("no event %s", event)
		}
	}
}

// TestAdminLately: who has not proved for a while who they are may look, and not touch.
func TestAdminLately(t *testing.T) {
	w := newWorld(t, nil)
	bob := add(t, w.Accounts, "bob")
	add(t, w.Accounts, "ada")
	if _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	e := enroll(w)
	said := e.second(200, e.first(), "code", e.next())
	w.later(11 * time.Minute)
	access, _ := w.refresh(said["refresh_token"].(string))
	if status, _ := w.admin("GET", "/users", access, ""); status != http.StatusOK {
		t.Error(status)
	}
	if status, said := w.admin("POST", "/users/"+bob.ID+"/disable", access, ""); status != 403 || !strings.Contains(said, "reauth_required") {
		t.Error(status, said)
	}
	access = w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW, "code", e.code()))["access_token"].(string)
	if status, said := w.admin("POST", "/users/"+bob.ID+"/disable", access, ""); status != 204 {
		t.Error(status, said)
	}
}

// crossing is a store where the transactions of two requests about some users begin in
// pairs, one of each request.
type crossing struct {
	account.Store
	mu    sync.Mutex
	users map[string]bool // empty when nobody has to wait
	met   chan struct{}   // closed when the second of a pair is there; nil without a first
}

func (s *crossing) Update(ctx context.Context, key string, do func(account.Tx) error) error {
	s.mu.Lock()
	met := s.met
	switch {
	case !s.users[key]:
		met = nil
	case met == nil:
		met = make(chan struct{})
		s.met = met
	default:
		close(met)
		s.met = nil
	}
	s.mu.Unlock()
	if met != nil {
		<-met
	}
	return s.Store.Update(ctx, key, do)
}

// TestLastTwoAdmins: two administrators who shut each other out at once leave one.
func TestLastTwoAdmins(t *testing.T) {
	for name, c := range map[string]struct{ path, in string }{"disable": {"/disable", ""}, "roles": {"/roles", `{"roles":["user"]}`}} {
		s := &crossing{Store: newWorld(t, nil).store}
		w := newWorldOn(t, s, nil)
		ids, access := map[string]string{}, map[string]string{}
		for _, user := range []string{"ada", "bob"} {
			ids[user] = add(t, w.Accounts, user).ID
			if _, err := w.SetRoles(t.Context(), user, []string{account.RoleAdmin}); err != nil {
				t.Fatal(err)
			}
			access[user] = enrollAs(w, user)
		}
		s.mu.Lock()
		s.users = map[string]bool{ids["ada"]: true, ids["bob"]: true}
		s.mu.Unlock()
		got := make(chan int, 2)
		for user, other := range map[string]string{"ada": "bob", "bob": "ada"} {
			go func() {
				status, _ := w.admin("POST", "/users/"+ids[other]+c.path, access[user], c.in)
				got <- status
			}()
		}
		if one, two := <-got, <-got; one+two != 204+409 {
			t.Errorf("%s: %d and %d", name, one, two)
		}
	}
}

// enrollAs gives a user a second factor, and returns an access token that says so.
func enrollAs(w *world, user string) string {
	w.Helper()
	_, said := w.loginAs(user, adasPW)
	access := said["access_token"].(string)
	seed := seedOf(w.T, w.mustCall(200, "POST", "/auth/mfa/totp/enroll", access, "")["secret"].(string))
	w.mustCall(200, "POST", "/auth/mfa/totp/confirm", access, body("code", totp.Code(seed, totp.Step(w.clock))))
	w.later(30 * time.Second)
	_, said = w.loginAs(user, adasPW)
	return w.mustCall(200, "POST", "/auth/mfa/totp/verify", "", body("mfa_token", said["mfa_token"].(string), "code", totp.Code(seed, totp.Step(w.clock))))["access_token"].(string)
}

// TestNotAnotherAdmin: who has the role and could not use it is no other administrator.
func TestNotAnotherAdmin(t *testing.T) {
	w := newWorld(t, withMail)
	id := add(t, w.Accounts, "ada").ID
	for _, user := range []string{"ada", "plain", "reset"} {
		if user != "ada" {
			add(t, w.Accounts, user)
		}
		if _, err := w.SetRoles(t.Context(), user, []string{account.RoleAdmin}); err != nil {
			t.Fatal(err)
		}
	}
	enrollAs(w, "reset")
	if _, err := w.ForceReset(t.Context(), "reset"); err != nil {
		t.Fatal(err)
	}
	access := enrollAs(w, "ada")
	for path, in := range map[string]string{"/disable": "", "/roles": `{"roles":[]}`} {
		if status, said := w.admin("POST", "/users/"+id+path, access, in); status != 409 {
			t.Errorf("%s: %d %s", path, status, said)
		}
	}
}

// TestAdminLimit: nobody guesses at tokens there without end.
func TestAdminLimit(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 600 {
		if status, said := w.admin("GET", "/users", "sp_live_x", ""); status != 401 {
			t.Fatalf("request %d: %d %s", i, status, said)
		}
	}
	if status, said := w.admin("GET", "/users", "sp_live_x", ""); status != 429 || !strings.Contains(said, "rate_limited") {
		t.Error(status, said)
	}
	w.later(time.Minute)
	if status, said := w.admin("GET", "/users", "sp_live_x", ""); status != 401 {
		t.Error(status, said)
	}
}

// TestSharedLimits: two processes with one secret share the counters of a shared store.
func TestSharedLimits(t *testing.T) {
	store, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err != nil {
		t.Fatal(err)
	}
	shared := func(c *account.Config) { c.Limits, c.LoginLimit = store, "2 per 1h" }
	one, two := newWorld(t, shared), newWorld(t, shared)
	wrong := body("username", "nobody", "password", adasPW)
	one.mustCall(401, "POST", "/auth/login", "", wrong)
	two.mustCall(401, "POST", "/auth/login", "", wrong)
	one.mustCall(429, "POST", "/auth/login", "", wrong)
	two.mustCall(429, "POST", "/auth/login", "", wrong)
}
