package openapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/servers"
	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// rounds is how many requests are made for each operation.
var rounds = flag.Int("rounds", 1, "how many requests are made for each operation of a real document")

// github is the document of a large API, which `make servers` gets.
const github = "../../internal/e2e/node/openapi/api.github.com.json"

// TestRealDocuments loads documents of others, matches all of their operations, makes
// requests out of them that have to be accepted, and breaks each in every way it knows.
func TestRealDocuments(t *testing.T) {
	for _, c := range []struct{ file, base string }{
		{"openapi3/testdata/oai_v3_stoplight.json", "/v3"},
		{"openapi3filter/testdata/fixtures/petstore.json", "/v2"},
	} {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(suite.Dir(t, "openapi"), c.file))
			if err != nil {
				t.Fatal(err)
			}
			hold(t, data, c.base, 30**rounds)
		})
	}
	t.Run("GitHub", func(t *testing.T) {
		data, err := os.ReadFile(github)
		if err != nil {
			servers.Check(t, servers.Missing("the document of GitHub's API is missing: run `make servers`"))
		}
		hold(t, data, "", *rounds)
	})
}

// hold is the test of one document, read a second time by another reader.
func hold(t *testing.T, data []byte, base string, rounds int) {
	t.Helper()
	d := timed(t, data)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	h := holding{T: t, d: d, base: base, m: &maker{doc: doc, rnd: rand.New(rand.NewPCG(seed, 0)), old: strings.HasPrefix(doc["openapi"].(string), "3.0")}, not: map[string]int{}}
	paths, _ := doc["paths"].(map[string]any)
	operations := 0
	for _, template := range sortedNames(paths) {
		item := h.m.follow(paths[template])
		for _, method := range sortedNames(item) {
			if op, ok := item[method].(map[string]any); ok && slices.Contains([]string{"get", "put", "post", "delete", "patch", "head", "options"}, method) {
				operations++
				for range rounds {
					h.operation(method, template, item, op)
				}
			}
		}
	}
	t.Logf("%d operations, %d requests accepted, %d mutations refused; not made: %v", operations, h.accepted, h.refused, h.not)
	if operations != len(d.Operations()) || operations == 0 {
		t.Errorf("%d operations, %d in the document", len(d.Operations()), operations)
	}
	made := 0
	for _, n := range h.not {
		made += n
	}
	if made*10 > operations*rounds {
		t.Errorf("%d of %d requests could not be made, more than a tenth: %v", made, operations*rounds, h.not)
	}
}

// timed loads a document, and says what that took.
func timed(t *testing.T, data []byte) *openapi.Document {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	d, err := openapi.Parse(data, openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d KiB of document, loaded in %v, %d KiB held", len(data)>>10, took.Round(time.Millisecond), (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	return d
}

// holding is the test of one document on its way.
type holding struct {
	*testing.T
	d                 *openapi.Document
	base              string
	m                 *maker
	accepted, refused int
	not               map[string]int // made, and why
}

func (h *holding) operation(method, template string, item, op map[string]any) {
	h.m.spots = nil
	p, err := h.m.plan(method, template, item, op)
	if err != nil {
		h.not[err.Error()]++
		return
	}
	c := p.request(h.base)
	switch err := decide(h.d, c.request()); {
	case err == nil:
		h.accepted++
	case strings.HasSuffix(verdict(h, err), " ambiguous") && !strings.Contains(verdict(h, err), "\n"):
		h.not["fits several of oneOf"]++
		return
	default:
		h.Errorf("%s %s\n%s\n%s\nis refused:\n%s", c.line, c.header, c.body, template, verdict(h, err))
		return
	}
	if o, _, err := h.d.Match(p.method, "", c.request().URL.Path); err != nil || o.Path != template && !strings.Contains(template, "{") {
		h.Errorf("%s: matched %v, %v", c.line, o, err)
	}
	for _, one := range p.mutations(h.base) {
		h.broken(one)
	}
	if _, _, err := h.d.Match("PURGE", "", c.request().URL.Path); err == nil {
		h.Errorf("PURGE %s is served", template)
	}
}

// broken wants a mutation to be refused at its place, in an answer that says nothing of
// what was sent.
func (h *holding) broken(m mutation) {
	err := decide(h.d, m.request.request())
	if err == nil {
		h.Errorf("%s:\n%s\n%s\n%s\nis accepted", m.name, m.request.line, m.request.header, m.request.body)
		return
	}
	h.refused++
	got := verdict(h, err)
	lines := strings.Split(got, "\n")
	if !slices.ContainsFunc(lines, func(line string) bool { return line == m.place || strings.HasPrefix(line, m.place+" ") }) || len(lines) > 32 {
		h.Errorf("%s:\n%s\n%s\nis refused with\n%s\nwant %s", m.name, m.request.line, m.request.body, got, m.place)
	}
	if strings.Contains(answer(err), canary) {
		h.Errorf("%s: the answer quotes the request: %s", m.request.line, answer(err))
	}
}
