package account

import (
	"strconv"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// TestPresent is the rule for refresh tokens, row by row.
func TestPresent(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	const window = 10 * time.Second
	// The session is at token 5, which was given for 4 some seconds ago.
	at := func(ago time.Duration, delivered bool) Chain {
		return Chain{Current: 5, Previous: 4, Rotated: now.Add(-ago), Delivered: delivered}
	}
	for _, row := range []struct {
		name   string
		chain  Chain
		number int64
		window time.Duration
		want   verdict
		after  Chain
	}{
		{"the current one", at(time.Hour, true), 5, window, rotated, Chain{6, 5, now, false}},
		{"the current one, never used before", at(time.Hour, false), 5, window, rotated, Chain{6, 5, now, false}},
		{"the first", Chain{Current: 1}, 1, window, rotated, Chain{2, 1, now, false}},
		{"a second tab", at(3*time.Second, true), 4, window, repeated, at(3*time.Second, true)},
		{"a retry at once", at(0, false), 4, window, repeated, at(0, false)},
		{"the last moment of the window", at(window-1, false), 4, window, repeated, at(window-1, false)},
		{"a clock that is behind", at(-3*time.Second, false), 4, window, repeated, at(-3*time.Second, false)},
		{"a clock set back", at(-time.Hour, true), 4, window, stolen, at(-time.Hour, true)},
		{"a lost answer", at(window, false), 4, window, retried, Chain{6, 4, now, false}},
		{"a lost answer, days later", at(50*time.Hour, false), 4, window, retried, Chain{6, 4, now, false}},
		{"after the successor was used", at(window, true), 4, window, stolen, at(window, true)},
		{"older than that", at(3*time.Second, false), 3, window, stolen, at(3*time.Second, false)},
		{"the first of all, long ago", at(3*time.Second, false), 1, window, stolen, at(3*time.Second, false)},
		{"none", at(3*time.Second, false), 0, window, stolen, at(3*time.Second, false)},
		{"one that a retry has replaced", Chain{6, 4, now, false}, 5, window, stolen, Chain{6, 4, now, false}},
		{"the retry again", Chain{6, 4, now, false}, 4, window, repeated, Chain{6, 4, now, false}},
		{"after a backup", at(time.Hour, true), 6, window, ahead, at(time.Hour, true)},
		{"strict: at once", at(0, false), 4, 0, stolen, at(0, false)},
		{"strict: a lost answer", at(time.Hour, false), 4, 0, stolen, at(time.Hour, false)},
		{"strict: the current one", at(time.Hour, false), 5, 0, rotated, Chain{6, 5, now, false}},
		{"before any rotation", Chain{Current: 1}, 0, window, stolen, Chain{Current: 1}},
	} {
		if got, after := row.chain.present(row.number, now, row.window); got != row.want || after != row.after {
			t.Errorf("%s: %d and %+v, want %d and %+v", row.name, got, after, row.want, row.after)
		}
	}
}

// TestManyDelivered: more tokens in use than one process remembers are noticed all the
// same.
func TestManyDelivered(t *testing.T) {
	d := delivered{seen: map[string]sighting{}}
	now, heard := time.Unix(1_800_000_000, 0), 0
	for i := range 3 * maxDelivered {
		d.mark("u", strconv.Itoa(i), 2)
		if i%1000 == 0 {
			heard += len(d.take(now))
		}
		if len(d.seen) > maxDelivered+1000 {
			t.Fatalf("%d are remembered", len(d.seen))
		}
	}
	if heard += len(d.take(now)); heard != 3*maxDelivered {
		t.Errorf("noticed %d", heard)
	}
	for i := range maxDelivered { // none of which can be written
		if !d.mark("u", "late "+strconv.Itoa(i), 2) {
			t.Fatalf("use %d was refused", i)
		}
	}
	for range 2 {
		if d.mark("u", "one more", 2) {
			t.Error("a use that nobody will know of was let pass")
		}
	}
	if !d.mark("u", "late 0", 2) {
		t.Error("a use that is kept was refused")
	}
	d.take(now)
	if !d.mark("u", "one more", 2) {
		t.Error("refused when there is room again")
	}
}

// TestUniqueTokens: of many sessions that begin in one moment, no two refresh tokens are
// alike, and each says what it is.
func TestUniqueTokens(t *testing.T) {
	key, now := refreshKey("0123456789abcdef0123456789ABCDEF"), time.Unix(1_800_000_000, 0)
	const many, each = 2_000, 5
	seen := make(map[string]bool, many*each)
	for range many {
		id := visit.NewID(now)
		for n := range int64(each) {
			text := key.token(id, n)
			seen[text] = true
			if session, number, err := key.open(text); err != nil || session != id || number != n {
				t.Fatalf("%s, %d: %s, %d, %v", id, n, session, number, err)
			}
		}
	}
	if len(seen) != many*each {
		t.Errorf("%d of %d", len(seen), many*each)
	}
}
