package openapi

import (
	"net/url"
	"path"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// maxServers bounds what the variables of a server may make of it.
const maxServers = 1000

// server is one place where paths are served.
type server struct{ host, base string }

// serversOf reads the servers at c; where there are none, those around it hold.
func (w *walker) serversOf(c spec.Cursor, around []server) []server {
	if len(w.d.cfg.Bases) > 0 && around != nil {
		return around
	}
	if bases := w.d.cfg.Bases; len(bases) > 0 {
		for _, b := range bases {
			around = append(around, server{base: b})
		}
		return around
	}
	var all []server
	c.Items("servers", func(s spec.Cursor) {
		if s.Object() {
			all = append(all, expand(s, s.Text("url"))...)
		}
	})
	switch {
	case all != nil:
		return all
	case around != nil:
		return around
	}
	return []server{{}}
}

// expand puts the values of the variables into a server's URL: all of them where they
// are listed, and otherwise the default.
func expand(s spec.Cursor, text string) (all []server) {
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
	variables, _ := s.Get("variables")
	v, ok := variables.Get(name)
	if !ok {
		s.Failf("the server's variable %q is not described", name)
		return nil
	}
	values := []string{v.Text("default")}
	if list, ok := v.Get("enum"); ok {
		values = nil
		list.Each(func(c spec.Cursor) {
			value, _ := c.Value.(string)
			values = append(values, value)
		})
	}
	for _, value := range values[:min(len(values), 100)] {
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

func parseServer(s spec.Cursor, text string) (server, bool) {
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
