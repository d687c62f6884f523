package ratelimit

import "hash/maphash"

// slot is a key that is held: 52 bytes without a pointer, which the garbage collector
// does not look into.
type slot struct {
	key Key
	state
}

// number is that of the slot's limit.
func (p *slot) number() uint16 { return p.meta >> lenBits }

// pageSize is how many slots a page has: as many as fit one of the allocator's sizes
// with little left over, and few for a shard that has hardly more than one page.
const pageSize = 256

// table finds slots by a hash. The slots are 0 to n−1, in pages, so that growing
// neither moves nor doubles them. Only the first page grows, as far as a page goes.
//
// An index of a power of two places is probed one place after the other, from where the
// hash says. A place is 0, or a tag from the hash and the number of a slot, plus one.
type table struct {
	seed  maphash.Seed
	n     int
	pages [][]slot
	index []uint32
}

const (
	// numberBits are enough for the share that a shard has of maxMaxKeys.
	numberBits = 23
	numberMask = 1<<numberBits - 1
	minIndex   = 16
)

func newTable(seed maphash.Seed) table {
	return table{seed: seed, index: make([]uint32, minIndex)}
}

// hash tells buckets apart.
func hash(seed maphash.Seed, key *Key, limit uint16) uint64 {
	return mix(maphash.Bytes(seed, key[:]) + uint64(limit))
}

func (t *table) hash(i int) uint64 {
	p := t.slot(i)
	return hash(t.seed, &p.key, p.number())
}

func tag(hash uint64) uint32 { return uint32(hash>>32) &^ numberMask }

func (t *table) slot(i int) *slot { return &t.pages[i/pageSize][i%pageSize] }

// next is the place after one.
func (t *table) next(place int) int { return (place + 1) & (len(t.index) - 1) }

func (t *table) home(hash uint64) int { return int(uint32(hash)) & (len(t.index) - 1) }

// find returns the number of the slot of a key under a limit, or -1.
func (t *table) find(hash uint64, key *Key, limit uint16) int {
	want := tag(hash)
	for at := t.home(hash); t.index[at] != 0; at = t.next(at) {
		if t.index[at]&^numberMask != want {
			continue
		}
		i := int(t.index[at]&numberMask) - 1
		if p := t.slot(i); p.key == *key && p.number() == limit {
			return i
		}
	}
	return -1
}

// crowded says that the index must grow before the next slot is added: with a place of
// five left, a key that is not there takes 13 places to tell.
func (t *table) crowded() bool { return (t.n+1)*5 > len(t.index)*4 }

// rebuild makes the index twice as long.
func (t *table) rebuild() {
	t.index = make([]uint32, 2*len(t.index))
	for i := range t.n {
		t.enter(t.hash(i), i)
	}
}

// enter puts the i-th slot into the index.
func (t *table) enter(hash uint64, i int) {
	at := t.home(hash)
	for t.index[at] != 0 {
		at = t.next(at)
	}
	t.index[at] = tag(hash) | uint32(i+1)
}

// add returns the number of the new slot.
func (t *table) add(p *slot, hash uint64) int {
	i := t.n
	t.n++
	page := i / pageSize
	if page == len(t.pages) {
		t.pages = append(t.pages, make([]slot, 0, min(page, 1)*pageSize))
	}
	if i%pageSize < len(t.pages[page]) {
		*t.slot(i) = *p
	} else {
		t.pages[page] = append(t.pages[page], *p)
	}
	t.enter(hash, i)
	return i
}

// remove drops the i-th slot and gives its number to the last one, n−1.
func (t *table) remove(i int) {
	t.vacate(t.place(t.hash(i), i))
	t.n--
	if i == t.n {
		return
	}
	h := t.hash(t.n)
	t.index[t.place(h, t.n)] = tag(h) | uint32(i+1)
	*t.slot(i) = *t.slot(t.n)
}

// place is where the index has the i-th slot.
func (t *table) place(hash uint64, i int) int {
	at := t.home(hash)
	for t.index[at]&numberMask != uint32(i+1) {
		at = t.next(at)
	}
	return at
}

// vacate empties a place, and closes the gap: whoever is found only by passing it moves
// up.
func (t *table) vacate(hole int) {
	mask := len(t.index) - 1
	for at := t.next(hole); t.index[at] != 0; at = t.next(at) {
		home := t.home(t.hash(int(t.index[at]&numberMask) - 1))
		if (at-home)&mask >= (at-hole)&mask {
			t.index[hole], hole = t.index[at], at
		}
	}
	t.index[hole] = 0
}
