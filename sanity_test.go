package sallyport

import (
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPath: a path that is accepted is its own normal form, decoded once or twice, so
// that no two programs can disagree about it.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"/", "/a/b", "/a/", "/a%20b", "/%C3%A9", "/...", "/..", "/./a", "/a/../b", "/%2e%2e/a", "/a//b", "/a%2fb", "/a%5cb", `/a\b`,
		"/a;b", "/a%3bb", "/%00", "/%61", "/%252e", "/%c0%ae", "/%ff", "/a|b", "/é", "*", "", "//a", "/a?b", "/%3F", "/a%23",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || checkPath(asReceived(u), u.Path) != nil {
			return
		}
		plain := strings.TrimSuffix(u.Path, "/")
		if path.Clean("/"+u.Path) != "/"+strings.TrimPrefix(plain, "/") {
			t.Errorf("%q is accepted, and cleaned it is %q", target, path.Clean(u.Path))
		}
		again, err := url.PathUnescape(u.Path)
		if err != nil || again != u.Path {
			t.Errorf("%q is accepted, and decoded twice it is %q", target, again)
		}
		if strings.ContainsAny(u.Path, "\\;\x00\r\n") || !utf8.ValidString(u.Path) {
			t.Errorf("%q is accepted, and decodes to %q", target, u.Path)
		}
		if got, _, _ := strings.Cut(target, "?"); asReceived(u) != got {
			t.Errorf("%q was checked as %q", target, asReceived(u))
		}
	})
}
