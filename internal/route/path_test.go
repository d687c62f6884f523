package route_test

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/internal/route"
)

// pathCases are paths as received. clean is the form that is matched and sent on, empty for
// none; want is the rule that is broken where no form is allowed, piece and at where.
var pathCases = []struct {
	raw, clean string
	has        route.Forms
	want       route.Rule
	piece      string
	at         int
}{
	// What everybody reads alike.
	{raw: "/", clean: "/"},
	{raw: "/a/b/", clean: "/a/b/"},
	{raw: "/a-b_c~d.e", clean: "/a-b_c~d.e"},
	{raw: "/!$&'()*+,=:@[]", clean: "/!$&'()*+,=:@[]"},
	{raw: "/a%20b%40c%5Bd", clean: "/a%20b%40c%5Bd"},
	{raw: "/%C3%A9%e2%82%ac%F0%9F%98%80", clean: "/%C3%A9%e2%82%ac%F0%9F%98%80"},
	{raw: "/.../a..b/..c", clean: "/.../a..b/..c"},
	// Escapes of unreserved characters, and raw bytes that have to be encoded.
	{raw: "/%7Eada/%41%2d%5f%30", clean: "/~ada/A-_0"},
	{raw: "/v1%2e0/%2E.%2e", clean: "/v1.0/..."},
	{raw: `/a|b^c"<d>{e}` + "`", clean: "/a%7Cb%5Ec%22%3Cd%3E%7Be%7D%60"},
	{raw: "/a%7cb", clean: "/a%7cb"},
	// Forms.
	{raw: "/group%2Fproject", clean: "/group%2Fproject", has: route.EncodedSlash,
		want: route.NoEncodedSlash, piece: "%2F", at: 6},
	{raw: "/@scope%2fname", clean: "/@scope%2fname", has: route.EncodedSlash,
		want: route.NoEncodedSlash, piece: "%2f", at: 7},
	{raw: "/%7E%2F%7E", clean: "/~%2F~", has: route.EncodedSlash, want: route.NoEncodedSlash, piece: "%2F", at: 4},
	{raw: "/map;v=1/x", clean: "/map;v=1/x", has: route.Semicolon, want: route.NoSemicolon, piece: ";", at: 4},
	{raw: "/a%3Bb", clean: "/a%3Bb", has: route.Semicolon, want: route.NoSemicolon, piece: "%3B", at: 2},
	{raw: "/a//b", clean: "/a//b", has: route.EmptySegment, want: route.NoEmptySegment, piece: "//", at: 2},
	{raw: "//", clean: "//", has: route.EmptySegment, want: route.NoEmptySegment, piece: "//", at: 0},
	{raw: "/a///", clean: "/a///", has: route.EmptySegment, want: route.NoEmptySegment, piece: "//", at: 2},
	{raw: "/100%25", clean: "/100%25", has: route.EncodedPercent, want: route.NoEncodedPercent, piece: "%25", at: 4},
	{raw: "/a%252fb", clean: "/a%252fb", has: route.EncodedPercent, want: route.NoEncodedPercent, piece: "%25", at: 2},
	{raw: "/;;/%2f%2F", clean: "/;;/%2f%2F", has: route.Semicolon | route.EncodedSlash,
		want: route.NoSemicolon, piece: ";", at: 1},
	// Nothing that a route could allow.
	{raw: "", want: route.NotAPath},
	{raw: "*", want: route.NotAPath},
	{raw: "a/b", want: route.NotAPath},
	{raw: "/..", want: route.NoDotSegment, piece: "..", at: 1},
	{raw: "/a/./b", want: route.NoDotSegment, piece: ".", at: 3},
	{raw: "/a/%2e%2E/b", want: route.NoDotSegment, piece: "%2e%2E", at: 3},
	{raw: "/a/.%2e", want: route.NoDotSegment, piece: ".%2e", at: 3},
	{raw: "/a/..;/b", want: route.NoDotSegment, piece: "..", at: 3},
	{raw: "/a/.;x=1/b", want: route.NoDotSegment, piece: ".", at: 3},
	{raw: "/a/..%3b/b", want: route.NoDotSegment, piece: "..", at: 3},
	{raw: "/..%2fadmin", want: route.NoDotSegment, piece: "..", at: 1},
	{raw: `/a\b`, want: route.NoBackslash, piece: `\`, at: 2},
	{raw: "/a%5Cb", want: route.NoBackslash, piece: "%5C", at: 2},
	{raw: "/a%00", want: route.NoControl, piece: "%00", at: 2},
	{raw: "/a%0d%0a", want: route.NoControl, piece: "%0d", at: 2},
	{raw: "/a\x7f", want: route.NoControl, piece: "\x7f", at: 2},
	{raw: "/a%7F", want: route.NoControl, piece: "%7F", at: 2},
	{raw: "/a b", want: route.NotEncoded, piece: " ", at: 2},
	{raw: "/a#b", want: route.NotEncoded, piece: "#", at: 2},
	{raw: "/é", want: route.NotEncoded, piece: "\xc3", at: 1},
	{raw: "/%ff", want: route.NotUTF8, piece: "%ff", at: 1},
	{raw: "/%c0%ae%c0%ae", want: route.NotUTF8, piece: "%c0", at: 1},
	{raw: "/%ed%a0%80", want: route.NotUTF8, piece: "%ed", at: 1},
	{raw: "/%C3/a", want: route.NotUTF8, piece: "%C3", at: 1},
	{raw: "/a%C3", want: route.NotUTF8, piece: "%C3", at: 2},
	{raw: "/a%", want: route.BadEscape, piece: "%", at: 2},
	{raw: "/a%zz", want: route.BadEscape, piece: "%zz", at: 2},
}

func TestScan(t *testing.T) {
	for _, c := range pathCases {
		clean, has, f := route.Scan(c.raw, route.AnyForm)
		if accepted := f.Rule == route.None; accepted != (c.clean != "") || accepted && (clean != c.clean || has != c.has) {
			t.Errorf("%q: %q with %b, %+v", c.raw, clean, has, f)
		}
		if _, _, f := route.Scan(c.raw, 0); f != (route.Fault{Rule: c.want, Piece: c.piece, At: c.at}) {
			t.Errorf("%q without forms: %+v", c.raw, f)
		}
	}
}

// TestScanDoesNotAllocate for what most paths are.
func TestScanDoesNotAllocate(t *testing.T) {
	for _, raw := range []string{"/v1/notes/01JABCDEFGH", "/a%20b/%C3%A9", "/a%2Fb;c"} {
		if n := testing.AllocsPerRun(100, func() { route.Scan(raw, route.AnyForm) }); n > 0 {
			t.Errorf("%s: %v allocations", raw, n)
		}
	}
}

func TestReadings(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"/a/b", ""},
		{"/a%2Fb", "/a/b"},
		{"/a%2fb/", "/a/b/"},
		{"/a;v=1/b", "/a/b /a"},
		{"/a%3Bv/b", "/a;v/b /a/b /a"},
		{"/a;x%2Fadmin", "/a;x/admin /a /a/admin"},
		{"/;/admin", "//admin / /admin"},
		{"//admin", "/admin /"},
		{"//x/admin", "/x/admin /admin"},
		{"/a//b", "/a/b"},
		{"/a%2F%2Fb", "/a//b /a/b"},
		{"/100%25", ""},
		{"/100%2525", "/100%25"},
		{"/%25zz%25", ""},
		{"/%2561dmin", "/admin"},
		{"/a%252Fb", "/a%2Fb /a/b"},
		{"/a%25252Fb", "/a%252Fb /a%2Fb /a/b"},
		{"/a%253Bx/b", "/a%3Bx/b /a;x/b /a/b /a"},
		// What some program reads as what is never accepted.
		{"/a/%252e%252e/b", "!"},
		{"/a/..%253Bx/b", "!"},
		{"/a/;x%2F..%2Fb", "!"},
		{"/a%255Cb", "!"},
		{"/a%2500", "!"},
		{"/%25c0%25ae", "!"},
	} {
		clean, _, f := route.Scan(c.path, route.AnyForm)
		var all []string
		if f.Rule == route.None {
			all, f = route.Readings(clean)
		}
		got := strings.Join(all, " ")
		if f.Rule != route.None {
			got = "!"
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
}

// FuzzScan: a path without forms has the same segments, decoded once or twice, cleaned or
// not; one with forms has no reading in which a program would find a dot segment.
func FuzzScan(f *testing.F) {
	for _, c := range pathCases {
		f.Add(c.raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		clean, has, fault := route.Scan(raw, route.AnyForm)
		if fault.Rule != route.None {
			if len(fault.Piece) > 6 || fault.At < 0 || !strings.HasPrefix(raw[fault.At:], fault.Piece) {
				t.Errorf("%q: %+v", raw, fault)
			}
			return
		}
		again, same, fault := route.Scan(clean, route.AnyForm)
		if again != clean || same != has || fault.Rule != route.None {
			t.Fatalf("%q is clean as %q, and that as %q, %+v", raw, clean, again, fault)
		}
		u, err := url.ParseRequestURI(clean)
		if err != nil || u.EscapedPath() != clean || !utf8.ValidString(u.Path) ||
			strings.ContainsAny(u.Path, "\\\x00\r\n\x7f") {
			t.Fatalf("%q is clean as %q, which is %q: %v", raw, clean, u.EscapedPath(), err)
		}
		if has == 0 {
			checkOne(t, u.Path)
			return
		}
		all, fault := route.Readings(clean)
		if fault.Rule != route.None {
			return
		}
		for _, one := range all {
			if slices.ContainsFunc(strings.Split(one, "/"), dots) {
				t.Errorf("%q is read as %q", raw, one)
			}
		}
	})
}

func checkOne(t *testing.T, decoded string) {
	if path.Clean(decoded) != "/"+strings.Trim(decoded, "/") {
		t.Errorf("%q is accepted, and cleaned it is %q", decoded, path.Clean(decoded))
	}
	if again, err := url.PathUnescape(decoded); err != nil || again != decoded {
		t.Errorf("%q is accepted, and decoded again it is %q", decoded, again)
	}
}

func dots(segment string) bool {
	segment, _, _ = strings.Cut(segment, ";")
	return segment == "." || segment == ".."
}

func BenchmarkScan(b *testing.B) {
	for _, raw := range []string{"/v1/notes/01JABCDEFGH", "/%7Eada/x", "/a%2Fb;c"} {
		b.Run(raw, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				route.Scan(raw, route.AnyForm)
			}
		})
	}
	b.Run("readings", func(b *testing.B) {
		for b.Loop() {
			route.Readings("//a%252F;b%3Bc/d")
		}
	})
}
