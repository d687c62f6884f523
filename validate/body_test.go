package validate_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
)

// untouchable fails the test when somebody reads it.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) { u.t.Error("the body was read"); return 0, io.EOF }

const okPart = `{"a":1}`

var contentTypes = []struct {
	name   string
	lines  []string
	status int
}{
	{"plain", []string{"application/json"}, 200},
	{"charset", []string{"application/json; charset=utf-8"}, 200},
	{"cases and spaces", []string{" Application/JSON ;\tCharset=\"UTF-8\" "}, 200},
	{"configured", []string{"application/merge-patch+json"}, 200},

	{"absent", nil, 415},
	{"empty", []string{""}, 415},
	{"two lines", []string{"application/json", "application/json"}, 415},
	{"two in one line", []string{"application/json, text/plain"}, 415},
	{"text", []string{"text/plain"}, 415},
	{"text/json", []string{"text/json"}, 415},
	{"form, a simple request", []string{"application/x-www-form-urlencoded"}, 415},
	{"multipart", []string{"multipart/form-data; boundary=application/json"}, 415},
	{"XML", []string{"application/xml"}, 415},
	{"prefix", []string{"application/jsonp"}, 415},
	{"another +json", []string{"application/ld+json"}, 415},
	{"hidden in a parameter", []string{"text/plain; application/json"}, 415},
	{"other charset", []string{"application/json; charset=utf-16"}, 415},
	{"utf8", []string{"application/json; charset=utf8"}, 415},
	{"other parameter", []string{"application/json; profile=x"}, 415},
	{"empty parameter", []string{"application/json;"}, 415},
	{"charset twice", []string{"application/json; charset=utf-8; charset=utf-8"}, 415},
	{"space inside", []string{"application / json"}, 415},
	{"NUL", []string{"application/json\x00"}, 415},
	{"wildcard", []string{"application/*"}, 415},
}

func TestBodyContentType(t *testing.T) {
	d := validate.Must[part](validate.Config{MediaTypes: []string{"application/merge-patch+json"}})
	for _, c := range contentTypes {
		t.Run(c.name, func(t *testing.T) {
			var body io.Reader = untouchable{t}
			if c.status == 200 {
				body = strings.NewReader(okPart)
			}
			r := httptest.NewRequest("POST", "/", body)
			r.Header["Content-Type"] = c.lines
			v, err := d.Body(r)
			if c.status == 200 {
				if err != nil || v.A != 1 {
					t.Fatalf("%+v, %v", v, err)
				}
				return
			}
			p := problem.From(err)
			if p.Status != c.status || p.Header.Get("Accept") != "application/json, application/merge-patch+json" {
				t.Errorf("%v, Accept %q", err, p.Header.Get("Accept"))
			}
		})
	}
}

func TestBodyContentEncoding(t *testing.T) {
	for coding, status := range map[string]int{"identity": 200, " Identity": 200, "gzip": 415, "identity, gzip": 415, "": 415, "br": 415} {
		r := post(strings.NewReader(okPart))
		r.Header.Set("Content-Encoding", coding)
		_, err := validate.Body[part](r)
		if got := statusOf(err); got != status {
			t.Errorf("%q: %v", coding, err)
		}
		if status == 415 && problem.From(err).Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%q: no Accept-Encoding", coding)
		}
	}
}

func TestBodySize(t *testing.T) {
	d := validate.Must[part](validate.Config{Limit: 2000})
	padded := func(n int) string { return okPart + strings.Repeat(" ", n-len(okPart)) }
	cases := []struct {
		name   string
		body   io.Reader
		length int64
		status int
	}{
		{"at the limit", strings.NewReader(padded(2000)), 2000, 200},
		{"at the limit, chunked", strings.NewReader(padded(2000)), -1, 200},
		{"byte by byte", iotest.OneByteReader(strings.NewReader(padded(1999))), -1, 200},
		{"data with the end", iotest.DataErrReader(strings.NewReader(padded(1999))), -1, 200},
		{"one over, told", untouchable{t}, 2001, 413},
		{"one over, chunked", strings.NewReader(padded(2001)), -1, 413},
		{"endless", endless{}, -1, 413},
		{"more than told", strings.NewReader(padded(2001)), 7, 413},
		{"outer limit", http.MaxBytesReader(httptest.NewRecorder(), io.NopCloser(strings.NewReader(padded(100))), 50), -1, 413},
		{"broken off", iotest.TimeoutReader(iotest.HalfReader(strings.NewReader(padded(1000)))), -1, 400},
		{"no body", http.NoBody, 0, 400},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := post(c.body)
			r.ContentLength = c.length
			if _, err := d.Body(r); statusOf(err) != c.status {
				t.Errorf("%v, want %d", err, c.status)
			}
		})
	}
	r := post(nil)
	r.Body = nil
	if _, err := d.Body(r); verdict(t, err) != "empty_body" {
		t.Errorf("nil body: %v", err)
	}
}

// endless never stops; whoever reads it whole hangs.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func post(body io.Reader) *http.Request {
	r := httptest.NewRequest("POST", "/", body)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func statusOf(err error) int {
	if err == nil {
		return 200
	}
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p.Status
	}
	return 0
}

// A huge announced length costs nothing before the bytes come.
func TestBodyLengthIsAPromise(t *testing.T) {
	d := validate.Must[part](validate.Config{Limit: 64 << 20})
	body := &offered{Reader: strings.NewReader(okPart)}
	r := post(body)
	r.ContentLength = 64 << 20
	if _, err := d.Body(r); err != nil {
		t.Fatal(err)
	}
	if body.most == 0 || body.most > 64<<10 {
		t.Errorf("a promise of 64 MiB got %d bytes of memory", body.most)
	}
}

// offered notes the largest buffer it was asked to fill.
type offered struct {
	io.Reader
	most int
}

func (o *offered) Read(b []byte) (int, error) {
	o.most = max(o.most, len(b))
	return o.Reader.Read(b)
}
