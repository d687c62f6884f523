package storetest

import (
	"math/rand/v2"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// hostile is a run in which the clock jumps, back and forth, and takes come when
// something changes, or a millisecond beside it. What was admitted is held against the
// log of all events, which go by the latest time that the store was asked at.
type hostile struct {
	*rig
	rng    *rand.Rand
	key    ratelimit.Key
	l      ratelimit.Limit
	latest int64
	log    []event
}

// timings are runs, each with a limit and a seed.
func (r *rig) timings() {
	all := []string{
		"1 per 1s", "2 per 1s", "11 per 1m", "12 per 1m", "13 per 7s", "25 per 30d", "100 per 15m", "1000 per 1h",
		"1/s burst 1", "10/s burst 20", "1/d burst 3", "60/m burst 5", "100/s burst 100",
	}
	for i, s := range all {
		for seed := range 4 {
			h := &hostile{rig: r, rng: rand.New(rand.NewPCG(uint64(i), uint64(seed))), key: ratelimit.Key{13: byte(i), 14: byte(seed)}, l: r.limit(s)}
			h.run()
		}
	}
}

func (h *hostile) run() {
	h.latest = h.at.Load()
	d := h.take(h.key, h.l, 0) // so that the store has seen this time
	for range 250 {
		h.jump(d)
		h.latest = max(h.latest, h.at.Load())
		cost := h.cost()
		d = h.take(h.key, h.l, cost)
		h.check(cost, d)
		if d.Allowed && cost > 0 {
			h.log = append(h.log, event{h.latest, cost})
		}
	}
	h.at.Store(h.latest + int64(h.l.Per())) // where the next run starts
}

// jump moves the clock to or beside an edge, by anything, or back.
func (h *hostile) jump(d ratelimit.Decision) {
	per := int64(h.l.Per())
	wait := []int64{
		0, 0, int64(d.Reset), per / int64(h.l.Quota()), per / ratelimit.Precision, per / ratelimit.Grain, per,
		h.rng.Int64N(2*per/int64(h.l.Quota()) + 1), h.rng.Int64N(per + 1), -h.rng.Int64N(3*per + 1),
	}[h.rng.IntN(10)]
	if d.RetryAfter != ratelimit.Never && h.rng.IntN(8) == 0 {
		wait = int64(d.RetryAfter)
	}
	if h.at.Load() < h.latest && h.rng.IntN(3) > 0 {
		wait += h.latest - h.at.Load() // on from where it was
	}
	const ms = int64(time.Millisecond)
	h.wait(time.Duration((wait/ms + int64(h.rng.IntN(3)) - 1) * ms))
}

func (h *hostile) cost() int {
	switch h.rng.IntN(6) {
	case 0:
		return h.rng.IntN(h.l.Quota() + 2)
	case 1:
		return h.rng.IntN(2 + h.l.Quota()/8)
	}
	return 1
}

// check holds an answer against the definition of the limit.
func (h *hostile) check(cost int, d ratelimit.Decision) {
	if must := h.admits(cost, ratelimit.Precision); must && !d.Allowed {
		h.Fatalf("%v refused %d at %d after %v: %+v", h.l, cost, h.latest, h.log[max(0, len(h.log)-30):], d)
	}
	if !h.admits(cost, 0) && d.Allowed {
		h.Fatalf("%v admitted %d at %d after %v: %+v", h.l, cost, h.latest, h.log[max(0, len(h.log)-30):], d)
	}
	if d.Allowed != (d.RetryAfter == 0) || !d.Allowed && d.RetryAfter < d.Reset || d.Reset < 0 || d.Reset > h.l.Per() {
		h.Fatalf("%v: %+v contradicts itself", h.l, d)
	}
}

// admits says what the log does: with precision 0 whether the cost is within the limit,
// and else whether it is so well within it that it must be admitted.
func (h *hostile) admits(cost, precision int) bool {
	quota, per := h.l.Quota(), int64(h.l.Per())
	switch {
	case cost == 0 || cost > quota:
		return cost == 0
	case !h.l.Strict():
		return h.conforms(cost, per/int64(quota))
	case precision == 0:
		return since(h.log, h.latest-per)+cost <= quota
	}
	return (since(h.log, h.latest-per-per/ratelimit.Grain)+cost)*precision <= quota*(precision-1)
}

// conforms: no span up to now holds more than the burst and what came back in it.
func (h *hostile) conforms(cost int, interval int64) bool {
	sum := cost
	for i := len(h.log) - 1; i >= 0; i-- {
		sum += h.log[i].cost
		if int64(sum-h.l.Quota())*interval > h.latest-h.log[i].at {
			return false
		}
	}
	return true
}
