package openapi_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// with puts lines of paths and components into a document of a version.
func with(version, rest string) string {
	return "openapi: " + version + "\ninfo: {title: T, version: v}\n" + rest
}

// used is a document whose schemas among the components are used by a request: others are not read.
func used(doc string) string {
	var parsed struct {
		Components struct{ Schemas map[string]any }
	}
	if err := yaml.Load([]byte(doc), &parsed); err != nil {
		panic(err)
	}
	var refs []string
	for name := range parsed.Components.Schemas {
		refs = append(refs, "{$ref: '#/components/schemas/"+name+"'}")
	}
	slices.Sort(refs)
	return strings.Replace(doc, "paths: {}\n", "", 1) + "\npaths: {/used: {post: {responses: {}, requestBody: {content: {application/json: {schema: {anyOf: [" +
		strings.Join(refs, ", ") + "]}}}}}}}\n"
}

// documentCases are documents that are refused. want has a line for every problem:
// where it is, and a part of the reason.
var documentCases = []struct {
	name, doc string
	want      []string
}{
	{"empty", "", []string{"document:0:0 not YAML"}},
	{"not an object", "[]", []string{"document:1:1 must be an object"}},
	{"not JSON", `{"openapi": "3.1.0",}`, []string{"document:1:20 is not JSON"}},
	{"duplicate name", `{"openapi": "3.1.0", "openapi": "3.1.0"}`, []string{"document:1:22 is not JSON: duplicate object member name"}},
	{"duplicate name in YAML", "openapi: 3.1.0\nopenapi: 3.1.0\n", []string{"document:2:1 is a duplicate"}},
	{"swagger", "swagger: '2.0'", []string{"document:1:1 is a document of Swagger 2.0, and OpenAPI 3.0 or later is needed; convert it: npx swagger2openapi document --yaml --outfile openapi.yaml"}},
	{"swagger as a number", "swagger: 2.0\npaths: {}", []string{"document:1:1 is a document of Swagger 2.0"}},
	{"version", "openapi: 4.0.0", []string{`document:1:1 openapi is "4.0.0"`}},
	{"version as a number", "openapi: 3.1", []string{"document:1:1 must be a text", "document:1:1 must be 3.0.x"}},
	{"two documents", "openapi: 3.1.0\n---\nopenapi: 3.1.0", []string{"document:0:0 is not YAML"}},
	{"aliases within aliases", bomb(), []string{"document:2:30 too many values"}},
	{"merge key", with("3.1.0", "x-a: &a {b: 1}\npaths: {<<: *a}"), []string{"document:4:9 merge keys are not part"}},
	{"number of YAML", with("3.1.0", "x-a: 0x10\nx-b: .inf\nx-c: 1_000"), []string{"document:3:6 write the number as JSON", "document:4:6 write the number as JSON", "document:5:6 write the number as JSON"}},
	{"no paths in 3.0", with("3.0.3", ""), []string{"document:1:1 needs paths"}},
	{"path without a slash", with("3.1.0", "paths: {a: {}}"), []string{"document:3:9 must begin with a slash"}},
	{"paths that no request has", with("3.1.0", `paths:
  /a?x=1: {get: {}}
  "/a#x": {get: {}}
  /a//b: {get: {}}
  //a: {get: {}}
  /a/../b: {get: {}}
  /a/%2e: {get: {}}
  /./{x?}: {get: {}}
  /a/...: {get: {}}
  /a%3Fb/: {get: {}}`), []string{
		"document:4:3 a question mark", "document:5:3 a number sign", "document:6:3 an empty segment",
		"document:7:3 an empty segment",
		"document:8:3 the segment ..", "document:9:3 the segment .", "document:10:3 the segment .",
	}},
	{"braces", with("3.1.0", "paths:\n  /{a: {get: {}}\n  /{a}{b}: {get: {}}"), []string{"document:4:3 braces", "document:5:3 braces"}},
	{"same path, same method", with("3.1.0", `paths:
  /{a}: {get: {parameters: [{name: a, in: path, required: true, schema: {}}]}}
  /{b}: {get: {parameters: [{name: b, in: path, required: true, schema: {}}]}}`), []string{"document:5:3 GET is served twice: /{a} is the same path"}},
	{"unknown method", with("3.1.0", "paths: {/a: {fetch: {}, query: {}}}"), []string{"document:3:14 fetch is not a member of the Path Item Object", "document:3:25 query is a member of the Path Item Object from OpenAPI 3.2 on"}},
	{"operationId twice", with("3.1.0", "paths: {/a: {get: {operationId: a}, put: {operationId: a}}}"), []string{`document:3:37 "a" is that of`}},
	{"path parameters", with("3.1.0", "paths: {'/{a}': {get: {parameters: [{name: b, in: path, required: true, schema: {}}, {name: c, in: path, schema: {}}]}}}"),
		[]string{`document:3:18 "a" is not described`, "document:3:37 has no {b}", "document:3:86 must have required: true", "document:3:86 has no {c}"}},
	{"parameters", with("3.1.0", `paths:
  /a:
    get:
      parameters:
        - {in: query, schema: {}}
        - {name: a, in: body, schema: {}}
        - {name: b, in: query}
        - {name: c, in: query, schema: {}, content: {}}
        - {name: d, in: query, style: simple, schema: {}}
        - {name: e, in: query, style: deepObject, schema: {type: string}}
        - {name: f, in: query, content: {a/b: {}, c/d: {}}}
        - {name: g, in: query, schema: {}}
        - {name: g, in: query, schema: {}}
        - {name: h, in: query, required: 1, schema: {}}
        - {$ref: "#/components/parameters/none"}
        - 7`), []string{
		"document:7:11 needs a name", "document:8:11 in is \"body\"", "document:9:11 needs either a schema or content", "document:10:11 needs either", "document:11:11 style \"simple\"",
		"document:13:32 exactly one media type", "document:15:11 is a duplicate", "document:16:32 must be true or false", `document:17:12 "#/components/parameters/none" leads to nothing`, "document:18:11 must be an object"}},
	{"schemas", used(with("3.1.0", `components:
  schemas:
    A: {type: text}
    B: {minimum: "1"}
    C: {pattern: "(?=a)b"}
    D: {pattern: "(a)\\1"}
    E: {patternProperties: {"(": {}}}
    F: {$ref: "#/components/schemas/None"}
    G: {properties: {a: {required: a}}}
    H: 7
    I: {items: [{}]}
    J: {$ref: "https://a.example/schema"}
    K: {type: object, discriminator: {}}
    L: {oneOf: [{type: object}], discriminator: {propertyName: a}}
    M: {$ref: "file:///etc/passwd"}
    N: {$ref: "../secret.yaml"}
    O: {$ref: "#none"}
    P: {$ref: other.yaml}`)), []string{
		"document:5:9 must be one of: array", "document:6:9 must be a number", "document:10:9 leads to nothing", "document:11:26 must be an array",
		"document:12:5 must be a schema", "document:14:9 nothing is fetched", "document:15:23 needs a propertyName",
		"document:17:9 nothing is fetched", "document:18:9 leaves the document's folder", "document:19:9 no such $anchor", "document:20:9 the document is one file"}},
	{"schemas of 3.0", used(with("3.0.3", "components:\n  schemas:\n    A: {const: 1}\n    B: {type: [string, 'null']}\n    C: {if: {}}\n    D: true")),
		[]string{"document:5:9 const is not a keyword of OpenAPI 3.0", "document:6:9 the type of OpenAPI 3.0 is one string", "document:7:9 if is not", "document:8:5 must be a schema"}},
	{"circle", with("3.1.0", "paths: {/a: {$ref: '#/paths/~1b'}, /b: {$ref: '#/paths/~1a'}}"), []string{"circle", "circle"}},
	{"body", with("3.1.0", "paths: {/a: {post: {requestBody: {}}, put: {requestBody: {content: {a/b: 1}}}}}"), []string{"document:3:21 needs content", "document:3:69 must be an object"}},
	{"media types that differ in parameters", with("3.1.0", "paths: {/a: {post: {requestBody: {content: {application/json; v=1: {}, Application/JSON; v=2: {}}}}}}"), []string{"document:3:45 application/json is a duplicate"}},
	{"form", with("3.1.0", "paths: {/a: {post: {requestBody: {content: {multipart/form-data: {schema: {properties: {a: {}}}, encoding: {a: {style: simple}}}}}}}}"), []string{`style "simple" is not one of forms`}},
	{"servers", with("3.1.0", "servers: [{url: 'https://{a}.example'}, {url: '%zz'}]"), []string{`document:3:11 "a" is not described`, "document:3:41 not a URL"}},
	{"a discriminator's circle", with("3.1.0", "components: {schemas: {A: {oneOf: [{$ref: '#/components/schemas/B'}, {$ref: '#/components/schemas/A'}], discriminator: {propertyName: k}}, B: {$ref: '#/components/schemas/B'}}}"), nil},
	{"security", with("3.1.0", `security: [{b: []}, {none: []}, 7]
components:
  securitySchemes:
    a: {type: apiKey, in: body, name: a}
    b: {type: http}
    c: {type: basic}
paths: {/a: {get: {security: {}}, put: {security: [{b: a}, {b: [1]}]}, post: {}, delete: {}}}`), []string{
		`document:3:22 no security scheme "none"`, "document:3:33 must be an object", "document:6:5 in: query, header or cookie", "document:7:5 needs a scheme", `document:8:5 the type "basic"`,
		"document:9:20 must be an array", "document:9:53 must be a list", "document:9:61 a scope must be a text"}},
	{"dialect", with("3.1.0", "jsonSchemaDialect: https://a.example/"), []string{"document:3:1 the dialect"}},
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x]\n")
	for i := range 20 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	return b.String()
}

func TestDocumentProblems(t *testing.T) {
	for _, c := range documentCases {
		t.Run(c.name, func(t *testing.T) {
			_, err := openapi.Parse([]byte(c.doc), openapi.Config{})
			compare(t, err, c.want)
		})
	}
}

// compare holds the problems of err to want, in any order.
func compare(t *testing.T, err error, want []string) {
	t.Helper()
	got := problems(err)
	for _, w := range want {
		place, reason, _ := strings.Cut(w, " ")
		if !strings.Contains(place, ":") {
			place, reason = "", w
		}
		found := -1
		for i, g := range got {
			if strings.HasPrefix(g, place) && strings.Contains(g, reason) {
				found = i
			}
		}
		if found < 0 {
			t.Errorf("nothing says %q", w)
			continue
		}
		got = append(got[:found], got[found+1:]...)
	}
	for _, g := range got {
		t.Errorf("says also %q", g)
	}
}

// problems lists what err joins as "file:line:column reason".
func problems(err error) (list []string) {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			list = append(list, problems(one)...)
		}
		return list
	}
	if p, ok := errors.AsType[*openapi.DocumentError](err); ok {
		return []string{fmt.Sprintf("%s:%d:%d %s", p.File, p.Line, p.Column, p.Reason)}
	}
	return []string{err.Error()}
}

func TestConfigProblems(t *testing.T) {
	_, err := openapi.Parse([]byte("openapi: 3.1.0"), openapi.Config{Limit: -1, Depth: 5000, Text: -1, Items: -1, Values: 1 << 30, Parts: -1, Bases: []string{"v1", "/v1/"}})
	want := []string{`Limit "-1"`, `Depth "5000"`, `Text "-1"`, `Items "-1"`, `Values "1073741824"`, `Parts "-1"`, `Bases "v1"`, `Bases "/v1/"`}
	compare(t, err, want)
}

// TestFolder: no file outside of the folder is read, whatever leads there.
func TestFolder(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		filepath.Join(outside, "secret.yaml"): "type: string",
		filepath.Join(dir, "good.yaml"):       "type: string",
		filepath.Join(dir, "openapi.yaml"): used(with("3.1.0", `components:
  schemas:
    A: {$ref: link.yaml}
    B: {$ref: "../`+filepath.Base(outside)+`/secret.yaml"}
    C: {$ref: "`+outside+`/secret.yaml"}
    D: {$ref: "..%2Fsecret.yaml"}
    E: {$ref: folder/secret.yaml}
    F: {$ref: good.yaml}
    G: {$ref: "good.yaml#/properties"}
    H: {$ref: sub}
    I: {$ref: broken.json}
    J: {$ref: none.yaml}`)),
		filepath.Join(dir, "broken.json"): `{"type": "object",`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"link.yaml": filepath.Join(outside, "secret.yaml"), "folder": outside} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := openapi.Load(dir, "openapi.yaml", openapi.Config{})
	compare(t, err, []string{
		"openapi.yaml:5:9 cannot read link.yaml", "openapi.yaml:6:9 leaves the document's folder", "openapi.yaml:7:9 only files of the document's folder", "openapi.yaml:8:9 leaves",
		"openapi.yaml:9:9 cannot read folder/secret.yaml", "openapi.yaml:11:9 leads to nothing", "openapi.yaml:12:9 cannot read sub", "broken.json:1:19 is not JSON", "openapi.yaml:13:9 needs broken.json", "openapi.yaml:14:9 cannot read none.yaml",
	})
	if strings.Contains(fmt.Sprint(err), "type: string") {
		t.Error("the error quotes a file")
	}
}

// wide is a schema with n members that are all like itself, and an allOf of itself.
func wide(n int) string {
	var b strings.Builder
	b.WriteString("    Wide:\n      type: object\n      properties:\n")
	for i := range n {
		fmt.Fprintf(&b, "        m%d: {$ref: '#/components/schemas/Wide'}\n", i)
	}
	b.WriteString("    Circle:\n      allOf:\n")
	for range n {
		b.WriteString("        - {$ref: '#/components/schemas/Circle'}\n")
	}
	b.WriteString("    Choice:\n      anyOf:\n")
	for range n {
		b.WriteString("        - {$ref: '#/components/schemas/Choice'}\n")
	}
	return b.String()
}

// TestWide: what loading costs does not grow with the ways through a document.
func TestWide(t *testing.T) {
	schemas := `
paths:
  /a:
    post:
      parameters: [{name: w, in: query, schema: {$ref: "#/components/schemas/Wide"}}, {name: c, in: query, schema: {$ref: "#/components/schemas/Choice"}}]
      requestBody: {content: {application/json: {schema: {anyOf: [{$ref: "#/components/schemas/Circle"}, {$ref: "#/components/schemas/Wide"}]}}}}
components:
  schemas:
` + wide(100)
	d, err := openapi.Parse([]byte(with("3.1.0", schemas)), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	op, _, err := d.Match("POST", "", "/a")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"m1":{"m2":{}}}`, `7`} {
		if err := op.CheckBody("application/json", []byte(body)); body == "7" && err == nil {
			t.Errorf("%s is accepted", body)
		}
	}
}
