package validate_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

// verdict writes an error as a decodeCase wants it.
func verdict(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	p, ok := errors.AsType[*problem.Problem](err)
	switch {
	case !ok:
		t.Fatalf("the error is a %T, not a problem", err)
	case p.Status == http.StatusBadRequest && p.Errors == nil, p.Status == http.StatusRequestEntityTooLarge:
		return p.Code
	case p.Status != http.StatusUnprocessableEntity || p.Code != "invalid_body" || len(p.Errors) == 0 || len(p.Errors) > validate.MaxErrors:
		t.Fatalf("status %d, code %q, %d fields", p.Status, p.Code, len(p.Errors))
	}
	var lines []string
	for _, f := range p.Errors {
		if f.Detail == "" || f.Code == "" || !jsontext.Pointer(f.Pointer).IsValid() {
			t.Errorf("incomplete field %+v", f)
		}
		lines = append(lines, f.Pointer+" "+f.Code)
	}
	return strings.Join(lines, "\n")
}

// answer is all a client or a log can see of err.
func answer(err error) string {
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest("POST", "/", nil), problem.From(err))
	return w.Body.String() + err.Error()
}

func TestDecode(t *testing.T) {
	for _, c := range decodeCases {
		t.Run(c.name, func(t *testing.T) {
			v, err := validate.Decode[everything]([]byte(c.body))
			if got := verdict(t, err); got != c.want {
				t.Fatalf("got:\n%s\nwant:\n%s", got, c.want)
			}
			if err == nil {
				sameAsJSON(t, []byte(c.body), v)
				return
			}
			if !reflect.ValueOf(v).IsZero() {
				t.Error("a refused body left something in the value")
			}
			if strings.Contains(answer(err), canary) {
				t.Errorf("the answer quotes the body: %s", answer(err))
			}
		})
	}
}

// sameAsJSON is the relation the fuzz test holds too: whatever is accepted here, the
// strict json package accepts, and reads alike.
func sameAsJSON[T any](t testing.TB, data []byte, got T) {
	t.Helper()
	var want T
	if err := json.Unmarshal(data, &want, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("accepted what json refuses: %v", err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Fatalf("json reads otherwise:\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range decodeCases {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := validate.Decode[everything](data)
		verdict(t, err)
		if err == nil {
			sameAsJSON(t, data, v)
			if fields := validate.Value(v); len(fields) > 0 {
				t.Fatalf("Value disagrees with Decode: %+v", fields)
			}
			return
		}
		// Put the secret where a client puts secrets, in a value, and break the body
		// again: no answer repeats it.
		planted := bytes.ReplaceAll(data, []byte(`"ada"`), []byte(`"`+canary+`"`))
		if _, err := validate.Decode[everything](planted); err != nil && bytes.Contains(planted, []byte(`:"`+canary+`"`)) &&
			bytes.Count(planted, []byte(canary)) == 1 && strings.Contains(answer(err), canary) {
			t.Fatalf("the answer quotes the body: %s", answer(err))
		}
	})
}

func TestTooManyErrors(t *testing.T) {
	_, err := validate.Decode[[]int]([]byte("[" + strings.Repeat("null,", 999) + "null]"))
	p := problem.From(err)
	if len(p.Errors) != validate.MaxErrors || !strings.Contains(p.Detail, "first 32") {
		t.Errorf("%d errors, %q", len(p.Errors), p.Detail)
	}
	_, err = validate.Decode[[]int]([]byte("[" + strings.Repeat("1,", validate.MaxItems) + "1]"))
	if got := verdict(t, err); got != " too_many" {
		t.Errorf("a slice without a max took more than MaxItems: %q", got)
	}
	_, err = validate.Decode[map[string]int]([]byte(manyMembers(validate.MaxItems + 1)))
	if got := verdict(t, err); got != " too_many" {
		t.Errorf("a map without a max took more than MaxItems: %q", got)
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k` + strconv.Itoa(i) + `":1`)
	}
	return b.String() + "}"
}

func TestValue(t *testing.T) {
	nick := "too long"
	v := everything{
		Name: "Ada", Secret: secret.New("short"), Small: 101, Nick: &nick, Email: "x",
		Tags: []string{"a", "a", ""}, Limits: map[string]int{"zz": 0, "a\xff": 1},
		Child: &everything{Name: "x"}, Parts: []part{{}}, Bytes: []byte("12345"),
	}
	want := []string{
		"/name pattern", "/email not_email", "/secret too_short", "/small too_large", "/nick too_long", "/tags/2 too_short", "/tags not_unique",
		"/limits not_utf8", "/limits/zz too_small", "/child/name too_short", "/bytes too_long",
	}
	var got []string
	for _, f := range validate.Value(v) {
		got = append(got, f.Pointer+" "+f.Code)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if fields := validate.Value(everything{Name: "ada"}); fields != nil {
		t.Errorf("zero optional members failed: %+v", fields)
	}
}

type ring struct {
	Next *ring `json:"next" validate:"optional"`
}

func TestValueThatHoldsItself(t *testing.T) {
	r := &ring{}
	r.Next = r
	if fields := validate.Value(*r); len(fields) != 1 || fields[0].Code != validate.CodeTooDeep {
		t.Errorf("got %d fields, want one too_deep", len(fields))
	}
}

func TestIgnoreUnknown(t *testing.T) {
	d := validate.Must[part](validate.Config{InsecureIgnoreUnknown: true})
	if v, err := d.Decode([]byte(`{"a":1,"x":{"y":[]}}`)); err != nil || v.A != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := d.Decode([]byte(`{"a":1,"x":1,"x":2}`)); verdict(t, err) != "duplicate_member" {
		t.Errorf("unknown duplicates: %v", err)
	}
}

func TestDecodeLimits(t *testing.T) {
	d := validate.Must[jsontext.Value](validate.Config{Limit: 10, Depth: 2})
	for body, want := range map[string]string{
		`123456789`: "", `1234567890`: "", `12345678901`: "body_too_large", `[[]]`: "", `[[[]]]`: "too_deep", `"[[["`: "", `"\"[[["`: "", `[[],[{}`: "too_deep",
	} {
		if _, err := d.Decode([]byte(body)); verdict(t, err) != want {
			t.Errorf("%s: got %v, want %q", body, err, want)
		}
	}
}

// A type's own error text may quote the value, so it is not passed on.
func TestForeignErrorStaysHere(t *testing.T) {
	for _, body := range []string{`{"t":"` + canary + `","j":1}`, `{"t":"","j":"` + canary + `"}`} {
		_, err := validate.Decode[struct {
			T talkative     `json:"t"`
			J talkativeJSON `json:"j"`
		}]([]byte(body))
		if !strings.Contains(verdict(t, err), "bad_value") || strings.Contains(answer(err), canary) {
			t.Errorf("%s", answer(err))
		}
	}
}

type talkative struct{ s string }

func (v *talkative) UnmarshalText(b []byte) error {
	if v.s = string(b); v.s == "" {
		return nil
	}
	return errors.New("cannot read " + v.s)
}

type talkativeJSON struct{ s string }

func (v *talkativeJSON) UnmarshalJSON(b []byte) error {
	v.s = string(b)
	return errors.New("cannot read " + v.s)
}

func TestDecodeKeepsNothingOfTheInput(t *testing.T) {
	data := []byte(`{"name":"ada","raw":[1,2],"secret":"12345678"}`)
	v, err := validate.Decode[everything](data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 'x'
	}
	if v.Name != "ada" || string(v.Raw) != "[1,2]" || v.Secret.Reveal() != "12345678" {
		t.Errorf("the value changed with the input: %+v", v)
	}
}
