package account_test

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

type object = map[string]any

// documents are the OpenAPI documents that were served, by the accounts that serve them.
var documents sync.Map

func documentOf(t testing.TB, a *account.Accounts) object {
	t.Helper()
	if doc, ok := documents.Load(a); ok {
		return doc.(object)
	}
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest("GET", "/auth/openapi.json", nil))
	if _, there := a.Endpoint("/auth/openapi.json"); !there {
		return nil
	}
	var doc object
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil || rec.Code != 200 {
		t.Fatal(rec.Code, err)
	}
	documents.Store(a, doc)
	t.Cleanup(func() { documents.Delete(a) })
	return doc
}

// operationOf finds what the document says of a request.
func operationOf(doc object, method, path string) (object, bool) {
	paths := doc["paths"].(object)
	item, ok := paths[path]
	if !ok {
		i := strings.LastIndexByte(path, '/')
		item, ok = paths[path[:i]+"/{id}"]
	}
	if !ok {
		return nil, false
	}
	op, ok := item.(object)[strings.ToLower(method)].(object)
	return op, ok
}

// checkAnswer holds a real answer to the document: every test that sends a request is a
// test of the document.
func checkAnswer(t testing.TB, a *account.Accounts, r *http.Request, rec *httptest.ResponseRecorder) {
	t.Helper()
	doc := documentOf(t, a)
	if doc == nil { // switched off
		return
	}
	op, ok := operationOf(doc, r.Method, r.URL.Path)
	if !ok {
		if rec.Code != http.StatusNotFound && rec.Code != http.StatusMethodNotAllowed && r.Method != http.MethodHead {
			t.Errorf("%s %s: %d, and the document knows no such thing", r.Method, r.URL.Path, rec.Code)
		}
		return
	}
	responses := op["responses"].(object)
	said, ok := responses[strconv.Itoa(rec.Code)].(object)
	if !ok {
		if rec.Code < 400 && rec.Code != http.StatusNotModified {
			t.Errorf("%s %s: %d is not documented", r.Method, r.URL.Path, rec.Code)
			return
		}
		said = responses["default"].(object)
	}
	content, _ := said["content"].(object)
	if len(content) == 0 || rec.Body.Len() == 0 {
		if _, has := content["application/json"]; has {
			t.Errorf("%s %s: no body", r.Method, r.URL.Path)
		}
		return
	}
	media, _, err := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	if err != nil || content[media] == nil {
		t.Errorf("%s %s: %d with %s is not documented", r.Method, r.URL.Path, rec.Code, media)
		return
	}
	var body any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Error(err)
		return
	}
	schema := content[media].(object)["schema"].(object)
	if wrong := against(doc, schema, body, ""); wrong != "" {
		t.Errorf("%s %s: %d: %s: %s", r.Method, r.URL.Path, rec.Code, wrong, rec.Body)
	}
}

// against says where a value does not fit a schema, of the few words that the document
// uses; any other word is an error, so that none is passed over.
func against(doc, schema object, v any, at string) string {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		return against(doc, doc["components"].(object)["schemas"].(object)[name].(object), v, at)
	}
	if list, ok := schema["anyOf"].([]any); ok {
		wrong := ""
		for _, one := range list {
			if wrong = against(doc, one.(object), v, at); wrong == "" {
				return ""
			}
		}
		return wrong
	}
	for word := range schema {
		if !slices.Contains([]string{"type", "properties", "required", "additionalProperties", "items", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "format", "writeOnly"}, word) {
			return at + ": the test does not know " + word
		}
	}
	switch schema["type"] {
	case "object":
		return againstObject(doc, schema, v, at)
	case "array":
		list, ok := v.([]any)
		if !ok {
			return at + " is no list"
		}
		for i, one := range list {
			if wrong := against(doc, schema["items"].(object), one, at+"/"+strconv.Itoa(i)); wrong != "" {
				return wrong
			}
		}
	case "string":
		if _, ok := v.(string); !ok {
			return at + " is no text"
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return at + " is neither true nor false"
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != float64(int64(n)) {
			return at + " is no whole number"
		}
	default:
		return at + ": the schema has no type"
	}
	return ""
}

func againstObject(doc, schema object, v any, at string) string {
	o, ok := v.(object)
	if !ok {
		return at + " is no object"
	}
	properties := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := o[name.(string)]; !ok {
			return at + "/" + name.(string) + " is missing"
		}
	}
	for name, member := range o {
		s, ok := properties[name].(object)
		if !ok {
			return at + "/" + name + " is not documented"
		}
		if wrong := against(doc, s, member, at+"/"+name); wrong != "" {
			return wrong
		}
	}
	return ""
}

// TestOpenAPI: the document says what there is, no more and no less, and the guard is
// what it says.
func TestOpenAPI(t *testing.T) {
	w := newWorld(t, nil)
	doc := documentOf(t, w.Accounts)
	if doc["openapi"] != "3.1.0" {
		t.Error(doc["openapi"])
	}
	n := 0
	for path, item := range doc["paths"].(object) {
		for method, said := range item.(object) {
			n++
			op := said.(object)
			if op["summary"] == "" {
				t.Errorf("%s %s has no summary", method, path)
			}
			e, ok := w.Endpoint(strings.Replace(path, "{id}", "x", 1))
			_, guarded := op["security"]
			if !ok || e.Guarded != guarded {
				t.Errorf("%s %s: guarded %t, the document says %t", method, path, e.Guarded, guarded)
			}
			status, _, _ := w.call(strings.ToUpper(method), strings.Replace(path, "{id}", "x", 1), "", "")
			if guarded != (status == http.StatusUnauthorized) {
				t.Errorf("%s %s without a token: %d", method, path, status)
			}
		}
	}
	if n != 32 {
		t.Errorf("%d operations", n)
	}
	if !strings.Contains(documentText(t, w.Accounts), `"maxLength":32`) && !strings.Contains(documentText(t, w.Accounts), `"maxLength":254`) {
		t.Error("the bounds of bodies are not in the document")
	}
}

// TestNoHints: there is no question to answer in place of a password, and no word of one that
// expires.
func TestNoHints(t *testing.T) {
	text := strings.ToLower(documentText(t, newWorld(t, nil).Accounts))
	for _, word := range []string{"hint", "question", "answer\"", "password_expires"} {
		if strings.Contains(text, word) {
			t.Errorf("the document knows %q", word)
		}
	}
}

func documentText(t *testing.T, a *account.Accounts) string {
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest("GET", "/auth/openapi.json", nil))
	return rec.Body.String()
}

// TestDocumentLoads has the document read by the room that holds requests to such documents.
func TestDocumentLoads(t *testing.T) {
	w := newWorld(t, nil)
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest("GET", "/auth/openapi.json", nil))
	doc, err := openapi.Parse(rec.Body.Bytes(), openapi.Config{Bases: []string{""}})
	if err != nil {
		t.Fatal(err)
	}
	op, _, err := doc.Match("POST", "", "/auth/login")
	if err != nil {
		t.Fatal(err)
	}
	if err := op.CheckBody("application/json", []byte(`{"username":"ada","password":7}`)); err == nil {
		t.Error("a number is taken for a password")
	}
}
