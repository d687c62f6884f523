package ratelimit

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-dev/sallyport/problem"
)

// Config is one policy.
type Config struct {
	// Name is what clients know the policy by: a letter a to z, then up to 31 letters
	// a to z, digits, "-" and "_". Two policies that one answer may show have two
	// names.
	Name string
	// Limit is how much may be taken.
	Limit Limit
	// Bytes says that it is bytes of bodies that are counted, and not requests.
	Bytes bool
	// Store keeps the counters.
	Store Store
}

// Limiter is a policy: a name, a limit and the store that counts.
type Limiter struct {
	policy
	limit Limit
	store Store
}

// New returns a Limiter. The error joins a *[ConfigError] for every bad field.
func New(c Config) (*Limiter, error) {
	var errs []error
	if !validName(c.Name) {
		errs = append(errs, badName(c.Name))
	}
	if c.Limit.IsZero() {
		errs = append(errs, configError("Limit", c.Limit, `it is not set; make one with Parse("100 per 15m")`))
	}
	if c.Store == nil {
		errs = append(errs, configError("Store", "", "it is not set; use NewMemory for a single process"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	u := requests
	if c.Bytes {
		u = bytes
	}
	return &Limiter{policy: newPolicy(c.Name, c.Limit.Quota(), c.Limit.Per(), u), limit: c.Limit, store: c.Store}, nil
}

func badName(name string) error {
	return configError("Name", name, `it is a letter a to z, then up to 31 letters a to z, digits, "-" and "_"; for example "default"`)
}

func validName(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i] && s[i] <= 'z'
		other := '0' <= s[i] && s[i] <= '9' || s[i] == '-' || s[i] == '_'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 32
}

// Take takes cost from the bucket of key. After an error nothing was admitted, and the
// Decision is the zero one.
func (l *Limiter) Take(ctx context.Context, key Key, cost int) (Decision, error) {
	return l.store.Take(ctx, key, l.limit, cost)
}

// Limit returns the limit.
func (l *Limiter) Limit() Limit { return l.limit }

// Handler lets through to next what the limit admits, one permit a request, in the
// bucket that key names. It answers the rest itself, with a 429, or a 503 when the
// store fails; next does not run then. Every decided answer carries the RateLimit
// fields.
//
// It holds back nobody when key is made from what the client may choose; see the
// package comment.
func (l *Limiter) Handler(key func(*http.Request) Key, next http.Handler) http.Handler {
	return problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		d, err := l.Take(r.Context(), key(r), 1)
		if err != nil {
			return problem.Unavailable.Because(err)
		}
		l.Apply(w.Header(), d)
		if !d.Allowed {
			return l.Refusal(d)
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
