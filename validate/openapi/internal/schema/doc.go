// Package schema decides whether a JSON value fits a schema of an OpenAPI document.
//
// It reads JSON Schema draft 2020-12, which OpenAPI 3.1 and 3.2 use, and the dialect of
// OpenAPI 3.0. A [Compiler] turns the schemas of a document into [Schema]s once, for one
// [Direction]: requests, in which a member with readOnly must not be, or responses, in
// which a member with writeOnly must not be. A schema then judges values in one walk that
//
//   - counts its work and gives up past a bound, whatever the schema looks like,
//   - notes which members some schema that holds has described, so that an object whose
//     schema describes members at all has those alone,
//   - notes which members are readOnly or writeOnly, wherever the keyword stands,
//   - allocates nothing for a value that fits.
//
// Only a value that does not fit is walked again, to say why, up to [MaxFailures] times.
//
// It fails when composed wrongly in two ways. A [Value] carries the notes of the walk, so
// two goroutines must not judge the same one at once. And what [Parse] has bounded is all
// that bounds a walk: a Value that is built by hand must be small.
package schema
