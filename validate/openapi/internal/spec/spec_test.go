package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestTables: what a table names is there, and a member has one form.
func TestTables(t *testing.T) {
	for kind, table := range tables {
		kinds := []Kind{table.named}
		for name, m := range table.members {
			kinds = append(kinds, m.kind)
			held := m.form == formObject || m.form == formObjects || m.form == formMap
			if held != (m.kind != "") {
				t.Errorf("%s.%s has form %d and kind %q", kind, name, m.form, m.kind)
			}
		}
		for _, k := range kinds {
			if k != "" && tables[k] == nil {
				t.Errorf("%s holds a %s Object, which has no table", kind, k)
			}
		}
		if table.named != "" && len(table.members) > 0 {
			t.Errorf("%s has names of its own and of its author", kind)
		}
	}
}

func TestClosest(t *testing.T) {
	names := []string{"security", "servers", "summary", "get"}
	for name, want := range map[string]string{
		"Security": "security", "SECURITY": "security", "securty": "security", "securityy": "security",
		"secuirty": "security", "sexurity": "security", "Securty": "security",
		"ecurity": "security", "securit": "security", "server": "servers", "gte": "get", "et": "get",
		"secrty": "", "sceuirty": "", "x": "", "": "", "put": "",
	} {
		if got := Closest(name, names); got != want {
			t.Errorf("%q is close to %q, want %q", name, got, want)
		}
	}
}

// TestAnchors: an anchor is one of a schema, and not of what a schema has as a value.
func TestAnchors(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{`{"components":{"schemas":{"A":{"$anchor":"x"}}}}`, "/components/schemas/A"},
		{`{"properties":{"default":{"properties":{"$anchor":{"$anchor":"x"}}}}}`, "/properties/default/properties/$anchor"},
		{`{"allOf":[{},{"$dynamicAnchor":"x"}]}`, "/allOf/1"},
		{`{"$anchor":"x","$dynamicAnchor":"x"}`, ""},
		{`{"responses":{"default":{"content":{"example":{"schema":{"$anchor":"x"}}}}}}`, "/responses/default/content/example/schema"},
		{`{"$id":"https://a.example/","$anchor":"x"}`, ""},
		{`{"$defs":{"A":{"$id":"https://a.example/","$anchor":"x"},"B":{"$anchor":"x"}}}`, "/$defs/B"},
		{`{"a":{"$anchor":"x"},"const":{"$anchor":"x"},"enum":[{"$anchor":"x"}],"default":{"$anchor":"x"}}`, "/a"},
		{`{"a":{"$anchor":"x"},"example":{"$anchor":"x"},"examples":{"$anchor":"x"},"x-a":{"$anchor":"x"}}`, "/a"},
		{
			`{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}`,
			`openapi: d.json:1:27: #/b/$anchor: the anchor "x" stands at #/a too: a reference to it could mean either`,
		},
		{`{"const":{"$anchor":"x"}}`, `$ref "#x": there is no such $anchor in d.json`},
	} {
		l := NewLoader(func(string) ([]byte, error) { return []byte(c.doc), nil })
		root, err := l.Open("d.json")
		if err != nil {
			t.Fatal(err)
		}
		target, err := root.Follow("#x")
		got := target.Pointer()
		if err = errors.Join(append(l.Problems(), err)...); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.doc, got, c.want)
		}
	}
}

// TestOpen: a place is read once for each kind, however often it is asked for, and its
// problems are told once.
func TestOpen(t *testing.T) {
	doc := `{"get":{"$ref":"#/put","security":[]},"put":{"$ref":"#/post"},"post":{"securty":[]},` +
		`"patch":{"$ref":"#/patch"},"servers":{"$ref":"#/post"}}`
	l := NewLoader(func(string) ([]byte, error) { return []byte(doc), nil })
	l.Version = "3.1"
	root, err := l.Open("d.json")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		root.Check(PathItem)
		item, ok := root.Open(PathItem)
		if !ok {
			t.Fatal("is no path item")
		}
		if _, ok := item.Child("patch"); ok {
			t.Error("a circle is an operation")
		}
		get, ok := item.Child("get")
		if !ok || get.Place.Pointer() != "/get" || get.At.Pointer() != "/post" {
			t.Errorf("get is %v, at %s", ok, get.At.Pointer())
		}
		if left := item.Children("servers"); left != nil {
			t.Errorf("servers are %v", left)
		}
	}
	var got []string
	for _, err := range l.Problems() {
		got = append(got, strings.SplitN(err.Error(), ": ", 3)[2])
	}
	slices.Sort(got)
	want := []string{
		"#/get/security: is beside a $ref and does not count; write it at d.json#/post, or have no $ref here",
		"#/patch: its $ref leads in a circle",
		"#/post/securty: securty is not a member of the Operation Object of OpenAPI 3.1; did you mean security?",
		"#/servers: must be an array",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("problems are\n%s", strings.Join(got, "\n"))
	}
}
