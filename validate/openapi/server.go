package openapi

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// maxServers bounds what the variables of a server may make of it.
const maxServers = 1000

// server is one place where paths are served.
type server struct{ host, base string }

// serversOf reads the servers at c; where there are none, those around it hold, which is
// nil for the document's own.
func (w *walker) serversOf(c spec.Object, around []server) []server {
	var all []server
	for _, s := range c.Children("servers") {
		text := s.Text("url")
		switch _, ok := s.Get("url"); {
		case !ok:
			s.Fail("needs a url")
			continue
		case w.root.Text("$self") != "" && !strings.HasPrefix(text, "/") && !strings.Contains(text, "://"):
			s.Failf("url %q is relative to the document's $self; write its path from the root", text)
		}
		all = append(all, expand(s, text)...)
	}
	switch {
	case all != nil:
		return w.placed(all)
	case around != nil:
		return around
	}
	return w.placed([]server{{}})
}

// placed puts servers at the configuration's bases, each at the host that it names where
// hosts count. A server without a host is where the document is; beside one at the same
// base that has a host, it opens no other.
func (w *walker) placed(servers []server) (all []server) {
	for _, s := range servers {
		if !w.d.cfg.MatchHost {
			s.host = ""
		}
		bases := w.d.cfg.Bases
		if len(bases) == 0 {
			bases = []string{s.base}
		}
		for _, base := range bases {
			if one := (server{s.host, base}); !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	named := map[string]bool{} // bases
	for _, s := range all {
		named[s.base] = named[s.base] || s.host != ""
	}
	return slices.DeleteFunc(all, func(s server) bool { return s.host == "" && named[s.base] })
}

// expand puts the values of the variables into a server's URL: all of them where they
// are listed, and otherwise the default.
func expand(s spec.Object, text string) (all []server) {
	name, ok := "", false
	if _, rest, found := strings.Cut(text, "{"); found {
		name, _, ok = strings.Cut(rest, "}")
	}
	if !ok {
		if one, ok := parseServer(s, text); ok {
			all = append(all, one)
		}
		return all
	}
	v, ok := variable(s, name)
	if !ok {
		s.Failf("the server's variable %q is not described", name)
		return nil
	}
	for _, value := range valuesOf(v) {
		if strings.Contains(value, "{") {
			v.Fail("the value of a variable may not hold another")
			return nil
		}
		if all = append(all, expand(s, strings.ReplaceAll(text, "{"+name+"}", value))...); len(all) > maxServers {
			s.Failf("the server's variables make more than %d servers", maxServers)
			return nil
		}
	}
	return all
}

// variable finds a variable of a server.
func variable(s spec.Object, name string) (found spec.Object, ok bool) {
	s.Map("variables", func(one string, v spec.Object) {
		if one == name {
			found, ok = v, true
		}
	})
	return found, ok
}

// valuesOf lists what a variable may be (OpenAPI 3.2 §4.7).
func valuesOf(v spec.Object) []string {
	_, hasDefault := v.Get("default")
	_, listed := v.Get("enum")
	values := v.Texts("enum")
	switch {
	case listed && len(values) == 0:
		v.Fail("enum must not be empty")
	case listed && hasDefault && !slices.Contains(values, v.Text("default")):
		v.Failf("the default %q must be in enum", v.Text("default"))
	case !listed && !hasDefault:
		v.Fail("needs a default")
	case !listed:
		return []string{v.Text("default")}
	}
	return values
}

func parseServer(s spec.Object, text string) (server, bool) {
	u, err := url.Parse(text)
	if err != nil {
		s.Fail("the server's url is not a URL")
		return server{}, false
	}
	base := strings.TrimSuffix(u.EscapedPath(), "/")
	if base != "" && base[0] != '/' {
		base = "/" + base // relative to where the document is, which is the root here
	}
	if base = path.Clean("/" + base); base == "/" {
		base = ""
	}
	return server{u.Host, base}, true
}
