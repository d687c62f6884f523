package openapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/samples"
	"github.com/sallyport-dev/sallyport/internal/suite"
)

// realDocuments are those of the third-party suite, and where their paths are served.
var realDocuments = []struct{ name, file, base string }{
	{"mail service", "openapi3/testdata/oai_v3_stoplight.json", "/v3"},
	{"petstore", "openapi3filter/testdata/fixtures/petstore.json", "/v2"},
}

// refusals are the reasons why another judge refuses what was made out of the document:
// a part of its message, and the class. Its own words are all there is to go by.
var refusals = []struct{ part, class string }{
	{"failed schema compilation", "cannot compile the schema of the body"},
	{"is not declared in specification", "does not know the members of a deepObject"},
	{"array items must be set with indexes", "has its own way to write lists in a deepObject"},
	{"is not declared in schema", "refuses members that allOf within allOf describes"},
}

// accepted are the mutations that another judge takes, with the class of each.
var accepted = map[string]string{
	"a query parameter twice":        "takes one of two for the value",
	"an unknown query parameter":     "lets query parameters pass that are not described",
	"a member twice":                 "takes what is not one JSON value",
	"JSON with more behind it":       "takes what is not one JSON value",
	"a member that is not described": "lets members pass that are not described",
	"not of the format":              "takes what is not of the format",
}

// TestRealDocuments asks all judges about requests that were made out of real documents,
// and about those that were then broken. Ours has to be right about each.
func TestRealDocuments(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "| document | judge | made, accepted | broken, refused | disagreements |\n|---|---|--:|--:|---|\n")
	for _, c := range realDocuments {
		data, err := os.ReadFile(filepath.Join(suite.Dir(t, "openapi"), c.file))
		if err != nil {
			t.Fatal(err)
		}
		data = servedAt(t, data, c.base)
		made, broken := requests(t, data, c.base)
		for _, j := range judges {
			decide, err := j.load(data)
			if err != nil {
				fmt.Fprintf(&b, "| %s | %s | | | does not load it: %.60s |\n", c.name, j.name, strings.ReplaceAll(err.Error(), "\n", " "))
				continue
			}
			classes, refusedMade, acceptedBroken := ask(t, guarded(decide), made, broken)
			if j.name == judges[0].name && len(classes) > 0 {
				t.Errorf("%s: ours: %v", c.name, classes)
			}
			fmt.Fprintf(&b, "| %s | %s | %d of %d | %d of %d | %s |\n", c.name, j.name, len(made)-refusedMade, len(made), len(broken)-acceptedBroken, len(broken), counted(classes))
		}
	}
	t.Log("\n" + b.String())
	readme, err := os.ReadFile("README.md")
	if err != nil || !strings.Contains(string(readme), b.String()) {
		t.Errorf("README.md does not have this table: %v\n%s", err, b.String())
	}
}

// requests are made from one seed, so that the table is the same each time.
func requests(t *testing.T, data []byte, base string) (made []samples.Request, broken []samples.Mutation) {
	t.Helper()
	m, err := samples.New(data, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range m.Operations() {
		for range 2 {
			if p, err := m.Plan(o); err == nil {
				made, broken = append(made, p.Request(base)), append(broken, p.Mutations(base)...)
			}
		}
	}
	return made, broken
}

// ask counts the classes of what is decided in another way than it was made for.
func ask(t *testing.T, decide judge, made []samples.Request, broken []samples.Mutation) (classes map[string]int, refusedMade, acceptedBroken int) {
	t.Helper()
	classes = map[string]int{}
	for _, r := range made {
		if err := decide(r.HTTP()); err != nil {
			refusedMade++
			classes[classOf(t, r, err)]++
		}
	}
	for _, one := range broken {
		if decide(one.Request.HTTP()) == nil {
			acceptedBroken++
			class, ok := accepted[one.Name]
			if !ok {
				t.Errorf("%s: accepted, and there is no class for it: %s %s", one.Name, one.Request.Line, one.Request.Body)
			}
			classes[class]++
		}
	}
	return classes, refusedMade, acceptedBroken
}

func classOf(t *testing.T, r samples.Request, err error) string {
	for _, one := range refusals {
		if strings.Contains(err.Error(), one.part) {
			return one.class
		}
	}
	t.Errorf("%s %s: refused, and there is no class for it: %v", r.Line, r.Body, err)
	return "?"
}

func counted(classes map[string]int) string {
	names := slices.Sorted(maps.Keys(classes))
	for i, name := range names {
		names[i] = fmt.Sprintf("%s: %d", name, classes[name])
	}
	return strings.Join(names, "; ")
}

// servedAt is a document whose only server is this machine, at a base.
func servedAt(t *testing.T, data []byte, base string) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	doc["info"] = map[string]any{"title": "Real", "version": "1"} // one of them has an empty version
	doc["servers"] = []any{map[string]any{"url": base}}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
