package openapi_test

import (
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

const membersDocument = `openapi: 3.1.1
info: {title: Members, version: '1'}
paths:
  /user: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/User'}}}}}}
  /form: {post: {requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {a: {type: string}}}}, multipart/form-data: {schema: {type: object, properties: {a: {type: string}}}}}}}}
  /free: {post: {requestBody: {content: {application/json: {schema: {type: object, minProperties: 1}}}}}}
  /open: {post: {requestBody: {content: {application/json: {schema: {type: object, properties: {a: {}}, additionalProperties: true}}}}}}
  /some: {post: {requestBody: {content: {application/json: {schema: {type: object, properties: {a: {type: integer}}, patternProperties: {'^x-': {type: object, properties: {b: {}}}}, required: [c]}}}}}}
  /any: {post: {requestBody: {content: {application/json: {schema: {anyOf: [{type: object, required: [a], properties: {a: {type: integer}}}, {type: object, required: [b], properties: {b: {type: integer}}}]}}}}}}
  /if: {post: {requestBody: {content: {application/json: {schema: {type: object, properties: {kind: {}}, if: {properties: {kind: {const: x}}}, then: {properties: {x: {}}}, else: {properties: {y: {}}}, dependentSchemas: {kind: {properties: {k: {}}}}}}}}}}
  /left: {post: {requestBody: {content: {application/json: {schema: {allOf: [{type: object, properties: {a: {}}}], unevaluatedProperties: {type: object, properties: {z: {}}}}}}}}}
  /deep: {get: {parameters: [{name: f, in: query, style: deepObject, schema: {type: object, properties: {a: {type: integer}}}}, {name: j, in: query, content: {application/json: {schema: {type: object, properties: {a: {}}}}}}]}}
components:
  schemas:
    User: {type: object, required: [name], properties: {name: {type: string}, tags: {type: array, prefixItems: [{type: object, properties: {a: {}}}], items: {type: object, properties: {b: {}}}}, id: {type: integer, readOnly: true}}}
`

// memberCases are bodies, and what is said of them. With InsecureUnknownMembers all that
// is said of unknown members is left out.
var memberCases = []struct{ name, target, body, want string }{
	{"known", "/user", `{"name":"a","tags":[{"a":1},{"b":1}]}`, ""},
	{"a role", "/user", `{"name":"a","role":"admin"}`, "/role unknown_member"},
	{"in another case", "/user", `{"name":"a","Name":"b"}`, "/Name unknown_member"},
	{"the prototype", "/user", `{"name":"a","__proto__":{"admin":true},"constructor":1}`, "/__proto__ unknown_member\n/constructor unknown_member"},
	{"in lists", "/user", `{"name":"a","tags":[{"a":1,"b":1},{"b":{"c":1},"a":1}]}`, "/tags/0/b unknown_member\n/tags/1/a unknown_member"},
	{"what the server sets", "/user", `{"name":"a","id":1}`, "/id read_only"},
	{"a name that is no name", "/user", `{"name":"a","` + canary + `<>":1}`, " unknown_member"},
	{"more than is told", "/user", `{"name":"a",` + many(40) + `}`, strings.TrimSuffix(strings.Repeat("unknown_member\n", 32), "\n")},
	{"a form", "/form", "a=1&role=admin", "/role unknown_member"},
	{"free", "/free", `{"role":{"a":1}}`, ""},
	{"open", "/open", `{"role":{"a":1}}`, ""},
	{"by pattern", "/some", `{"a":1,"x-1":{"b":{"c":1}},"c":{"d":1}}`, ""},
	{"by pattern, and not", "/some", `{"a":1,"y-1":{},"x-1":{"c":1},"c":1}`, "/x-1/c unknown_member\n/y-1 unknown_member"},
	{"one choice", "/any", `{"a":1}`, ""},
	{"both choices", "/any", `{"a":1,"b":1}`, ""},
	{"of the other choice", "/any", `{"a":1,"b":"x"}`, "/b unknown_member"},
	{"of no choice", "/any", `{"a":1,"c":1}`, "/c unknown_member"},
	{"then", "/if", `{"kind":"x","x":1,"k":1}`, ""},
	{"not then", "/if", `{"kind":"x","y":1}`, "/y unknown_member"},
	{"else", "/if", `{"kind":"z","y":1}`, ""},
	{"dependent on what is not there", "/if", `{"k":1,"x":1}`, "/k unknown_member"},
	{"left over", "/left", `{"a":{"b":1},"c":{"z":1}}`, ""},
	{"left over, with more", "/left", `{"c":{"z":1,"y":1}}`, "/c/y unknown_member"},
	{"parameters", "/deep?f[a]=1&j=%7B%22a%22:1%7D", "", ""},
	{"parameters with more", "/deep?f[a]=1&f[b]=1&j=%7B%22a%22:1,%22c%22:1%7D", "", "query:f/b unknown_member\nquery:j/c unknown_member"},
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(",", min(i, 1)) + `"` + strings.Repeat("x", i+1) + `":1`)
	}
	return b.String()
}

func TestUnknownMembers(t *testing.T) {
	closed := parse(t, membersDocument, openapi.Config{})
	open := parse(t, membersDocument, openapi.Config{InsecureUnknownMembers: true})
	for _, c := range memberCases {
		t.Run(c.name, func(t *testing.T) {
			request := requestCase{line: "POST " + c.target, header: jsonType, body: c.body}
			switch {
			case c.body == "":
				request.line, request.header = "GET "+c.target, ""
			case !strings.HasPrefix(c.body, "{"):
				request.header = "Content-Type: application/x-www-form-urlencoded"
			}
			err := decide(closed, request.request())
			got := verdict(t, err)
			if strings.HasPrefix(c.want, "unknown") { // the places are many
				var codes []string
				for line := range strings.SplitSeq(got, "\n") {
					codes = append(codes, line[strings.LastIndexByte(line, ' ')+1:])
				}
				got = strings.Join(codes, "\n")
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if err != nil && strings.Contains(answer(err), canary) {
				t.Errorf("the answer quotes the request: %s", answer(err))
			}
			if got := verdict(t, decide(open, request.request())); strings.Contains(got, "unknown_member") || !strings.Contains(c.want, "unknown_member") && got != c.want {
				t.Errorf("with InsecureUnknownMembers: got %s", got)
			}
		})
	}
}

// TestNullable: in OpenAPI 3.0, nullable means something beside a type. Beside a choice or
// allOf it is what authors mean by it.
func TestNullable(t *testing.T) {
	d := parse(t, `openapi: 3.0.3
info: {title: T, version: v}
paths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/All'}}}}, responses: {}}}}
components:
  schemas:
    Thing: {type: object, required: [x], properties: {x: {type: integer}}}
    All:
      type: object
      properties:
        typed: {type: string, nullable: true}
        choice: {nullable: true, oneOf: [{type: string}, {$ref: '#/components/schemas/Thing'}]}
        built: {nullable: true, allOf: [{$ref: '#/components/schemas/Thing'}]}
        nested: {anyOf: [{nullable: true, allOf: [{$ref: '#/components/schemas/Thing'}]}, {type: integer}]}
        named: {nullable: true, enum: [a]}
        listed: {nullable: true, allOf: [{type: string}], enum: [a]}
        either: {nullable: true, allOf: [{type: string}], enum: [a, null]}
        plain: {allOf: [{$ref: '#/components/schemas/Thing'}]}
`, openapi.Config{})
	for body, want := range map[string]string{
		`{"typed":null,"choice":null,"built":null,"nested":null}`: "",
		`{"choice":"a","built":{"x":1},"nested":{"x":1}}`:         "",
		`{"choice":{"x":1},"nested":7}`:                           "",
		`{"choice":7}`:                                            "/choice no_match",
		`{"built":{"x":1,"y":1}}`:                                 "/built/y unknown_member",
		`{"choice":{"x":1,"y":1},"nested":{"x":1,"y":1}}`:         "/choice/y unknown_member\n/nested/y unknown_member",
		`{"built":{}}`:                                            "/built/x required",
		`{"named":null}`:                                          "/named not_in_enum",
		`{"listed":null}`:                                         "/listed not_in_enum",
		`{"listed":"a","either":null}`:                            "",
		`{"plain":null}`:                                          "/plain null_not_allowed",
	} {
		if got := verdict(t, decide(d, requestCase{line: "POST /a", header: jsonType, body: body}.request())); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", body, got, want)
		}
	}
}

// TestDiscriminatorBeside: a choice that is for no object has no name, and is one all the
// same.
func TestDiscriminatorBeside(t *testing.T) {
	d := parse(t, `openapi: 3.1.0
info: {title: T, version: v}
paths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Any'}}}}}}}
components:
  schemas:
    Any: {oneOf: [{$ref: '#/components/schemas/File'}, {$ref: '#/components/schemas/Folder'}, {type: 'null'}], discriminator: {propertyName: kind}}
    File: {type: object, required: [kind], properties: {kind: {}, size: {type: integer}}}
    Folder: {type: array, items: {$ref: '#/components/schemas/File'}}
`, openapi.Config{})
	for body, want := range map[string]string{
		`null`:                       "",
		`{"kind":"File","size":1}`:   "",
		`[{"kind":"File","size":1}]`: "",
		`[]`:                         "",
		`"File"`:                     " no_match",
		`{"kind":"File","more":1}`:   "/more unknown_member",
		`[{"kind":"File","more":1}]`: "/0/more unknown_member",
		`{"kind":"Folder"}`:          "/kind not_in_enum",
		`{"kind":"File","size":"1"}`: "/size wrong_type",
		`[{"size":1}]`:               "/0/kind required",
	} {
		if got := verdict(t, decide(d, requestCase{line: "POST /a", header: jsonType, body: body}.request())); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", body, got, want)
		}
	}
}
