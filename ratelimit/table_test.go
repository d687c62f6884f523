package ratelimit

import (
	"encoding/binary"
	"hash/maphash"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

func TestSlotSize(t *testing.T) {
	if got := unsafe.Sizeof(slot{}); got != 52 {
		t.Errorf("a slot takes %d bytes", got)
	}
}

// TestTableAgainstAMap adds and removes at random; what is found is what a map has.
func TestTableAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, want := newTable(maphash.MakeSeed()), map[bucketID]uint32{}
		for step := range rapid.IntRange(1, 1000).Draw(t, "steps") {
			d := bucketID{Key{byte(rapid.IntRange(0, 99).Draw(t, "key"))}, uint16(rapid.IntRange(1, 3).Draw(t, "limit"))}
			h := hash(table.seed, &d.key, d.number)
			i := table.find(h, &d.key, d.number)
			if _, held := want[d]; held != (i >= 0) {
				t.Fatalf("step %d: %+v is held: %v, found at %d", step, d, held, i)
			}
			if i >= 0 {
				table.remove(i)
				delete(want, d)
			} else {
				if table.crowded() {
					table.rebuild()
				}
				table.add(&slot{d.key, state{meta: d.number << lenBits, fill: uint32(step)}}, h)
				want[d] = uint32(step)
			}
		}
		checkTable(t, &table, want)
	})
}

type bucketID struct {
	key    Key
	number uint16
}

func checkTable(t *rapid.T, table *table, want map[bucketID]uint32) {
	used := 0
	for _, place := range table.index {
		if place != 0 {
			used++
		}
	}
	if table.n != len(want) || used != len(want) {
		t.Fatalf("%d slots and %d places for %d keys", table.n, used, len(want))
	}
	for d, fill := range want {
		i := table.find(hash(table.seed, &d.key, d.number), &d.key, d.number)
		if i < 0 || i >= table.n || table.slot(i).fill != fill {
			t.Fatalf("%+v is at %d", d, i)
		}
	}
}

// TestOneOwnerOneShard: keys with the same first half are under one lock.
func TestOneOwnerOneShard(t *testing.T) {
	m, err := NewMemory(MemoryConfig{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[*shard]bool{}
	for i := range uint64(1000) {
		var a, b Key
		binary.BigEndian.PutUint64(a[:8], i/500)
		binary.BigEndian.PutUint64(a[8:], i)
		binary.BigEndian.PutUint64(b[:8], i)
		if one := m.shard(Key{7: byte(i / 500)}); m.shard(a) != one {
			t.Fatalf("%x is not in the shard of its owner", a)
		}
		seen[m.shard(b)] = true
	}
	if len(seen) != maxShards {
		t.Errorf("1000 owners are in %d shards", len(seen))
	}
}

// TestManyLimits: as many as have a number are told apart, and one more is an error.
func TestManyLimits(t *testing.T) {
	t.Parallel()
	m, err := NewMemory(MemoryConfig{MaxKeys: 1 << 20}) // room for them in one shard
	if err != nil {
		t.Fatal(err)
	}
	take := func(n int) (Decision, error) {
		l, err := Window(n, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return m.Take(t.Context(), Key{}, l, 1)
	}
	for n := 1; n <= maxLimits; n++ {
		if d, err := take(n); err != nil || d.Remaining != n-1 {
			t.Fatalf("limit %d: %+v, %v", n, d, err)
		}
	}
	if d, err := take(maxLimits + 1); err != ErrLimits || d != (Decision{}) {
		t.Errorf("one more: %+v, %v", d, err)
	}
	for n := 1; n <= maxLimits; n++ {
		if d, err := take(n); err != nil || d.Remaining != max(0, n-2) || d.Allowed != (n > 1) {
			t.Fatalf("limit %d again: %+v, %v", n, d, err)
		}
	}
}
