package proxy_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/visit"
)

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		config proxy.Config
		fields string // the fields that are refused
	}{
		{proxy.Config{Upstream: "http://localhost:3000"}, ""},
		{proxy.Config{Upstream: "https://[::1]:3000/base/v1.2/"}, ""},
		{proxy.Config{Upstream: "h2c://localhost:3000/base"}, ""},
		{proxy.Config{Upstream: "unix:/run/app.sock", Host: "api.example"}, ""},
		{proxy.Config{Upstream: "unix:///run/app.sock:/base/"}, ""},
		{proxy.Config{Upstream: "unix:run/app.sock"}, "Upstream"},
		{proxy.Config{Upstream: "unix:"}, "Upstream"},
		{proxy.Config{Upstream: "unix:/run/"}, "Upstream"},
		{proxy.Config{Upstream: "unix:/run/app.sock:base"}, "Upstream"},
		{proxy.Config{Upstream: "unix:/run/app.sock:/a/../b"}, "Upstream"},
		{proxy.Config{Upstream: "unix:/" + strings.Repeat("a", 103)}, "Upstream"},
		{proxy.Config{Upstream: "http://unix:/run/app.sock"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost", Host: "a/b"}, "Host"},
		{proxy.Config{Upstream: "http://localhost", Host: "a b"}, "Host"},
		{proxy.Config{}, "Upstream"},
		{proxy.Config{Upstream: "localhost:3000"}, "Upstream"},
		{proxy.Config{Upstream: "ftp://localhost"}, "Upstream"},
		{proxy.Config{Upstream: "http:localhost"}, "Upstream"},
		{proxy.Config{Upstream: "http://"}, "Upstream"},
		{proxy.Config{Upstream: "http://:80"}, "Upstream"},
		{proxy.Config{Upstream: "http://user:hunter2@localhost"}, "Upstream"},
		{proxy.Config{Upstream: "http://user:hunter2@loc%alhost"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost?a"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost?"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost/#"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost/a/../b"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost//a"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost/a//"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost/a%2fb"}, "Upstream"},
		{proxy.Config{Upstream: "http://localhost", Timeout: -1}, "Timeout"},
		{proxy.Config{Upstream: "http://localhost", Timeout: time.Hour}, "Timeout"},
		{proxy.Config{Upstream: "x", Timeout: -1, OwnedHeaders: []string{"A", "a b", ""}}, "Upstream Timeout OwnedHeaders OwnedHeaders"},
	} {
		_, err := proxy.New(c.config)
		if got := strings.Join(fieldsOf(err), " "); got != c.fields {
			t.Errorf("%+v: refused %q, want %q: %v", c.config, got, c.fields, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in the message: %v", err)
		}
	}
}

func fieldsOf(err error) (fields []string) {
	if e, ok := err.(*proxy.Error); ok {
		return []string{e.Field}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			fields = append(fields, fieldsOf(err)...)
		}
	}
	return fields
}

// What the API behind the proxy sees of a caller.
func ExampleNew() {
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Path, r.Header.Get("X-Sallyport-Subject"), r.Header.Get("Authorization") == "")
	}))
	defer api.Close()
	p, err := proxy.New(proxy.Config{Upstream: api.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.CloseIdleConnections()

	// The Gate does this with a verified token.
	r := httptest.NewRequest("GET", "/notes", nil)
	r.Header.Set("X-Sallyport-Subject", "admin") // the client's wish
	r.Header.Set("Authorization", "Bearer …")
	v := &visit.Visit{ID: "1", Client: netip.MustParseAddr("192.0.2.1"), Principal: visit.Principal{Subject: "alice"}}
	p.ServeHTTP(httptest.NewRecorder(), r.WithContext(visit.With(r.Context(), v)))
	// Output: /notes alice true
}

// An error names the field, the rule and the remedy.
func ExampleError() {
	_, err := proxy.New(proxy.Config{Upstream: "localhost:3000"})
	if e, ok := errors.AsType[*proxy.Error](err); ok {
		fmt.Println(e)
	}
	// Output: proxy: Upstream "localhost:3000": the scheme must be http, https, h2c or unix; write it as http://host:port
}

func BenchmarkServeHTTP(b *testing.B) {
	u := rawUpstream(b, okAnswer)
	p := newProxy(b, proxy.Config{Upstream: "http://" + u.Addr().String()})
	g := &gate{next: p, caller: alice, header: gateFields}
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("GET", "/a", nil)
		g.ServeHTTP(httptest.NewRecorder(), r)
	}
}
