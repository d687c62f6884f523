package sallyport

import (
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestHosts is what a Host field may be.
func TestHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"a": true, "api.example": true, "api.example:8080": true, "127.0.0.1:80": true, "[::1]": true, "[::1]:8080": true, "a_b": true,
		"": false, "]:[": false, "::::": false, "[": false, "a:b:c": false, "x:999999": false, "a:": false, ":80": false, "a:8a": false,
		"[::1": false, "[::1]x": false, "[1.2.3.4]": false, "[fe80::1%eth0]": false, "a.": false, "a.:80": false, "a b": false, "a@b": false, "a/b": false, "a%62": false, "é": false,
	} {
		if plainHost(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

// FuzzPath: a path that is accepted has the same segments, decoded once or twice,
// cleaned or not, so that no two programs can disagree about them.
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
