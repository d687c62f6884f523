package audit

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"time"

	"github.com/sallyport-dev/sallyport/clientip"
)

// maxRuns bounds the memory a flood of different events can take. Past it, events
// are counted by name alone.
const maxRuns = 4096

// run counts events alike within one window.
type run struct {
	event Event
	start time.Time
	seen  int
}

var seed = maphash.MakeSeed()

// admit counts e and reports whether it is to be written out.
func (l *Log) admit(e *Event, now time.Time) bool {
	key := fingerprint(e)
	r := l.runs[key]
	if r != nil && now.Sub(r.start) >= l.cfg.Window {
		l.settle(now)
		r = nil
	}
	if r == nil && len(l.runs) >= maxRuns {
		// The timer makes room. Looking for some here would cost a flood's every event
		// a walk over all runs.
		key = maphash.String(seed, e.Name)
		r = l.runs[key]
	}
	if r == nil {
		r = &run{event: *e, start: now}
		l.runs[key] = r
		l.arm()
	}
	r.seen++
	return r.seen <= l.cfg.Burst
}

// settle ends the runs whose window is over and writes down what they swallowed.
func (l *Log) settle(now time.Time) {
	for key, r := range l.runs {
		if now.Sub(r.start) < l.cfg.Window {
			continue
		}
		delete(l.runs, key)
		if n := r.seen - l.cfg.Burst; n > 0 {
			r.event.Request = ""
			l.write(&r.event, now, n)
		}
	}
}

// arm makes sure that open counts are written even when nothing more happens.
func (l *Log) arm() {
	if l.timer != nil {
		return
	}
	l.timer = time.AfterFunc(l.cfg.Window, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		defer l.recovered() // nothing else would: it runs in a goroutine of its own
		l.timer = nil
		l.settle(l.cfg.Now())
		if len(l.runs) > 0 {
			l.arm()
		}
	})
}

// recovered reports a panic of Out as an error. It must be deferred.
func (l *Log) recovered() {
	if v := recover(); v != nil {
		l.cfg.OnError(fmt.Errorf("audit: writing the counts of a window: panic: %v", v))
	}
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
