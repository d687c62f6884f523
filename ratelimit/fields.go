package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The fields of draft-ietf-httpapi-ratelimit-headers (after -09), in the form in which
// net/http keeps names.
const (
	fieldPolicy = "Ratelimit-Policy"
	fieldLimit  = "Ratelimit"
)

// degradedKey says that the store could not be asked. The draft lets implementations add
// parameters.
const degradedKey = "sallyport-degraded"

// Apply adds the policy to the RateLimit-Policy field of h, and what is left to the
// RateLimit field. When another policy's item stands there, the field becomes one
// list of both (RFC 9651 §3.1). t is when r grows, rounded up; it is left out when the
// quota is whole.
func (p *policy) Apply(h http.Header, d Decision) {
	values := make([]string, 2) // both fields in one allocation
	values[0] = join(h[fieldPolicy], p.item)
	values[1] = join(h[fieldLimit], p.state(d))
	h[fieldPolicy], h[fieldLimit] = values[:1:1], values[1:]
}

// state is the RateLimit item.
func (p *policy) state(d Decision) string {
	b, _ := appendString(make([]byte, 0, 96), p.name)
	b = appendParameter(b, "r", int64(d.Remaining))
	if t := ceilSeconds(d.Reset); t > 0 {
		b = appendParameter(b, "t", t)
	}
	if d.Degraded {
		b, _ = appendKey(b, degradedKey)
	}
	return string(b)
}

func join(before []string, item string) string {
	if len(before) == 0 {
		return item
	}
	return strings.Join(before, ", ") + ", " + item
}

// The older fields, which no document defines.
const (
	oldLimit     = "X-Ratelimit-Limit"
	oldRemaining = "X-Ratelimit-Remaining"
	oldReset     = "X-Ratelimit-Reset"
)

// Legacy sets the fields X-RateLimit-Limit, -Remaining and -Reset, for clients that know
// no others: the quota, what is left of it, and the second since 1970 at which that
// grows, rounded up. They have room for one policy: it is the one of which the least is
// left, of those that were given for this answer.
func Legacy(h http.Header, now time.Time, d Decision) {
	if before := h[oldRemaining]; len(before) > 0 {
		if left, err := strconv.Atoi(before[0]); err == nil && left < d.Remaining {
			return
		}
	}
	at := now.Add(d.Reset)
	whole := at.Unix()
	if at.Nanosecond() > 0 {
		whole++
	}
	h[oldLimit] = []string{strconv.Itoa(d.Limit)}
	h[oldRemaining] = []string{strconv.Itoa(d.Remaining)}
	h[oldReset] = []string{strconv.FormatInt(whole, 10)}
}
