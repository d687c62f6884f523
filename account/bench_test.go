package account_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// benchAccounts are on a clock that the benchmark may move.
func benchAccounts(b *testing.B, clock *atomic.Int64) *account.Accounts {
	clock.Store(time.Now().Unix())
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "accounts.db"))
	if err != nil {
		b.Fatal(err)
	}
	h, err := password.New(password.Config{})
	if err != nil {
		b.Fatal(err)
	}
	cfg := account.Config{
		Store: store, Issuer: issuer, Secret: theSecret, Passwords: h, LoginLimit: "1000000 per 1m",
		ErrorLog: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	account.SetClock(&cfg, func() time.Time { return time.Unix(clock.Load(), 0) })
	a, err := account.New(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close(); store.Close() })
	if _, err := a.Add(b.Context(), account.NewUser{Username: "ada", Email: "ada@example.com", Password: secret.New(adasPW)}); err != nil {
		b.Fatal(err)
	}
	return a
}

// BenchmarkLogin is the cost of a login with the default hash: whether a user is
// unknown or the password is wrong must not show.
func BenchmarkLogin(b *testing.B) {
	var clock atomic.Int64
	a := benchAccounts(b, &clock)
	for _, c := range []struct {
		name, user, password string
		status               int
	}{{"unknown", "eve", "wrong", 401}, {"wrong", "ada", "wrong", 401}, {"right", "ada", adasPW, 200}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if clock.Add(2 * 3600); a.Poll(b.Context()) != nil { // nobody has to wait for a guess before
					b.Fatal("no poll")
				}
				r := httptest.NewRequest("POST", "/auth/login", strings.NewReader(fmt.Sprintf(`{"username":%q,"password":%q}`, c.user, c.password)))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				if a.ServeHTTP(w, r); w.Code != c.status {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

func BenchmarkRevoked(b *testing.B) {
	a := benchAccounts(b, new(atomic.Int64))
	p := visit.Principal{Issuer: issuer, Subject: "u", Session: "s", Token: "t.1.0"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if a.Revoked(p) != nil {
				b.Error("revoked")
			}
		}
	})
}
