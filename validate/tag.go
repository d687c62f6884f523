package validate

import (
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// clause is one rule as it is written: a name and, after = or in parentheses, an
// argument.
type clause struct {
	name, arg string
	form      byte // '=', '(' or 0
}

func (c clause) String() string {
	switch c.form {
	case '=':
		return c.name + "=" + c.arg
	case '(':
		return c.name + "(" + c.arg + ")"
	}
	return c.name
}

// clauses splits a tag. What is wrong with it, if anything, is in reason.
func clauses(tag string) (list []clause, reason string) {
	for rest := tag; rest != ""; {
		n := 0
		for n < len(rest) && wire.IsLower(rest[n]) {
			n++
		}
		c := clause{name: rest[:n]}
		if rest = rest[n:]; rest != "" && rest[0] != ',' {
			c.form = rest[0]
			if c.arg, rest, reason = argument(c, rest[1:]); reason != "" {
				return nil, reason
			}
		}
		if c.name == "" || rest == "," || rest != "" && rest[0] != ',' {
			return nil, "must be rules separated by single commas, without spaces"
		}
		if slices.ContainsFunc(list, func(o clause) bool { return o.name == c.name }) {
			return nil, c.name + " may stand there once"
		}
		rest = strings.TrimPrefix(rest, ",")
		list = append(list, c)
	}
	return list, ""
}

func argument(c clause, s string) (arg, rest, reason string) {
	switch {
	case c.form == '=' && c.name == "pattern":
		return s, "", ""
	case c.form == '=':
		n := strings.IndexByte(s, ',')
		if n < 0 {
			n = len(s)
		}
		return s[:n], s[n:], ""
	case c.form == '(':
		if n := closing(s); n >= 0 {
			return s[:n], s[n+1:], ""
		}
		return "", "", c.name + "( has no closing parenthesis"
	}
	return "", "", "must be rules separated by single commas, without spaces"
}

// closing returns the index of the parenthesis that ends a group, or -1. A pattern in
// the group runs to there; its own parentheses come in pairs, save those that are
// escaped or in a character class.
func closing(s string) int {
	depth, pattern, start := 1, 0, true // pattern is the depth at which one began
	for i := 0; i < len(s); i++ {
		if pattern == 0 && start && strings.HasPrefix(s[i:], "pattern=") {
			pattern = depth
		}
		start = s[i] == '(' || s[i] == ','
		switch c := s[i]; {
		case pattern > 0 && c == '\\':
			i++
		case pattern > 0 && c == '[':
			i += class(s[i:])
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
			if depth < pattern {
				pattern = 0
			}
		}
	}
	return -1
}

// class returns how far the end of a character class is from its start. A bracket
// that comes first, or escaped, or in a name such as [:alpha:] does not end it.
func class(s string) int {
	i := 1
	if strings.HasPrefix(s[i:], "^") {
		i++
	}
	for first := i; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], "[:") && strings.Contains(s[i:], ":]"):
			i += strings.Index(s[i:], ":]") + 1
		case s[i] == ']' && i > first:
			return i
		}
	}
	return i
}
