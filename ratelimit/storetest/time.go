package storetest

import (
	"math/rand/v2"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// edge: a fixed window would admit twice the quota around its boundary.
func (r *rig) edge() {
	for range 7 {
		l := r.limit("10 per 1m")
		r.want(alice, l, 10, true, 0)
		r.wait(time.Minute - time.Millisecond)
		r.want(alice, l, 1, false, 0)
		r.wait(time.Millisecond)
		r.want(alice, l, 10, true, 0)
		r.wait(time.Minute + 13*time.Second)
	}
}

type event struct {
	at   int64
	cost int
}

// since is what of the log came after t.
func since(log []event, t int64) (sum int) {
	for i := len(log) - 1; i >= 0 && log[i].at > t; i-- {
		sum += log[i].cost
	}
	return sum
}

// drive takes at random times and costs, and shows every answer with what was admitted
// before it.
func (r *rig) drive(s string, check func(l ratelimit.Limit, log []event, cost int, d ratelimit.Decision)) {
	l := r.limit(s)
	rng := rand.New(rand.NewPCG(1, uint64(l.Quota())))
	var log []event
	key := ratelimit.Key{6: 1, 7: byte(len(s)), 8: byte(l.Quota())}
	mean := int(l.Per().Milliseconds()) / l.Quota()
	for range 2000 {
		r.wait(time.Duration(rng.IntN(2*mean+2)) * time.Millisecond)
		cost := 1
		if rng.IntN(4) == 0 {
			cost = 1 + rng.IntN(1+l.Quota()/4)
		}
		d := r.take(key, l, cost)
		check(l, log, cost, d)
		if d.Allowed {
			log = append(log, event{r.at.Load(), cost})
		}
	}
}

func (r *rig) window() {
	for _, s := range []string{"1 per 1s", "5 per 2s", "12 per 1m", "13 per 1m", "100 per 15m", "1000 per 1h"} {
		r.drive(s, func(l ratelimit.Limit, log []event, cost int, d ratelimit.Decision) {
			now := r.at.Load()
			if got := since(log, now-int64(l.Per())) + cost; d.Allowed && got > l.Quota() {
				r.Fatalf("%v admitted %d within the window", l, got)
			}
			longer := int64(l.Per()) + int64(l.Per())/ratelimit.Grain
			used := since(log, now-longer)
			if !d.Allowed && (used+cost)*ratelimit.Precision <= l.Quota()*(ratelimit.Precision-1) {
				r.Fatalf("%v refused %d after %d", l, cost, used)
			}
		})
	}
}

func (r *rig) bucket() {
	for _, s := range []string{"1/s burst 1", "10/s burst 20", "60/m burst 5", "100/s burst 100"} {
		r.drive(s, func(l ratelimit.Limit, log []event, cost int, d ratelimit.Decision) {
			interval := int64(l.Per()) / int64(l.Quota())
			want, sum := true, cost
			for i := len(log) - 1; i >= 0 && want; i-- {
				sum += log[i].cost
				want = int64(sum-l.Quota())*interval <= r.at.Load()-log[i].at
			}
			if d.Allowed != want {
				r.Fatalf("%v: allowed is %v for %d", l, d.Allowed, cost)
			}
		})
	}
}

// times: the same cost is admitted after RetryAfter, and Remaining grows at Reset, and
// neither before.
func (r *rig) times() {
	for i, s := range []string{"10 per 15m", "100 per 15m", "10/s burst 20", "1/m burst 3"} {
		key, l := ratelimit.Key{9: byte(i)}, r.limit(s)
		for range l.Quota() {
			r.take(key, l, 1)
			r.wait(l.Per() / time.Duration(4*l.Quota()) / time.Millisecond * time.Millisecond)
		}
		full := r.take(key, l, 0)
		d := r.take(key, l, full.Remaining+2)
		if d.Allowed || d.Reset == 0 || d.Remaining != full.Remaining {
			r.Fatalf("%v: %+v after %+v", l, d, full)
		}
		r.wait(d.Reset - time.Millisecond)
		r.want(key, l, 0, true, d.Remaining)
		r.wait(time.Millisecond)
		if got := r.take(key, l, 0); got.Remaining <= d.Remaining {
			r.Fatalf("%v: %+v does not grow at the reset of %+v", l, got, d)
		}
		if before := d.RetryAfter - d.Reset - time.Millisecond; before > 0 {
			r.wait(before)
			if r.take(key, l, full.Remaining+2).Allowed {
				r.Fatalf("%v: admitted before RetryAfter of %+v", l, d)
			}
			r.wait(time.Millisecond)
		}
		if !r.take(key, l, full.Remaining+2).Allowed {
			r.Fatalf("%v: refused after RetryAfter of %+v", l, d)
		}
	}
}

func (r *rig) clockBack() {
	for i, s := range []string{"5 per 1m", "5/m burst 5"} {
		key, l := ratelimit.Key{10: byte(i)}, r.limit(s)
		r.want(key, l, 5, true, 0)
		for _, back := range []time.Duration{time.Millisecond, time.Minute, 400 * 24 * time.Hour} {
			r.wait(-back)
			if d := r.want(key, l, 1, false, 0); d.RetryAfter > time.Minute {
				r.Fatalf("%v: wait %v", l, d.RetryAfter)
			}
			r.wait(back)
		}
		r.wait(time.Minute)
		r.want(key, l, 5, true, 0)
		// A key that is new while the clock is back pays no more than once.
		r.wait(-time.Hour)
		fresh := ratelimit.Key{11: 1, 12: byte(i)}
		r.want(fresh, l, 5, true, 0)
		r.want(fresh, l, 1, false, 0)
		r.wait(time.Hour + time.Minute)
		r.want(fresh, l, 5, true, 0)
	}
}
