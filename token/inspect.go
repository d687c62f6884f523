package token

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Inspection is what a token says about itself, believed by nobody.
type Inspection struct {
	// Header and Claims are the two JSON texts, indented. They may be an attacker's.
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
	head, err := indented(p.header)
	if err != nil {
		return nil, err
	}
	body, err := indented(p.payload)
	if err != nil {
		return nil, err
	}
	return &Inspection{Header: head, Claims: body, Size: len(raw)}, nil
}

func indented(part string) (string, error) {
	data, ok := decode(part)
	if !ok {
		return "", ErrMalformed
	}
	v := jsontext.Value(data)
	if err := v.Indent(jsontext.WithIndent("  "), jsontext.EscapeForJS(true)); err != nil {
		return "", ErrBadHeader
	}
	return string(v), nil
}

// Explain says for people why a token was refused: the reason's explanation, or the
// error's own text.
func Explain(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Explain()
	}
	return err.Error()
}
