package sallyport

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/authz"
	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/headers"
	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

const (
	defaultLimit   = "100 per 15m"
	defaultMaxBody = 1 << 20
	clientFactor   = 10
)

// New builds a Gate. It returns every validation error of cfg, joined: each is a
// *ConfigError, which wraps the error of the package that the setting belongs to.
func New(cfg Config) (*Gate, error) {
	b := &builder{cfg: cfg}
	b.realm()
	g := &Gate{accounts: cfg.Accounts, audit: cfg.Audit, errors: cfg.ErrorLog, now: cfg.now, streamCheck: streamCheck}
	if g.errors == nil {
		g.errors = slog.Default()
	}
	if g.now == nil {
		g.now = time.Now
	}
	var err error
	g.clients, err = clientip.New(clientip.Config{Trusted: cfg.TrustedProxies})
	b.room("TrustedProxies", err)
	g.headers, err = headers.New(cfg.Headers)
	b.room("Headers", err)
	g.verifier = b.verifier()
	g.limits = b.limits()
	g.routes = b.routes()
	g.methods = b.methods(g.routes)
	g.cors, err = cors.New(b.cfg.CORS)
	b.room("CORS", err)
	g.described = b.described(g.routes)
	g.maxHeader = maxHeaderBytes + cmp.Or(cfg.MaxToken, token.MaxSize)
	g.challenge = newChallenges(b.cfg.Realm, cfg.InvalidTokenForbidden, slices.ContainsFunc(cfg.Issuers, needsProof))
	g.binding = b.binding(g.challenge.invalid)
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	return g, nil
}

// builder makes the parts of a Gate and collects what is wrong.
type builder struct {
	cfg  Config
	errs []error
	made *limits
}

func (b *builder) add(field, value, reason string) {
	b.errs = append(b.errs, &ConfigError{Field: field, Value: value, Reason: reason})
}

// room adds what a room finds wrong with its own part, each mistake by itself.
func (b *builder) room(field string, err error) {
	if err == nil {
		return
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			b.room(field, one)
		}
		return
	}
	b.errs = append(b.errs, &ConfigError{Field: field, Reason: err.Error(), err: err})
}

// verifier is what verifies tokens; nil when every route is public.
func (b *builder) verifier() verifier {
	issuers := slices.Clone(b.cfg.Issuers)
	if b.cfg.Accounts != nil {
		issuers = append(issuers, b.cfg.Accounts.Issuer())
	}
	if len(issuers) == 0 {
		if b.allPublic() {
			return nil
		}
		b.add("Accounts", "",
			"there are neither Accounts nor Issuers, so that no token could be valid: set one, or make every route public")
		return nil
	}
	v, err := token.New(token.Config{
		Issuers: issuers, MaxSize: b.cfg.MaxToken, Leeway: b.cfg.TokenLeeway, Now: b.cfg.now,
	})
	b.room("Issuers", err)
	if err != nil || b.cfg.TokenCache < 0 {
		return v
	}
	cache, err := token.NewCache(token.CacheConfig{Verifier: v, MaxEntries: b.cfg.TokenCache})
	b.room("TokenCache", err)
	return cache
}

// verifier is a token.Verifier or a token.Cache.
type verifier interface {
	VerifyBound(raw string) (*token.Claims, error)
}

func needsProof(in token.Issuer) bool { return in.RequireBound == token.BoundByDPoP }

func (b *builder) allPublic() bool {
	if b.cfg.OpenAPI != nil && !b.cfg.InsecureIgnoreOpenAPISecurity &&
		!slices.ContainsFunc(b.cfg.OpenAPI.Operations(), guarded) {
		return true
	}
	return len(b.cfg.Routes) > 0 && !slices.ContainsFunc(b.cfg.Routes, func(r Route) bool { return !r.Public })
}

// guarded reports whether the document asks for a credential, or leaves that to the rule.
func guarded(op *openapi.Operation) bool {
	needs, stated := op.Security()
	return !stated || len(needs) > 0
}

// realm settles the realm first, as every route's challenge names it: a bad one is told once.
func (b *builder) realm() {
	if err := problem.CheckRealm(b.cfg.Realm); err != nil {
		b.add("Realm", b.cfg.Realm, err.Error())
		b.cfg.Realm = ""
	}
	if b.cfg.Realm == "" {
		b.cfg.Realm = problem.DefaultRealm
	}
}

func (b *builder) routes() *routes {
	if b.cfg.MaxBody < 0 {
		b.add("MaxBody", fmt.Sprint(b.cfg.MaxBody), "a size is 0 for the default, or more")
	}
	if b.cfg.MaxBody == 0 {
		b.cfg.MaxBody = defaultMaxBody
	}
	t := &routes{declared: map[string]*routeRules{}, rest: b.routeRules("", Route{Pattern: "/"})}
	if b.cfg.Accounts != nil {
		b.reserve(t, b.cfg.Accounts)
	}
	for i, in := range b.cfg.Routes {
		b.route(t, fmt.Sprintf("Routes[%d].", i), in)
	}
	return t
}

// route adds one route to the table.
func (b *builder) route(t *routes, field string, in Route) {
	rules := b.routeRules(field, in)
	var err error
	if rules.parsed, err = route.Parse(in.Pattern, rules.forms); err != nil {
		b.add(field+"Pattern", in.Pattern, err.Error())
		return
	}
	if b.cfg.Accounts != nil && reserved(b.cfg.Accounts, rules.parsed.Sample()) {
		b.add(field+"Pattern", in.Pattern, "is an address of the accounts: choose another, or do without Accounts")
		return
	}
	if in.Owner != "" && !rules.parsed.Has(in.Owner) {
		b.add(field+"Owner", in.Owner, "is no wildcard of "+in.Pattern+": name one")
	}
	b.sameLimits(t, field, in, rules)
	if _, err := t.table.Add(rules.parsed, rules); err != nil {
		b.add(field+"Pattern", in.Pattern, err.Error())
		return
	}
	t.declared[in.Pattern] = rules
}

// sameLimits refuses two routes that are one to a program that takes no care of case or
// of a slash at the end, and that are limited in two ways: what is right for the one
// would be too little or too much for the other.
func (b *builder) sameLimits(t *routes, field string, in Route, rules *routeRules) {
	for e := range t.table.Meeting(&rules.parsed) {
		other := e.Value
		if e.Pattern.Host() != rules.parsed.Host() || rules.parsed.Compare(&e.Pattern) != route.Equivalent {
			continue
		}
		same := "is not that of " + strconv.Quote(other.pattern) +
			", and to many programs the two are one path: give both the same"
		if in.Limit != other.limitText() {
			b.add(field+"Limit", in.Limit, same)
		}
		if max(in.Cost, 1) != max(other.cost, 1) {
			b.add(field+"Cost", strconv.Itoa(in.Cost), same)
		}
	}
}

// reserve takes the addresses of the accounts, and all else under /auth/, which is a
// 404 to those who have a token.
func (b *builder) reserve(t *routes, accounts *account.Accounts) {
	t.accounts, t.reserved = accounts, map[account.Endpoint]*routeRules{}
	for _, e := range append(accounts.Endpoints(), account.Endpoint{Pattern: reservedPrefix, Guarded: true}) {
		c := b.routeRules("", Route{Pattern: e.Pattern, Public: !e.Guarded})
		c.reserved, c.uncounted = true, e.Free
		t.reserved[e] = c
	}
}

const reservedPrefix = "/auth/"

// forms are those that a route allows.
func forms(in Route) (all route.Forms) {
	for form, allowed := range map[route.Forms]bool{
		route.EncodedSlash: in.AllowEncodedSlash, route.Semicolon: in.AllowSemicolon,
		route.EmptySegment: in.AllowEmptySegment, route.EncodedPercent: in.AllowEncodedPercent,
	} {
		if allowed {
			all |= form
		}
	}
	return all
}

// reserved reports whether a path is one of the accounts'.
func reserved(accounts *account.Accounts, path string) bool {
	_, taken := accounts.Endpoint(path)
	return taken || strings.HasPrefix(path, reservedPrefix) || path == strings.TrimSuffix(reservedPrefix, "/") ||
		strings.HasPrefix(path, "/.well-known/jwks.json")
}

// routeRules works out what holds for a route.
func (b *builder) routeRules(field string, in Route) *routeRules {
	c := &routeRules{pattern: in.Pattern, public: in.Public, maxBody: in.MaxBody, uncounted: in.InsecureUnlimited,
		cost: in.Cost, errorBodies: in.InsecureErrorBodies, sharedCaching: &atomic.Bool{},
		owner: in.Owner, forms: forms(in)}
	c.label = b.made.keys.Sum("route", in.Pattern)
	if in.Public && (len(in.Scopes) > 0 || len(in.Roles) > 0 || in.Owner != "") {
		b.add(field+"Public", in.Pattern, "is public and asks for scopes, roles or an owner: choose one")
	}
	if in.MaxBody < 0 {
		b.add(field+"MaxBody", fmt.Sprint(in.MaxBody), "a size is 0 for the Config's, or more")
	}
	if in.MaxBody == 0 {
		c.maxBody = b.cfg.MaxBody
	}
	rule := authz.Rule{Scopes: in.Scopes, Roles: in.Roles, Realm: b.cfg.Realm}
	if in.Owner != "" {
		rule.Claim, rule.Equals = "sub", "path."+in.Owner
		if len(b.cfg.Issuers) > 1 || len(b.cfg.Issuers) == 1 && b.cfg.Accounts != nil {
			b.add(field+"Owner", in.Owner,
				"is compared with the subject alone, and two issuers may use the same one: accept one issuer, or compare in the handler")
		}
	}
	if in.Public && (in.SecondFactor || in.MaxAuthAge != 0) {
		b.add(field+"Public", in.Pattern, "is public and asks for a second factor or a login: choose one")
	}
	if in.MaxAuthAge < 0 || in.MaxAuthAge > 0 && in.MaxAuthAge < time.Second {
		b.add(field+"MaxAuthAge", in.MaxAuthAge.String(), "is out of bounds: write 1s or more, or leave it out")
	}
	c.stepUp = newStepUp(in, b.cfg.Realm)
	var err error
	c.policy, err = authz.New(rule)
	b.room(strings.TrimSuffix(field, "."), err)
	if in.Limit != "" {
		if c.limit = b.rule(field+"Limit", "route", in.Limit, false); c.limit != nil {
			c.limit.route, c.limit.routeLabel, c.limit.cost = in.Pattern, c.label, max(in.Cost, 1)
		}
	}
	b.fits(field, in, c.limit)
	return c
}
