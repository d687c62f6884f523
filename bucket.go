package sallyport

import (
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/ratelimit"
)

// part is one dimension of a bucket key.
type part struct {
	kind  byte
	claim string
}

// The kinds of parts, in the order that they have in a key. The first part is the owner of
// the bucket. A store decides about all buckets of one owner at once, so the kinds that most
// rules share come first.
const (
	byPrincipal byte = iota
	byClaim
	byAPIKey
	byClient
	byRoute
)

// parts reads Quota.By.
func (b *builder) parts(field string, by []string) (list []part, ok bool) {
	if len(by) == 0 {
		return []part{{kind: byPrincipal}}, true
	}
	kinds := map[string]byte{"principal": byPrincipal, "client": byClient, "apikey": byAPIKey, "route": byRoute}
	before := len(b.errs)
	for _, text := range by {
		p := part{}
		kind, known := kinds[text]
		if claim, is := strings.CutPrefix(text, "claim:"); is {
			p.claim, kind, known = claim, byClaim, true
			if !b.kept(claim) {
				b.add(field, text, "is a claim that no issuer's tokens are read for: name it in the Keep of an issuer")
			}
		}
		p.kind = kind
		switch {
		case !known:
			b.add(field, text, "is unknown: there are principal, client, apikey, route and claim:NAME")
		case slices.Contains(list, p):
			b.add(field, text, "is there twice")
		}
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(x, y part) int { return int(x.kind) - int(y.kind) })
	return list, len(b.errs) == before
}

// kept reports whether some issuer's tokens may have the claim.
func (b *builder) kept(claim string) bool {
	if slices.Contains([]string{"client_id", "sid", "iss", "sub"}, claim) {
		return true
	}
	for _, issuer := range b.cfg.Issuers {
		if slices.Contains(issuer.Keep, claim) {
			return true
		}
	}
	return false
}

// owner is the principal, or the address prefix of a request that has none.
func (l *limits) owner(a *answer) ratelimit.Key {
	if who := &a.visit.Principal; !who.IsZero() {
		return l.keys.Sum("principal", who.Issuer, who.Subject)
	}
	return l.keys.Network(clientip.Prefix(a.visit.Client))
}

// isCommon reports whether the bucket of a rule is one that callers share: nothing that
// it is by is the caller's own. Who has no good credential shares none, see key.
func (c *charging) isCommon(r *rule) buckets {
	if !r.common || !c.good {
		return callers
	}
	for _, p := range r.by {
		if p.kind == byClaim {
			if _, ok := c.a.visit.Principal.Claim(p.claim); !ok {
				return callers // its principal stands in for what it lacks
			}
		}
	}
	return commons
}

// key is the bucket of a rule. Without a good credential, what is by the route alone is by
// the address as well: that limits guessing, and takes nothing from others.
func (c *charging) key(r *rule) ratelimit.Key {
	key := c.part(r.by[0])
	for _, p := range r.by[1:] {
		key = key.For(c.part(p))
	}
	if !c.good && r.by[0].kind == byRoute {
		key = c.who.For(key)
	}
	if r.route != "" {
		key = key.For(r.routeLabel)
	}
	return key.For(r.label)
}

// part is one of those that a bucket is by. What a request does not have is its
// principal: so nothing is without a limit.
func (c *charging) part(p part) ratelimit.Key {
	switch p.kind {
	case byClient:
		return c.keys.Network(clientip.Prefix(c.a.visit.Client))
	case byRoute:
		return c.held.counted(c.bucket).label
	case byAPIKey:
		if c.a.apiKey {
			return c.keys.Sum("api key", c.a.visit.Principal.Issuer, c.a.visit.Principal.Token)
		}
	case byClaim:
		if value, ok := c.a.visit.Principal.Claim(p.claim); ok {
			return c.keys.Sum("claim", p.claim, c.a.visit.Principal.Issuer, value)
		}
	}
	return c.who
}
