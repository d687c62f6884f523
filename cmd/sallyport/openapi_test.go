package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
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
