package openapi_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// realDocuments are those of the third-party suite. Bases are where their paths are.
var realDocuments = []struct {
	file, base string
}{
	{"openapi3/testdata/oai_v3_stoplight.json", "/v3"},
	{"openapi3filter/testdata/fixtures/petstore.json", "/v2"},
}

func TestRealDocuments(t *testing.T) {
	for _, c := range realDocuments {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			file := filepath.Join(suite.Dir(t, "openapi"), c.file)
			matchAll(t, file, c.base)
		})
	}
}

// matchAll loads a document and matches every method at every path of it, read from the
// file a second time by another reader.
func matchAll(t *testing.T, file, base string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	d, err := openapi.Load(filepath.Dir(file), filepath.Base(file), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	total := 0
	for template, item := range doc.Paths {
		for method := range item {
			if !strings.Contains("get put post delete patch head options", method) {
				continue
			}
			total++
			path := base + strings.NewReplacer("{", "", "}", "").Replace(template)
			op, _, err := d.Match(strings.ToUpper(method), "", path)
			if err != nil || op.Path != template && !strings.ContainsAny(template, "{") {
				t.Errorf("%s %s: %v", method, path, err)
			}
		}
	}
	if total != len(d.Operations()) || total == 0 {
		t.Errorf("%d operations, %d in the document", total, len(d.Operations()))
	}
	if _, _, err := d.Match(http.MethodGet, "", base+"/no/such/path/at/all"); err == nil {
		t.Error("a path that is not documented is served")
	}
	t.Logf("%d operations, %d KiB of document, loaded in %v, %d KiB held", total, len(data)>>10, took.Round(time.Millisecond), (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	runtime.KeepAlive(d)
}

// TestMoreDocuments takes JSON documents that SALLYPORT_TEST_OPENAPI names, separated by
// commas, whose servers have no base.
func TestMoreDocuments(t *testing.T) {
	files := os.Getenv("SALLYPORT_TEST_OPENAPI")
	if files == "" {
		t.Skip("SALLYPORT_TEST_OPENAPI names no documents")
	}
	for file := range strings.SplitSeq(files, ",") {
		t.Run(filepath.Base(file), func(t *testing.T) { matchAll(t, file, "") })
	}
}
