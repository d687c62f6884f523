package samples

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// Canary stands where a mutation puts a text that must not come back.
const Canary = "c4n4ry-Tr0ub4dor"

// Operation is one of a document.
type Operation struct {
	Method, Template string
	item, self       map[string]any
}

// New reads a document in JSON. What is made depends on the seed alone.
func New(document []byte, seed uint64) (*Maker, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	m := &Maker{rnd: rand.New(rand.NewPCG(seed, 0)), way: "readOnly"}
	if err := d.Decode(&m.doc); err != nil {
		return nil, err
	}
	version, _ := m.doc["openapi"].(string)
	m.old = strings.HasPrefix(version, "3.0")
	return m, nil
}

// Operations lists those of the document.
func (m *Maker) Operations() (all []Operation) {
	paths, _ := m.doc["paths"].(map[string]any)
	for _, template := range sortedNames(paths) {
		item := m.follow(paths[template])
		for _, method := range sortedNames(item) {
			if self, ok := item[method].(map[string]any); ok && slices.Contains([]string{"get", "put", "post", "delete", "patch", "head", "options"}, method) {
				all = append(all, Operation{strings.ToUpper(method), template, item, self})
			}
		}
	}
	return all
}

// Request is one request. Line is its method and target, Header its fields, separated by
// newlines.
type Request struct{ Line, Header, Body string }

// HTTP is the request as a server gets it.
func (r Request) HTTP() *http.Request {
	method, target, _ := strings.Cut(r.Line, " ")
	req := httptest.NewRequest(method, target, nil)
	for line := range strings.Lines(r.Header) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		req.Header.Add(name, value)
	}
	if r.Body != "" {
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(r.Body)), int64(len(r.Body))
	}
	return req
}
