package validate_test

import (
	jsonv1 "encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/validate"
)

// guideUser has the rules of the guide's schema.
type guideUser struct {
	Username string `json:"username" validate:"min=3,max=20"`
	Email    string `json:"email" validate:"email"`
	Password string `json:"password" validate:"min=8,max=128"`
}

const guideOK = `{"username":"ada_lovelace","email":"ada@lovelace.example","password":"analytical engine"}`

// benchCases are bodies for guideUser. allocs bounds what one refusal may cost, however
// big the body is.
var benchCases = []struct {
	name, body, want string
	allocs           float64
}{
	{"valid", guideOK, "", 4},
	{"invalid", `{"username":"al","email":"nowhere","password":"short"}`, "/username too_short\n/email not_email\n/password too_short", 6},
	{"invalid types", `{"username":1,"email":null,"admin":true}`, "/username wrong_type\n/email null_not_allowed\n/admin unknown_member\n/password required", 5},
	{"malformed", `{"username":"ada","email":"ada@lovelace.example","password":"analytical`, "malformed_json", 7},
	{"deep 100k", strings.Repeat("[", 100_000), "too_deep", 0},
	{"1 MiB text", fill(`{"username":"`, "a", `","email":"a@b.example","password":"12345678"}`), "/username too_long", 5},
	{"1 MiB of numbers", fill(`[1`, ",1", `]`), " wrong_type", 3},
	{"1 MiB unknown value", fill(`{"username":"ada","email":"a@b.example","password":"12345678","x":[1`, ",1", `]}`), "/x unknown_member", 7},
	{"1 MiB over the limit", fill(`"`, "a", `"`) + " ", "body_too_large", 0},
}

// fill repeats middle until the body has the default limit's size.
func fill(start, middle, end string) string {
	n := (validate.DefaultLimit - len(start) - len(end)) / len(middle)
	s := start + strings.Repeat(middle, n) + end
	return s + strings.Repeat(" ", validate.DefaultLimit-len(s))
}

func TestBenchCases(t *testing.T) {
	for _, c := range benchCases {
		data := []byte(c.body)
		if _, err := validate.Decode[guideUser](data); verdict(t, err) != c.want {
			t.Errorf("%s: got %q", c.name, verdict(t, err))
		}
		if raceEnabled {
			continue // sync.Pool forgets on purpose under the race detector
		}
		if n := testing.AllocsPerRun(10, func() { validate.Decode[guideUser](data) }); n > c.allocs {
			t.Errorf("%s: %.0f allocations, at most %.0f", c.name, n, c.allocs)
		}
	}
	// Many members: the cost is the parser's, and the limit bounds their number.
	if _, err := validate.Decode[guideUser]([]byte(manyUnknown)); len(verdict(t, err)) == 0 {
		t.Error("unknown members were accepted")
	}
}

var manyUnknown = manyMembers(90_000)

func BenchmarkDecode(b *testing.B) {
	for _, c := range benchCases {
		data := []byte(c.body)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				validate.Decode[guideUser](data)
			}
		})
	}
	b.Run("90k members", func(b *testing.B) {
		data := []byte(manyUnknown)
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			validate.Decode[guideUser](data)
		}
	})
}

// The same body, decoded without any check: what validation costs is the difference.
func BenchmarkBaseline(b *testing.B) {
	data := []byte(guideOK)
	b.Run("encoding json v1", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v guideUser
			if err := jsonv1.Unmarshal(data, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json v2", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v guideUser
			if err := json.Unmarshal(data, &v, json.RejectUnknownMembers(true)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkBody(b *testing.B) {
	r := post(nil)
	reader := strings.NewReader(guideOK)
	r.ContentLength = int64(len(guideOK))
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(guideOK)
		r.Body = io.NopCloser(reader)
		if _, err := validate.Body[guideUser](r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBodyWrongType(b *testing.B) {
	r := post(http.NoBody)
	r.Header.Set("Content-Type", "text/plain")
	b.ReportAllocs()
	for b.Loop() {
		validate.Body[guideUser](r)
	}
}
