package clientip_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/clientip"
)

// The peers of the table: trusted proxies are 10.0.0.0/24, 192.0.2.10 and
// 2001:db8:1::/64.
var trusted = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("192.0.2.10/32"), netip.MustParsePrefix("2001:db8:1::/64"),
}

const (
	proxy    = "10.0.0.1"
	stranger = "203.0.113.9"
)

var cases = []struct {
	name   string
	peer   string
	lines  []string // of X-Forwarded-For
	want   string
	secure string // X-Forwarded-Proto, when set
}{
	{name: "no header, stranger", peer: stranger, want: stranger},
	{name: "no header, proxy", peer: proxy, want: proxy},
	{name: "one hop", peer: proxy, lines: []string{"198.51.100.7"}, want: "198.51.100.7"},
	{name: "two proxies", peer: proxy, lines: []string{"198.51.100.7, 10.0.0.2"}, want: "198.51.100.7"},
	{name: "all proxies", peer: proxy, lines: []string{"10.0.0.3, 10.0.0.2"}, want: "10.0.0.3"},
	{name: "IPv6 client", peer: proxy, lines: []string{"2001:db8::7"}, want: "2001:db8::7"},
	{name: "IPv6 proxy", peer: "2001:db8:1::5", lines: []string{"198.51.100.7"}, want: "198.51.100.7"},
	{name: "IPv6 of the next network is no proxy", peer: "2001:db8:2::5", lines: []string{"198.51.100.7"}, want: "2001:db8:2::5"},
	{name: "white space and tabs", peer: proxy, lines: []string{" \t198.51.100.7\t ,  10.0.0.2 "}, want: "198.51.100.7"},
	{name: "two lines are one list", peer: proxy, lines: []string{"1.1.1.1", "198.51.100.7, 10.0.0.2"}, want: "198.51.100.7"},
	{name: "the second line ends in proxies", peer: proxy, lines: []string{"1.1.1.1, 198.51.100.7", "10.0.0.2"}, want: "198.51.100.7"},
	{name: "with a port", peer: proxy, lines: []string{"198.51.100.7:4711"}, want: "198.51.100.7"},
	{name: "brackets and a port", peer: proxy, lines: []string{"[2001:db8::7]:4711"}, want: "2001:db8::7"},
	{name: "brackets", peer: proxy, lines: []string{"[2001:db8::7]"}, want: "2001:db8::7"},
	{name: "mapped client", peer: proxy, lines: []string{"::ffff:198.51.100.7"}, want: "198.51.100.7"},
	{name: "mapped proxy in the list", peer: proxy, lines: []string{"198.51.100.7, ::ffff:10.0.0.2"}, want: "198.51.100.7"},
	{name: "mapped peer is the proxy", peer: "::ffff:10.0.0.1", lines: []string{"198.51.100.7"}, want: "198.51.100.7"},
	{name: "mapped stranger", peer: "::ffff:203.0.113.9", lines: []string{"198.51.100.7"}, want: stranger},
	{name: "peer with a zone", peer: "fe80::1%eth0", want: "fe80::1"},

	// A stranger may write what they like.
	{name: "B-09 forged", peer: stranger, lines: []string{"1.1.1.1"}, want: stranger},
	{name: "B-09 forged as a proxy", peer: stranger, lines: []string{"10.0.0.1"}, want: stranger},
	{name: "B-09 forged chain", peer: stranger, lines: []string{"1.1.1.1, 10.0.0.1, 10.0.0.2"}, want: stranger},
	{name: "B-09 forged https", peer: stranger, secure: "https", want: stranger},
	// And so may a client behind a proxy, left of what the proxy adds.
	{name: "leftmost is forged", peer: proxy, lines: []string{"1.1.1.1, 203.0.113.9"}, want: stranger},
	{name: "leftmost rotates", peer: proxy, lines: []string{"lol0, 203.0.113.9"}, want: stranger},
	{name: "forged proxy on the left", peer: proxy, lines: []string{"1.1.1.1, 10.0.0.9, 203.0.113.9"}, want: stranger},
	{name: "forged first line", peer: proxy, lines: []string{"1.1.1.1", "203.0.113.9"}, want: stranger},
	{name: "a thousand forged", peer: proxy, lines: []string{strings.Repeat("1.1.1.1,", 1000) + "203.0.113.9"}, want: stranger},

	// What cannot be read ends the walk at the last hop that could.
	{name: "empty", peer: proxy, lines: []string{""}, want: proxy},
	{name: "only a comma", peer: proxy, lines: []string{","}, want: proxy},
	{name: "empty element on the right", peer: proxy, lines: []string{"198.51.100.7,"}, want: proxy},
	{name: "empty element in the middle", peer: proxy, lines: []string{"198.51.100.7,,10.0.0.2"}, want: "10.0.0.2"},
	{name: "X-04 unknown", peer: proxy, lines: []string{"unknown"}, want: proxy},
	{name: "X-04 a name", peer: proxy, lines: []string{"client.example"}, want: proxy},
	{name: "X-04 a name behind a proxy", peer: proxy, lines: []string{"198.51.100.7, localhost, 10.0.0.2"}, want: "10.0.0.2"},
	{name: "leading zeros", peer: proxy, lines: []string{"198.051.100.007"}, want: proxy},
	{name: "hexadecimal", peer: proxy, lines: []string{"0xc6336407"}, want: proxy},
	{name: "decimal", peer: proxy, lines: []string{"3325256711"}, want: proxy},
	{name: "five numbers", peer: proxy, lines: []string{"1.2.3.4.5"}, want: proxy},
	{name: "a prefix", peer: proxy, lines: []string{"198.51.100.0/24"}, want: proxy},
	{name: "a zone", peer: proxy, lines: []string{"fe80::1%eth0"}, want: proxy},
	{name: "a zone in brackets", peer: proxy, lines: []string{"[fe80::1%25eth0]:80"}, want: proxy},
	{name: "IPv4 in brackets", peer: proxy, lines: []string{"[198.51.100.7]"}, want: proxy},
	{name: "half a bracket", peer: proxy, lines: []string{"[2001:db8::7"}, want: proxy},
	{name: "port too large", peer: proxy, lines: []string{"198.51.100.7:99999"}, want: proxy},
	{name: "port missing", peer: proxy, lines: []string{"198.51.100.7:"}, want: proxy},
	{name: "in quotes", peer: proxy, lines: []string{`"198.51.100.7"`}, want: proxy},
	{name: "two in one element", peer: proxy, lines: []string{"198.51.100.7 1.1.1.1"}, want: proxy},
	{name: "semicolon", peer: proxy, lines: []string{"198.51.100.7;1.1.1.1"}, want: proxy},
	{name: "NUL", peer: proxy, lines: []string{"198.51.100.7\x00"}, want: proxy},
	{name: "full width digits", peer: proxy, lines: []string{"１98.51.100.7"}, want: proxy},
	{name: "no-break space", peer: proxy, lines: []string{"\u00a0198.51.100.7"}, want: proxy},
	{name: "a megabyte", peer: proxy, lines: []string{strings.Repeat("9", 1<<20)}, want: proxy},
	{name: "header injection", peer: proxy, lines: []string{"198.51.100.7\r\nX: y"}, want: proxy},

	{name: "more proxies than there are", peer: proxy, lines: []string{"1.1.1.1" + strings.Repeat(", 10.0.0.2", 40)}, want: "10.0.0.2"},

	{name: "https at the proxy", peer: proxy, lines: []string{"198.51.100.7"}, secure: "https", want: "198.51.100.7"},
	{name: "no peer address", peer: "", lines: []string{"1.1.1.1"}, want: ""},
}

func resolver(t testing.TB, header string) *clientip.Resolver {
	t.Helper()
	c, err := clientip.New(clientip.Config{Trusted: trusted, Header: header})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func addr(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

func TestXForwardedFor(t *testing.T) {
	c := resolver(t, "")
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{"X-Forwarded-For": tc.lines}
			// A header nobody chose is never read.
			h["Forwarded"] = []string{"for=9.9.9.9;proto=https"}
			h["X-Real-Ip"] = []string{"9.9.9.9"}
			h["True-Client-Ip"] = []string{"9.9.9.9"}
			h["Cf-Connecting-Ip"] = []string{"9.9.9.9"}
			if tc.secure != "" {
				h["X-Forwarded-Proto"] = []string{tc.secure}
			}
			got := c.Resolve(addr(tc.peer), h)
			if got.Addr != addr(tc.want) {
				t.Errorf("the client is %v, want %v", got.Addr, tc.want)
			}
			if want := tc.secure == "https" && got.Trusted; got.Secure != want {
				t.Errorf("secure is %v", got.Secure)
			}
		})
	}
}

func TestForwarded(t *testing.T) {
	c := resolver(t, clientip.Forwarded)
	for _, tc := range []struct {
		name   string
		peer   string
		lines  []string
		want   string
		secure bool
	}{
		{"plain", proxy, []string{"for=198.51.100.7"}, "198.51.100.7", false},
		{"case and proto", proxy, []string{"FOR=198.51.100.7;Proto=HTTPS"}, "198.51.100.7", true},
		{"quoted IPv6 and port", proxy, []string{`for="[2001:db8::7]:4711";proto=https`}, "2001:db8::7", true},
		{"by and host and an extension", proxy, []string{"by=10.0.0.1;for=198.51.100.7;host=api.example;secret=x"}, "198.51.100.7", false},
		{"two proxies", proxy, []string{"for=198.51.100.7;proto=https, for=10.0.0.2;proto=http"}, "198.51.100.7", true},
		{"two lines", proxy, []string{"for=1.1.1.1", "for=198.51.100.7, for=10.0.0.2"}, "198.51.100.7", false},
		{"comma in quotes", proxy, []string{`for=1.1.1.1, for=198.51.100.7;host="a,b"`}, "198.51.100.7", false},
		{"leftmost is forged", proxy, []string{`for=1.1.1.1, for=203.0.113.9`}, stranger, false},
		{"stranger", stranger, []string{"for=1.1.1.1;proto=https"}, stranger, false},
		{"obfuscated", proxy, []string{"for=1.1.1.1, for=_hidden"}, proxy, false},
		{"obfuscated with a port", proxy, []string{`for="_hidden:_p"`}, proxy, false},
		{"unknown", proxy, []string{"for=1.1.1.1, for=unknown, for=10.0.0.2"}, "10.0.0.2", false},
		{"for twice", proxy, []string{"for=198.51.100.7;for=1.1.1.1"}, proxy, false},
		{"no for", proxy, []string{"proto=https"}, proxy, false},
		{"bare address", proxy, []string{"198.51.100.7"}, proxy, false},
		{"open quote swallows the list", proxy, []string{`for="1.1.1.1, for=198.51.100.7`}, proxy, false},
		{"escape in quotes", proxy, []string{`for="198.51.100\.7"`}, proxy, false},
		{"junk after quotes", proxy, []string{`for="198.51.100.7"x`}, proxy, false},
		{"IPv6 without quotes", proxy, []string{"for=[2001:db8::7]"}, proxy, false},
		{"empty pair", proxy, []string{"for=198.51.100.7;"}, proxy, false},
		{"space around the sign", proxy, []string{"for = 198.51.100.7"}, proxy, false},
		{"empty", proxy, []string{""}, proxy, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{"Forwarded": tc.lines, "X-Forwarded-For": {"9.9.9.9"}, "X-Forwarded-Proto": {"https"}}
			got := c.Resolve(addr(tc.peer), h)
			if got.Addr != addr(tc.want) || got.Secure != tc.secure {
				t.Errorf("got %v, secure %v; want %v, %v", got.Addr, got.Secure, tc.want, tc.secure)
			}
		})
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []string{"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "8000::/1", "::ffff:0.0.0.0/96", "::ffff:0:0/90", "10.0.0.1/8", "2000::/3"} {
		if _, err := clientip.New(clientip.Config{Trusted: []netip.Prefix{netip.MustParsePrefix(bad)}}); err == nil {
			t.Errorf("%s is trusted", bad)
		}
	}
	_, err := clientip.New(clientip.Config{Trusted: []netip.Prefix{{}, netip.MustParsePrefix("0.0.0.0/0")}, Header: "X-Real-Ip"})
	for _, want := range []string{"X-Real-Ip", "empty prefix", "0.0.0.0/0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

func TestParsePrefixes(t *testing.T) {
	got, err := clientip.ParsePrefixes([]string{"10.0.0.0/24", "192.0.2.1", "2001:db8::1"})
	if err != nil || len(got) != 3 || got[1].String() != "192.0.2.1/32" || got[2].String() != "2001:db8::1/128" {
		t.Errorf("%v %v", got, err)
	}
	_, err = clientip.ParsePrefixes([]string{"proxy.example", "10.0.0.0/33", "", "fe80::1%eth0"})
	for _, want := range []string{"proxy.example", "10.0.0.0/33", `""`, "eth0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

func TestPrefix(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := clientip.Prefix(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s counts as %s", in, got)
		}
	}
	if got := clientip.Prefix(netip.Addr{}); got.IsValid() {
		t.Error(got)
	}
}

func TestFromRequest(t *testing.T) {
	c := resolver(t, "")
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:4711"
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	if got := c.FromRequest(r); got.Addr != addr("198.51.100.7") || got.Secure {
		t.Error(got)
	}
	r.TLS = &tls.ConnectionState{}
	if got := c.FromRequest(r); !got.Secure {
		t.Error("TLS here is not secure")
	}
	r.RemoteAddr = "@" // a Unix socket
	if got := c.FromRequest(r); got.Addr.IsValid() {
		t.Error(got)
	}
}

func TestNoAllocationForStrangers(t *testing.T) {
	c := resolver(t, "")
	h := http.Header{"X-Forwarded-For": {"1.1.1.1, 2.2.2.2"}}
	peer := addr(stranger)
	if n := testing.AllocsPerRun(100, func() { c.Resolve(peer, h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzResolve checks what no header may change: a stranger's address is the peer's,
// and behind a proxy the client is the peer or an address the header really holds.
func FuzzResolve(f *testing.F) {
	for _, tc := range cases {
		f.Add(strings.Join(tc.lines, ","), "for=198.51.100.7")
	}
	xff, fwd := resolver(f, ""), resolver(f, clientip.Forwarded)
	f.Fuzz(func(t *testing.T, a, b string) {
		h := http.Header{"X-Forwarded-For": {a}, "Forwarded": {b}, "X-Forwarded-Proto": {a}}
		for _, c := range []*clientip.Resolver{xff, fwd} {
			if got := c.Resolve(addr(stranger), h); got != (clientip.Client{Addr: addr(stranger)}) {
				t.Fatalf("a stranger became %v", got)
			}
			got := c.Resolve(addr(proxy), h)
			if !got.Addr.IsValid() || !got.Trusted {
				t.Fatalf("the client became %v", got)
			}
		}
		if got := xff.Resolve(addr(proxy), h).Addr; got != addr(proxy) && !holds(a, got) {
			t.Fatalf("%v is not in %q", got, a)
		}
	})
}

// holds reports whether an address stands in a list, told by a reader of its own.
func holds(list string, want netip.Addr) bool {
	for _, s := range strings.Split(list, ",") {
		s = strings.Trim(s, " \t")
		if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && a.Unmap() == want {
			return true
		}
		if ap, err := netip.ParseAddrPort(s); err == nil && ap.Addr().Unmap() == want {
			return true
		}
	}
	return false
}

func BenchmarkResolve(b *testing.B) {
	c := resolver(b, "")
	h := http.Header{"X-Forwarded-For": {"198.51.100.7, 10.0.0.2"}}
	for _, peer := range []string{stranger, proxy} {
		b.Run("peer="+peer, func(b *testing.B) {
			p := addr(peer)
			b.ReportAllocs()
			for b.Loop() {
				c.Resolve(p, h)
			}
		})
	}
}
