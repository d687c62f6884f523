package validate

import (
	"regexp"
	"strings"
	"testing"
)

// What is written holds for the same texts, and has nothing that only Go knows.
var patternCases = map[string]string{
	`^[A-Za-z0-9_]+$`:               `^(?:[0-9A-Z_a-z])+$`,
	`^\w+\s\d{2,}$`:                 `^(?:[0-9A-Z_a-z])+[\x09-\x0A\x0C-\x0D ](?:[0-9]){2,}$`,
	`^(?i)k$`:                       "^[Kk\u212a]$",
	`^(?P<a>x|y)??(?U)z*$`:          `^(?:(?:[x-y]))?(?:z)*$`,
	`^\Qa.b\E[[:alpha:]]\x{1F600}$`: "^a\\.b[A-Za-z]\U0001F600$",
	`^[^a]{3}$`:                     "^(?:[\\x00-`b-\U0010FFFF]){3}$",
	`^.(?s:.)\b\B()$`:               `^[^\n][\s\S]\b\B(?:(?:))$`,
	`\A(?:)a/b-\]\z`:                `^(?:)a\/b-\]$`,
	`^[\]\-^]{1,2}$`:                `^(?:[\-\]-\^]){1,2}$`,
}

func TestPortablePattern(t *testing.T) {
	for text, want := range patternCases {
		if got, ok := portablePattern(text); !ok || got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{`^(?m:^a)$`, `^(?m:a$)$`, `(`} {
		if got, ok := portablePattern(text); ok {
			t.Errorf("%s became %s", text, got)
		}
	}
}

func FuzzPortablePattern(f *testing.F) {
	for text := range patternCases {
		f.Add(text, "ab1 K\n")
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		re, err := regexp.Compile(text)
		portable, ok := portablePattern(text)
		if err != nil || !ok || strings.Contains(s, "\uFFFD") {
			return
		}
		same, err := regexp.Compile(portable)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, portable, err)
		}
		if re.MatchString(s) != same.MatchString(s) {
			t.Fatalf("%q became %q, which differs on %q", text, portable, s)
		}
	})
}
