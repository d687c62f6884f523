package e2e_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

var uvicornListening = regexp.MustCompile(`running on (http://\S+)`)

// fastAPI starts the program of python/docs.py, and returns its address.
func fastAPI(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} { // Debian's is not the first in every PATH
		path, err := exec.LookPath(name)
		if err != nil || exec.Command(path, "-c", "import fastapi, uvicorn").Run() != nil {
			continue
		}
		_, url := start(t, uvicornListening, path, "python/docs.py")
		return url
	}
	servers.Check(t, servers.Missing("FastAPI or uvicorn is missing: run `make servers`, or Debian: "+
		"apt-get install python3-fastapi python3-uvicorn; elsewhere: pip3 install fastapi uvicorn"))
	return ""
}

// TestFastAPI: what FastAPI says of caching stays, its page keeps its scripts, and the body of a
// 5xx passes where the route lets it.
func TestFastAPI(t *testing.T) {
	t.Parallel()
	upstream := fastAPI(t)
	g := serve(t, "--upstream", upstream, "--public", "GET /docs", "--route", "GET /orders public",
		"--route", "GET /full public insecure-error-bodies")

	g.get("/orders", nil).want(200).field("Cache-Control", "public, max-age=60").field("Vary", "").
		field("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	page := g.get("/docs", nil).want(200).field("Cache-Control", "no-store").field("X-Frame-Options", "DENY").
		field("Content-Security-Policy", "base-uri 'self'; object-src 'none'; frame-ancestors 'none'").
		field("Referrer-Policy", "strict-origin-when-cross-origin")
	if !strings.Contains(page.body, "<script") || !strings.Contains(page.body, "Orders of the shop") {
		t.Errorf("the page is %s", page.body)
	}
	if full := g.get("/full", nil).want(503); full.body != `{"error":{"code":"out_of_stock"}}` {
		t.Errorf("the 503 is %s", full.body)
	}

	guarded := serve(t, "--upstream", upstream)
	token := guarded.login("ada")
	guarded.get("/orders", nil).problem(401, "no_credentials").field("Cache-Control", "no-store")
	guarded.get("/orders", as(token)).want(200).field("Cache-Control", "public, max-age=60").
		field("Vary", "Authorization, Cookie")
	guarded.get("/full", as(token)).problem(503, "upstream_error")
}
