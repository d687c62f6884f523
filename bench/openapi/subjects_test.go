package openapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// subject is a parameter or a body, with requests that the specification allows and
// requests that it does not, or that this project refuses by decision.
type subject struct {
	name string
	// param is the description of a parameter called p; good and bad are paths behind /p/,
	// queries behind "?", or fields as "Name: value".
	param string
	// media and schema are of a body; good and bad are bodies.
	media, schema string
	good, bad     []string
	old           bool // OpenAPI 3.0
}

func list(items ...string) []string { return items }

const (
	jsonType  = "application/json"
	formType  = "application/x-www-form-urlencoded"
	multipart = "multipart/form-data; boundary=b"
)

func parts(list ...string) string {
	return "--b\r\n" + strings.Join(list, "\r\n--b\r\n") + "\r\n--b--\r\n"
}

func part(name, content string) string {
	return "Content-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content
}

var subjects = []subject{
	{name: "path simple", param: "{name: p, in: path, required: true, schema: {type: integer, minimum: 1}}", good: list("7", "%37"), bad: list("seven", "0", "007", "+7", "0x7", "1.5", "7/", "a%2Fb", "%FF", "9999999999999999999999x")},
	{name: "path text", param: "{name: p, in: path, required: true, schema: {type: string, maxLength: 4}}", good: list("abcd", "a%20b", "%C3%A4"), bad: list("abcde", "a%2Fb", "a%5Cb", "%2E%2E", "%FF")},
	{name: "path list", param: "{name: p, in: path, required: true, schema: {type: array, maxItems: 2, items: {type: integer}}}", good: list("1", "1,2"), bad: list("1,2,3", "1,x")},
	{name: "path object", param: "{name: p, in: path, required: true, schema: {type: object, required: [x], properties: {x: {type: integer}}}}", good: list("x,1"), bad: list("x", "x,a", "y,1", "x,1,x,2")},
	{name: "path exploded", param: "{name: p, in: path, required: true, explode: true, schema: {type: object, required: [x], properties: {x: {type: integer}}}}", good: list("x=1"), bad: list("x,1", "x=a", "y=1", "x=1,x=2")},
	{name: "path label", param: "{name: p, in: path, required: true, style: label, schema: {type: integer}}", good: list(".7"), bad: list("7", ".x", "..7")},
	{name: "path label list", param: "{name: p, in: path, required: true, style: label, explode: true, schema: {type: array, items: {type: integer}}}", good: list(".1.2"), bad: list("1.2", ".1.x")},
	{name: "path matrix", param: "{name: p, in: path, required: true, style: matrix, schema: {type: integer}}", good: list(";p=7"), bad: list("7", ";p=x", ";q=7", "p=7")},
	{name: "path matrix list", param: "{name: p, in: path, required: true, style: matrix, schema: {type: array, items: {type: integer}}}", good: list(";p=1,2"), bad: list(";p=1,x", "1,2")},
	{name: "query integer", param: "{name: p, in: query, schema: {type: integer, maximum: 100}}", good: list("?p=7", "?p=-0", "?", "?p=1e1"), bad: list("?p=101", "?p=x", "?p=007", "?p=+7", "?p=", "?p=7.5", "?p=1&p=2", "?p=1&p=1", "?p[]=1", "?p=%zz", "?p=1e400")},
	{name: "query unknown", param: "{name: p, in: query, schema: {type: integer}}", good: list("?p=1"), bad: list("?p=1&q=2", "?P=1", "?p[$ne]=1", "?__proto__=1", "?p=1;q=2")},
	{name: "query required", param: "{name: p, in: query, required: true, schema: {type: string, minLength: 1}}", good: list("?p=a", "?p=a%20b", "?p=a+b"), bad: list("?", "?p=", "?p")},
	{name: "query boolean", param: "{name: p, in: query, schema: {type: boolean}}", good: list("?p=true", "?p=false"), bad: list("?p=1", "?p=TRUE", "?p=t", "?p=yes")},
	{name: "query number", param: "{name: p, in: query, schema: {type: number, multipleOf: 0.5}}", good: list("?p=1.5", "?p=-2", "?p=5e-1"), bad: list("?p=0.7", "?p=NaN", "?p=Inf", "?p=.5", "?p=1_000", "?p=0x1p1")},
	{name: "query enum", param: "{name: p, in: query, schema: {type: string, enum: [asc, desc]}}", good: list("?p=asc"), bad: list("?p=ASC", "?p=asc ", "?p=ascdesc")},
	{name: "query pattern", param: "{name: p, in: query, schema: {type: string, pattern: '^[a-z]+$'}}", good: list("?p=abc"), bad: list("?p=a1", "?p=abc%0A", "?p=")},
	{name: "query list", param: "{name: p, in: query, schema: {type: array, uniqueItems: true, maxItems: 2, items: {type: integer}}}", good: list("?p=1&p=2", "?p=1"), bad: list("?p=1&p=1", "?p=1&p=2&p=3", "?p=1&p=x", "?p=1,2", "?p[]=1")},
	{name: "query list joined", param: "{name: p, in: query, explode: false, schema: {type: array, items: {type: string, maxLength: 2}}}", good: list("?p=a,b", "?p=a"), bad: list("?p=abc,d", "?p=a&p=b")},
	{name: "query spaces", param: "{name: p, in: query, style: spaceDelimited, explode: false, schema: {type: array, items: {type: integer}}}", good: list("?p=1%202", "?p=1"), bad: list("?p=1%20x", "?p=1&p=2")},
	{name: "query pipes", param: "{name: p, in: query, style: pipeDelimited, explode: false, schema: {type: array, items: {type: integer}}}", good: list("?p=1|2", "?p=1%7C2"), bad: list("?p=1|x", "?p=1&p=2")},
	{name: "query deepObject", param: "{name: p, in: query, style: deepObject, explode: true, schema: {type: object, required: [a], properties: {a: {type: integer}, b: {type: string}}, additionalProperties: false}}", good: list("?p[a]=1", "?p[a]=1&p[b]=x", "?p%5Ba%5D=1"), bad: list("?p[a]=x", "?p[b]=x", "?p[a]=1&p[c]=1", "?p[a]=1&p[a]=2", "?p[a][b]=1", "?p=1", "?p[a=1")},
	{name: "query object spread", param: "{name: p, in: query, schema: {type: object, required: [x], properties: {x: {type: integer}, y: {type: integer}}, additionalProperties: false}}", good: list("?x=1&y=2", "?x=1"), bad: list("?x=a", "?y=1", "?x=1&z=1", "?x=1&x=2")},
	{name: "query object flat", param: "{name: p, in: query, explode: false, schema: {type: object, properties: {x: {type: integer}}, additionalProperties: false}}", good: list("?p=x,1"), bad: list("?p=x", "?p=x,a", "?p=z,1")},
	{name: "query content", param: "{name: p, in: query, content: {application/json: {schema: {type: object, required: [x], properties: {x: {type: integer}}}}}}", good: list("?p=%7B%22x%22:1%7D"), bad: list("?p=%7B%7D", "?p=x", "?p=%7B%22x%22:1", "?p=%7B%22x%22:%22a%22%7D", "?p=%7B%22x%22:1,%22x%22:2%7D", "?p=%7B%22x%22:1%7D%7B%7D")},
	{name: "query date-time", param: "{name: p, in: query, schema: {type: string, format: date-time}}", good: list("?p=2026-01-31T09:30:00Z"), bad: list("?p=2026-02-30T09:30:00Z", "?p=2026-01-31", "?p=now")},
	{name: "query uuid", param: "{name: p, in: query, schema: {type: string, format: uuid}}", good: list("?p=0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f"), bad: list("?p=0b8e1a3c9b2f4c638f5e0a4b7c1d2e3f", "?p=1")},
	{name: "query int32", param: "{name: p, in: query, schema: {type: integer, format: int32}}", good: list("?p=2147483647"), bad: list("?p=2147483648")},
	{name: "query beyond 2^53", param: "{name: p, in: query, schema: {type: integer, maximum: 9007199254740992}}", good: list("?p=9007199254740992"), bad: list("?p=9007199254740993", "?p=99999999999999999999999999")},
	{name: "header", param: "{name: X-P, in: header, required: true, schema: {type: integer}}", good: list("X-P: 7"), bad: list("", "X-P: x", "X-P: 7\nX-P: 8", "X-P: 7, 8", "X-P:")},
	{name: "header list", param: "{name: X-P, in: header, schema: {type: array, maxItems: 2, items: {type: integer}}}", good: list("X-P: 1,2", "X-P: 1\nX-P: 2"), bad: list("X-P: 1,x", "X-P: 1\nX-P: 2\nX-P: 3")},
	{name: "cookie", param: "{name: p, in: cookie, required: true, schema: {type: integer}}", good: list("Cookie: a=b; p=7"), bad: list("Cookie: a=b", "Cookie: p=x", "Cookie: p=7; p=8")},

	{name: "JSON object", media: jsonType, schema: "{type: object, required: [name], additionalProperties: false, properties: {name: {type: string, minLength: 1, maxLength: 5}, age: {type: integer, minimum: 0}}}",
		good: list(`{"name":"ada"}`, ` {"age" : 36, "name":"ada"} `, `{"name":"ada","age":36.0}`, "{\"name\":\"\\u00e4\\u00f6\\u00fc\\u00e9\\u00df\"}"),
		bad:  list(`{}`, `[]`, `null`, `"a"`, `{"name":7}`, `{"name":null}`, `{"name":""}`, `{"name":"augusta"}`, `{"name":"ada","age":-1}`, `{"name":"ada","age":1.5}`, `{"name":"ada","age":"1"}`, `{"name":"ada","role":"admin"}`, `{"Name":"ada"}`)},
	{name: "JSON text", media: jsonType, schema: "{type: object, properties: {a: {type: integer}}, additionalProperties: false}",
		good: list(`{"a":1}`, `{}`),
		bad:  list(`{"a":1}{"a":2}`, `{"a":1} x`, `{"a":1,"a":2}`, `{"a":1,}`, `{'a':1}`, `{"a":01}`, `{"a":NaN}`, `{"a":1} // c`, "\uFEFF{\"a\":1}", "{\"b\xff\":1}", `{"a":1`, `{"a":1e400}`, ``, strings.Repeat("[", 10_000))},
	{name: "JSON open object", media: jsonType, schema: "{type: object, properties: {name: {type: string}}}", good: list(`{"name":"a"}`, `{}`), bad: list(`{"name":"a","role":"admin"}`, `{"__proto__":{}}`)},
	{name: "JSON formats", media: jsonType, schema: "{type: object, properties: {m: {type: string, format: email}, u: {type: string, format: uri}, h: {type: string, format: hostname}, v4: {type: string, format: ipv4}, v6: {type: string, format: ipv6}, d: {type: string, format: date}, b: {type: string, format: byte}}}",
		good: list(`{"m":"ada@example.com"}`, `{"u":"https://example.com/a?b"}`, `{"h":"a.example"}`, `{"v4":"192.0.2.1"}`, `{"v6":"2001:db8::1"}`, `{"d":"2026-02-28"}`, `{"b":"aGk="}`),
		bad:  list(`{"m":"ada"}`, `{"m":"a b@example.com"}`, `{"u":"/a"}`, `{"u":"https://a b"}`, `{"h":"a_b.example"}`, `{"h":"-a"}`, `{"v4":"192.0.2.256"}`, `{"v4":"192.0.2.01"}`, `{"v6":"1::2::3"}`, `{"v6":"fe80::1%eth0"}`, `{"d":"2026-02-29"}`, `{"b":"a G k ="}`)},
	{name: "JSON readOnly", media: jsonType, schema: "{type: object, required: [id, name], properties: {id: {type: integer, readOnly: true}, name: {type: string}}}", good: list(`{"name":"a"}`), bad: list(`{"id":1,"name":"a"}`, `{"id":1}`)},
	{name: "JSON numbers", media: jsonType, schema: "{type: object, properties: {a: {type: integer, maximum: 9007199254740993}, b: {type: number, multipleOf: 0.01}, c: {enum: [9007199254740993]}}}",
		good: list(`{"a":9007199254740993}`, `{"b":0.29}`, `{"b":1e-2}`, `{"c":9007199254740993}`, `{"a":1e3}`), bad: list(`{"a":9007199254740994}`, `{"b":0.295}`, `{"c":9007199254740992}`, `{"a":1e-3}`)},
	{name: "JSON oneOf", media: jsonType, schema: "{oneOf: [{type: object, required: [a], properties: {a: {type: integer}}}, {type: object, required: [b], properties: {b: {type: integer}}}]}", good: list(`{"a":1}`, `{"b":1}`), bad: list(`{}`, `{"a":1,"b":1}`, `{"a":"x"}`)},
	{name: "JSON discriminator", media: jsonType, schema: "{$ref: '#/components/schemas/Pet'}", good: list(`{"kind":"cat","lives":9}`, `{"kind":"dog","barks":true}`), bad: list(`{"kind":"cow"}`, `{"lives":9}`, `{"kind":"cat","lives":"x"}`, `{"kind":"cat","barks":true}`)},
	{name: "JSON unevaluated", media: jsonType, schema: "{allOf: [{type: object, properties: {a: {}}}], properties: {b: {}}, unevaluatedProperties: false}", good: list(`{"a":1,"b":1}`), bad: list(`{"a":1,"c":1}`)},
	{name: "JSON if", media: jsonType, schema: "{type: object, properties: {k: {type: string}, v: {}}, if: {properties: {k: {const: n}}, required: [k]}, then: {properties: {v: {type: number}}}, else: {properties: {v: {type: string}}}}", good: list(`{"k":"n","v":1}`, `{"k":"s","v":"1"}`), bad: list(`{"k":"n","v":"1"}`, `{"k":"s","v":1}`)},
	{name: "JSON arrays", media: jsonType, schema: "{type: array, prefixItems: [{type: integer}], items: {type: string}, contains: {const: x}, uniqueItems: true}", good: list(`[1,"x"]`), bad: list(`[1]`, `["x"]`, `[1,"x","x"]`, `[1,"x",2]`)},
	{name: "JSON null, 3.1", media: jsonType, schema: "{type: object, properties: {a: {type: [string, 'null']}}}", good: list(`{"a":null}`, `{"a":"x"}`), bad: list(`{"a":1}`)},
	{name: "JSON dependent", media: jsonType, schema: "{type: object, properties: {a: {}, b: {}}, dependentRequired: {a: [b]}, propertyNames: {maxLength: 1}, minProperties: 1}", good: list(`{"a":1,"b":1}`, `{"b":1}`), bad: list(`{"a":1}`, `{}`)},
	{name: "JSON nullable, 3.0", old: true, media: jsonType, schema: "{type: object, properties: {a: {type: string, nullable: true}, b: {type: integer, minimum: 1, exclusiveMinimum: true}}}", good: list(`{"a":null}`, `{"b":2}`), bad: list(`{"a":1}`, `{"b":1}`, `{"b":null}`)},
	{name: "form", media: formType, schema: "{type: object, required: [a], properties: {a: {type: integer}, l: {type: array, items: {type: string}}}, additionalProperties: false}", good: list("a=1", "a=1&l=x&l=y"), bad: list("a=x", "l=x", "a=1&z=1", "a=1&a=2", "a=%zz", "a=%FF", "")},
	{name: "multipart", media: multipart, schema: "{type: object, required: [a], properties: {a: {type: integer}, f: {type: string, format: binary}, j: {type: object, properties: {x: {type: integer}}}}, additionalProperties: false}",
		good: list(parts(part("a", "1")), parts(part("a", "1"), part("j", `{"x":1}`)), parts(part("a", "1"), part("f", "ok"))), bad: list(parts(part("a", "x")), parts(part("f", "y")), parts(part("a", "1"), part("a", "2")), parts(part("a", "1"), part("z", "1")), parts(part("a", "1"), part("j", `{"x":"y"}`)), "--b--", "x")},
	{name: "text", media: "text/plain", schema: "{type: string, maxLength: 3}", good: list("abc"), bad: list("abcd", "\xff")},
}

// document is an OpenAPI document with the subject alone.
func (s subject) document() string {
	version := "3.1.0"
	if s.old {
		version = "3.0.3"
	}
	path, operation := "/p", ""
	switch {
	case s.param == "":
		media, _, _ := strings.Cut(s.media, ";")
		operation = fmt.Sprintf("post: {requestBody: {required: true, content: {%s: {schema: %s}}}, responses: {'200': {description: fine}}}", media, s.schema)
	default:
		if strings.Contains(s.param, "in: path") {
			path = "/p/{p}"
		}
		operation = fmt.Sprintf("get: {parameters: [%s], responses: {'200': {description: fine}}}", s.param)
	}
	return fmt.Sprintf(`openapi: %s
info: {title: Subject, version: '1'}
paths: {%q: {%s}}
components:
  schemas:
    Pet: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind, mapping: {cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}}}
    Cat: {type: object, required: [kind], additionalProperties: false, properties: {kind: {type: string}, lives: {type: integer}}}
    Dog: {type: object, required: [kind], additionalProperties: false, properties: {kind: {type: string}, barks: {type: boolean}}}
`, version, path, operation)
}

// request is one of good or bad.
func (s subject) request(text string) *http.Request {
	r := httptest.NewRequest("GET", "/p", nil)
	switch {
	case s.param == "":
		r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(strings.NewReader(text)), int64(len(text))
		r.Header.Set("Content-Type", s.media)
	case strings.Contains(s.param, "in: path"):
		path, err := r.URL.Parse("/p/" + text)
		if err != nil {
			path = r.URL
			path.Path = "/p/" + text
		}
		r.URL = path
	case strings.HasPrefix(text, "?"):
		r.URL.RawQuery = text[1:]
	default:
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
			r.Header.Add(name, strings.TrimSpace(value))
		}
	}
	r.RequestURI = r.URL.RequestURI()
	return r
}
