package openapi

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// bundle gathers every schema of a document as it holds for requests, or for answers, in
// one JSON Schema of draft 2020-12 that the compiler reads once. References are resolved here,
// so that each problem has its place and no file or address is left to open.
type bundle struct {
	l     *spec.Loader
	way   way
	open  bool // members that nobody has described pass
	old   bool // OpenAPI 3.0, whose schemas are a dialect of their own
	keys  map[string]string
	defs  map[string]any
	at    []spec.Cursor // of each definition
	queue []entry
	wants []want
	shown map[string]struct{}      // the names of members in the document
	ids   map[string]struct{}      // $id
	far   []spec.Cursor            // references to an $id
	heirs map[string][]spec.Cursor // schemas by the schema that is in their allOf

	// For the suite of JSON Schema, what a document never has: schemas at an address, and
	// formats that are not asserted.
	extra    func(*jsonschema.Compiler)
	annotate bool
}

type entry struct {
	key  string
	at   spec.Cursor
	from string
}

type want struct {
	key string
	set func(*jsonschema.Schema, *circles)
}

// way is a direction: what marks members that never go it, and the format that stands in
// their place.
type way struct{ mark, format string }

var (
	inRequests = way{"readOnly", formatReadOnly}
	inAnswers  = way{"writeOnly", formatWriteOnly}
)

const bundleURL = "mem:///schemas"

func newBundle(l *spec.Loader, w way) *bundle {
	return &bundle{l: l, way: w, old: l.Version == "3.0", keys: map[string]string{}, defs: map[string]any{}, shown: map[string]struct{}{}, ids: map[string]struct{}{}}
}

// add gives the schema at c a place in the bundle and returns the reference to it. from
// lists the schemas whose discriminator has chosen this one: they are not asked again
// where it builds on them.
func (b *bundle) add(c spec.Cursor, from string) string {
	id := c.ID() + from
	key, ok := b.keys[id]
	if !ok {
		key = strconv.Itoa(len(b.at))
		b.keys[id] = key
		b.at = append(b.at, c)
		b.queue = append(b.queue, entry{key, c, from})
	}
	return "#/$defs/" + key
}

// want has set called with the compiled schema.
func (b *bundle) want(c spec.Cursor, set func(*jsonschema.Schema, *circles)) {
	b.wants = append(b.wants, want{b.add(c, ""), set})
}

// compile rewrites what was added, and what that needs, and compiles it.
func (b *bundle) compile() {
	for i := 0; i < len(b.queue); i++ {
		e := b.queue[i]
		b.defs[e.key] = b.schema(e.at, e.from, false)
	}
	for _, ref := range b.far {
		b.checkFar(ref)
	}
	if b.l.Failed() {
		b.check()
		return
	}
	c := newCompiler(!b.annotate)
	if b.extra != nil {
		b.extra(c)
	}
	if err := c.AddResource(bundleURL, map[string]any{"$defs": b.defs}); err != nil {
		b.refused(err)
		return
	}
	known := &circles{map[string][]*jsonschema.Schema{}, map[*jsonschema.Schema]bool{}, b.open}
	for _, w := range b.wants {
		s, err := c.Compile(bundleURL + w.key)
		if err != nil {
			b.refused(err)
			return
		}
		w.set(s, known)
	}
}

// check has the schemas read for their own form, though nothing will be made of them.
func (b *bundle) check() {
	c := newCompiler(!b.annotate)
	if c.AddResource(bundleURL, map[string]any{"$defs": b.defs}) == nil {
		if _, err := c.Compile(bundleURL + "#"); err != nil {
			b.refused(err)
		}
	}
}

// refused notes what the compiler says, each failure at the place it comes from.
func (b *bundle) refused(err error) {
	invalid, ok := err.(*jsonschema.SchemaValidationError)
	if !ok {
		b.at[0].Root().Fail("a schema cannot be compiled: " + err.Error())
		return
	}
	f := failures{most: spec.MaxProblems, all: true}
	f.addSchema(invalid.Err, nil)
	for _, field := range f.fields {
		b.origin(field.Pointer).Fail("the schema is not valid: " + field.Detail)
	}
}

// origin is where a pointer into the bundle comes from.
func (b *bundle) origin(pointer string) spec.Cursor {
	rest, _ := strings.CutPrefix(pointer, "/$defs/")
	key, rest, more := strings.Cut(rest, "/")
	i, err := strconv.Atoi(key)
	if err != nil || i >= len(b.at) {
		return b.at[0].Root().Below(pointer)
	}
	if more {
		rest = "/" + rest
	}
	return b.at[i].Below(rest)
}

// checkFar wants an absolute reference to name a schema that is here.
func (b *bundle) checkFar(ref spec.Cursor) {
	address, _, _ := strings.Cut(ref.Value.(string), "#")
	_, here := b.ids[address]
	if !here && b.extra == nil && !strings.HasPrefix(address, "https://json-schema.org/draft/") {
		ref.Failf("%q is no $id of this document; nothing is fetched", address)
	}
}

func isAbsolute(ref string) bool {
	u, err := url.Parse(ref)
	return err == nil && u.Scheme != ""
}

// newCompiler asserts formats where asked, reads patterns as RE2 and loads nothing.
func newCompiler(asserted bool) *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(jsonschema.SchemeURLLoader{})
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) { return re2(s) })
	if !asserted {
		return c
	}
	c.AssertFormat()
	for _, f := range formats {
		c.RegisterFormat(&jsonschema.Format{Name: f.name, Validate: f.validate})
	}
	return c
}
