//go:build browser

package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserAllowedOrigin has a page of an allowed origin do what an application's
// scripts do.
func TestBrowserAllowedOrigin(t *testing.T) {
	t.Parallel()
	origin, upstream := site(t, "localhost"), notes(t)
	g := serve(t, "--upstream", upstream.URL, "--allow-origin", origin)
	g.login("ada")
	b := open(t, origin)

	b.ask("POST", g.url+"/auth/login", `{"username":"ada","password":"wrong"}`).problem(t, 401, "invalid_credentials")
	var session struct {
		Token string `json:"access_token"`
	}
	b.ask("POST", g.url+"/auth/login", `{"username":"ada","password":"`+password+`"}`).want(t, 200).into(t, &session)
	bearer := "Bearer " + session.Token

	list := b.ask("GET", g.url+"/notes", "", "Authorization", bearer).want(t, 200)
	if list.Body != notesBody {
		t.Errorf("the page reads %q", list.Body)
	}
	if !strings.HasPrefix(list.Fields["ratelimit"], `"default";r=`) || !strings.HasPrefix(list.Fields["ratelimit-policy"], `"default";q=100;w=900`) {
		t.Errorf("the page reads the fields %q", list.Fields)
	}

	refused := b.ask("GET", g.url+"/notes", "").problem(t, 401, "no_credentials")
	if refused.Fields["www-authenticate"] != `Bearer realm="api"` {
		t.Errorf("the page reads the fields %q", refused.Fields)
	}
	invalid := b.ask("POST", g.url+"/auth/register", `{"username":"x","email":"nobody","password":"12345678"}`).problem(t, 422, "invalid_body")
	for _, pointer := range []string{`"/username"`, `"/email"`, `"/password"`} {
		if !strings.Contains(invalid.Body, pointer) {
			t.Errorf("the page does not read that %s is wrong: %s", pointer, invalid.Body)
		}
	}

	if got := b.ask("PUT", g.url+"/notes/1", `{"text":"new"}`, "Authorization", bearer).want(t, 200); got.Body != `PUT {"text":"new"}` {
		t.Errorf("the upstream got %s", got.Body)
	}
	b.await("a preflight", func() bool { return b.sent["OPTIONS "+g.url+"/notes/1"] == 1 })
	b.ask("GET", g.url+"/notes", "", "Authorization", bearer, "X-Unlisted", "1").unreadable(t)
}

// TestBrowserLimit has a page learn that it was too fast, and how long to wait.
func TestBrowserLimit(t *testing.T) {
	t.Parallel()
	origin := site(t, "localhost")
	g := serve(t, "--upstream", notes(t).URL, "--allow-origin", origin, "--public", "GET /health", "--limit", "2 per 1m")
	b := open(t, origin)
	for _, left := range []string{"1", "0"} {
		if got := b.ask("GET", g.url+"/health", "").want(t, 200).Fields["ratelimit"]; !strings.HasPrefix(got, `"default";r=`+left) {
			t.Errorf("the page reads RateLimit: %s, want %s left", got, left)
		}
	}
	over := b.ask("GET", g.url+"/health", "").problem(t, 429, "rate_limited")
	var wait int
	if _, err := fmt.Sscan(over.Fields["retry-after"], &wait); err != nil || wait < 1 || wait > 60 {
		t.Errorf("the page reads Retry-After: %q", over.Fields["retry-after"])
	}
}

// TestBrowserOtherOrigin has a page of another origin send the same requests: some
// arrive, and none can be read.
func TestBrowserOtherOrigin(t *testing.T) {
	t.Parallel()
	allowed, other, upstream := site(t, "localhost"), site(t, "127.0.0.1"), notes(t)
	g := serve(t, "--upstream", upstream.URL, "--allow-origin", allowed, "--public", "GET /health")
	bearer := "Bearer " + g.login("ada")

	b := open(t, allowed)
	b.ask("GET", g.url+"/health", "").want(t, 200)
	b.ask("GET", g.url+"/notes", "", "Authorization", bearer).want(t, 200)
	before := upstream.requests.Load()

	b = open(t, other)
	b.ask("GET", g.url+"/health", "").unreadable(t)
	b.ask("GET", g.url+"/notes", "").unreadable(t)
	b.ask("GET", g.url+"/notes", "", "Authorization", bearer).unreadable(t)
	b.ask("PUT", g.url+"/notes/1", `{}`, "Authorization", bearer).unreadable(t)
	b.ask("POST", g.url+"/auth/login", `{"username":"ada","password":"`+password+`"}`).unreadable(t)
	b.ask("POST", g.url+"/auth/login", `{"username":"ada","password":"`+password+`"}`, "Content-Type", "text/plain").unreadable(t)
	b.ask("GET", g.url+"/.well-known/jwks.json", "").want(t, 200) // public keys are for everybody
	b.embed(g.url + "/health").unreadable(t)
	// Only the two plain requests for /health came through to the upstream.
	if got := upstream.requests.Load() - before; got != 2 {
		t.Errorf("%d requests reached the upstream, want 2", got)
	}
}

// TestBrowserTLS has a page use a gate with TLS.
func TestBrowserTLS(t *testing.T) {
	t.Parallel()
	origin := site(t, "localhost")
	g := serve(t, "--upstream", notes(t).URL, "--allow-origin", origin, "--public", "GET /health", "--tls-self-signed")
	open(t, origin).ask("GET", g.url+"/health", "").unreadable(t) // a certificate nobody signed

	b := open(t, origin, chromedp.IgnoreCertErrors)
	b.ask("POST", g.url+"/auth/register", `{"username":"ada","email":"ada@example.com","password":"`+password+`"}`).want(t, 201)
	var session struct {
		Token string `json:"access_token"`
	}
	b.ask("POST", g.url+"/auth/login", `{"username":"ada","password":"`+password+`"}`).want(t, 200).into(t, &session)
	b.ask("GET", g.url+"/notes", "", "Authorization", "Bearer "+session.Token).want(t, 200)
	b.visit(g.url + "/health")
	for _, path := range []string{"/notes", "/health"} {
		b.await(path, func() bool { return b.answers["GET "+g.url+path] != nil })
		res := b.answers["GET "+g.url+path]
		if res.Protocol != "h2" {
			t.Errorf("%s came over %s, want h2", path, res.Protocol)
		}
		if got := res.Headers["strict-transport-security"]; got != "max-age=63072000; includeSubDomains" {
			t.Errorf("%s: Strict-Transport-Security is %v", path, got)
		}
	}
}

// TestBrowserCookies has the application's page keep its session in cookies: it can use
// it, cannot read it, and no other page can do anything with it.
func TestBrowserCookies(t *testing.T) {
	t.Parallel()
	origin, evil := secureSite(t, "localhost"), secureSite(t, "127.0.0.1")
	g := serve(t, "--upstream", notes(t).URL, "--allow-origin", origin, "--allow-cookies", "--tls-self-signed")
	api := strings.Replace(g.url, "127.0.0.1", "localhost", 1) // of the same site as the page

	b := open(t, origin, chromedp.IgnoreCertErrors)
	b.ask("POST", api+"/auth/register", `{"username":"ada","email":"ada@example.com","password":"`+password+`"}`).want(t, 201)
	login := b.ask("POST", api+"/auth/login", `{"username":"ada","password":"`+password+`"}`, "Sallyport-Mode", "cookie").want(t, 200)
	for _, secret := range []string{"eyJ", "spr_", "spd_"} {
		if strings.Contains(login.Body, secret) {
			t.Errorf("the page reads a token: %s", login.Body)
		}
	}
	if script, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.cookie")); err != nil || script != "" {
		t.Errorf("a script reads the cookies %q, %v", script, err)
	}
	b.ask("GET", api+"/notes", "").want(t, 200)
	b.ask("PUT", api+"/notes/1", `{}`).want(t, 200)
	b.ask("POST", api+"/auth/refresh", `{}`, "Sallyport-Mode", "cookie").want(t, 200)

	// Another site's page, in the same browser with the same cookies.
	b.visit(evil)
	b.ask("GET", api+"/notes", "").unreadable(t)
	b.ask("POST", api+"/auth/logout", "", "Content-Type", "text/plain").unreadable(t)

	b.visit(origin)
	b.ask("GET", api+"/notes", "").want(t, 200) // still logged in
	b.ask("POST", api+"/auth/logout", "").want(t, 204)
	b.ask("GET", api+"/notes", "").problem(t, 401, "no_credentials")
}
