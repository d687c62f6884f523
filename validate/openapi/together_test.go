package openapi_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// requiring is a schema with n required members.
func requiring(n int) string {
	var names, properties []string
	for i := range n {
		names = append(names, fmt.Sprintf("m%d", i))
		properties = append(properties, fmt.Sprintf("m%d: {type: string}", i))
	}
	return "{type: object, required: [" + strings.Join(names, ", ") + "], properties: {" + strings.Join(properties, ", ") + "}}"
}

// choosing is a choice of n objects.
func choosing(keyword string, n int) string {
	var choices []string
	for i := range n {
		choices = append(choices, fmt.Sprintf("{type: object, required: [k%[1]d], properties: {k%[1]d: {type: string}, list: {type: array, items: {type: integer}}}}", i))
	}
	return "{" + keyword + ": [" + strings.Join(choices, ", ") + "]}"
}

func manyEmpty(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("{},", n), ",") + "]" }

// expensive are schemas and bodies that cost the most, of those that were thought of.
var expensive = []struct{ name, schema, body string }{
	{"many objects without their 40 members", "{type: array, items: " + requiring(40) + "}", manyEmpty(1000)},
	{"many objects without their 200 members", "{type: array, items: " + requiring(200) + "}", manyEmpty(1000)},
	{"many objects of none of 50 choices", "{type: array, items: " + choosing("anyOf", 50) + "}", manyEmpty(1000)},
	{"many objects of none of 50 exclusive choices", "{type: array, items: " + choosing("oneOf", 50) + "}", manyEmpty(1000)},
	{"choices in choices", "{$ref: '#/components/schemas/Nest'}", nested(`{"a":[`, `]}`, 31)},
	{"as many values as there may be", "{type: array, items: {type: array, items: {type: string}}}", "[" + strings.TrimSuffix(strings.Repeat("[1,1,1,1,1,1,1,1,1],", 990), ",") + "]"},
	{"a text of 20 KB for an expression", "{type: array, items: {type: string, pattern: '^(a|b|ab)*c$'}}", `["` + strings.TrimSuffix(strings.Repeat(strings.Repeat("ab", 10_000)+`","`, 1), `","`) + `"]`},
	{"an expression that the client sends", "{type: string, format: regex}", `"` + strings.Repeat("(a{1000}", 7000) + `"`},
}

// TestHostileTogether: thirty clients with the most expensive bodies take no more memory
// than the docs say. It logs the table of the docs.
func TestHostileTogether(t *testing.T) {
	const clients, most = 30, 96 << 20
	nest := "Nest: {anyOf: [{type: integer}, {type: object, properties: {a: {type: array, items: {$ref: '#/components/schemas/Nest'}}}, required: [a]}, " +
		"{type: object, properties: {a: {type: array, items: {$ref: '#/components/schemas/Nest'}}}, required: [a, b]}]}"
	for _, c := range expensive {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, one(asJSONBody(c.schema), nest), openapi.Config{})
			runtime.GC()
			var before, now runtime.MemStats
			runtime.ReadMemStats(&before)

			var running sync.WaitGroup
			done, start := make(chan struct{}), make(chan struct{})
			for range clients {
				running.Go(func() {
					<-start
					decide(d, requestCase{line: "POST /a", header: jsonType, body: c.body}.request())
				})
			}
			go func() { running.Wait(); close(done) }()
			close(start)
			peak := uint64(0)
			for waiting := true; waiting; {
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
				select {
				case <-done:
					waiting = false
				default:
					runtime.Gosched()
				}
			}
			each := (now.TotalAlloc - before.TotalAlloc) / clients
			t.Logf("| %s | %d bytes | %d KiB each | %d MiB at most, %d at once |", c.name, len(c.body), each>>10, peak>>20, clients)
			if peak > most {
				t.Errorf("%d clients at once take %d MiB", clients, peak>>20)
			}
		})
	}
}
