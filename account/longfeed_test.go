package account_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/visit"
)

// longFeed is a store with a long feed, each page of which takes a while. The page after the
// entry with the number fails can fail once.
type longFeed struct {
	account.Store
	entries int64
	fails   atomic.Int64
}

func (l *longFeed) Feed(ctx context.Context, after int64, limit int) (list []account.Revocation, err error) {
	select {
	case <-time.After(100 * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if at := l.fails.Load(); at > 0 && after >= at {
		l.fails.Store(0)
		return nil, errOutage
	}
	for seq := after + 1; seq <= min(l.entries, after+int64(limit)); seq++ {
		list = append(list, account.Revocation{
			Seq: seq, Kind: account.KindSession, ID: "s" + string(rune('0'+seq%10)), Until: time.Now().Add(time.Hour),
		})
	}
	return list, nil
}

// TestLongFeed: a feed that takes longer to read than tokens are good without news is read all
// the same, by a process that starts and after an error in its middle.
func TestLongFeed(t *testing.T) {
	if _, err := hasher(); err != nil {
		t.Fatal(err)
	}
	for name, pages := range map[string]int64{"short": 3, "longer than a round": 120} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &longFeed{Store: newMemStore(), entries: pages * 1000}
				w := newWorldOn(t, store, func(c *account.Config) { account.SetClock(c, time.Now) })
				w.Accounts.Close() // the polls are the test's
				ended := visit.Principal{Issuer: issuer, Subject: "u", Session: "s1", Token: "t.1.0"}
				if err := w.Revoked(ended); !errors.Is(err, account.ErrRevoked) {
					t.Errorf("at the start: %v", err)
				}

				store.fails.Store(pages * 1000)
				if err := w.Poll(t.Context()); !errors.Is(err, errOutage) {
					t.Errorf("an outage: %v", err)
				}
				rounds := 1
				for ; w.Poll(t.Context()) != nil && rounds < 100; rounds++ {
				}
				if rounds == 100 {
					t.Error("the feed is never read to its end again")
				}
				if err := w.Revoked(ended); !errors.Is(err, account.ErrRevoked) {
					t.Errorf("after an error: %v", err)
				}
			})
		})
	}
}
