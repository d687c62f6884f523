package route_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/route"
)

func parse(t testing.TB, text string) route.Pattern {
	t.Helper()
	p, err := route.Parse(text, 0)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return p
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text, shape string // what it matches
		refused     string // a part of the error, with the right spelling where there is one
	}{
		{"/", "/{...}", ""},
		{"GET /notes/{id}", "/notes/{}", ""},
		{"GET \t /notes/{id}", "/notes/{}", ""},
		{"api.example/a/", "/a/{...}", ""},
		{"POST [2001:db8::1]/a", "/a", ""},
		{"/a/{rest...}", "/a/{...}", ""},
		{"/{$}", "/", ""},
		{"/a/{$}", "/a/", ""},
		{"/%61/b%20c/é", "/a/b%20c/%C3%A9", ""},
		{"GET /a b", "/a%20b", ""},
		{"/users:batch", "/users:batch", ""},
		{"/{日本}", "/{}", ""},
		{"/a...", "/a...", ""},

		{"", "", "is empty"},
		{"notes", "", `has no path; write "/notes"`},
		{"GET notes", "", `has no path; write "GET /notes"`},
		{"GET", "", "has no path"},
		{" /a", "", `begins with white space; write "/a"`},
		{"GET /a ", "", "ends in white space"},
		{"/a\t", "", "path: must have no white space; write %20"},
		{"get /admin/", "", `method "get": must be in upper case; write "GET /admin/"`},
		{"Get api.example/a", "", `write "GET api.example/a"`},
		{"PURGE /", "", `method "PURGE": is never let in; write one of GET, HEAD, POST`},
		{"TRACE /", "", `method "TRACE": is never let in`},
		{"GET,POST /a", "", "must be one method"},
		{"GET/a", "", `write "GET /a"`},
		{"API.example/admin/", "", `host "API.example": must be in lower case; write "api.example/admin/"`},
		{"api.example:8080/x", "",
			`host "api.example:8080": must have no port, as a pattern is for all of them; write "api.example/x"`},
		{"GET api.example:80/", "", "must have no port"},
		{"https://api.example/x", "", `scheme "https:": a pattern has none; write "api.example/x"`},
		{"bücher.example/", "", "must be ASCII"},
		{"BÜCHER.example/", "", "must be ASCII"},
		{"api.example./", "", `must not end in a dot; write "api.example/"`},
		{"{tenant}.example/", "", "has no wildcards"},
		{"*.example/", "", "has no wildcards"},
		{"a@b/", "", "is no host"},
		{"[2001:DB8::1]/", "", "is no IPv6 address"},
		{"[::1]:80/", "", "is no IPv6 address"},
		{"//a", "", `has an empty or a dot segment, and such requests are refused; write "/a"`},
		{"/a//b/", "", `write "/a/b/"`},
		{"GET /a/../b", "", `write "/b"`},
		{"/a/.", "", `write "/a"`},
		{"/%2e%2E/a", "", "is a dot segment"},
		{"/docs/*", "", `segment "*": "*" is no wildcard; end the pattern in / for everything below, or write {name}`},
		{"/docs/**", "", `is no wildcard`},
		{"/*path", "", `write {path} for one segment`},
		{"/*/b", "", `"*" is no wildcard; write {name}`},
		{"/users/:id", "", `segment ":id": is no wildcard; write {id}`},
		{"/users/:id/notes", "", `write {id}`},
		{"/users/<id>", "", `write {id}`},
		{"/users/<int:id>", "", `write {id}`},
		{"/users/{id:[0-9]+}", "", `a wildcard has no format; write {id}`},
		{"/users/{id}.json", "", "a wildcard must be a whole segment"},
		{"/users/x{id}", "", "a wildcard must be a whole segment"},
		{"/users/{id", "", "a wildcard must be a whole segment"},
		{"/users/{}", "", "a wildcard needs a name"},
		{"/users/{...}", "", "a wildcard needs a name"},
		{"/users/{user-id}", "", "a name is letters, digits and underscores"},
		{"/users/{1}", "", "a name is letters, digits and underscores"},
		{"/{a}/{a}", "", "names a wildcard twice"},
		{"/{a}/{a...}", "", "names a wildcard twice"},
		{"/{$}/a", "", "must be the last"},
		{"/{a...}/b", "", "must be the last"},
		{"/{a...}/", "", "must be the last"},
		{"/a?b=c", "", "a pattern is for a path alone"},
		{"/a#b", "", "a pattern is for a path alone"},
		{"/a%2Fb", "", "are refused"},
		{"/a%5cb", "", "are refused"},
		{"/a;b", "", "are refused"},
		{"/a%25b", "", "are refused"},
		{"/a%00b", "", "are refused"},
		{"/a%0d%0ab", "", "are refused"},
		{"/a%zz", "", "is not well encoded"},
		{"/%ff", "", "must be UTF-8"},
	} {
		p, err := route.Parse(c.text, 0)
		switch {
		case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%q: %v, want %s", c.text, err, c.refused)
		case c.refused == "" && (err != nil || p.Shape() != c.shape || p.String() != c.text):
			t.Errorf("%q: %q and %v, want %q", c.text, p.Shape(), err, c.shape)
		}
	}
}

// TestParseRemedies: what an error tells to write is a pattern.
func TestParseRemedies(t *testing.T) {
	for _, text := range []string{
		"get /admin/", "API.example/admin/", "api.example:8080/x", "https://api.example/x", "GET/a", "notes", "GET notes", " /a", "//a",
		"/a//b/", "api.example./",
	} {
		_, err := route.Parse(text, 0)
		_, remedy, _ := strings.Cut(err.Error(), `write "`)
		remedy, _, _ = strings.Cut(remedy, `"`)
		if _, err := route.Parse(remedy, 0); err != nil {
			t.Errorf("%q: told to write %q, which is refused: %v", text, remedy, err)
		}
	}
}

// FuzzParse: what is taken is a pattern to ServeMux too, and its sample matches both.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"GET /a/{b}/{c...}", "h.example/%61/", "/{$}", "/a b", "/{a}/{$}", "POST x/é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := route.Parse(text, 0)
		if err != nil {
			return
		}
		mux := http.NewServeMux()
		mux.Handle(text, http.NotFoundHandler())
		var table route.Table[string]
		table.Insert(p, text)
		method, host := p.Method(), p.Host()
		if method == "" {
			method = "PUT"
		}
		r := request(t, method, host, p.Sample())
		if _, got := mux.Handler(r); got != text {
			t.Errorf("%q: ServeMux finds %q for %s", text, got, p.Sample())
		}
		if m := table.Find(method, host, p.Sample()); m.Entry == nil || len(m.Others) > 0 {
			t.Errorf("%q: %+v for %s", text, m, p.Sample())
		}
	})
}

func TestTemplate(t *testing.T) {
	for _, c := range []struct {
		text, shape, names string
		ok                 bool
	}{
		{"/", "/", "", true},
		{"/a/", "/a/", "", true},
		{"/a/{id}.json", "/a/{}.json", "id", true},
		{"/{a}-{b}:{c}/x", "/{}-{}:{}/x", "a b c", true},
		{"/caf%C3%A9/(x)/a b", "/caf%C3%A9/%28x%29/a%20b", "", true},
		{"/café", "/caf%C3%A9", "", true},
		{"/100%", "/100%25", "", true},
		{"/{user-id}/{user-id}", "/{}/{}", "user-id user-id", true},
		{"/{a...}", "/{}", "a...", true}, // no more than a name here
		{"", "", "", false},
		{"a", "", "", false},
		{"/{a}{b}", "", "", false},
		{"/{a", "", "", false},
		{"/a}", "", "", false},
		{"/{}", "", "", false},
		{"/{a/b}", "", "", false},
	} {
		p, ok := route.Template(c.text)
		if ok != c.ok || ok && (p.Shape() != c.shape || strings.Join(p.Names(), " ") != c.names) {
			t.Errorf("%q: %t, %q, %q", c.text, ok, p.Shape(), p.Names())
		}
	}
}

func TestValues(t *testing.T) {
	template := func(text string) route.Pattern {
		p, ok := route.Template(text)
		if !ok {
			t.Fatal(text)
		}
		return p
	}
	for _, c := range []struct {
		pattern route.Pattern
		path    string
		want    string // joined by blanks
		ok      bool
	}{
		{parse(t, "/users/{id}"), "/users/ada", "ada", true},
		{parse(t, "/users/{id}"), "/USERS/Ada%20L/", "Ada%20L", true},
		{parse(t, "/users/{id}"), "/users/a%2fb", "a%2fb", true},
		{parse(t, "/users/{id}/notes/{n}"), "/users/ada/notes/7", "ada 7", true},
		{parse(t, "/f/{p...}"), "/f/a/b", "a/b", true},
		{parse(t, "/f/{p...}"), "/f/", "", true},
		{parse(t, "/f/{p...}"), "/f", "", true},
		{parse(t, "/f/{p...}"), "/", "", false},
		{template("/{id}.json"), "/a.b.json", "a.b", true},
		{template("/{id}.json"), "/a%2Ejson", "a", true},
		{template("/{id}:purge"), "/5%3Apurge", "5", true},
		{template("/{id}:purge"), "/5%3a%3Apurge", "5%3a", true},
		{template("/@{id}"), "/%40bob", "bob", true},
		{template("/{a}-{b}"), "/x-y-z", "x y-z", true},
		{template("/{a}-{b}"), "/x%2Dy", "x y", true},
		{template("/{a}-{b}"), "/x%2Dy-z", "", false}, // x%2Dy and z to one reader, x and y-z to another
		{template("/{a}-{b}"), "/--", "", false},
		{template("/{a}-{b}"), "/---", "- -", true},
		{template("/é{a}"), "/%C3%A9x", "x", true},
	} {
		values, ok := c.pattern.Values(c.path, nil)
		if ok != c.ok || ok && strings.Join(values, " ") != c.want {
			t.Errorf("%s of %s: %q, %t", c.path, c.pattern, values, ok)
		}
	}
}

func TestValue(t *testing.T) {
	p := parse(t, "GET /users/{id}/{rest...}")
	for _, c := range []struct {
		path, name, want string
		ok               bool
	}{
		{"/users/ada/x", "id", "ada", true},
		{"/users/ada%20l/x", "id", "ada l", true},
		{"/Users/Ada/x", "id", "Ada", true},
		{"/users/ada%2fx/x", "id", "ada/x", true},
		{"/users/ada%zz/x", "id", "", false},
		{"/users/ada/x/y", "rest", "x/y", true},
		{"/users/ada", "rest", "", true},
		{"/users/ada/x", "users", "", false},
		{"/users/ada/x", "", "", false},
	} {
		if value, ok := p.Value(c.path, c.name); value != c.want || ok != c.ok {
			t.Errorf("%s of %s: %q, %t", c.name, c.path, value, ok)
		}
	}
}
