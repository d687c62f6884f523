package schema

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/pattern"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

const (
	// pairsVariable raises how many pairs of a schema and a value are made.
	pairsVariable = "SALLYPORT_TEST_PAIRS"
	// seedVariable repeats what a run has logged as its seed.
	seedVariable = "SALLYPORT_TEST_SEED"

	perSchema = 30
)

func setting(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// judge is another reader of JSON Schema.
type judge struct{ *jsonschema.Schema }

// matcher is a pattern as this package reads it: what the two readers make of patterns is
// compared by the test suite, not here.
type matcher struct{ *pattern.Pattern }

func newMatcher(source string) (matcher, error) {
	p, err := pattern.Compile(source)
	return matcher{p}, err
}

func (m matcher) MatchString(text string) bool {
	left := 1 << 20
	return new(pattern.Machine).Match(m.Pattern, text, &left)
}

func engine(source string) (jsonschema.Regexp, error) { return newMatcher(source) }

// otherJudge compiles a schema with santhosh-tekuri/jsonschema.
func otherJudge(source []byte) (*judge, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseRegexpEngine(engine)
	if err := c.AddResource("memory:schema.json", doc); err != nil {
		return nil, err
	}
	s, err := c.Compile("memory:schema.json")
	return &judge{s}, err
}

func (j *judge) read(text []byte) (any, error) {
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}

func (j *judge) fits(text []byte) (bool, error) {
	v, err := j.read(text)
	if err != nil {
		return false, err
	}
	return j.Validate(v) == nil, nil
}

// ours compiles a schema that speaks of no direction, and lets members pass that it does not
// describe: JSON Schema alone.
func ours(source []byte) (*Schema, error) {
	return compileFor(source, Direction{}, Options{Open: true, Lenient: true})
}

func compileFor(source []byte, d Direction, o Options) (*Schema, error) {
	const file = "schema.json"
	l := spec.NewLoader(func(name string) ([]byte, error) {
		if name != file {
			return nil, fs.ErrNotExist
		}
		return source, nil
	})
	l.Version = "3.1"
	root, err := l.Open(file)
	if err != nil {
		return nil, err
	}
	c := NewCompiler(l, d, o)
	s := c.Add(root)
	c.Finish()
	if l.Failed() {
		return nil, fmt.Errorf("%v", l.Problems())
	}
	return s, nil
}

// verdicts are what both say about a value for a schema.
func verdicts(schema, value []byte) (us, them bool, err error) {
	s, err := ours(schema)
	if err != nil {
		return false, false, err
	}
	j, err := otherJudge(schema)
	if err != nil {
		return false, false, err
	}
	v, over, p := Parse(value, wide)
	if over != nil || p != nil {
		return false, false, fmt.Errorf("%v %v", over, p)
	}
	us, _ = s.Fits(v)
	them, err = j.fits(value)
	return us, them, err
}

// TestOracle compares the verdicts with those of another reader, for schemas and values that
// are made by chance.
func TestOracle(t *testing.T) {
	pairs, first := setting(t, pairsVariable, 100_000), setting(t, seedVariable, rand.Uint64())
	t.Logf("%s=%d", seedVariable, first)
	var c tally
	for seed := first; c.pairs < pairs && c.failed < 5; seed++ {
		c.oneSchema(t, seed)
	}
	t.Logf("%d pairs of %d schemas, %.1f %% fit, %d differ for a known reason", c.pairs, c.schemas,
		100*float64(c.fit)/float64(c.pairs), c.known)
	if share := float64(c.fit) / float64(c.pairs); c.pairs > 10_000 && (share < 0.2 || share > 0.8) {
		t.Errorf("one of the verdicts is rare: %.2f of the values fit", share)
	}
}

// tally is what a run of the oracle has seen.
type tally struct {
	pairs, schemas, fit, known uint64
	failed                     int
}

// oneSchema compares the verdicts about some values for one schema.
func (c *tally) oneSchema(t *testing.T, seed uint64) {
	t.Helper()
	g := newGenerator(seed)
	doc := g.document()
	source := g.text(doc)
	s, err := ours(source)
	j, otherErr := otherJudge(source)
	if err != nil || otherErr != nil {
		c.failed++
		t.Errorf("seed %d: %s: ours: %v, the other's: %v", seed, source, err, otherErr)
		return
	}

	c.schemas++
	for range perSchema {
		value := g.sample(doc)
		text := g.text(value)
		us, _ := s.Fits(parse(t, text))
		them, err := j.fits(text)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		c.pairs++
		if us {
			c.fit++
		}
		if us != them && isKnown(g, source, value, us) {
			c.known++
			continue
		}
		if us != them {
			c.failed++
			small, of := shrink(doc, value)
			t.Errorf("seed %d: fits %t, and %t by the other\nschema %s\nvalue %s", seed, us, them, small, of)
			return
		}
	}
}

// isKnown reports whether a difference is the one that chance comes upon, see disagreements:
// the scope of a $dynamicRef below propertyNames. The plain reading decides who is right.
func isKnown(g *generator, source []byte, value any, us bool) bool {
	if !bytes.Contains(source, []byte(`"propertyNames"`)) || !bytes.Contains(source, []byte(`"$dynamicRef"`)) {
		return false
	}
	r := newReading(g)
	r.steps = 100_000
	held, _ := r.asks(g.root, "", value)
	return held == us && r.steps > 0
}

// sample makes a value for a schema: near it, near it but for one place, or any.
func (g *generator) sample(doc any) any {
	g.left = maxValues
	value := g.near(doc, 4)
	switch g.IntN(10) {
	case 0:
		return g.any(3)
	case 1, 2, 3:
		return g.mutate(value)
	case 4:
		return g.mutate(g.mutate(value))
	}
	return value
}

// disagreements are values about which the two readers do not agree, and why that is to stay.
// Two of them are about schemas, the others about formats, which the generator leaves out.
var disagreements = []struct {
	schema, value string
	us            bool
	why           string
}{
	{`{"anyOf": [{"$ref": "#"}, {"type": "null"}]}`, `null`, false,
		"a schema that asks itself about the same value has no meaning (core §9.4.1): ours refuses every value " +
			"as too complex, theirs fails the choice alone"},
	{`{"$id": "https://a.example/r", "$dynamicAnchor": "n", "properties": {"a": {"$ref": "s"}}, "$defs": {` +
		`"s": {"$id": "s", "propertyNames": {"$dynamicRef": "t#n"}}, "t": {"$id": "t", "$dynamicAnchor": "n",
			"maxLength": 1}}}`, `{"a": {"bb": 1}}`, true,
		"theirs is wrong: below propertyNames it forgets the scope of a $dynamicRef (core §8.2.3.2), " +
			"of which the outermost is the root"},
	{`{"format": "uri"}`, `"urn:a:b c"`, false, "RFC 3986 has no space: theirs is what net/url reads"},
	{`{"format": "uri-reference"}`, `"\u2028"`, false, "RFC 3986 is ASCII alone"},
	{`{"format": "hostname"}`, `"127.1"`, false,
		"the last label begins with a letter (RFC 1123 §2.1): some parsers read this as an address"},
	{`{"format": "email"}`, `"a@[127.0.0.1]"`, false, "an address of a mailbox in use has a domain name"},
	{`{"format": "email"}`, `"\"a b\"@c.example"`, false, "no quoted local parts: two spellings of one address"},
	{`{"format": "date-time"}`, `"2026-01-31T09:30:00"`, true,
		"RFC 3339 §5.6 asks for an offset, which clients of servers with local times leave out"},
	{`{"format": "time"}`, `"23:59:60Z"`, false, "a leap second has no time in most programs"},
	{`{"format": "byte"}`, `"!"`, false, "a format of OpenAPI, which theirs does not know"},
	{`{"format": "int32"}`, `3000000000`, false, "a format of OpenAPI, which theirs does not know"},
}

// TestOracle_differences holds what is listed: a difference that has gone leaves the list.
func TestOracle_differences(t *testing.T) {
	for _, d := range disagreements {
		us, them, err := verdicts([]byte(d.schema), []byte(d.value))
		if err != nil || us != d.us || them == d.us {
			t.Errorf("%s, %s: fits %t and by the other %t, %v; listed as %t: %s", d.schema, d.value, us, them, err,
				d.us, d.why)
		}
	}
}
