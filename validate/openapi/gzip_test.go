package openapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

func packed(t testing.TB, from io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if _, err := io.Copy(z, from); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const plainItem = `{"name":"ada","price":1}`

// gzipCases are packed bodies, with the codes for who takes gzip.
func gzipCases(t testing.TB) []struct{ name, coding, body, want string } {
	whole := string(packed(t, strings.NewReader(plainItem)))
	at := func(i int, b byte) string { return whole[:i] + string(b) + whole[i+1:] }
	bomb := string(packed(t, io.LimitReader(&endless{}, 64<<20)))
	return []struct{ name, coding, body, want string }{
		{"whole", "gzip", whole, ""},
		{"in another case", " GZIP ", whole, ""},
		{"not packed", "identity", plainItem, ""},
		{"not packed, and said to be", "gzip", plainItem, "malformed_gzip"},
		{"packed, and not said to be", "identity", whole, "invalid_utf8"},
		{"cut short", "gzip", whole[:len(whole)-1], "malformed_gzip"},
		{"head alone", "gzip", whole[:9], "malformed_gzip"},
		{"another checksum", "gzip", at(len(whole)-8, whole[len(whole)-8]^1), "malformed_gzip"},
		{"another length", "gzip", at(len(whole)-4, whole[len(whole)-4]^1), "malformed_gzip"},
		{"two streams", "gzip", whole + whole, "malformed_gzip"},
		{"a stream and an empty one", "gzip", whole + string(packed(t, strings.NewReader(""))), "malformed_gzip"},
		{"more behind it", "gzip", whole + "x", "malformed_gzip"},
		{"of nothing", "gzip", string(packed(t, strings.NewReader(""))), "empty_body"},
		{"twice", "gzip", string(packed(t, strings.NewReader(whole))), "invalid_utf8"},
		{"said twice", "gzip, gzip", string(packed(t, strings.NewReader(whole))), "unsupported_content_encoding"},
		{"another coding", "deflate", whole, "unsupported_content_encoding"},
		{"and another", "gzip, br", whole, "unsupported_content_encoding"},
		{"another name", "x-gzip", whole, "unsupported_content_encoding"},
		{"a bomb", "gzip", bomb, "body_too_large"},
		{"bad inside", "gzip", string(packed(t, strings.NewReader(`{"name":7,"price":1}`))), "/name wrong_type"},
	}
}

func TestGzip(t *testing.T) {
	d, never := shop(t, openapi.Config{Gzip: true}), shop(t, openapi.Config{})
	type item struct {
		Name  string  `json:"name"`
		Price float64 `json:"price"`
	}
	read := validate.Must[item](validate.Config{Gzip: true})
	for _, c := range gzipCases(t) {
		t.Run(c.name, func(t *testing.T) {
			request := requestCase{line: "POST /v1/items", header: jsonType + "\nContent-Encoding: " + c.coding + "\nContent-Length: " + strconv.Itoa(len(c.body)), body: c.body}
			r := request.request()
			err := costs(t, "document", func() error { return decide(d, r) })
			if got := verdict(t, err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if err == nil {
				left, _ := io.ReadAll(r.Body)
				if string(left) != plainItem || r.ContentLength != int64(len(plainItem)) || r.Header.Get("Content-Length") != strconv.Itoa(len(plainItem)) || c.coding != "identity" && r.Header["Content-Encoding"] != nil {
					t.Errorf("the next reader gets %q with %v", left, r.Header)
				}
			}
			if err != nil && c.want == "unsupported_content_encoding" && problem.From(err).Header.Get("Accept-Encoding") != "gzip, identity" {
				t.Errorf("the answer does not say what is taken: %v", problem.From(err).Header)
			}
			want := c.want
			if c.coding != "identity" {
				want = "unsupported_content_encoding"
			}
			if got := verdict(t, costs(t, "without Gzip", func() error { return decide(never, request.request()) })); got != want {
				t.Errorf("without Gzip: got %s, want %s", got, want)
			}
			err = costs(t, "Go type", func() error { _, err := read.Body(request.request()); return err })
			if verdict(t, err) != c.want && !strings.Contains(c.want, "wrong_type") {
				t.Errorf("into a Go type: %v, want %s", err, c.want)
			}
		})
	}
	r := requestCase{line: "POST /v1/form", header: "Content-Type: application/octet-stream\nContent-Encoding: gzip", body: "x"}.request()
	if got := verdict(t, decide(d, r)); got != "unsupported_content_encoding" {
		t.Errorf("a stream: %s", got)
	}
}
