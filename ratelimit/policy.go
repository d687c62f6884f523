package ratelimit

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
)

// policy is what clients are told of one limit. The name needs no escape in a
// structured-field String.
type policy struct {
	name string
	item string // of the RateLimit-Policy field
	unit unit
	// refusals are those made last, by the seconds to wait, 0 for good. The second list is
	// for a store that decided alone.
	refusals [2][]atomic.Pointer[refusal]
}

// unit is the quota unit that the draft registers; empty means requests.
type unit string

const (
	requests unit = ""
	bytes    unit = "content-bytes"
	atOnce   unit = "concurrent-requests"
)

// newPolicy has a window of no length for what has none.
func newPolicy(name string, quota int, per time.Duration, u unit) policy {
	b, _ := appendString(nil, name)
	b = appendParameter(b, "q", int64(quota))
	if u != requests {
		b, _ = appendKey(b, "qu")
		b, _ = appendString(append(b, '='), string(u))
	}
	w := ceilSeconds(per)
	if w > 0 {
		b = appendParameter(b, "w", w)
	}
	p := policy{name: name, item: string(b), unit: u}
	for i := range p.refusals {
		p.refusals[i] = make([]atomic.Pointer[refusal], min(max(w, 1), maxKept)+1)
	}
	return p
}

// Name returns the policy's name.
func (p *policy) Name() string { return p.name }

// maxKept is how many refusals are kept, less one.
const maxKept = 1024

// refusal is one answer, as a problem and as what is sent of it.
type refusal struct {
	seconds int64
	problem *problem.Problem
	ready   *problem.Prepared
}

// Refusal is the answer to a request that was not admitted: a 429 with a type that the
// draft registers, and Retry-After in whole seconds, rounded up, which is never less
// than the t that Apply writes. The type is quota-exceeded, or temporary-reduced-capacity
// where a store could not be asked and this process's share is used up. A cost above the
// quota has no Retry-After: waiting does not help.
//
// The problem is shared: change a copy, as its methods do.
func (p *policy) Refusal(d Decision) *problem.Problem { return p.kept(seconds(d), d.Degraded).problem }

// Refuse sends Refusal and the fields that Apply writes. It is for requests that are
// refused before anything else is done for them: the problem names no instance, and
// what is sent was made before, so that nothing is allocated here.
func (p *policy) Refuse(w http.ResponseWriter, r *http.Request, d Decision) {
	n := seconds(d)
	if n != ceilSeconds(d.Reset) || d.Remaining != 0 {
		h := w.Header()
		p.Apply(h, d)
		p.kept(n, d.Degraded).problem.Prepare().Write(w, r)
		return
	}
	p.kept(n, d.Degraded).ready.Write(w, r)
}

// seconds is how long to wait; 0 is for ever.
func seconds(d Decision) int64 {
	if d.RetryAfter == Never {
		return 0
	}
	return max(1, ceilSeconds(d.RetryAfter), ceilSeconds(d.Reset))
}

// kept is the refusal for a wait of n seconds. Those of longer windows than there is room
// for take the places of others.
func (p *policy) kept(n int64, degraded bool) *refusal {
	list := p.refusals[0]
	if degraded {
		list = p.refusals[1]
	}
	place := &list[n%int64(len(list))]
	made := place.Load()
	if made == nil || made.seconds != n {
		made = p.refuse(n, degraded)
		place.Store(made)
	}
	return made
}

func (p *policy) refuse(n int64, degraded bool) *refusal {
	out := problem.New(http.StatusTooManyRequests, "rate_limited", "Too many requests. Wait for the seconds that Retry-After tells.")
	out.Type, out.Title = quotaExceeded, "Quota exceeded"
	out.ViolatedPolicies = []string{p.name}
	switch {
	case n == 0:
		out.Detail = "The request asks for more at once than the quota ever holds."
	case p.unit == bytes:
		out.Detail = "Too many bytes. Wait for the seconds that Retry-After tells."
	case p.unit == atOnce:
		out.Detail = "Too many requests at once. Wait until one of them is answered."
	}
	if degraded {
		out.Type, out.Title = reducedCapacity, "Temporary reduced capacity"
	}
	if n > 0 {
		out = out.RetryAfter(time.Duration(n) * time.Second)
	}
	shown := out.With("RateLimit-Policy", p.item).With("RateLimit", p.state(Decision{Reset: time.Duration(n) * time.Second, Degraded: degraded}))
	return &refusal{n, out, shown.Prepare()}
}

const (
	problemTypes    = "https://iana.org/assignments/http-problem-types#"
	quotaExceeded   = problemTypes + "quota-exceeded"
	reducedCapacity = problemTypes + "temporary-reduced-capacity"
)

// ceilSeconds is d in whole seconds, rounded up; 0 if it is not positive.
func ceilSeconds(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64((d-1)/time.Second) + 1
}
