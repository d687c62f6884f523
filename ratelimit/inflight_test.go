package ratelimit_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

func inFlight(t *testing.T, c ratelimit.InFlightConfig) *ratelimit.InFlight {
	t.Helper()
	f, err := ratelimit.NewInFlight(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestInFlight(t *testing.T) {
	f := inFlight(t, ratelimit.InFlightConfig{Name: "busy", Most: 2, MaxKeys: 2})
	a, b, c := numbered(1), numbered(2), numbered(3)
	for i, left := range []int{1, 0} {
		if d := f.Acquire(a); !d.Allowed || d.Limit != 2 || d.Remaining != left {
			t.Fatalf("%d: %+v", i, d)
		}
	}
	if d := f.Acquire(a); d.Allowed || d.RetryAfter <= 0 {
		t.Fatalf("a third: %+v", d)
	}
	if d := f.Acquire(b); !d.Allowed {
		t.Fatal("another key is held up")
	}
	if d := f.Acquire(c); d.Allowed || f.Len() != 2 {
		t.Fatalf("more keys than there is room for: %+v", d)
	}
	f.Release(a)
	if d := f.Acquire(a); !d.Allowed {
		t.Fatal("refused after an end")
	}
	f.Release(a)
	f.Release(a)
	f.Release(a) // one too many is none below zero
	if d := f.Acquire(c); !d.Allowed || f.Len() != 2 {
		t.Fatal("a key whose requests ended is kept")
	}
	f.Release(b)
	f.Release(c)
	if f.Len() != 0 {
		t.Errorf("%d keys are left", f.Len())
	}
}

// TestInFlightTogether: of any number at once, there are never more in flight.
func TestInFlightTogether(t *testing.T) {
	f := inFlight(t, ratelimit.InFlightConfig{Name: "busy", Most: 3})
	var now, most atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 500 {
				if !f.Acquire(ratelimit.Key{}).Allowed {
					continue
				}
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				now.Add(-1)
				f.Release(ratelimit.Key{})
			}
		})
	}
	all.Wait()
	if most.Load() > 3 || f.Len() != 0 {
		t.Errorf("%d were in flight, %d keys are left", most.Load(), f.Len())
	}
}

func TestInFlightSays(t *testing.T) {
	f := inFlight(t, ratelimit.InFlightConfig{Name: "busy", Most: 1})
	f.Acquire(ratelimit.Key{})
	d := f.Acquire(ratelimit.Key{})
	h := http.Header{}
	f.Apply(h, d)
	policy := items(t, h, "RateLimit-Policy")[0]
	if unit, _ := policy.Params.Get("qu"); unit != "concurrent-requests" || param(policy, "q") != 1 || len(policy.Params.Names()) != 2 {
		t.Errorf("%v", h)
	}
	if p := f.Refusal(d); p.Status != 429 || p.Header.Get("Retry-After") != "1" || p.ViolatedPolicies[0] != "busy" || !strings.HasSuffix(p.Type, "#quota-exceeded") {
		t.Errorf("%+v", p)
	}
}

func TestInFlightRefuses(t *testing.T) {
	for field, c := range map[string]ratelimit.InFlightConfig{
		"Name": {Name: "A", Most: 1}, "Most": {Name: "a"}, "MaxKeys": {Name: "a", Most: 1, MaxKeys: -1},
	} {
		_, err := ratelimit.NewInFlight(c)
		if e, ok := errors.AsType[*ratelimit.ConfigError](err); !ok || e.Field != field {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
