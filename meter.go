package sallyport

import (
	"context"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// meter is a limit on bytes that a body of unknown length is charged to.
type meter struct {
	rule *rule
	key  ratelimit.Key
}

// meterStep is how many bytes are charged at once, so that a client that sends single
// ones does not have the store asked for each.
const meterStep = 16 << 10

// unknownLength is what a body of unknown length is charged before it is read, so that
// none is read once the bytes are spent.
const unknownLength = 1

// measure has the body charged, if its length is not known.
func (l *limits) measure(a *answer) {
	if len(a.meters) > 0 && a.body != nil {
		a.body.metered, a.body.owed = true, -unknownLength
	}
}

// due is a charge for a part of a body.
type due struct {
	cost  int
	given int // how many of the bytes the handler has already
}

// owe notes n bytes as read, and returns the charge once there is a step of it, and at the
// end. It must be called with mu held.
func (b *requestBody) owe(n int, last bool) (d due) {
	if !b.metered {
		return due{}
	}
	given := b.owed
	b.owed += n
	if b.owed >= meterStep || last {
		d, b.owed = due{cost: b.owed, given: given}, 0
	}
	return d
}

// charge takes what is due from the quotas. When it is too much, charge returns the
// problem, and what was handed on before is charged as far as something is left. It must be
// called without mu, as a store may take its time.
func (b *requestBody) charge(ctx context.Context, d due) error {
	if d.cost <= 0 {
		return nil
	}
	for _, m := range b.a.meters {
		r := m.rule
		decision, err := r.limiter.Take(ctx, m.key, d.cost)
		switch {
		case r.shadow && (err != nil || decision.Allowed):
		case r.shadow:
			b.gate.limits.shadow(r, b.a.request.Method, &b.a.visit)
		case err != nil:
			return limitsDown(err)
		case !decision.Allowed:
			if rest := min(d.given, decision.Remaining); rest > 0 {
				r.limiter.Take(ctx, m.key, rest)
			}
			r.refused.Add(1)
			return r.limiter.Refusal(decision)
		}
	}
	return nil
}

// settle ends what the request holds of limits.
func (a *answer) settle() {
	for _, h := range a.held {
		h.inFlight.Release(h.key)
	}
}
