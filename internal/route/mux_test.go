package route_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/route"
)

// generator makes patterns and requests that meet often.
type generator struct{ *rand.Rand }

func newGenerator(t *testing.T) generator {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return generator{rand.New(rand.NewPCG(seed, seed))}
}

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

// pattern is one for ServeMux.
func (g generator) pattern() string {
	var b strings.Builder
	b.WriteString(g.one("", "", "GET ", "POST ", "HEAD "))
	b.WriteString(g.one("", "", "h.example"))
	for i := range g.IntN(4) {
		b.WriteString("/" + g.one("a", "a", "A", "b", "%61", "(x)", "c%20d", "", fmt.Sprintf("{p%d}", i)))
		if strings.HasSuffix(b.String(), "//") || strings.HasSuffix(b.String(), "/") { // no empty segments
			return b.String()
		}
	}
	b.WriteString(g.one("", "/", "/{$}", "/{rest...}"))
	if !strings.Contains(b.String(), "/") {
		b.WriteString("/")
	}
	return b.String()
}

// path is an escaped one, clean as those that pass the Gate.
func (g generator) path() string {
	var b strings.Builder
	for range g.IntN(5) {
		b.WriteString("/" + g.one("a", "a", "b", "A", "c", "%61", "%41", "(x)", "%28x%29", "%28X)", "c%20d", "C%20d",
			"x"))
	}
	if b.Len() == 0 || g.IntN(3) == 0 {
		b.WriteByte('/')
	}
	return b.String()
}

// declared is a handler that a ServeMux finds.
type declared string

func (declared) ServeHTTP(http.ResponseWriter, *http.Request) {}

// register reports whether a ServeMux takes a pattern.
func register(mux *http.ServeMux, pattern string) (ok bool) {
	defer func() { ok = recover() == nil }()
	mux.Handle(pattern, declared(pattern))
	return true
}

// TestLikeServeMux: the table takes and refuses the patterns that a ServeMux does, and
// finds what it finds, for generated sets of patterns and requests. Where ServeMux
// answers with a redirect of its own, it says nothing of what else matches.
func TestLikeServeMux(t *testing.T) {
	g := newGenerator(t)
	sets, patterns, refused, requests, redirects, nothing := 6000, 0, 0, 0, 0, 0
	for range sets {
		mux, all := http.NewServeMux(), &route.Table[string]{}
		var texts []string
		for range 2 + g.IntN(8) {
			text := g.pattern()
			patterns++
			texts = append(texts, text)
			_, err := all.Add(parse(t, text), text)
			if taken := register(mux, text); taken != (err == nil) {
				t.Fatalf("%q: %q is taken by ServeMux: %t, and here: %v", texts, text, taken, err)
			}
			if err != nil {
				refused++
			}
		}
		for range 12 {
			method, host, path := g.one("GET", "HEAD", "POST", "PUT"), g.one("h.example", "h.example:80", "x"), g.path()
			requests++
			m := all.Find(method, host, path)
			r := request(t, method, host, path)
			h, _ := mux.Handler(r)
			want, ok := h.(declared)
			if !ok && redirected(h, r) {
				redirects++
				continue
			}
			switch {
			case !ok && m.Entry == nil:
				nothing++
			case !ok || m.Entry == nil || m.Entry.Value != string(want):
				t.Fatalf("%q: %s %s%s finds %q, and ServeMux %q", texts, method, host, path, found(m), want)
			}
		}
	}
	t.Logf("%d sets of %d patterns, of which both refuse %d; "+
		"%d requests, of which %d find nothing, and %d ServeMux redirects",
		sets, patterns, refused, requests, nothing, redirects)
}

func redirected(h http.Handler, r *http.Request) bool {
	w := &head{h: http.Header{}}
	h.ServeHTTP(w, r)
	return w.status/100 == 3
}

// head is a ResponseWriter that keeps the status.
type head struct {
	h      http.Header
	status int
}

func (w *head) Header() http.Header         { return w.h }
func (w *head) Write(b []byte) (int, error) { return len(b), nil }
func (w *head) WriteHeader(status int)      { w.status = status }

// reader is a program that compares paths in its own way.
type reader struct{ decodes, folds, trims bool }

// reads reports whether the program takes a path for one of a pattern's.
func (rd reader) reads(pattern, path string) bool {
	_, text, ok := strings.Cut(pattern, "/")
	if !ok {
		return false
	}
	text = "/" + text
	below := strings.HasSuffix(text, "/") && !strings.HasPrefix(pattern, "t ") || strings.HasSuffix(text, "/{rest...}")
	text = strings.TrimSuffix(text, "{rest...}")
	text = strings.TrimSuffix(text, "{$}")
	want, got := segments(text), segments(path)
	switch {
	case below && len(got) == len(want) && !strings.HasSuffix(path, "/") && !rd.trims:
		return false
	case below && len(got) > len(want):
		got = got[:len(want)]
	case !below && !rd.trims && strings.HasSuffix(text, "/") != strings.HasSuffix(path, "/"):
		return false
	}
	return slices.EqualFunc(want, got, func(want, got string) bool { return rd.same(want, got) })
}

func segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// same compares two segments. One wildcard is all that there is in a template here.
func (rd reader) same(want, got string) bool {
	before, after, wild := strings.Cut(want, "{")
	_, after, _ = strings.Cut(after, "}")
	got = rd.normal(got)
	if !wild {
		return rd.normal(mustDecode(want)) == got
	}
	before, after = rd.normal(before), rd.normal(after)
	return len(got) > len(before)+len(after) && strings.HasPrefix(got, before) && strings.HasSuffix(got, after)
}

func (rd reader) normal(s string) string {
	if rd.decodes {
		s = mustDecode(s)
	}
	s = strings.ReplaceAll(s, "%20", " ") // nobody can send it by itself
	if rd.folds {
		s = strings.ToLower(s)
	}
	return s
}

func mustDecode(s string) string {
	s, err := url.PathUnescape(s)
	if err != nil {
		panic(err)
	}
	return s
}

// choice is what a program chooses of the patterns it takes a path for.
func choice(all []*route.Entry[string], matches func(*route.Entry[string]) bool) (best []*route.Entry[string]) {
	for _, e := range all {
		if !matches(e) {
			continue
		}
		if !slices.ContainsFunc(all, func(o *route.Entry[string]) bool { return matches(o) && comesBefore(o, e) }) {
			best = append(best, e)
		}
	}
	return best
}

func comesBefore(a, b *route.Entry[string]) bool {
	if a.Pattern.Host() != b.Pattern.Host() {
		return a.Pattern.Host() != ""
	}
	return a.Pattern.Compare(&b.Pattern) == route.MoreSpecific
}

// TestReaders: the entry and the others are what eight programs choose, each of which
// takes other liberties with the path, for generated patterns, templates and requests.
func TestReaders(t *testing.T) {
	g := newGenerator(t)
	sets, requests, others, loose := 4000, 0, 0, 0
	for range sets {
		var all route.Table[string]
		var entries []*route.Entry[string]
		for range 2 + g.IntN(8) {
			if g.IntN(3) == 0 {
				text := "/" + g.one("a", "A", "{p}", "{p}x", "x{p}", "({p}") +
					g.one("", "/", "/b", "/{q}", "/{q})", "/A{q}")
				p, ok := route.Template(text)
				if !ok {
					t.Fatal(text)
				}
				entries = append(entries, all.Insert(p, "t "+text))
			} else if text := g.pattern(); true {
				if e, err := all.Add(parse(t, text), text); err == nil {
					entries = append(entries, e)
				}
			}
		}
		for range 12 {
			method, host, path := g.one("GET", "HEAD", "POST"), g.one("h.example", "x"), g.path()
			requests++
			m := all.Find(method, host, path)
			want := map[string]bool{}
			for bits := range 8 {
				rd := reader{decodes: bits&1 != 0, folds: bits&2 != 0, trims: bits&4 != 0}
				for _, e := range choice(entries, func(e *route.Entry[string]) bool {
					p := &e.Pattern
					return (p.Method() == "" || p.Method() == method || p.Method() == "GET" && method == "HEAD") &&
						(p.Host() == "" || p.Host() == host) && rd.reads(e.Value, path)
				}) {
					want[e.Value] = true
				}
			}
			got := map[string]bool{}
			if m.Entry != nil {
				got[m.Entry.Value] = true
			}
			for _, o := range m.Others {
				got[o.Value] = true
				others++
				if o.Loose {
					loose++
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || (m.Widest != nil) != (len(got) > 0) || m.Widest != nil &&
				!got[m.Widest.Value] {
				t.Fatalf("%s %s%s finds %q, widest %v; eight readers find %v", method, host, path, found(m), m.Widest,
					want)
			}
		}
	}
	t.Logf("%d sets, %d requests, %d others found, of which %d are loose", sets, requests, others, loose)
}

// TestValueLikeServeMux compares with what a ServeMux tells its handler.
func TestValueLikeServeMux(t *testing.T) {
	for _, c := range []struct{ pattern, target string }{
		{"/users/{id}", "/users/ada"},
		{"GET /users/{id}", "/users/a%20b"},
		{"GET /users/{id}/notes/{nid}", "/users/ada/notes/7"},
		{"/files/{path...}", "/files/a/b%20c/d"},
		{"/files/{path...}", "/files/"},
		{"example.com/x/{id}/", "/x/1/more/of/it"},
		{"/x/{id}/{$}", "/x/1/"},
		{"/{a}/{b}", "/%E2%82%AC/2"},
		{"/{a}", "/a%2fb"},
	} {
		served := false
		mux := http.NewServeMux()
		mux.HandleFunc(c.pattern, func(_ http.ResponseWriter, r *http.Request) {
			served = true
			p := parse(t, c.pattern)
			for _, name := range []string{"id", "nid", "path", "a", "b", "none", ""} {
				got, ok := p.Value(r.URL.EscapedPath(), name)
				if want := r.PathValue(name); got != want || ok != p.Has(name) {
					t.Errorf("%s of %s: %s is %q, ServeMux says %q", c.target, c.pattern, name, got, want)
				}
			}
		})
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", c.target, nil))
		if !served {
			t.Errorf("%s does not match %s", c.pattern, c.target)
		}
	}
}
