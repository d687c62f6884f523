package spec

import "slices"

// Kind is a kind of object that OpenAPI defines.
type Kind string

// form is what a member holds.
type form int

const (
	formNote    form = iota // documentation, which no check depends on: any value
	formText                // a string
	formFlag                // a boolean
	formTexts               // an array of strings
	formSchema              // a Schema Object, or from 3.1 a boolean
	formObject              // an object of another kind
	formObjects             // an array of objects of another kind
	formMap                 // objects of another kind by names that the author chooses
	formSchemas             // schemas by names that the author chooses
	formNeeds               // security requirements, see security.go of package openapi
)

// member is one member of a kind of object.
type member struct {
	form  form
	kind  Kind   // of the objects that it holds
	since string // the first version that has it, "" for all
	idle  bool   // nothing here depends on it, though it has a form
}

// known reports whether a version of OpenAPI has the member.
func (m member) known(version string) bool { return m.since <= version }

// decides reports whether a check may depend on the member.
func (m member) decides() bool { return m.form != formNote && !m.idle }

// table is every member that a kind of object has, and so all that it may have beside
// extensions, whose names begin with "x-".
type table struct {
	// members are the members with names of their own.
	members map[string]member
	// named is the kind of the members that the author names, "" where there are none.
	named Kind
	// merges is set where members beside a $ref count (Path Item Object).
	merges bool
}

// names lists the members that a version has, in order.
func (t *table) names(version string) (names []string) {
	for name, m := range t.members {
		if m.known(version) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// The members, as the tables below list them.
func note() member          { return member{} }
func text() member          { return member{form: formText} }
func flag() member          { return member{form: formFlag} }
func texts() member         { return member{form: formTexts} }
func schema() member        { return member{form: formSchema} }
func schemas() member       { return member{form: formSchemas} }
func needs() member         { return member{form: formNeeds} }
func object(k Kind) member  { return member{form: formObject, kind: k} }
func objects(k Kind) member { return member{form: formObjects, kind: k} }
func mapOf(k Kind) member   { return member{form: formMap, kind: k} }

func (m member) from(version string) member {
	m.since = version
	return m
}

func idle(m member) member {
	m.idle = true
	return m
}
