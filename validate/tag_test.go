package validate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

func refusal[T any]() error {
	_, err := validate.New[T](validate.Config{})
	return err
}

type list []list

type lower struct {
	A int `json:"a"`
}

// badTypes are mistakes New finds, with a part of what it says.
var badTypes = map[string]struct {
	err  error
	want string
}{
	"unknown rule": {refusal[struct {
		A string `validate:"minimum=3"`
	}](), `A "minimum=3": is not a rule`},
	"space": {refusal[struct {
		A string `validate:"min=3, max=4"`
	}](), "without spaces"},
	"empty rule": {refusal[struct {
		A string `validate:"min=3,,max=4"`
	}](), "single commas"},
	"trailing comma": {refusal[struct {
		A string `validate:"min=3,"`
	}](), "single commas"},
	"leading comma": {refusal[struct {
		A string `validate:",min=3"`
	}](), "single commas"},
	"twice": {refusal[struct {
		A string `validate:"min=3,min=4"`
	}](), "min may stand there once"},
	"wrong kind": {refusal[struct {
		A bool `validate:"min=3"`
	}](), "is not a rule for the Go type bool"},
	"email of a number": {refusal[struct {
		A int `validate:"email"`
	}](), "is not a rule for the Go type int"},
	"rule on a struct": {refusal[struct {
		A lower `validate:"max=3"`
	}](), "is not a rule for the Go type"},
	"argument missing": {refusal[struct {
		A string `validate:"min"`
	}](), "is written min=…"},
	"argument empty": {refusal[struct {
		A string `validate:"min="`
	}](), "whole number"},
	"argument not wanted": {refusal[struct {
		A string `validate:"email=x"`
	}](), "is written without an argument"},
	"optional=false": {refusal[struct {
		A string `validate:"optional=false"`
	}](), "is for members"},
	"optional item": {refusal[struct {
		A []string `validate:"each(optional)"`
	}](), "is for members"},
	"both": {refusal[struct {
		A string `validate:"optional,required"`
	}](), "cannot be both"},
	"negative": {refusal[struct {
		A string `validate:"min=-1"`
	}](), "whole number"},
	"two spellings": {refusal[struct {
		A string `validate:"min=03"`
	}](), "whole number"},
	"huge": {refusal[struct {
		A string `validate:"max=99999999999999999999"`
	}](), "whole number"},
	"min above max": {refusal[struct {
		A string `validate:"min=4,max=3"`
	}](), "is above"},
	"number min above max": {refusal[struct {
		A int `validate:"min=4,max=3"`
	}](), "is above"},
	"len and max": {refusal[struct {
		A string `validate:"len=4,max=9"`
	}](), "cannot stand beside"},
	"bound out of type": {refusal[struct {
		A int8 `validate:"max=128"`
	}](), "must be a number the Go type can hold"},
	"bound infinite": {refusal[struct {
		A float64 `validate:"max=Inf"`
	}](), "must be a number the Go type can hold"},
	"number without value": {refusal[struct {
		A int `validate:"max="`
	}](), "needs a value"},
	"empty enum": {refusal[struct {
		A string `validate:"enum="`
	}](), "separated by |"},
	"hole in enum": {refusal[struct {
		A string `validate:"enum=a||b"`
	}](), "separated by |"},
	"integer enum": {refusal[struct {
		A int `validate:"enum=1|x"`
	}](), "must be a number"},
	"loose start": {refusal[struct {
		A string `validate:"max=3,pattern=a$"`
	}](), "anchored"},
	"loose end": {refusal[struct {
		A string `validate:"max=3,pattern=^a"`
	}](), "anchored"},
	"escaped end": {refusal[struct {
		A string `validate:"max=3,pattern=^a\\$"`
	}](), "anchored"},
	"alternatives": {refusal[struct {
		A string `validate:"max=3,pattern=^a$|^b$"`
	}](), "anchored"},
	"lines": {refusal[struct {
		A string `validate:"max=3,pattern=(?m)^a$"`
	}](), "anchored"},
	"no expression": {refusal[struct {
		A string `validate:"max=3,pattern=^(a$"`
	}](), "regular expression"},
	"pattern without max": {refusal[struct {
		A string `validate:"pattern=^a$"`
	}](), "needs a max"},
	"unique of structs": {refusal[struct {
		A []lower `validate:"unique"`
	}](), "is for slices of strings"},
	"open group": {refusal[struct {
		A []string `validate:"each(min=1"`
	}](), "no closing parenthesis"},
	"empty group": {refusal[struct {
		A []string `validate:"each()"`
	}](), "needs rules"},
	"bad rule in group": {refusal[struct {
		A []string `validate:"each(min=x)"`
	}](), "whole number"},
	"keys of a slice": {refusal[struct {
		A []string `validate:"keys(min=1)"`
	}](), "is not a rule for"},
	"pattern then rules": {refusal[struct {
		A []string `validate:"each(max=3,pattern=^[(]$)x"`
	}](), "single commas"},
	"interface":           {refusal[struct{ A any }](), "is not a type this package reads"},
	"interface items":     {refusal[map[string]any](), "is not a type this package reads"},
	"channel":             {refusal[struct{ A chan int }](), "is not a type this package reads"},
	"array":               {refusal[struct{ A [3]int }](), "is not a type this package reads"},
	"duration":            {refusal[struct{ A time.Duration }](), "is not a type this package reads"},
	"pointer to pointer":  {refusal[struct{ A **int }](), "is not a type this package reads"},
	"secret bytes":        {refusal[struct{ A secret.Bytes }](), "no exported field"},
	"integer keys":        {refusal[map[int]string](), "keys that are strings"},
	"pointer at the root": {refusal[*lower](), "must not be a pointer"},
	"slice of itself":     {refusal[list](), "holds itself"},
	"same name": {refusal[struct {
		A int `json:"B"`
		B int
	}](), "two fields"},
	"same name, embedded": {refusal[struct {
		Base
		V int `json:"version"`
	}](), "two fields"},
	"json string": {refusal[struct {
		A int `json:"a,string"`
	}](), `option "string"`},
	"json case": {refusal[struct {
		A int `json:"a,case:ignore"`
	}](), `option "case:ignore"`},
	"json format": {refusal[struct {
		A time.Time `json:"a,format:unix"`
	}](), `option "format:unix"`},
	"json quoted name": {refusal[struct {
		A int `json:"'a'"`
	}](), "must be plain"},
	"tag on unexported": {refusal[struct {
		A int
		b int `validate:"min=1"`
	}](), "never filled"},
	"embedded unexported": {refusal[struct{ lower }](), "only an exported struct"},
	"embedded pointer":    {refusal[struct{ *Base }](), "only an exported struct"},
	"embedded with rules": {refusal[struct {
		Base `validate:"optional"`
	}](), "no rules of its own"},
	"deep inside": {refusal[struct {
		A []map[string]struct {
			B string `validate:"x"`
		}
	}](), `B "x": is not a rule`},
}

func TestBadTypes(t *testing.T) {
	for name, c := range badTypes {
		t.Run(name, func(t *testing.T) {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) || !strings.HasPrefix(c.err.Error(), "validate: ") {
				t.Errorf("got %v, want %q", c.err, c.want)
			}
			if _, ok := errors.AsType[*validate.ConfigError](c.err); !ok {
				t.Errorf("%T is no ConfigError", c.err)
			}
		})
	}
}

func TestBadConfigs(t *testing.T) {
	for _, cfg := range []validate.Config{
		{Limit: -1}, {Limit: 64<<20 + 1}, {Depth: -1}, {Depth: 1001}, {MediaTypes: []string{"text/json"}}, {MediaTypes: []string{"application/*+json"}},
		{MediaTypes: []string{"application/+json"}}, {MediaTypes: []string{"application/x+json; charset=utf-8"}}, {MediaTypes: []string{""}}, {MediaTypes: []string{"application/X+json"}},
	} {
		if _, err := validate.New[lower](cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
	if _, err := validate.New[struct{ A any }](validate.Config{Limit: -1, Depth: -1}); strings.Count(err.Error(), "validate: ") != 3 {
		t.Errorf("not all mistakes at once: %v", err)
	}
}

func TestConfigIsCopied(t *testing.T) {
	types := []string{"application/x+json"}
	d := validate.Must[part](validate.Config{MediaTypes: types})
	types[0] = "text/plain"
	r := post(strings.NewReader(okPart))
	r.Header.Set("Content-Type", "text/plain")
	if _, err := d.Body(r); statusOf(err) != 415 {
		t.Errorf("a change after New had an effect: %v", err)
	}
}

func TestBadTagPanicsAtFirstUse(t *testing.T) {
	type bad struct {
		A string `validate:"x"`
	}
	for name, f := range map[string]func(){
		"Must":   func() { validate.Must[bad](validate.Config{}) },
		"Decode": func() { validate.Decode[bad](nil) },
		"Value":  func() { validate.Value(bad{}) },
	} {
		func() {
			defer func() {
				if err, _ := recover().(error); err == nil || !strings.HasPrefix(err.Error(), "validate: ") {
					t.Errorf("%s: recovered %v", name, err)
				}
			}()
			f()
		}()
	}
}

// Patterns in groups, where parentheses end the group and stand in the expression.
func TestPatternsInGroups(t *testing.T) {
	type groups struct {
		A map[string]string   `json:"a" validate:"keys(max=9,pattern=^(?:x|[)\\]]{1,2}|\\))$),each(max=9,pattern=^[^]()[:digit:]]+(a)?$),max=5"`
		B [][]string          `json:"b" validate:"each(each(max=3,pattern=^(a),(b)$),max=1)"`
		C map[string][]string `json:"c" validate:"each(min=1),keys(len=1)"`
	}
	for body, want := range map[string]string{
		`{"a":{"x":"y",")]":"z",")":"za"},"b":[["a,b"]],"c":{"k":["v"]}}`:  "",
		`{"a":{"y":"z","x":"1"},"b":[["ab"],["a,b","a,b"]],"c":{"kk":[]}}`: "/a/y pattern\n/a/x pattern\n/b/0/0 pattern\n/b/1 too_many\n/c/kk too_long\n/c/kk too_few",
	} {
		if _, err := validate.Decode[groups]([]byte(body)); verdict(t, err) != want {
			t.Errorf("%s:\n%s\nwant\n%s", body, verdict(t, err), want)
		}
	}
}
