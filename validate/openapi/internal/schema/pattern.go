package schema

import (
	"errors"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/pattern"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// maxPrograms is how many instructions the patterns of a document may have in all, about 40 bytes each.
const maxPrograms = 1_000_000

// Patterns are the regular expressions of a document, each compiled once for both directions.
type Patterns struct {
	// Strict refuses a pattern that is not matched here. Without it, such a pattern is an annotation, with a warning.
	Strict bool

	known map[string]compiled
	size  int
}

// compiled is a pattern, or why there is none.
type compiled struct {
	*pattern.Pattern
	err error
}

// compile compiles a pattern.
func (p *Patterns) compile(text string) (*pattern.Pattern, error) {
	if c, ok := p.known[text]; ok {
		return c.Pattern, c.err
	}
	var c compiled
	c.Pattern, c.err = pattern.Compile(text)
	if c.err == nil {
		if p.size += c.Size(); p.size > maxPrograms {
			c = compiled{err: errors.New("the patterns of the document are too large together")}
		}
	}
	if p.known == nil {
		p.known = map[string]compiled{}
	}
	p.known[text] = c
	return c.Pattern, c.err
}

// pattern compiles a pattern. It returns nil for one that is not matched here, which is noted.
func (c *Compiler) pattern(at spec.Cursor, text string) *pattern.Pattern {
	p, err := c.options.Patterns.compile(text)
	switch {
	case err == nil:
	case c.options.Patterns.Strict:
		at.Failf("the pattern %q cannot be matched here: %v", text, err)
	default:
		at.Warnf("the pattern %q cannot be matched here, and no value is held to it: %v", text, err)
	}
	return p
}

// matches counts the work while it is done.
func (r *run) matches(p *pattern.Pattern, text string) bool {
	if r.over {
		return false
	}
	found := r.machine.Match(p, text, &r.left)
	if r.left < 0 {
		r.over = true
	}
	return found && !r.over
}
