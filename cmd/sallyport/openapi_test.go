package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestAnswersStatus is what an administrator reads of answers that are not as described.
func TestAnswersStatus(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"id":1,"hash":"x"}`))
	}))
	defer upstream.Close()
	file := filepath.Join(t.TempDir(), "api.json")
	const document = `{"openapi":"3.1.1","paths":{"/a":{"get":{"security":[],"responses":{"200":{"content":{"application/json":{"schema":{"properties":{"id":{}}}}}}}}}}}`
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), options{
		place: place{data: t.TempDir()}, listen: "127.0.0.1:0", accounts: "on", registration: "closed", upstream: upstream.URL,
		limitOptions: limitOptions{limit: "9 per 1h"}, documentOptions: documentOptions{openapi: file, responses: "shape"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	}()
	for range 2 {
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
		if w.Body.String() != `{"id":1}` {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	}
	got, err := json.Marshal(a.answersStatus(), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"answers":[{"operation":"GET /a","code":"undeclared_members","count":2}],"responses":"shape"}`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestDocumentWarnings: what of the document is not held is logged, a bounded number of lines.
func TestDocumentWarnings(t *testing.T) {
	var paths []string
	for i := range maxWarnings + 2 {
		paths = append(paths, fmt.Sprintf(`"/%d":{"get":{"parameters":[{"name":"a","in":"query","schema":{"pattern":"(.)\\1"}}]}}`, i))
	}
	d, err := openapi.Parse([]byte(`{"openapi":"3.1.1","paths":{`+strings.Join(paths, ",")+`}}`), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	lines := documentWarnings(d)
	first := `--openapi: document:1:91: #/paths/~10/get/parameters/0/schema/pattern: the pattern "(.)\\1" cannot be matched here, ` +
		`and no value is held to it: a backreference is not supported`
	if len(lines) != maxWarnings+1 || lines[0] != first || lines[maxWarnings] != "--openapi: and 2 warnings more" {
		t.Errorf("got %q", lines)
	}
}
