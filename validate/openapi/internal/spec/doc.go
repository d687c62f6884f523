// Package spec reads the files of an OpenAPI document: JSON or YAML, references between
// them, and the line and column of every problem.
//
// It fails when composed wrongly in one way: a [Cursor] is a value with its place, and a
// value that is looked at without it (by a type assertion on Value, say) is judged without
// anybody being told. What must be of a type is read with Text, Flag, Object or Items.
package spec
