package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
)

// The fields of draft-ietf-httpapi-ratelimit-headers (after -09), in the form in which
// net/http keeps names.
const (
	fieldPolicy = "Ratelimit-Policy"
	fieldLimit  = "Ratelimit"
)

// policy is the RateLimit-Policy item: the quota, and the window in whole seconds. The
// name needs no escape in a structured-field String (RFC 9651 §3.3.3).
func policy(name string, l Limit) string {
	return `"` + name + `";q=` + strconv.Itoa(l.Quota()) + ";w=" + strconv.FormatInt(ceilSeconds(l.Per()), 10)
}

// Apply adds the policy to the RateLimit-Policy field of h, and what is left to the
// RateLimit field. When another limiter's item stands there, the field becomes one
// list of both (RFC 9651 §3.1). t is when r grows, rounded up; it is left out when the
// quota is whole.
func (l *Limiter) Apply(h http.Header, d Decision) {
	const digits = 20
	buf := make([]byte, 0, len(`"";r=;t=`)+32+2*digits)
	buf = append(buf, '"')
	buf = append(buf, l.name...)
	buf = append(buf, `";r=`...)
	buf = strconv.AppendInt(buf, int64(d.Remaining), 10)
	if t := ceilSeconds(d.Reset); t > 0 {
		buf = append(buf, ";t="...)
		buf = strconv.AppendInt(buf, t, 10)
	}
	values := make([]string, 2) // both fields in one allocation
	values[0] = join(h[fieldPolicy], l.policy)
	values[1] = join(h[fieldLimit], string(buf))
	h[fieldPolicy], h[fieldLimit] = values[:1:1], values[1:]
}

func join(before []string, item string) string {
	if len(before) == 0 {
		return item
	}
	return strings.Join(before, ", ") + ", " + item
}

// maxKept is up to how many seconds a refusal is made once and kept.
const maxKept = 1024

// Refusal is the answer to a request that was not admitted: a 429 with the type that
// the draft registers, and Retry-After in whole seconds, rounded up, which is never
// less than the t that Apply writes. A cost above the quota has no Retry-After: waiting
// does not help.
//
// The problem is shared: change a copy, as its methods do.
func (l *Limiter) Refusal(d Decision) *problem.Problem {
	if d.RetryAfter == Never {
		return l.kept(0)
	}
	return l.kept(max(1, ceilSeconds(d.RetryAfter), ceilSeconds(d.Reset)))
}

func (l *Limiter) kept(seconds int64) *problem.Problem {
	if seconds >= int64(len(l.refusals)) {
		return l.refuse(seconds)
	}
	p := l.refusals[seconds].Load()
	if p == nil {
		p = l.refuse(seconds)
		l.refusals[seconds].Store(p)
	}
	return p
}

func (l *Limiter) refuse(seconds int64) *problem.Problem {
	p := problem.New(http.StatusTooManyRequests, "rate_limited", "Too many requests. Wait for the seconds that Retry-After tells.")
	p.Type = "https://iana.org/assignments/http-problem-types#quota-exceeded"
	p.Title = "Quota exceeded"
	p.ViolatedPolicies = []string{l.name}
	if seconds == 0 {
		p.Detail = "The request asks for more at once than the quota ever holds."
		return p
	}
	return p.RetryAfter(time.Duration(seconds) * time.Second)
}

// ceilSeconds is d in whole seconds, rounded up; 0 if it is not positive.
func ceilSeconds(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64((d-1)/time.Second) + 1
}
