package openapi_test

import (
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// growth is the most that one refusal may allocate in all, whatever is sent.
const growth = 32 << 20

func members(n int) string {
	var b strings.Builder
	b.WriteString(`{"anything":{"":0`)
	for i := range n {
		b.WriteString(`,"k` + strconv.Itoa(i) + `":0`)
	}
	return b.String() + "}}"
}

// hostile are bodies and queries that want to cost more than they say.
var hostile = []requestCase{
	{"10 MB of text", "POST /v1/items", jsonType, `"` + strings.Repeat("a", 10<<20) + `"`, "body_too_large"},
	{"depth 100k", "POST /v1/items", jsonType, strings.Repeat("[", 100_000), "too_deep"},
	{"depth 100k of objects", "POST /v1/items", jsonType, strings.Repeat(`{"a":`, 100_000), "too_deep"},
	{"a million members", "POST /v1/items", jsonType, members(1_000_000), "body_too_large"},
	{"as many members as fit", "POST /v1/items", jsonType, members(60_000), "/anything too_many"},
	{"a million items", "POST /v1/items", jsonType, `{"tags":[` + strings.TrimSuffix(strings.Repeat("7,", 500_000), ",") + `]}`, "/tags too_many"},
	{"names that look alike", "POST /v1/items", jsonType, `{"name":"ada","price":1,` + alike(20_000) + `}`, " too_many"},
	{"1e400", "POST /v1/items", jsonType, `{"count":1e400}`, "/count too_large"},
	{"1e1000000000", "POST /v1/items", jsonType, `{"count":1e1000000000}`, "/count too_large"},
	{"a million digits", "POST /v1/items", jsonType, `{"count":` + strings.Repeat("1", 1_000_000) + `}`, "/count too_large"},
	{"failures without end", "POST /v1/items", jsonType, `{"name":"ada","price":1,"tags":[` + strings.TrimSuffix(strings.Repeat(`7,`, 1000), ",") + `]}`, manyTags()},
	{"every value wrong", "POST /v1/items", jsonType, `{"parts":[` + strings.TrimSuffix(strings.Repeat(`{"name":1,"price":"","tags":[1,2,3,4]},`, 999), ",") + `]}`, manyParts()},
	{"choices in choices", "POST /v1/expressions", jsonType, nested(`{"any":[`, `]}`, 30), ""},
	{"choices in choices, none right", "POST /v1/expressions", jsonType, nested(`{"all":[`, `]}`, 30), ""},
	{"choices told apart by a word", "POST /v1/expressions", jsonType, nested(`{"op":"nor","not":[`, `]}`, 30), ""},
	{"choices that nothing tells apart", "POST /v1/expressions", "Content-Type: application/vnd.blind+json", nested(`[`, `]`, 60), " too_complex"},
	{"closed choices in choices, with more in each", "POST /v1/closed", jsonType, nested(`{"h":1,"next":[`, `]}`, 30), nestedUnknown()},
	{"bait for an expression", "GET /v1/items", "X-Trace: " + strings.Repeat("a", 50_000) + "!", "", "header:X-Trace pattern"},
	{"many pairs", "GET /v1/query?" + strings.Repeat("list=1&", 100_000), "", "", "too_many_pairs"},
	{"many commas", "GET /v1/query?spaced=" + strings.Repeat("1%20", 40_000), "", "", "query:spaced too_many"},
	{"many parts", "POST /v1/form", "Content-Type: multipart/form-data; boundary=b", strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"pictures\"\r\nContent-Type: image/png\r\n\r\n\r\n", 10_000), "too_many_parts"},
	{"many fields of a part", "POST /v1/form", "Content-Type: multipart/form-data; boundary=b", "--b\r\n" + strings.Repeat("A: b\r\n", 150_000) + "\r\n--b--\r\n", "malformed_multipart"},
	{"pairs of a form", "POST /v1/form", "Content-Type: application/x-www-form-urlencoded", strings.Repeat("a=1&", 250_000), "too_many_pairs"},
}

// alike are n members whose names differ in their case alone.
func alike(n int) string {
	names := make([]string, n)
	for i := range names {
		bits := i
		names[i] = `"` + strings.Map(func(r rune) rune {
			bits /= 2
			return r - rune(bits%2)*('a'-'A')
		}, strings.Repeat("a", 16)) + strconv.Itoa(i) + `":0`
	}
	return strings.Join(names, ",")
}

func manyTags() string {
	want := "/tags not_unique"
	for i := range 31 {
		want += "\n/tags/" + strconv.Itoa(i) + " wrong_type"
	}
	return want
}

// nested puts one into the other n times.
func nested(start, end string, n int) string {
	return strings.Repeat(start, n) + "1" + strings.Repeat(end, n)
}

// nestedUnknown are the members of each level that no schema describes, and what is no object.
func nestedUnknown() string {
	want, at := "", ""
	for range 30 {
		want += at + "/h unknown_member\n"
		at += "/next/0"
	}
	return want + at + " wrong_type"
}

// manyParts are the first of some seven thousand failures.
func manyParts() string {
	want := "/name required"
	for i := 0; ; i++ {
		at := "/parts/" + strconv.Itoa(i)
		for _, one := range []string{"/name wrong_type", "/price wrong_type", "/tags/0 wrong_type", "/tags/1 wrong_type", "/tags/2 wrong_type", "/tags/3 wrong_type"} {
			if strings.Count(want, "\n") == validate.MaxErrors-2 {
				return want + "\n/price required"
			}
			want += "\n" + at + one
		}
	}
}

// hostileItem has a field for everything that the hostile bodies have.
type hostileItem struct {
	Anything map[string]int `json:"anything,omitempty"`
	Count    int            `json:"count,omitempty"`
	Name     string         `json:"name,omitempty"`
	Price    float64        `json:"price,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	Parts    []struct {
		Name  string   `json:"name"`
		Price float64  `json:"price"`
		Tags  []string `json:"tags"`
	} `json:"parts,omitempty"`
}

// TestHostile holds each refusal, by the document and by a Go type, to its memory. What it
// logs is the table of the docs.
func TestHostile(t *testing.T) {
	d, read := shop(t, openapi.Config{}), validate.Must[hostileItem](validate.Config{})
	for _, c := range hostile {
		for _, announced := range []bool{true, false} {
			t.Run(c.name, func(t *testing.T) {
				request := func() *http.Request {
					r := c.request()
					if !announced && c.body != "" {
						r.ContentLength = -1
					}
					return r
				}
				err := costs(t, "document", func() error { return decide(d, request()) })
				if got := verdict(t, err); got != c.want {
					t.Errorf("got %.200s\nwant %s", got, c.want)
				}
				if c.header != jsonType || c.want == "" {
					return
				}
				if err := costs(t, "Go type", func() error { _, err := read.Body(request()); return err }); err == nil {
					t.Error("into a Go type it is accepted")
				}
			})
		}
	}
}

// costs fails where a decision allocates too much, and logs what it takes.
func costs(t *testing.T, what string, decide func() error) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := decide()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	n := after.TotalAlloc - before.TotalAlloc
	if n > growth {
		t.Errorf("%s: allocates %d KiB", what, n>>10)
	}
	t.Logf("| %s | %s | %.2f ms | %d KiB |", t.Name(), what, float64(took.Microseconds())/1000, n>>10)
	return err
}

// endless is a body that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestEndlessBody(t *testing.T) {
	d := shop(t, openapi.Config{})
	for _, kind := range []string{"application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"} {
		e := &endless{}
		path := "/v1/form"
		if kind == "application/json" {
			path = "/v1/items"
		}
		r := requestCase{line: "POST " + path, header: "Content-Type: " + kind}.request()
		r.Body, r.ContentLength = io.NopCloser(e), -1
		if got := verdict(t, decide(d, r)); got != "body_too_large" || e.read > 4<<20 {
			t.Errorf("%s: %s after %d bytes", kind, got, e.read)
		}
	}
}

// Bytes without a shape are not held, and end with an error for who reads on.
func TestStream(t *testing.T) {
	d := shop(t, openapi.Config{})
	e := &endless{}
	r := requestCase{line: "POST /v1/form", header: "Content-Type: application/octet-stream"}.request()
	r.Body, r.ContentLength = io.NopCloser(e), -1
	if err := decide(d, r); err != nil || e.read != 0 {
		t.Fatal(err, e.read)
	}
	_, err := io.Copy(io.Discard, r.Body)
	if _, ok := err.(*http.MaxBytesError); !ok {
		t.Errorf("got %v", err)
	}
	r.ContentLength = 2 << 20
	if got := verdict(t, decide(d, r)); got != "body_too_large" {
		t.Errorf("announced: %s", got)
	}
}

// TestDynamic: what $dynamicRef stands for depends on the way there, and is counted as the
// most that it may be.
func TestDynamic(t *testing.T) {
	d := parse(t, with("3.1.0", `paths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Strict'}}}}}}}
components:
  schemas:
    Node: {$id: 'https://a.example/node', $dynamicAnchor: node, anyOf: [{type: array, items: {$dynamicRef: '#node'}}, {type: array, maxItems: 9, items: {$dynamicRef: '#node'}}, {type: integer}]}
    Strict: {$id: 'https://a.example/strict', $dynamicAnchor: node, anyOf: [{$ref: 'https://a.example/node'}, {allOf: [{$ref: 'https://a.example/node'}]}, {not: {not: {$ref: 'https://a.example/node'}}}]}`), openapi.Config{})
	for depth, want := range map[int]string{2: " no_match", 8: " too_complex", 60: " too_complex"} {
		r := requestCase{line: "POST /a", header: jsonType, body: strings.Repeat("[", depth) + `""` + strings.Repeat("]", depth)}.request()
		if got := verdict(t, costs(t, "document", func() error { return decide(d, r) })); got != want {
			t.Errorf("%d deep: %s, want %s", depth, got, want)
		}
	}
}
