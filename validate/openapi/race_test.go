//go:build race

package openapi

// oneOf is one of how many mutations TestStrict makes. The race detector makes each some
// eight times as slow.
const oneOf = 6
