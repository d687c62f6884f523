package schema

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// explain says what s asks, from the schema alone: the value is never in it.
func (r *run) explain(s *Schema, at int32, name string, why reason) (code, detail string) {
	n := &r.v.nodes[at]
	switch why {
	case wrongType:
		want := orList(s.types)
		if n.kind == Null {
			return validate.CodeNull, "must not be null; it must be " + want
		}
		return validate.CodeWrongType, "must be " + want
	case notObject:
		if n.kind == Null {
			return validate.CodeNull, "must not be null; it must be an object"
		}
		return validate.CodeWrongType, "must be an object"
	case notInEnum:
		return validate.CodeNotInEnum, "must be one of: " + values(s.enum.list)
	case notConst:
		return validate.CodeNotInEnum, "must be " + values([]any{s.constant.Any()})
	case notChoice:
		list := make([]any, len(s.discriminator.names))
		for i, name := range s.discriminator.names {
			list[i] = name
		}
		return validate.CodeNotInEnum, "must be one of: " + values(list)
	case notFormat:
		return s.format.code, s.format.detail
	case notPattern:
		return validate.CodePattern, "must match " + s.pattern.String()
	case isBarred:
		return r.set.direction.code, r.set.direction.detail
	case nearName:
		return CodeBadName, "may be read as a member that is described and differs in case alone; use another name"
	case badName:
		if wire.IsShown(name) {
			return CodeBadName, "has a member, " + name + ", whose name is not of the form asked for"
		}
		return CodeBadName, "has a member whose name is not of the form asked for"
	}
	if code, detail = s.bounds(why); code != "" {
		return code, detail
	}
	return s.rest(why)
}

// bounds are the words for what counts or compares.
func (s *Schema) bounds(why reason) (code, detail string) {
	switch why {
	case tooShort:
		return validate.CodeTooShort, "must have at least " + wire.Count(s.minLength, "character")
	case tooLong:
		return validate.CodeTooLong, "must have at most " + wire.Count(s.maxLength, "character")
	case tooFewItems:
		return validate.CodeTooFew, "must have at least " + wire.Count(s.minItems, "item")
	case tooManyItems:
		return validate.CodeTooMany, "must have at most " + wire.Count(s.maxItems, "item")
	case tooFewMembers:
		return validate.CodeTooFew, "must have at least " + wire.Count(s.minProperties, "member")
	case tooManyMembers:
		return validate.CodeTooMany, "must have at most " + wire.Count(s.maxProperties, "member")
	case containsFew:
		return validate.CodeTooFew, "must have at least " + wire.Count(max(s.minContains, 1), "item") + " of the kind asked here"
	case containsMany:
		return validate.CodeTooMany, "must have at most " + wire.Count(s.maxContains, "item") + " of the kind asked here"
	case tooSmall:
		return validate.CodeTooSmall, "must be at least " + s.minimum.text
	case tooLarge:
		return validate.CodeTooLarge, "must be at most " + s.maximum.text
	case notAbove:
		return validate.CodeTooSmall, "must be more than " + s.above.text
	case notBelow:
		return validate.CodeTooLarge, "must be less than " + s.below.text
	case notMultiple:
		return CodeNotMultiple, "must be a multiple of " + s.multiple.text
	}
	return "", ""
}

// rest are the words for what has no number.
func (s *Schema) rest(why reason) (code, detail string) {
	switch why {
	case missing:
		return validate.CodeRequired, "must be present"
	case missingBeside:
		return validate.CodeRequired, "must be present beside what is there"
	case unknownMember:
		return validate.CodeUnknownMember, "is not a member of this object"
	case extraItem:
		return validate.CodeTooMany, "is an item more than may be here"
	case notUnique:
		return validate.CodeNotUnique, "must not have the same item twice"
	case noMatch:
		return CodeNoMatch, "must have one of the shapes that the document allows here"
	case ambiguous:
		return CodeAmbiguous, "must have one shape that the document allows here, and has several"
	}
	return CodeNotAllowed, "is not allowed here"
}

// orList names types, such as "a string or null".
func orList(t types) string {
	var named []string
	for _, one := range []struct {
		set  types
		name string
	}{
		{1 << Array, "an array"}, {1 << Bool, "a boolean"}, {integerType, "an integer"}, {1 << Number, "a number"},
		{1 << Object, "an object"}, {1 << String, "a string"}, {1 << Null, "null"},
	} {
		if t&one.set != 0 && !(one.set == integerType && t&(1<<Number) != 0) {
			named = append(named, one.name)
		}
	}
	return strings.Join(named, " or ")
}

// values writes what the document lists, cut where that is long.
func values(list []any) string {
	var b strings.Builder
	for i, v := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		text, isText := v.(string)
		if !isText {
			data, _ := json.Marshal(v, json.Deterministic(true))
			text = string(data)
		}
		if b.Len()+len(text) > 512 {
			return b.String() + "…"
		}
		b.WriteString(text)
	}
	return b.String()
}

// byNumber has item 2 come before item 10.
func byNumber(a, b string) int {
	if a != "" && b != "" && wire.IsDigit(a[0]) && wire.IsDigit(b[0]) {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}
