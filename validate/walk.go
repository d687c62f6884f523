package validate

import (
	"bytes"
	"encoding/base64"
	"io"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// walk reads one body along a shape. A syntax error ends it; everything else is
// noted, and the walk goes on.
type walk struct {
	dec           jsontext.Decoder
	in            bytes.Buffer
	scratch       []byte
	path          []step
	fields        []problem.Field
	more          bool // failures beyond MaxErrors
	ignoreUnknown bool
	source        string // "query" or "path" while it reads a parameter
	parameter     string
}

var walks = sync.Pool{New: func() any { return new(walk) }}

// release gives the walk back without anything of the body in it. After a panic, in a
// type's own method, it is not called, and the walk is garbage.
func (w *walk) release() {
	clear(w.scratch[:cap(w.scratch)])
	clear(w.path[:cap(w.path)])
	w.path, w.fields, w.more, w.ignoreUnknown = w.path[:0], nil, false, false
	w.source, w.parameter = "", ""
	w.in = bytes.Buffer{}
	w.dec.Reset(&w.in)
	if cap(w.scratch) <= 4<<10 {
		walks.Put(w)
	}
}

// fill decodes data, which passed prescan, into v. With a problem, v is half filled
// and to be thrown away.
func (rd *reader) fill(data []byte, v reflect.Value) *problem.Problem {
	w := walks.Get().(*walk)
	w.ignoreUnknown = rd.ignoreUnknown
	w.in = *bytes.NewBuffer(data)
	w.dec.Reset(&w.in)
	p := w.run(rd.root, v)
	w.release()
	return p
}

func (w *walk) run(root *shape, v reflect.Value) *problem.Problem {
	if w.dec.PeekKind() == jsontext.KindInvalid {
		_, err := w.dec.ReadToken()
		if err == io.EOF {
			return wire.EmptyBody
		}
		return wire.SyntaxProblem(err)
	}
	if err := w.value(root, v); err != nil {
		return wire.SyntaxProblem(err)
	}
	if _, err := w.dec.ReadToken(); err != io.EOF {
		return wire.TrailingData
	}
	return w.problem(&badBody)
}

// value reads the next JSON value into v. Its error is the parser's.
func (w *walk) value(s *shape, v reflect.Value) error {
	k := w.dec.PeekKind()
	switch {
	case k == 'f':
		k = 't'
	case k == 'n' && s.pointer:
		return w.dec.SkipValue() // v is nil already
	case k == 'n' && s.kind != kindRaw:
		return w.skip(isNull)
	}
	if s.json != 0 && s.json != k && k != jsontext.KindInvalid {
		return w.skip(s.wrong)
	}
	if s.pointer {
		v.Set(reflect.New(s.typ))
		v = v.Elem()
	}
	switch s.kind {
	case kindSlice:
		return w.slice(s, v)
	case kindMap:
		return w.mapping(s, v)
	case kindObject:
		return w.object(s.object, v)
	}
	raw, err := w.dec.ReadValue()
	if err == nil {
		w.scalar(s, v, raw)
	}
	return err
}

// skip notes a failure and reads past the value, which may still not be JSON.
func (w *walk) skip(f failure) error {
	w.fail(f)
	return w.dec.SkipValue()
}

// scalar takes raw, which is valid JSON of the right kind and only valid until the
// next read.
func (w *walk) scalar(s *shape, v reflect.Value, raw jsontext.Value) {
	switch s.kind {
	case kindString, kindSecret, kindTime:
		w.str(s, v, w.unquote(raw))
	case kindBool:
		v.SetBool(raw[0] == 't')
	case kindInt:
		if n, err := strconv.ParseInt(string(raw), 10, s.bits); number(w, s, s.rules.ints, n, err) {
			v.SetInt(n)
		}
	case kindUint:
		if n, err := strconv.ParseUint(string(raw), 10, s.bits); number(w, s, s.rules.uints, n, err) {
			v.SetUint(n)
		}
	case kindFloat:
		if n, err := strconv.ParseFloat(string(raw), s.bits); number(w, s, s.rules.floats, n, err) {
			v.SetFloat(n)
		}
	case kindRaw:
		v.SetBytes(bytes.Clone(raw))
	case kindBytes:
		w.bytes(v, w.unquote(raw))
		w.size(&s.rules, v.Len())
	case kindText, kindCustom:
		w.foreign(v, raw, badValue)
	}
}

func number[V any](w *walk, s *shape, checks []check[V], n V, err error) bool {
	if err != nil {
		w.fail(s.wrong)
		return false
	}
	each(w, checks, n)
	return true
}

// bytes reads the one base64 text that these bytes have. The encoding is strict about the
// spare bits of the last character (RFC 4648 §3.5), but skips line ends.
func (w *walk) bytes(v reflect.Value, text []byte) {
	enc := base64.StdEncoding.Strict()
	out := make([]byte, enc.DecodedLen(len(text)))
	n, err := enc.Decode(out, text)
	if err != nil || bytes.ContainsAny(text, "\r\n") {
		w.fail(notBase64)
		return
	}
	v.SetBytes(out[:n:n])
}

// foreign leaves the reading to the type. What it says when it refuses may quote the
// value, so nobody hears it.
func (w *walk) foreign(v reflect.Value, raw jsontext.Value, f failure) {
	if json.Unmarshal(raw, v.Addr().Interface(), json.RejectUnknownMembers(true)) != nil {
		w.fail(f)
	}
}

func (w *walk) str(s *shape, v reflect.Value, text []byte) {
	if s.rules.overlong(len(text)) {
		w.fail(s.rules.long) // before the text is copied
		return
	}
	str := string(text)
	switch s.kind {
	case kindSecret:
		*v.Addr().Interface().(*secret.String) = secret.New(str)
	case kindTime:
		t, ok := wire.ParseTime(str)
		if !ok {
			w.fail(notTime)
			return
		}
		*v.Addr().Interface().(*time.Time) = t
		return
	default:
		v.SetString(str)
	}
	w.text(&s.rules, str)
}

func revealed(v reflect.Value) string { return v.Interface().(secret.String).Reveal() }

// unquote returns the text of a JSON string that the parser has found valid. It is
// only valid until the next read.
func (w *walk) unquote(raw jsontext.Value) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	w.scratch, _ = jsontext.AppendUnquote(w.scratch[:0], raw)
	return w.scratch
}

func (w *walk) slice(s *shape, v reflect.Value) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	before := len(w.fields)
	v.Set(reflect.MakeSlice(s.typ, 0, 0))
	for i := 0; w.dec.PeekKind() != ']'; i++ {
		if i >= s.rules.max {
			if i == s.rules.max {
				w.fail(s.rules.long)
			}
			if err := w.dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		v.Grow(1)
		v.SetLen(i + 1)
		w.push(step{index: i, item: true})
		if err := w.value(s.elem, v.Index(i)); err != nil {
			return err
		}
		w.pop()
	}
	if v.Len() < s.rules.min {
		w.fail(s.rules.short)
	}
	if s.rules.unique && len(w.fields) == before && !w.more {
		w.unique(v)
	}
	_, err := w.dec.ReadToken()
	return err
}

func (w *walk) mapping(s *shape, v reflect.Value) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(s.typ))
	key, elem := reflect.New(s.typ.Key()).Elem(), reflect.New(s.typ.Elem()).Elem()
	n := 0
	for ; w.dec.PeekKind() != '}'; n++ {
		raw, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		if n >= s.rules.max {
			if n == s.rules.max {
				w.fail(s.rules.long)
			}
			if err := w.dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		name := string(w.unquote(raw))
		w.push(step{name: name, foreign: true})
		w.text(&s.keys.rules, name)
		key.SetString(name)
		elem.SetZero()
		if err := w.value(s.elem, elem); err != nil {
			return err
		}
		v.SetMapIndex(key, elem)
		w.pop()
	}
	if n < s.rules.min {
		w.fail(s.rules.short)
	}
	_, err := w.dec.ReadToken()
	return err
}

func (w *walk) object(o *object, v reflect.Value) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	var few [32]bool
	seen := few[:]
	if len(o.members) > len(few) {
		seen = make([]bool, len(o.members))
	}
	for w.dec.PeekKind() != '}' {
		raw, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		name := w.unquote(raw)
		i, known := o.index[string(name)]
		if !known {
			if err := w.unknown(name); err != nil {
				return err
			}
			continue
		}
		seen[i] = true
		m := &o.members[i]
		w.push(step{pointer: m.pointer})
		if err := w.value(m.shape, v.FieldByIndex(m.field)); err != nil {
			return err
		}
		w.pop()
	}
	for i := range o.members {
		if m := &o.members[i]; !seen[i] && !m.optional {
			w.push(step{pointer: m.pointer})
			w.fail(missing)
			w.pop()
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

func (w *walk) unknown(name []byte) error {
	if !w.ignoreUnknown {
		w.more = w.more || len(w.fields) == MaxErrors
		if len(w.fields) < MaxErrors {
			w.push(step{name: string(name), foreign: true})
			w.fail(unknownMember)
			w.pop()
		}
	}
	return w.dec.SkipValue()
}
