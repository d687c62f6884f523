package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object as it is in the token: its members in their order, each value
// unread. Names are unescaped, and compared with their case: Sub is not sub.
type object []member

type member struct {
	name  string
	value jsontext.Value
}

var errNotObject = errors.New("is no JSON object")

// parseObject reads one JSON object, all of data. It refuses, at any depth, what two
// readers could read in two ways: a name that is there twice, text that is not UTF-8, and
// anything after the object. The values are parts of data.
func parseObject(data []byte) (object, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	if open, err := d.ReadToken(); err != nil || open.Kind() != '{' {
		return nil, errNotObject
	}
	var all object
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		text := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := d.InputOffset()
		all = append(all, member{text, data[end-int64(len(value)) : end]})
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errNotObject
	}
	return all, nil
}

// get returns the value of a member, or nil if there is none.
func (o object) get(name string) jsontext.Value {
	for i := range o {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

// find returns what a JSON Pointer (RFC 6901) leads to, or nil if it leads nowhere.
func (o object) find(p jsontext.Pointer) jsontext.Value {
	var value jsontext.Value
	first := true
	for name := range p.Tokens() {
		if !first {
			var err error
			if o, err = parseObject(value); err != nil {
				return nil
			}
		}
		if value = o.get(name); value == nil {
			return nil
		}
		first = false
	}
	return value
}

// readText reads a string that is not empty, bounded, and printable, as it goes into logs,
// keys and header fields.
func readText(v jsontext.Value, most int) (string, error) {
	if v.Kind() != '"' {
		return "", fmt.Errorf("must be a string, and is %s", kindOf(v))
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return "", errors.New("must be a string")
	}
	switch s := string(b); {
	case s == "":
		return "", errors.New("must not be empty")
	case len(s) > most:
		return "", fmt.Errorf("must have at most %d bytes", most)
	case !plain(s, most):
		return "", errors.New("must be printable")
	default:
		return s, nil
	}
}

// readScalar reads such a string, an integer, or true and false, each as text. A number
// has one spelling: no fraction, no exponent.
func readScalar(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case 't', 'f':
		return string(v), nil
	case '0':
		s := string(v)
		if digits := strings.TrimPrefix(s, "-"); len(digits) > 18 || strings.Trim(digits, "0123456789") != "" || s == "-0" {
			return "", errors.New("must be a string or an integer of at most 18 digits")
		}
		return s, nil
	}
	return readText(v, maxText)
}

// kindOf names the type of a value for an error.
func kindOf(v jsontext.Value) string {
	switch v.Kind() {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '[':
		return "a list"
	}
	return "an object"
}

func isNull(v jsontext.Value) bool { return v == nil || v.Kind() == 'n' }

func plain(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
