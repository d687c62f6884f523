package openapi

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// aliases are the declared names of one place (a query, a form, an object, the cookies), as the loosest of the common
// readers compares names. They matter where undeclared names pass: one that a reader takes for a declared name would
// have its value there without having been held to its rule.
//
// What readers make of a name, in their default settings:
//
//   - PHP leaves out leading spaces, cuts at NUL, and has _ for spaces, dots and an unclosed bracket.
//   - qs (Express), PHP and Rack take a[b], a[] and [a] apart, Spring and ASP.NET Core a[0] and a.b too; the latter
//     finds a behind any prefix, in x.a and x[a].
//   - ASP.NET Core compares without regard to case. Spring takes !a for what a is where it is absent.
//   - Rails takes a(1i) for a part of a.
//
// Names are not normalised beyond case: no reader takes letters that only look alike for the same.
type aliases map[string]struct{}

// methodOverride is a member by which Rails, Laravel and Symfony are told another method than that of the request,
// which is the one that was authorised. Only a document that describes it lets it pass.
const methodOverride = "_method"

func (a aliases) declare(name string) {
	a[foldedName(name)] = struct{}{}
	for part := range strings.FieldsFuncSeq(name, isJoint) {
		a[foldedName(part)] = struct{}{} // the variable that PHP and qs put a[b] in
		break
	}
}

// take reports whether a common reader may take name, which is not declared, for a name that is.
func (a aliases) take(name string) bool {
	if a.has(name) {
		return true
	}
	for part := range strings.FieldsFuncSeq(name, isJoint) {
		if a.has(part) {
			return true
		}
	}
	return false
}

// takeCookie is take for cookies. Their names have no parts but PHP's brackets, so that the signature of session may
// be session.sig.
func (a aliases) takeCookie(name string) bool {
	root, _, _ := strings.Cut(name, "[")
	return a.has(name) || a.has(root)
}

func (a aliases) has(name string) bool {
	name = foldedName(name)
	if name == "" {
		return false
	}
	_, known := a[name]
	return known
}

// isJoint reports whether r separates the parts of a name.
func isJoint(r rune) bool { return strings.ContainsRune(".[]();\x00", r) }

// foldedName maps names to one that some reader takes for the same.
func foldedName(name string) string {
	name, _, _ = strings.Cut(name, "\x00")
	name = strings.TrimFunc(name, isTrimmed)
	return strings.Map(foldedRune, name)
}

// isTrimmed holds a question mark, which PHP's own server leaves out at the beginning of a query, and bytes that are not
// UTF-8: older Node.js programs read a cookie as Latin-1, and trim its 0xA0.
func isTrimmed(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("!?\uFEFF", r) || r == utf8.RuneError
}

func foldedRune(r rune) rune {
	switch {
	case r == '.' || r == ' ' || r == '[':
		return '_'
	case 'a' <= r && r <= 'z':
		return r - 'a' + 'A'
	case r < 0x80:
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// aliasesOf declares the names of params, and of the members that stand beside them.
func aliasesOf(params []*param) aliases {
	a := aliases{}
	for _, p := range params {
		if !p.spread() {
			a.declare(p.name)
			continue
		}
		for name := range p.shape.members {
			a.declare(name)
		}
	}
	return a
}

// looseName is told of an undeclared name that is an alias.
const looseName = "may be read as a member or parameter that is described; use another name"
