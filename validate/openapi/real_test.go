package openapi_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/samples"
	"github.com/sallyport-dev/sallyport/internal/servers"
	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

var (
	rounds  = flag.Int("rounds", 1, "how many requests are made for each operation of a real document")
	seedFor = flag.Uint64("seed", 0, "what they are made from, as a run has logged it (default: another one each time)")
)

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
			hold(t, data, c.base, 5**rounds)
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
	d, seed := timed(t, data), cmp.Or(*seedFor, rand.Uint64())
	t.Logf("seed %d", seed)
	m, err := samples.New(data, seed)
	if err != nil {
		t.Fatal(err)
	}
	h, all := holding{T: t, d: d, byName: operations(t, d), base: base, m: m, not: map[string]int{}, unsaid: map[string]int{}}, m.Operations()
	for _, o := range all {
		for range rounds {
			h.operation(o)
		}
		h.answers(o)
	}
	t.Logf("%d operations, %d requests accepted, %d mutations refused; not made: %v", len(all), h.accepted, h.refused, h.not)
	if len(all) != len(d.Operations()) || len(all) == 0 {
		t.Errorf("%d operations, %d in the document", len(d.Operations()), len(all))
	}
	t.Logf("%d answers passed, %d shaped; not made: %v", h.passed, h.shaped, h.unsaid)
	made := 0
	for _, n := range h.not {
		made += n
	}
	if made*10 > len(all)*rounds {
		t.Errorf("%d of %d requests could not be made, more than a tenth: %v", made, len(all)*rounds, h.not)
	}
}

// timed loads a document, and says what that took.
func timed(t *testing.T, data []byte) *openapi.Document {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	d, err := openapi.Parse(data, openapi.Config{Responses: openapi.ResponsesShape})
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
	byName            map[string]*openapi.Operation
	base              string
	m                 *samples.Maker
	accepted, refused int
	passed, shaped    int
	not, unsaid       map[string]int // made, and why
}

func (h *holding) operation(o samples.Operation) {
	p, err := h.m.Plan(o)
	if err != nil {
		h.not[err.Error()]++
		return
	}
	c := asCase(p.Request(h.base))
	switch err := decide(h.d, c.request()); {
	case err == nil:
		h.accepted++
	case strings.HasSuffix(verdict(h, err), " ambiguous") && !strings.Contains(verdict(h, err), "\n"):
		h.not["fits several of oneOf"]++
		return
	default:
		h.Errorf("%s %s\n%s\n%s\nis refused:\n%s", c.line, c.header, c.body, o.Template, verdict(h, err))
		return
	}
	if found, _, err := h.d.Match(o.Method, "", c.request().URL.Path); err != nil || found.Path != o.Template && !strings.Contains(o.Template, "{") {
		h.Errorf("%s: matched %v, %v", c.line, found, err)
	}
	for _, one := range p.Mutations(h.base) {
		h.broken(one)
	}
	if _, _, err := h.d.Match("PURGE", "", c.request().URL.Path); err == nil {
		h.Errorf("PURGE %s is served", o.Template)
	}
}

func asCase(r samples.Request) requestCase {
	return requestCase{line: r.Line, header: r.Header, body: r.Body}
}

// broken wants a mutation to be refused at its place, in an answer that says nothing of
// what was sent.
func (h *holding) broken(m samples.Mutation) {
	c := asCase(m.Request)
	err := decide(h.d, c.request())
	if err == nil {
		h.Errorf("%s:\n%s\n%s\n%s\nis accepted", m.Name, c.line, c.header, c.body)
		return
	}
	h.refused++
	got := verdict(h, err)
	lines := strings.Split(got, "\n")
	if !slices.ContainsFunc(lines, func(line string) bool { return line == m.Place || strings.HasPrefix(line, m.Place+" ") }) || len(lines) > 32 {
		h.Errorf("%s:\n%s\n%s\nis refused with\n%s\nwant %s", m.Name, c.line, c.body, got, m.Place)
	}
	if strings.Contains(answer(err), canary) {
		h.Errorf("%s: the answer quotes the request: %s", c.line, answer(err))
	}
}

// answers wants what an API may say to pass untouched, and a member more to be cut out.
func (h *holding) answers(o samples.Operation) {
	op := h.byName[o.Method+" "+o.Template]
	for _, a := range h.m.Answers(o, h.unsaid) {
		v := op.CheckAnswer(a.Status, a.Media, []byte(a.Body))
		// Where a oneOf within is ambiguous, the choice around it fails, and what that alone describes is unknown.
		if v.Code == openapi.AnswerInvalid && slices.ContainsFunc(v.Failures, func(f problem.Field) bool { return f.Code == openapi.CodeAmbiguous }) {
			h.unsaid["fits several of oneOf"]++
			continue
		}
		if v.Code != "" || string(v.Body) != a.Body {
			h.Errorf("%s %s: %d %s\n%s\nis %s %v, and becomes\n%s", o.Method, o.Template, a.Status, a.Media, a.Body, v.Code, v.Failures, v.Body)
			continue
		}
		h.passed++
		for _, one := range a.Strays {
			v := op.CheckAnswer(a.Status, a.Media, []byte(one.Body))
			if v.Code != openapi.AnswerMembers || v.Removed != 1 || len(v.Failures) != 1 || v.Failures[0].Pointer != one.Place || !same(v.Body, a.Body) {
				h.Errorf("%s %s: %d\n%s\nis %s %v, and becomes\n%s", o.Method, o.Template, a.Status, one.Body, v.Code, v.Failures, v.Body)
				continue
			}
			h.shaped++
		}
	}
}

// same reports whether two texts are the same JSON, whatever the order of members.
func same(a []byte, b string) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
