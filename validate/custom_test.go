package validate_test

import (
	"encoding"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

// The types that are embedded read themselves, each by another method.
type (
	stamp  struct{ text string }
	Stamp  struct{ text string }
	Level  int
	Stream struct{ text string }
	// Optional is generic.
	Optional[T any] struct{ value T }
)

func (s *stamp) UnmarshalJSON(b []byte) error { s.text = string(b); return nil }
func (s *Stamp) UnmarshalJSON(b []byte) error { s.text = string(b); return nil }
func (l *Level) UnmarshalText(b []byte) error { *l = Level(len(b)); return nil }
func (s *Stream) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	s.text = string(v)
	return err
}
func (o *Optional[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.value) }

// The types that embed them.
type (
	role struct {
		Role string `json:"role"`
	}
	// Inner has a promoted method already.
	Inner struct {
		Stamp
		Role string `json:"role"`
	}
	// Own declares its method, beside one that it would have from what it embeds.
	Own struct {
		time.Time
		Note string `json:"note"`
	}
	// OwnPointer does, with a pointer.
	OwnPointer struct{ *time.Time }
	// OwnGeneric does, and is generic.
	OwnGeneric[T any] struct {
		time.Time
		Value T
	}
	// Tagged declares its method, and has rules that nothing looks at.
	Tagged struct {
		Role string `json:"role" validate:"enum=user"`
	}
	// HalfOwn declares a method that is not the one that is called.
	HalfOwn struct{ time.Time }
	// Alone is another type for what it embeds.
	Alone struct{ time.Time }
	// AloneInner is one for a type that loses its rules.
	AloneInner struct{ Inner }
	// Kept has more fields, which JSON does not see.
	Kept struct {
		Stamp
		seen bool
		Note string `json:"-"`
	}
)

func (o *Own) UnmarshalJSON(b []byte) error           { o.Note = string(b); return nil }
func (o *OwnPointer) UnmarshalJSON(b []byte) error    { o.Time = new(time.Time); return nil }
func (o *OwnGeneric[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.Value) }
func (t *Tagged) UnmarshalJSON(b []byte) error        { t.Role = string(b); return nil }
func (h *HalfOwn) UnmarshalText(b []byte) error       { return nil }
func (k *Kept) Seen() bool                            { return k.seen }

// TestEmbeddedMethods: a method that a struct has from what it embeds reads the whole of it,
// so that the other fields, and the rules of all, are lost. That is told at the start.
func TestEmbeddedMethods(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string // in the error; none where the type is read
	}{
		"time.Time and a rule": {refusal[struct {
			time.Time
			Role string `json:"role" validate:"enum=user"`
		}](), `Role "enum=user": is never looked at, as the type reads itself by UnmarshalJSON: remove the tag`},
		"time.Time and a field": {refusal[struct {
			time.Time
			Role string `json:"role"`
		}](), `Time "time.Time": is embedded, and its UnmarshalJSON reads the whole of`},
		"a named type": {refusal[Inner](), `validate_test.Inner.Stamp "validate_test.Stamp": is embedded, and its UnmarshalJSON reads the whole of validate_test.Inner, whose other fields stay empty and unchecked: give the field a name, or validate_test.Inner a method of its own`},
		"within another type": {refusal[struct {
			A []map[string]*Inner `json:"a"`
		}](), "validate_test.Inner.Stamp"},
		"with a JSON name": {refusal[struct {
			Stamp `json:"stamp"`
			Role  string `json:"role"`
		}](), "UnmarshalJSON"},
		"not exported": {refusal[struct {
			stamp
			Role string `json:"role"`
		}](), "UnmarshalJSON"},
		"a pointer": {refusal[struct{ *Stamp }](), `Stamp "*validate_test.Stamp": is embedded, and its UnmarshalJSON is called while it is nil`},
		"a pointer and a field": {refusal[struct {
			*Stamp
			Role string `json:"role"`
		}](), "while it is nil"},
		"an interface": {refusal[struct{ json.Unmarshaler }](), "while it is nil"},
		"an interface for texts": {refusal[struct {
			encoding.TextUnmarshaler
			Role string `json:"role"`
		}](), "its UnmarshalText is called while it is nil"},
		"UnmarshalText": {refusal[struct {
			Level
			Role string `json:"role" validate:"enum=user"`
		}](), `Level "validate_test.Level": is embedded, and its UnmarshalText reads the whole`},
		"UnmarshalJSONFrom": {refusal[struct {
			Stream
			Role string `json:"role"`
		}](), "UnmarshalJSONFrom"},
		"any JSON": {refusal[struct {
			jsontext.Value
			Role string `json:"role"`
		}](), "UnmarshalJSON"},
		"a secret": {refusal[struct {
			secret.String
			Role string `json:"role"`
		}](), "reads the whole"},
		"a generic type": {refusal[struct {
			Optional[int]
			Role string `json:"role"`
		}](), "UnmarshalJSON"},
		"beside an embedded struct": {refusal[struct {
			Stamp
			role
		}](), "reads the whole"},
		"deeper": {refusal[struct {
			Inner
			Name string `json:"name"`
		}](), `Inner "validate_test.Inner"`},
		"a type for one that loses its rules": {refusal[AloneInner](), "validate_test.Inner.Stamp"},
		"a rule on what is embedded": {refusal[struct {
			time.Time `validate:"max=3"`
		}](), `Time "max=3": is never looked at`},
		"a method of its own, and a rule":     {refusal[Tagged](), `Role "enum=user": is never looked at`},
		"a method of its own, another called": {refusal[HalfOwn](), "its UnmarshalJSON is called instead of the UnmarshalText of validate_test.HalfOwn"},
		"two that cancel each other out": {refusal[struct {
			Stamp
			Stream
		}](), "UnmarshalJSONFrom"},

		"a method of its own":            {refusal[Own](), ""},
		"a method of its own, a pointer": {refusal[OwnPointer](), ""},
		"a method of its own, generic":   {refusal[OwnGeneric[int]](), ""},
		"a type for another":             {refusal[Alone](), ""},
		"a type for another, not named":  {refusal[struct{ Stamp }](), ""},
		"fields that JSON does not see":  {refusal[Kept](), ""},
		"a field with a name": {refusal[struct {
			At   Stamp  `json:"at"`
			Role string `json:"role" validate:"enum=user"`
		}](), ""},
		"an embedded struct that does not read itself": {refusal[struct {
			Base
			Role string `json:"role" validate:"enum=user"`
		}](), ""},
	} {
		switch {
		case c.want == "" && c.err != nil:
			t.Errorf("%s: refused: %v", name, c.err)
		case c.want != "" && (c.err == nil || !strings.Contains(c.err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
	}
	if _, err := validate.SchemaOf[Inner](); err == nil {
		t.Error("a schema of what is not read")
	}
}
