package token

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// Inspection is what a token says about itself, believed by nobody.
type Inspection struct {
	// Header and Claims are the two JSON texts, indented. They may be an attacker's;
	// characters that do not print are escaped, so that a terminal can show them.
	Header, Claims string
	// Size is the token's length in bytes.
	Size int
}

// Inspect takes a token apart without verifying it, for people who want to look. The
// signature is not part of what it returns. It refuses what is not a compact JWS of
// two JSON objects.
func Inspect(raw string) (*Inspection, error) {
	if len(raw) > 64<<10 {
		return nil, ErrTooLarge
	}
	p, ok := split(raw)
	if !ok {
		return nil, ErrMalformed
	}
	head, err := indented(p.header, ErrBadHeader)
	if err != nil {
		return nil, err
	}
	body, err := indented(p.payload, ErrBadClaims)
	if err != nil {
		return nil, err
	}
	return &Inspection{Header: head, Claims: body, Size: len(raw)}, nil
}

func indented(part string, bad *Error) (string, error) {
	data, ok := decode(part)
	if !ok {
		return "", ErrMalformed
	}
	v := jsontext.Value(data)
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil || v.Kind() != '{' {
		return "", bad
	}
	return printable(string(v)), nil
}

// printable escapes what a terminal or a browser would act on, as JSON has it. Indented
// JSON has such characters inside strings only.
func printable(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// Explain says for people why a token was refused: the reason's explanation, or the
// error's own text.
func Explain(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Explain()
	}
	return err.Error()
}
