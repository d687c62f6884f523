package sallyport

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/visit"
)

// limits are how often a client may ask, and how often a caller.
type limits struct {
	keys   *ratelimit.Keyer
	store  ratelimit.Store
	client *rule // nil when unlimited, like the next
	caller *rule
	quotas []*rule
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
func (g *Gate) turnAway(w http.ResponseWriter, r *http.Request, client clientip.Client, now time.Time, d ratelimit.Decision) {
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
		Name: audit.RateLimit, Request: givenID(r), Client: client.Addr, Method: methodOf(r), Path: r.URL.Path,
		Reason: rule.reason, Status: http.StatusTooManyRequests,
	})
}

// charging is one request on its way through the limits.
type charging struct {
	*limits
	a     *answer
	route *chain
	at    *chain // whose limits hold, see routes.limiting
	good  bool   // the credential is, or none is needed
	who   ratelimit.Key
	rules [maxQuotas + 2]*rule // of each of a.takes
}

// charge charges the request to all limits but the client's. Those that only watch come
// last, so that nothing is counted there that another one refuses.
func (l *limits) charge(ctx context.Context, a *answer, route, at *chain, good bool) *problem.Problem {
	c := charging{limits: l, a: a, route: route, at: at, good: good, who: l.owner(a)}
	uncounted := route.uncounted && (route.public || !a.visit.Principal.IsZero())
	if !uncounted {
		if p := c.acquire(); p != nil {
			return p
		}
	}
	c.collect(uncounted, false)
	if p := c.take(ctx); p != nil {
		return p
	}
	c.collect(uncounted, true)
	c.watch(ctx)
	return nil
}

// acquire begins the request where it counts as one in flight. close ends it.
func (c *charging) acquire() *problem.Problem {
	for _, r := range c.quotas {
		if r.inFlight == nil || !c.good {
			continue
		}
		key := c.key(r)
		d := r.inFlight.Acquire(key)
		if d.Allowed {
			c.a.held = append(c.a.held, holding{r.inFlight, key})
		}
		if r.shadow {
			if !d.Allowed {
				c.shadow(r)
			}
			continue
		}
		r.inFlight.Apply(c.a.Header(), d)
		if !d.Allowed {
			r.refused.Add(1)
			return r.inFlight.Refusal(d)
		}
	}
	return nil
}

// holding is a request in flight.
type holding struct {
	inFlight *ratelimit.InFlight
	key      ratelimit.Key
}

// collect lists what is to be taken.
func (c *charging) collect(uncounted, shadow bool) {
	c.a.takes = c.a.room[:0]
	if !uncounted {
		c.add(c.caller, shadow)
	}
	c.add(c.at.limit, shadow)
	if uncounted {
		return
	}
	for _, r := range c.quotas {
		if r.limiter != nil {
			c.add(r, shadow)
		}
	}
}

func (c *charging) add(r *rule, shadow bool) {
	if r == nil || r.shadow != shadow || r.bytes && !c.good {
		return
	}
	key := c.key(r)
	c.rules[len(c.a.takes)] = r
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
		case n <= c.route.maxBody:
			return int(n)
		}
		return 0
	case !c.good:
		return 1
	}
	return max(c.at.cost, 1)
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
		c.show(c.rules[i], takes[i].Decision)
	}
	if d := takes[n-1].Decision; !d.Allowed {
		c.rules[n-1].refused.Add(1)
		return c.rules[n-1].limiter.Refusal(d)
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
func (c *charging) watch(ctx context.Context) {
	takes, rules := c.a.takes, c.rules[:]
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
	c.limits.shadow(r, c.a.request, &c.a.visit)
}

func (l *limits) shadow(r *rule, req *http.Request, v *visit.Visit) {
	r.refused.Add(1)
	l.audit.Emit(audit.Event{
		Name: audit.LimitShadow, Request: v.ID, Client: v.Client, Issuer: v.Principal.Issuer, Subject: v.Principal.Subject,
		Method: methodOf(req), Route: v.Route, Path: req.URL.Path, Reason: r.reason,
	})
}

// limitsDown refuses while a store cannot count: it is never open.
func limitsDown(err error) *problem.Problem {
	return problem.Unavailable.RetryAfter(time.Second).Because(err)
}
