package sallyport

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// maxQuotas is how many there may be: every one costs something with every request.
const maxQuotas = 16

// rule is one limit of a Gate.
type rule struct {
	name, text, route string // route is set for a Route's own, and so are the next two
	routeLabel        ratelimit.Key
	cost              int
	limiter           *ratelimit.Limiter // nil for inFlight
	inFlight          *ratelimit.InFlight
	bytes, shadow     bool
	by                []part
	common            bool // no part is the caller's own, but for want of a claim
	label             ratelimit.Key
	reason            string // for the audit log
	refused           atomic.Int64
}

// LimitStatus is one limit, and what it did in this process.
type LimitStatus struct {
	// Name and Limit are as in the Config, Route the pattern of a route's own limit.
	Name  string `json:"name"`
	Limit string `json:"limit"`
	Route string `json:"route,omitzero"`
	// Shadow says that Refused were not refused, only counted.
	Shadow  bool  `json:"shadow"`
	Refused int64 `json:"refused"`
}

// Limits says what the limits did so far.
func (g *Gate) Limits() []LimitStatus {
	list := make([]LimitStatus, len(g.limits.all))
	for i, r := range g.limits.all {
		list[i] = LimitStatus{r.name, r.text, r.route, r.shadow, r.refused.Load()}
	}
	return list
}

func (b *builder) limits() *limits {
	l := &limits{legacy: b.cfg.LegacyRateLimitFields, audit: b.cfg.Audit}
	b.made = l
	b.limitStore()
	l.store, l.keys = b.cfg.Limits, b.limitKeys()
	if len(b.cfg.Quotas) > maxQuotas {
		b.add("Quotas", strconv.Itoa(len(b.cfg.Quotas)), "are more than 16: leave out those that others imply")
		return l
	}
	b.mainLimits(l)
	for i, q := range b.cfg.Quotas {
		if r := b.quota(fmt.Sprintf("Quotas[%d].", i), q); r != nil {
			l.quotas = append(l.quotas, r)
		}
	}
	// Owners side by side, the caller's first: see Key.For.
	slices.SortStableFunc(l.quotas, func(x, y *rule) int { return int(x.by[0].kind) - int(y.by[0].kind) })
	return l
}

// limitStore is this process's memory, if there is no other.
func (b *builder) limitStore() {
	if b.cfg.Limits == nil {
		store, err := ratelimit.NewMemory(ratelimit.MemoryConfig{Now: b.cfg.now})
		b.room("Limits", err)
		b.cfg.Limits = store
	}
}

func (b *builder) limitKeys() *ratelimit.Keyer {
	if !b.cfg.LimitSecret.IsZero() {
		keys, err := ratelimit.NewSharedKeyer(b.cfg.LimitSecret.Reveal())
		if err == nil {
			return keys
		}
		b.room("LimitSecret", err)
	} else if _, alone := b.cfg.Limits.(*ratelimit.Memory); !alone {
		b.add("LimitSecret", "", "is not set, so that processes that share Limits would not share a counter: give all of them the same 16 random bytes or more")
	}
	return ratelimit.NewKeyer()
}

func (b *builder) mainLimits(l *limits) {
	if b.cfg.InsecureUnlimited {
		if b.cfg.Limit != "" || b.cfg.ClientLimit != "" {
			b.add("InsecureUnlimited", "true", "there is a limit as well: leave one of the two out")
		}
		return
	}
	if b.cfg.Limit == "" {
		b.cfg.Limit = defaultLimit
	}
	l.caller = b.rule("Limit", "default", b.cfg.Limit, false)
	if b.cfg.ClientLimit == "" && l.caller != nil {
		limit, err := scaled(l.caller.limiter.Limit(), clientFactor)
		if err != nil {
			b.add("Limit", b.cfg.Limit, "is too high for a ClientLimit of ten times as much: set ClientLimit")
			return
		}
		b.cfg.ClientLimit = limit.String()
		if l.caller.shadow {
			b.cfg.ClientLimit += shadowed
		}
	}
	if b.cfg.ClientLimit != "" {
		l.client = b.rule("ClientLimit", "client", b.cfg.ClientLimit, false)
	}
}

// scaled is a limit of n times as much.
func scaled(l ratelimit.Limit, n int) (ratelimit.Limit, error) {
	if l.Strict() {
		return ratelimit.Window(n*l.Quota(), l.Per())
	}
	return ratelimit.Window(n*l.Quota(), max(l.Per().Round(time.Second), time.Second))
}

const (
	shadowed = " shadow"
	inFlight = " at once"
	ofBytes  = " bytes per "
)

// rule makes a limit on requests or bytes by the principal. It returns nil, and notes the
// error, where text is no limit.
func (b *builder) rule(field, name, text string, bytes bool) *rule {
	words, shadow := strings.CutSuffix(text, shadowed)
	if bytes {
		words = strings.Replace(words, ofBytes, " per ", 1)
	}
	limit, err := ratelimit.Parse(words)
	if err != nil {
		b.room(field, err)
		return nil
	}
	limiter, err := ratelimit.New(ratelimit.Config{Name: name, Limit: limit, Bytes: bytes, Store: b.cfg.Limits})
	if err != nil {
		b.room(field, err)
		return nil
	}
	return b.keep(&rule{name: name, text: text, limiter: limiter, bytes: bytes, shadow: shadow})
}

// keep completes a rule, and has it shown to administrators.
func (b *builder) keep(r *rule) *rule {
	r.by = []part{{kind: byPrincipal}}
	r.label = b.made.keys.Sum("limit", r.name)
	r.reason = "policy " + r.name
	b.made.all = append(b.made.all, r)
	return r
}

func (b *builder) quota(field string, q Quota) *rule {
	switch {
	case q.Name == "default" || q.Name == "client" || q.Name == "route":
		b.add(field+"Name", q.Name, "is the name of another limit: choose your own")
		return nil
	case slices.ContainsFunc(b.made.all, func(r *rule) bool { return r.name == q.Name }):
		b.add(field+"Name", q.Name, "is there twice: clients could not tell one from the other")
		return nil
	}
	by, ok := b.parts(field+"By", q.By)
	r := b.quotaRule(field, q)
	if r == nil || !ok {
		return nil
	}
	r.by = by
	r.common = !slices.ContainsFunc(by, func(p part) bool { return p.kind != byRoute && p.kind != byClaim })
	b.made.common = b.made.common || r.common
	return r
}

func (b *builder) quotaRule(field string, q Quota) *rule {
	words, shadow := strings.CutSuffix(q.Limit, shadowed)
	number, ok := strings.CutSuffix(words, inFlight)
	if !ok {
		return b.rule(field+"Limit", q.Name, q.Limit, strings.Contains(words, ofBytes))
	}
	most, err := strconv.Atoi(number)
	if err != nil {
		b.add(field+"Limit", q.Limit, "has no number: write it as in \"10 at once\"")
		return nil
	}
	f, err := ratelimit.NewInFlight(ratelimit.InFlightConfig{Name: q.Name, Most: most})
	if err != nil {
		b.room(strings.TrimSuffix(field, "."), err)
		return nil
	}
	return b.keep(&rule{name: q.Name, text: q.Limit, inFlight: f, shadow: shadow})
}

// fits says which of the limits a request of a route could never pass.
func (b *builder) fits(field string, in Route, own *rule) {
	if in.Cost < 0 {
		b.add(field+"Cost", strconv.Itoa(in.Cost), "is less than nothing: write 1 or more, or leave it out")
	}
	rules := b.made.quotas
	if !in.InsecureUnlimited {
		rules = append(slices.Clip(rules), b.made.caller)
	}
	for _, r := range append(slices.Clip(rules), own) {
		if r != nil && r.limiter != nil && !r.bytes && in.Cost > r.limiter.Limit().Quota() {
			b.add(field+"Cost", strconv.Itoa(in.Cost), "is more than the limit "+r.name+" ever holds, so that no request could pass")
		}
	}
}
