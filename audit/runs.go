package audit

import (
	"hash/maphash"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/clientip"
)

// Bounds of the memory that a flood of different events can take.
const (
	// maxRuns is how many different events are told apart within a window.
	maxRuns = 4096
	// reservedRuns is how many of each name are, whatever other names have taken.
	reservedRuns = 64
	// maxNames is how many names are, the vocabulary and what a handler makes up.
	maxNames = 256
)

// run counts events alike within one window.
type run struct {
	event Event
	of    *kind
	start time.Time
	seen  int
}

// kind is what is known of the events of one name.
type kind struct {
	runs  int // how many runs it has
	flood *flood
}

// folding decides which events are written in full, and which are counted.
type folding struct {
	runs  map[uint64]*run
	kinds map[string]*kind
}

func newFolding() folding {
	return folding{runs: map[uint64]*run{}, kinds: map[string]*kind{}}
}

var seed = maphash.MakeSeed()

// admit counts e and reports whether it is to be written out.
func (l *Log) admit(e *Event, now time.Time) bool {
	key := fingerprint(e)
	r := l.fold.runs[key]
	if r != nil && l.over(r.start, now) {
		l.settle(now, false)
		r = nil
	}
	if r == nil {
		k := l.fold.kind(e.Name)
		l.arm()
		if len(l.fold.runs) >= maxRuns && k.runs >= reservedRuns {
			// The timer makes room. Looking for some here would cost a flood's every event
			// a walk over all runs.
			return l.overflow(k, e, now)
		}
		r = &run{event: kept(e), of: k, start: now}
		l.fold.runs[key] = r
		k.runs++
	}
	r.seen++
	return r.seen <= l.cfg.Burst
}

// kind returns the kind of a name. Names past the bound are of one kind.
func (f *folding) kind(name string) *kind {
	if k := f.kinds[name]; k != nil {
		return k
	}
	if len(f.kinds) >= maxNames {
		name = ""
	}
	k := f.kinds[name]
	if k == nil {
		k = &kind{}
		f.kinds[name] = k
	}
	return k
}

// settle ends the runs whose window is over, or all, and writes down what they swallowed.
func (l *Log) settle(now time.Time, all bool) {
	for key, r := range l.fold.runs {
		if !all && !l.over(r.start, now) {
			continue
		}
		delete(l.fold.runs, key)
		r.of.runs--
		if n := r.seen - l.cfg.Burst; n > 0 {
			l.enqueueCount(&r.event, now, n)
		}
	}
	for name, k := range l.fold.kinds {
		if f := k.flood; f != nil && (all || l.over(f.start, now)) {
			l.settleFlood(k, name, now)
		}
		if k.runs == 0 && k.flood == nil {
			delete(l.fold.kinds, name)
		}
	}
}

// over reports whether a window is, also where the clock was set back.
func (l *Log) over(start, now time.Time) bool { return now.Sub(start).Abs() >= l.cfg.Window }

// kept is an event without what names one request, and without the memory that its texts
// are part of, which may be a whole request line.
func kept(e *Event) Event {
	k := *e
	k.Request, k.ClientRequest = "", ""
	for _, text := range []*string{&k.Issuer, &k.Subject, &k.Session, &k.Object, &k.Route, &k.Reason} {
		if len(*text) > MaxText {
			*text = strings.Clone(clip(scrub(*text)))
		}
	}
	k.Path = strings.Clone(clip(scrub(k.Path)))
	return k
}

// arm makes sure that open counts are written even when nothing more happens, and that
// writing is tried again after a loss.
func (l *Log) arm() {
	if l.timer != nil {
		return
	}
	l.timer = time.AfterFunc(l.cfg.Window, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.timer = nil
		l.settle(l.cfg.Now(), false)
		if l.queue.lost > 0 {
			if len(l.queue.lines) == 0 {
				l.flush()
			}
			l.arm()
		}
		if len(l.fold.kinds) > 0 {
			l.arm()
		}
	})
}

func fingerprint(e *Event) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, s := range [...]string{e.Name, e.Issuer, e.Subject, e.Object, e.Method, e.Route, e.Reason} {
		h.WriteString(s)
		h.WriteByte(0)
	}
	addr := as16(clientip.Prefix(e.Client).Addr())
	h.Write(addr[:])
	return h.Sum64()
}

// as16 is like Addr.As16, but takes the zero Addr too.
func as16(a netip.Addr) [16]byte {
	if !a.IsValid() {
		return [16]byte{}
	}
	return a.As16()
}
