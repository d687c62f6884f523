package validate_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

type search struct {
	Q      string        `json:"q" validate:"min=2,max=20"`
	Limit  int           `json:"limit" validate:"optional,min=1,max=100"`
	Big    int64         `json:"big" validate:"optional"`
	Level  uint8         `json:"level" validate:"optional,enum=1|2"`
	Ratio  float64       `json:"ratio" validate:"optional,max=9"`
	Deep   *bool         `json:"deep" validate:"optional"`
	Since  time.Time     `json:"since" validate:"optional"`
	From   netip.Addr    `json:"from" validate:"optional"`
	Tag    []string      `json:"tag" validate:"optional,max=3,unique,each(min=1,max=5)"`
	IDs    []int         `json:"id[]" validate:"optional,max=2"`
	Secret secret.String `json:"secret" validate:"optional,min=8"`
}

// paramVerdict writes what is wrong as "parameter pointer code" lines.
func paramVerdict(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	p, ok := errors.AsType[*problem.Problem](err)
	switch {
	case !ok:
		t.Fatalf("the error is a %T, not a problem", err)
	case p.Errors == nil && (p.Status == 400 || p.Status == 414 || p.Status == 415):
		return p.Code
	case p.Status != http.StatusUnprocessableEntity || len(p.Errors) == 0 || len(p.Errors) > validate.MaxErrors:
		t.Fatalf("status %d, code %q, %d fields", p.Status, p.Code, len(p.Errors))
	}
	var lines []string
	for _, f := range p.Errors {
		lines = append(lines, f.In+" "+f.Parameter+f.Pointer+" "+f.Code)
	}
	return strings.Join(lines, "\n")
}

var queryCases = []struct{ name, query, want string }{
	{"least", "q=ab", ""},
	{"everything", "q=a+b%21&limit=100&big=9007199254740993&level=2&ratio=0.5e1&deep=true&since=2026-01-31T09:30:00Z&from=::1&tag=x&tag=y&id[]=1&id%5B%5D=-0&secret=12345678", ""},
	{"order and empty pairs", "&tag=y&&q=ab&tag=x&", ""},
	{"value with an equals sign", "q=a=b", ""},
	{"nothing", "", "query q required"},
	{"empty value is present", "q=", "query q too_short"},
	{"name alone", "q", "query q too_short"},
	{"twice", "q=ab&q=" + canary, "query q duplicate"},
	{"twice behind an escape", "q=ab&%71=" + canary, "query q duplicate"},
	{"case counts", "Q=ab", "query q required\nquery Q unknown_parameter"},
	{"unknown", "q=ab&admin=" + canary + "&limit[]=1", "query admin unknown_parameter\nquery limit[] unknown_parameter"},
	{"unknown name not shown", "q=ab&%3Cscript%3E=1&=2&" + strings.Repeat("x", 65) + "=1", "query  unknown_parameter\nquery  unknown_parameter\nquery  unknown_parameter"},
	{"plus", "q=ab&limit=%2B7", "query limit wrong_type"},
	{"leading zero", "q=ab&limit=007", "query limit wrong_type"},
	{"space", "q=ab&limit=7+", "query limit wrong_type"},
	{"line", "q=ab&limit=7%0A", "query limit wrong_type"},
	{"underscore", "q=ab&limit=1_0", "query limit wrong_type"},
	{"hexadecimal", "q=ab&limit=0x7", "query limit wrong_type"},
	{"other digits", "q=ab&limit=%D9%A7", "query limit wrong_type"},
	{"empty number", "q=ab&limit=", "query limit wrong_type"},
	{"fraction", "q=ab&limit=1.0", "query limit wrong_type"},
	{"exponent", "q=ab&limit=1e1", "query limit wrong_type"},
	{"text", "q=ab&limit=" + canary, "query limit wrong_type"},
	{"overflow", "q=ab&big=9223372036854775808", "query big wrong_type"},
	{"bound", "q=ab&limit=101&level=3&ratio=9.1", "query limit too_large\nquery level not_in_enum\nquery ratio too_large"},
	{"floats Go reads", "q=ab&ratio=Inf", "query ratio wrong_type"},
	{"NaN", "q=ab&ratio=NaN", "query ratio wrong_type"},
	{"hexadecimal float", "q=ab&ratio=0x1p-2", "query ratio wrong_type"},
	{"float overflow", "q=ab&ratio=1e400", "query ratio wrong_type"},
	{"long number", "q=ab&ratio=1" + strings.Repeat("0", 500), "query ratio wrong_type"},
	{"bool", "q=ab&deep=1", "query deep wrong_type"},
	{"bool in capitals", "q=ab&deep=True", "query deep wrong_type"},
	{"time", "q=ab&since=" + canary, "query since not_time"},
	{"foreign type", "q=ab&from=" + canary, "query from bad_value"},
	{"null is a text", "q=null&deep=null", "query deep wrong_type"},
	{"items", "q=ab&tag=&tag=123456&tag=x", "query tag/0 too_short\nquery tag/1 too_long"},
	{"not unique", "q=ab&tag=x&tag=x", "query tag not_unique"},
	{"too many", "q=ab&tag=1&tag=2&tag=3&tag=" + canary, "query tag too_many"},
	{"number in a list", "q=ab&id[]=1&id[]=x", "query id[]/1 wrong_type"},
	{"secret", "q=ab&secret=short", "query secret too_short"},
	{"comma is no separator", "q=ab&tag=x,y,z,a", "query tag/0 too_long"},
	{"bad escape", "q=" + canary + "%zz", "bad_query"},
	{"cut escape", "q=ab%2", "bad_query"},
	{"bad escape in a name", "q=ab&%=1", "bad_query"},
	{"semicolon", "q=ab;admin=1", "bad_query"},
	{"escaped semicolon", "q=ab%3Badmin", ""},
	{"qs cuts at ]=", "q=ab]=1", "bad_query"},
	{"qs cuts at %5D=", "q=ab%5D=1", "bad_query"},
	{"equals signs in a value", "q=a==", ""},
	{"not ASCII", "q=ab\u00e9", "bad_query"},
	{"name not ASCII", "q=ab&\u00e9=1", "bad_query"},
	{"not UTF-8", "q=ab%FF", "bad_query"},
	{"overlong UTF-8", "q=%C0%AF", "bad_query"},
	{"NUL is a character", "q=a%00", ""},
	{"100 pairs", "q=ab" + strings.Repeat("&x=1", 99), strings.TrimPrefix(strings.Repeat("\nquery x unknown_parameter", 32), "\n")},
	{"101 pairs", "q=ab" + strings.Repeat("&x=1", 100), "too_many_pairs"},
	{"longest", "q=" + strings.Repeat("a", validate.MaxQuery-2), "query q too_long"},
	{"too long", "q=" + strings.Repeat("a", validate.MaxQuery-1), "query_too_long"},
}

func TestQuery(t *testing.T) {
	for _, c := range queryCases {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.URL.RawQuery = c.query
			v, err := validate.Query[search](r)
			if got := paramVerdict(t, err); got != c.want {
				t.Fatalf("got:\n%s\nwant:\n%s", got, c.want)
			}
			if err == nil {
				sameAsURL(t, c.query, v)
				return
			}
			if !reflect.ValueOf(v).IsZero() {
				t.Error("a refused query left something in the value")
			}
			if strings.Contains(answer(err), canary) {
				t.Errorf("the answer quotes the query: %s", answer(err))
			}
		})
	}
}

// sameAsURL holds what is accepted to what net/url reads.
func sameAsURL(t testing.TB, query string, v search) {
	t.Helper()
	want, err := url.ParseQuery(query)
	if err != nil {
		t.Fatalf("accepted what net/url refuses: %v", err)
	}
	if v.Q != want.Get("q") || len(v.Tag) != len(want["tag"]) || len(v.IDs) != len(want["id[]"]) || v.Secret.Reveal() != want.Get("secret") {
		t.Fatalf("net/url reads %q otherwise: %+v", query, v)
	}
	for i, tag := range v.Tag {
		if tag != want["tag"][i] {
			t.Fatalf("tag %d is %q", i, tag)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, c := range queryCases {
		f.Add(c.query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		v, err := validate.Query[search](r)
		paramVerdict(t, err)
		if err == nil {
			sameAsURL(t, query, v)
			if fields := validate.Value(v); len(fields) > 0 && v.Limit != 0 && v.Level != 0 && v.Secret.Reveal() != "" {
				t.Fatalf("Value disagrees: %+v", fields)
			}
		}
	})
}

func TestPath(t *testing.T) {
	type place struct {
		ID   string `json:"id" validate:"uuid"`
		Page int    `json:"page" validate:"min=1"`
		Rest string `json:"rest" validate:"optional,max=5"`
	}
	const id = "0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f"
	for path, want := range map[string]string{
		"/" + id + "/1/":           "",
		"/" + id + "/1/a/b":        "",
		"/" + id + "/1/abc%2Fd":    "",
		"/" + id + "/%31/":         "",
		"/" + canary + "/0/123456": "path id not_uuid\npath page too_small\npath rest too_long",
		"/x/+1/":                   "path id not_uuid\npath page wrong_type",
		"/%FF/01/%FF":              "path id not_utf8\npath page wrong_type\npath rest not_utf8",
	} {
		var got place
		mux := http.NewServeMux()
		mux.HandleFunc("/{id}/{page}/{rest...}", func(w http.ResponseWriter, r *http.Request) {
			var err error
			got, err = validate.Path[place](r)
			if v := paramVerdict(t, err); v != want {
				t.Errorf("%s: got\n%s\nwant\n%s", path, v, want)
			}
			if err != nil && (strings.Contains(answer(err), canary) || got != place{}) {
				t.Errorf("%s: %s, %+v", path, answer(err), got)
			}
		})
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 || want == "" && (got.ID != id || got.Page != 1) {
			t.Errorf("%s: %d, %+v", path, w.Code, got)
		}
	}
	if _, err := validate.Path[place](httptest.NewRequest("GET", "/", nil)); paramVerdict(t, err) != "path id required\npath page required" {
		t.Errorf("without a pattern: %v", err)
	}
}

// TestPathElsewhere: what ServeMux decodes into a wildcard is not another path to whoever
// joins it to one.
func TestPathElsewhere(t *testing.T) {
	type one struct {
		Name string `json:"name"`
	}
	type request struct{ Path one }
	const bad = "path name malformed"
	for _, c := range []struct{ path, one, rest, value string }{
		{"report.txt", "", "", "report.txt"},
		{"..report", "", "", "..report"},
		{"...", "", "", "..."},
		{"%2ehidden", "", "", ".hidden"},
		{"a%20b", "", "", "a b"},
		{"%252e%252e", "", "", "%2e%2e"},
		{"a%2fb", bad, "", "a/b"},
		{"a%2Fb%2f", bad, "", "a/b/"},
		{"https%3A%2F%2Fexample.com%2F", bad, "", "https://example.com/"},
		{"%2e%2e", bad, bad, ""},
		{"%2E", bad, bad, ""},
		{".%2e", bad, bad, ""},
		{"..%2f..%2fetc%2fpasswd", bad, bad, ""},
		{"a%2f..%2fb", bad, bad, ""},
		{"a%2f..", bad, bad, ""},
		{"a%2f.%2fb", bad, bad, ""},
		{"%2fetc%2fpasswd", bad, bad, ""},
		{"..%5c..%5cboot.ini", bad, bad, ""},
		{"a%5cb", bad, bad, ""},
		{"a%00b", bad, bad, ""},
		{"%00", bad, bad, ""},
	} {
		for pattern, want := range map[string]string{"/f/{name}": c.one, "GET /f/{name...}": c.rest} {
			served := false
			mux := http.NewServeMux()
			mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
				served = true
				v, err := validate.Path[one](r)
				all, allErr := validate.Request[request](r)
				if got := paramVerdict(t, err); got != want || paramVerdict(t, allErr) != want || all.Path != v {
					t.Errorf("%s at %s: got %s, want %s", c.path, pattern, got, want)
				}
				if err == nil && v.Name != c.value {
					t.Errorf("%s at %s: read %q", c.path, pattern, v.Name)
				}
			})
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/f/"+c.path, nil))
			if !served {
				t.Errorf("%s does not get to %s", c.path, pattern)
			}
		}
	}
	// The value of another router, whose pattern is not known, is one segment.
	r := httptest.NewRequest("GET", "/", nil)
	r.SetPathValue("name", "a/b")
	if _, err := validate.Path[one](r); paramVerdict(t, err) != bad {
		t.Errorf("without a pattern: %v", err)
	}
}

func TestBadParamTypes(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	for name, f := range map[string]func(){
		"no struct":        func() { validate.Query[string](r) },
		"object":           func() { validate.Query[struct{ A part }](r) },
		"map":              func() { validate.Query[struct{ A map[string]int }](r) },
		"bytes":            func() { validate.Query[struct{ A []byte }](r) },
		"list of lists":    func() { validate.Query[struct{ A [][]int }](r) },
		"list in the path": func() { validate.Path[struct{ A []int }](r) },
		"bad tag": func() {
			validate.Query[struct {
				A int `validate:"x"`
			}](r)
		},
		"request no struct":   func() { validate.Request[int](r) },
		"request other field": func() { validate.Request[struct{ Header part }](r) },
		"request tagged": func() {
			validate.Request[struct {
				Body part `json:"body"`
			}](r)
		},
		"request bad body": func() { validate.Request[struct{ Body any }](r) },
	} {
		func() {
			defer func() {
				err, _ := recover().(error)
				if _, ok := errors.AsType[*validate.ConfigError](err); !ok {
					t.Errorf("%s: recovered %v", name, err)
				}
			}()
			f()
		}()
	}
}

type change struct {
	Path struct {
		ID int `json:"id" validate:"min=1"`
	}
	Query struct {
		Dry bool `json:"dry" validate:"optional"`
	}
	Body part
}

func TestRequest(t *testing.T) {
	for _, c := range []struct{ id, query, body, want, code string }{
		{"7", "dry=true", `{"a":1}`, "", ""},
		{"0", "dry=x&y=1", `{"a":"x","c":1}`, "path id too_small\nquery dry wrong_type\nquery y unknown_parameter\n /a wrong_type\n /c unknown_member", "invalid_request"},
		{"0", "", `{"a":1}`, "path id too_small", "invalid_parameters"},
		{"7", "", `{}`, " /a required", "invalid_body"},
		{"0", "", `{`, "malformed_json", "malformed_json"},
		{"0", "%", `{`, "bad_query", "bad_query"},
	} {
		r := post(strings.NewReader(c.body))
		r.SetPathValue("id", c.id)
		r.URL.RawQuery = c.query
		v, err := validate.Request[change](r)
		if got := paramVerdict(t, err); got != c.want {
			t.Errorf("%+v: got\n%s", c, got)
		}
		if err != nil {
			if p := problem.From(err); p.Code != c.code {
				t.Errorf("%+v: code %s", c, p.Code)
			}
		} else if v.Path.ID != 7 || !v.Query.Dry || v.Body.A != 1 {
			t.Errorf("read %+v", v)
		}
	}
	if _, err := validate.Request[struct{}](httptest.NewRequest("GET", "/?x=1", nil)); paramVerdict(t, err) != "query x unknown_parameter" {
		t.Errorf("a query nobody asked for: %v", err)
	}
	r := post(strings.NewReader(okPart))
	r.SetPathValue("id", "0")
	r.URL.RawQuery = strings.TrimPrefix(strings.Repeat("&x=1", 40), "&")
	if _, err := validate.Request[change](r); len(problem.From(err).Errors) != validate.MaxErrors || !strings.Contains(problem.From(err).Detail, "first 32") {
		t.Errorf("not bounded: %v", err)
	}
}
