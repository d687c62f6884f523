package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// TestCheckFingerprint: a process with another secret is found for as long as it counts, and no longer.
func TestCheckFingerprint(t *testing.T) {
	server := redistest.Start(t)
	conn := dial(t, "redis://"+server.Addr())
	defer conn.Close()
	check := func(what, fingerprint string, want error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := redisstore.CheckFingerprint(ctx, conn, "p:", fingerprint); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	join := func(fingerprint string) *redisstore.Store {
		s := open(t, redisstore.Config{Client: dial(t, "redis://"+server.Addr()), Prefix: "p:", Fingerprint: fingerprint})
		s.Beat(t.Context())
		return s
	}

	check("nobody is there", "a", nil)
	old := join("")
	check("a process of an older version", "a", nil)
	one, two := join("a"), join("a")
	check("the same secret", "a", nil)
	check("another secret", "b", redisstore.ErrOtherSecret)
	server.Do(t, "FLUSHALL")
	check("after a flush", "b", nil)
	one.Beat(t.Context())
	check("one beat after a flush", "b", redisstore.ErrOtherSecret)
	two.Beat(t.Context())
	one.Close()
	check("one of two has stopped", "b", redisstore.ErrOtherSecret)
	two.Close()
	check("all with the old secret have stopped", "b", nil)
	old.Close()

	server.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := redisstore.CheckFingerprint(ctx, conn, "p:", "b"); err == nil || errors.Is(err, redisstore.ErrOtherSecret) {
		t.Errorf("without Redis: %v", err)
	}
}

// TestOtherSecret_reported: processes that found each other late report it, once for each time they join.
func TestOtherSecret_reported(t *testing.T) {
	server := redistest.Start(t)
	said := make(chan redisstore.Change, 8)
	join := func(fingerprint string) *redisstore.Store {
		return open(t, redisstore.Config{
			Client: dial(t, "redis://"+server.Addr()), Prefix: "p:", Fingerprint: fingerprint,
			Notify: func(c redisstore.Change) { said <- c },
		}.WithBeat(time.Hour))
	}
	first := join("a")
	first.Beat(t.Context()) // after that of New, so that the second finds it
	second := join("b")
	second.Beat(t.Context())
	second.Beat(t.Context())
	if c := <-said; !c.OtherSecret || c.Nodes != 2 {
		t.Errorf("%+v", c)
	}
	select {
	case c := <-said:
		t.Errorf("again: %+v", c)
	default:
	}
}

func TestFingerprint_refused(t *testing.T) {
	for _, text := range []string{"a.b", "a b", "a\n", "é", string(make([]byte, 65))} {
		if _, err := redisstore.New(redisstore.Config{Client: silent{}, Fingerprint: text}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

type silent struct{ redisstore.Client }
