package validate_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/sallyport-dev/sallyport/bench/internal/cpu"
	"github.com/sallyport-dev/sallyport/validate"
)

// user has the rules of the guide's schema, once for each library.
type user struct {
	Username string `json:"username" validate:"min=3,max=20"`
	Email    string `json:"email" validate:"email"`
	Password string `json:"password" validate:"min=8,max=128"`
}

type playgroundUser struct {
	Username string `json:"username" validate:"required,min=3,max=20"`
	Email    string `json:"email" validate:"required,email"`
	Password string `json:"password" validate:"required,min=8,max=128"`
}

var bodies = []struct {
	name, text string
	fine       bool
}{
	{"valid", `{"username":"ada_lovelace","email":"ada@lovelace.example","password":"analytical engine"}`, true},
	{"invalid", `{"username":"al","email":"nowhere","password":"short"}`, false},
	{"unknown", `{"username":"ada_lovelace","email":"ada@lovelace.example","password":"analytical engine","admin":true}`, false},
	{"malformed", `{"username":"ada","email":"ada@lovelace.example","password":"analytical`, false},
}

var playground = validator.New(validator.WithRequiredStructEnabled())

// readers turn a body into a user, or say what is wrong.
var readers = []struct {
	name string
	read func(text string) error
}{
	{"sallyport", func(text string) error {
		_, err := validate.Decode[user]([]byte(text))
		return err
	}},
	{"json and validator", func(text string) error {
		var u playgroundUser
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&u); err != nil {
			return err
		}
		return playground.Struct(&u)
	}},
}

func TestReaders(t *testing.T) {
	for _, r := range readers {
		for _, b := range bodies {
			if err := r.read(b.text); (err == nil) != b.fine {
				t.Errorf("%s, %s: %v", r.name, b.name, err)
			}
		}
	}
}

func BenchmarkBody(b *testing.B) {
	for _, body := range bodies {
		for _, r := range readers {
			b.Run(body.name+"/"+r.name, func(b *testing.B) {
				cpu.Measure(b, func() { r.read(body.text) })
			})
		}
	}
}

type search struct {
	Q     string   `json:"q" validate:"min=2,max=20"`
	Limit int      `json:"limit" validate:"min=1,max=100"`
	Tag   []string `json:"tag" validate:"max=3,each(max=5)"`
}

type playgroundSearch struct {
	Q     string   `validate:"required,min=2,max=20"`
	Limit int      `validate:"min=1,max=100"`
	Tag   []string `validate:"max=3,dive,max=5"`
}

// byHand is what a handler does without a reader of queries.
func byHand(raw string) error {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return err
	}
	s := playgroundSearch{Q: q.Get("q"), Tag: q["tag"]}
	if s.Limit, err = strconv.Atoi(q.Get("limit")); err != nil {
		return err
	}
	return playground.Struct(&s)
}

func BenchmarkQuery(b *testing.B) {
	const raw = "q=tea+time&limit=20&tag=a&tag=b"
	r := httptest.NewRequest("GET", "/?"+raw, nil)
	b.Run("sallyport", func(b *testing.B) {
		cpu.Measure(b, func() {
			if _, err := validate.Query[search](r); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("url and validator", func(b *testing.B) {
		cpu.Measure(b, func() {
			if err := byHand(raw); err != nil {
				b.Fatal(err)
			}
		})
	})
}
