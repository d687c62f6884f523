package audit

import (
	"hash/maphash"
	"time"

	"github.com/sallyport-dev/sallyport/clientip"
)

// maxValues is how many values of each aspect a flood is told apart by.
const maxValues = 512

// aspects are what an event may differ in from a flood of its name: caller, object, client,
// route and reason.
const aspects = 5

// flood counts the events of one name that there was no room to tell apart. Those that have
// a value which none before had in some aspect are still written: whoever floods by many
// addresses, say, hides no event of another subject.
type flood struct {
	start  time.Time
	folded int
	seen   [aspects]map[uint64]struct{}
}

// overflow counts e and reports whether it is to be written out.
func (l *Log) overflow(k *kind, e *Event, now time.Time) bool {
	if k.flood != nil && l.over(k.flood.start, now) {
		l.settleFlood(k, e.Name, now)
	}
	if k.flood == nil {
		k.flood = &flood{start: now}
	}
	if k.flood.fresh(e) {
		return true
	}
	k.flood.folded++
	return false
}

// fresh reports whether e differs in an aspect from all before it.
func (f *flood) fresh(e *Event) (fresh bool) {
	for i, value := range aspectsOf(e) {
		if _, ok := f.seen[i][value]; ok || len(f.seen[i]) >= maxValues {
			continue
		}
		if f.seen[i] == nil {
			f.seen[i] = map[uint64]struct{}{}
		}
		f.seen[i][value] = struct{}{}
		fresh = true
	}
	return fresh
}

func aspectsOf(e *Event) [aspects]uint64 {
	client := as16(clientip.Prefix(e.Client).Addr())
	return [aspects]uint64{
		maphash.Comparable(seed, [2]string{e.Issuer, e.Subject}),
		maphash.String(seed, e.Object),
		maphash.Bytes(seed, client[:]),
		maphash.Comparable(seed, [2]string{e.Method, e.Route}),
		maphash.String(seed, e.Reason),
	}
}

// settleFlood writes down what a flood swallowed, under its name alone.
func (l *Log) settleFlood(k *kind, name string, now time.Time) {
	if n := k.flood.folded; n > 0 {
		l.enqueueCount(&Event{Name: name, Reason: "different events, too many to tell apart"}, now, n)
	}
	k.flood = nil
}
