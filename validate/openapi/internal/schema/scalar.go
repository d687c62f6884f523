package schema

import "github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"

// scalar compiles what is about strings, numbers and any value as it is.
func (c *Compiler) scalar(s *Schema, name string, k spec.Cursor) bool {
	switch name {
	case "type":
		s.types = c.typesOf(k)
	case "enum":
		s.enum = newEnum(k)
	case "const":
		s.constant = From(k.Value)
	case "minLength":
		s.minLength = size(k)
	case "maxLength":
		s.maxLength = size(k)
	case "pattern":
		if text, ok := k.Value.(string); ok {
			s.pattern = c.pattern(k, text)
			s.unmatched = s.pattern == nil
		} else {
			k.Fail("must be a string")
		}
	case "format":
		c.format(s, k)
	case "minimum":
		s.minimum = number(k)
	case "maximum":
		s.maximum = number(k)
	case "exclusiveMinimum", "exclusiveMaximum":
		c.exclusive(s, name, k)
	case "multipleOf":
		s.multiple = divisor(k)
	default:
		return false
	}
	return true
}

func (c *Compiler) format(s *Schema, k spec.Cursor) {
	name, ok := k.Value.(string)
	if !ok {
		k.Fail("must be a string")
	}
	if s.formatName = name; !c.options.Annotate {
		s.format = formats[name]
	}
}

// exclusive reads a bound that is not itself within. In OpenAPI 3.0 it is a flag of the
// other bound, see oldTypes.
func (c *Compiler) exclusive(s *Schema, name string, k spec.Cursor) {
	if _, isFlag := k.Value.(bool); isFlag && c.old {
		return
	}
	if c.old {
		k.Fail("must be true or false")
		return
	}
	if name == "exclusiveMinimum" {
		s.above = number(k)
		return
	}
	s.below = number(k)
}

// maxDivisor is how many digits a multipleOf may have, so that a remainder fits in 64 bits.
const maxDivisor = 18

func divisor(k spec.Cursor) *bound {
	b := number(k)
	switch {
	case b == nil:
	case b.d.n == 0 || b.d.neg:
		k.Fail("must be a number greater than 0")
		return nil
	case b.d.n > maxDivisor:
		k.Failf("must have at most %d digits", maxDivisor)
		return nil
	}
	return b
}

var typeNames = map[string]types{
	"null": 1 << Null, "boolean": 1 << Bool, "number": 1 << Number, "integer": integerType,
	"string": 1 << String, "array": 1 << Array, "object": 1 << Object,
}

func (c *Compiler) typesOf(k spec.Cursor) types {
	names, isList := k.Value.([]any)
	switch {
	case c.old && !isText(k.Value):
		k.Fail("the type of OpenAPI 3.0 is one string")
		return 0
	case !isList:
		names = []any{k.Value}
	case len(names) == 0:
		k.Fail("must have at least one type")
	}
	set := typesKnown
	for _, v := range names {
		name, _ := v.(string)
		one, ok := typeNames[name]
		switch {
		case !ok:
			k.Fail("must be one of: array, boolean, integer, null, number, object, string")
			return 0
		case set&one != 0:
			k.Failf("%s is a duplicate: remove one of the two", name)
		}
		set |= one
	}
	if set&(1<<Number) != 0 {
		set |= integerType
	}
	return set
}

func newEnum(k spec.Cursor) *enum {
	values, ok := k.Value.([]any)
	if !ok {
		k.Fail("must be an array")
		return nil
	}
	e := &enum{texts: map[string]struct{}{}, list: values}
	for _, v := range values {
		if text, ok := v.(string); ok {
			e.texts[text] = struct{}{}
			continue
		}
		e.values = append(e.values, From(v))
	}
	return e
}
