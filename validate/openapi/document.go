package openapi

import (
	"errors"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// Document is a compiled OpenAPI document. It is immutable, and safe for concurrent use.
type Document struct {
	cfg        Config
	limits     wire.Limits
	routes     node
	operations []*Operation
	shown      map[string]struct{}
	version    string
}

// Operations lists the document's operations in the order of their paths and methods.
func (d *Document) Operations() []*Operation { return slices.Clone(d.operations) }

// Load reads the document in file, which is JSON or YAML in the folder dir, with every
// file it refers to, and compiles it. No file outside of dir is read, by a symbolic link
// neither, and nothing is fetched. The error joins every problem of cfg and of the
// document, as *[ConfigError] and *[DocumentError].
func Load(dir, file string, cfg Config) (*Document, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return load(folder(root), path.Clean(file), cfg)
}

// Parse is [Load] for a document that is one file, such as an embedded one.
func Parse(data []byte, cfg Config) (*Document, error) {
	const name = "document"
	return load(func(file string) ([]byte, error) {
		if file != name {
			return nil, errors.New("the document is one file")
		}
		return data, nil
	}, name, cfg)
}

func load(read func(string) ([]byte, error), file string, cfg Config) (*Document, error) {
	cfg, cfgErr := cfg.normal()
	l := &loader{read: read, files: map[string]*source{}}
	src, err := l.open(file)
	if err != nil {
		if len(l.errs) == 0 {
			l.errs = append(l.errs, &DocumentError{File: file, Reason: err.Error()})
		}
		return nil, errors.Join(append([]error{cfgErr}, l.errs...)...)
	}
	d := &Document{cfg: cfg, limits: wire.NewLimits(cfg.Limit, cfg.Depth)}
	w := walker{d: d, root: cursor{l, src, "", src.tree}}
	w.document()
	if err := errors.Join(append([]error{cfgErr}, l.problems()...)...); err != nil {
		return nil, err
	}
	return d, nil
}

// walker goes through a document once and compiles what it finds.
type walker struct {
	d       *Document
	root    cursor
	b       *bundle
	keys    map[string]string // security scheme → the query parameter of its API key
	leaves  []*leaf
	byID    map[string]cursor
	servers []server
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (w *walker) document() {
	if !w.root.object() || !w.readVersion() {
		return
	}
	w.b, w.keys, w.byID = newBundle(w.root.l), map[string]string{}, map[string]cursor{}
	w.dialect()
	w.components()
	w.servers = w.serversOf(w.root, nil)
	paths, ok := w.root.get("paths")
	if !ok && w.root.l.version == "3.0" {
		w.root.fail("needs paths")
	}
	if ok && paths.object() {
		paths.members(func(template string, item cursor) {
			if !strings.HasPrefix(template, "x-") {
				w.path(template, item)
			}
		})
	}
	w.b.compile()
	w.d.shown, w.d.version = w.b.shown, w.root.l.version
	for _, l := range w.leaves {
		l.finish()
	}
}

func (w *walker) readVersion() bool {
	version := w.root.text("openapi")
	for _, known := range []string{"3.0", "3.1", "3.2"} {
		if strings.HasPrefix(version, known+".") {
			w.root.l.version = known
			return true
		}
	}
	w.root.failf("openapi is %q, and must be 3.0.x, 3.1.x or 3.2.x", version)
	return false
}

// dialect wants the one of JSON Schema that is known here. What a document says about
// itself, such as its title, changes no check, and is not looked at.
func (w *walker) dialect() {
	if dialect := w.root.text("jsonSchemaDialect"); dialect != "" && w.root.l.version != "3.0" &&
		dialect != "https://json-schema.org/draft/2020-12/schema" && !strings.HasPrefix(dialect, "https://spec.openapis.org/oas/3.") {
		w.root.failf("the dialect %q is not known; draft 2020-12 is", dialect)
	}
}

// components compiles every schema, used or not, so that every problem is told.
func (w *walker) components() {
	components, ok := w.root.get("components")
	if !ok || !components.object() {
		return
	}
	schemas, _ := components.get("schemas")
	schemas.members(func(_ string, s cursor) { w.b.add(s, "") })
	schemes, _ := components.get("securitySchemes")
	schemes.members(func(name string, s cursor) {
		if s, ok := s.deref(); ok && s.text("type") == "apiKey" && s.text("in") == "query" {
			w.keys[name] = s.text("name")
		}
	})
}

func (w *walker) path(template string, item cursor) {
	if template == "" || template[0] != '/' {
		item.fail("a path must begin with a slash")
		return
	}
	place := item
	item, ok := item.deref()
	if !ok || !item.object() {
		return
	}
	servers := w.serversOf(item, w.servers)
	shared := w.params(item)
	item.members(func(name string, c cursor) {
		switch {
		case slices.Contains(methods, name), name == "query" && w.root.l.version == "3.2":
			w.operation(template, strings.ToUpper(name), place, c, servers, shared)
		case name == "additionalOperations" && w.root.l.version == "3.2":
			c.members(func(method string, c cursor) { w.operation(template, method, place, c, servers, shared) })
		case slices.Contains([]string{"$ref", "summary", "description", "servers", "parameters"}, name), strings.HasPrefix(name, "x-"):
		default:
			c.fail(name + " is no method of OpenAPI " + w.root.l.version)
		}
	})
}

// server is one place where paths are served.
type server struct{ host, base string }

// serversOf reads the servers at c; where there are none, those around it hold.
func (w *walker) serversOf(c cursor, around []server) []server {
	if w.d.cfg.Bases != nil && around != nil {
		return around
	}
	if bases := w.d.cfg.Bases; bases != nil {
		for _, b := range bases {
			around = append(around, server{base: b})
		}
		return around
	}
	var all []server
	c.items("servers", func(s cursor) {
		if s.object() {
			all = append(all, expand(s, s.text("url"))...)
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
func expand(s cursor, text string) (all []server) {
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
	variables, _ := s.get("variables")
	v, ok := variables.get(name)
	if !ok {
		s.failf("the server's variable %q is not described", name)
		return nil
	}
	values := []string{v.text("default")}
	if list, ok := v.get("enum"); ok {
		values = nil
		list.each(func(c cursor) {
			value, _ := c.v.(string)
			values = append(values, value)
		})
	}
	for _, value := range values[:min(len(values), 100)] {
		if strings.Contains(value, "{") {
			v.fail("the value of a variable may not hold another")
			return nil
		}
		all = append(all, expand(s, strings.ReplaceAll(text, "{"+name+"}", value))...)
	}
	return all
}

func parseServer(s cursor, text string) (server, bool) {
	u, err := url.Parse(text)
	if err != nil {
		s.fail("the server's url is not a URL")
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
