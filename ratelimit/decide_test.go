package ratelimit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rig is one key under the pure decision, with everything that was admitted written
// down beside it.
type rig struct {
	l   Limit
	st  state
	now int64
	log []event
}

type event struct {
	at   int64
	cost int
}

func (r *rig) take(cost int) Decision {
	d := r.l.take(&r.st, r.now, cost)
	if d.Allowed && cost > 0 {
		r.log = append(r.log, event{r.now, cost})
	}
	return d
}

// peek is what the answer would be after a wait.
func (r *rig) peek(wait time.Duration, cost int) Decision {
	st := r.st
	return r.l.take(&st, r.now+int64(wait), cost)
}

// since is what was admitted after the time t.
func (r *rig) since(t int64) (sum int) {
	for i := len(r.log) - 1; i >= 0 && r.log[i].at > t; i-- {
		sum += r.log[i].cost
	}
	return sum
}

func drawWindow(t *rapid.T) Limit {
	n := rapid.OneOf(rapid.IntRange(1, 70), rapid.IntRange(1, 5000)).Draw(t, "n")
	sec := rapid.SampledFrom([]int{1, 2, 7, 60, 900, 366 * 86400}).Draw(t, "seconds")
	l, err := Window(n, time.Duration(sec)*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func drawBucket(t *rapid.T) Limit {
	l, err := Rate(rapid.IntRange(1, 1000).Draw(t, "n"),
		rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, day}).Draw(t, "unit"),
		rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(1, 300)).Draw(t, "burst"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// drawWait prefers the waits at which something changes.
func drawWait(t *rapid.T, l Limit, d Decision) int64 {
	per := int64(l.Per())
	edge := rapid.SampledFrom([]int64{0, 1, per, int64(d.Reset), per / Precision, per / int64(l.Quota())}).Draw(t, "edge")
	near := edge + rapid.Int64Range(-1, 1).Draw(t, "near")
	return max(0, rapid.SampledFrom([]int64{edge, near, rapid.Int64Range(0, 2*per/int64(l.Quota())+1).Draw(t, "small"), rapid.Int64Range(0, per+1).Draw(t, "any")}).Draw(t, "wait"))
}

func drawCost(t *rapid.T, l Limit) int {
	return rapid.OneOf(rapid.Just(1), rapid.IntRange(0, 1+l.Quota()/8), rapid.IntRange(0, l.Quota()+1)).Draw(t, "cost")
}

// run drives a rig and holds every answer against what Decision promises.
func run(t *rapid.T, l Limit, check func(r *rig, cost int, d Decision)) {
	r := &rig{l: l, now: rapid.Int64Range(0, 1<<50).Draw(t, "start")}
	var d Decision
	for range rapid.IntRange(1, 120).Draw(t, "steps") {
		r.now += drawWait(t, l, d)
		cost := drawCost(t, l)
		before := *r
		d = r.take(cost)
		check(&before, cost, d)
		checkDecision(t, r, cost, d)
	}
}

func checkDecision(t *rapid.T, r *rig, cost int, d Decision) {
	switch {
	case d.Limit != r.l.Quota():
		t.Fatalf("limit %d", d.Limit)
	case d.Allowed != (d.RetryAfter == 0), !d.Allowed && d.RetryAfter < d.Reset, d.Reset < 0 || d.Reset > r.l.Per():
		t.Fatalf("%+v", d)
	case !r.peek(0, d.Remaining).Allowed || r.peek(0, d.Remaining+1).Allowed:
		t.Fatalf("remaining %d is not the highest cost admitted", d.Remaining)
	case (d.Reset == 0) != (d.Remaining == d.Limit && r.st.idle() <= r.now):
		t.Fatalf("%+v: a whole quota, and only that, resets in no time", d)
	case d.Reset > 0 && (r.peek(d.Reset, 0).Remaining <= d.Remaining || r.peek(d.Reset-1, 0).Remaining > d.Remaining):
		t.Fatalf("remaining does not grow at the reset: %+v", d)
	case (cost > d.Limit) != (d.RetryAfter == Never):
		t.Fatalf("cost %d: %+v", cost, d)
	case !d.Allowed && d.RetryAfter != Never && (!r.peek(d.RetryAfter, cost).Allowed || r.peek(d.RetryAfter-1, cost).Allowed):
		t.Fatalf("cost %d is not admitted exactly after RetryAfter: %+v", cost, d)
	}
}

func TestWindowAgainstALog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawWindow(t)
		run(t, l, func(r *rig, cost int, d Decision) {
			if d.Allowed {
				if got := r.since(r.now-int64(l.per)) + cost; got > l.Quota() {
					t.Fatalf("%d admitted within the window of %v", got, l)
				}
				return
			}
			used := r.since(r.now - int64(l.per) - int64(l.per)/Grain)
			if (used+cost)*Precision <= l.Quota()*(Precision-1) {
				t.Fatalf("%v: refused %d after %d, which is under the limit by 1/%d", l, cost, used, Precision)
			}
		})
	})
}

// TestBucketAgainstALog compares with the definition: no span between two admitted
// takes holds more than the burst and what came back in it.
func TestBucketAgainstALog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawBucket(t)
		run(t, l, func(r *rig, cost int, d Decision) {
			want, sum := cost <= l.Quota(), cost
			for i := len(r.log) - 1; i >= 0; i-- {
				sum += r.log[i].cost
				if int64(sum-l.Quota())*int64(l.interval()) > r.now-r.log[i].at {
					want = want && cost == 0
				}
			}
			if d.Allowed != want {
				t.Fatalf("%v: allowed is %v for %d at %d after %v", l, d.Allowed, cost, r.now, r.log)
			}
		})
	})
}

// TestWindowAtTheFullLimit: one that takes exactly n per window, evenly, waits at most
// 1/Precision of the window, and less than a grain, longer than it had to.
func TestWindowAtTheFullLimit(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 11, 12, 13, 23, 24, 25, 100, 1000, 4099, 4801} {
		l, err := Window(n, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{l: l}
		for range 5 * n {
			r.now += int64(l.per) / int64(n)
			d := r.take(1)
			if d.Allowed {
				continue
			}
			if d.RetryAfter > l.per/Precision+l.per/Grain {
				t.Fatalf("n=%d waits %v", n, d.RetryAfter)
			}
			r.now += int64(d.RetryAfter)
			if !r.take(1).Allowed {
				t.Fatalf("n=%d: not admitted after the wait", n)
			}
		}
	}
}

// TestAssumeIsABound: what is assumed of a key of which only its level is known is at
// least what the key has used.
func TestAssumeIsABound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawBucket(t)
		if rapid.Bool().Draw(t, "strict") {
			l = drawWindow(t)
		}
		run(t, l, func(r *rig, _ int, d Decision) {
			level := l.level(&r.st, bound{}, r.now)
			if level > whole || (level == 0) != (r.st.idle() <= r.now) {
				t.Fatalf("level %d at %d of %+v", level, r.now, r.st)
			}
			lost := newSketch(1, r.now)
			lost.note(7, level, r.st.idle())
			later := &rig{l: l, now: r.now + rapid.Int64Range(0, int64(l.Per())).Draw(t, "later")}
			lost.age(later.now)
			new(debt).recall(lost, l, &later.st, 7, later.now)
			own := r.peek(time.Duration(later.now-r.now), 0)
			if got := later.peek(0, 0); got.Remaining > own.Remaining {
				t.Fatalf("%v: assumes %d left of %d", l, got.Remaining, own.Remaining)
			}
		})
	})
}
