package sallyport

import (
	"context"
	"time"

	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
)

// limits are how often a client may ask, and how often a caller.
type limits struct {
	keys   *ratelimit.Keyer
	client *ratelimit.Limiter // nil when unlimited, like all of these
	caller *ratelimit.Limiter
}

// checkClient charges the request to its address prefix. The fields of the answer speak
// of this limit only when it is the one that refuses: to everyone else it says nothing.
func (l *limits) checkClient(ctx context.Context, a *answer) *problem.Problem {
	if l.client == nil {
		return nil
	}
	d, err := l.client.Take(ctx, l.keys.Prefix("client", clientip.Prefix(a.visit.Client)), 1)
	if err != nil {
		return limitsDown(err)
	}
	if d.Allowed {
		return nil
	}
	l.client.Apply(a.Header(), d)
	return l.client.Refusal(d)
}

// checkCaller charges the request to its caller, or to the address prefix of a request
// that has none, and to the route's own limit.
func (l *limits) checkCaller(ctx context.Context, a *answer, route *chain) *problem.Problem {
	counted := !route.uncounted || !route.public && a.visit.Principal.IsZero()
	if counted {
		if p := l.charge(ctx, a, l.caller, "caller"); p != nil {
			return p
		}
	}
	return l.charge(ctx, a, route.limit, route.limitLabel)
}

func (l *limits) charge(ctx context.Context, a *answer, limiter *ratelimit.Limiter, label string) *problem.Problem {
	if limiter == nil {
		return nil
	}
	key := l.keys.Prefix(label, clientip.Prefix(a.visit.Client))
	if who := &a.visit.Principal; !who.IsZero() {
		key = l.keys.Sum(label, who.Issuer, who.Subject)
	}
	d, err := limiter.Take(ctx, key, 1)
	if err != nil {
		return limitsDown(err)
	}
	limiter.Apply(a.Header(), d)
	if !d.Allowed {
		return limiter.Refusal(d)
	}
	return nil
}

// limitsDown refuses while a store cannot count: it is never open.
func limitsDown(err error) *problem.Problem {
	return problem.Unavailable.RetryAfter(time.Second).Because(err)
}
