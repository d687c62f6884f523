package ratelimit

import (
	"testing"
	"time"
)

const (
	sec    = int64(time.Second)
	minute = int64(time.Minute)
)

// TestGenerations: a bound is there as long as it counts, and gone after twice that,
// while others are noted again and again.
func TestGenerations(t *testing.T) {
	const heavy, light = 1, 2
	s := newSketch(1, 0)
	idle := 15 * minute
	s.note(heavy, whole, idle)
	for now := int64(0); now < 40*minute; now += sec {
		s.age(now)
		s.note(heavy, whole/20, now+15*minute) // another key in the same cells
		s.note(light, whole/20, now+1)
		most := uint32(0)
		for g := range s.gen {
			b := s.recall(g, heavy, now)
			most = max(most, b.level)
			if b.level > 0 && b.idle <= now {
				t.Fatalf("at %ds: %+v is over", now/sec, b)
			}
		}
		if now < idle && most != whole {
			t.Fatalf("at %ds the heavy key is forgotten", now/sec)
		}
		if now > 2*idle+2*sec && most == whole {
			t.Fatalf("at %ds the heavy key is remembered", now/sec)
		}
	}
}

// TestNineYears: a process that is older than what a cell can hold does not forget.
func TestNineYears(t *testing.T) {
	now := int64(10*366) * int64(day)
	s := newSketch(1, now)
	s.note(1, whole, now+minute)
	if b := s.recall(fresh, 1, now); b.level != whole || b.idle <= now {
		t.Errorf("%+v", b)
	}
}

// TestRecallAddsUp: what both generations hold counts together, up to the quota, each
// until it ends.
func TestRecallAddsUp(t *testing.T) {
	l, err := Window(100, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		former, fresh         uint32 // in percent
		formerIdle, freshIdle int64  // minutes
		at0, atHalf           int    // used now, and after 30 minutes
	}{
		{10, 20, 20, 40, 30, 20},
		{20, 10, 40, 20, 30, 20},
		{90, 80, 20, 40, 100, 80},
		{90, 80, 40, 20, 100, 90},
		{0, 30, 20, 40, 30, 30},
		{30, 0, 20, 40, 30, 0},
		{100, 100, 100, 100, 100, 100}, // never longer than the limit's own Per
	} {
		s := newSketch(1, 0)
		s.note(1, share(uint64(c.former), 100, true), c.formerIdle*minute)
		s.gen[fresh], s.gen[former] = s.gen[former], s.gen[fresh]
		s.note(1, share(uint64(c.fresh), 100, true), c.freshIdle*minute)
		var st state
		new(debt).recall(s, l, &st, 1, 0)
		for at, want := range map[int64]int{0: c.at0, 30 * minute: c.atHalf, 61 * minute: 0} {
			st := st
			if used := 100 - l.take(&st, at, 0).Remaining; used < want || used > want+8 { // less than a batch of 9 more
				t.Errorf("%+v: %d used after %v, want %d", c, used, time.Duration(at), want)
			}
		}
	}
}

// TestOwedIsNotNotedAgain, but never more is left out than the sketch still has.
func TestOwedIsNotNotedAgain(t *testing.T) {
	bucket, err := Rate(1, time.Minute, 100)
	if err != nil {
		t.Fatal(err)
	}
	of := func(minutes int64) uint32 { return share(uint64(minutes), 100, true) }
	for _, c := range []struct {
		debt, owed, until int64 // minutes of 100
		want              uint32
	}{
		{60, 0, 0, of(60)},
		{60, 20, 100, of(40)},
		{60, 60, 100, 0},
		{60, 90, 100, 0},
		{60, 90, 10, of(50)}, // it ends in 10 minutes: what is left then is the key's own
		{60, 90, -5, of(60)},
	} {
		var st state
		st.setIdle(c.debt * minute)
		got := bucket.level(&st, bound{share(uint64(c.owed), 100, false), c.until * minute}, 0)
		if got < c.want || got > c.want+2 {
			t.Errorf("%+v: %d", c, got)
		}
	}
	s := newSketch(1, 0)
	d := debt{epoch: s.epoch, amount: 7, until: minute}
	if d.owed(s, minute-1).level != 7 || d.owed(s, minute).level != 0 {
		t.Error("a debt ends when it leaves the state")
	}
	s.age(2 * sec)
	if d.owed(s, 2*sec).level != 0 {
		t.Error("a debt does not outlive its generation")
	}
}
