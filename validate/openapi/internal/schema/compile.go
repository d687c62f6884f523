package schema

import (
	"encoding/json" // for Number alone
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// Options adjust a Compiler.
type Options struct {
	// Open lets members pass that no schema describes.
	Open bool
	// Annotate leaves formats as annotations. No document asks for it.
	Annotate bool
	// Lenient ignores unknown keywords, as JSON Schema has it. Without it, a schema of a
	// document that has one is refused: it is a rule that its author believes in.
	Lenient bool
	// CaseFolded refuses a member that no schema names, and whose name differs in case alone from
	// one that does.
	CaseFolded bool
	// Patterns are the document's, nil for those of this compiler alone.
	Patterns *Patterns
	// Extra are schemas by their addresses, which no document has.
	Extra map[string]spec.Cursor
}

// Compiler compiles the schemas of a document for one direction.
type Compiler struct {
	// Shown gathers the names of members that the document has.
	Shown map[string]struct{}

	loader    *spec.Loader
	options   Options
	settings  *settings
	count     int  // of schemas
	old       bool // OpenAPI 3.0, whose schemas are a dialect of their own
	schemas   map[string]*Schema
	resources map[string]*resource
	files     map[string]*resource
	pending   []func() // references to be followed
	decisions []func() // discriminators, which look at what references lead to

	// For discriminators that decide by inheritance: components by their places, those by
	// the schema that is in their allOf, and the files that were searched for them.
	components, heirs map[string][]heir
	searched          map[string]bool
}

// NewCompiler returns a Compiler. Problems of schemas are noted in the loader.
func NewCompiler(l *spec.Loader, d Direction, o Options) *Compiler {
	if o.Patterns == nil {
		o.Patterns = &Patterns{}
	}
	return &Compiler{
		Shown: map[string]struct{}{}, loader: l, options: o, settings: &settings{direction: d, open: o.Open, folds: o.CaseFolded}, old: l.Version == "3.0",
		schemas: map[string]*Schema{}, resources: map[string]*resource{}, files: map[string]*resource{},
		components: map[string][]heir{}, heirs: map[string][]heir{}, searched: map[string]bool{},
	}
}

// Add returns the schema at c, which is compiled once [Compiler.Finish] has returned.
func (c *Compiler) Add(at spec.Cursor) *Schema { return c.schema(at, c.file(at)) }

// Finish resolves all references. What it could not compile is a problem in the loader.
func (c *Compiler) Finish() {
	for len(c.pending) > 0 || len(c.decisions) > 0 { // each may bring up more
		next := &c.pending
		if len(c.pending) == 0 {
			next = &c.decisions
		}
		f := (*next)[0]
		*next = (*next)[1:]
		f()
	}
	c.barNames()
	if c.settings.folds {
		c.foldNames()
	}
}

// later has f called once everything that is added is compiled.
func (c *Compiler) later(f func()) { c.pending = append(c.pending, f) }

// file is the resource of the file that a place is in.
func (c *Compiler) file(at spec.Cursor) *resource {
	root := at.Root()
	r, ok := c.files[root.ID()]
	if !ok {
		r = newResource("", root)
		c.files[root.ID()] = r
	}
	return r
}

func newResource(base string, root spec.Cursor) *resource {
	return &resource{base, root, map[string]spec.Cursor{}, map[string]*Schema{}}
}

// schema compiles the schema at a place within a resource.
func (c *Compiler) schema(at spec.Cursor, home *resource) *Schema {
	if s, ok := c.schemas[at.ID()]; ok {
		return s
	}
	s := c.blank(at, home)
	c.schemas[at.ID()] = s
	switch v := at.Value.(type) {
	case bool:
		if s.always = takesNone; v {
			s.always = takesAll
		}
		if c.old {
			at.Fail("must be a schema")
		}
	case map[string]any:
		c.object(s, v)
	default:
		at.Fail("must be a schema, which is a boolean or an object")
	}
	return s
}

// blank is a schema that asks for nothing.
func (c *Compiler) blank(at spec.Cursor, home *resource) *Schema {
	c.count++
	return &Schema{
		id: c.count, at: at, set: c.settings, home: home, minLength: -1, maxLength: -1, minItems: -1, maxItems: -1,
		minContains: -1, maxContains: -1, minProperties: -1, maxProperties: -1,
	}
}

// object compiles a schema that is an object.
func (c *Compiler) object(s *Schema, m map[string]any) {
	if !c.old {
		c.enter(s, m)
	}
	if _, isRef := m["$ref"].(string); isRef && c.old {
		c.oldReference(s, m)
		return
	}
	s.at.Members(func(name string, k spec.Cursor) { c.keyword(s, name, k) })
	if c.old {
		c.oldTypes(s, m)
	}
	if d, ok := s.at.Get("discriminator"); ok && d.Object() {
		c.later(func() { c.addMapped(s, d) }) // so that all it may decide among is compiled before it does
		c.decisions = append(c.decisions, func() { c.discriminate(s, d) })
	}
}

// enter opens the resource of an $id, and notes the anchors.
func (c *Compiler) enter(s *Schema, m map[string]any) {
	if id, ok := m["$id"].(string); ok {
		base, err := resolve(s.home.base, strings.TrimSuffix(id, "#"))
		k, _ := s.at.Get("$id")
		switch other := c.resources[base]; {
		case err != nil || strings.Contains(base, "#"):
			k.Failf("%q: must be a URI without a fragment", id)
		case other != nil && other.root.ID() != s.at.ID():
			k.Failf("%q is the $id of another schema too", id)
		}
		s.home = newResource(base, s.at)
		c.resources[base] = s.home
	}
	if d, ok := m["$schema"]; ok {
		c.dialect(s.at, d)
	}
	if m["$recursiveAnchor"] == true && s.home.root.ID() == s.at.ID() {
		s.home.dynamic[recursive] = s
	}
	for _, keyword := range []string{"$anchor", "$dynamicAnchor"} {
		name, ok := m[keyword].(string)
		if !ok {
			continue
		}
		k, _ := s.at.Get(keyword)
		if before, twice := s.home.anchors[name]; twice && before.ID() != s.at.ID() {
			k.Failf("the anchor %q stands at #%s too: a reference to it could mean either", name, before.Pointer())
		}
		s.home.anchors[name] = s.at
		if keyword == "$dynamicAnchor" {
			s.home.dynamic[name] = s
		}
	}
}

// dialect refuses any other draft: its keywords mean something else, or nothing, here.
func (c *Compiler) dialect(at spec.Cursor, d any) {
	k, _ := at.Get("$schema")
	name, _ := d.(string)
	if !IsDialect(name) && !c.options.Lenient {
		k.Failf("%q: schemas are read as draft 2020-12 alone; write the schema so, and leave $schema out", name)
	}
}

// IsDialect reports whether a dialect of JSON Schema is the one that is read here, or the one before it, whose other
// keywords are read too.
func IsDialect(name string) bool {
	name = strings.TrimSuffix(name, "#")
	return name == "https://json-schema.org/draft/2020-12/schema" || name == "https://json-schema.org/draft/2019-09/schema" ||
		strings.HasPrefix(name, "https://spec.openapis.org/oas/3.")
}

// resolve is a reference relative to a base, which may be empty.
func resolve(base, ref string) (string, error) {
	u, err := url.Parse(ref)
	if err != nil || base == "" {
		return ref, err
	}
	b, err := url.Parse(base)
	if err != nil {
		return ref, err
	}
	return b.ResolveReference(u).String(), nil
}

// reference has set called with the schema that a reference means. It is resolved when all
// that is added is compiled, as it may name what comes later.
func (c *Compiler) reference(home *resource, k spec.Cursor, set func(*Schema)) {
	ref, ok := k.Value.(string)
	if !ok {
		k.Fail("must be a string")
		return
	}
	c.later(func() {
		if s := c.find(home, k, ref); s != nil {
			set(s)
		}
	})
}

// find follows a reference. It returns nil, and notes the problem, where it leads nowhere.
func (c *Compiler) find(home *resource, k spec.Cursor, ref string) *Schema {
	address, fragment, _ := strings.Cut(ref, "#")
	absolute, err := resolve(home.base, address)
	if err != nil {
		k.Failf("%q: must be a URI reference", ref)
		return nil
	}
	target := home
	if address != "" {
		if target = c.resources[absolute]; target == nil {
			target = c.extra(absolute)
		}
	}
	if target == nil {
		return c.elsewhere(home, k, ref, absolute)
	}
	return c.within(target, k, ref, fragment)
}

// extra is a schema of Options.Extra.
func (c *Compiler) extra(address string) *resource {
	at, ok := c.options.Extra[address]
	if !ok {
		return nil
	}
	r := newResource(address, at)
	c.resources[address] = r
	if s := c.schema(at, r); s.home != r { // its $id is its address
		c.resources[address] = s.home
	}
	return c.resources[address]
}

// elsewhere follows a reference into another file of the folder.
func (c *Compiler) elsewhere(home *resource, k spec.Cursor, ref, absolute string) *Schema {
	u, err := url.Parse(absolute)
	if own := absolute != "" && absolute == c.loader.Self; !own && (home.base != "" || err == nil && u.Scheme != "") {
		k.Failf("%q: no schema of this document has the $id %q, and nothing is fetched; add it, or refer to it as #/…", ref, absolute)
		return nil
	}
	at, err := k.Follow(ref)
	if err != nil {
		k.Fail(err.Error())
		return nil
	}
	return c.schema(at, c.file(at))
}

// within follows the fragment of a reference: a pointer, or the name of an anchor.
func (c *Compiler) within(r *resource, k spec.Cursor, ref, fragment string) *Schema {
	name, err := url.PathUnescape(fragment)
	if err != nil {
		k.Failf("%q: must be well encoded", ref)
		return nil
	}
	if name != "" && name[0] != '/' {
		at, ok := r.anchors[name]
		if !ok {
			if at, err = k.Follow(ref); err != nil || r.base != "" {
				k.Failf("%q: there is no such $anchor", ref)
				return nil
			}
		}
		return c.schema(at, r)
	}
	at, err := r.root.Follow("#" + (&url.URL{Fragment: r.root.Pointer()}).EscapedFragment() + fragment)
	if err != nil {
		k.Failf("%q leads to nothing", ref)
		return nil
	}
	return c.schema(at, r)
}

func isText(v any) bool { _, ok := v.(string); return ok }

// maxDocExponent bounds how long a remainder takes to find.
const maxDocExponent = 400

// number reads a number of a schema.
func number(k spec.Cursor) *bound {
	text, ok := k.Value.(json.Number)
	if !ok {
		k.Fail("must be a number")
		return nil
	}
	b := newBound(string(text))
	if b == nil || max(b.d.exp, -b.d.exp) > maxDocExponent {
		k.Failf("%s: must have at most %d digits, and an exponent of -%[3]d to %[3]d", text, maxDigits, maxDocExponent)
		return nil
	}
	return b
}

// size reads a number that counts something.
func size(k spec.Cursor) int {
	b := number(k)
	if b == nil {
		return -1
	}
	if !b.plain || b.small < 0 || b.small > 1<<31-1 {
		k.Fail("must be a whole number of 0 to 2147483647")
		return -1
	}
	return int(b.small)
}

// texts reads a list of strings, each once.
func texts(k spec.Cursor) (list []string) {
	values, ok := k.Value.([]any)
	if !ok {
		k.Fail("must be an array of strings")
		return nil
	}
	for _, v := range values {
		text, ok := v.(string)
		if !ok || slices.Contains(list, text) {
			k.Fail("must be an array of strings, each once")
			return list
		}
		list = append(list, text)
	}
	return list
}
