package formdata_test

import (
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/formdata"
)

func TestBoundary(t *testing.T) {
	for contentType, want := range map[string]string{
		"multipart/form-data; boundary=x":                           "x",
		"multipart/form-data;boundary=x":                            "x",
		"Multipart/Form-Data ;  boundary=----x_1.+":                 "----x_1.+",
		`multipart/form-data; boundary="a=b?(c)"`:                   "a=b?(c)",
		"multipart/form-data; boundary=x; charset=UTF-8":            "x",
		`multipart/form-data; charset="utf-8"; boundary="x"`:        "x",
		"multipart/form-data; boundary=" + strings.Repeat("b", 70):  strings.Repeat("b", 70),
		"multipart/form-data; boundary=" + strings.Repeat("b", 71):  "",
		"multipart/form-data":                                       "",
		"multipart/form-data;":                                      "",
		"multipart/form-data; boundary=":                            "",
		`multipart/form-data; boundary=""`:                          "",
		"multipart/form-data; boundary=x;":                          "",
		"multipart/form-data; boundary=x; boundary=y":               "",
		"multipart/form-data; boundary=x, boundary=y":               "",
		"multipart/form-data; boundary =x":                          "",
		"multipart/form-data; boundary= x":                          "",
		"multipart/form-data; BOUNDARY=x":                           "",
		"multipart/form-data; xboundary=x":                          "",
		"multipart/form-data; boundary*=utf-8''x":                   "",
		"multipart/form-data; boundary*0=x; boundary*1=y":           "",
		"multipart/form-data; boundary=x; boundary*0=y":             "",
		"multipart/form-data; boundary=a b":                         "",
		`multipart/form-data; boundary="a b"`:                       "",
		`multipart/form-data; boundary="a\"b"`:                      "",
		`multipart/form-data; boundary="a`:                          "",
		`multipart/form-data; boundary=a"`:                          "",
		"multipart/form-data; boundary='a'":                         "",
		"multipart/form-data; boundary=a=b":                         "",
		"multipart/form-data; boundary=a%20b":                       "",
		"multipart/form-data; boundary=a\x00":                       "",
		"multipart/form-data; boundary=é":                           "",
		"multipart/form-data; boundary=x; charset=utf-16":           "",
		"multipart/form-data; boundary=x; charset=utf-8; charset=x": "",
		"multipart/form-data; boundary=x; type=y":                   "",
	} {
		got, err := formdata.Boundary(contentType)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", contentType, got, err, want)
		}
	}
}
