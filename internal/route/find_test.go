package route_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/route"
)

func request(t testing.TB, method, host, path string) *http.Request {
	t.Helper()
	u, err := url.Parse("http://x" + path)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{Method: method, Host: host, URL: &url.URL{Path: u.Path, RawPath: u.RawPath}}
}

// table makes a table of patterns, and of templates where they begin with a "t".
func table(t testing.TB, patterns ...string) *route.Table[string] {
	t.Helper()
	var all route.Table[string]
	for _, text := range patterns {
		if template, is := strings.CutPrefix(text, "t "); is {
			p, ok := route.Template(template)
			if !ok {
				t.Fatal(text)
			}
			all.Insert(p, template)
			continue
		}
		if _, err := all.Add(parse(t, text), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return &all
}

// found writes a match: what the table finds, and after a bar what others may find, a
// loose one with a tilde.
func found(m route.Match[string]) string {
	var b strings.Builder
	if m.Entry != nil {
		b.WriteString(m.Entry.Value)
	}
	for i, o := range m.Others {
		b.WriteString([]string{" | ", ", "}[min(i, 1)])
		if o.Loose {
			b.WriteByte('~')
		}
		b.WriteString(o.Value)
	}
	return b.String()
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		patterns string // with commas between them
		request  string
		want     string
	}{
		// Slashes at the end, of every kind of pattern.
		{"/admin/, /admin/users/", "GET /admin/users", "/admin/ | ~/admin/users/"},
		{"/admin/, /admin/users/", "GET /admin/users/", "/admin/users/"},
		{"/admin/, /admin/users/", "GET /admin/other", "/admin/"},
		{"/admin/, /admin/users/", "GET /admin", " | ~/admin/"},
		{"/, /reports/{$}", "GET /reports", "/ | ~/reports/{$}"},
		{"/, /reports/{rest...}", "GET /reports", "/ | ~/reports/{rest...}"},
		{"/, POST /reports/", "POST /reports", "/ | ~POST /reports/"},
		{"/, POST /reports/", "GET /reports", "/"},
		{"/reports", "GET /reports/", " | ~/reports"},
		{"/notes, /notes/", "GET /notes", "/notes"},
		{"/notes, /notes/", "GET /notes/", "/notes/ | ~/notes"},
		{"/notes, /notes/", "GET /notes/7", "/notes/"},
		{"/notes, /notes/{$}", "GET /notes", "/notes | ~/notes/{$}"},
		{"/{$}", "GET /", "/{$}"},
		{"/{$}", "GET /a", ""},
		{"/", "GET /", "/"},
		// Letters.
		{"/admin", "GET /Admin", " | ~/admin"},
		{"/Admin", "GET /admin", " | ~/Admin"},
		{"/Admin, /admin", "GET /admin", "/admin | ~/Admin"},
		{"/, /admin/", "GET /ADMIN/x", "/ | ~/admin/"},
		{"/x/{a}, /x/kilo", "GET /x/\u212Ailo", "/x/{a} | ~/x/kilo"},
		{"/x/{a}, /x/straße", "GET /x/STRA%E1%BA%9EE", "/x/{a} | ~/x/straße"},
		{"/{a}/{b}, /users/{b}", "GET /USERS/bob/", " | ~/users/{b}, ~/{a}/{b}"},
		{"/{a}/{b}, /users/{b}", "GET /USERS/bob", "/{a}/{b} | ~/users/{b}"},
		// Escapes: undone before paths are compared, or not.
		{"/{a}, /admin", "GET /%61dmin", "/admin | /{a}"},
		{"/{a}, /admin", "GET /%41dmin", "/{a} | ~/admin"},
		{"/a%20b, /é", "GET /a%20b", "/a%20b"},
		{"/{x}, /a%20b, /é", "GET /%C3%A9", "/é"},
		{"/{x}, /a%20b, /é", "GET /%C3%89", "/{x} | ~/é"},
		{"/(x)", "GET /%28x%29", "/(x)"},
		{"/users/{id}", "GET /users/ada%40example.com", "/users/{id}"},
		// Several liberties at once, and none where fewer do.
		{"/, /users/, /users/list/{$}", "GET /Users/list", "/ | ~/users/list/{$}, ~/users/"},
		{"/a/{b}, /a/x/{$}", "GET /A/X", " | ~/a/x/{$}, ~/a/{b}"},
		// Hosts and methods.
		{"api.example/, /admin/", "GET api.example/admin/x", "api.example/"},
		{"api.example/a, /a", "GET API.Example:8080/a", "api.example/a"},
		{"api.example/a, /a", "GET other.example/a", "/a"},
		{"api.example/A, /a", "GET api.example/a", "/a | ~api.example/A"},
		{"[::1]/a, /a", "GET [::1]:8080/a", "[::1]/a"},
		{"GET /a, /a", "HEAD /a", "GET /a"},
		{"GET /a, HEAD /a, /a", "HEAD /a", "HEAD /a"},
		{"GET /a, /a", "POST /a", "/a"},
		{"GET /A, /a", "POST /a", "/a"},
		{"GET /A, /a", "GET /a", "/a | ~GET /A"},
		// Templates.
		{"t /users/{id}, t /users/{id}:purge", "POST /users/5", "/users/{id}"},
		{"t /users/{id}, t /users/{id}:purge", "POST /users/5:purge", "/users/{id}:purge"},
		{"t /users/{id}, t /users/{id}:purge", "POST /users/5%3Apurge", "/users/{id}:purge | /users/{id}"},
		{"t /users/{id}, t /users/{id}:purge", "POST /users/5:PURGE", "/users/{id} | ~/users/{id}:purge"},
		{"t /{id}, t /@{id}", "GET /%40bob", "/@{id} | /{id}"},
		{"t /users/admin/keys, t /users/{id}/{tab}", "GET /users/admin/Keys", "/users/{id}/{tab} | ~/users/admin/keys"},
		{"t /users/admin/keys, t /users/{id}/{tab}", "GET /users/Admin/Keys", "/users/{id}/{tab} | ~/users/admin/keys"},
		{"t /users/admin/keys, t /users/{id}/{tab}", "GET /users/admin/x", "/users/{id}/{tab}"},
		{"t /f/{a}.tar.gz, t /f/{a}.gz, t /f/{a}", "GET /f/x.tar.gz", "/f/{a}.tar.gz"},
		{"t /users/{id}/keys, t /users/me/{tab}", "GET /users/me/keys", "/users/me/{tab} | /users/{id}/keys"},
		{"t /{id}-x, t /x-{id}", "GET /x-x", "/{id}-x | /x-{id}"},
		{"t /admin, t /{id}/", "GET /admin/", "/{id}/ | ~/admin"},
		{"t /a//b, t /a/{x}/b", "GET /a//b", "/a//b | ~/a/{x}/b"},
		{"t /{x}", "GET /", ""},
		{"t /{x}", "GET //", " | ~/{x}"},
		{"t /a/", "GET /a/", "/a/"},
		{"t /", "GET /", "/"},
	} {
		method, target, _ := strings.Cut(c.request, " ")
		host, path, _ := strings.Cut(target, "/")
		if got := found(table(t, strings.Split(c.patterns, ", ")...).Find(method, host, "/"+path)); got != c.want {
			t.Errorf("%s: %s finds %q, want %q", c.patterns, c.request, got, c.want)
		}
	}
}

// TestFindHosts: a template may be for one port of a host.
func TestFindHosts(t *testing.T) {
	p, _ := route.Template("/a")
	var table route.Table[string]
	for _, host := range []string{"h.example", "h.example:8443", ""} {
		table.Insert(p.At(host), host+"/a")
	}
	for host, want := range map[string]string{"h.example": "h.example/a", "H.example:80": "h.example/a",
		"h.example:8443": "h.example:8443/a", "x": "/a", "": "/a"} {
		if got := found(table.Find("GET", host, "/a")); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"GET /a", "GET /a", `is for the same requests as "GET /a"`},
		{"/a/{x}", "/a/{y}", "is for the same requests"},
		{"/a/", "/a/{rest...}", "is for the same requests"},
		{"/a/{x}", "/{x}/b", `is for "/a/b" as "/a/{x}" is, and neither is more specific`},
		{"/a/{x}/", "/{x}/b", ""},
		{"/{x}/b/", "/a/", `is for "/a/b/" as`},
		{"/{x}/{$}", "/a/", `is for "/a/" as`},
		{"GET /", "/a", `meets "GET /", and neither is more specific: "/a" has more methods and "GET /" more paths`},
		{"/a", "GET /{x}", `"/a" has more methods and "GET /{x}" more paths`},
		{"HEAD /", "GET /a", "neither is more specific"},
		{"GET /a", "POST /a", ""},
		{"/a", "/A", ""},
		{"/a", "/a/", ""},
		{"/a", "/a/{$}", ""},
		{"/a/{$}", "/a/", ""},
		{"h.example/{x}", "/a", ""},
		{"h.example/a", "i.example/a", ""},
		{"h.example/a", "h.example/{x}", ""},
		{"h.example/a/{x}", "h.example/{x}/b", "neither is more specific"},
	} {
		for _, pair := range [][2]string{{c.first, c.second}, {c.second, c.first}} {
			var table route.Table[int]
			if _, err := table.Add(parse(t, pair[0]), 1); err != nil {
				t.Fatal(err)
			}
			_, err := table.Add(parse(t, pair[1]), 2)
			if (err != nil) != (c.want != "") || err != nil && pair[0] == c.first &&
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("%q and then %q: %v, want %q", pair[0], pair[1], err, c.want)
			}
		}
	}
}

// TestWidest: who takes every liberty finds the same entry in all spellings of a path.
func TestWidest(t *testing.T) {
	all := table(t, "/", "/Reports/{id}", "/reports/{$}", "/reports/", "GET /reports/sum", "/a", "/A", "/a/{$}")
	for want, paths := range map[string][]string{
		"/Reports/{id}":    {"/Reports/7", "/reports/7", "/REPORTS/7/", "/r%65ports/7"},
		"GET /reports/sum": {"/reports/sum", "/Reports/Sum", "/reports/sum/"},
		"/reports/{$}":     {"/reports", "/REPORTS/", "/reports/"},
		"/reports/":        {"/reports/a/b", "/Reports/a/b/"},
		"/a":               {"/a", "/A", "/a/", "/A/", "/%61"},
		"/":                {"/", "/x", "/x/y/"},
	} {
		for _, path := range paths {
			if m := all.Find("GET", "", path); m.Widest == nil || m.Widest.Value != want {
				t.Errorf("%s: %+v, want %s", path, m.Widest, want)
			}
		}
	}
}

// TestFindDoesNotAllocate for what most requests are.
func TestFindDoesNotAllocate(t *testing.T) {
	all := table(t, "/", "GET /notes", "GET /notes/{id}", "/admin/", "api.example/x/{y...}", "t /f/{name}.json")
	for _, c := range [][2]string{{"api.example", "/notes/01JABCDEFGH"}, {"", "/notes"}, {"api.example", "/x/a/b"},
		{"", "/none"}, {"", "/f/a.json"}, {"", "/users/ada"}} {
		if n := testing.AllocsPerRun(100, func() { all.Find("GET", c[0], c[1]) }); n > 0 {
			t.Errorf("%s: %v allocations", c, n)
		}
	}
}

// everyChoice is a table in which two ways are open at each of some depths, and a path
// that differs from all of them in its last segment.
func everyChoice(depth int) (*route.Table[int], string) {
	var all route.Table[int]
	for i := range 1 << depth {
		var b strings.Builder
		for j := range depth {
			b.WriteString([]string{"/a", "/{x}"}[i>>j&1])
		}
		p, _ := route.Template(b.String())
		all.Insert(p, i)
	}
	return &all, strings.Repeat("/a", depth-1) + "/b"
}

// TestEveryChoice: no path makes a lookup cost more than the size of the table, in which
// each node is reached by one way; see BenchmarkEveryChoice. Deeper paths stop early.
func TestEveryChoice(t *testing.T) {
	all, path := everyChoice(12)
	if m := all.Find("GET", "", path); m.Entry == nil || len(m.Others) > 0 {
		t.Errorf("%+v", m)
	}
	if m := all.Find("GET", "", strings.Repeat("/a", 4000)); m.Entry != nil {
		t.Errorf("%+v", m)
	}
}

func BenchmarkEveryChoice(b *testing.B) {
	for _, depth := range []int{4, 8, 12} {
		all, path := everyChoice(depth)
		b.Run(fmt.Sprint(1<<depth), func(b *testing.B) {
			for b.Loop() {
				all.Find("GET", "", path)
			}
		})
	}
}

func TestMeeting(t *testing.T) {
	all := table(t, "/", "/a/{x}", "/A/b/", "t /a/{x}.json", "t /a/b", "h.example/a/", "/c")
	for pattern, want := range map[string]string{
		"/a/b":      "/ /A/b/ /a/b /a/{x} h.example/a/",
		"/a/b.json": "/ /a/{x} /a/{x}.json h.example/a/",
		"/{x}/b":    "/ /A/b/ /a/b /a/{x} h.example/a/",
		"/a/":       "/ /A/b/ /a/b /a/{x} /a/{x}.json h.example/a/",
		"/c/{$}":    "/ /c",
		"/":         "/ /A/b/ /a/b /a/{x} /a/{x}.json /c h.example/a/",
	} {
		p := parse(t, pattern)
		var got []string
		for e := range all.Meeting(&p) {
			got = append(got, e.Value)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %s", pattern, got, want)
		}
	}
}

// BenchmarkFind is one lookup beside ServeMux, in tables of three sizes.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{5, 100, 1000} {
		mux, all := http.NewServeMux(), &route.Table[string]{}
		add := func(text string) {
			mux.Handle(text, http.NotFoundHandler())
			if _, err := all.Add(parse(b, text), text); err != nil {
				b.Fatal(err)
			}
		}
		add("/")
		for i := range n {
			add(fmt.Sprintf("GET /v1/things%d/{id}", i))
		}
		for name, path := range map[string]string{"hit": "/v1/things3/abc", "rest": "/v1/none",
			"upper": "/V1/THINGS3/ABC"} {
			r := request(b, "GET", "api.example", path)
			b.Run(fmt.Sprintf("%s/%d/mux", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					mux.Handler(r)
				}
			})
			b.Run(fmt.Sprintf("%s/%d/table", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					all.Find("GET", "api.example", path)
				}
			})
		}
	}
}
