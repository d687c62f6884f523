package account_test

import (
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestWatch_sessionEnds: a stream ends with its session also where that ends by time, of which
// nothing is told, and does not end with its access token.
func TestWatch_sessionEnds(t *testing.T) {
	const hour = time.Hour
	for _, row := range []struct {
		name      string
		idle, all time.Duration
		refresh   time.Duration // after the login; 0 for never
		at        time.Duration
		prune     bool
		cut       bool
	}{
		{"the token is good", hour, 2 * hour, 0, 9 * time.Minute, false, false},
		{"the token has expired", hour, 2 * hour, 0, 59 * time.Minute, true, false},
		{"not used for too long", hour, 2 * hour, 0, 61 * time.Minute, false, true},
		{"not used for too long, and pruned", hour, 2 * hour, 0, 61 * time.Minute, true, true},
		{"used since", hour, 2 * hour, 50 * time.Minute, 61 * time.Minute, true, false},
		{"over in any case", hour, hour, 50 * time.Minute, 61 * time.Minute, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { c.IdleTTL, c.SessionTTL = row.idle, row.all })
			w.register()
			access, refresh := w.login()
			p, err := w.Authenticate(access)
			if err != nil {
				t.Fatal(err)
			}
			taken := w.Watch(p)
			if taken(t.Context()) {
				t.Fatal("cut at once")
			}
			w.later(row.refresh)
			if row.refresh > 0 {
				if status, _, _ := w.tryRefresh(refresh); status != 200 {
					t.Fatalf("refresh: %d", status)
				}
			}
			for _, wait := range []time.Duration{row.at - row.refresh - 2*time.Minute, 2 * time.Minute} {
				w.later(wait)
				if row.prune {
					w.Prune(t.Context())
				}
				if got, last := taken(t.Context()), wait == 2*time.Minute; got != (row.cut && last) {
					t.Errorf("cut: %v", got)
				}
			}
		})
	}
}
