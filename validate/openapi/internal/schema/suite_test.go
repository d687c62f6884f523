package schema

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// group is one group of the JSON Schema test suite.
type group struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

func readGroups(t *testing.T, file string) (groups []group) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &groups); err != nil {
		t.Fatal(err)
	}
	return groups
}

// place reads a file of one value.
func place(name string, data []byte) (spec.Cursor, *spec.Loader, error) {
	l := spec.NewLoader(func(string) ([]byte, error) { return data, nil })
	l.Version = "3.1"
	root, err := l.Open(name)
	return root, l, err
}

// compile compiles one schema as the suite has them: members that nobody describes pass, and
// so do unknown keywords.
func compile(t testing.TB, data []byte, o Options) *Schema {
	t.Helper()
	root, l, err := place("schema.json", data)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	o.Open, o.Lenient = true, true
	c := NewCompiler(l, Requests, o)
	s := c.Add(root)
	c.Finish()
	for _, problem := range l.Problems() {
		t.Errorf("%s: %v", data, problem)
	}
	if l.Failed() {
		return nil
	}
	return s
}

var wide = Bounds{Text: 1 << 20, Items: 1 << 20, Values: 1 << 20, Limits: func() *wire.Limits {
	l := wire.NewLimits(1<<24, 1000, false)
	return &l
}()}

func parse(t testing.TB, data []byte) *Value {
	t.Helper()
	v, over, p := Parse(data, wide)
	if over != nil || p != nil {
		t.Fatalf("%s: %v %v", data, over, p)
	}
	return v
}

// remotes are the schemas that the suite expects at an address, with those of the draft.
func remotes(t *testing.T, dir string) map[string]spec.Cursor {
	t.Helper()
	found := map[string]spec.Cursor{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		root, _, err := place(rel, data)
		found["http://localhost:1234/"+filepath.ToSlash(rel)] = root
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// draft adds the schemas of draft 2020-12 itself, which the oracle's module has.
func draft(t *testing.T, extra map[string]spec.Cursor) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/santhosh-tekuri/jsonschema/v6").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "metaschemas/draft/2020-12")
	for _, name := range []string{
		"schema", "meta/core", "meta/applicator", "meta/unevaluated", "meta/validation", "meta/meta-data", "meta/format-annotation", "meta/content",
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		root, _, err := place(name, data)
		if err != nil {
			t.Fatal(err)
		}
		extra["https://json-schema.org/draft/2020-12/"+name] = root
	}
}

// differing are the groups of the suite that are read in another way, and why.
var differing = map[string]string{
	"vocabulary/schema that uses custom metaschema with with no validation vocabulary": "a schema of another dialect is refused in a document: its keywords are known by nobody",
}

func TestSuite(t *testing.T) {
	dir := suite.Dir(t, "JSON-Schema-Test-Suite")
	extra := remotes(t, filepath.Join(dir, "remotes"))
	draft(t, extra)
	files, err := filepath.Glob(filepath.Join(dir, "tests/draft2020-12/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	total, passed := 0, 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		for _, g := range readGroups(t, file) {
			if why := differing[name+"/"+g.Description]; why != "" {
				t.Logf("%s: %s", g.Description, why)
				total += len(g.Tests)
				continue
			}
			t.Run(name+"/"+g.Description, func(t *testing.T) {
				// Formats are annotations in this file alone, and asserted in a document.
				s := compile(t, g.Schema, Options{Extra: extra, Annotate: name == "format"})
				if s == nil {
					total += len(g.Tests)
					return
				}
				for _, c := range g.Tests {
					total++
					v := s.Judge(parse(t, c.Data))
					if v.Fits == c.Valid {
						passed++
						continue
					}
					t.Errorf("%s: %s: fits %t: %v", c.Description, c.Data, v.Fits, v.Failures)
				}
			})
		}
	}
	t.Logf("draft 2020-12, required: %d of %d tests", passed, total)
}
