package account_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestAccessToken_endsWithItsSession makes access tokens in the last seconds of a session,
// in every way that makes one: none may outlive the session, and expires_in and the cookie
// must say so. A token that outlives its session could not be revoked.
func TestAccessToken_endsWithItsSession(t *testing.T) {
	const quarter = 15 * time.Minute
	refresh := func(w *world, _, refresh string) map[string]any {
		return w.mustCall(200, "POST", "/auth/refresh", "", body("refresh_token", refresh))
	}
	reauth := func(w *world, access, _ string) map[string]any {
		return w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW))
	}
	for _, row := range []struct {
		name      string
		idle, all time.Duration
		make      func(w *world, access, refresh string) map[string]any
		at        time.Duration // after the login
		left      int           // seconds of the token, ±1
	}{
		{"refresh at the start", quarter, quarter, refresh, 0, 600},
		{"reauth at the start", quarter, quarter, reauth, 0, 600},
		{"refresh, a token fits exactly", quarter, quarter, refresh, 5 * time.Minute, 600},
		{"refresh near the end", quarter, quarter, refresh, 9*time.Minute + 50*time.Second, 310},
		{"reauth near the end", quarter, quarter, reauth, 9*time.Minute + 50*time.Second, 310},
		{"reauth near the idle end", quarter, 30 * 24 * time.Hour, reauth, 9*time.Minute + 50*time.Second, 310},
		{"a refresh moves the idle end", quarter, 30 * 24 * time.Hour, refresh, 9*time.Minute + 50*time.Second, 600},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { c.IdleTTL, c.SessionTTL = row.idle, row.all })
			w.register()
			access, refresh := w.login()
			w.later(row.at)
			said := row.make(w, access, refresh)
			if left := int(said["expires_in"].(float64)); left < row.left-1 || left > row.left {
				t.Errorf("expires_in %d, want %d", left, row.left)
			}
			token := said["access_token"].(string)
			w.later(time.Duration(row.left-2) * time.Second)
			w.mustCall(200, "GET", "/auth/me", token, "")
			w.later(4 * time.Second)
			w.Prune(t.Context())
			w.mustCall(401, "GET", "/auth/me", token, "")
		})
	}
}

// TestAccessCookie_endsWithItsSession is the same for the cookie's Max-Age.
func TestAccessCookie_endsWithItsSession(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.IdleTTL, c.SessionTTL = 15*time.Minute, 15*time.Minute })
	w.register()
	cookies := w.cookieLogin()
	w.later(9*time.Minute + 50*time.Second)
	rec := w.send("POST", "/auth/refresh", "", "{}", append([]string{"Cookie", cookies["rt"]}, fromSite...)...)
	if rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge > 310 || c.MaxAge < 309 {
			t.Errorf("%s: Max-Age %s, want 310", c.Name, strconv.Itoa(c.MaxAge))
		}
	}
}

// TestAccessToken_stays holds the honest case: a session in its middle gives whole tokens.
func TestAccessToken_stays(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	_, refresh := w.login()
	for range 20 {
		w.later(5 * 24 * time.Hour / 4)
		said := w.mustCall(200, "POST", "/auth/refresh", "", body("refresh_token", refresh))
		if refresh = said["refresh_token"].(string); said["expires_in"] != 600.0 {
			t.Fatal(said["expires_in"])
		}
	}
}
