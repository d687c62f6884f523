package schema

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/sallyport-dev/sallyport/validate"
)

// The codes of failures, beside those of package validate.
const (
	CodeReadOnly    = "read_only"    // a member only the server sets
	CodeWriteOnly   = "write_only"   // a member that only clients send
	CodeNotMultiple = "not_multiple" // a number that is no multiple
	CodeNotAllowed  = "not_allowed"  // a value that the document excludes
	CodeNoMatch     = "no_match"     // none of the schemas of anyOf or oneOf
	CodeAmbiguous   = "ambiguous"    // more than one of the schemas of oneOf
	CodeFormat      = "format"       // not of the format
	CodeTooComplex  = "too_complex"  // more work than one value may cause, as choices hold choices
	CodeBadName     = "bad_name"     // a member whose name does not fit
)

// MaxFailures is how many failures of one value are told.
const MaxFailures = validate.MaxErrors

// Failure is one reason why a value does not fit.
type Failure struct {
	// Path leads to the place: names of members, and numbers of items from 0.
	Path []string
	// Code is one of the codes, or of those of package validate.
	Code string
	// Detail says what was asked, from the schema alone: the value is never in it.
	Detail string
	// Known says that the last name of Path is the document's, not the client's.
	Known bool
}

// TooComplex is the failure of a value that would cost more work than it may.
var TooComplex = Failure{Code: CodeTooComplex, Detail: "could be meant in too many ways; nest it less"}

// report gathers failures.
type report struct {
	deaf     bool // nothing is kept: what counts is what is noted of members
	found    int
	more     bool // there are more than are kept
	failures []located
}

// located is a failure with its place.
type located struct {
	at   int32
	name string // of a member that is not there
	Failure
}

func (o *report) full() bool { return o.more }

// reason is a keyword that a value fails. It is put into words only when it is shown.
type reason uint8

const (
	falseSchema reason = iota
	wrongType
	notInEnum
	notConst
	tooShort
	tooLong
	notPattern
	notFormat
	tooSmall
	tooLarge
	notAbove
	notBelow
	notMultiple
	tooFewItems
	tooManyItems
	notUnique
	containsFew
	containsMany
	extraItem
	tooFewMembers
	tooManyMembers
	missing
	missingBeside
	badName
	unknownMember
	notAllowed
	ambiguous
	noMatch
	notObject
	notChoice
	isBarred
	nearName
)

// fail notes that a value fails s. It returns false.
func (r *run) fail(s *Schema, at int32, why reason) bool { return r.failAt(s, at, "", why) }

// failAt is fail for a member that may not be there.
func (r *run) failAt(s *Schema, at int32, name string, why reason) bool {
	o := r.out
	if o == nil {
		return false
	}
	if o.found++; o.deaf {
		return false
	}
	f := located{at: at, name: name}
	f.Code, f.Detail = r.explain(s, at, name, why)
	if why == badName {
		f.name = ""
	}
	f.Known = f.name != ""
	same := func(g located) bool {
		return g.at == f.at && g.name == f.name && g.Code == f.Code && g.Detail == f.Detail
	}
	switch {
	case slices.ContainsFunc(o.failures, same):
	case len(o.failures) == MaxFailures:
		o.more = true
	default:
		o.failures = append(o.failures, f)
	}
	return false
}

// list returns the failures in the order of their places.
func (r *run) list() []Failure {
	list := make([]Failure, len(r.out.failures))
	for i, f := range r.out.failures {
		list[i] = f.Failure
		list[i].Path = r.path(f.at)
		if f.name != "" {
			list[i].Path = append(list[i].Path, f.name)
		}
	}
	slices.SortStableFunc(list, byPlace)
	return list
}

func byPlace(a, b Failure) int {
	return cmp.Or(slices.CompareFunc(a.Path, b.Path, byNumber), cmp.Compare(a.Code, b.Code))
}

// path leads to a node.
func (r *run) path(at int32) []string {
	var path []string
	for at != 0 {
		n := &r.v.nodes[at]
		name := n.name
		if r.v.nodes[n.up].kind == Array {
			i := 0
			for c := r.v.nodes[n.up].first; c != at; c = r.v.nodes[c].next {
				i++
			}
			name = strconv.Itoa(i)
		}
		path, at = append(path, name), n.up
	}
	slices.Reverse(path)
	return path
}
