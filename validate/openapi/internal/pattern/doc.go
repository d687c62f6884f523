// Package pattern matches the regular expressions of a document: those of ECMA-262 with the u flag, as JSON Schema
// 2020-12 §6.4 recommends them, in time that is linear in the text.
//
// [Compile] reads an expression into the syntax trees of regexp/syntax, whose programs a [Machine] runs as one set of
// states, never going back. A lookahead or lookbehind becomes a program of its own: it is run over the whole text first,
// lookaheads from the end to the beginning, and notes the places where it holds. So every expression without a
// backreference is matched, and the work is counted while it is done.
//
// An expression that the u flag forbids is read by Annex B of ECMA-262, which browsers keep to without the flag, and
// where that has no useful meaning, as other languages have it: \A, \z and \Z, (?P<name>…), (?i), {,n}, [[:alpha:]].
//
// It fails when composed wrongly in one way: a Machine must not be used by two goroutines at once.
package pattern
