package sallyport

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/authz"
	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/visit"
)

// routeRules is what holds for the requests of one route, worked out when the Gate is
// built.
type routeRules struct {
	pattern  string
	public   bool
	reserved bool // answered by the accounts, not by the handler behind the Gate
	policy   *authz.Policy
	either   []*authz.Policy // one of these has to hold too, by the document
	forms    route.Forms     // what its paths may have
	owner    string          // the wildcard that is compared with the subject
	// uncounted requests are not charged to their caller, once it is known that they are
	// let in.
	uncounted   bool
	parsed      route.Pattern
	stepUp      stepUp
	limit       *rule         // nil when the route has none of its own
	label       ratelimit.Key // sets the route's counters apart
	cost        int
	maxBody     int64
	errorBodies bool

	sharedCaching *atomic.Bool // that a response may be shared was logged
}

// routes finds what holds for a request.
type routes struct {
	table    route.Table[*routeRules]
	declared map[string]*routeRules // by pattern
	rest     *routeRules            // for what nobody declared
	accounts *account.Accounts      // nil without accounts
	reserved map[account.Endpoint]*routeRules
}

// held is what holds for one request: all of it.
type held struct {
	// own is the most specific route that matches the request as it is written.
	own *routeRules
	// also are those that a program behind the Gate may take the request for, as it
	// compares or reads paths in another way. There are none for most requests.
	also []reading
	// bucket is the route that quotas count the request for. It is the same one in all
	// spellings of a path.
	bucket *routeRules
	// more are the other ones, of a path that programs read as several.
	more []*routeRules
}

// reading is a route that holds for a request as a program may read its path.
type reading struct {
	rules *routeRules
	path  string
}

// match finds what holds for a request. The table finds no route for what ServeMux would
// redirect, and neither a 404 nor a 405: those go by the rule, like everything nobody
// declared.
func (t *routes) match(r *http.Request) held {
	if rules := t.ofAccounts(r.URL.Path); rules != nil {
		return held{own: rules, bucket: rules}
	}
	path := r.URL.EscapedPath()
	m := t.table.Find(r.Method, r.Host, path)
	h := held{own: t.rest, bucket: t.rest}
	if m.Entry != nil {
		h.own = m.Entry.Value
	}
	for i := range m.Others {
		h.also = append(h.also, reading{m.Others[i].Value, path})
	}
	if m.Widest != nil {
		h.bucket = m.Widest.Value
	}
	return h
}

// ofAccounts is what holds for an address of the accounts. They are looked up by
// themselves, as in the table their patterns would conflict with ones such as
// /{org}/repos.
func (t *routes) ofAccounts(path string) *routeRules {
	if t.accounts == nil {
		return nil
	}
	if e, ok := t.accounts.Endpoint(path); ok {
		return t.reserved[e]
	}
	if strings.HasPrefix(path, reservedPrefix) {
		return t.reserved[account.Endpoint{Pattern: reservedPrefix, Guarded: true}]
	}
	return nil
}

// all reports whether something is true of every route that holds.
func (h *held) all(is func(*routeRules) bool) bool {
	if !is(h.own) {
		return false
	}
	for i := range h.also {
		if !is(h.also[i].rules) {
			return false
		}
	}
	return true
}

func isPublic(rules *routeRules) bool      { return rules.public }
func isErrorBodies(rules *routeRules) bool { return rules.errorBodies }
func isUncounted(rules *routeRules) bool   { return rules.uncounted }

// public reports whether no credential is needed.
func (h *held) public() bool { return h.all(isPublic) }

// cost is the highest of the routes'.
func (h *held) cost() int {
	cost := max(h.own.cost, 1)
	for i := range h.also {
		cost = max(cost, h.also[i].rules.cost)
	}
	return cost
}

// maxBody is the smallest of the routes'.
func (h *held) maxBody() int64 {
	most := h.own.maxBody
	for i := range h.also {
		most = min(most, h.also[i].rules.maxBody)
	}
	return most
}

// authorize checks who may do it, by every route that holds.
func (h *held) authorize(v *visit.Visit, r *http.Request) *problem.Problem {
	if p := h.own.authorize(v, r.URL.EscapedPath()); p != nil {
		return p
	}
	for i := range h.also {
		if p := h.also[i].rules.authorize(v, h.also[i].path); p != nil {
			return p
		}
	}
	return nil
}

func (c *routeRules) authorize(v *visit.Visit, path string) *problem.Problem {
	if c.public {
		return nil
	}
	p := c.mayCall(v, path)
	// What is missing may be there, in a form that is not read.
	if p != nil && len(v.Principal.Unread) > 0 {
		cause := errors.Unwrap(p)
		if cause == nil {
			cause = errors.New(p.Code)
		}
		return p.Because(fmt.Errorf("%w; not read of the token: %s", cause, strings.Join(v.Principal.Unread, ", ")))
	}
	return p
}

func (c *routeRules) mayCall(v *visit.Visit, path string) *problem.Problem {
	if p := c.stepUp.check(v.Principal, v.Started); p != nil {
		return p
	}
	err := c.policy.Check(v.Principal, func(name string) string {
		value, _ := c.parsed.Value(path, name)
		return value
	})
	if err == nil && len(c.either) > 0 {
		err = c.scoped(v.Principal)
	}
	if denied, ok := errors.AsType[*authz.Denied](err); ok {
		return denied.Problem()
	}
	return nil
}

// limitText is the route's own limit, as the Config has it.
func (c *routeRules) limitText() string {
	if c.limit == nil {
		return ""
	}
	return c.limit.text
}
