package account_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
)

// hostileAddresses would be several, another header, or another person's.
var hostileAddresses = []string{
	`a@example.com\r\nBcc: eve@example.com`, `a@example.com\nBcc: eve@example.com`, `a@example.com\u0000`, `a@example.com\u2028Bcc: x`, `a@example.com,eve@example.com`,
	`a@example.com;eve@example.com`, `a@example.com eve@example.com`, `Ada <a@example.com>`, `<a@example.com>`, `\"Ada\" a@example.com`, `a@example.com(x)`, `a@exam ple.com`,
	`a@b@example.com`, `a%eve.example@`, `@eve.example:a@example.com`, `\u0430da@example.com`, `ada@ex\u0430mple.com`, `ada\uff20example.com`, `ada@example.com\u200b`, `ada@ex\u00adample.com`, `ad\u200ba@example.com`, `ada\u202e@example.com`, `\uff0eda@example.com`, `ada@\u03b1lph\u0430.com`, `ada@b\u00fccher`, `ada@-b\u00fccher.example`, `mailto:a@example.com?bcc=x`,
}

// TestHostileAddresses: none of them is an address, wherever one is asked for.
func TestHostileAddresses(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.RegisterLimit = "10000 per 1h" })
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	for _, address := range hostileAddresses {
		for path, in := range map[string]string{
			"/auth/register": body("username", "eve", "email", address, "password", adasPW), "/auth/password/forgot": body("email", address),
			"/auth/email/resend": body("email", address), "/auth/email/change": body("email", address),
		} {
			bearer := ""
			if path == "/auth/email/change" {
				bearer = access
			}
			if said := w.mustCall(422, "POST", path, bearer, in); !strings.Contains(said["errors"].([]any)[0].(object)["pointer"].(string), "/email") {
				t.Errorf("%s %s: %v", path, address, said)
			}
		}
	}
	if err := w.Invite(t.Context(), "a@example.com\r\nBcc: eve@example.com", nil); err == nil {
		t.Error("invited")
	}
	if list := w.sent(); len(list) != 0 {
		t.Errorf("mails %+v", list)
	}
}

// TestLinksStayHere: what a request says of its host is in no mail.
func TestLinksStayHere(t *testing.T) {
	for _, page := range []string{"", "https://app.example/account"} {
		w := newWorld(t, func(c *account.Config) { withMail(c); c.Page = page })
		add(t, w.Accounts, "ada")
		access, _ := w.login()
		evil := []string{"X-Forwarded-Host", "evil.test", "X-Forwarded-Proto", "gopher", "Forwarded", "host=evil.test", "Origin", "https://evil.test", "Referer", "https://evil.test/", "X-Original-Url", "https://evil.test/"}
		for path, in := range map[string]string{
			"/auth/password/forgot": body("email", "ada@example.com"), "/auth/register": body("username", "bob", "email", "bob@example.com", "password", adasPW),
			"/auth/email/change": body("email", "b@example.com"),
		} {
			bearer := ""
			if path == "/auth/email/change" {
				bearer = access
			}
			w.mustCall(202, "POST", "https://evil.test"+path, bearer, in, evil...)
			list := w.sent()
			if len(list) != 1 || strings.Contains(list[0].subject+list[0].text, "evil") || page != "" && !strings.Contains(list[0].text, page+"#") {
				t.Errorf("%s: %+v", path, list)
			}
		}
	}
}

// TestResetEndsHalfALogin: a new password ends a login that waits for its second factor.
func TestResetEndsHalfALogin(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.sent()
	ticket := e.first()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	rec := w.send("POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", newPW))
	if rec.Code != 204 || rec.Body.Len() != 0 || len(rec.Result().Cookies()) != 0 {
		t.Errorf("a reset logs in: %d %s", rec.Code, rec.Body)
	}
	e.second(401, ticket, "code", e.next())
}

// TestHalfALoginOpens: the token between the two steps of a login opens nothing else, and
// nothing else opens the second step.
func TestHalfALoginOpens(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.sent()
	ticket := e.first()
	for path, item := range documentOf(t, w.Accounts)["paths"].(object) {
		for method, op := range item.(object) {
			if op.(object)["security"] != nil {
				w.mustCall(401, strings.ToUpper(method), strings.Replace(path, "{id}", "x", 1), ticket, "")
			}
		}
	}
	w.mustCall(400, "POST", "/auth/email/verify", "", body("token", ticket))
	w.mustCall(400, "POST", "/auth/password/reset", "", body("token", ticket, "password", newPW))
	w.mustCall(400, "POST", "/auth/refresh", "", body("refresh_token", ticket))
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	reset := w.token("ada@example.com", "new password")
	e.second(401, reset, "code", e.next())
	w.mustCall(400, "POST", "/auth/email/verify", "", body("token", reset))
	e.second(200, ticket, "code", e.code())
}

// counting is a store that counts what is written.
type counting struct {
	account.Store
	writes atomic.Int32
}

func (s *counting) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	return s.Store.Update(ctx, key, func(tx account.Tx) error { return f(countedTx{tx, &s.writes}) })
}

type countedTx struct {
	account.Tx
	writes *atomic.Int32
}

func (c countedTx) AddUser(ctx context.Context, u account.User) error {
	c.writes.Add(1)
	return c.Tx.AddUser(ctx, u)
}

func (c countedTx) SetUser(ctx context.Context, u account.User) error {
	c.writes.Add(1)
	return c.Tx.SetUser(ctx, u)
}

func (c countedTx) AddSession(ctx context.Context, s account.Session) error {
	c.writes.Add(1)
	return c.Tx.AddSession(ctx, s)
}

func (c countedTx) SetSession(ctx context.Context, s account.Session) error {
	c.writes.Add(1)
	return c.Tx.SetSession(ctx, s)
}

func (c countedTx) PutRecord(ctx context.Context, r account.Record) error {
	c.writes.Add(1)
	return c.Tx.PutRecord(ctx, r)
}

func (c countedTx) DeleteRecord(ctx context.Context, kind, id string) error {
	c.writes.Add(1)
	return c.Tx.DeleteRecord(ctx, kind, id)
}

func (c countedTx) Revoke(ctx context.Context, r account.Revocation) error {
	c.writes.Add(1)
	return c.Tx.Revoke(ctx, r)
}

// TestSafeMethods: what a link, a prefetch or a scanner of mails can send writes nothing.
func TestSafeMethods(t *testing.T) {
	plain := newWorld(t, nil)
	store := &counting{Store: plain.store}
	w := newWorldOn(t, store, withMail)
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["id"].(string)
	w.sent()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	token := w.token("ada@example.com", "new password")
	before := store.writes.Load()
	asked := 0
	for path := range documentOf(t, w.Accounts)["paths"].(object) {
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			path := strings.Replace(path, "{id}", key, 1) + "?token=" + token
			rec := w.send(method, path, access, body("token", token, "password", newPW))
			if !slices.Contains([]int{200, 405}, rec.Code) {
				t.Errorf("%s %s: %d", method, path, rec.Code)
			}
			asked++
		}
	}
	if wrote := store.writes.Load() - before; wrote != 0 || asked < 60 {
		t.Errorf("%d requests wrote %d times", asked, wrote)
	}
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", token, "password", newPW))
	if store.writes.Load() == before {
		t.Error("the test counts nothing")
	}
}
