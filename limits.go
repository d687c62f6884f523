package sallyport

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/visit"
)

// limits enforces a Gate's per-client, per-caller and custom quotas.
type limits struct {
	keys   *ratelimit.Keyer
	store  ratelimit.Store
	client *rule // nil when unlimited, like the next
	caller *rule
	quotas []*rule
	common bool // some quota may have a bucket that callers share
	all    []*rule
	legacy bool
	audit  *audit.Log
}

// takeClient charges the request to its address prefix. The fields of the answer speak
// of this limit only when it is the one that refuses: to everyone else it says nothing.
func (l *limits) takeClient(ctx context.Context, client netip.Addr) (ratelimit.Decision, error) {
	if l.client == nil {
		return ratelimit.Decision{Allowed: true}, nil
	}
	key := l.keys.Network(clientip.Prefix(client)).For(l.client.label)
	return l.client.limiter.Take(ctx, key, 1)
}

// turnAway answers a request whose client asks too often. Nothing is kept of it and
// nothing allocated for it: there is no visit, and the problem names no instance.
func (g *Gate) turnAway(w http.ResponseWriter, r *http.Request, client clientip.Client, now time.Time,
	d ratelimit.Decision) {
	h, rule := w.Header(), g.limits.client
	rule.refused.Add(1)
	g.headers.Apply(h, client.Secure)
	g.cors.Apply(h, r)
	closeAfterChunks(h, r)
	if g.limits.legacy {
		ratelimit.Legacy(h, now, d)
	}
	rule.limiter.Refuse(w, r, d)
	g.audit.Emit(audit.Event{
		Name: audit.RateLimit, ClientRequest: givenID(r), Client: client.Addr, Method: g.methods.of(r),
		Path:   asReceived(r.URL),
		Reason: rule.reason, Status: http.StatusTooManyRequests,
	})
}

// charging is one request on its way through the limits but the client's: first own, and
// then either refused or shared. Limits that only watch come last, so that nothing is
// counted there that another one refuses.
type charging struct {
	*limits
	a         *answer
	held      *held
	good      bool // the credential is, or none is needed
	uncounted bool
	who       ratelimit.Key
	bucket    int // of those that the routes have: see held.buckets
}

func (l *limits) charging(a *answer, good bool) charging {
	h := &a.routes
	uncounted := h.all(isUncounted) && (h.public() || !a.visit.Principal.IsZero())
	return charging{limits: l, a: a, held: h, good: good, uncounted: uncounted, who: l.owner(a)}
}

// buckets are some of those that a request is charged to.
type buckets bool

const (
	// callers are the buckets of which no other caller takes anything.
	callers buckets = false
	// commons are those that others share: what a stranger takes of them, they lack.
	commons buckets = true
)

// own charges the caller's own buckets, whoever it is.
func (c *charging) own(ctx context.Context) *problem.Problem { return c.charge(ctx, callers) }

// refused ends the charging of a request that is not let in.
func (c *charging) refused(ctx context.Context) { c.watch(ctx, callers) }

// shared charges what is left for a request that is let in.
func (c *charging) shared(ctx context.Context) *problem.Problem {
	if c.common {
		if p := c.charge(ctx, commons); p != nil {
			return p
		}
	}
	c.watch(ctx, callers)
	if c.common {
		c.watch(ctx, commons)
	}
	return nil
}

func (c *charging) charge(ctx context.Context, which buckets) *problem.Problem {
	if p := c.acquire(which); p != nil {
		return p
	}
	c.collect(which, false)
	return c.take(ctx)
}

// acquire begins the request where it counts as one in flight. close ends it.
func (c *charging) acquire(which buckets) *problem.Problem {
	for _, r := range c.quotas {
		if r.inFlight == nil || !c.good || c.uncounted || c.isCommon(r) != which {
			continue
		}
		for i := range c.held.buckets(r) {
			c.bucket = i
			if p := c.begin(r); p != nil {
				return p
			}
		}
	}
	return nil
}

// begin counts the request as one in flight in one bucket.
func (c *charging) begin(r *rule) *problem.Problem {
	key := c.key(r)
	d := r.inFlight.Acquire(key)
	if d.Allowed {
		c.a.held = append(c.a.held, holding{r.inFlight, key})
	}
	if r.shadow {
		if !d.Allowed {
			c.shadow(r)
		}
		return nil
	}
	r.inFlight.Apply(c.a.Header(), d)
	if !d.Allowed {
		r.refused.Add(1)
		return r.inFlight.Refusal(d)
	}
	return nil
}

// holding is a request in flight.
type holding struct {
	inFlight *ratelimit.InFlight
	key      ratelimit.Key
}

// collect lists what is to be taken of the limits that refuse, or that only watch.
func (c *charging) collect(which buckets, shadow bool) {
	c.a.takes, c.a.rules = c.a.room[:0], c.a.ruleRoom[:0]
	if !c.uncounted {
		c.add(c.caller, which, shadow)
	}
	c.add(c.held.own.limit, which, shadow)
	for i := range c.held.also {
		if limit := c.held.also[i].rules.limit; !slices.Contains(c.a.rules, limit) { // a route may hold twice
			c.add(limit, which, shadow)
		}
	}
	if c.uncounted {
		return
	}
	for _, r := range c.quotas {
		if r.limiter == nil {
			continue
		}
		for i := range c.held.buckets(r) {
			c.bucket = i
			c.add(r, which, shadow)
		}
	}
}

func (c *charging) add(r *rule, which buckets, shadow bool) {
	if r == nil || r.shadow != shadow || r.bytes && !c.good || c.isCommon(r) != which {
		return
	}
	key := c.key(r)
	c.a.rules = append(c.a.rules, r)
	c.a.takes = append(c.a.takes, ratelimit.Take{Key: key, Limit: r.limiter.Limit(), Cost: c.cost(r)})
	if r.bytes && c.a.request.ContentLength < 0 {
		c.a.meters = append(c.a.meters, meter{r, key})
	}
}

// cost is what a request costs: its route's, or the bytes it announces; one too large for
// the route is refused anyway.
func (c *charging) cost(r *rule) int {
	switch {
	case r.bytes:
		switch n := c.a.request.ContentLength; {
		case n < 0:
			return unknownLength
		case n <= c.held.maxBody():
			return int(n)
		}
		return 0
	case !c.good:
		return 1
	case r.route != "":
		return r.cost
	}
	return c.held.cost()
}

// take has the store decide, and refuses.
func (c *charging) take(ctx context.Context) *problem.Problem {
	takes := c.a.takes
	if len(takes) == 0 {
		return nil
	}
	n, err := ratelimit.TakeAll(ctx, c.store, takes)
	if err != nil {
		return limitsDown(err)
	}
	for i := range n {
		c.show(c.a.rules[i], takes[i].Decision)
	}
	if d := takes[n-1].Decision; !d.Allowed {
		c.a.rules[n-1].refused.Add(1)
		return c.a.rules[n-1].limiter.Refusal(d)
	}
	return nil
}

func (c *charging) show(r *rule, d ratelimit.Decision) {
	r.limiter.Apply(c.a.Header(), d)
	if c.legacy && !r.bytes {
		ratelimit.Legacy(c.a.Header(), c.a.visit.Started, d)
	}
}

// watch takes from the limits that refuse nobody; a store that fails them is none of the
// request's business.
func (c *charging) watch(ctx context.Context, which buckets) {
	c.collect(which, true)
	takes, rules := c.a.takes, c.a.rules
	for len(takes) > 0 {
		n, err := ratelimit.TakeAll(ctx, c.store, takes)
		if err != nil {
			return
		}
		if !takes[n-1].Decision.Allowed {
			c.shadow(rules[n-1])
		}
		takes, rules = takes[n:], rules[n:]
	}
}

// shadow notes what a limit would have refused.
func (c *charging) shadow(r *rule) {
	c.limits.shadow(r, c.a.request.Method, &c.a.visit)
}

func (l *limits) shadow(r *rule, method string, v *visit.Visit) {
	r.refused.Add(1)
	l.audit.Emit(audit.Event{
		Name: audit.LimitShadow, Request: v.ID, ClientRequest: v.ClientRequest, Client: v.Client,
		Issuer: v.Principal.Issuer, Subject: v.Principal.Subject, Method: method, Route: v.Route, Path: v.Path, Reason: r.reason,
	})
}

// limitsDown refuses while a store cannot count: it is never open.
func limitsDown(err error) *problem.Problem {
	return problem.Unavailable.RetryAfter(time.Second).Because(err)
}
