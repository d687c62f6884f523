package openapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// one is a document of one operation, POST /a, with components.
func one(body, components string) string {
	return with("3.1.0", "paths: {/a: {post: {requestBody: {required: true, content: "+body+"}}}}\ncomponents: {schemas: {"+components+"}}")
}

func asJSONBody(schema string) string { return "{application/json: {schema: " + schema + "}}" }

const cats = `Cat: {type: object, required: [kind], properties: {kind: {type: string}, role: {type: string}}}, Dog: {type: object, required: [kind], properties: {kind: {type: string}}}`

// schemaCases are schemas, and bodies with what is said of them.
var schemaCases = []struct {
	name, document string
	bodies         map[string]string
}{
	{"component names with dots", one(asJSONBody(`{oneOf: [{$ref: '#/components/schemas/My.Cat'}, {$ref: '#/components/schemas/My.Dog'}], discriminator: {propertyName: type}}`),
		`My.Cat: {type: object, properties: {type: {type: string}, meow: {type: integer}}}, My.Dog: {type: object, properties: {type: {type: string}, bark: {type: integer}}}`),
		map[string]string{`{"type":"My.Cat","meow":1}`: "", `{"type":"My.Dog","bark":1}`: "", `{"type":"My","bark":1}`: "/type not_in_enum", `{"type":"My.Cat","bark":1}`: "/bark unknown_member"}},
	{"what stands beside a choice's $ref", one(asJSONBody(`{oneOf: [{$ref: '#/components/schemas/Cat', required: [role], properties: {role: {const: user}}}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind, mapping: {c: '#/components/schemas/Cat', a: Alias}}}`), cats+`, Alias: {$ref: '#/components/schemas/Cat'}`),
		map[string]string{`{"kind":"a","role":"admin"}`: "/role not_in_enum", `{"kind":"a","role":"user"}`: "", `{"kind":"Cat","role":"admin"}`: "/role not_in_enum", `{"kind":"c","role":"admin"}`: "/role not_in_enum", `{"kind":"Cat"}`: "/role required", `{"kind":"c","role":"user"}`: "", `{"kind":"Dog"}`: ""}},
	{"a mapping to what is no choice", one(asJSONBody(`{oneOf: [{$ref: '#/components/schemas/Cat'}], discriminator: {propertyName: kind, mapping: {d: Admin}}}`), cats+`, Admin: {properties: {role: {}}, allOf: [{$ref: '#/components/schemas/Dog'}]}`),
		map[string]string{`{"kind":"d","role":"admin"}`: "", `{"kind":"d","role":1}`: " no_match"}},
	{"an heir that is asked for by itself", one(asJSONBody(`{$ref: '#/components/schemas/Folder'}`),
		`Entry: {type: object, required: [kind], properties: {kind: {type: string}}, discriminator: {propertyName: kind}}, Folder: {allOf: [{$ref: '#/components/schemas/Entry'}, {type: object, properties: {in: {$ref: '#/components/schemas/Folder'}}}]}`),
		map[string]string{strings.Replace(nested(`{"kind":"Folder","in":`, `}`, 30), "1", `{"kind":"Folder"}`, 1): "", `{"kind":"Folder","in":{"kind":"Folder","role":1}}`: "/in/role unknown_member"}},
	{"readOnly in one branch, required in another", one(asJSONBody(`{allOf: [{$ref: '#/components/schemas/Base'}, {type: object, required: [id, name], properties: {name: {type: string}}}]}`),
		`Base: {type: object, properties: {id: {type: integer, readOnly: true}}}`),
		map[string]string{`{"name":"a"}`: "", `{"name":"a","id":1}`: "/id read_only", `{}`: "/name required"}},
	{"readOnly, and required in a condition", one(asJSONBody(`{type: object, properties: {id: {readOnly: true}, a: {}, b: {}}, not: {required: [id, b]}, if: {required: [id]}, else: {required: [a]}}`), ""),
		map[string]string{`{}`: "/a required", `{"a":1}`: "", `{"a":1,"b":1}`: "", `{"id":1}`: "/id read_only"}},
	{"readOnly and required in one condition", one(asJSONBody(`{type: object, properties: {a: {}, b: {}}, if: {properties: {id: {readOnly: true}}, required: [id, a]}, then: {required: [b]}}`), ""),
		map[string]string{`{}`: "", `{"a":1}`: "/b required", `{"a":1,"b":1}`: ""}},
	{"readOnly in every choice, required beside them", one(asJSONBody(`{type: object, required: [id, kind], properties: {kind: {type: string}}, oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind}}`),
		`Cat: {type: object, properties: {kind: {type: string}, id: {type: integer, readOnly: true}}}, Dog: {type: object, properties: {kind: {type: string}, id: {type: integer, readOnly: true}, barks: {type: boolean}}}`),
		map[string]string{`{"kind":"Cat"}`: "", `{"kind":"Dog","barks":true}`: "", `{"kind":"Cat","id":1}`: "/id read_only", `{}`: "/kind required"}},
	{"readOnly in one choice, required beside them", one(asJSONBody(`{type: object, required: [id], anyOf: [{type: object, properties: {id: {type: integer, readOnly: true}, a: {}}, required: [a]}, {type: object, properties: {id: {type: integer}}}, {type: 'null'}]}`), ``),
		map[string]string{`{"a":1}`: "/id required", `{"id":1}`: ""}},
	{"readOnly wherever it stands", one(asJSONBody(`{type: object, properties: {m: {type: object, additionalProperties: {type: string, readOnly: true}}, p: {type: object, patternProperties: {'^r': {type: string, readOnly: true}}},
  n: {oneOf: [{$ref: '#/components/schemas/Role'}, {type: 'null'}]}, d: {$dynamicRef: '#/components/schemas/Role'}, i: {if: {type: string}, then: {readOnly: true}}, a: {allOf: [{anyOf: [{$ref: '#/components/schemas/Role'}]}]}, l: {type: array, items: {type: object, properties: {role: {$ref: '#/components/schemas/Role'}}}}}}`),
		`Role: {type: string, readOnly: true}`),
		map[string]string{
			`{"m":{"role":"admin"}}`: "/m/role read_only", `{"p":{"role":"admin"}}`: "/p/role read_only", `{"n":"admin"}`: "/n read_only", `{"n":null}`: "",
			`{"d":"admin"}`: "/d read_only", `{"i":"admin"}`: "/i read_only", `{"i":1}`: "", `{"a":"admin"}`: "/a read_only", `{"l":[{},{"role":"admin"}]}`: "/l/1/role read_only",
		}},
	{"ECMA's sets", one(asJSONBody(`{type: object, properties: {line: {pattern: '^.+$', type: string}, word: {pattern: '^\S+$', type: string}, class: {pattern: '^[^\s]+$', type: string}, not: {pattern: '^[\S]$', type: string}, space: {pattern: '^\s$', type: string}, pair: {pattern: '^\ud83d\ude00$'}}}`), ""),
		map[string]string{
			`{"line":"a b"}`: "", `{"line":"a\r"}`: "/line pattern", `{"line":"a\u2028b"}`: "/line pattern", `{"word":"a\u00a0b"}`: "/word pattern", `{"word":"a\u000bb"}`: "/word pattern",
			`{"class":"a\ufeff"}`: "/class pattern", `{"class":"é"}`: "", `{"not":"é"}`: "", `{"not":"\u3000"}`: "/not pattern", `{"space":"\u00a0"}`: "", `{"pair":"\ud83d\ude00"}`: "", `{"pair":"\ud83d\ude01"}`: "/pair pattern",
		}},
	{"dependentRequired knows its names", one(asJSONBody(`{type: object, properties: {a: {}}, dependentRequired: {a: [q]}}`), ""),
		map[string]string{`{"a":1,"q":1}`: "", `{"a":1}`: "/q required", `{"q":1}`: "/q unknown_member", `{}`: ""}},
	{"an author's own if with else: false", one(asJSONBody(`{type: object, if: {properties: {k: {const: 1}}, required: [k]}, then: {properties: {x: {}}}, else: false}`), ""),
		map[string]string{`{"k":1,"x":1}`: "", `{"k":2}`: " not_allowed", `{"k":1,"y":1}`: "/y unknown_member"}},
	{"an item of a list that nobody describes", one(asJSONBody(`{type: array, items: {type: object, properties: {a: {}}}}`), ""),
		map[string]string{`[{"a":1}]`: "", `[{"role":"admin"}]`: "/0/role unknown_member"}},
	{"999 items with eight choices each", one(asJSONBody(eightChoices()), ""), map[string]string{"[" + strings.TrimSuffix(strings.Repeat(`{"k7":"h","b7":1,"c7":1,"d7":1,"e7":1,"f7":1,"g7":1,"h7":1},`, 999), ",") + "]": ""}},
	{"999 texts of a counted pattern", one(asJSONBody(`{type: array, items: {type: string, pattern: '^.{1,255}$'}}`), ""),
		map[string]string{"[" + strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("a", 200)+`",`, 999), ",") + "]": "", `["` + strings.Repeat("a", 256) + `"]`: "/0 pattern"}},
	{"a list that holds itself in three choices", one(asJSONBody(`{$ref: '#/components/schemas/T'}`),
		`T: {anyOf: [{properties: {k: {type: array, items: {$ref: '#/components/schemas/T'}}}}, {properties: {k: {type: array, maxItems: 9, items: {$ref: '#/components/schemas/T'}}}}, {properties: {k: {type: array, maxItems: 8, items: {$ref: '#/components/schemas/T'}}}}]}`),
		map[string]string{nested(`{"k":[`, `]}`, 24): " too_complex", nested(`{"k":[`, `]}`, 3): ""}},
	{"an if that holds itself", one(asJSONBody(`{$ref: '#/components/schemas/T'}`), `T: {properties: {k: {if: {$ref: '#/components/schemas/T'}, then: {$ref: '#/components/schemas/T'}, else: false}}}`),
		map[string]string{strings.Repeat(`{"k":`, 40) + "{}" + strings.Repeat("}", 40): " too_complex", `{"k":{"k":{}}}`: ""}},
	{"a dynamic reference that holds itself, behind a circle", one(asJSONBody(`{allOf: [{$ref: '#/components/schemas/Loop'}, {$ref: '#/components/schemas/T'}]}`),
		`Loop: {properties: {q: {$ref: '#/components/schemas/Loop'}}}, T: {$dynamicAnchor: T, anyOf: [{properties: {k: {$dynamicRef: '#T'}}}, {properties: {k: {$dynamicRef: '#T'}}}, {properties: {k: {$dynamicRef: '#T'}}}]}`),
		map[string]string{strings.Repeat(`{"k":`, 30) + "{}" + strings.Repeat("}", 30): " too_complex", `{"k":{}}`: ""}},
	{"dependencies of draft 2019-09", one(asJSONBody(`{$schema: 'https://json-schema.org/draft/2019-09/schema', type: object, properties: {a: {}, b: {}}, dependencies: {a: [b], b: {properties: {a: {const: 1}}}}}`), ""),
		map[string]string{`{"a":1,"b":1}`: "", `{"a":1}`: "/b required", `{"a":2,"b":1}`: "/a not_in_enum", `{}`: ""}},
	{"a list of items of draft 2019-09", one(asJSONBody(`{items: [{type: string}, {type: integer}], additionalItems: false}`), ""),
		map[string]string{`["a",1]`: "", `[1]`: "/0 wrong_type", `["a",1,2]`: "/2 too_many"}},
	{"$recursiveRef", one(asJSONBody(`{$ref: '#/components/schemas/Node'}`), `Node: {$recursiveAnchor: true, type: object, properties: {name: {type: string}, below: {type: array, items: {$recursiveRef: '#'}}}}`),
		map[string]string{`{"name":"a","below":[{"name":"b","below":[]}]}`: "", `{"below":[{"below":[{"name":1}]}]}`: "/below/0/below/0/name wrong_type", `{"below":[{"x":1}]}`: "/below/0/x unknown_member"}},
	{"$recursiveRef without an anchor", one(asJSONBody(`{$ref: '#/components/schemas/Node'}`), `Node: {type: object, properties: {below: {$recursiveRef: '#'}}}`),
		map[string]string{`{"below":{"below":{}}}`: "", `{"below":{"below":1}}`: "/below/below wrong_type"}},
	{"$recursiveRef that an outer schema extends", one(asJSONBody(`{$ref: '#/components/schemas/Strict'}`), `Tree: {$id: 'https://a.example/tree', $recursiveAnchor: true, type: object, properties: {n: {type: integer}, below: {$recursiveRef: '#'}}}, Strict: {$id: 'https://a.example/strict', $recursiveAnchor: true, $ref: tree, required: [n]}`),
		map[string]string{`{"n":1,"below":{"n":2}}`: "", `{"n":1,"below":{}}`: "/below/n required"}},

	{"choices that are written out and say their names", one(asJSONBody(`{oneOf: [{type: object, required: [type], properties: {type: {type: string, enum: [text]}, text: {type: string}}}, {$ref: '#/components/schemas/Image'}], discriminator: {propertyName: type}}`), `Image: {type: object, required: [type], properties: {type: {const: image_url}, url: {type: string}}}`),
		map[string]string{`{"type":"text","text":"a"}`: "", `{"type":"image_url","url":"a"}`: "", `{"type":"text","url":"a"}`: "/url unknown_member", `{"type":"Image","url":"a"}`: "/type not_in_enum", `{"text":"a"}`: "/type required"}},
	{"choices that are written out and do not say their names", one(asJSONBody(`{anyOf: [{allOf: [{$ref: '#/components/schemas/A'}, {required: [ip]}]}, {allOf: [{$ref: '#/components/schemas/B'}, {required: [host]}]}], discriminator: {propertyName: type, mapping: {A: '#/components/schemas/A', B: '#/components/schemas/B'}}}`),
		`A: {type: object, properties: {type: {type: string}, ip: {type: string}}}, B: {type: object, properties: {type: {type: string}, host: {type: string}}}`),
		map[string]string{`{"type":"A","ip":"a"}`: "", `{"type":"B","host":"a"}`: "", `{"type":"A"}`: " no_match", `{"type":"A","ip":"a","role":1}`: "/role unknown_member"}},
	{"a mapping to nothing, beside choices", one(asJSONBody(`{oneOf: [{$ref: '#/components/schemas/Cat'}, {type: object, required: [bark], properties: {bark: {type: string}}}], discriminator: {propertyName: kind, mapping: {cat: 'models/cat.yml'}}}`), cats),
		map[string]string{`{"kind":"cat"}`: "", `{"bark":"a"}`: "", `{"role":"a"}`: " no_match"}},
	{"a mapping to nothing, of what nothing inherits", one(asJSONBody(`{$ref: '#/components/schemas/Pet'}`), `Pet: {type: object, required: [kind], properties: {kind: {type: string}}, discriminator: {propertyName: kind, mapping: {cat: '#/Cat'}}}`),
		map[string]string{`{"kind":"cat"}`: "", `{}`: "/kind required", `{"kind":"cat","role":1}`: "/role unknown_member"}},
	{"two choices of one name", one(asJSONBody(`{oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Cat', required: [role]}], discriminator: {propertyName: kind}}`), cats),
		map[string]string{`{"kind":"Cat"}`: "", `{"kind":"Cat","role":"a"}`: " ambiguous"}},
	{"a discriminator of two choices", one(asJSONBody(`{oneOf: [{$ref: '#/components/schemas/Cat'}], anyOf: [{$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind}}`), cats),
		map[string]string{`{"kind":"a"}`: "", `{"role":"a"}`: " no_match"}},
	{"what stands beside a $ref of 3.0", with("3.0.3", "paths: {/a: {post: {responses: {}, requestBody: {required: true, content: "+asJSONBody(`{$ref: '#/components/schemas/A', maxLength: 3, enum: [abc, abcd]}`)+"}}}}\ncomponents: {schemas: {A: {type: string}}}"),
		map[string]string{`"abc"`: "", `"abcd"`: " too_long", `"x"`: " not_in_enum"}},

	{"a pattern that cannot be matched", one(asJSONBody(`{type: object, additionalProperties: false, properties: {a: {type: string, maxLength: 4, pattern: '^(.)\1$'}, n: {type: string, not: {pattern: '^(.)\1$'}}, o: {oneOf: [{type: string, pattern: '(.)\1'}, {type: string, maxLength: 2}]}}, patternProperties: {'^(x)\1': {type: integer}}}`), ""),
		map[string]string{`{"a":"ab"}`: "", `{"a":"abcde"}`: "/a too_long", `{"a":1}`: "/a wrong_type", `{"n":"b","o":"a"}`: "", `{"xx":1}`: "", `{"xx":"1"}`: "/xx unknown_member", `{"a":"aa"}`: ""}},
	{"a pattern that cannot be matched, in an if", one(asJSONBody(`{type: object, properties: {a: {type: string}, b: {}}, if: {properties: {a: {pattern: '(.)\1'}}, required: [a]}, then: {required: [b]}, else: false}`), ""),
		map[string]string{`{"a":"x"}`: "", `{"b":1}`: " not_allowed"}},
	{"numbers that a double has as zero", one(asJSONBody(`{type: array, items: {anyOf: [{type: integer}, {type: number, exclusiveMinimum: -1, exclusiveMaximum: 2}]}}`), ""),
		map[string]string{`[1e-400, -1E-5000, 0e400, 0e-9999, 1e-308]`: "", `[1e-10000]`: "/0 too_large", `[1e309]`: "/0 too_large", `[0e10000]`: "/0 too_large"}},
	{"numbers that are zero to the next reader", one(asJSONBody(`{type: object, properties: {a: {type: number, exclusiveMinimum: 0}, b: {type: integer}, c: {enum: [0]}, d: {type: number, maximum: 0}, e: {type: number, not: {const: 0}}, f: {not: {maximum: 0}}, g: {oneOf: [{minimum: 0}, {exclusiveMinimum: 0}]}, h: {uniqueItems: true}}}`), ""),
		map[string]string{`{"a":1e-300}`: "", `{"a":1e-400}`: "/a too_small", `{"b":1e-400}`: "/b wrong_type", `{"c":1e-400}`: "/c not_in_enum", `{"d":1e-400}`: "/d too_large", `{"d":-1e-400}`: "",
			`{"e":1e-400}`: "/e not_allowed", `{"e":1e-300,"f":1e-300}`: "", `{"f":1e-400}`: "/f not_allowed", `{"g":0}`: "", `{"g":1e-400}`: "/g ambiguous", `{"h":[0,1e-400]}`: "/h not_unique", `{"h":[0,1e-300]}`: ""}},
	{"a schema that asks itself about the same value", one(asJSONBody(`{$ref: '#/components/schemas/T'}`), `T: {allOf: [{$ref: '#/components/schemas/T'}]}`), map[string]string{`{}`: " too_complex"}},
}

func eightChoices() string {
	var choices []string
	for i := range 8 {
		choices = append(choices, fmt.Sprintf("{type: object, required: [k%[1]d], properties: {k%[1]d: {type: string}, b%[1]d: {type: integer}, c%[1]d: {}, d%[1]d: {}, e%[1]d: {}, f%[1]d: {}, g%[1]d: {}, h%[1]d: {}}}", i))
	}
	return "{type: array, items: {oneOf: [" + strings.Join(choices, ", ") + "]}}"
}

func TestSchemas(t *testing.T) {
	for _, c := range schemaCases {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, c.document, openapi.Config{})
			for body, want := range c.bodies {
				r := requestCase{line: "POST /a", header: jsonType, body: body}.request()
				if got := verdict(t, costs(t, "document", func() error { return decide(d, r) })); got != want {
					t.Errorf("%.100s: got %q, want %q", body, got, want)
				}
			}
		})
	}
}

// A discriminator finds the schemas that have its own in their allOf, whichever of the files either is in.
func TestInheritance_files(t *testing.T) {
	dir := folder(t, map[string]string{
		"pet.yaml":     `{type: object, required: [kind], properties: {kind: {type: string}}, discriminator: {propertyName: kind}}`,
		"dog.yaml":     `{allOf: [{$ref: pet.yaml}, {type: object, properties: {bark: {type: integer}}}]}`,
		"openapi.yaml": one(asJSONBody(`{type: array, items: {$ref: pet.yaml}}`), `Cat: {allOf: [{$ref: pet.yaml}, {type: object, properties: {meow: {type: integer}}}]}, Dog: {$ref: dog.yaml}, Pet: {$ref: pet.yaml}`),
	})
	d, err := openapi.Load(dir, "openapi.yaml", openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`[{"kind":"Cat","meow":1},{"kind":"Dog","bark":1},{"kind":"Pet"}]`: "",
		`[{"kind":"Cat","bark":1}]`:                                        "/0/bark unknown_member", `[{"kind":"."}]`: "/0/kind not_in_enum",
	} {
		if got := verdict(t, decide(d, requestCase{line: "POST /a", header: jsonType, body: body}.request())); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

// schemaProblems are documents whose schemas mean something else to somebody, or nothing.
var schemaProblems = []struct{ name, document, want string }{
	{"readOnly that is no boolean", one(asJSONBody(`{type: object, properties: {role: {readOnly: yes}}}`), ""), "must be true or false"},
	{"writeOnly that is no boolean", one(asJSONBody(`{type: object, properties: {role: {writeOnly: "true"}}}`), ""), "must be true or false"},
	{"nullable that is no boolean", used(with("3.0.3", "components: {schemas: {A: {type: string, nullable: 1}}}")), "must be true or false"},
	{"a misspelt keyword", one(asJSONBody(`{type: object, propertes: {a: {}}}`), ""), "did you mean properties?"},
	{"a keyword in another case", one(asJSONBody(`{type: object, Required: [a]}`), ""), "did you mean required?"},
	{"letters that changed places", one(asJSONBody(`{type: object, reuqired: [a]}`), ""), "did you mean required?"},
	{"a schema of draft 7", one(asJSONBody(`{$schema: 'http://json-schema.org/draft-07/schema#', $id: 'https://x.example/o.json', type: array, items: {type: object, properties: {a: {}}}}`), ""), "write the schema so, and leave $schema out"},
	{"an anchor twice", one(asJSONBody(`{$ref: '#x'}`), `A: {$anchor: x, type: integer}, B: {$anchor: x, type: string}`), `the anchor "x" stands at`},
	{"an $id twice", one(asJSONBody(`{}`), `A: {$id: 'https://x.example/a', type: integer}, B: {$id: 'https://x.example/a', type: string}`), `is the $id of another schema too`},
	{"$recursiveRef to elsewhere", one(asJSONBody(`{$recursiveRef: '#/a'}`), ""), "must be \"#\""},
	{"a mapping to nothing, of what others inherit", one(asJSONBody(`{$ref: '#/components/schemas/Pet'}`), `Pet: {type: object, properties: {kind: {type: string}}, discriminator: {propertyName: kind, mapping: {cat: '#/Ct'}}}, Cat: {allOf: [{$ref: '#/components/schemas/Pet'}]}`), `"#/Ct" leads to nothing`},
	{"required as a flag", one(asJSONBody(`{type: object, properties: {a: {type: string, required: true}}}`), ""), "must be an array of the names of members"},
}

func TestSchemaProblems(t *testing.T) {
	for _, c := range schemaProblems {
		t.Run(c.name, func(t *testing.T) {
			_, err := openapi.Parse([]byte(c.document), openapi.Config{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestSameBesideRef: what the target says too may stand beside a $ref of 3.0.
func TestSameBesideRef(t *testing.T) {
	parse(t, used(with("3.0.3", "paths: {}\ncomponents: {schemas: {A: {type: string, maxLength: 3}, B: {$ref: '#/components/schemas/A', type: string, maxLength: 3, description: b, nullable: true}}}")), openapi.Config{})
}

// An anchor in an example is a text of the example.
func TestAnchorInExample(t *testing.T) {
	d := parse(t, one(asJSONBody(`{$ref: '#x'}`), `A: {$anchor: x, type: integer, examples: [{$anchor: x}], default: {$anchor: x}, enum: [{$anchor: x}, 1]}`), openapi.Config{})
	for body, want := range map[string]string{`1`: "", `"a"`: " wrong_type"} {
		if got := verdict(t, decide(d, requestCase{line: "POST /a", header: jsonType, body: body}.request())); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

// A schema of the components is found by its $id from answers as from bodies.
func TestAddressInAnswer(t *testing.T) {
	d := parse(t, with("3.1.0", `paths: {/a: {get: {responses: {"200": {description: d, content: {application/json: {schema: {$ref: 'https://x.example/a'}}}}}}}}
components: {schemas: {A: {$id: 'https://x.example/a', type: object, properties: {a: {}}}}}`), openapi.Config{Responses: openapi.ResponsesShape})
	v := d.Operations()[0].CheckAnswer(200, "application/json", []byte(`{"a":1,"b":2}`))
	if string(v.Body) != `{"a":1}` {
		t.Errorf("the answer is %s: %s", v.Body, v.Code)
	}
}

// unreadCases are media types that cannot be held to what their schema asks.
func TestUnread(t *testing.T) {
	for _, c := range []struct{ kind, schema, body, want string }{
		{"application/xml", "{required: [a], properties: {a: {type: string}}}", "<x/>", "unsupported_media_type"},
		{"application/xml", "{type: string}", "<x/>", ""},
		{"application/xml", "{}", "<x/>", ""},
		{"application/yaml", "{type: string, maxLength: 2}", "role: admin", "unsupported_media_type"},
		{"application/yaml", "{enum: [a]}", "role: admin", "unsupported_media_type"},
		{"application/yaml", "{not: {}}", "role: admin", "unsupported_media_type"},
		{"application/yaml", "false", "role: admin", "unsupported_media_type"},
		{"application/octet-stream", "{type: string, format: binary}", "\x00", ""},
		{"text/xml", "{required: [a], properties: {a: {type: string}}}", "<x/>", "unsupported_media_type"},
		{"text/csv", "{allOf: [{items: {type: object}}]}", "a,b", "unsupported_media_type"},
		{"text/plain", "{pattern: '^[a-f]+$'}", "123456", " pattern"},
		{"text/plain", "{maxLength: 3}", "1234", " too_long"},
		{"text/plain", "{minimum: 5}", "3", " too_small"},
		{"text/plain", "{minimum: 5, maxLength: 3}", "3", " too_small"},
		{"text/plain", "{minimum: 5, maxLength: 3}", "7", ""},
	} {
		for _, name := range []string{c.kind, "*/*"} {
			d := parse(t, one("{'"+name+"': {schema: "+c.schema+"}}", ""), openapi.Config{})
			r := requestCase{line: "POST /a", header: "Content-Type: " + c.kind, body: c.body}.request()
			if got := verdict(t, decide(d, r)); got != c.want {
				t.Errorf("%s of %s as %s: got %q, want %q", c.kind, c.schema, name, got, c.want)
			}
		}
	}
}

// A parameter whose schema names no type is held to what it asks of strings.
func TestUntypedParameters(t *testing.T) {
	for schema, cases := range map[string]map[string]string{
		"{pattern: '^[a-f]+$'}":         {"123456": "query:q pattern", "true": "query:q pattern", "abc": ""},
		"{format: uuid}":                {"123456": "query:q not_uuid"},
		"{maxLength: 3}":                {"123456": "query:q too_long", "123": ""},
		"{minLength: 10}":               {"true": "query:q too_short"},
		"{allOf: [{pattern: '^a'}]}":    {"1": "query:q pattern", "a": ""},
		"{minimum: 5}":                  {"3": "query:q too_small", "7": ""},
		"{type: integer, maxLength: 1}": {"123": ""},
		"{}":                            {"123": "", "true": "", "a": ""},
	} {
		d := parse(t, with("3.1.0", "paths: {/a: {get: {parameters: [{name: q, in: query, schema: "+schema+"}]}}}"), openapi.Config{})
		for text, want := range cases {
			if got := verdict(t, decide(d, requestCase{line: http.MethodGet + " /a?q=" + text}.request())); got != want {
				t.Errorf("%s: %s: got %q, want %q", schema, text, got, want)
			}
		}
	}
}
