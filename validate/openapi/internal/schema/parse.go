package schema

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

const (
	maxNumber   = 64  // characters of one number
	maxExponent = 308 // what fits in a double, and every reader with it
	// minExponent bounds numbers that a double rounds to zero. Some readers write all of their zeros out.
	minExponent = -9999
)

// Bounds are how much a value may be.
type Bounds struct {
	// Text is the size of one string or name in bytes, quotes and escapes included.
	Text int
	// Items is how many items an array, or members an object, may have.
	Items int
	// Values is how many values there may be in all.
	Values int
	// Limits bound the bytes and the depth.
	Limits *wire.Limits
}

// Parse reads data, which must be one JSON value in the strict sense of package validate.
// The problem is a 400 for what is not JSON. Over a bound, it stops there and over says
// which bound that was. The Value refers to a copy of data.
func Parse(data []byte, b Bounds) (v *Value, over *Failure, p *problem.Problem) {
	if p := b.Limits.Prescan(data); p != nil {
		return nil, nil, p
	}
	most := 1 + bytes.Count(data, []byte(",")) + bytes.Count(data, []byte("{")) + bytes.Count(data, []byte("["))
	v = &Value{source: string(data), nodes: make([]node, 0, min(most, b.Values+1))}
	r := reader{Value: v, left: b.Values, bounds: b, in: *bytes.NewBuffer(data)}
	r.dec.Reset(&r.in)
	if r.dec.PeekKind() == jsontext.KindInvalid {
		if _, err := r.dec.ReadToken(); err != io.EOF {
			return nil, nil, wire.SyntaxProblem(err)
		}
		return nil, nil, wire.EmptyBody
	}

	_, err := r.read(0, 0, "", 0)
	switch {
	case err == errOver:
		return nil, &r.over, nil
	case err != nil:
		return nil, nil, wire.SyntaxProblem(err)
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return nil, nil, wire.TrailingData
	}
	return v, nil, nil
}

// reader reads one JSON value. It stops at the first bound: what is over one is not looked
// at further.
type reader struct {
	*Value
	dec    jsontext.Decoder
	in     bytes.Buffer
	bounds Bounds
	left   int
	path   []string
	over   Failure
}

var errOver = errors.New("over a bound")

func (r *reader) stop(code, detail string) error {
	r.over = Failure{Path: slices.Clone(r.path), Code: code, Detail: detail}
	return errOver
}

// raw is the range of the value that was read last.
func (r *reader) raw(read jsontext.Value) (start, end int32) {
	end = int32(r.dec.InputOffset())
	return end - int32(len(read)), end
}

// read reads one value as the child of up. start is where its name begins, if it has one.
func (r *reader) read(up, last int32, name string, start int32) (at int32, err error) {
	if r.left--; r.left < 0 {
		return 0, r.stop(validate.CodeTooMany, "the body may hold at most "+wire.Count(r.bounds.Values, "value")+" in all")
	}
	n := node{name: name, start: start}
	switch r.dec.PeekKind() {
	case '{', '[':
		return r.container(up, last, n)
	case '0':
		n.kind = Number
	case '"':
		n.kind = String
	case 't', 'f':
		n.kind = Bool
	}

	raw, err := r.dec.ReadValue()
	if err != nil {
		return 0, err
	}
	n.value, n.end = r.raw(raw)
	n.text = r.source[n.value:n.end]
	switch {
	case n.kind == Number && badNumber(n.text) != "":
		return 0, r.stop(validate.CodeTooLarge, badNumber(n.text))
	case n.kind == String && len(raw) > r.bounds.Text:
		return 0, r.stop(validate.CodeTooLong, "must have at most "+wire.Count(r.bounds.Text, "byte"))
	case n.kind == String:
		n.text = unquote(n.text)
	case n.kind == Null:
		n.text = ""
	}
	return r.add(up, last, n), nil
}

// container reads an object or an array.
func (r *reader) container(up, last int32, n node) (at int32, err error) {
	open, err := r.dec.ReadToken()
	if err != nil {
		return 0, err
	}
	n.value = int32(r.dec.InputOffset()) - 1
	end, unit := jsontext.Kind(']'), "item"
	if n.kind = Array; open.Kind() == '{' {
		n.kind, end, unit = Object, '}', "member"
	}
	at = r.add(up, last, n)

	child := int32(0)
	for i := 0; r.dec.PeekKind() != end; i++ {
		if i == r.bounds.Items {
			return 0, r.stop(validate.CodeTooMany, "must have at most "+wire.Count(r.bounds.Items, unit))
		}
		name, start := strconv.Itoa(i), int32(0)
		if n.kind == Object {
			if name, start, err = r.name(); err != nil {
				return 0, err
			}
		}
		r.path = append(r.path, name)
		if n.kind == Array {
			name = ""
		}
		if child, err = r.read(at, child, name, start); err != nil {
			return 0, err
		}
		r.path = r.path[:len(r.path)-1]
	}
	_, err = r.dec.ReadToken()
	r.nodes[at].end = int32(r.dec.InputOffset())
	return at, err
}

// name reads the name of a member.
func (r *reader) name() (name string, start int32, err error) {
	raw, err := r.dec.ReadValue()
	if err != nil {
		return "", 0, err
	}
	if len(raw) > r.bounds.Text {
		return "", 0, r.stop(validate.CodeTooLong, "has a name of more than "+wire.Count(r.bounds.Text, "byte"))
	}
	start, end := r.raw(raw)
	return unquote(r.source[start:end]), start, nil
}

// unquote undoes the escapes of a string that was read as JSON before.
func unquote(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return string(text)
}

// badNumber bounds what a number costs to compare exactly, and 1e400 is refused because
// the next reader would take it for infinity.
func badNumber(raw string) string {
	if len(raw) > maxNumber {
		return "must be a number of at most " + wire.Count(maxNumber, "character")
	}
	i := strings.IndexAny(raw, "eE")
	if i < 0 {
		return ""
	}
	e, err := strconv.Atoi(raw[i+1:])
	zero := strings.Trim(raw[:i], "-0.") == ""
	if err != nil || e < minExponent || e > maxExponent && (!zero || e > -minExponent) {
		return "must be a number with an exponent of -9999 to 308"
	}
	if _, err := strconv.ParseFloat(raw, 64); err != nil {
		return "must be a number that fits in 64 bits"
	}
	return ""
}

// IsNumber reports whether a text is a number as JSON spells it, within the bounds of one,
// so that "007", "+7", "0x7" and "1e999" are not.
func IsNumber(text string) bool {
	if text == "" || len(text) > maxNumber || strings.IndexByte("-0123456789", text[0]) < 0 {
		return false
	}
	v := jsontext.Value(text)
	return v.IsValid() && v.Kind() == '0' && badNumber(text) == "" && wire.IsDigit(text[len(text)-1])
}
