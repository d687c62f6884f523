package validate

import (
	"cmp"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// on lists, for each rule, the kinds of value it is for. optional and required are
// for members, whatever their kind.
var on = map[string][]kind{
	"min":     {kindString, kindSecret, kindBytes, kindSlice, kindMap, kindInt, kindUint, kindFloat},
	"max":     {kindString, kindSecret, kindBytes, kindSlice, kindMap, kindInt, kindUint, kindFloat},
	"len":     {kindString, kindSecret, kindBytes, kindSlice, kindMap},
	"enum":    {kindString, kindInt, kindUint},
	"pattern": {kindString, kindSecret},
	"email":   {kindString, kindSecret},
	"url":     {kindString, kindSecret},
	"uuid":    {kindString, kindSecret},
	"time":    {kindString, kindSecret},
	"date":    {kindString, kindSecret},
	"unique":  {kindSlice},
	"each":    {kindSlice, kindMap},
	"keys":    {kindMap},
}

// bare lists the rules that have no argument.
var bare = []string{"optional", "required", "unique", "email", "url", "uuid", "time", "date"}

// apply compiles the rules of list into s. Groups are the compiler's business.
func (c *compiler) apply(s *shape, list []clause, where string) {
	has := map[string]string{}
	s.said = has
	for _, cl := range list {
		has[cl.name] = cl.arg
		if reason := s.misplaced(cl); reason != "" {
			c.refuse(where, cl.String(), reason)
			return
		}
	}
	if _, ok := has["len"]; ok && (has["min"] != "" || has["max"] != "") {
		c.refuse(where, "len="+has["len"], "cannot stand beside min or max")
		return
	}
	switch s.kind {
	case kindInt:
		bounds(c, &s.rules.ints, has, where, func(v string) (int64, error) { return strconv.ParseInt(v, 10, s.bits) })
	case kindUint:
		bounds(c, &s.rules.uints, has, where, func(v string) (uint64, error) { return strconv.ParseUint(v, 10, s.bits) })
	case kindFloat:
		bounds(c, &s.rules.floats, has, where, func(v string) (float64, error) { return strconv.ParseFloat(v, s.bits) })
	case kindString, kindSecret:
		c.sizes(s, has, where)
		c.texts(s, has, where)
	case kindBytes, kindSlice, kindMap:
		c.sizes(s, has, where)
		_, s.rules.unique = has["unique"]
	}
}

func (s *shape) misplaced(cl clause) string {
	kinds, known := on[cl.name]
	form := byte('=')
	switch {
	case slices.Contains(bare, cl.name):
		form = 0
	case cl.name == "each" || cl.name == "keys":
		form = '('
	}
	switch {
	case cl.name == "optional" || cl.name == "required":
		return "is for members of a struct, not for items, names or embedded structs"
	case !known:
		return "is not a rule; the package documentation lists them"
	case !slices.Contains(kinds, s.kind):
		return "is not a rule for the Go type " + s.typ.String()
	case cl.form != form:
		return "is written " + map[byte]string{0: "without an argument", '=': cl.name + "=…", '(': cl.name + "(…)"}[form]
	case cl.name == "unique" && !slices.Contains([]kind{kindString, kindInt, kindUint, kindBool}, s.elem.kind), cl.name == "unique" && s.elem.pointer:
		return "is for slices of strings, integers or booleans"
	}
	return ""
}

// bounds compiles min, max and enum for numbers.
func bounds[V cmp.Ordered](c *compiler, to *[]check[V], has map[string]string, where string, parse func(string) (V, error)) {
	number := func(rule, text string) (v V, ok bool) {
		if text == "" {
			return v, false
		}
		v, err := parse(text)
		if err != nil || strings.Trim(text, "0123456789.e-") != "" {
			c.refuse(where, rule+"="+text, "must be a number the Go type can hold")
			return v, false
		}
		return v, true
	}
	low, hasLow := number("min", has["min"])
	high, hasHigh := number("max", has["max"])
	detail := "must be " + span(has["min"], has["max"])
	if hasLow && hasHigh && low > high {
		c.refuse(where, "min="+has["min"]+",max="+has["max"], "min is above max")
	}
	if hasLow {
		*to = append(*to, check[V]{func(v V) bool { return v >= low }, failure{CodeTooSmall, detail}})
	}
	if hasHigh {
		*to = append(*to, check[V]{func(v V) bool { return v <= high }, failure{CodeTooLarge, detail}})
	}
	for _, rule := range []string{"min", "max", "enum"} {
		if text, ok := has[rule]; ok && text == "" {
			c.refuse(where, rule+"=", "needs a value")
		}
	}
	if has["enum"] == "" {
		return
	}
	var set []V
	for text := range strings.SplitSeq(has["enum"], "|") {
		if v, ok := number("enum", text); ok {
			set = append(set, v)
		}
	}
	*to = append(*to, check[V]{func(v V) bool { return slices.Contains(set, v) }, notInEnum(has["enum"])})
}

// span writes "3 to 20", "at least 3", "at most 20", or "exactly 3".
func span(low, high string) string {
	switch {
	case high == "":
		return "at least " + low
	case low == "":
		return "at most " + high
	case low == high:
		return "exactly " + low
	}
	return low + " to " + high
}

// sizes compiles min, max and len for what has a size.
func (c *compiler) sizes(s *shape, has map[string]string, where string) {
	low, high := has["min"], has["max"]
	for _, rule := range []string{"min", "max", "len"} {
		text, ok := has[rule]
		if n, err := strconv.ParseUint(text, 10, 31); ok && (err != nil || text != strconv.FormatUint(n, 10)) {
			c.refuse(where, rule+"="+text, "must be a whole number, 0 or more")
			return
		}
	}
	if n, ok := has["len"]; ok {
		low, high = n, n
	}
	if _, ok := s.items(); ok && high == "" {
		high = strconv.Itoa(MaxItems)
	}
	s.rules.max = unbounded
	if high != "" {
		s.rules.max, _ = strconv.Atoi(high)
	}
	s.rules.min, _ = strconv.Atoi(low)
	if high != "" && s.rules.min > s.rules.max {
		c.refuse(where, "min="+low, "is above max="+high)
	}
	detail := "must have " + span(low, high) + " " + s.unit(cmp.Or(high, low))
	s.rules.short, s.rules.long = failure{CodeTooShort, detail}, failure{CodeTooLong, detail}
	if _, ok := s.items(); ok {
		s.rules.short.code, s.rules.long.code = CodeTooFew, CodeTooMany
	}
}

func (s *shape) items() (unit string, ok bool) {
	switch s.kind {
	case kindSlice:
		return "item", true
	case kindMap:
		return "member", true
	case kindBytes:
		return "byte", false
	}
	return "character", false
}

func (s *shape) unit(n string) string {
	unit, _ := s.items()
	if n == "1" {
		return unit
	}
	return unit + "s"
}

var formats = []struct {
	name string
	check[string]
}{
	{"email", check[string]{wire.IsEmail, failure{CodeNotEmail, "must be an e-mail address such as name@host.example"}}},
	{"url", check[string]{wire.IsURL, failure{CodeNotURL, "must be an absolute http or https URL without user information"}}},
	{"uuid", check[string]{wire.IsUUID, failure{CodeNotUUID, "must be a UUID in lower case"}}},
	{"time", check[string]{wire.IsTime, notTime}},
	{"date", check[string]{wire.IsDate, failure{CodeNotDate, "must be a date such as 2026-01-31"}}},
}

// texts compiles the rules about what a text says.
func (c *compiler) texts(s *shape, has map[string]string, where string) {
	for _, f := range formats {
		if _, ok := has[f.name]; ok {
			s.rules.texts = append(s.rules.texts, f.check)
		}
	}
	enum, hasEnum := has["enum"]
	if hasEnum {
		set := strings.Split(enum, "|")
		if slices.Contains(set, "") || strings.ContainsAny(enum, "()") {
			c.refuse(where, "enum="+enum, "must be texts separated by |, without parentheses")
		}
		s.rules.texts = append(s.rules.texts, check[string]{func(v string) bool { return slices.Contains(set, v) }, notInEnum(enum)})
	}
	if pattern, ok := has["pattern"]; ok {
		if s.rules.max == unbounded && !hasEnum {
			c.refuse(where, "pattern="+pattern, "needs a max beside it, so that nobody can send it a megabyte to match")
		}
		if re := c.pattern(pattern, where); re != nil {
			s.rules.texts = append(s.rules.texts, check[string]{re.MatchString, failure{CodePattern, "must match " + pattern}})
		}
	}
}

func (c *compiler) pattern(text, where string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		c.refuse(where, "pattern="+text, "must be a Go regular expression: "+err.Error())
		return nil
	}
	if tree, err := syntax.Parse(text, syntax.Perl); err != nil || !anchored(tree) {
		c.refuse(where, "pattern="+text, "must be anchored at both ends: ^(?:…)$")
		return nil
	}
	return re
}

// anchored looks at the parsed expression, because ^a|b$ has both signs and anchors
// neither alternative at both ends.
func anchored(re *syntax.Regexp) bool {
	return re.Op == syntax.OpConcat && len(re.Sub) >= 2 &&
		re.Sub[0].Op == syntax.OpBeginText && re.Sub[len(re.Sub)-1].Op == syntax.OpEndText
}

func notInEnum(list string) failure {
	return failure{CodeNotInEnum, "must be one of: " + strings.ReplaceAll(list, "|", ", ")}
}

// tagOf returns the validate tag of a field.
func tagOf(f reflect.StructField) string { return f.Tag.Get("validate") }
