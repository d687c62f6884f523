package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// opened says how a document lets in, or out, more than another, "" where it does not.
func (m *mutant) opened(d *Document) string {
	in, out := verdicts(d, m.version)
	for i, ok := range in {
		if ok && !m.in[i] {
			all := slices.Concat(refusedProbes, acceptedProbes, refusedSearches)
			return fmt.Sprintf("%s %q %q is accepted", all[i].line, all[i].header, all[i].body)
		}
	}
	for i, ok := range out {
		if ok && !m.out[i] {
			return fmt.Sprintf("%s: %d %s passes", answerProbes[i].line, answerProbes[i].status, answerProbes[i].body)
		}
	}
	for _, o := range d.operations {
		before := m.before(o)
		switch {
		case before == nil:
			return o.Method + " " + o.Path + " is new"
		case weaker(before, o):
			return fmt.Sprintf("%s %s asks for %v, not %v", o.Method, o.Path, o.security, before.security)
		}
	}
	return ""
}

// differs reports whether a document says anything else than the one it was made from.
func (m *mutant) differs(d *Document) bool {
	in, out := verdicts(d, m.version)
	if !slices.Equal(in, m.in) || !slices.Equal(out, m.out) || len(d.operations) != len(m.d.operations) {
		return true
	}
	return slices.ContainsFunc(d.operations, func(o *Operation) bool {
		before := m.before(o)
		return before == nil || !slices.Equal(o.Paths(), before.Paths()) ||
			fmt.Sprint(o.security, o.stated) != fmt.Sprint(before.security, before.stated)
	})
}

// before finds an operation in the document as it was.
func (m *mutant) before(o *Operation) *Operation {
	i := slices.IndexFunc(m.d.operations, func(b *Operation) bool {
		return b.ID == o.ID || b.Method == o.Method && b.Path == o.Path
	})
	if i < 0 {
		return nil
	}
	return m.d.operations[i]
}

// weaker reports whether b can be called by somebody who cannot call a.
func weaker(a, b *Operation) bool {
	if !b.stated {
		return a.stated
	}
	if len(b.security) == 0 {
		return len(a.security) > 0
	}
	return len(a.security) > 0 && slices.ContainsFunc(b.security, func(r Requirement) bool {
		return !slices.ContainsFunc(a.security, func(before Requirement) bool { return covers(r, before) })
	})
}

// covers reports whether r asks for all that before does.
func covers(r, before Requirement) bool {
	for _, s := range before {
		if !slices.ContainsFunc(r, func(own Scheme) bool {
			return own.Type == s.Type && own.HTTP == s.HTTP && own.In == s.In && own.Key == s.Key &&
				!slices.ContainsFunc(s.Scopes, func(scope string) bool { return !slices.Contains(own.Scopes, scope) })
		}) {
			return false
		}
	}
	return true
}

// mutant is a document, and what becomes of it.
type mutant struct {
	*testing.T
	version string
	tree    map[string]any
	d       *Document
	in, out []bool

	next   int // mutations until one is made
	count  map[string]*tally
	honest map[string]int // by the reason
}

// tally is what became of mutations of one way.
type tally struct{ made, refused, narrower, same, honest int }

// TestStrict mutates three documents at every key: left out, misspelt, in another case, with
// a value of another type, and with its value behind a $ref. None lets more in or out than
// before without an error.
func TestStrict(t *testing.T) {
	for _, version := range []string{"3.0", "3.1", "3.2"} {
		t.Run(version, func(t *testing.T) {
			data, err := os.ReadFile("testdata/strict/" + version + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			t.Parallel()
			m := &mutant{
				T: t, version: version, next: rand.IntN(oneOf),
				count: map[string]*tally{}, honest: map[string]int{},
			}
			if err := yaml.Load(data, &m.tree); err != nil {
				t.Fatal(err)
			}
			if m.d, err = m.load(nil); err != nil {
				t.Fatal(err)
			}
			m.original()
			m.walk(m.tree, "")
			m.report()
		})
	}
}

// original wants the document as it is to say what the probes are made for.
func (m *mutant) original() {
	m.in, m.out = verdicts(m.d, m.version)
	all := slices.Concat(refusedProbes, acceptedProbes)
	if m.version == "3.2" {
		all = slices.Concat(all, refusedSearches, acceptedSearches)
	}
	for i, ok := range m.in {
		if want := slices.Contains(acceptedProbes, all[i]) || slices.Contains(acceptedSearches, all[i]); ok != want {
			m.Fatalf("%v: accepted %t", all[i], ok)
		}
	}
	if i := slices.Index(m.out, true); i >= 0 {
		m.Fatalf("%v passes", answerProbes[i])
	}
}

// load compiles the document as it is now, with other as a second file.
func (m *mutant) load(other any) (*Document, error) {
	files := map[string]any{"openapi.json": m.tree, "other.json": other}
	return load(func(name string) ([]byte, error) {
		tree, ok := files[name]
		if !ok {
			return nil, errors.New("there is none")
		}
		return json.Marshal(tree)
	}, "openapi.json", Config{Responses: ResponsesEnforce})
}

// walk mutates every member of v and below.
func (m *mutant) walk(v any, pointer string) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			m.walk(item, fmt.Sprint(pointer, "/", i))
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			m.member(v, name, pointer+"/"+wire.Escape(name))
			m.walk(v[name], pointer+"/"+wire.Escape(name))
		}
	}
}

// member mutates one member, and puts it back.
func (m *mutant) member(in map[string]any, name, pointer string) {
	value := in[name]
	delete(in, name)
	m.try("left out", pointer, nil)
	for way, names := range map[string][]string{"misspelt": misspelt(name), "in another case": otherCases(name)} {
		for _, other := range names {
			if _, there := in[other]; !there && other != name {
				in[other] = value
				m.try(way, pointer, nil)
				delete(in, other)
			}
		}
	}
	for _, other := range otherTypes(value) {
		in[name] = other
		m.try("of another type", pointer, nil)
	}
	m.tree["x-moved"] = value
	in[name] = map[string]any{"$ref": "#/x-moved"}
	m.try("behind a $ref", pointer, nil)
	delete(m.tree, "x-moved")
	in[name] = map[string]any{"$ref": "other.json#/value"}
	m.try("behind a $ref", pointer, map[string]any{"value": value})
	in[name] = value
}

func misspelt(name string) []string {
	half := len(name) / 2
	all := []string{name[:half] + name[half:half+1] + name[half:], name + "s"}
	if len(name) > 2 {
		all = append(all, name[:half]+name[half+1:], name[:half-1]+name[half:half+1]+name[half-1:half]+name[half+1:])
	}
	return all
}

func otherCases(name string) []string {
	return []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], strings.ToLower(name)}
}

// otherTypes has a value of every type that v is not of.
func otherTypes(v any) []any {
	all := []any{nil, "yes", 7, true, []any{}, map[string]any{}, []any{v}}
	return slices.DeleteFunc(all, func(other any) bool { return fmt.Sprintf("%T", other) == fmt.Sprintf("%T", v) })
}

// try loads the document as it is now, and wants it to let no more in.
func (m *mutant) try(way, pointer string, other any) {
	if m.next--; m.next >= 0 {
		return
	}
	m.next = oneOf - 1
	c := m.count[way]
	if c == nil {
		c = &tally{}
		m.count[way] = c
	}
	c.made++
	d, err := m.load(other)
	if err != nil {
		c.refused++
		return
	}
	opened, reason := m.opened(d), honest(way, pointer)
	switch {
	case opened == "" && m.differs(d):
		if c.narrower++; way == "behind a $ref" {
			m.Errorf("%s, behind a $ref, says something else", pointer)
		}
	case opened == "":
		c.same++
	case reason != "":
		c.honest++
		m.honest[reason]++
	default:
		m.Errorf("%s, %s: %s", pointer, way, opened)
	}
}

// inSchema finds the keywords of schemas.
var inSchema = regexp.MustCompile(`/(schema|schemas/[^/]+|itemSchema)/`)

// aMember finds the members that a schema describes.
var aMember = regexp.MustCompile(`/properties/[^/]+$`)

// aSchema finds schemas.
var aSchema = regexp.MustCompile(
	`/(schema|items|additionalProperties|unevaluatedProperties)$|/(properties|patternProperties|schemas)/[^/]+$`)

// honestWays are mutations after which a document says in so many words that more may pass.
var honestWays = []struct {
	way     string
	pointer *regexp.Regexp
	reason  string
}{
	{"left out", regexp.MustCompile(`^/security$`), "no security for operations that have none of their own"},
	{"left out", regexp.MustCompile(`/security$`), "the document's security in place of an operation's"},
	{"left out", regexp.MustCompile(`/security/\d+/[^/]+$`), "one scheme fewer in a requirement"},
	{"left out", regexp.MustCompile(`/(parameters|requestBody|responses)$`), "nothing of parameters, a body or answers"},
	{"left out", regexp.MustCompile(`/servers$`), "the servers around it in place of its own"},
	{"left out", regexp.MustCompile(`/required$`), "optional"},
	{"left out", regexp.MustCompile(`/schema$`), "a body or an answer without a schema"},
	{"left out", regexp.MustCompile(`/(encoding|encoding/[^/]+|contentType|style|explode)$`), "no encoding of a member"},
	{"left out", regexp.MustCompile(`/\$ref$`), "what a $ref led to"},
	{"left out", inSchema, "a keyword or a member of a schema"},
	{"misspelt", aMember, "a member of objects by another name, and required by its old one"},
	{"in another case", aMember, "a member of objects by another name, and required by its old one"},
	{"of another type", aSchema, "a schema that is true or {}"},
}

func honest(way, pointer string) string {
	for _, h := range honestWays {
		if h.way == way && h.pointer.MatchString(pointer) {
			return h.reason
		}
	}
	return ""
}

func (m *mutant) report() {
	var b bytes.Buffer
	for _, way := range slices.Sorted(maps.Keys(m.count)) {
		c := m.count[way]
		fmt.Fprintf(&b, "\n%s: %d made, %d refused at load, %d narrower, %d the same, %d open in so many words",
			way, c.made, c.refused, c.narrower, c.same, c.honest)
	}
	for _, reason := range slices.Sorted(maps.Keys(m.honest)) {
		fmt.Fprintf(&b, "\n  in so many words: %s: %d", reason, m.honest[reason])
	}
	m.Log(b.String())
}
