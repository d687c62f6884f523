package pattern

import (
	"errors"
	"strings"
	"testing"
)

// cases are expressions, with texts that match and texts that do not, one to a line: what real documents have, and what
// tells ECMA-262 from other languages.
var cases = []struct {
	pattern string
	yes, no []string
}{
	// Passwords, as documents of zod and pydantic ask for them.
	{`^(?=.*[a-z])(?=.*\d)(?=.*[!@#$%^&*()|\]]).{8,}$`, []string{"abcdefg1!", "abcdefg1)"}, []string{"abcdefgh!", "12345678!", "a1!", "abcdefg\n1!"}},
	{`(?=.*[A-Z])(?=.*\d)^[A-Za-z\d]{8,}$`, []string{"Abcdefg1"}, []string{"abcdefg1", "Abcdefgh", "Abcdef1"}},
	{`^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$`, []string{"1.50", "-1", ".5"}, []string{"", "-", ".", "1.2.3", "a"}},
	{`^(?!admin|root$)[a-z]+$`, []string{"user", "roots"}, []string{"admin", "administrator", "root"}},
	{`^(?!\.)(?!.*\.\.)([a-z0-9_'+\-\.]*)[a-z0-9_+-]@([a-z0-9][a-z0-9\-]*\.)+[a-z]{2,}$`, []string{"ada@example.com", "a.b@x.yz"}, []string{".a@b.cd", "a..b@c.de", "a@b"}},
	{`^((?!x).)*$`, []string{"", "abc"}, []string{"x", "abxc"}},
	{`^a(?=b)`, []string{"ab", "abc"}, []string{"a", "ac"}},
	{`(?<!\d)\d{3}(?!\d)`, []string{"123", "a123b", "1234 567"}, []string{"12", "1234", "12345"}},
	{`(?<=\$)\d+(?:\.\d\d)?$`, []string{"$5", "a $5.25"}, []string{"5", "$", "$5.2.1x"}},
	{`^(?=(?!a)b)b`, []string{"b"}, []string{"a", "ab"}},
	{`^(?=a(b|c)[)(]\)).*`, []string{"ab()x", "ac))"}, []string{"ad()", "xab()"}},
	{`^(?=.{3,}$)[^]*`, []string{"abc"}, []string{"ab", "a\nb"}},
	{`^(?=a)*b`, []string{"b"}, []string{"a"}},
	{`^(?=[])a`, nil, []string{"a", ""}},
	{`^(?:(?=\D*\d)(?=[^a-z]*[a-z]).{4,}|x)$`, []string{"ab1c", "x"}, []string{"abcd", "1234", "y"}},

	// Large and unanchored repetitions.
	{`^.{1,2000}$`, []string{"a", strings.Repeat("é", 2000)}, []string{"", strings.Repeat("a", 2001), "a\nb"}},
	{`^[\s\S]{0,65535}$`, []string{"", strings.Repeat("a", 65535)}, []string{strings.Repeat("a", 65536)}},
	{`^(?:[a-z]{1,63}\.){1,126}[a-z]{2,63}$`, []string{"a.bc", strings.Repeat("a.", 126) + "bc"}, []string{"a", strings.Repeat("a.", 127) + "bc"}},
	{`[a-z]{1,100000}`, []string{"a", "1a"}, []string{"", "1A"}},
	{`a{2,3}b{0,5}`, []string{"aa", "xaaa"}, []string{"ab"}},
	{`^a{0}$`, []string{""}, []string{"a"}},

	// Escapes and classes.
	{`^\cA\cj$`, []string{"\x01\n"}, []string{"cA"}},
	{`^[^]$`, []string{"a", "\n", "😀"}, []string{"", "ab"}},
	{`[]`, nil, []string{"", "a", "]"}},
	{`^[\-a\/\]]+$`, []string{"-a/]"}, []string{"b", `\`}},
	{`^[a\-z]$`, []string{"a", "-", "z"}, []string{"b"}},
	{`^[a-]$|^[-b]$`, []string{"a", "-", "b"}, []string{"c"}},
	{`^[\w-]+$`, []string{"a-b_1"}, []string{"a.b", "é"}},
	{`^[\w-.]+$`, []string{"a-b.c"}, []string{"a b", ","}},
	{`^[!-\/]$`, []string{"!", "-", "/"}, []string{"0"}},
	{`^\/a\/$`, []string{"/a/"}, []string{"a"}},
	{`^\uD83D\uDE00\u{1F600}[\uD83D\uDE00-\uD83D\uDE4F]$`, []string{"😀😀😃"}, []string{"😀😀"}},
	{`^.$`, []string{"a", "é", "😀"}, []string{"\n", "\r", "\u2028", "\u2029", "ab", ""}},
	{`^\s$`, []string{" ", "\u00a0", "\ufeff", "\v", "\u3000"}, []string{"\u200b", "a"}},
	{`^\d\w$`, []string{"1a"}, []string{"\u0661a", "1é"}},
	{`\bb\B`, []string{"ba", "a bc"}, []string{"ab", "b"}},
	{`^\u0041\x42\t\0$`, []string{"AB\t\x00"}, []string{"AB\t"}},
	{`^(?<year>\d{4})-(?<m>\d\d)$`, []string{"2026-01"}, []string{"2026-1"}},
	{`a$`, []string{"a", "ba"}, []string{"a\n", "ab"}},
	{`^\p{L}+\P{L}$`, []string{"aéλ1"}, []string{"1", "ab"}},
	{`^\p{Lu}\p{Letter}\p{Script=Greek}\p{sc=Latn}\p{gc=Nd}\p{Alphabetic}\p{ASCII}$`, []string{"Aaαa1aa"}, []string{"aaaa1aa"}},
	{`^[\p{L}\p{N}' -]{2,9}$`, []string{"Zoë 1", "d'É-"}, []string{"a_", "a"}},
	{`^[^\p{L}\d]$`, []string{"-"}, []string{"a", "1", "é"}},
	{`^(?i:straße|k)$`, []string{"STRAßE", "\u212a"}, []string{"strasse"}},

	// What the u flag forbids, by Annex B.
	{`^\_\@\#\%\'\"\:\-$`, []string{`_@#%'":-`}, []string{`\_`}},
	{`^{a}]$`, []string{"{a}]"}, []string{"a"}},
	{`^a{,x}$`, []string{"a{,x}"}, []string{"a"}},
	{`^\8\12\1$`, []string{"8\n\x01"}, []string{"8"}},

	// What other languages write.
	{`\Aa\Z`, []string{"a"}, []string{"a\n", "ab", "AaZ"}},
	{`^(?P<x>a)\z`, []string{"a"}, []string{"ab"}},
	{`(?i)^abc$`, []string{"ABC", "aBc"}, []string{"ab"}},
	{`^a{,2}$`, []string{"", "aa"}, []string{"aaa", "a{,2}"}},
	{`^[[:alpha:]_]+$`, []string{"ab_"}, []string{"1", ":"}},
	{`^\p{Greek}\pL\p{IsLatin}\p{Alnum}$`, []string{"αλa1"}, []string{"aaa1"}},
	{`^\x{1F600}$`, []string{"😀"}, []string{"x"}},
}

func TestMatch(t *testing.T) {
	var m Machine
	for _, c := range cases {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for want, texts := range map[bool][]string{true: c.yes, false: c.no} {
			for _, text := range texts {
				left := 1_000_000
				if got := m.Match(p, text, &left); got != want || left < 0 {
					t.Errorf("%s of %.40q: %t, %d units left", c.pattern, text, got, left)
				}
			}
		}
	}
}

// refused are expressions that are not matched, and whether they mean something.
var refused = map[string]bool{
	`(['"]).*\1`: true, `^(?<q>a)\k<q>$`: true, `\p{Emoji}`: true, `\p{Nope}`: true, `^a++$`: true, `(?>a)b`: true, `^[a-z&&[^b]]$`: true,
	`\h\-`: true, `(?m)^a$`: true, `(?#a)b`: true, `^/^a$/`: false, `/^a+$/`: true, `/^a+$/i`: true, `\Qa\E`: true, `\xg\-`: true,
	`^a{1,500000}$`: true, `^((a{1,500}){1,500}){1,500}$`: true, `^(?=a{1,300000}$)(?=b)`: true,
	strings.Repeat("(", 300) + strings.Repeat(")", 300): true, strings.Repeat("a", maxText+1): true,

	`(`: false, `)`: false, `[`: false, `[a-`: false, `*a`: false, `a**`: false, `a{2,1}`: false, `[z-a]`: false, `\`: false, `^*`: false,
	`(?<>a)`: false, `(?<1>a)`: false, `{1}`: false, "\xff": false, `\u{110000}`: false, `\b+`: false, `(?<=a)*`: false, `(?:`: false, `(?`: true,
}

func TestCompile_refused(t *testing.T) {
	for text, means := range refused {
		if text == `^/^a$/` { // matches nothing, and is well formed
			continue
		}
		p, err := Compile(text)
		if err == nil || errors.Is(err, ErrUnsupported) != means {
			t.Errorf("%.50q: %v, %v", text, p != nil, err)
		}
	}
}

// TestMatch_linear: expressions for which backtracking takes exponential time cost no more than their size for each
// character, and those that are decided early cost little.
func TestMatch_linear(t *testing.T) {
	long := strings.Repeat("a", 50_000)
	for _, c := range []struct {
		pattern, text string
		most          int // units for each 16 characters
	}{
		{`^(a+)+$`, long + "!", 20},
		{`^(a|a)*$`, long + "!", 20},
		{`^(a|aa)+$`, long + "!", 20},
		{`(.*)*(.*)*(.*)*x`, long, 40},
		{`^(?=(a+)+$)(?=(a|aa)+b)(?!(a*)*c).*$`, long, 60},
		{`(?<=(a+)+b)(?=(a+)+b)(?=(?!(a|a)*$)a)`, long, 60},
		{strings.Repeat("(?=", 100) + "a" + strings.Repeat(")", 100), long, 800},
		{`^(?:(?:a{0,9}){0,9}){0,9}$`, long, 1500},
		{`[a-z]{1,255}`, strings.Repeat(" ", 50_000), 4},
		{`\S`, strings.Repeat(" ", 50_000), 4},
		{`^.{1,65535}$`, long, 8},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		var m Machine
		left := 1 << 40
		m.Match(p, c.text, &left)
		if units := 1<<40 - left; units > c.most*len(c.text)/16 {
			t.Errorf("%.40s: %d units, want at most %d", c.pattern, units, c.most*len(c.text)/16)
		}

		// It ends where no work is left.
		left = 100
		if m.Match(p, c.text, &left) && left < 0 || left < -100_000 {
			t.Errorf("%.40s: %d units left of 100", c.pattern, left)
		}
	}
}

// TestMatch_allocates: a Machine that has been used needs no memory.
func TestMatch_allocates(t *testing.T) {
	p, err := Compile(`^(?=.*\d)(?!.*--)[a-z\d-]{3,63}$`)
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	if n := testing.AllocsPerRun(100, func() {
		left := 1000
		if !m.Match(p, "abc-1", &left) {
			t.Error("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestCheck_cost: an expression that is only read, as values of the format regex are, makes no set of characters. One of
// 1000 bytes took seconds.
func TestCheck_cost(t *testing.T) {
	for _, piece := range []string{`\pL`, `\PC`, `[\PC]`, `\w`, `\b`, `[^a-z]`, `\p{IDC}`, `\p{Script=Greek}`} {
		text := `(?i:` + strings.Repeat(piece, 1000/len(piece)) + `)`
		if err := Check(text); err != nil {
			t.Errorf("%s: %v", piece, err)
		}
		pieces := float64(1000 / len(piece))
		if n := testing.AllocsPerRun(1, func() { _ = Check(text) }) / pieces; n > 40 {
			t.Errorf("%s: %.0f allocations for each piece", piece, n)
		}
	}
}
