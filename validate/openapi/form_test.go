package openapi_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// formCases are documents with an object that is not as OpenAPI has it. want has a line for
// every problem, as documentCases have.
var formCases = []struct {
	name, doc string
	want      []string
}{
	{"security misspelt", with("3.0.3", "security: []\npaths: {/a: {get: {securty: [{t: []}], responses: {}}}}"),
		[]string{"document:4:20 securty is not a member of the Operation Object of OpenAPI 3.0; did you mean security?"}},
	{"security in another case", with("3.1.0", "Security: []\npaths: {/a: {get: {SECURITY: [{t: []}]}}}"),
		[]string{"document:3:1 did you mean security?", "document:4:20 SECURITY is not a member of the Operation Object of OpenAPI 3.1; did you mean security?"}},
	{"security of a path item", with("3.2.0", "paths: {/a: {security: [], get: {}}}"), []string{"document:3:14 security is not a member of the Path Item Object of OpenAPI 3.2; remove it, or begin its name with x-"}},
	{"security put in too deep", with("3.1.0", "components: {securitySchemes: {t: {type: http, scheme: bearer, security: []}}, security: []}\ntags: [{name: a, security: []}]"),
		[]string{"document:3:64 security is not", "document:3:80 security is not", "document:4:18 security is not"}},
	{"info that has a rule", "openapi: 3.1.0\ninfo: {title: T, version: v, security: []}", []string{"document:2:30 security is not a member of the Info Object"}},
	{"security of another type", with("3.1.0", `security: {t: []}
components: {securitySchemes: {t: {type: http, scheme: bearer}}}
paths:
  /a: {get: {security: t}, put: {security: [t]}, post: {security: [{t: r}]}, patch: {security: [{t: [7, ""]}]}, delete: {security: }}`), []string{
		"document:3:1 must be an array", "document:6:14 must be an array", "document:6:45 must be an object", "document:6:69 must be a list of scopes", "document:6:98 a scope must be a text", "document:6:122 must be an array"}},
	{"members of Swagger 2.0", with("3.0.3", `host: a.example
definitions: {}
paths:
  /a:
    get:
      consumes: [a/b]
      parameters: [{name: a, in: query, type: string, schema: {}}]
      responses: {"200": {description: a, schema: {}}}`),
		[]string{"document:3:1 host is not", "document:4:1 definitions is not", "document:8:7 consumes is not", "document:9:41 type is not a member of the Parameter Object", "document:10:43 schema is not a member of the Response Object"}},
	{"members of later versions", with("3.0.3", "jsonSchemaDialect: a\nwebhooks: {}\ncomponents: {pathItems: {}, mediaTypes: {}}\npaths: {/a: {query: {responses: {}}, additionalOperations: {}}}"), []string{
		"document:3:1 jsonSchemaDialect is a member of the OpenAPI Object from OpenAPI 3.1 on, and this document is of 3.0", "document:4:1 webhooks is a member",
		"document:5:14 pathItems is a member", "document:5:29 mediaTypes is a member of the Components Object from OpenAPI 3.2 on", "document:6:14 query is a member", "document:6:38 additionalOperations is a member"}},
	{"methods", with("3.2.0", "paths: {/a: {additionalOperations: {GET: {}, Query: {}, LOCK: {}, A B: {}}}}"), []string{"document:3:37 write it as get", "document:3:46 write it as query", `document:3:67 "A B" is no name of a method`}},
	{"every object of another type", with("3.1.0", `servers: [a, {url: 7, variables: []}]
components: {parameters: [], headers: 7, responses: {a: []}, requestBodies: {a: b}, securitySchemes: {a: []}, callbacks: {a: 7}, schemas: {a: 7}}
tags: {}
paths:
  /a: []
  /b: {get: 7, parameters: {}, servers: {}}
  /c:
    post:
      operationId: 7
      parameters: {}
      requestBody: []
      responses: []
      callbacks: []
      deprecated: "yes"`), []string{
		"document:3:11 must be an object", "document:3:15 must be a text", "document:3:23 must be an object",
		"document:4:14 must be an object", "document:4:30 must be an object", "document:4:54 must be an object", "document:4:78 must be an object", "document:4:103 must be an object", "document:4:123 must be an object", "document:4:140 must be a schema",
		"document:5:1 must be an array", "document:7:3 must be an object", "document:8:8 must be an object", "document:8:16 must be an array", "document:8:32 must be an array",
		"document:11:7 must be a text", "document:12:7 must be an array", "document:13:7 must be an object", "document:14:7 must be an object", "document:15:7 must be an object", "document:16:7 must be true or false"}},
	{"parameters and bodies of another type", with("3.1.0", `paths:
  /c:
    post:
      parameters:
        - {name: a, in: query, required: "true", schema: {}}
        - {name: b, in: query, schema: [], explode: "no", allowReserved: 1, style: 7}
        - {name: c, in: query, content: []}
      requestBody: {required: yes, content: {application/json: {schema: 7, encoding: {a: {explode: 1, headers: []}}}}}`), []string{
		"document:7:32 must be true or false", "document:8:32 must be a schema", "document:8:44 must be true or false", "document:8:59 must be true or false", "document:8:77 must be a text",
		"document:9:32 must be an object", "document:9:32 must have exactly one media type",
		"document:10:21 must be true or false", "document:10:65 must be a schema", "document:10:91 must be true or false", "document:10:103 must be an object"}},
	{"a body misspelt", with("3.1.0", "paths: {/a: {post: {RequestBody: {}, requestBody: {content: {a/b: {Schema: {}}}, Required: true}}}}"),
		[]string{"document:3:21 did you mean requestBody?", "document:3:68 did you mean schema?", "document:3:82 did you mean required?"}},
	{"what is not routed", with("3.1.0", `webhooks: {a: {post: {requestbody: {}}}}
components:
  callbacks: {a: {'{$request.body#/url}': {post: {parameterz: []}}}}
  pathItems: {a: {Get: {}}}
  responses: {a: {description: a, header: {}}}
  requestBodies: {a: {content: {a/b: {shema: {}}}}}
  headers: {a: {schema: {}, require: true}}
paths: {/a: {post: {callbacks: {b: {x: {put: {responses: {'200': {contents: {}}}}}}}}}}`), []string{
		"document:3:23 did you mean requestBody?", "document:5:51 did you mean parameters?", "document:6:19 did you mean get?", "document:7:35 did you mean headers?", "document:8:39 did you mean schema?", "document:9:29 did you mean required?",
		"document:10:67 did you mean content?"}},
	{"a status that is none", with("3.1.0", "paths: {/a: {post: {responses: {'20': {}, ok: {}, 2xx: {}, default: {}, '+200': {}, '0200': {}}}}}"), []string{`document:3:33 "20" is no status`, `document:3:43 "ok" is no status`, `document:3:73 "+200"`, `document:3:85 "0200"`}},
	{"security schemes", with("3.1.0", `components:
  securitySchemes:
    a: {type: apiKey, in: header, name: a, scheme: bearer}
    b: {type: http, scheme: bearer, bearerformat: JWT}
    c: {type: oauth2, flows: {implict: {}, password: {scope: {}}, deviceAuthorization: {}}}
    d: {type: openIdConnect, in: header}
    e: {Type: http, scheme: bearer}`), []string{
		"document:5:44 scheme is for the type http, and this is apiKey", "document:6:37 did you mean bearerFormat?", "document:7:31 did you mean implicit?", "document:7:55 did you mean scopes?", "document:7:67 from OpenAPI 3.2 on",
		"document:8:30 in is for the type apiKey, and this is openIdConnect", "document:9:9 did you mean type?", `document:9:5 the type "" is not one of`}},

	{"a scheme of a later version", with("3.0.3", "components: {securitySchemes: {m: {type: mutualTLS}}}\npaths: {}"), []string{"document:3:32 mutualTLS is of OpenAPI 3.1 on"}},

	{"a sibling that would not count", with("3.0.3", `components:
  parameters: {p: {name: a, in: query, schema: {}}}
  requestBodies: {b: {content: {a/b: {}}}}
paths:
  /a:
    post:
      parameters: [{$ref: '#/components/parameters/p', required: true, name: a, description: d, x-a: 1}]
      requestBody: {$ref: '#/components/requestBodies/b', required: true, required2: true}
      responses: {}`), []string{"document:9:56 is beside a $ref and does not count; write it at document#/components/parameters/p", "document:10:59 is beside a $ref", "document:10:75 required2 is not a member of the Request Body Object"}},
	{"an operation's $ref with security beside it", with("3.1.0", "security: []\npaths: {/a: {get: {$ref: '#/paths/~1a/put', security: []}, put: {security: []}}}"), []string{"document:4:45 is beside a $ref"}},
	{"a path item's $ref in conflict", with("3.1.0", `components:
  pathItems: {i: {get: {}, servers: [{url: /a}], summary: a}}
paths: {/a: {$ref: '#/components/pathItems/i', get: {security: []}, servers: [{url: /a}], summary: b}}`),
		[]string{"document:5:48 is here and at document#/components/pathItems/i/get", "document:5:69 is here and at document#/components/pathItems/i/servers"}},
	{"a $ref of another type", with("3.1.0", "paths: {/a: {$ref: 7}, /b: {get: {$ref: [a]}}}"), []string{"document:3:14 must be a text", "document:3:35 must be a text"}},
	{"a $ref to another kind", with("3.1.0", "components: {schemas: {A: {type: object}}}\npaths: {/a: {get: {$ref: '#/components/schemas/A'}}, /b: {$ref: '#/info/title'}}"), []string{"document:3:28 type is not a member of the Operation Object", "document:2:8 must be an object"}},
	{"a $ref to nothing", with("3.1.0", "paths: {/a: {get: {$ref: '#/none'}, put: {$ref: ops.yaml}}}"), []string{"document:3:20 leads to nothing", "document:3:43 the document is one file"}},
	{"a $ref for all names", with("3.1.0", "components: {schemas: {$ref: '#/x-s'}, parameters: {$ref: '#/x-p'}}\nx-s: {}\nx-p: {}"), []string{"document:3:24 each name with a $ref of its own", "document:3:53 each name with a $ref of its own", "document:3:53 must be an object"}},
	{"circles", with("3.1.0", `components:
  parameters: {a: {$ref: '#/components/parameters/b'}, b: {$ref: '#/components/parameters/a'}}
paths: {/a: {get: {$ref: '#/paths/~1a/get'}}}`), []string{"document:4:16 circle", "document:4:56 circle", "document:5:14 circle"}},

	{"a header field twice", with("3.1.0", "paths: {/a: {get: {parameters: [{name: X-A, in: header, schema: {}}, {name: x-a, in: header, schema: {}}]}}}"), []string{"document:3:70 is a duplicate"}},
	{"shared parameters twice", with("3.1.0", "paths: {/a: {parameters: [{name: a, in: query, schema: {}}, {name: a, in: query, required: true, schema: {}}], get: {}}}"), []string{"document:3:61 is a duplicate"}},
	{"header fields that nobody can send", with("3.1.0", "paths: {/a: {get: {parameters: [{name: Host, in: header, schema: {}}, {name: a b, in: header, schema: {}}, {name: b, in: header, allowEmptyValue: true, schema: {}}]}}}"),
		[]string{"document:3:33 name it in servers", `document:3:71 "a b" is no name of a header field`, "document:3:108 allowEmptyValue is for parameters in the query alone"}},
	{"a style beside content", with("3.1.0", "paths: {/a: {get: {parameters: [{name: a, in: query, style: form, content: {a/b: {}}}]}}}"), []string{"document:3:54 style is for a parameter with a schema"}},
	{"query and querystring", with("3.2.0", "paths: {/a: {get: {parameters: [{name: a, in: querystring, content: {a/b: {}}}, {name: b, in: query, schema: {}}]}}}"), []string{"document:3:14 describe it in one way"}},
	{"an encoding for nothing", with("3.1.0", `paths: {/a: {post: {requestBody: {content: {multipart/form-data: {
  schema: {properties: {photo: {}}},
  encoding: {phtoo: {explode: true}, other: {contentType: image/png}, unknown: {style: form}}}}}}}}`), []string{`document:5:14 the schema has no member "phtoo"`, `document:5:38 the schema has no member "other"`}},
	{"items of what is no sequence", with("3.2.0", "paths: {/a: {post: {requestBody: {content: {application/json: {itemSchema: {}}}}, responses: {default: {content: {'*/*': {itemSchema: {}}}}}}}}"), []string{"document:3:64 application/json is read as a whole"}},

	{"servers", with("3.1.0", `servers:
  - {ulr: /v1}
  - {url: '/{a}', variables: {a: {enum: []}}}
  - {url: '/{b}', variables: {b: {enum: [x, 7], default: y}}}
  - {url: '/{c}', variables: {c: {description: d}}}
  - {url: '/{d}', variables: {d: {default: x, Enum: [x]}}}`), []string{
		"document:4:6 did you mean url?", "document:4:5 needs a url", "document:5:31 enum must not be empty", "document:6:45 must be a text", `document:6:31 the default "y" must be in enum`, "document:7:31 needs a default", "document:8:47 did you mean enum?"}},
	{"dialects", with("3.2.0", "jsonSchemaDialect: http://json-schema.org/draft-07/schema#\n$schema: http://json-schema.org/draft-07/schema"), []string{"document:3:1 write the schemas in https://json-schema.org/draft/2020-12/schema", "document:4:1 the dialect"}},
	{"own address", with("3.2.0", "$self: https://a.example/b.yaml#c\nservers: [{url: v1}]"), []string{"document:3:1 without a fragment", "document:4:11 write its path from the root"}},
	{"own address in another folder", with("3.2.0", "$self: other/b.yaml"), []string{"document:3:1 lead to another folder"}},
	{"anchors that stand twice", with("3.1.0", "components: {schemas: {A: {$anchor: x, type: string}, B: {$ref: '#x'}, C: {$anchor: x, type: integer}}}"), []string{`document:3:76 the anchor "x" stands at #/components/schemas/A too`}},
	{"an anchor that is an example", used(with("3.1.0", "components: {schemas: {A: {examples: [{$anchor: x}], const: {$anchor: x}, default: {$anchor: x}, enum: [{$anchor: x}]}, B: {$ref: '#x'}}}\nx-a: {$anchor: x}")), []string{"document:3:125 no such $anchor"}},
	{"tags of YAML", with("3.1.0", "security: !!set {a}\npaths: !Ref a"), []string{"document:3:11 the tag !!set is not one of JSON's types", "document:4:8 the tag !Ref"}},
}

func TestForm(t *testing.T) {
	for _, c := range formCases {
		t.Run(c.name, func(t *testing.T) {
			_, err := openapi.Parse([]byte(c.doc), openapi.Config{})
			compare(t, err, c.want)
		})
	}
}

// untidyCases are documents that are not quite as OpenAPI has them where nothing depends on
// it, and that load.
var untidyCases = []struct{ name, doc string }{
	{"numbers and nothing in what is documentation", "openapi: 3.0.3\ninfo: {title: 404, version: 1.0, description: , summary: a, contact: {email: 7}, license: {name: }}\ntags: [{name: 7, description: , kind: a}]\npaths: {/a: {summary: 7, get: {tags: a, description: 7, responses: {'200': {description: }}}}}"},
	{"no info", "openapi: 3.1.0"},
	{"extensions everywhere", with("3.1.0", "x-a: 1\ncomponents: {x-a: 1}\npaths: {x-a: 1, /a: {x-a: 1, get: {x-a: 1, responses: {x-a: 1, default: {x-a: 1}}, parameters: [{name: a, in: query, schema: {}, x-a: 1}]}}}")},
	{"examples of any form", with("3.0.3", "components: {examples: {a: {value: {security: [], $ref: 7, '$anchor': x}}}}\npaths: {/a: {get: {parameters: [{name: a, in: query, schema: {}, example: {$ref: a}, examples: 7}], responses: {}}}}")},
	{"summary and description beside a $ref", with("3.1.0", "components: {parameters: {p: {name: a, in: query, schema: {}}}}\npaths: {/a: {get: {parameters: [{$ref: '#/components/parameters/p', summary: s, description: d}]}}}")},
	{"a sibling that says the same", with("3.0.3", "components: {parameters: {p: {name: a, in: query, required: true, schema: {}}}}\npaths: {/a: {get: {parameters: [{$ref: '#/components/parameters/p', required: true}], responses: {}}}}")},
	{"headers named like extensions", with("3.1.0", "paths: {/a: {get: {responses: {'200': {headers: {x-limit: {schema: {}}}}}}}}")},
	{"no flows", with("3.1.0", "components: {securitySchemes: {o: {type: oauth2}, m: {type: mutualTLS}}}")},
	{"a schema for editors", with("3.1.0", "$schema: https://spec.openapis.org/oas/3.1/schema/2022-10-07\njsonSchemaDialect: https://spec.openapis.org/oas/3.1/dialect/base")},
	{"own address", with("3.2.0", "$self: https://a.example/api/openapi.yaml\nservers: [{url: /v1}]\ncomponents: {parameters: {p: {name: a, in: query, schema: {$ref: 'https://a.example/api/openapi.yaml#/components/schemas/A'}}}, schemas: {A: {}}}\npaths: {/a: {get: {parameters: [{$ref: 'https://a.example/api/openapi.yaml#/components/parameters/p'}]}}}")},
	{"an encoding for nothing that says nothing", with("3.1.0", "paths: {/a: {post: {requestBody: {content: {multipart/form-data: {schema: {properties: {photo: {}}}, encoding: {caption: {style: form}}}}}}}}")},
	{"members called like keywords", with("3.1.0", "components: {schemas: {default: {$anchor: d}, A: {properties: {examples: {$anchor: e}, const: {$ref: '#d'}, enum: {$ref: '#e'}}}}}")},
	{"an anchor of a schema with an $id", with("3.1.0", "components: {schemas: {A: {$anchor: x}, B: {$id: 'https://a.example/b', $anchor: x}}}")},
	{"a callback that comes back to itself", with("3.1.0", "components: {callbacks: {c: {'{$request.body#/u}': {post: {callbacks: {c: {$ref: '#/components/callbacks/c'}}}}}}}\npaths: {/a: {post: {callbacks: {c: {$ref: '#/components/callbacks/c'}}}}}")},
	{"hop-by-hop fields", with("3.1.0", "paths: {/a: {post: {parameters: [{name: transfer-encoding, in: header, required: true, schema: {}}]}}}")},
}

func TestUntidy(t *testing.T) {
	for _, c := range untidyCases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := openapi.Parse([]byte(c.doc), openapi.Config{Responses: openapi.ResponsesShape}); err != nil {
				t.Errorf("is refused: %v", err)
			}
		})
	}
}

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOperationRef: an operation that is a $ref is read whole, whatever the version says of
// references there.
func TestOperationRef(t *testing.T) {
	for _, version := range []string{"3.0.3", "3.1.0", "3.2.0"} {
		dir := folder(t, map[string]string{
			"openapi.yaml": with(version, `security: []
components: {securitySchemes: {t: {type: http, scheme: bearer}}}
paths: {/a: {get: {$ref: ops/get.yaml}}}`),
			"ops/get.yaml":    "operationId: get\nsecurity: [{t: [r]}]\nparameters: [{$ref: params.yaml#/p}]\nresponses: {}",
			"ops/params.yaml": "p: {name: q, in: query, required: true, schema: {type: integer}}",
		})
		d, err := openapi.Load(dir, "openapi.yaml", openapi.Config{})
		if err != nil {
			t.Fatal(err)
		}
		op, _, err := d.Match("GET", "", "/a")
		if err != nil {
			t.Fatal(err)
		}
		if needs, stated := op.Security(); fmt.Sprint(needs, stated) != "[[{t http bearer   [r]}]] true" || op.ID != "get" {
			t.Errorf("%s: %s asks for %v", version, op.ID, needs)
		}
		if got := verdict(t, op.CheckParams(nil, "", nil)); got != "query:q required" {
			t.Errorf("%s: without q: %q", version, got)
		}
	}
}

// TestPathItemRef: what is beside a path item's $ref counts as well as what it leads to.
func TestPathItemRef(t *testing.T) {
	dir := folder(t, map[string]string{
		"openapi.yaml": with("3.0.3", `paths:
  /a:
    $ref: item.yaml
    parameters: [{name: X-Tenant, in: header, required: true, schema: {type: string}}]
    servers: [{url: /v9}]
    delete: {responses: {}}`),
		"item.yaml": "get: {responses: {}}\nput: {$ref: '#/get'}\nsummary: s",
	})
	d, err := openapi.Load(dir, "openapi.yaml", openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, o := range d.Operations() {
		all = append(all, o.Method+" "+strings.Join(o.Paths(), " "))
		if got := verdict(t, o.CheckParams(nil, "", nil)); got != "header:X-Tenant required" {
			t.Errorf("%s without X-Tenant: %q", o.Method, got)
		}
	}
	if slices.Sort(all); fmt.Sprint(all) != "[DELETE /v9/a GET /v9/a PUT /v9/a]" {
		t.Errorf("operations are %v", all)
	}
}

// TestHeaderCase: a parameter of an operation takes the place of the path's with the same
// name, and names of header fields are the same in every case.
func TestHeaderCase(t *testing.T) {
	d := parse(t, with("3.1.0", `paths: {/a: {
  parameters: [{name: x-a, in: header, required: true, schema: {type: integer}}],
  get: {parameters: [{name: X-A, in: header, schema: {type: string}}]}}}`), openapi.Config{})
	op, _, err := d.Match("GET", "", "/a")
	if err != nil {
		t.Fatal(err)
	}
	if got := verdict(t, op.CheckParams(nil, "", map[string][]string{"X-A": {"text"}})); got != "" {
		t.Errorf("a text is refused: %s", got)
	}
}

// TestVersions: a file that is a document of another version says something else with the
// same words.
func TestVersions(t *testing.T) {
	dir := folder(t, map[string]string{
		"openapi.yaml": used(with("3.1.0", "components: {schemas: {A: {$ref: 'old.yaml#/components/schemas/A'}, B: {$ref: 'older.yaml#/definitions/B'}, C: {$ref: 'same.yaml#/components/schemas/C'}}}")),
		"old.yaml":     with("3.0.3", "components: {schemas: {A: {type: string, nullable: true}}}"),
		"older.yaml":   "swagger: '2.0'\ndefinitions: {B: {type: file}}",
		"same.yaml":    with("3.1.2", "components: {schemas: {C: {type: string}}}"),
	})
	_, err := openapi.Load(dir, "openapi.yaml", openapi.Config{})
	compare(t, err, []string{"openapi.yaml:3:28 old.yaml is a document of version 3.0.3, and this one is of OpenAPI 3.1", "openapi.yaml:3:73 older.yaml is a document of version 2.0"})
}

// TestSequences: what is described by its items, or by its parts in order, is not read, and so
// does not pass.
func TestSequences(t *testing.T) {
	doc := with("3.2.0", `paths: {/a: {post: {requestBody: {content: {
  application/jsonl: {itemSchema: {type: object}},
  multipart/mixed: {itemEncoding: {contentType: image/png}},
  multipart/form-data: {schema: {properties: {a: {}}}, encoding: {a: {encoding: {b: {contentType: a/b}}}}},
  application/octet-stream: {}}}}}}`)
	for insecure, want := range map[bool]string{false: "unsupported_media_type", true: ""} {
		d := parse(t, doc, openapi.Config{InsecureUncheckedBodies: insecure})
		op, _, err := d.Match("POST", "", "/a")
		if err != nil {
			t.Fatal(err)
		}
		if got := verdict(t, op.CheckBody("application/jsonl", []byte("{}\n{}\n"))); got != want {
			t.Errorf("insecure %t: %q", insecure, got)
		}
		if got := verdict(t, op.CheckBody("application/octet-stream", []byte("a"))); got != "" {
			t.Errorf("bytes: %q", got)
		}
	}
}
