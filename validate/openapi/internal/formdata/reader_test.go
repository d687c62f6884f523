package formdata_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/samples"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/formdata"
)

// parts reads a body to its end.
func parts(body, boundary string) (all []formdata.Part, err error) {
	r := formdata.NewReader([]byte(body), boundary)
	for {
		p, err := r.Next()
		if err != nil {
			if _, again := r.Next(); again != err {
				return nil, fmt.Errorf("after %w comes %w", err, again)
			}
			if err == io.EOF {
				return all, nil
			}
			return all, err
		}
		all = append(all, p)
	}
}

const head = "Content-Disposition: form-data; "

// one is a body of one part.
func one(header string) string { return "--b\r\n" + header + "\r\n\r\nx\r\n--b--" }

func TestReader(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"no parts":                 {"--b--\r\n", ""},
		"no parts and no line end": {"--b--", ""},
		"one":                      {"--b\r\n" + head + "name=\"a\"\r\n\r\nx\r\n--b--\r\n", "a=x"},
		"two": {
			"--b\r\n" + head + "name=\"a\"\r\n\r\nx\r\n--b\r\n" + head + "name=c; filename=d\r\n\r\n\r\n--b--",
			"a=x c(file)=",
		},
		"line ends are content": {"--b\r\n" + head + "name=a\r\n\r\n\r\n\r\n\n--\r\n--b--", "a=\r\n\r\n\n--"},
		"fields in any order": {
			"--b\r\nContent-Type: Text/Plain; Charset=UTF-8\r\ncontent-disposition:form-data;name=a\r\n\r\nx\r\n--b--",
			"a[text/plain utf-8]=x",
		},
		"foreign field":  {one("X-A: b\r\n" + head + "name=a"), "a=x"},
		"no file chosen": {"--b\r\n" + head + "name=a; filename=\"\"\r\n\r\n\r\n--b--", "a(no file)="},
		"empty":          {"", "the body must begin with the boundary that Content-Type names"},
		"preamble":       {"\r\n--b--", "the body must begin with the boundary that Content-Type names"},
		"epilogue":       {"--b--\r\n\r\n", "nothing but one CRLF may follow the last delimiter"},
		"epilogue of LF": {"--b--\n", "nothing but one CRLF may follow the last delimiter"},
		"padding": {
			"--b \r\n" + head + "name=a\r\n\r\nx\r\n--b--",
			"part 1: a delimiter must be followed by CRLF, or by -- at the end",
		},
		"padding at the end": {
			"--b\r\n" + head + "name=a\r\n\r\nx\r\n--b --",
			"part 2: a delimiter must be followed by CRLF, or by -- at the end",
		},
		"longer boundary": {
			"--b\r\n" + head + "name=a\r\n\r\nx\r\n--bc\r\n--b--",
			"part 2: a delimiter must be followed by CRLF, or by -- at the end",
		},
		"not closed": {"--b\r\n" + head + "name=a\r\n\r\nx\r\n", "part 1: must be closed by the boundary"},
		"delimiter after LF": {
			"--b\r\n" + head + "name=a\r\n\r\nx\n--b--",
			"part 1: must not hold the boundary, but after CRLF as a delimiter",
		},
		"delimiter after CR": {
			"--b\r\n" + head + "name=a\r\n\r\nx\r--b--",
			"part 1: must not hold the boundary, but after CRLF as a delimiter",
		},
		"delimiter within a line": {
			"--b\r\n" + head + "name=a\r\n\r\nx--b\r\n--b--",
			"part 1: must not hold the boundary, but after CRLF as a delimiter",
		},
		"delimiter within the header": {
			"--b\r\n" + head + "name=a\r\n--b--",
			"part 1: needs a header of at most 4096 bytes, and an empty line behind it",
		},
		"delimiter after the header": {
			"--b\r\n" + head + "name=a\r\n\r\n--b--",
			"part 1: needs an empty line between its header and the delimiter",
		},
		"no header": {
			"--b\r\n\r\nx\r\n--b--",
			"part 1: needs a header of at most 4096 bytes, and an empty line behind it",
		},
		"long header": {
			"--b\r\nA: " + strings.Repeat("a", 4096) + "\r\n\r\n--b--",
			"part 1: needs a header of at most 4096 bytes, and an empty line behind it",
		},
		"many fields": {
			"--b\r\n" + strings.Repeat("A: a\r\n", 17) + "\r\n\r\n--b--",
			"part 1: has too many header fields",
		},
		"line without a colon": {
			one(head + "name=a\r\nx"),
			"part 1: each header field must be a line of a name, a colon and a value",
		},
		"bare LF in the header": {
			one(head + "name=a\nA: b"),
			"part 1: header fields must be UTF-8 without control characters",
		},
		"header not UTF-8": {
			one(head + "name=\"\xff\""),
			"part 1: header fields must be UTF-8 without control characters",
		},
		"field in a field's name": {
			one("X-Content-Disposition: form-data; name=c\r\n" + head + "name=a"),
			"part 1: a header field must not hold the name of another",
		},
		"field in a field": {
			one("X: content-type: text/html\r\n" + head + "name=a"),
			"part 1: a header field must not hold the name of another",
		},
		"field in a filename": {
			one(head + "name=a; filename=\"Content-Disposition: x; y\""),
			"part 1: a header field must not hold the name of another",
		},
		"other field of content": {one("Content-ID: 1\r\nContent-Language: de\r\n" + head + "name=a"), "a=x"},
		"no disposition": {
			"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--",
			"part 1: needs a Content-Disposition of form-data",
		},
		"two types": {
			one("Content-Type: a/b\r\ncontent-type: a/b\r\n" + head + "name=a"),
			"part 1: must have Content-Type once",
		},
		"type of one word": {
			one("Content-Type: text\r\n" + head + "name=a"),
			"part 1: Content-Type must be a media type, with each parameter once",
		},
		"charset twice": {
			one("Content-Type: a/b; charset=x; Charset=y\r\n" + head + "name=a"),
			"part 1: Content-Type must be a media type, with each parameter once",
		},
		"extended charset": {
			one("Content-Type: a/b; charset*=x''y\r\n" + head + "name=a"),
			"part 1: Content-Type must be a media type, with each parameter once",
		},
		"type that ends in ;": {
			one("Content-Type: a/b;\r\n" + head + "name=a"),
			"part 1: Content-Type must be a media type, with each parameter once",
		},
	} {
		all, err := parts(c.body, "b")
		got := describe(all)
		if err != nil {
			got = err.Error()
			if _, ok := errors.AsType[*formdata.Error](err); !ok {
				t.Errorf("%s: the error is a %T", name, err)
			}
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func describe(all []formdata.Part) string {
	var texts []string
	for _, p := range all {
		text := p.Name
		switch {
		case p.Empty:
			text += "(no file)"
		case p.File:
			text += "(file)"
		}
		if p.Type != "" {
			text += "[" + strings.TrimSpace(p.Type+" "+p.Charset) + "]"
		}
		texts = append(texts, text+"="+string(p.Content))
	}
	return strings.Join(texts, " ")
}

func TestDisposition(t *testing.T) {
	const (
		form     = "Content-Disposition must be form-data"
		extended = "Content-Disposition must have no asterisk"
		name     = "the name must not be empty"
		filename = "the filename must be UTF-8"
	)
	for disposition, want := range map[string]string{
		`form-data; name="a"`:                                                         "",
		`form-data; name=a`:                                                           "",
		`form-data;name="a";filename="b"`:                                             "",
		`form-data; name="a[b].c é"`:                                                  "",
		`form-data; name="a"; filename="x;y=z, 'q' %22 é.png"`:                        "",
		`form-data; name="a"; filename="C:\x\y.png"`:                                  "",
		`form-data; name="a"; filename="a\\"`:                                         filename,
		`form-data; name="a"; filename="=?utf-8?B?w6k=?="; filename*=utf-8''%C3%A9`:   "",
		`form-data; name="a"; filename="b"; filename*=UTF-8''b`:                       "",
		`form-data; name="a"; filename="b"; filename*=UTF-8''c`:                       extended,
		`form-data; name="a"; filename="b"; filename*=utf-8'en'b`:                     extended,
		`form-data; name="a"; filename="b"; filename*=iso-8859-1''b`:                  extended,
		`form-data; name="a"; filename="b"; filename*="utf-8''b"`:                     extended,
		`form-data; name="a"; filename="b"; filename*=utf-8''b; x=y`:                  extended,
		`form-data; name="a"; filename*=utf-8''b`:                                     extended,
		`form-data; name="a"; filename*0="b"`:                                         extended,
		`form-data; name="a"; filename="=?utf-8?B?Li4=?="; filename*=utf-8''..`:       extended,
		`form-data; name*=utf-8''a`:                                                   extended,
		`form-data; name="a"; name*=utf-8''b`:                                         extended,
		`form-data; name="a"; name="b"`:                                               form,
		`form-data; name="a"; filename="b"; filename="c"`:                             extended,
		`form-data; filename="b"; name="a"`:                                           form,
		`form-data; filename="b"`:                                                     form,
		`form-data`:                                                                   form,
		`form-data; `:                                                                 form,
		`Form-Data; name="a"`:                                                         form,
		`attachment; name="a"`:                                                        form,
		`form-data; Name="a"`:                                                         form,
		`form-data; name ="a"`:                                                        form,
		`form-data; name= "a"`:                                                        form,
		`form-data;  name="a"`:                                                        form,
		`form-data; name="a" ; filename="b"`:                                          form,
		`form-data; name="a";`:                                                        form,
		`form-data; name="a`:                                                          form,
		`form-data; name=a b`:                                                         form,
		`form-data; name='a'`:                                                         form,
		`form-data; name="a"x`:                                                        form,
		`form-data; name="a"; size=1`:                                                 form,
		`form-data; name="a\"`:                                                        form,
		`form-data; name="a\"; filename="b"`:                                          form,
		`form-data; name="a"; filename="b\"; x="`:                                     form,
		`form-data; name=""`:                                                          name,
		`form-data; name=" a"`:                                                        name,
		`form-data; name="a "`:                                                        name,
		`form-data; name="a\b"`:                                                       name,
		`form-data; name="a\\"`:                                                       name,
		`form-data; name="a%22b"`:                                                     name,
		`form-data; name="a%0d%0Ab"`:                                                  name,
		`form-data; name="a; name=b"`:                                                 name,
		`form-data; name="a"; filename="x; name=b"`:                                   filename,
		`form-data; name="a"; filename="x;FileName =b"`:                               filename,
		`form-data; name="a"; filename="x; name*=b"`:                                  filename,
		`form-data; name="a"; filename="x; rename"`:                                   "",
		`form-data; name="a%"`:                                                        "",
		`form-data; name="=?utf-8?Q?a?="`:                                             name,
		`form-data; name="a"; filename="x/"`:                                          filename,
		`form-data; name="a"; filename=".."`:                                          filename,
		`form-data; name="a"; filename="x\.."`:                                        filename,
		`form-data; name="a"; filename=" "`:                                           filename,
		`form-data; name="a"; filename="` + "\t" + `b"`:                               filename,
		`form-data; name="a"; filename="b"; filename*=utf-8''b%2F`:                    extended,
		`form-data; name="a"; filename="b"; filename*=utf-8''%zz`:                     extended,
		`form-data; name="a"; filename="=?utf-8?B?w6k?="; filename*=utf-8''%C3%A9`:    extended,
		`form-data; name="a"; filename="=?utf-8?Q?=C3=A9?="; filename*=utf-8''%C3%A9`: extended,
		`form-data; name="a"; filename="=?utf-8?B?` + "YS8=" + `?="; filename*=utf-8''a%2F`: extended,
	} {
		_, err := parts("--b\r\nContent-Disposition: "+disposition+"\r\n\r\nx\r\n--b--\r\n", "b")
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), "part 1: ")
		}
		if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", disposition, got, want)
		}
	}
}

// FuzzReader: what is read is what the standard library reads.
func FuzzReader(f *testing.F) {
	for _, form := range append(samples.HonestForms(), samples.HostileForms()...) {
		f.Add(form.ContentType, []byte(form.Body))
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		boundary, err := formdata.Boundary(contentType)
		if err != nil {
			return
		}
		all, err := parts(string(body), boundary)
		if err != nil {
			return
		}
		other := multipart.NewReader(bytes.NewReader(body), boundary)
		for _, p := range all {
			q, err := other.NextRawPart()
			if err != nil {
				t.Fatalf("%q: the standard library says %v", body, err)
			}
			content, err := io.ReadAll(q)
			named := q.FormName() == p.Name && (q.FileName() != "") == (p.File && !p.Empty)
			if err != nil || !named || !bytes.Equal(content, p.Content) {
				t.Fatalf("%q: got %+v, and from the standard library %v, %q, %v", body, p, q.Header, content, err)
			}
		}
		if _, err := other.NextRawPart(); err != io.EOF {
			t.Fatalf("%q: the standard library ends with %v", body, err)
		}
	})
}

// big is a form of 40 texts and a file of 200 KB.
func big() ([]byte, string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := range 40 {
		w.WriteField(fmt.Sprintf("field%d", i), strings.Repeat("text ", 20))
	}
	file, _ := w.CreateFormFile("file", "pic.png")
	file.Write(bytes.Repeat([]byte("\x89PNG\r\n-\x00"), 25_000))
	w.Close()
	return b.Bytes(), w.Boundary()
}

func BenchmarkReader(b *testing.B) {
	body, boundary := big()
	b.Run("formdata", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			r := formdata.NewReader(body, boundary)
			for _, err := r.Next(); err != io.EOF; _, err = r.Next() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("mime", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			r := multipart.NewReader(bytes.NewReader(body), boundary)
			for p, err := r.NextRawPart(); err != io.EOF; p, err = r.NextRawPart() {
				if err != nil {
					b.Fatal(err)
				}
				p.FormName()
				io.ReadAll(p)
			}
		}
	})
}
