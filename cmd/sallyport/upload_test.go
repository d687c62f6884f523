package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/demo"
)

// TestUpload: a body of unknown length that is too much is cut on its way to the
// upstream, and the client gets a 429, not a 502.
func TestUpload(t *testing.T) {
	notes := httptest.NewServer(demo.Notes())
	defer notes.Close()
	a, err := open(t.Context(), options{
		place: place{data: t.TempDir()}, listen: "127.0.0.1:0", accounts: "on", registration: "closed", upstream: notes.URL, upstreamTimeout: limit,
		routeOptions: routeOptions{public: []string{"POST /notes"}}, limitOptions: limitOptions{limit: "100 per 1h", quotas: []string{"uploads: 100 bytes per 1h by client"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	front := httptest.NewServer(a.handler)
	defer front.Close()
	for _, c := range []struct{ length, status int }{{60, 201}, {60, 429}, {200_000, 429}, {60, 429}} {
		text := `{"text":"` + strings.Repeat("x", max(c.length-11, 0)) + `"}`
		body := io.MultiReader(strings.NewReader(text[:min(len(text), c.length)])) // which hides the length
		res, err := http.Post(front.URL+"/notes", "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != c.status || c.status == 429 && !strings.Contains(string(said), `"violated-policies":["uploads"]`) {
			t.Errorf("%d bytes: %d %s, want %d", c.length, res.StatusCode, said, c.status)
		}
	}
}
