package headers

import (
	"net/http"
	"strconv"
	"strings"
)

const hsts = "Strict-Transport-Security"

// policyHSTS is a value of Strict-Transport-Security (RFC 6797 §6.1).
type policyHSTS struct {
	maxAge              int64 // seconds
	subdomains, preload bool
}

func (p policyHSTS) String() string {
	text := "max-age=" + strconv.FormatInt(p.maxAge, 10)
	if p.subdomains {
		text += "; includeSubDomains"
	}
	if p.preload {
		text += "; preload"
	}
	return text
}

// parseHSTS reads one value. A directive that is there twice makes it invalid (§6.1), and
// browsers then ignore the field.
func parseHSTS(value string) (p policyHSTS, ok bool) {
	seen := map[string]bool{}
	for directive := range strings.SplitSeq(value, ";") {
		name, arg, _ := strings.Cut(directive, "=")
		name = strings.ToLower(strings.Trim(name, " \t"))
		if name == "" {
			continue
		}
		if seen[name] {
			return p, false
		}
		seen[name] = true
		switch name {
		case "max-age":
			if p.maxAge, ok = seconds(arg); !ok {
				return p, false
			}
		case "includesubdomains":
			p.subdomains = true
		case "preload":
			p.preload = true
		}
	}
	return p, seen["max-age"]
}

// seconds reads delta-seconds, which may be quoted (§6.1.1), up to 34,000 years.
func seconds(s string) (n int64, ok bool) {
	s = strings.Trim(s, " \t")
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	u, err := strconv.ParseUint(s, 10, 40)
	return int64(u), err == nil
}

// reconcileHSTS sends the stricter of both sides in each directive. A browser reads the first
// field alone (§8.1), and so does this.
func (s *Headers) reconcileHSTS(h http.Header, secure bool) {
	theirs, set := h[hsts]
	if !secure {
		if set {
			delete(h, hsts)
		}
		return
	}
	ours := s.secure[len(s.secure)-1].value[data]
	if len(theirs) == 1 && &theirs[0] == &ours[0] {
		return
	}
	if len(theirs) > 1 {
		theirs = withoutOurs(theirs, ours[0])
	}
	h[hsts] = ours
	if len(theirs) == 0 {
		return
	}
	if p, ok := parseHSTS(theirs[0]); ok {
		h[hsts] = one(s.hsts.with(p).String())
	}
}

func (p policyHSTS) with(other policyHSTS) policyHSTS {
	return policyHSTS{
		maxAge:     max(p.maxAge, other.maxAge),
		subdomains: p.subdomains || other.subdomains,
		preload:    p.preload || other.preload,
	}
}
