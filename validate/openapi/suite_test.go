package openapi

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// schemaCase is one group of the JSON Schema test suite.
type schemaCase struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

func readCases(t *testing.T, file string) (cases []schemaCase) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// alone compiles one schema the way those of a document are compiled.
func alone(schema []byte, extra func(*jsonschema.Compiler), annotate bool) (*rule, []error) {
	l := spec.NewLoader(func(string) ([]byte, error) { return schema, nil })
	l.Version = "3.1"
	root, err := l.Open("schema.json")
	if err != nil {
		return nil, l.Problems()
	}
	b := newBundle(l, inRequests)
	b.extra, b.annotate, b.open = extra, annotate, true
	r := &rule{}
	b.want(root, r.set)
	b.compile()
	return r, l.Problems()
}

// remotes are the schemas that the suite expects at an address. A document has none.
func remotes(t *testing.T, dir string) func(*jsonschema.Compiler) {
	t.Helper()
	found := map[string]any{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		root, err := spec.NewLoader(func(string) ([]byte, error) { return data, nil }).Open(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		found["http://localhost:1234/"+filepath.ToSlash(rel)] = root.Value
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *jsonschema.Compiler) {
		for url, tree := range found {
			if err := c.AddResource(url, tree); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// runCase returns how many tests there are, and those on which we differ.
func runCase(t *testing.T, file string, c schemaCase, extra func(*jsonschema.Compiler), annotate bool) (total int, differ []string) {
	t.Helper()
	cfg, _ := Config{}.normal()
	limits := wire.NewLimits(cfg.Limit, cfg.Depth, false)
	r, errs := alone(c.Schema, extra, annotate)
	for _, test := range c.Tests {
		total++
		name := file + ": " + c.Description + ": " + test.Description
		if len(errs) > 0 {
			differ = append(differ, name+": "+errs[0].Error())
			continue
		}
		f := failures{}
		v, p, ok := decode(test.Data, &cfg, &limits, &f)
		valid := p == nil && ok && r.check(v, &f)
		if valid != (len(f.fields) == 0 && p == nil) {
			t.Errorf("%s: valid %t with failures %v", name, valid, f.fields)
		}
		if valid != test.Valid {
			differ = append(differ, name)
		}
		if text, isText := v.(string); isText && r.quick != nil && r.quick.kind == "string" && r.text(text) && !valid {
			t.Errorf("%s: the quick way takes what the schema refuses", name)
		}
	}
	return total, differ
}

func TestJSONSchemaRequired(t *testing.T) {
	dir := suite.Dir(t, "JSON-Schema-Test-Suite")
	extra := remotes(t, filepath.Join(dir, "remotes"))
	files, err := filepath.Glob(filepath.Join(dir, "tests/draft2020-12/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	total, passed := 0, 0
	for _, file := range files {
		// This file alone says that formats are annotations, which a document's are not.
		annotate := filepath.Base(file) == "format.json"
		for _, c := range readCases(t, file) {
			n, differ := runCase(t, filepath.Base(file), c, extra, annotate)
			total, passed = total+n, passed+n-len(differ)
			for _, d := range differ {
				t.Error(d)
			}
		}
	}
	t.Logf("draft 2020-12, required: %d of %d tests", passed, total)
}

// differing is, by format, on how many tests of the suite we differ, and why. A number
// that changes is looked at.
var differing = map[string]struct {
	tests int
	why   string
}{
	"date-time":        {3, "no leap seconds, T and Z in upper case, as package validate has it"},
	"email":            {5, "no quoted local parts and no address literals, as package validate has it"},
	"hostname":         {24, "A-labels are not decoded; a last label that begins with a digit looks like an address to some readers"},
	"idn-hostname":     {54, "the schema compiler has only the letters, not the tables of IDNA"},
	"idn-email":        {2, "the schema compiler's reading"},
	"duration":         {2, "the schema compiler's reading"},
	"ecmascript-regex": {9, "patterns are RE2"},
	"iri":              {1, "the schema compiler's reading"},
	"uri-template":     {13, "an annotation: the schema compiler's reading refuses good ones"},
}

func TestJSONSchemaFormats(t *testing.T) {
	dir := suite.Dir(t, "JSON-Schema-Test-Suite")
	files, err := filepath.Glob(filepath.Join(dir, "tests/draft2020-12/optional/format/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		total, differ := 0, []string{}
		for _, c := range readCases(t, file) {
			n, d := runCase(t, name, c, nil, false)
			total, differ = total+n, append(differ, d...)
		}
		t.Logf("%-24s %3d of %3d  %s", name, total-len(differ), total, differing[name].why)
		if len(differ) != differing[name].tests {
			t.Errorf("%s: differs on %d tests, expected %d:\n%s", name, len(differ), differing[name].tests, strings.Join(differ, "\n"))
		}
	}
}
