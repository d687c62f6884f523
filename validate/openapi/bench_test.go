package openapi_test

import (
	"io"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

func benchmark(b *testing.B, c requestCase) {
	d := shop(b, openapi.Config{})
	r := c.request()
	op, values, err := d.Match(r.Method, r.Host, r.URL.RawPath)
	if err == nil {
		err = op.Check(r, values)
	}
	if got := verdict(b, err); got != c.want {
		b.Fatalf("got %s", got)
	}
	b.ReportAllocs()
	for b.Loop() {
		if c.body != "" {
			r.Body = io.NopCloser(strings.NewReader(c.body))
		}
		decide(d, r)
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, c := range requestCases {
		switch c.name {
		case "three parameters", "path integer", "every query style", "least", "everything", "everything wrong", "parts", "cat", "undocumented path", "form":
			b.Run(c.name, func(b *testing.B) { benchmark(b, c) })
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for _, c := range hostile {
		b.Run(c.name, func(b *testing.B) {
			d := shop(b, openapi.Config{})
			b.ReportAllocs()
			for b.Loop() {
				if decide(d, c.request()) == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		shop(b, openapi.Config{})
	}
}

// BenchmarkAnswer is a list of 100 people, each as described, or with a member more.
func BenchmarkAnswer(b *testing.B) {
	op := operations(b, parse(b, people, openapi.Config{Responses: openapi.ResponsesShape}))["GET /people"]
	for name, one := range map[string]string{
		"described": `{"id":1,"name":"Ada","home":{"street":"s","town":"t","country":"c"}},`,
		"leaking":   `{"id":1,"name":"Ada","hash":"$2b$10$3euPcmQFCiblsZeEu5s7p","home":{"street":"s","town":"t","country":"c"}},`,
	} {
		b.Run(name, func(b *testing.B) {
			body := []byte("[" + strings.TrimSuffix(strings.Repeat(one, 100), ",") + "]")
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				op.CheckAnswer(200, "application/json", body)
			}
		})
	}
}
