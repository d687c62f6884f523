// Package openapi holds requests and answers to an OpenAPI document: what the document does
// not describe does not get in, and does not get out.
//
// It fails when composed wrongly in six ways. It is as strict as the document: a schema
// without a type, or an object that says nothing of its members, lets a client send what it
// likes. What is checked is what stands in the request
// at that moment: a handler in front that rewrites the path, the query or the body makes
// it another request, and a handler behind that parses the query in its own way may read
// another one. It is no defence against injection; see package validate. A security
// requirement of the document is not enforced here, but by the Gate that has it. A document
// with servers whose paths are not where the gate serves answers 404 to everything:
// [Config].Bases says where. And answers are looked at only with [Config].Responses, and
// only where [Document.Handler] or [Operation.Serve] stands around the handler.
//
// # What is refused
//
// The answer is always a *problem.Problem in the form of package validate, and never
// holds a value that was sent.
//
//	404  a path that no template of the document takes, below one of its bases
//	405  a method the path does not have, with Allow; HEAD is served where GET is
//	415  a media type the operation does not have, or none here can read; a charset other
//	     than UTF-8; a Content-Encoding
//	413  more bytes than [Config].Limit
//	400  text that is not JSON in the strict sense of package validate, a query, form or
//	     multipart body that is not well formed, a body where none is described
//	422  every failure at once, at most [validate.MaxErrors]: each with its pointer in
//	     the body, or the place and name of its parameter
//
// # What is read
//
// OpenAPI 3.0, 3.1 and 3.2, as JSON or YAML, in one file or several of one folder.
// Schemas of 3.1 and 3.2 are JSON Schema draft 2020-12; those of 3.0 are that dialect. A
// keyword that is not the version's and does not begin with x- is refused at [Load].
// Formats are asserted. Patterns are the regular expressions of ECMA-262; to one that cannot be
// matched in linear time no value is held, and [Document.Warnings] names it. A member with readOnly is refused in a request, and never
// required. A discriminator decides: the schema it names is the only one asked.
//
// Numbers are compared exactly, whatever their size, up to 64 characters.
//
// # Parameters
//
// A text is read as the type that the schema has. "007", "+7", "TRUE" and "1e400" are
// not numbers or booleans. Query parameters that the document does not have are refused,
// and so is a parameter that stands twice and is no list. A cookie or a header field
// that is not described passes: clients and proxies add their own.
//
// An object of style form that is exploded is spread over the query: it takes the
// members its schema names, and where additionalProperties is a schema every name that
// no other parameter has.
//
// # Members
//
// An object whose schema speaks of members, in properties, patternProperties,
// additionalProperties or unevaluatedProperties, has those alone, in requests and answers.
// [Config].InsecureUnknownMembers lets others in.
//
// # Answers
//
// [ResponsesReport] passes every answer on and says what is not as described,
// [ResponsesShape] takes members out of JSON that are not, and replaces what is still not as
// described, and [ResponsesEnforce] answers 502 in its place. Streams, and types that are
// not JSON and whose schema asks for a string at most, pass where they are described. What
// cannot be looked into, such as JSON with a Content-Encoding, passes in a report alone.
package openapi
