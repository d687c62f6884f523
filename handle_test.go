package sallyport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
)

type note struct {
	ID      string        `json:"id" validate:"uuid"`
	Title   string        `json:"title" validate:"min=1,max=80"`
	Tags    []string      `json:"tags" validate:"optional,max=5,unique,each(min=1,max=20)"`
	Written time.Time     `json:"written"`
	Key     secret.String `json:"key,omitzero" validate:"optional"`
	Parent  *note         `json:"parent"`
}

type noteID struct {
	ID string `json:"id" validate:"uuid"`
}

const aNote = "0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f"

func notesAPI() (*sallyport.API, *http.ServeMux) {
	mux := http.NewServeMux()
	api := &sallyport.API{Mux: mux, Title: "Notes", Version: "1.0.0"}
	mux.Handle("GET /openapi.json", api)
	one := note{ID: aNote, Title: "first", Key: secret.New("k"), Parent: &note{ID: aNote, Title: "root"}}
	sallyport.Handle(api, "GET /notes/{$}", func(_ context.Context, in struct {
		Query struct {
			Limit int      `json:"limit" validate:"optional,min=1,max=50"`
			Tag   []string `json:"tag" validate:"optional,max=3,each(max=20)"`
		}
	}) ([]note, error) {
		return []note{one}[:min(1, in.Query.Limit)], nil
	})
	sallyport.Handle(api, "PUT /notes/{id}", func(_ context.Context, in struct {
		Path noteID
		Body note
	}) (note, error) {
		return in.Body, nil
	})
	sallyport.Handle(api, "DELETE /notes/{id}", func(_ context.Context, in struct{ Path noteID }) (struct{}, error) {
		if in.Path.ID != aNote {
			return struct{}{}, problem.New(404, "no_note", "There is no such note.")
		}
		return struct{}{}, nil
	})
	sallyport.Handle(api, "GET /broken", func(context.Context, struct{}) (float64, error) {
		return 0, errors.New("disk sda1 on fire")
	})
	return api, mux
}

// openAPI is the part of an OpenAPI document that the tests follow.
type openAPI struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			In, Name string
			Required bool
			Schema   json.RawMessage
		}
		RequestBody struct {
			Content map[string]struct{ Schema json.RawMessage }
		}
		Responses map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]struct{ Schema json.RawMessage }
		}
	}
}

// TestOpenAPI checks the document against the one that was looked at, and every answer
// against the document.
func TestOpenAPI(t *testing.T) {
	api, mux := notesAPI()
	text, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	const file = "testdata/openapi.json"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || pretty.String() != string(want) {
		t.Errorf("%s is not the document (UPDATE=1 writes it): %v\n%s", file, err, pretty.String())
	}
	served := httptest.NewRecorder()
	mux.ServeHTTP(served, httptest.NewRequest("GET", "/openapi.json", nil))
	if served.Code != 200 || served.Header().Get("Content-Type") != "application/json" || served.Body.String() != string(text) {
		t.Errorf("served %d, %s", served.Code, served.Body)
	}
	var doc openAPI
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range handleCases {
		t.Run(c.method+" "+c.target, func(t *testing.T) { c.check(t, mux, text, doc) })
	}
}

type handleCase struct {
	method, target, path, body string
	status                     int
	want                       string // in the answer
}

const noteBody = `{"id":"` + aNote + `","title":"x","written":"2026-01-31T09:30:00Z","parent":null,"key":"hush"}`

var handleCases = []handleCase{
	{"GET", "/notes/?limit=1&tag=a&tag=b", "/notes/", "", 200, `"title":"first"`},
	{"GET", "/notes/", "/notes/", "", 200, `[]`},
	{"GET", "/notes/?limit=0&all=1", "/notes/", "", 422, `"invalid_parameters"`},
	{"PUT", "/notes/" + aNote, "/notes/{id}", noteBody, 200, `"[redacted]"`},
	{"PUT", "/notes/7", "/notes/{id}", `{}`, 422, `"invalid_request"`},
	{"PUT", "/notes/" + aNote, "/notes/{id}", `{`, 400, `"malformed_json"`},
	{"DELETE", "/notes/" + aNote, "/notes/{id}", "", 204, ``},
	{"DELETE", "/notes/" + aNote + "?force=1", "/notes/{id}", "", 422, `"unknown_parameter"`},
	{"DELETE", "/notes/1b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f", "/notes/{id}", "", 404, `"no_note"`},
	{"GET", "/broken", "/broken", "", 500, `"status":500`},
}

func (c handleCase) check(t *testing.T, mux *http.ServeMux, text []byte, doc openAPI) {
	r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || strings.Contains(w.Body.String(), "sda1") {
		t.Fatalf("%d, %s", w.Code, w.Body)
	}
	op, ok := doc.Paths[c.path][strings.ToLower(c.method)]
	if !ok {
		t.Fatal("is not in the document")
	}
	answer, ok := op.Responses[fmt.Sprint(c.status)]
	switch {
	case !ok:
		conforms(t, text, json.RawMessage(`{"$ref":"#/components/schemas/Problem"}`), w.Body)
	case answer.Content != nil:
		conforms(t, text, answer.Content["application/json"].Schema, w.Body)
	case w.Body.Len() > 0:
		t.Errorf("an answer nobody announced: %s", w.Body)
	}
	if sent, ok := op.RequestBody.Content["application/json"]; ok && c.status == 200 {
		conforms(t, text, sent.Schema, strings.NewReader(c.body))
	}
}

// conforms checks a body against a schema of the document.
func conforms(t *testing.T, text []byte, schema json.RawMessage, body io.Reader) {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	whole["allOf"] = []any{schema}
	joined, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(joined))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.MustCompile("openapi.json").Validate(value); err != nil {
		t.Errorf("%v is not what the document says: %v", value, err)
	}
}

func answering[In, Out any](context.Context, In) (out Out, err error) { return out, nil }

func TestHandleRefuses(t *testing.T) {
	type withBody struct{ Body note }
	type omits struct {
		A []int `json:"a,omitempty"`
	}
	type maybe struct {
		Path struct {
			ID string `json:"id" validate:"optional"`
		}
	}
	for name, c := range map[string]struct {
		want string
		f    func(api *sallyport.API)
	}{
		"no method":    {"must begin with", func(api *sallyport.API) { sallyport.Handle(api, "/x", answering[struct{}, note]) }},
		"other method": {"must begin with", func(api *sallyport.API) { sallyport.Handle(api, "HEAD /x", answering[struct{}, note]) }},
		"host":         {"no host", func(api *sallyport.API) { sallyport.Handle(api, "GET a.example/x", answering[struct{}, note]) }},
		"below":        {"not all below", func(api *sallyport.API) { sallyport.Handle(api, "GET /x/", answering[struct{}, note]) }},
		"rest": {"not all below", func(api *sallyport.API) {
			sallyport.Handle(api, "GET /{id...}", answering[struct{ Path noteID }, note])
		}},
		"wildcard":       {"[id], and Path the members []", func(api *sallyport.API) { sallyport.Handle(api, "GET /{id}", answering[struct{}, note]) }},
		"member":         {"[], and Path the members [id]", func(api *sallyport.API) { sallyport.Handle(api, "GET /x", answering[struct{ Path noteID }, note]) }},
		"optional":       {"stands for something", func(api *sallyport.API) { sallyport.Handle(api, "GET /{id}", answering[maybe, note]) }},
		"body of a GET":  {"cannot have a Body", func(api *sallyport.API) { sallyport.Handle(api, "GET /x", answering[withBody, note]) }},
		"bad In":         {"must be named", func(api *sallyport.API) { sallyport.Handle(api, "GET /x", answering[note, note]) }},
		"bad Out":        {"not a type", func(api *sallyport.API) { sallyport.Handle(api, "GET /x", answering[struct{}, any]) }},
		"pointer":        {"must not be a pointer", func(api *sallyport.API) { sallyport.Handle(api, "GET /x", answering[struct{}, *note]) }},
		"omitted member": {"has to be optional", func(api *sallyport.API) { sallyport.Handle(api, "GET /x", answering[struct{}, omits]) }},
		"no mux":         {"Mux", func(api *sallyport.API) { api.Mux = nil; sallyport.Handle(api, "GET /x", answering[struct{}, note]) }},
	} {
		func() {
			defer func() {
				err, _ := recover().(error)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: recovered %v", name, err)
				}
			}()
			c.f(&sallyport.API{Mux: http.NewServeMux()})
		}()
	}
}

func ExampleHandle() {
	type request struct {
		Path struct {
			ID int `json:"id" validate:"min=1"`
		}
		Body struct {
			Title string `json:"title" validate:"min=1,max=80"`
		}
	}
	type answer struct {
		ID    int    `json:"id"`
		Title string `json:"title"`
	}
	mux := http.NewServeMux()
	api := &sallyport.API{Mux: mux, Title: "Notes", Version: "1.0.0"}
	sallyport.Handle(api, "PUT /notes/{id}", func(ctx context.Context, in request) (answer, error) {
		if in.Path.ID > 99 {
			return answer{}, problem.New(http.StatusNotFound, "no_note", "There is no such note.")
		}
		return answer{in.Path.ID, in.Body.Title}, nil
	})
	mux.Handle("GET /openapi.json", api) // the document of all routes

	for _, target := range []string{"/notes/7", "/notes/100", "/notes/x"} {
		r := httptest.NewRequest("PUT", target, strings.NewReader(`{"title": "Tea"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if p := new(validationProblem); json.Unmarshal(w.Body.Bytes(), p) == nil && p.Code != "" {
			fmt.Println(w.Code, p.Code, p.Errors)
			continue
		}
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 {"id":7,"title":"Tea"}
	// 404 no_note []
	// 422 invalid_parameters [{path id  wrong_type must be a whole number -9223372036854775808 to 9223372036854775807, without fraction or exponent}]
}

type validationProblem struct {
	Code   string
	Errors []problem.Field
}

var _ http.Handler = (*sallyport.API)(nil)

// TestHandleNil: a nil *problem.Problem returned as the error is success, and the value is sent.
func TestHandleNil(t *testing.T) {
	api, mux := notesAPI()
	sallyport.Handle(api, "GET /checked", func(context.Context, struct{}) (int, error) {
		var none *problem.Problem
		return 7, none
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/checked", nil))
	if w.Code != 200 || w.Body.String() != "7" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
