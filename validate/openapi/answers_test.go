package openapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

const people = `openapi: 3.1.1
info: {title: People, version: '1'}
paths:
  /people:
    get:
      responses:
        '200': {description: all, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Person'}}}}}
        '206': {description: some, content: {application/octet-stream: {}}}
        4XX: {description: no, content: {application/problem+json: {schema: {type: object, properties: {title: {type: string}}}}}}
        default: {description: else, content: {text/plain: {}}}
    put: {responses: {'204': {description: done}, '200': {description: done}}}
    head: {responses: {'200': {description: there, content: {application/json: {schema: {}}}}}}
  /pets: {get: {responses: {'200': {$ref: '#/components/responses/Pet'}, 101: {description: talk}}}}
  /free: {get: {responses: {'200': {description: any, content: {application/json: {schema: {type: object}}}}, '201': {description: any, content: {application/json: {}}}, '202': {description: any, content: {'*/*': {schema: {type: object, properties: {a: {}}}}}}}}}
  /maps: {get: {responses: {'205': {description: reset, content: {application/json: {schema: {type: object, properties: {a: {}}}}}}, '202': {description: old, content: {text/json: {schema: {type: object, properties: {a: {}}}}}}, '200': {description: map, content: {application/vnd.map+json: {schema: {$ref: '#/components/schemas/Map'}}}}}}}
  /tree: {get: {responses: {'200': {description: tree, content: {application/json: {schema: {$ref: '#/components/schemas/Tree'}}}}}}}
  /closed: {get: {responses: {'200': {description: tree, content: {application/json: {schema: {$ref: '#/components/schemas/Closed'}}}}}}}
  /secrets: {get: {responses: {'201': {description: xml, content: {application/xml: {schema: {properties: {a: {}}}}, application/atom+xml: {schema: {type: string}}}}, '200': {description: some, content: {application/json: {schema: {type: object, properties: {id: {}, pw: {anyOf: [{$ref: '#/components/schemas/Secret'}, {type: 'null'}]}, token: {oneOf: [{type: 'null'}, {type: string, writeOnly: true}]}, zz: {type: object, additionalProperties: {writeOnly: true}}}, patternProperties: {'^pwd': {writeOnly: true}}}}}}}}}
  /stream: {get: {responses: {'200': {description: events, content: {text/event-stream: {schema: {type: string}}, application/jsonl: {}}}}}}
components:
  responses: {Pet: {description: one, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
  schemas:
    Person:
      type: object
      required: [id, password]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, maxLength: 5}
        password: {$ref: '#/components/schemas/Secret'}
        home: {$ref: '#/components/schemas/Address'}
    Secret: {type: string, writeOnly: true}
    Address: {allOf: [{type: object, properties: {street: {type: string}}}, {properties: {town: {type: string}}, required: [country]}]}
    Pet:
      oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]
      discriminator: {propertyName: kind, mapping: {cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}}
    Cat: {type: object, additionalProperties: false, required: [kind], properties: {kind: {type: string}, lives: {type: integer}}}
    Dog: {type: object, additionalProperties: false, required: [kind], properties: {kind: {type: string}, barks: {type: boolean}, owner: {$ref: '#/components/schemas/Person'}}}
    Map:
      type: object
      patternProperties: {'^x-': {type: object, properties: {a: {}}}}
      additionalProperties: {anyOf: [{type: 'null'}, {type: object, additionalProperties: false, properties: {b: {}}}, {type: object, additionalProperties: false, required: [c], properties: {c: {}, d: {}}}]}
    Closed: {type: object, additionalProperties: false, properties: {id: {}, next: {anyOf: [{$ref: '#/components/schemas/Closed'}, {type: array, items: {$ref: '#/components/schemas/Closed'}}]}}}
    Tree: {type: object, properties: {left: {$ref: '#/components/schemas/Tree'}, right: {anyOf: [{$ref: '#/components/schemas/Tree'}, {type: 'null'}]}}}
`

// answerCases are answers of an API: what is said of each, and what is left of it.
var answerCases = []struct {
	name, op    string
	status      int
	contentType string
	body        string
	code        string
	failures    string // "pointer code", joined by commas
	left        string // where it is not the body
}{
	{"as described", "GET /people", 200, "application/json", `[{"id":1,"name":"Ada"}]`, "", "", ""},
	{"with a charset", "GET /people", 200, "Application/JSON; charset=utf-8", ` [ ] `, "", "", ""},
	{"no type", "GET /people", 200, "", `[]`, "", "", ""},
	{"a hash in a list", "GET /people", 200, "application/json", `[{"id":1,"hash":"$2b$"}, {"id":2, "name":"B" ,"hash":"x"}]`, "undeclared_members", "/0/hash unknown_member,/1/hash unknown_member", `[{"id":1},{"id":2,"name":"B"}]`},
	{"a hash first", "GET /people", 200, "application/json", `[{"hash":"$2b$","id":1}]`, "undeclared_members", "/0/hash unknown_member", `[{"id":1}]`},
	{"the password that clients send", "GET /people", 200, "application/json", `[{"id":1,"password":"p"}]`, "undeclared_members", "/0/password write_only", `[{"id":1}]`},
	{"below allOf", "GET /people", 200, "application/json", `[{"id":1,"home":{"street":"s","town":"t","country":"c","geo":{"x":1}}}]`, "undeclared_members", "/0/home/geo unknown_member", `[{"id":1,"home":{"street":"s","town":"t","country":"c"}}]`},
	{"spelled in another way", "GET /people", 200, "application/json", `[{"id":1e0,"name":"\u0041","h\u0061sh":9007199254740993.10}]`, "undeclared_members", "/0/hash unknown_member", `[{"id":1e0,"name":"\u0041"}]`},
	{"beyond 2^53", "GET /people", 200, "application/json", `[{"id":9007199254740993,"x":[{"]":"}"}]}]`, "undeclared_members", "/0/x unknown_member", `[{"id":9007199254740993}]`},
	{"in another case", "GET /people", 200, "application/json", `[{"id":1,"Name":"a","password ":""}]`, "undeclared_members", "/0/Name unknown_member,/0/password  unknown_member", `[{"id":1}]`},
	{"a name that is no name", "GET /people", 200, "application/json", `[{"id":1,"$2b$10$abc\n":1,"__proto__":{}}]`, "undeclared_members", "/0 unknown_member,/0/__proto__ unknown_member", `[{"id":1}]`},
	{"and wrong", "GET /people", 200, "application/json", `[{"name":"Augusta","hash":1}]`, "invalid_answer", "/0/hash unknown_member,/0/id required,/0/name too_long", `[{"name":"Augusta"}]`},
	{"twice", "GET /people", 200, "application/json", `[{"id":1,"id":2}]`, "malformed_answer", " duplicate_member", ""},
	{"twice, hidden", "GET /people", 200, "application/json", `[{"id":1,"i\u0064":{"hash":1}}]`, "malformed_answer", " duplicate_member", ""},
	{"no JSON", "GET /people", 200, "application/json", `[{"id":1}`, "malformed_answer", " malformed_json", ""},
	{"two values", "GET /people", 200, "application/json", `[][{"hash":1}]`, "malformed_answer", " trailing_data", ""},
	{"too deep", "GET /people", 200, "application/json", strings.Repeat("[", 201) + strings.Repeat("]", 201), "malformed_answer", " too_deep", ""},
	{"not UTF-8", "GET /people", 200, "application/json; charset=latin1", "[\"\xe9\"]", "malformed_answer", " invalid_utf8", ""},
	{"nothing", "GET /people", 200, "application/json", "", "empty_answer", "", ""},
	{"nothing, of no type", "GET /people", 200, "", "", "empty_answer", "", ""},
	{"a page", "GET /people", 200, "text/html", `[{"hash":1}]`, "undeclared_media_type", "", ""},
	{"two types", "GET /people", 200, "application/json, text/html", `[]`, "undeclared_media_type", "", ""},
	{"a part", "GET /people", 206, "application/json", `[{"hash":1}]`, "undeclared_media_type", "", ""},
	{"a part of bytes", "GET /people", 206, "application/octet-stream", `[{"hash":1}]`, "", "", ""},
	{"a range of statuses", "GET /people", 404, "application/problem+json", `{"title":"no","stack":"at"}`, "undeclared_members", "/stack unknown_member", `{"title":"no"}`},
	{"the default", "GET /people", 500, "text/plain", "oh", "", "", ""},
	{"the default, as JSON", "GET /people", 500, "application/json", "{}", "undeclared_media_type", "", ""},
	{"not modified", "PUT /people", 304, "", "", "", "", ""},
	{"no status of HTTP", "PUT /people", 999, "", "", "undeclared_status", "", ""},
	{"a status that is not described", "PUT /people", 201, "", "", "undeclared_status", "", ""},
	{"no body", "PUT /people", 204, "", "", "", "", ""},
	{"no body, and a type", "PUT /people", 204, "application/json", "", "", "", ""},
	{"a body where none is", "PUT /people", 200, "application/json", `{"hash":1}`, "undeclared_media_type", "", ""},
	{"a cat", "GET /pets", 200, "application/json", `{"kind":"cat","lives":9}`, "", "", ""},
	{"a cat with what it has not", "GET /pets", 200, "application/json", `{"kind":"cat","lives":9,"barks":true,"chip":"7"}`, "undeclared_members", "/barks unknown_member,/chip unknown_member", `{"kind":"cat","lives":9}`},
	{"a dog's owner", "GET /pets", 200, "application/json", `{"kind":"dog","owner":{"id":1,"password":"p","hash":1}}`, "undeclared_members", "/owner/hash unknown_member,/owner/password write_only", `{"kind":"dog","owner":{"id":1}}`},
	{"neither", "GET /pets", 200, "application/json", `{"kind":"cow","milk":1}`, "invalid_answer", "/kind not_in_enum,/milk unknown_member", `{"kind":"cow"}`},
	{"neither, with members of both", "GET /pets", 200, "application/json", `{"kind":"cow","lives":9,"barks":true,"milk":1}`, "invalid_answer", "/kind not_in_enum,/milk unknown_member", `{"kind":"cow","lives":9,"barks":true}`},
	{"no kind at all", "GET /pets", 200, "application/json", `{"lives":9,"chip":"7"}`, "invalid_answer", "/chip unknown_member,/kind required", `{"lives":9}`},
	{"free", "GET /free", 200, "application/json", `{"hash":{"a":1}}`, "", "", ""},
	{"free, and no object", "GET /free", 200, "application/json", `[]`, "invalid_answer", " wrong_type", ""},
	{"no schema", "GET /free", 201, "application/json", `{"hash":`, "", "", ""},
	{"a range of types", "GET /free", 202, "application/hal+json", `{"a":1,"b":1}`, "undeclared_members", "/b unknown_member", `{"a":1}`},
	{"a range of types, not JSON", "GET /free", 202, "image/png", `PNG`, "unreadable_answer", "", ""},
	{"a range of types, no type", "GET /free", 202, "", `{"a":1,"b":1}`, "undeclared_members", "/b unknown_member", `{"a":1}`},
	{"a list where an object is described", "GET /free", 202, "application/json", `[{"hash":1}]`, "invalid_answer", " wrong_type", ""},
	{"a text where an object is described", "GET /maps", 202, "text/json", `"$2b$10$hash"`, "invalid_answer", " wrong_type", ""},
	{"an object where a list is described", "GET /people", 200, "application/json", `{"hash":1}`, "invalid_answer", " wrong_type", ""},
	{"a secret or null", "GET /secrets", 200, "application/json", `{"pw":"s","token":"t","pwd":"u","zz":{"s":"v"},"id":1}`, "undeclared_members",
		"/pw write_only,/pwd write_only,/token write_only,/zz/s write_only", `{"zz":{},"id":1}`},
	{"no secret", "GET /secrets", 200, "application/json", `{"pw":null,"token":null,"id":1}`, "", "", ""},
	{"XML with a shape", "GET /secrets", 201, "application/xml", `<a/>`, "unreadable_answer", "", ""},
	{"XML without", "GET /secrets", 201, "application/atom+xml", `<a/>`, "", "", ""},
	{"a map", "GET /maps", 200, "application/vnd.map+json", `{"k":{"b":1},"l":null,"m":{"c":1,"d":2},"x-":{"a":{"z":1}}}`, "", "", ""},
	{"another type of JSON", "GET /maps", 200, "application/json", `{}`, "undeclared_media_type", "", ""},
	{"choices that are closed", "GET /maps", 200, "application/vnd.map+json", `{"k":{"b":1,"h":1},"m":{"h":[],"c":1,"d":2},"x-1":{"a":1,"h":{}}}`, "undeclared_members", "/k/h unknown_member,/m/h unknown_member,/x-1/h unknown_member", `{"k":{"b":1},"m":{"c":1,"d":2},"x-1":{"a":1}}`},
	{"a tree", "GET /tree", 200, "application/json", `{"left":{"left":{"left":{"h":1},"right":{"right":{"h":1}}}}}`, "undeclared_members", "/left/left/left/h unknown_member,/left/left/right/right/h unknown_member", `{"left":{"left":{"left":{},"right":{"right":{}}}}}`},
	{"closed choices in choices", "GET /closed", 200, "application/json", `{"id":1,"h":1,"next":[{"h":1,"next":{"h":1,"next":{"h":1,"id":2}}}]}`, "undeclared_members", "/h unknown_member,/next/0/h unknown_member,/next/0/next/h unknown_member,/next/0/next/next/h unknown_member", `{"id":1,"next":[{"next":{"next":{"id":2}}}]}`},
	{"a stream", "GET /stream", 200, "text/event-stream", "data: {\"hash\":1}\n\n", "", "", ""},
	{"a stream of JSON", "GET /stream", 200, "application/jsonl; x=y", "{\"hash\":1}\n", "", "", ""},
}

func operations(t testing.TB, d *openapi.Document) map[string]*openapi.Operation {
	t.Helper()
	all := map[string]*openapi.Operation{}
	for _, o := range d.Operations() {
		all[o.Method+" "+o.Path] = o
	}
	return all
}

func TestCheckAnswer(t *testing.T) {
	ops := operations(t, parse(t, people, openapi.Config{Responses: openapi.ResponsesReport}))
	for _, c := range answerCases {
		t.Run(c.name, func(t *testing.T) {
			v := ops[c.op].CheckAnswer(c.status, c.contentType, []byte(c.body))
			var failures []string
			for _, f := range v.Failures {
				failures = append(failures, f.Pointer+" "+f.Code)
				if strings.Contains(f.Pointer+f.Detail+v.Reason(), "$2b$") {
					t.Errorf("a value, or a name that may be one, is shown: %v", f)
				}
			}
			if got := strings.Join(failures, ","); v.Code != c.code || got != c.failures || v.Status != c.status {
				t.Errorf("got %q %q, want %q %q", v.Code, got, c.code, c.failures)
			}
			left := c.left
			if left == "" {
				left = c.body
			}
			if string(v.Body) != left || (v.Removed > 0) != (c.left != "") {
				t.Errorf("left is %s (%d removed), want %s", v.Body, v.Removed, left)
			}
		})
	}
}

// TestAnswersOff: what is not asked for costs nothing and says nothing.
func TestAnswersOff(t *testing.T) {
	for name, o := range operations(t, parse(t, people, openapi.Config{})) {
		if v := o.CheckAnswer(999, "x/y", []byte("{")); v.Code != "" || string(v.Body) != "{" {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestAnswerDocuments are responses that cannot be meant.
func TestAnswerDocuments(t *testing.T) {
	const doc = "openapi: 3.1.0\npaths: {/a: {get: {responses: {'2X': {}, '099': {}, x-a: 1, '200': {content: 7}, '201': 7, '202': {$ref: '#/none'}, '203': {content: {application/json: {schema: {pattern: '('}}}}}}}}"
	_, err := openapi.Parse([]byte(doc), openapi.Config{Responses: openapi.ResponsesShape})
	compare(t, err, []string{
		`document:2:32 "2X" is no status`, `document:2:42 "099" is no status`, `document:2:69 must be an object`, `document:2:82 must be an object`, `document:2:100 leads to nothing`,
	})
	_, err = openapi.Parse([]byte("openapi: 3.1.0"), openapi.Config{Responses: "block", AnswerLimit: -1})
	if want := "openapi: AnswerLimit \"-1\": must be 1 to 67108864\nopenapi: Responses \"block\": must be"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestHostileAnswers bounds what an API can make of the gate.
func TestHostileAnswers(t *testing.T) {
	ops := operations(t, parse(t, people, openapi.Config{Responses: openapi.ResponsesShape}))
	deep := func(n int, open, inner, end string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	for name, c := range map[string][2]string{
		"choices in choices":        {"GET /tree", deep(190, `{"h":1,"right":`, "null", "}")},
		"a tree of leaks":           {"GET /tree", deep(100, `{"left":{"h":1,"left":null},"right":`, `{"h":[]}`, "}")},
		"closed choices in choices": {"GET /closed", deep(99, `{"h":1,"next":[`, `{"h":1}`, "]}")},
	} {
		v := ops[c[0]].CheckAnswer(200, "application/json", []byte(c[1]))
		if v.Code != openapi.AnswerComplex && (v.Code == "" || strings.Contains(string(v.Body), `"h"`)) {
			t.Errorf("%s: %s, and left is %.200s", name, v.Code, v.Body)
		}
	}
	many := fmt.Sprintf(`[%s{"id":1}]`, strings.Repeat(`{"id":1,"h":1},`, 100_000))
	if v := ops["GET /people"].CheckAnswer(200, "application/json", []byte(many)); v.Removed != 100_000 || len(v.Failures) != 32 {
		t.Errorf("%s: %d removed, %d failures", v.Code, v.Removed, len(v.Failures))
	}
}
