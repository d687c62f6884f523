// Package validate reads a JSON body, a query or a path into a Go type, or says
// everything that is wrong with it.
//
// It fails when composed wrongly in four ways. It is no defence against injection: a
// text such as "'; DROP TABLE users" is a fine text, and passes where the rules allow
// its characters; parameterised queries and output encoding are the defence. A value
// that passed [Body] and was changed afterwards is unchecked again. A type that is
// also used for writing, or for storing, gives the client every exported field to
// set: write one small type for each body. And a body that another handler read
// before is empty here.
//
// # What is refused
//
// The answer is always a *problem.Problem, and never holds a value that was sent.
//
//	415  a media type other than application/json, a charset other than UTF-8, a
//	     Content-Encoding
//	413  more bytes than the limit (1 MiB), told by Content-Length or found by counting
//	400  text that is not JSON in the strict sense of RFC 7493: a member name twice in
//	     one object, bytes or escapes that are not Unicode, anything after the value, a
//	     byte order mark, more than 64 levels
//	422  JSON of the wrong shape: every failure at once (at most [MaxErrors]), each with
//	     the JSON Pointer (RFC 6901) of its place
//
// The codes of a 400 are empty_body, malformed_json, invalid_utf8, duplicate_member,
// trailing_data, too_deep and unreadable_body. A 422 is invalid_body, and the codes of
// its fields are the Code constants.
//
// A pointer holds names: those of T, and those the client chose, in maps and for
// unknown members. A client's name is shown only when it has 1 to 64 printable ASCII
// characters without quotes, backslash, <, > and &; otherwise the pointer stops at the
// object that holds the member. So a client that sends a secret as a member's name
// reads that name again in its own answer.
//
// # Types
//
// T is made of structs, slices, maps with string keys, pointers, strings, booleans,
// integers, floats, time.Time (RFC 3339), secret.String, []byte (base64) and types
// with an UnmarshalText or UnmarshalJSON method. A struct that has the method from a type it
// embeds, or whose fields have rules of their own, would lose them, and is refused unless the
// embedded type is all there is in it. jsontext.Value takes any JSON as it
// is, for parts that something else checks. Interfaces are refused, as they have no
// shape; so are arrays, time.Duration (a number of what?) and the json options string,
// format, case and embed.
//
// Member names are the json names and compare exactly, case included. Every member is
// required, pointers too, unless it says optional; omitempty and omitzero are about
// writing and change nothing here. A required member is one that is present: "" and 0
// are present, min=1 is the rule against them. null is refused, except where the Go
// type is a pointer. A slice or a map without a max of its own holds at most
// [MaxItems].
//
// A whole number is read exactly up to the size of its Go type; 1.0 and 1e3 are not
// whole numbers here, so that each number but 0, which is -0 too, has one spelling. So have
// the bytes of a []byte: base64 of RFC 4648 §4 with padding, without line ends, and with the
// spare bits of its last character zero.
//
// # Parameters
//
// [Query] and [Path] read parameters into a struct by the same tags; [Request] reads both
// and the body, for one answer. A parameter's name is its member's json name, and its
// type one of the scalars above, or time.Time, secret.String or a type with UnmarshalText.
// In a query it may also be a slice of these: the parameter stands once for each item.
// Any other stands once. A parameter that T does not have is refused.
//
// Numbers have the grammar of JSON, so +7, 007, 0x7, 1_000 and Inf are not numbers, and
// booleans are true and false. An empty value is present: "" for a text, and wrong for a
// number. In a path an empty value counts as absent, which only {name...} can be. A value of
// the path holds no slash, backslash or NUL, and is no dot segment; one of {name...} may hold
// slashes, within.
//
//	414  a query of more than [MaxQuery] bytes
//	400  bad_query: a percent-encoding that is not one, text that is not UTF-8, a
//	     semicolon that is not escaped; too_many_pairs: more than [MaxPairs]
//	422  invalid_parameters, or invalid_request when the body fails too. In and Parameter
//	     of each field say which parameter; the pointer is "" or, in a slice, the item
//
// # Rules
//
// The struct tag validate holds rules, separated by commas, without spaces.
//
//	rule         on                      says
//	optional     members                 may be absent
//	required     members                 must be present; the default, for readers
//	min=3        strings, secrets        at least 3 characters (code points)
//	             []byte                  at least 3 bytes
//	             slices, maps            at least 3 items, 3 members
//	             numbers                 at least 3
//	max=20       the same                at most
//	len=5        all of these but        exactly
//	             numbers
//	enum=a|b|c   strings, integers       one of these
//	email        strings, secrets        an address name@host.example: RFC 5321 without
//	                                     quoting, comments, address literals and
//	                                     non-ASCII (an IDN is written as its A-labels)
//	url          strings, secrets        absolute, http or https, no user information, at
//	                                     most 2048 bytes. Not a promise that it is safe
//	                                     to fetch.
//	uuid         strings, secrets        RFC 9562 form in lower case
//	time         strings, secrets        RFC 3339 date-time, T and Z in upper case
//	date         strings, secrets        RFC 3339 full-date that the calendar has
//	unique       slices of strings,      no item twice
//	             integers or booleans
//	each(…)      slices, maps            rules for every item, or every member's value
//	keys(…)      maps                    rules for every member's name
//	pattern=^…$  strings, secrets        a Go regular expression, anchored at both ends.
//	                                     It comes last in its list (the tag, or the
//	                                     parentheses), so that it may hold commas, and
//	                                     needs a max, len or enum beside it
//
// # Schemas
//
// [SchemaOf] writes the JSON Schema (draft 2020-12) of a type from the same tags, and
// [Schemas] those of many types for one document. Formats are there by name and as a
// pattern, and a Go regular expression is written out in what it shares with ECMA-262.
// A reader of the schema that asserts formats comes to the same verdict, except that
//
//   - what is not strict JSON, or is too large or too deep, is no value to a schema
//   - it takes 1.0 and 1e3 for integers
//   - it counts the bytes of base64 in groups of three
//   - it takes any digits in the brackets of an IPv6 address, any port of five digits and
//     a host of any length in a url
//   - it does not know what UnmarshalText or UnmarshalJSON refuses
//   - it compares a number exactly with a bound; here it is rounded to the Go type first
//
// A reader that takes formats for notes only sees the patterns, and so takes 30 February
// for a date, and 65 characters before the @ of an address.
//
// A tag that makes no sense is the programmer's mistake: [New] returns it, [Must]
// panics, and so does the first [Body], [Decode], [Query], [Path] or [Request] of the type.
package validate
