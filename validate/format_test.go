package validate

import (
	"strings"
	"testing"
)

var formatCases = map[string]struct{ good, bad []string }{
	"email": {
		good: []string{"a@b.example", "first.last+tag@sub.domain.example", "o'hara@x-y.example", strings.Repeat("a", 64) + "@b.example", "a@xn--bcher-kva.example", "1@1.example"},
		bad: []string{
			"", "@", "a", "a@", "@b.example", "a@b", "a@b.", "a@.b.example", "a@b..example", ".a@b.example", "a.@b.example", "a..b@c.example",
			"a@-b.example", "a@b-.example", "a@127.0.0.1", "a@[127.0.0.1]", `"a b"@c.example`, "a(b)@c.example", "a b@c.example", " a@b.example", "a@b.example ",
			"a@b.example\n", "a@b.example\r\nBcc: c@d.example", "a\x00@b.example", "a@b@c.example", "é@b.example", "a@bücher.example", "a@b.example,c@d.example",
			"A <a@b.example>", "a@b_c.example", strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b", 64) + ".example", "a@" + strings.Repeat("b.", 130) + "example", "a@b.ex%61mple",
		},
	},
	"url": {
		good: []string{"https://a.example", "http://a.example:8080/p?q=1#f", "https://127.0.0.1/", "https://[2001:db8::1]:8443/", "https://a.example/%20", "https://localhost/"},
		bad: []string{
			"", "a.example", "//a.example", "ftp://a.example", "javascript:alert(1)", "HTTPS://a.example", "https:a.example", "https:/a.example", "https://", "https:///p", "https://:80/",
			"https://u@a.example", "https://u:p@a.example", "https://a.example@b.example", `https://a.example\@b.example`, "https://a.example:0", "https://a.example:", "https://a.example:99999",
			"https://a.example:08", "https://a b.example", "https://a.example/ ", " https://a.example", "https://a.example/\n", "https://a.example/é", "https://a.example/<", "https://a_b.example",
			"https://[::1", "https://[127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://0x7f000001/", "https://2130706433/", "https://127.1/", "https://1.2.3.4.5/", "https://a.0x1/", "https://a..example/", "https://%61.example/%zz", "https://a.example./",
			"https://a.example/" + strings.Repeat("x", 2048),
		},
	},
	"uuid": {
		good: []string{"0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f", "00000000-0000-0000-0000-000000000000"},
		bad: []string{
			"", "0B8E1A3C-9B2F-4C63-8F5E-0A4B7C1D2E3F", "0b8e1a3c9b2f4c638f5e0a4b7c1d2e3f", "{0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f}", "urn:uuid:0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f",
			"0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3g", "0b8e1a3c-9b2f-4c63-8f5e0-a4b7c1d2e3f", "0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f\n", "0b8e1a3c_9b2f-4c63-8f5e-0a4b7c1d2e3f",
		},
	},
	"time": {
		good: []string{"2026-01-31T09:30:00Z", "2026-01-31T09:30:00.123456789-05:30", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59+23:59"},
		bad: []string{
			"", "2026-01-31", "2026-01-31T09:30Z", "2026-01-31T9:30:00Z", "2026-01-31t09:30:00z", "2026-01-31 09:30:00Z", "2026-01-31T09:30:00", "2026-01-31T09:30:00,5Z", "2026-01-31T09:30:00.Z",
			"2026-01-31T24:00:00Z", "2026-01-31T09:30:60Z", "2026-02-29T09:30:00Z", "2026-01-31T09:30:00+24:00", "2026-01-31T09:30:00+0100", "2026-01-31T09:30:00+01", "2026-01-31T09:30:00+01:60", "2026-1-31T09:30:00Z",
			"2026-01-31T09:30:00ZZ", "2026-01-31T09:30:00Z ", "12026-01-31T09:30:00Z", "-026-01-31T09:30:00Z", "2026-01-31T09:30:00." + strings.Repeat("1", 100) + "Z",
		},
	},
	"date": {
		good: []string{"2026-01-31", "2028-02-29"},
		bad:  []string{"", "2026-02-29", "2026-13-01", "2026-1-31", "26-01-31", "2026-01-31 ", "2026/01/31", "20260131", "2026-01-31T00:00:00Z", "2026-00-10"},
	},
}

func TestFormats(t *testing.T) {
	for _, f := range formats {
		cases, ok := formatCases[f.name]
		if !ok {
			t.Errorf("%s has no cases", f.name)
		}
		for _, s := range cases.good {
			if !f.ok(s) {
				t.Errorf("%s refused %q", f.name, s)
			}
		}
		for _, s := range cases.bad {
			if f.ok(s) {
				t.Errorf("%s accepted %q", f.name, s)
			}
		}
	}
}

// Whatever a format accepts is short, printable ASCII on one line.
func FuzzFormats(f *testing.F) {
	for _, cases := range formatCases {
		for _, s := range append(cases.good, cases.bad...) {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, f := range formats {
			if f.ok(s) && (len(s) > 2048 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })) {
				t.Errorf("%s accepted %q", f.name, s)
			}
		}
	})
}
