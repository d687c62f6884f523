package account_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
)

// tryRefresh returns the status and the next tokens.
func (w *world) tryRefresh(raw string) (status int, access, refresh string) {
	w.Helper()
	status, _, said := w.call("POST", "/auth/refresh", "", `{"refresh_token":"`+raw+`"}`)
	access, _ = said["access_token"].(string)
	refresh, _ = said["refresh_token"].(string)
	return status, access, refresh
}

// use sends a request with an access token, as the client does once it has the answer,
// and lets what that tells reach the store.
func (w *world) use(access string) {
	w.Helper()
	w.mustCall(200, "GET", "/auth/me", access, "")
	w.Confirm(w.Context())
}

func (w *world) later(d time.Duration) {
	w.Helper()
	w.setClock(w.clock.Add(d))
	if err := w.Poll(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// TestRepeated (R1): two tabs, a double click: the same successor, and no alarm.
func TestRepeated(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	_, first := w.login()
	a1, second := w.refresh(first)
	w.use(a1)
	w.later(9 * time.Second)
	a2, again := w.refresh(first)
	if again != second {
		t.Error("another successor")
	}
	w.use(a2)
	w.refresh(second)
	if strings.Contains(w.audit.String(), audit.TokenReuse) {
		t.Error("an alarm")
	}
}

// TestRetried (R2): the answer got lost. The successor that never arrived is dead.
func TestRetried(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	_, first := w.login()
	_, lost := w.refresh(first)
	w.later(11 * time.Second)
	access, second := w.refresh(first)
	if second == lost {
		t.Error("the same successor")
	}
	w.use(access)
	if !strings.Contains(w.audit.String(), audit.TokenRetry) {
		t.Error("no event")
	}
	// Whoever has the lost answer is a thief, or has been robbed: the session ends.
	if status, _, _ := w.tryRefresh(lost); status != 400 {
		t.Errorf("the lost one: %d", status)
	}
	w.mustCall(401, "GET", "/auth/me", access, "")
	if status, _, _ := w.tryRefresh(second); status != 400 {
		t.Errorf("the successor afterwards: %d", status)
	}
}

// TestRetried_afterReauth: the token of a reauth does not pass for the answer that got lost, and
// one that came with an answer that arrived is no excuse for a thief.
func TestRetried_afterReauth(t *testing.T) {
	for name, row := range map[string]struct {
		arrived bool
		status  int
	}{"the answer was lost": {false, 200}, "the answer arrived": {true, 400}} {
		w := newWorld(t, nil)
		w.register()
		access, first := w.login()
		next, _ := w.refresh(first)
		if row.arrived {
			access = next
		}
		said := w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW))
		w.use(said["access_token"].(string))
		w.later(11 * time.Second)
		if status, _, _ := w.tryRefresh(first); status != row.status {
			t.Errorf("%s: %d, want %d", name, status, row.status)
		}
	}
}

// TestStolen (R3): the old token comes again after its successor was used. That session
// ends, with its access tokens; others go on; the user gets a mail.
func TestStolen(t *testing.T) {
	for name, usedBy := range map[string]func(w *world, access, refresh string){
		"the access token was used":  func(w *world, access, _ string) { w.use(access) },
		"the refresh token was used": func(w *world, _, refresh string) { w.refresh(refresh) },
	} {
		w := newWorld(t, withMail)
		add(t, w.Accounts, "ada")
		_, stolen := w.login()
		other, _ := w.login()
		access, refresh := w.refresh(stolen)
		usedBy(w, access, refresh)
		w.later(11 * time.Second)
		if status, _, _ := w.tryRefresh(stolen); status != http.StatusBadRequest {
			t.Errorf("%s: the thief: %d", name, status)
		}
		w.mustCall(401, "GET", "/auth/me", access, "")
		if status, _, _ := w.tryRefresh(refresh); status != http.StatusBadRequest {
			t.Errorf("%s: the session goes on: %d", name, status)
		}
		w.mustCall(200, "GET", "/auth/me", other, "")
		if !strings.Contains(w.audit.String(), audit.TokenReuse) {
			t.Errorf("%s: no event", name)
		}
		if list := w.sent(); len(list) != 1 || list[0].to != "ada@example.com" || !strings.Contains(list[0].subject, "was ended") {
			t.Errorf("%s: mails %+v", name, list)
		}
	}
}

// TestOneStepBehind: a thief who keeps the token before the current one is found at the
// first try, however often the session was refreshed before.
func TestOneStepBehind(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	for _, cycle := range []int{1, 2, 20} {
		_, current := w.login()
		var behind string
		for range cycle {
			behind = current
			access, next := w.refresh(current)
			current = next
			w.use(access)
			w.later(8 * time.Minute)
		}
		if status, _, _ := w.tryRefresh(behind); status != 400 {
			t.Errorf("cycle %d: %d", cycle, status)
		}
		if status, _, _ := w.tryRefresh(current); status != 400 {
			t.Errorf("cycle %d: the session goes on: %d", cycle, status)
		}
	}
}

// TestStrict: every token once.
func TestStrict(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.StrictRefresh = true })
	w.register()
	_, first := w.login()
	_, second := w.refresh(first)
	for _, raw := range []string{first, second} {
		if status, _, _ := w.tryRefresh(raw); status != 400 {
			t.Errorf("%d", status)
		}
	}
}

// TestLifetimes: idle for a week, or a month old, however much it was used.
func TestLifetimes(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	_, raw := w.login()
	_, idle := w.login()
	for range 7 {
		w.later(4 * 24 * time.Hour)
		_, raw = w.refresh(raw)
	}
	if status, _, _ := w.tryRefresh(idle); status != 400 {
		t.Errorf("idle for 28 days: %d", status)
	}
	w.later(2*24*time.Hour - time.Second)
	_, raw = w.refresh(raw)
	w.later(time.Second)
	if status, _, _ := w.tryRefresh(raw); status != 400 {
		t.Errorf("after 30 days: %d", status)
	}
	w.setClock(w.clock.Add(-20 * 24 * time.Hour)) // a clock set back brings nothing back
	for _, old := range []string{raw, idle} {
		if status, _, _ := w.tryRefresh(old); status != 400 {
			t.Errorf("with the clock set back: %d", status)
		}
	}
}

// TestRefreshTokens: no bit of one can be changed, the store holds none, and a user's
// rights are read anew.
func TestRefreshTokens(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.RoleScopes = map[string][]string{"admin": {"all"}} })
	w.register()
	if _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	_, raw := w.login()
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(raw, "spr_"))
	if err != nil {
		t.Fatal(err)
	}
	w.store.Close() // nothing below is asked of the store
	for i := range plain {
		plain[i] ^= 1
		status, body, _ := w.call("POST", "/auth/refresh", "", `{"refresh_token":"spr_`+base64.RawURLEncoding.EncodeToString(plain)+`"}`)
		if status != 400 || !strings.Contains(body, "invalid_grant") {
			t.Errorf("byte %d: %d %s", i, status, body)
		}
		plain[i] ^= 1
	}
}

func TestRefreshReadsRights(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.RoleScopes = map[string][]string{"admin": {"all"}} })
	w.register()
	if _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	_, raw := w.login()
	if _, err := w.SetRoles(t.Context(), "ada", nil); err != nil {
		t.Fatal(err)
	}
	said := w.mustCall(200, "POST", "/auth/refresh", "", `{"refresh_token":"`+raw+`"}`)
	if said["scope"] != "api" {
		t.Errorf("scope %v", said["scope"])
	}
	w.mustCall(200, "GET", "/auth/me", said["access_token"].(string), "")
}

// TestSessions: the user sees them, ends one, ends all, and has at most so many.
func TestSessions(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.MaxSessions = 3 })
	w.register()
	add(t, w.Accounts, "bob")
	first, _ := w.login()
	w.later(time.Second)
	second, refresh2 := w.login()
	w.later(time.Second)
	access, _ := w.login()
	bobs := w.mustCall(200, "POST", "/auth/login", "", `{"username":"bob","password":"`+adasPW+`"}`)["access_token"].(string)
	list := func(bearer string) []any {
		return w.mustCall(200, "GET", "/auth/sessions", bearer, "")["sessions"].([]any)
	}
	all := list(access)
	if len(all) != 3 || all[2].(object)["current"] != true || all[0].(object)["current"] != false || all[0].(object)["network"] != "192.0.2.1/32" {
		t.Fatalf("%+v", all)
	}
	id := all[1].(object)["id"].(string)
	w.mustCall(404, "DELETE", "/auth/sessions/"+id, bobs, "") // another's is not there
	w.mustCall(404, "DELETE", "/auth/sessions/none", access, "")
	w.mustCall(204, "DELETE", "/auth/sessions/"+id, access, "")
	w.mustCall(404, "DELETE", "/auth/sessions/"+id, access, "")
	w.mustCall(401, "GET", "/auth/me", second, "")
	if status, _, _ := w.tryRefresh(refresh2); status != 400 {
		t.Error(status)
	}
	w.later(time.Second)
	w.login()
	w.mustCall(200, "GET", "/auth/me", first, "")
	w.later(time.Second)
	w.login() // the fourth ends the oldest
	w.mustCall(401, "GET", "/auth/me", first, "")
	w.mustCall(200, "GET", "/auth/me", access, "")
	w.mustCall(204, "POST", "/auth/logout-all", access, "")
	w.mustCall(401, "GET", "/auth/me", access, "")
	w.mustCall(200, "GET", "/auth/me", bobs, "")
	w.mustCall(401, "POST", "/auth/logout", access, "")
}

// TestMostSessions: one session too many ends the oldest of those that live, and the log
// says so.
func TestMostSessions(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.MaxSessions = 2 })
	w.register()
	_, oldest := w.login()
	w.later(time.Hour)
	w.login() // is left alone from here on
	for range 2 {
		w.later(4 * 24 * time.Hour)
		_, oldest = w.refresh(oldest)
	}
	access, _ := w.login()
	_, oldest = w.refresh(oldest)
	if strings.Contains(w.audit.String(), "more sessions than") {
		t.Error("an expired session counts")
	}
	w.later(time.Second)
	w.login()
	if status, _, _ := w.tryRefresh(oldest); status != 400 {
		t.Errorf("the oldest of three: %d", status)
	}
	w.mustCall(200, "GET", "/auth/me", access, "")
	if !strings.Contains(w.audit.String(), "more sessions than") {
		t.Error("no event")
	}
}

// TestNoFixation: a login never adopts a session or a token that came along.
func TestNoFixation(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	site := []string{"Sec-Fetch-Site", "same-origin", account.ModeHeader, "cookie"}
	login := func(fields ...string) map[string]string {
		got := map[string]string{}
		rec := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW), append(fields, site...)...)
		for _, c := range rec.Result().Cookies() {
			got[c.Name] = c.Value
		}
		return got
	}
	planted := login()
	got := login("Cookie", "__Host-sp_at="+planted["__Host-sp_at"], "Cookie", "__Host-sp_rt="+planted["__Host-sp_rt"])
	if got["__Host-sp_rt"] == "" || got["__Host-sp_rt"] == planted["__Host-sp_rt"] {
		t.Errorf("refresh token %q", got["__Host-sp_rt"])
	}
	if a, b := claimsOf(t, planted["__Host-sp_at"])["sid"], claimsOf(t, got["__Host-sp_at"])["sid"]; a == b {
		t.Errorf("both have session %v", a)
	}
}

// TestLogoutAgain: the first logout ends this session and no other one; the next, and one
// without a token, are refused in the same way every time.
func TestLogoutAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	other, _ := w.login()
	w.mustCall(204, "POST", "/auth/logout", access, "")
	for range 2 {
		w.mustCall(401, "POST", "/auth/logout", access, "")
		w.mustCall(401, "POST", "/auth/logout", "", "")
	}
	w.mustCall(200, "GET", "/auth/me", other, "")
}
