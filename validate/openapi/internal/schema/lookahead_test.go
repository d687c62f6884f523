package schema

import "testing"

// lookaheadCases are texts and whether they match, by ECMA-262. A pattern without cases is refused.
var lookaheadCases = []struct {
	pattern string
	want    map[string]bool
}{
	{`^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$`, map[string]bool{"1.50": true, "-1": true, ".5": true, "": false, "-": false, ".": false, "1.2.3": false, "a": false}},
	{`^(?=.*[a-z])(?=.*\d)(?=.*[!@#$%^&*()|\]]).{8,}$`, map[string]bool{"abcdefg1!": true, "abcdefg1)": true, "abcdefgh!": false, "12345678!": false, "a1!": false, "abcdefg\n1!": false}},
	{`^(?!admin|root$)[a-z]+$`, map[string]bool{"user": true, "admin": false, "administrator": false, "root": false, "roots": true}},
	{`^(?=a(b|c)[)(]\)).*`, map[string]bool{"ab()x": true, "ac))": true, "ad()": false, "xab()": false}},
	{`^(?!.*\.\.)[a-z.]+$`, map[string]bool{"a.b": true, "a..b": false}},
	{`^(?=.{3,}$)[^]*`, map[string]bool{"abc": true, "ab": false}},
	{`^(?=[])a`, map[string]bool{"a": false}},

	{`(?=a)b`, nil},
	{`^(?=a)a|b`, nil},
	{`^((?!x).)*$`, nil},
	{`^(?=a)*b`, nil},
	{`^a(?=b)`, nil},
	{`^(?=(?!a)b)b`, nil},
	{`^(?=a`, nil},
	{`^(?<=a)b`, nil},
	{`^(?=(a))\1`, nil},
}

func TestLookaheads(t *testing.T) {
	for _, c := range lookaheadCases {
		p, err := newPattern(c.pattern)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for text, want := range c.want {
			if got := p.matches(&run{left: 1000}, text); got != want {
				t.Errorf("%s of %q: %v", c.pattern, text, got)
			}
		}
	}
}
