package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// documentOptions are what the flags say of an OpenAPI document.
type documentOptions struct {
	openapi        string
	bases          []string
	unknownQuery   bool
	ignoreSecurity bool
}

func (o *documentOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.openapi, "openapi", "", "OpenAPI document, a `FILE` in JSON or YAML, that requests have to keep to: what it does not describe is refused, and its security says who may call; $ref reads other files of its folder")
	f.StringArrayVar(&o.bases, "openapi-base", nil, "`PATH` below which the document's paths are, such as /v1, in place of what its servers say; / is the root; may be repeated")
	f.BoolVar(&o.unknownQuery, "insecure-unknown-query", false, "let query parameters pass that the document does not describe")
	f.BoolVar(&o.ignoreSecurity, "insecure-ignore-openapi-security", false, "have the flags alone decide who may call, whatever the document says")
}

func (o *documentOptions) check() error {
	if o.openapi == "" && (len(o.bases) > 0 || o.unknownQuery || o.ignoreSecurity) {
		return errors.New("--openapi-base, --insecure-unknown-query and --insecure-ignore-openapi-security are about a document: name it with --openapi FILE")
	}
	return nil
}

// apply loads the document. maxBody is what --max-body says.
func (o *documentOptions) apply(cfg *sallyport.Config) error {
	if o.openapi == "" {
		return nil
	}
	c := openapi.Config{Limit: cfg.MaxBody, InsecureIgnoreUnknownQuery: o.unknownQuery}
	for _, b := range o.bases {
		if b == "/" {
			b = ""
		}
		c.Bases = append(c.Bases, b)
	}
	document, err := openapi.Load(filepath.Dir(o.openapi), filepath.Base(o.openapi), c)
	if err != nil {
		return fmt.Errorf("--openapi: %w", err)
	}
	cfg.OpenAPI, cfg.InsecureIgnoreOpenAPISecurity = document, o.ignoreSecurity
	return nil
}

// describe says what the document holds.
func (o *documentOptions) describe(document *openapi.Document) string {
	open := 0
	for _, op := range document.Operations() {
		if needs, stated := op.Security(); stated && len(needs) == 0 && !o.ignoreSecurity {
			open++
		}
	}
	return fmt.Sprintf("%s: %s, %d of them public; anything else is refused", o.openapi, count(len(document.Operations()), "operation"), open)
}
