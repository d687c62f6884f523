package sallyport

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/authz"
	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// described takes over what the document says of callers, and refuses whatever the
// document and the Config disagree on: each of the two is what somebody relies on.
func (b *builder) described(t *routes) *described {
	document := b.cfg.OpenAPI
	if document == nil {
		if b.cfg.InsecureIgnoreOpenAPISecurity {
			b.add("InsecureIgnoreOpenAPISecurity", "true", "there is no OpenAPI document: leave it out")
		}
		return nil
	}
	d := &described{document: document, of: map[*openapi.Operation]*demand{}, joined: map[pairing]*routeRules{}, rest: t.rest, keys: b.made.keys}
	met := map[*routeRules][]*demand{}
	var wrong []ConfigError
	for _, op := range document.Operations() {
		o, reason := b.demand(op)
		d.of[op] = o
		for _, r := range samples(op) {
			if t.ofAccounts(r.URL.Path) != nil {
				reason = "is an address of the accounts, and would never be asked for by the document: leave it out of one of the two"
			}
			rules := t.match(r).own
			if op.Matrix() && rules.forms&route.Semicolon == 0 && reason == "" {
				reason = "has a parameter of style matrix, and a path with a semicolon is refused, as readers differ over it: " +
					"declare a route for it with AllowSemicolon, or use another style"
			}
			met[rules] = append(met[rules], o)
			d.joined[pairing{rules, op}] = d.join(rules, o)
		}
		if reason != "" {
			wrong = append(wrong, ConfigError{Field: "OpenAPI", Value: o.pattern, Reason: reason})
		}
	}
	b.some(wrong)
	for i, in := range b.cfg.Routes {
		if rules := t.declared[in.Pattern]; rules != nil { // else it is refused already
			b.agree(fmt.Sprintf("Routes[%d].", i), in, append(met[rules], d.sampled(&rules.parsed)...))
		}
	}
	return d
}

// maxWrong is how many operations are named: a document may have thousands that are wrong
// in one way.
const maxWrong = 10

func (b *builder) some(wrong []ConfigError) {
	for i, e := range wrong {
		if i == maxWrong {
			b.add("OpenAPI", "", fmt.Sprintf("and %d operations more", len(wrong)-i))
			return
		}
		b.add(e.Field, e.Value, e.Reason)
	}
}

// demand reads who may call an operation. The reason is why the gate cannot hold it.
func (b *builder) demand(op *openapi.Operation) (o *demand, reason string) {
	o = &demand{op: op, pattern: op.Method + " " + op.Paths()[0]}
	if reason := notAMethod(op.Method); reason != "" {
		return o, reason
	}
	needs, stated := op.Security()
	if !stated || b.cfg.InsecureIgnoreOpenAPISecurity {
		return o, ""
	}
	o.stated, o.public = true, len(needs) == 0
	for _, need := range needs {
		switch scopes, why := b.usable(need); {
		case len(need) == 0 && len(needs) > 1:
			return o, "asks for a credential or none, and a gate does not leave it to the client: write security: [], or take the {} away" + orIgnore
		case len(need) == 0:
			o.public = true
		case why != "":
			reason = why
		default:
			policy, err := authz.New(authz.Rule{Scopes: scopes, Realm: b.cfg.Realm})
			b.room("OpenAPI", err)
			o.either, o.scopes = append(o.either, policy), append(o.scopes, scopes)
		}
	}
	if len(o.either) > 0 {
		reason = "" // one way in is enough
	}
	return o, reason
}

const orIgnore = "; or set InsecureIgnoreOpenAPISecurity, and have Routes alone decide"

// usable gathers the scopes of schemes that this Gate knows: those of tokens.
func (b *builder) usable(need openapi.Requirement) (scopes []string, reason string) {
	for _, s := range need {
		ours := s.In == "cookie" && b.cfg.Accounts != nil && strings.HasPrefix(s.Key, account.CookiePrefix)
		if s.Type != "oauth2" && s.Type != "openIdConnect" && s.HTTP != "bearer" && !ours {
			return nil, fmt.Sprintf("asks for %q, of type %s, and this gate knows bearer tokens alone (http bearer, oauth2, openIdConnect): describe it so%s", s.Name, strings.TrimSpace(s.Type+" "+s.HTTP), orIgnore)
		}
		for _, scope := range s.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes, ""
}

// agree holds a route to the operations it is about.
func (b *builder) agree(field string, in Route, about []*demand) {
	if len(about) == 0 {
		b.add(field+"Pattern", in.Pattern, "is not in the OpenAPI document, and so would always be a 404: describe it there, or leave it out here")
		return
	}
	for _, o := range about {
		switch {
		case !o.stated:
			continue
		case in.Public && !o.public:
			b.add(field+"Public", in.Pattern, "is public, and the document asks for a token at "+o.pattern+": have both say the same")
		case !in.Public && o.public:
			b.add(field+"Public", in.Pattern, "is not public, and the document says that "+o.pattern+" is (security: []): have both say the same")
		case len(in.Scopes) > 0 && !o.same(in.Scopes):
			b.add(field+"Scopes", strings.Join(in.Scopes, " "), "are not the scopes that the document asks for at "+o.pattern+", which are "+o.text()+": have both say the same")
		default:
			continue
		}
		return // one of them says enough
	}
}

func (o *demand) same(scopes []string) bool {
	return !slices.ContainsFunc(o.scopes, func(theirs []string) bool {
		return !slices.Equal(slices.Sorted(slices.Values(theirs)), slices.Sorted(slices.Values(scopes)))
	})
}

func (o *demand) text() string {
	all := make([]string, len(o.scopes))
	for i, scopes := range o.scopes {
		if all[i] = strings.Join(scopes, " "); len(scopes) == 0 {
			all[i] = "none"
		}
	}
	return strings.Join(all, ", or ")
}

// samples are requests for an operation, one below each base and at each host.
func samples(op *openapi.Operation) (all []*http.Request) {
	for _, path := range op.Paths() {
		p, _ := route.Template(path)
		for _, host := range append(op.Hosts(), "") {
			all = append(all, request(op.Method, host, p.Sample()))
		}
	}
	return all
}

func request(method, host, path string) *http.Request {
	u, err := url.Parse(path)
	if err != nil || path == "" || path[0] != '/' {
		u = &url.URL{Path: "/"}
	}
	return &http.Request{Method: method, Host: host, URL: u}
}

// sampled are the operations that a route is about though no sample of theirs meets it,
// as "GET /notes/latest" is about GET /notes/{id}.
func (d *described) sampled(p *route.Pattern) (all []*demand) {
	for _, op := range d.document.Operations() {
		if method := p.Method(); method != "" && method != op.Method {
			continue
		}
		for _, host := range append(op.Hosts(), p.Host()) {
			found, _, err := d.document.Match(op.Method, host, p.Sample())
			if err == nil && found == op && !slices.Contains(all, d.of[op]) {
				all = append(all, d.of[op])
			}
		}
	}
	return all
}
