package e2e_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// gate is a running `sallyport serve`.
type gate struct {
	t   *testing.T
	url string
	*process
}

var listening = regexp.MustCompile(`^  listening +(\S+)`)

// serve starts `sallyport serve` on a free port.
func serve(t *testing.T, args ...string) *gate {
	t.Helper()
	if !slices.Contains(args, "--data") {
		args = append([]string{"--data", t.TempDir()}, args...)
	}
	p, url := start(t, listening, binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	return &gate{t, url, p}
}

const password = "correct-horse-41-battery"

// login registers a user and returns an access token.
func (g *gate) login(name string) string {
	g.t.Helper()
	asJSON := http.Header{"Content-Type": {"application/json"}}
	g.do("POST", "/auth/register", asJSON, `{"username":"`+name+`","email":"`+name+`@example.com","password":"`+password+`"}`).want(201)
	return g.again(name)
}

// again logs in who is registered.
func (g *gate) again(name string) string {
	g.t.Helper()
	asJSON := http.Header{"Content-Type": {"application/json"}}
	return g.do("POST", "/auth/login", asJSON, `{"username":"`+name+`","password":"`+password+`"}`).want(200).member("access_token")
}

// me returns the id of the user whose token this is.
func (g *gate) me(token string) string {
	g.t.Helper()
	return g.get("/auth/me", as(token)).want(200).member("id")
}

// as is the header of a request with a token, and further fields as name and value.
// The names are sent as they are written.
func as(token string, fields ...string) http.Header {
	h := http.Header{}
	if token != "" {
		h["Authorization"] = []string{"Bearer " + token}
	}
	for i := 0; i < len(fields); i += 2 {
		h[fields[i]] = append(h[fields[i]], fields[i+1])
	}
	return h
}

// get sends a GET.
func (g *gate) get(path string, h http.Header) *reply { g.t.Helper(); return g.do("GET", path, h, "") }

// client is a browser's opposite: it follows nothing and unpacks nothing.
var client = &http.Client{
	Timeout:       limit,
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends a request and reads the whole answer.
func (g *gate) do(method, path string, h http.Header, body string) *reply {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if h != nil {
		req.Header = h.Clone()
	}
	res, err := client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return &reply{g.t, method + " " + path, res.StatusCode, res.Header, string(data)}
}

// reply is an answer, read.
type reply struct {
	t      *testing.T
	to     string
	status int
	header http.Header
	body   string
}

// want fails the test unless the status is this.
func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: status %d, want %d\n%v\n%s", r.to, r.status, status, r.header, r.body)
	}
	return r
}

// problem fails the test unless the answer is a problem with this status and code.
func (r *reply) problem(status int, code string) *reply {
	r.t.Helper()
	r.want(status)
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		r.t.Errorf("%s: Content-Type %q, want a problem\n%s", r.to, got, r.body)
	}
	if got := r.member("code"); got != code {
		r.t.Errorf("%s: code %q, want %q", r.to, got, code)
	}
	return r
}

// field fails the test unless a header field has this value; "" for absent.
func (r *reply) field(name, want string) *reply {
	r.t.Helper()
	if got := strings.Join(r.header.Values(name), " | "); got != want {
		r.t.Errorf("%s: %s is %q, want %q", r.to, name, got, want)
	}
	return r
}

// member returns a text member of the JSON body.
func (r *reply) member(name string) string {
	r.t.Helper()
	var members map[string]any
	r.into(&members)
	s, ok := members[name].(string)
	if !ok {
		r.t.Fatalf("%s: no text %q in %s", r.to, name, r.body)
	}
	return s
}

// into reads the JSON body.
func (r *reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.body), v, anyCase); err != nil {
		r.t.Fatalf("%s: %v\n%s", r.to, err, r.body)
	}
}
