package schema

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// compared are values for the benchmarks, that fit and that do not.
func compared() []struct{ name, schema, fits, fails string } {
	const user = `{"type": "object", "required": ["username", "email", "password"], "additionalProperties": false,
		"properties": {
		"username": {"type": "string", "minLength": 3, "maxLength": 30, "pattern": "^[a-z0-9_]+$"},
		"email": {"type": "string", "format": "email"}, "password": {"type": "string", "minLength": 8, "maxLength": 72},
		"age": {"type": "integer", "minimum": 13}, "tags": {"type": "array", "uniqueItems": true,
			"items": {"type": "string"}}}}`
	const one = `{"username": "gopher_7", "email": "gopher@example.com", "password": "correct horse", "age": 30,
		"tags": ["a", "b"]}`
	shape := func(i int) string {
		return fmt.Sprintf(`{"required": ["kind", "size"], "properties": {"kind": {"const": "k%d"},
			"size": {"type": "number", "multipleOf": 0.5}}}`, i)
	}
	choice := `{"type": "array", "items": {"oneOf": [` + repeat(8, ",", shape) + `]}}`
	return []struct{ name, schema, fits, fails string }{
		{"user", user, one, strings.Replace(one, `"gopher_7"`, `"Gopher 7"`, 1)},
		{"500 users", `{"type": "array", "items": ` + user + `}`, list(500, always(one)), list(500,
			always(strings.Replace(one, "30", "3", 1)))},
		{"choice", choice, list(1, always(`{"kind": "k6", "size": 1.5}`)), list(1, always(`{"kind": "k6",
			"size": 1.4}`))},
		{"500 choices", choice, list(500, always(`{"kind": "k6", "size": 1.5}`)), list(500, always(`{"kind": "k6",
			"size": "1"}`))},
	}
}

// side is one of the two that are compared.
type side struct {
	read  func(text []byte) any
	judge func(v any) bool
}

// sides compiles a schema twice. Ours says why by Judge, and by Fits it does not.
func sides(b *testing.B, schema string, fits bool) (us, them side) {
	b.Helper()
	s, err := ours([]byte(schema))
	if err != nil {
		b.Fatal(err)
	}
	j, err := otherJudge([]byte(schema))
	if err != nil {
		b.Fatal(err)
	}
	us.read = func(text []byte) any { return parse(b, text) }
	us.judge = func(v any) bool { return s.Judge(v.(*Value)).Fits }
	if fits {
		us.judge = func(v any) bool {
			ok, _ := s.Fits(v.(*Value))
			return ok
		}
	}
	them.read = func(text []byte) any {
		v, err := j.read(text)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	them.judge = func(v any) bool { return j.Validate(v) == nil }
	return us, them
}

// BenchmarkFits decides alone, which the other one has no way to do.
func BenchmarkFits(b *testing.B) { compareAll(b, true) }

// BenchmarkJudge says why, as the other one does.
func BenchmarkJudge(b *testing.B) { compareAll(b, false) }

func compareAll(b *testing.B, fits bool) {
	for _, c := range compared() {
		for _, v := range []struct {
			name, text string
			want       bool
		}{{"fits", c.fits, true}, {"fails", c.fails, false}} {
			for _, read := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%s/read=%t", c.name, v.name, read), func(b *testing.B) {
					us, them := sides(b, c.schema, fits)
					compare(b, us, them, []byte(v.text), read, v.want)
				})
			}
		}
	}
}

// compare reports how many times as long the other one takes.
func compare(b *testing.B, us, them side, text []byte, read, want bool) {
	b.Helper()
	b.ReportAllocs()
	one := func(s side) func() {
		v := s.read(text)
		return func() {
			if read {
				v = s.read(text)
			}
			if s.judge(v) != want {
				b.Fatal("another verdict")
			}
		}
	}
	f, g := one(us), one(them)
	for b.Loop() {
		f()
	}
	mine := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	rounds := max(1, min(b.N, 2000))
	start := time.Now()
	for range rounds {
		g()
	}
	theirs := float64(time.Since(start).Nanoseconds()) / float64(rounds)
	b.ReportMetric(theirs/mine, "library/ours")
}
