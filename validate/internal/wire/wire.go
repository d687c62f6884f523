// Package wire is what the readers of bodies share: how bytes are taken from a request,
// what of them is refused before anything is parsed, which of a client's names are
// shown, and the formats of texts. So a Go type and a document are equally strict.
package wire
