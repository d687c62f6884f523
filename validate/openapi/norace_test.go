//go:build !race

package openapi

const oneOf = 1
