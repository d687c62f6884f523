package openapi

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/internal/route"
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

	routes     route.Table[*endpoint]
	operations []*Operation
	shown      map[string]struct{}
	warnings   []error
}

// Operations lists the document's operations in the order of their paths and methods.
func (d *Document) Operations() []*Operation { return slices.Clone(d.operations) }

// Warnings lists what the document asks for and what is not held here, as *[DocumentError], in the order of the places:
// patterns that cannot be matched, see [Config].StrictPatterns.
func (d *Document) Warnings() []error { return slices.Clone(d.warnings) }

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
	w := walker{d: d, l: l}
	w.document(root)
	if err := errors.Join(append([]error{cfgErr}, l.Problems()...)...); err != nil {
		return nil, err
	}
	d.warnings = l.Warnings()
	return d, nil
}

// walker goes through a document once and compiles what it finds.
type walker struct {
	d       *Document
	l       *spec.Loader
	root    spec.Object
	in      *schema.Compiler
	out     *schema.Compiler  // of answers, nil where none is looked at
	after   []func()          // what needs the compiled schemas
	learned map[string]*shape // by the schemas that a shape is of
	known   map[string]Scheme // security schemes by their names
	all     []Requirement     // of operations that have none of their own
	stated  bool
	byID    map[string]spec.Object
	servers []server
	// endpoints are those of the table, and shapes the same by what they match.
	endpoints []*route.Entry[*endpoint]
	shapes    map[string][]*route.Entry[*endpoint]
}

// methods are those that have a member of their own in a path item.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

func (w *walker) document(at spec.Cursor) {
	if !at.Object() || !w.readVersion(at) {
		return
	}
	var ok bool
	if w.root, ok = at.Open(spec.OpenAPI); !ok {
		return
	}
	w.self()
	at.Check(spec.OpenAPI)
	w.learned = map[string]*shape{}
	w.known, w.byID = map[string]Scheme{}, map[string]spec.Object{}
	w.shapes = map[string][]*route.Entry[*endpoint]{}
	patterns := &schema.Patterns{Strict: w.d.cfg.StrictPatterns}
	w.in = schema.NewCompiler(w.l, schema.Requests, schema.Options{
		Open: w.d.cfg.InsecureUnknownMembers, CaseFolded: true, Patterns: patterns,
	})
	if w.d.cfg.Responses != ResponsesOff {
		w.out = schema.NewCompiler(w.l, schema.Responses, schema.Options{Patterns: patterns})
		w.out.Shown = w.in.Shown
	}
	w.dialect()
	w.components()
	w.all, w.stated = w.security(w.root)
	w.servers = w.serversOf(w.root, nil)
	paths, ok := w.root.Child("paths")
	if _, is := w.root.Get("paths"); !is && w.l.Version == "3.0" {
		w.root.Fail("needs paths")
	}
	if ok {
		paths.Named(w.path)
	}
	w.in.Finish()
	if w.out != nil {
		w.out.Finish()
	}
	w.d.shown = w.in.Shown
	for i := 0; i < len(w.after); i++ { // more may come up
		w.after[i]()
	}
	w.finish()
}

func (w *walker) readVersion(at spec.Cursor) bool {
	version := at.Text("openapi")
	for _, known := range []string{"3.0", "3.1", "3.2"} {
		if strings.HasPrefix(version, known+".") {
			w.l.Version = known
			return true
		}
	}
	if swagger, ok := at.Get("swagger"); ok {
		at.Failf("is a document of Swagger %v, and OpenAPI 3.0 or later is needed; convert it: "+
			"npx swagger2openapi %s --yaml --outfile openapi.yaml", swagger.Value, at.File())
		return false
	}
	at.Failf("openapi is %q, and must be 3.0.x, 3.1.x or 3.2.x", version)
	return false
}

// later has f called once all schemas are compiled.
func (w *walker) later(f func()) { w.after = append(w.after, f) }

// components compiles the schemas with an $id, by which others may refer to them, and reads the security schemes. Every
// other schema is compiled when something that is checked here needs it.
func (w *walker) components() {
	components, ok := w.root.Child("components")
	if !ok {
		return
	}
	schemas, _ := components.Get("schemas")
	schemas.Members(func(_ string, s spec.Cursor) {
		if w.l.Version == "3.0" || !hasID(s.Value) {
			return
		}
		w.in.Add(s)
		if w.out != nil {
			w.out.Add(s)
		}
	})
	components.Map("securitySchemes", func(name string, s spec.Object) { w.known[name] = w.scheme(name, s) })
}

// hasID reports whether a schema, or one in it, has an $id.
func hasID(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, hasID)
	case map[string]any:
		if _, ok := v["$id"].(string); ok {
			return true
		}
		for _, below := range v {
			if hasID(below) {
				return true
			}
		}
	}
	return false
}

func (w *walker) path(template string, item spec.Object) {
	if template == "" || template[0] != '/' {
		item.Place.Fail("a path must begin with a slash")
		return
	}
	servers, shared := w.serversOf(item, w.servers), w.params(item)
	for _, method := range methods {
		if c, ok := item.Child(method); ok && (method != "query" || w.l.Version == "3.2") {
			w.operation(template, strings.ToUpper(method), item.Place, c, servers, shared)
		}
	}
	if w.l.Version == "3.2" {
		item.Map("additionalOperations", func(method string, c spec.Object) {
			if isMethod(method, c) {
				w.operation(template, method, item.Place, c, servers, shared)
			}
		})
	}
}

// isMethod notes a name in additionalOperations that is none for there (OpenAPI 3.2 §4.8).
func isMethod(name string, c spec.Object) bool {
	lower := strings.ToLower(name)
	switch {
	case slices.Contains(methods, lower):
		c.Place.Failf("%s has a member of its own in a path item: write it as %s", name, lower)
	case !isToken(name):
		c.Place.Failf("%q is no name of a method: letters, digits and !#$%%&'*+-.^_`|~ alone", name)
	default:
		return true
	}
	return false
}
