package sallyport

import (
	"context"
	"io"

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

// metered charges a body as it is read.
type metered struct {
	io.ReadCloser
	limits *limits
	a      *answer
	owed   int
	failed error
}

// measure has the body charged, if its length is not known.
func (l *limits) measure(a *answer) {
	if len(a.meters) > 0 && a.request.Body != nil {
		a.metered = &metered{ReadCloser: a.request.Body, limits: l, a: a, owed: -unknownLength}
		a.request.Body = a.metered
	}
}

// Read charges what was read once there is a step of it, and at the end. When it is too
// much, reading fails with the problem, and goes on to fail; what was handed on before is
// charged as far as something is left.
func (m *metered) Read(p []byte) (int, error) {
	if m.failed != nil {
		return 0, m.failed
	}
	n, err := m.ReadCloser.Read(p[:min(len(p), meterStep-m.owed)])
	given := m.owed
	m.owed += n
	if m.owed >= meterStep || err != nil {
		if m.failed = m.settle(m.a.request.Context(), given); m.failed != nil {
			return 0, m.failed
		}
	}
	return n, err
}

// settle charges what is owed, of which the handler has some already. What it has read of
// a body that it leaves is charged at the end of the request.
func (m *metered) settle(ctx context.Context, given int) error {
	if m.owed <= 0 {
		return nil
	}
	cost := m.owed
	m.owed = 0
	for _, one := range m.a.meters {
		r := one.rule
		d, err := r.limiter.Take(ctx, one.key, cost)
		switch {
		case r.shadow && (err != nil || d.Allowed):
		case r.shadow:
			m.limits.shadow(r, m.a.request, &m.a.visit)
		case err != nil:
			return limitsDown(err)
		case !d.Allowed:
			if rest := min(given, d.Remaining); rest > 0 {
				r.limiter.Take(ctx, one.key, rest)
			}
			r.refused.Add(1)
			return r.limiter.Refusal(d)
		}
	}
	return nil
}

// settle ends what the request holds of limits.
func (a *answer) settle() {
	if a.metered != nil {
		a.metered.settle(context.WithoutCancel(a.request.Context()), a.metered.owed)
	}
	for _, h := range a.held {
		h.inFlight.Release(h.key)
	}
}
