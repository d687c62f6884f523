package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// undelivered lists the header parameters that a document requires and the upstream never
// gets, one line for each field. They would be checked, and then removed.
func undelivered(d *openapi.Document) (lines []string) {
	var names []string
	operations := map[string][]string{}
	for _, op := range d.Operations() {
		for _, name := range requiredHeaders(op) {
			if proxy.Delivers(name) {
				continue
			}
			if operations[name] == nil {
				names = append(names, name)
			}
			operations[name] = append(operations[name], op.Method+" "+op.Path)
		}
	}
	for _, name := range names {
		lines = append(lines, fmt.Sprintf("--openapi: header parameter %q of %s: "+
			"is required and never reaches the upstream; rename it, see docs/upstreams.md",
			name, strings.Join(operations[name], ", ")))
	}
	return lines
}

// requiredHeaders are the header parameters without which an operation refuses a request.
func requiredHeaders(op *openapi.Operation) (names []string) {
	p, ok := errors.AsType[*problem.Problem](op.CheckParams(nil, "", http.Header{}))
	if !ok {
		return nil
	}
	for _, f := range p.Errors {
		if f.In == "header" {
			names = append(names, f.Parameter)
		}
	}
	return names
}
