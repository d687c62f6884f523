// Package spec reads the files of an OpenAPI document: JSON or YAML, references between
// them, and the line and column of every problem.
//
// An object of OpenAPI is read with [Cursor.Open], by the one table of its kind: every member
// that the table does not have, and every value of another type, is a problem. [Cursor.Check]
// does so for all objects below, read or not.
//
// It fails when composed wrongly in one way: a [Cursor] is a value with its place, and a
// value that is looked at without it (by a type assertion on Value, say) is judged without
// anybody being told. What must be of a type is read with Text, Flag, Object or Items, of a schema,
// and through an [Object] elsewhere.
package spec
