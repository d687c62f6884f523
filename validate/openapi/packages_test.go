package openapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/sallyport-dev/sallyport/internal/servers"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/pattern"
)

// documents is the folder of the documents that `make servers` takes out of packages of npm, as the list beside it says.
const documents = "../../internal/e2e/node/openapi"

// longestLoad is how long a document may take to load, on a machine that does much else.
const longestLoad = 60 * time.Second

// stricter are the codes of failures that JSON Schema does not have: members that nobody described, or that do not go
// this way, and formats, which it has as annotations.
var stricter = []string{"unknown_member", "read_only", "write_only", "bad_name", "not_email", "not_time", "format"}

// TestPackagedDocuments loads real documents, and wants their examples to be accepted as far as another reader of JSON
// Schema has them as valid.
func TestPackagedDocuments(t *testing.T) {
	list, err := os.Open(documents + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	loaded := 0
	for lines := bufio.NewScanner(list); lines.Scan(); {
		name, from, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" || strings.HasPrefix(name, "api.github") { // TestRealDocuments has GitHub's
			continue
		}
		loaded++
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(documents, name))
			if err != nil {
				servers.Check(t, servers.Missing(name+" of npm's "+from+" is missing: run `make servers`"))
			}
			packaged(t, data)
		})
	}
	if loaded < 10 {
		t.Errorf("%d documents", loaded)
	}
}

func packaged(t *testing.T, data []byte) {
	start := time.Now()
	d, err := openapi.Parse(data, openapi.Config{
		Responses: openapi.ResponsesReport, Limit: 64 << 20, AnswerLimit: 64 << 20, Items: 100_000, Values: 1_000_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	e := exampleSet{T: t, d: d, byName: operations(t, d), refused: map[string]int{}}
	e.read(data)
	e.each()
	t.Logf("%d KiB, %d operations, loaded in %v, %d warnings; %d examples accepted, %d not valid, refused as ours is stricter: %v",
		len(data)>>10, len(d.Operations()), took.Round(time.Millisecond), len(d.Warnings()), e.accepted, e.invalid, e.refused)
	for _, w := range d.Warnings() {
		t.Log(w)
	}
	if took > longestLoad {
		t.Errorf("loaded in %v", took)
	}
}

// exampleSet goes through the examples of a document.
type exampleSet struct {
	*testing.T
	d      *openapi.Document
	byName map[string]*openapi.Operation
	root   map[string]any
	oracle *jsonschema.Compiler

	accepted, invalid int
	refused           map[string]int // by code
}

// read reads the document; the other reader has its schemas of 3.0 as draft 4.
func (e *exampleSet) read(data []byte) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			e.Fatal(err)
		}
		e.root = tree.(map[string]any)
	} else {
		var tree any
		if err := yaml.Load(data, &tree); err != nil {
			e.Fatal(err)
		}
		text, err := json.Marshal(tree)
		if err != nil {
			e.Fatal(err)
		}
		again, _ := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		e.root = again.(map[string]any)
	}
}

// compile is the schema at a place as the other reader has it.
func (e *exampleSet) compile(place string) (*jsonschema.Schema, error) {
	if e.oracle == nil {
		e.start()
	}
	return e.oracle.Compile("memory:document#" + (&url.URL{Fragment: place}).EscapedFragment())
}

func (e *exampleSet) start() {
	e.oracle = jsonschema.NewCompiler()
	e.oracle.DefaultDraft(jsonschema.Draft2020)
	if version, _ := e.root["openapi"].(string); strings.HasPrefix(version, "3.0") {
		e.oracle.DefaultDraft(jsonschema.Draft4)
		withNull(e.root)
	}
	e.oracle.UseRegexpEngine(compilePattern)
	if err := e.oracle.AddResource("memory:document", e.root); err != nil {
		e.Fatal(err)
	}
}

// matcher has the other reader match patterns as this one does: what they mean is the matter of other tests.
type matcher struct{ *pattern.Pattern }

func (m matcher) MatchString(text string) bool {
	left := 1 << 30
	return new(pattern.Machine).Match(m.Pattern, text, &left)
}

func compilePattern(text string) (jsonschema.Regexp, error) {
	p, err := pattern.Compile(text)
	return matcher{p}, err
}

// withNull writes nullable as the type that it stands for.
func withNull(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			withNull(item)
		}
	case map[string]any:
		for _, item := range v {
			withNull(item)
		}
		if kind, ok := v["type"].(string); ok && v["nullable"] == true {
			v["type"] = []any{kind, "null"}
		}
	}
}

// each holds every example of requests and responses.
func (e *exampleSet) each() {
	paths, _ := e.root["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			op := e.byName[strings.ToUpper(method)+" "+path]
			operation, _ := item[method].(map[string]any)
			if op == nil || operation == nil {
				continue
			}
			at := "/paths/" + wire.Escape(path) + "/" + method
			body, bodyAt := e.follow(operation["requestBody"], at+"/requestBody")
			e.media(body, bodyAt, func(media string, text []byte) []string { return codes(e.T, op.CheckBody(media, text)) })
			responses, _ := operation["responses"].(map[string]any)
			for _, status := range slices.Sorted(maps.Keys(responses)) {
				n, err := strconv.Atoi(status)
				if err != nil {
					continue
				}
				response, responseAt := e.follow(responses[status], at+"/responses/"+status)
				e.media(response, responseAt, func(media string, text []byte) (list []string) {
					for _, f := range op.CheckAnswer(n, media, text).Failures {
						list = append(list, f.Code)
					}
					return list
				})
			}
		}
	}
}

// follow follows a $ref within the document.
func (e *exampleSet) follow(v any, at string) (map[string]any, string) {
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return m, at
	}
	at = strings.TrimPrefix(ref, "#")
	var target any = e.root
	for token := range strings.SplitSeq(strings.TrimPrefix(at, "/"), "/") {
		below, _ := target.(map[string]any)
		target = below[strings.NewReplacer("~1", "/", "~0", "~").Replace(token)]
	}
	m, _ = target.(map[string]any)
	return m, at
}

// media holds the examples of JSON in one content.
func (e *exampleSet) media(m map[string]any, at string, check func(media string, text []byte) []string) {
	content, _ := m["content"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(content)) {
		media, _ := content[name].(map[string]any)
		if !strings.Contains(name, "json") || media["schema"] == nil || strings.Contains(name, ";") {
			continue
		}
		place := at + "/content/" + wire.Escape(name)
		valid := func(v any) bool {
			s, err := e.compile(place + "/schema")
			return err == nil && s.Validate(v) == nil
		}
		for _, v := range e.values(media) {
			text, err := json.Marshal(v)
			if err != nil {
				e.Fatal(err)
			}
			if !valid(v) {
				e.invalid++
				continue
			}
			e.tally(place, text, check(name, text))
		}
	}
}

// values lists the examples of a media type.
func (e *exampleSet) values(media map[string]any) (list []any) {
	if v, ok := media["example"]; ok {
		list = append(list, v)
	}
	examples, _ := media["examples"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if example, _ := e.follow(examples[name], ""); example["value"] != nil {
			list = append(list, example["value"])
		}
	}
	if schema, _ := media["schema"].(map[string]any); schema["example"] != nil {
		list = append(list, schema["example"])
	}
	return list
}

func (e *exampleSet) tally(place string, text []byte, codes []string) {
	if len(codes) == 0 {
		e.accepted++
		return
	}
	slices.Sort(codes)
	stray := slices.Contains(codes, "unknown_member") // without which a choice may be another one
	for _, code := range slices.Compact(codes) {
		e.refused[code]++
		if !stray && !slices.Contains(stricter, code) {
			e.Errorf("%s: %s: %.300s", place, code, text)
		}
	}
}

// codes are those of the failures of a refusal.
func codes(t *testing.T, err error) (list []string) {
	for line := range strings.Lines(verdict(t, err)) {
		line = strings.TrimSpace(line)
		list = append(list, line[strings.LastIndexByte(line, ' ')+1:])
	}
	return list
}
