package sallyport

import (
	"net/http"

	"github.com/sallyport-dev/sallyport/authz"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/validate/openapi"
	"github.com/sallyport-dev/sallyport/visit"
)

// described holds requests to Config.OpenAPI. It is nil where there is none.
type described struct {
	document *openapi.Document
	of       map[*openapi.Operation]*demand
	joined   map[pairing]*routeRules
	rest     *routeRules
	keys     *ratelimit.Keyer
}

// demand is one operation, and who may call it by the document.
type demand struct {
	op      *openapi.Operation
	pattern string
	stated  bool // the document says who may, and is listened to
	public  bool
	either  []*authz.Policy // one of them has to hold
	scopes  [][]string      // of each
}

// pairing is what holds by the configuration, and by the document.
type pairing struct {
	route *routeRules
	op    *openapi.Operation
}

// asked is what a request asks for by the document.
type asked struct {
	matched                  // its op is nil without a document, and for the accounts
	also    []matched        // as which programs may read the path
	split   bool             // a value of the path may hold a slash
	unknown *problem.Problem // of a path or a method that is not in it
}

// matched is an operation of the document, with the values of its path.
type matched struct {
	op     *openapi.Operation
	values []string
}

// find makes what holds for a request out of what the configuration and the document
// say. Whether the document has the path is said to those alone who get past its rest.
func (d *described) find(r *http.Request, h held) (held, asked) {
	if d == nil || h.own.reserved {
		return h, asked{}
	}
	op, values, err := d.document.Match(r.Method, r.Host, r.URL.EscapedPath())
	if err != nil {
		return h, asked{unknown: problem.From(err)}
	}
	joined := d.holds(h.own, op)
	if h.bucket == h.own {
		h.bucket = joined
	}
	h.own = joined
	return h, asked{matched: matched{op, values}}
}

// holds returns what holds where both a route and an operation do.
func (d *described) holds(rules *routeRules, op *openapi.Operation) *routeRules {
	if joined, ok := d.joined[pairing{rules, op}]; ok {
		return joined
	}
	return d.join(rules, d.of[op]) // no sample of the operation's path has met this route
}

// join asks for what both ask. Where nobody has declared a route, the document alone
// decides, and the operation is the route.
func (d *described) join(rules *routeRules, o *demand) *routeRules {
	c := *rules
	if o.stated {
		c.public = o.public && (rules.public || rules == d.rest)
		c.either = o.either
	}
	if rules == d.rest {
		c.pattern, c.label = o.pattern, d.keys.Sum("route", o.pattern)
	}
	return &c
}

// check refuses what the document does not describe. What programs may read as several
// operations has to be right for all of them.
func (a *asked) check(r *http.Request) *problem.Problem {
	if a.op == nil {
		return a.unknown
	}
	check := (*openapi.Operation).Check
	if a.split {
		check = (*openapi.Operation).CheckSplit
	}
	err := check(a.op, r, a.values)
	for i := 0; err == nil && i < len(a.also); i++ {
		err = check(a.also[i].op, r, a.also[i].values)
	}
	if err != nil {
		return problem.From(err)
	}
	return nil
}

// scoped checks the document's alternatives. The refusal is that of the first.
func (c *routeRules) scoped(caller visit.Principal) error {
	var first error
	for _, p := range c.either {
		err := p.Check(caller, nil)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}
