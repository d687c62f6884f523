package schema

import (
	"fmt"
	"strings"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// defaults are the bounds of a body without any configuration.
func defaults() Bounds {
	l := wire.NewLimits(validate.DefaultLimit, validate.DefaultDepth, false)
	return Bounds{Text: 64 << 10, Items: validate.MaxItems, Values: 10_000, Limits: &l}
}

// repeat joins n texts.
func repeat(n int, sep string, text func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = text(i)
	}
	return strings.Join(parts, sep)
}

// always is one text, whatever the number.
func always(text string) func(int) string { return func(int) string { return text } }

// nest puts a value into n others.
func nest(n int, before, value, after string) string {
	return strings.Repeat(before, n) + value + strings.Repeat(after, n)
}

func list(n int, text func(int) string) string { return "[" + repeat(n, ",", text) + "]" }

// members are an object of n members.
func members(n int, value string) string {
	return "{" + repeat(n, ",", func(i int) string { return fmt.Sprintf(`"m%d":%s`, i, value) }) + "}"
}

// tree is a binary tree.
func tree(depth int, leaf string) string {
	if depth == 0 {
		return leaf
	}
	return `{"l":` + tree(depth-1, leaf) + `,"r":` + tree(depth-1, leaf) + `}`
}

type body struct{ name, text string }

// worst are bodies at the default bounds, each of them the worst for some schema.
func worst() []body {
	long := strings.Repeat("a", 63<<10)
	number := strings.Repeat("7", 63)
	backwards := "{" + repeat(1000, ",", func(i int) string { return fmt.Sprintf(`"m%d":1`, 999-i) }) + "}"
	return []body{
		{"27 KB of {}", list(9, always(list(998, always("{}"))))},
		{"3 KB of {}", list(1000, always("{}"))},
		{"objects of 1000 members", list(9, always(members(1000, "1")))},
		{"k in k", nest(63, `{"k":`, "1", "}")},
		{"k in k, {}", nest(62, `{"k":`, "{}", "}")},
		{"k in k, 12 deep", nest(12, `{"k":`, "1", "}")},
		{"k in lists", nest(31, `{"k":[`, "1", "]}")},
		{"k in k, long text", nest(62, `{"k":`, `"`+long+`"`, "}")},
		{"k in k, 900 members", nest(40, `{"k":`, members(900, "1"), "}")},
		{"k in k, 150 members each", nest(60, strings.TrimSuffix(members(150, "1"), "}")+`,"k":`, "{}", "}")},
		{"lists in lists", nest(63, "[", "1", "]")},
		{"tree", tree(12, "1")},
		{"tree, ends wrong", tree(11, "{}")},
		{"long texts", list(16, always(`"`+long+`"`))},
		{"long names", "{" + repeat(15, ",", func(i int) string { return fmt.Sprintf(`"%s%d":1`, long, i) }) + "}"},
		{"objects, each once", list(1000, func(i int) string {
			return fmt.Sprintf(`{"a":%d,"b":[1],"c":{},"d":1,
			"e":2,"f":3}`, i)
		})},
		{"objects, the last twice", list(1000, func(i int) string {
			return fmt.Sprintf(`{"a":%d,"b":[1],"c":{},
			"d":1,"e":2}`, min(i, 998))
		})},
		{"large ones twice", list(2, func(i int) string { return [2]string{members(1000, "1"), backwards}[i] })},
		{"long numbers", list(1000, always(number))},
		{"long numbers in objects", list(9, always(members(1000, number)))},
		{"kinds", list(1000, always(`{"kind":"x","m1":1,"m2":{},"m3":[],"m4":"","m5":null,"k":[{}]}`))},
		{"known kinds", list(1000, always(`{"kind":"T1","m1":1,"m2":{},"m3":[],"m4":"","m5":null,"k":[{}]}`))},
		{"expressions", list(1000, always(`"`+strings.Repeat("(a{9}|[b-c]?)", 70)+`"`))},
		{"addresses", list(16, always(`"https://a.example/`+long[:60<<10]+`"`))},
	}
}
