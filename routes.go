package sallyport

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/authz"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/visit"
)

// chain is what holds for the requests of one route, worked out when the Gate is
// built. It is an http.Handler only so that a ServeMux can find it.
type chain struct {
	pattern  string
	public   bool
	reserved bool // answered by the accounts, not by the handler behind the Gate
	policy   *authz.Policy
	either   []*authz.Policy // one of these has to hold too, by the document
	// uncounted requests are not charged to their caller, once it is known that they are
	// let in.
	uncounted bool
	paths     *authz.Paths
	stepUp    stepUp
	limit     *rule         // nil when the route has none of its own
	label     ratelimit.Key // sets the route's counters apart
	cost      int
	maxBody   int64
}

func (*chain) ServeHTTP(http.ResponseWriter, *http.Request) {
	panic("sallyport: a route is not a handler")
}

// routes finds a request's chain.
type routes struct {
	mux      *http.ServeMux
	declared map[string]*chain // by pattern
	folded   *http.ServeMux    // nil when no limit is about a route
	rest     *chain            // for what nobody declared
	accounts *account.Accounts // nil without accounts
	reserved map[account.Endpoint]*chain
}

// match finds the chain of the most specific pattern. ServeMux would answer some
// requests by itself, with a redirect to another spelling of the path, a 404 or a
// 405: those go by the rule, like everything nobody declared.
func (t *routes) match(r *http.Request) *chain {
	if c := t.ofAccounts(r.URL.Path); c != nil {
		return c
	}
	if host := strings.ToLower(r.Host); host != r.Host { // ServeMux compares bytes
		folded := *r
		folded.Host = host
		r = &folded
	}
	h, _ := t.mux.Handler(r)
	if c, ok := h.(*chain); ok {
		return c
	}
	return t.rest
}

// ofAccounts is the chain of an address of the accounts. They are looked up by
// themselves, as in the mux their patterns would conflict with ones such as /{org}/repos.
func (t *routes) ofAccounts(path string) *chain {
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

// authorize checks who may do it.
func (c *chain) authorize(v *visit.Visit, r *http.Request) *problem.Problem {
	if c.public {
		return nil
	}
	if p := c.stepUp.check(v.Principal, v.Started); p != nil {
		return p
	}
	err := c.policy.Check(v.Principal, c.paths.Values(r.URL.EscapedPath()))
	if err == nil && len(c.either) > 0 {
		err = c.scoped(v.Principal)
	}
	if denied, ok := errors.AsType[*authz.Denied](err); ok {
		return denied.Problem()
	}
	return nil
}

// addRest has the muxes find rest for what no pattern takes. They would else work out
// which methods there are, for an answer that is not given here.
func (t *routes) addRest() {
	for _, mux := range []*http.ServeMux{t.mux, t.folded} {
		if mux != nil {
			quietly(mux, "/", t.rest)
		}
	}
}

// quietly registers a chain, unless there is one for the same requests: ServeMux panics.
func quietly(mux *http.ServeMux, pattern string, c *chain) {
	defer func() { recover() }()
	mux.Handle(pattern, c)
}

// registered is where ServeMux says a pattern came from: always here.
var registered = regexp.MustCompile(` \(registered at [^)]*\)`)

// add registers a chain; ServeMux panics on a bad pattern or on two that conflict.
func (t *routes) add(c *chain) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.New(registered.ReplaceAllString(fmt.Sprint(v), ""))
		}
	}()
	t.mux.Handle(c.pattern, c)
	t.declared[c.pattern] = c
	if t.folded != nil {
		for _, pattern := range foldPattern(c.pattern) {
			quietly(t.folded, pattern, c) // what the folding made the same is the first one's
		}
	}
	return nil
}
