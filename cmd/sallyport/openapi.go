package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

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
	unknownMembers bool
	responses      string
	answerLimit    size
	gzip           bool
	strictPatterns bool
}

func (o *documentOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.openapi, "openapi", "", "OpenAPI document, a `FILE` in JSON or YAML: requests that it does not describe are refused, and its security says who may call")
	f.StringArrayVar(&o.bases, "openapi-base", nil, "`PATH` below which the document's paths are, such as /v1, in place of what its servers say; / is the root; may be repeated")
	f.BoolVar(&o.unknownQuery, "insecure-unknown-query", false, "let query parameters pass that the document does not describe")
	f.StringVar(&o.responses, "responses", "off", "`off|report|shape|enforce`: what is done about answers that the document does not describe: report notes them in the audit log, shape removes members that are not described, enforce answers 502 instead")
	f.Var(&o.answerLimit, "answer-limit", "most JSON of a response to check, a `SIZE` such as 8MiB (default 4MiB)")
	f.BoolVar(&o.gzip, "gzip-bodies", false, "take bodies with Content-Encoding: gzip, and hand them on expanded; --max-body bounds them before and after")
	f.BoolVar(&o.strictPatterns, "strict-patterns", false, "refuse a document with a regular expression that cannot be matched, instead of a warning")
	f.BoolVar(&o.unknownMembers, "insecure-unknown-members", false, "let members of a body pass that the document does not describe")
	f.BoolVar(&o.ignoreSecurity, "insecure-ignore-openapi-security", false, "have the flags alone decide who may call, whatever the document says")
}

func (o *documentOptions) check() error {
	if !slices.Contains([]string{"", "off", "report", "shape", "enforce"}, o.responses) {
		return fmt.Errorf("--responses %q: write off, report, shape or enforce", o.responses)
	}
	if o.openapi == "" && (o.mode() != openapi.ResponsesOff || len(o.bases) > 0 || o.answerLimit != 0 || o.gzip || o.strictPatterns || o.unknownQuery || o.unknownMembers || o.ignoreSecurity) {
		return errors.New("--responses, --openapi-base, --answer-limit, --gzip-bodies, --strict-patterns, --insecure-unknown-query, --insecure-unknown-members and --insecure-ignore-openapi-security are about a document: name it with --openapi FILE")
	}
	return nil
}

// mode is how answers are looked at.
func (o *documentOptions) mode() openapi.Mode {
	if o.responses == "off" {
		return openapi.ResponsesOff
	}
	return openapi.Mode(o.responses)
}

// apply loads the document. maxBody is what --max-body says.
func (o *documentOptions) apply(cfg *sallyport.Config) error {
	if o.openapi == "" {
		return nil
	}
	c := openapi.Config{
		Limit: cfg.MaxBody, Responses: o.mode(), AnswerLimit: int64(o.answerLimit), Gzip: o.gzip,
		StrictPatterns:             o.strictPatterns,
		InsecureIgnoreUnknownQuery: o.unknownQuery, InsecureUnknownMembers: o.unknownMembers,
	}
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
		if needs, stated := op.Security(); stated && isOpen(needs) && !o.ignoreSecurity {
			open++
		}
	}
	text := fmt.Sprintf("%s: %s, %d of them public; anything else is refused", o.openapi, count(len(document.Operations()), "operation"), open)
	if n := len(document.Warnings()); n > 0 {
		text += "; " + count(n, "warning") + " in the log"
	}
	return text
}

// maxWarnings is how many warnings of a document are logged.
const maxWarnings = 20

// documentWarnings lists what the document asks for and what is not held, a line for each.
func documentWarnings(d *openapi.Document) (lines []string) {
	all := d.Warnings()
	for _, w := range all[:min(len(all), maxWarnings)] {
		lines = append(lines, "--openapi: "+strings.TrimPrefix(w.Error(), "openapi: "))
	}
	if more := len(all) - maxWarnings; more > 0 {
		lines = append(lines, fmt.Sprintf("--openapi: and %s more", count(more, "warning")))
	}
	return lines
}

// isOpen reports whether an operation's security is none: no requirement, or one that asks for nothing.
func isOpen(needs []openapi.Requirement) bool {
	return len(needs) == 0 || len(needs) == 1 && len(needs[0]) == 0
}

// describeAnswers says what becomes of answers.
func (o *documentOptions) describeAnswers() string {
	switch o.mode() {
	case openapi.ResponsesReport:
		return "passed on as they are; those that are not as described are audit events"
	case openapi.ResponsesShape:
		return "cut to what the document describes"
	case openapi.ResponsesEnforce:
		return "as the document describes them, or a 502"
	}
	return "not looked at; --responses report tells which are not as described"
}

// answersStatus is what administrators read.
func (a *app) answersStatus() any {
	return map[string]any{"responses": a.options.responses, "answers": a.document.Answers()}
}
