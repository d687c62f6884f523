package openapi

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/schema"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// DocumentError is one problem of a document.
type DocumentError = spec.Error

// Document is a compiled OpenAPI document. It is immutable, and safe for concurrent use.
type Document struct {
	cfg    Config
	limits wire.Limits
	// answer bounds what is read of answers.
	answer       Config
	answerLimits wire.Limits

	routes     node
	operations []*Operation
	shown      map[string]struct{}
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
	return load(spec.Folder(root), path.Clean(file), cfg)
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
	l := spec.NewLoader(read)
	root, err := l.Open(file)
	if err != nil {
		return nil, errors.Join(append([]error{cfgErr}, l.Problems()...)...)
	}
	d := &Document{cfg: cfg, limits: wire.NewLimits(cfg.Limit, cfg.Depth, cfg.Gzip)}
	d.answer, d.answerLimits = answerConfig(cfg)
	w := walker{d: d, l: l, root: root}
	w.document()
	if err := errors.Join(append([]error{cfgErr}, l.Problems()...)...); err != nil {
		return nil, err
	}
	return d, nil
}

// walker goes through a document once and compiles what it finds.
type walker struct {
	d       *Document
	l       *spec.Loader
	root    spec.Cursor
	in      *schema.Compiler
	out     *schema.Compiler  // of answers, nil where none is looked at
	after   []func()          // what needs the compiled schemas
	known   map[string]Scheme // security schemes by their names
	all     []Requirement     // of operations that have none of their own
	stated  bool
	leaves  []*leaf
	byID    map[string]spec.Cursor
	servers []server
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (w *walker) document() {
	if !w.root.Object() || !w.readVersion() {
		return
	}
	w.known, w.byID = map[string]Scheme{}, map[string]spec.Cursor{}
	w.in = schema.NewCompiler(w.l, schema.Requests, schema.Options{Open: w.d.cfg.InsecureUnknownMembers})
	if w.d.cfg.Responses != ResponsesOff {
		w.out = schema.NewCompiler(w.l, schema.Responses, schema.Options{})
		w.out.Shown = w.in.Shown
	}
	w.dialect()
	w.components()
	w.all, w.stated = w.security(w.root)
	w.servers = w.serversOf(w.root, nil)
	paths, ok := w.root.Get("paths")
	if !ok && w.root.Version() == "3.0" {
		w.root.Fail("needs paths")
	}
	if ok && paths.Object() {
		paths.Members(func(template string, item spec.Cursor) {
			if !strings.HasPrefix(template, "x-") {
				w.path(template, item)
			}
		})
	}
	w.in.Finish()
	if w.out != nil {
		w.out.Finish()
	}
	w.d.shown = w.in.Shown
	for i := 0; i < len(w.after); i++ { // more may come up
		w.after[i]()
	}
	for _, l := range w.leaves {
		l.finish()
	}
}

func (w *walker) readVersion() bool {
	version := w.root.Text("openapi")
	for _, known := range []string{"3.0", "3.1", "3.2"} {
		if strings.HasPrefix(version, known+".") {
			w.l.Version = known
			return true
		}
	}
	w.root.Failf("openapi is %q, and must be 3.0.x, 3.1.x or 3.2.x", version)
	return false
}

// later has f called once all schemas are compiled.
func (w *walker) later(f func()) { w.after = append(w.after, f) }

// dialect wants the one of JSON Schema that is known here. What a document says about
// itself, such as its title, changes no check, and is not looked at.
func (w *walker) dialect() {
	if dialect := w.root.Text("jsonSchemaDialect"); dialect != "" && w.root.Version() != "3.0" &&
		!schema.IsDialect(dialect) {
		w.root.Failf("the dialect %q is not known; draft 2020-12 is", dialect)
	}
}

// components compiles every schema, used or not, so that every problem is told.
func (w *walker) components() {
	components, ok := w.root.Get("components")
	if !ok || !components.Object() {
		return
	}
	schemas, _ := components.Get("schemas")
	schemas.Members(func(_ string, s spec.Cursor) { w.in.Add(s) })
	w.schemes(components)
}

func (w *walker) path(template string, item spec.Cursor) {
	if template == "" || template[0] != '/' {
		item.Fail("a path must begin with a slash")
		return
	}
	place := item
	item, ok := item.Deref()
	if !ok || !item.Object() {
		return
	}
	servers := w.serversOf(item, w.servers)
	shared := w.params(item)
	item.Members(func(name string, c spec.Cursor) {
		switch {
		case slices.Contains(methods, name), name == "query" && w.root.Version() == "3.2":
			w.operation(template, strings.ToUpper(name), place, c, servers, shared)
		case name == "additionalOperations" && w.root.Version() == "3.2":
			c.Members(func(method string, c spec.Cursor) { w.operation(template, method, place, c, servers, shared) })
		case slices.Contains([]string{"$ref", "summary", "description", "servers", "parameters"}, name), strings.HasPrefix(name, "x-"):
		default:
			c.Fail(name + " is no method of OpenAPI " + w.root.Version())
		}
	})
}
