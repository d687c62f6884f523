package e2e_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
)

// TestRedirects: behind HTTPS, the absolute redirects of a framework that believes X-Forwarded-Proto lead to the gate,
// with --keep-host and without.
func TestRedirects(t *testing.T) {
	t.Parallel()
	upstream := fastAPI(t)
	secure := &http.Client{
		Timeout:       limit,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	location := func(g *gate, path string) string {
		res, err := secure.Get(g.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 307 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		return res.Header.Get("Location")
	}
	if alone := location(&gate{t, upstream, nil}, "/items"); !strings.HasPrefix(alone, upstream) {
		t.Fatalf("alone it redirects to %q, so this proves nothing", alone)
	}
	g := serve(t, "--upstream", upstream, "--tls-self-signed", "--public", "GET /")
	kept := serve(t, "--upstream", upstream, "--tls-self-signed", "--public", "GET /", "--keep-host")
	for _, path := range []string{"/items", "/away"} {
		if got := location(g, path); got != "/items/" {
			t.Errorf("%s: redirects to %q", path, got)
		}
		if got := location(kept, path); got != kept.url+"/items/" {
			t.Errorf("%s with --keep-host: redirects to %q", path, got)
		}
	}
}
