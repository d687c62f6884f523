package e2e_test

import (
	"bufio"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// app is the Express program of node/express.mjs.
type app struct {
	url string
	*process
}

var appListening = regexp.MustCompile(`^listening on (\S+)`)

func express(t *testing.T) *app {
	t.Helper()
	p, url := start(t, appListening, node(t), "node/express.mjs")
	return &app{url, p}
}

// TestExpress puts a careless Express program behind a gate.
func TestExpress(t *testing.T) {
	t.Parallel()
	upstream := express(t)
	g := serve(t, "--upstream", upstream.url, "--public", "GET /health")
	token := g.login("ada")
	me := g.me(token)

	t.Run("who gets in", func(t *testing.T) {
		g := g.in(t)
		g.get("/health", nil).want(200).field("X-Powered-By", "").field("X-Content-Type-Options", "nosniff")
		g.get("/whoami", nil).problem(401, "no_credentials").field("Www-Authenticate", `Bearer realm="api"`)
		g.get("/whoami", as(token+"A")).problem(401, "invalid_token")
		g.get("/whoami", as(token)).want(200).field("X-Powered-By", "").field("Server", "").field("Content-Type", "application/json; charset=utf-8")
	})

	t.Run("identity", func(t *testing.T) {
		g := g.in(t)
		for _, h := range []http.Header{
			as(token),
			as(token, "X-Sallyport-Subject", "root"),
			as(token, "x-sallyport-subject", "root", "X-SALLYPORT-SUBJECT", "root"),
			as(token, "X_Sallyport_Subject", "root", "x-sallyport_subject", "root"),
			as(token, "X.Sallyport.Subject", "root", "x~sallyport~subject", "root"),
			as(token, "X-Sallyport-Roles", "admin", "X_Sallyport_Roles", "admin", "X-Sallyport-New", "admin"),
		} {
			seen := g.seen("/whoami", h)
			if got := seen["xsallyportsubject"]; !slices.Equal(got, []string{me}) {
				t.Errorf("after %v Express sees the subjects %q, want %q alone", spoofs(h), got, me)
			}
			if got := seen["xsallyportissuer"]; !slices.Equal(got, []string{g.url}) {
				t.Errorf("after %v Express sees the issuers %q, want %q alone", spoofs(h), got, g.url)
			}
			if got := seen["xsallyportroles"]; !slices.Equal(got, []string{"user"}) {
				t.Errorf("after %v Express sees the roles %q, want user alone", spoofs(h), got)
			}
			for _, name := range []string{"xsallyportnew", "authorization"} {
				if seen[name] != nil {
					t.Errorf("after %v Express sees %s: %q", spoofs(h), name, seen[name])
				}
			}
		}
		for _, h := range []http.Header{
			as(token, "X-Sallyport-Subject", "root", "Connection", "X-Sallyport-Subject"),
			as(token, "Connection", "keep-alive, x-sallyport-subject, x-sallyport-issuer"),
		} {
			g.get("/whoami", h).problem(400, "bad_request")
		}
		for _, name := range []string{"X-Sallyport-Subject", "x_sallyport_subject"} {
			g.get("/whoami", as("", name, me)).problem(401, "no_credentials")
		}
	})

	t.Run("bodies", func(t *testing.T) {
		g := g.in(t)
		var note struct{ Owner, Text string }
		g.do("POST", "/notes", as(token, "Content-Type", "application/json"), `{"text":"héllo"}`).want(201).into(&note)
		if note.Owner != me || note.Text != "héllo" {
			t.Errorf("Express got %+v", note)
		}
		g.do("POST", "/notes", as("", "Content-Type", "application/json"), `{"text":"x"}`).problem(401, "no_credentials")
	})

	t.Run("stacks stay inside", func(t *testing.T) {
		direct := &gate{t, upstream.url, nil}
		asJSON := as(token, "Content-Type", "application/json")
		for name, answers := range map[string][2]*reply{
			"a crash":  {direct.get("/boom", nil).want(500), g.in(t).get("/boom", as(token)).problem(500, "upstream_error")},
			"bad JSON": {direct.do("POST", "/notes", asJSON, `{"text":`).want(400), g.in(t).do("POST", "/notes", asJSON, `{"text":`).problem(400, "upstream_refused")},
		} {
			if !strings.Contains(answers[0].body, "    at ") && !strings.Contains(answers[0].body, "&nbsp;at ") {
				t.Fatalf("%s: Express alone shows no stack, so this proves nothing:\n%s", name, answers[0].body)
			}
			for _, inner := range []string{"hunter2", "express", "node_modules", "Error:", "    at "} {
				if strings.Contains(answers[1].body, inner) {
					t.Errorf("%s: the client sees %q:\n%s", name, inner, answers[1].body)
				}
			}
		}
	})

	t.Run("server-sent events", func(t *testing.T) { events(t, g.in(t), token) })
	t.Run("WebSocket", func(t *testing.T) { webSocket(t, g.in(t), token, me) })
}

// TestUpstreamStops has the upstream of a running gate end.
func TestUpstreamStops(t *testing.T) {
	t.Parallel()
	upstream := express(t)
	g := serve(t, "--upstream", upstream.url)
	token := g.login("ada")
	g.get("/whoami", as(token)).want(200)
	upstream.stop()
	g.get("/whoami", as(token)).problem(502, "upstream_unreachable").field("Retry-After", "5")
	g.get("/whoami", nil).problem(401, "no_credentials")
	g.get("/auth/me", as(token)).want(200)
}

// events reads a stream, each event before the next one is caused.
func events(t *testing.T, g *gate, token string) {
	req, err := http.NewRequestWithContext(t.Context(), "GET", g.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = as(token)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "text/event-stream; charset=utf-8" {
		t.Fatalf("status %d, Content-Type %q", res.StatusCode, got)
	}
	stream := bufio.NewReader(res.Body)
	for _, want := range []string{"data: 0\n", "data: 1\n", "data: 2\n"} {
		line, err := stream.ReadString('\n')
		if err != nil || line != want {
			t.Fatalf("got %q, %v; want %q", line, err, want)
		}
		if line, err := stream.ReadString('\n'); err != nil || line != "\n" {
			t.Fatalf("got %q, %v; want the end of an event", line, err)
		}
		g.do("POST", "/events", as(token), "").want(204)
	}
}

func webSocket(t *testing.T, g *gate, token, id string) {
	type said struct {
		Status         int
		Greeting, Text string
		Size, Code     int
	}
	url := "ws" + strings.TrimPrefix(g.url, "http") + "/socket"
	for _, one := range []struct {
		name    string
		headers map[string]string
		want    said
	}{
		{"without a token", map[string]string{}, said{Status: 401}},
		{"with a bad token", map[string]string{"Authorization": "Bearer x.y.z"}, said{Status: 401}},
		{"with a token", map[string]string{"Authorization": "Bearer " + token}, said{Greeting: "hello " + id, Text: "héllo", Size: 200_000, Code: 4001}},
		{"with a token and a spoof", map[string]string{"Authorization": "Bearer " + token, "x-sallyport-subject": "root"}, said{Greeting: "hello " + id, Text: "héllo", Size: 200_000, Code: 4001}},
	} {
		got := script[said](t, "socket.mjs", map[string]any{"url": url, "headers": one.headers, "text": "héllo"})
		if got != one.want {
			t.Errorf("%s: got %+v, want %+v", one.name, got, one.want)
		}
	}
}

// in is the same gate for a subtest.
func (g *gate) in(t *testing.T) *gate { return &gate{t, g.url, g.process} }

// seen asks the upstream which fields reached it. The names are without case and
// punctuation: whatever a careless program may take for the same field is the same.
func (g *gate) seen(path string, h http.Header) map[string][]string {
	g.t.Helper()
	var raw struct{ Fields []string }
	g.get(path, h).want(200).into(&raw)
	seen := map[string][]string{}
	for pair := range slices.Chunk(raw.Fields, 2) {
		name := strings.ToLower(punctuation.ReplaceAllString(pair[0], ""))
		seen[name] = append(seen[name], pair[1])
	}
	return seen
}

var punctuation = regexp.MustCompile(`[^A-Za-z0-9]`)

// spoofs are the fields of h that are not the token.
func spoofs(h http.Header) http.Header {
	h = h.Clone()
	delete(h, "Authorization")
	return h
}
