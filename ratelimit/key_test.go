package ratelimit_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// parts are lists and prefixes of which no two may share a key.
var parts = [][]string{
	nil, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a", "b", "c"},
	{"\x00"}, {"\x00\x00\x00\x00\x00\x00\x00\x01a"}, {"a\x00"}, {"https://issuer.example", "7"}, {"https://issuer.example7"},
	{"a", "b"}, {"a" + strings.Repeat("\x00", 8) + "b"}, {"a" + strings.Repeat("\x00", 7) + "\x01b"},
	{strings.Repeat("x", 79)}, {strings.Repeat("x", 94)}, {strings.Repeat("x", 95)}, {strings.Repeat("x", 96)}, {strings.Repeat("x", 118)}, {strings.Repeat("x", 119)}, {strings.Repeat("x", 10000)}, {strings.Repeat("x", 10001)},
	{strings.Repeat("x", 95), "y"}, {strings.Repeat("x", 87), "y"}, {strings.Repeat("x", 86), "y"},
}

var prefixes = []string{"0.0.0.0/0", "::/0", "192.0.2.1/32", "192.0.2.0/24", "192.0.2.0/25", "::ffff:192.0.2.1/128", "2001:db8::/64", "2001:db8:0:1::/64", "2001:db8::/63"}

func TestKeysDiffer(t *testing.T) {
	k := ratelimit.NewKeyer()
	seen := map[ratelimit.Key]any{}
	add := func(key ratelimit.Key, of any) {
		if was, ok := seen[key]; ok {
			t.Errorf("%v and %v share a key", was, of)
		}
		seen[key] = of
	}
	for _, p := range parts {
		add(k.Sum(p...), p)
	}
	add(k.Prefix("", netip.Prefix{}), "none")
	for _, label := range []string{"", "client", "login", strings.Repeat("x", 200)} {
		for _, p := range prefixes {
			add(k.Prefix(label, netip.MustParsePrefix(p)), label+" "+p)
		}
	}
	if _, ok := seen[ratelimit.NewKeyer().Sum("a")]; ok {
		t.Error("two Keyers make one key")
	}
	var zero ratelimit.Keyer
	if _, ok := seen[zero.Sum("a")]; ok {
		t.Error("the zero Keyer has no secret of its own")
	}
}

func TestKeysAreStable(t *testing.T) {
	k := ratelimit.NewKeyer()
	for _, p := range parts {
		first := k.Sum(p...)
		if again := k.Sum(p...); again != first {
			t.Errorf("%v has two keys", p)
		}
	}
	if k.Prefix("a", netip.MustParsePrefix("192.0.2.1/24")) != k.Prefix("a", netip.MustParsePrefix("192.0.2.200/24")) {
		t.Error("one range has two keys")
	}
}

var sinkKey ratelimit.Key

func BenchmarkKeyer(b *testing.B) {
	k := ratelimit.NewKeyer()
	b.Run("principal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sinkKey = k.Sum("principal", "https://issuer.example", "7a5f2c1e-0f7d-4f4b-8a64-0c5a5f3a1b2c")
		}
	})
	b.Run("client", func(b *testing.B) {
		p := netip.MustParsePrefix("2001:db8::/64")
		b.ReportAllocs()
		for b.Loop() {
			sinkKey = k.Prefix("client", p)
		}
	})
}
