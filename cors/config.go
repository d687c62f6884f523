package cors

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config says which scripts of other origins may read answers. The zero Config lets
// none.
type Config struct {
	// Origins lists who may: an origin such as "https://app.example.com", or of an
	// application such as "capacitor://localhost"; all subdomains, however deep, with
	// "https://*.example.com" (not example.com itself); or "*" alone for everybody, where no
	// credentials are involved. The origin null is never allowed, as every sandboxed page
	// has it.
	Origins []string
	// Methods are allowed beyond the safelisted GET, HEAD and POST; in upper case, as
	// methods are compared exactly. Default [DefaultMethods].
	Methods []string
	// Headers are the request headers a script may set. "*" stands for all but
	// Authorization, which has to be named. Default [DefaultHeaders].
	Headers []string
	// ExposedHeaders are the response headers a script may read, beyond the
	// safelisted ones. Default [DefaultExposedHeaders].
	ExposedHeaders []string
	// MaxAge is how long a browser may remember a preflight: up to 2h. Default 10 min;
	// negative for not at all.
	MaxAge time.Duration
	// Credentials lets scripts send cookies along. Bearer tokens do not need it.
	Credentials bool

	// DangerouslyTolerateInsecureOrigins allows http origins beyond loopback: whoever
	// sits on the network between can be that origin.
	DangerouslyTolerateInsecureOrigins bool
	// DangerouslyTolerateSubdomainsOfPublicSuffixes allows patterns such as
	// https://*.github.io, below which strangers register names.
	DangerouslyTolerateSubdomainsOfPublicSuffixes bool
}

// ConfigError is one thing in a Config that cannot be meant.
type ConfigError struct {
	Field, Value, Reason string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("cors: %s %q: %s", e.Field, e.Value, e.Reason)
}

const (
	defaultMaxAge = 10 * time.Minute
	maxMaxAge     = 2 * time.Hour // what Chromium takes; others take more
)

// New compiles a Config, or returns every reason why it cannot be meant.
func New(cfg Config) (*Policy, error) {
	var errs []error
	add := func(field, value, reason string) { errs = append(errs, &ConfigError{field, value, reason}) }
	p := &Policy{exact: map[string]struct{}{}, credentials: cfg.Credentials}
	for _, s := range cfg.Origins {
		if reason := p.addOrigin(cfg, s); reason != "" {
			add("Origins", s, reason)
		}
	}
	if p.all && len(cfg.Origins) > 1 {
		add("Origins", "*", `stands beside others: write "*" alone, or the list`)
	}
	for _, m := range orDefault(cfg.Methods, defaultMethods) {
		if reason := badMethod(m); reason != "" {
			add("Methods", m, reason)
		}
	}
	p.allowHeaders(cfg, add)
	for _, h := range orDefault(cfg.ExposedHeaders, defaultExposed) {
		if reason := badExposed(h, cfg.Credentials); reason != "" {
			add("ExposedHeaders", h, reason)
		}
	}
	if cfg.MaxAge > maxMaxAge {
		add("MaxAge", cfg.MaxAge.String(), "is over 2h, which no browser keeps: write 2h or less")
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p.methods = slices.Clone(orDefault(cfg.Methods, defaultMethods))
	p.precompute(cfg)
	return p, nil
}

func orDefault(list, fallback []string) []string {
	if list == nil {
		return fallback
	}
	return list
}

// addOrigin takes one entry of Origins, or says what is wrong with it.
func (p *Policy) addOrigin(cfg Config, s string) (reason string) {
	switch s {
	case "*":
		p.all = true
		if cfg.Credentials {
			return "cannot go with Credentials: list the origins"
		}
		return ""
	case "null":
		return "is every sandboxed page's origin, an attacker's too: leave it out"
	}
	if applicationOrigin(s) {
		p.exact[s] = struct{}{}
		return ""
	}
	exact, wildcard := s, false
	if scheme, host, ok := strings.Cut(s, "://*."); ok {
		exact, wildcard = scheme+"://"+host, true
	}
	o, ok := parseOrigin(exact)
	switch {
	case !ok:
		return "is not an origin: write scheme://host or scheme://host:port in lower case, without a path or a default port"
	case wildcard && o.ip:
		return "is a pattern on an address, which has no subdomains: list the origins"
	case o.scheme == "http" && !o.loopback() && !cfg.DangerouslyTolerateInsecureOrigins:
		return "is not secure: write https, or set DangerouslyTolerateInsecureOrigins"
	case wildcard && publicSuffix(o.host) && !cfg.DangerouslyTolerateSubdomainsOfPublicSuffixes:
		return "lets in whoever registers a name there: list the origins, or set DangerouslyTolerateSubdomainsOfPublicSuffixes"
	}
	if wildcard {
		p.patterns = append(p.patterns, pattern{o.scheme + "://", "." + strings.TrimPrefix(exact, o.scheme+"://")})
	} else {
		p.exact[exact] = struct{}{}
	}
	return ""
}

// publicSuffix reports whether strangers can register names right below host. The
// whole list is 15,000 lines and changes weekly; this rule refuses every name of one
// label, every second-level name under a country that is built like co.uk, and the
// hosters people meet most. What it misses is a pattern its owner wrote by hand.
func publicSuffix(host string) bool {
	labels := strings.Split(host, ".")
	n := len(labels)
	if n == 1 {
		return host != "localhost"
	}
	if n == 2 && len(labels[1]) == 2 && slices.Contains(categories, labels[0]) {
		return true
	}
	return slices.Contains(hosters, host)
}

var (
	categories = strings.Fields("co com net org gov edu ac or ne go gob mil sch nom ltd plc me in gen firm ind info web art")
	hosters    = strings.Fields(`github.io gitlab.io pages.dev workers.dev vercel.app netlify.app herokuapp.com
		web.app firebaseapp.com azurewebsites.net cloudfront.net amazonaws.com s3.amazonaws.com appspot.com run.app
		fly.dev onrender.com surge.sh blogspot.com wordpress.com ngrok.io ngrok.app ngrok-free.app trycloudflare.com
		glitch.me repl.co replit.app deno.dev railway.app stackblitz.io codesandbox.io duckdns.org`)
)

func badMethod(m string) string {
	switch {
	case !token(m) || m == "*":
		return "is not a method: write its name, such as PUT"
	case m != strings.ToUpper(m):
		return "is not in upper case, and methods are compared exactly: write " + strings.ToUpper(m)
	case m == "CONNECT" || m == "TRACE" || m == "TRACK":
		return "is forbidden to scripts by Fetch: leave it out"
	}
	return ""
}

// allowHeaders takes the request headers.
func (p *Policy) allowHeaders(cfg Config, add func(field, value, reason string)) {
	p.headers = map[string]struct{}{}
	for _, h := range orDefault(cfg.Headers, defaultHeaders) {
		lower := strings.ToLower(h)
		switch {
		case h == "*" && cfg.Credentials:
			add("Headers", h, "means the header named * when Credentials are on: list the headers")
		case h == "*":
			p.allHeaders = true
		case !token(h):
			add("Headers", h, "is not a header name")
		case forbiddenRequestHeader(lower):
			add("Headers", h, "is forbidden to scripts by Fetch: leave it out")
		default:
			p.headers[lower] = struct{}{}
		}
	}
}

func forbiddenRequestHeader(lower string) bool {
	if strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "sec-") || strings.HasPrefix(lower, "access-control-") {
		return true
	}
	return slices.Contains(forbidden, lower)
}

var forbidden = strings.Fields(`accept-charset accept-encoding connection content-length cookie cookie2 date dnt expect
	host keep-alive origin referer set-cookie te trailer transfer-encoding upgrade via`)

func badExposed(h string, credentials bool) string {
	lower := strings.ToLower(h)
	switch {
	case h == "*" && credentials:
		return "means the header named * when Credentials are on: list the headers"
	case h == "*":
		return ""
	case !token(h):
		return "is not a header name"
	case lower == "set-cookie" || lower == "set-cookie2":
		return "is never shown to scripts: leave it out"
	}
	return ""
}

func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// precompute makes every header value the policy can send.
func (p *Policy) precompute(cfg Config) {
	methods := append([]string{"GET", "HEAD", "POST"}, p.methods...)
	slices.Sort(methods)
	p.allowMethods = one(strings.Join(slices.Compact(methods), ", "))
	names := slices.Clone(orDefault(cfg.Headers, defaultHeaders))
	if len(names) > 0 {
		p.allowHeaderNames = one(strings.Join(names, ", "))
	}
	if exposed := orDefault(cfg.ExposedHeaders, defaultExposed); len(exposed) > 0 {
		p.expose = one(strings.Join(exposed, ", "))
	}
	age := cfg.MaxAge
	if age == 0 {
		age = defaultMaxAge
	}
	p.maxAge = one(strconv.FormatInt(int64(max(age, 0)/time.Second), 10))
}

// one is a header value without spare room, so that appending to it copies.
func one(value string) []string { return []string{value}[:1:1] }
