package sallyport_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/validate/openapi"
	"github.com/sallyport-dev/sallyport/visit"
)

// listen serves a Gate before next, over HTTP/1 or over TLS with HTTP/2.
func listen(t *testing.T, w *world, http2 bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(w)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if s.EnableHTTP2 = http2; http2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// open is a config in which everything is public, with a small body limit.
func open(c *sallyport.Config) {
	c.InsecureUnlimited, c.MaxBody = true, 1000
	c.Routes = []sallyport.Route{{Pattern: "/", Public: true}}
}

// TestBody_limit: what a body over the limit gets, announced and not.
func TestBody_limit(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		s := listen(t, newWorld(t, problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
			data, err := io.ReadAll(r.Body)
			if err == nil {
				fmt.Fprint(w, len(data))
			}
			return err
		}), open), http2)
		for _, c := range []struct {
			size, status int
			announced    bool
		}{{0, 200, true}, {1000, 200, true}, {1001, 413, true}, {0, 200, false}, {1000, 200, false}, {1001, 413, false},
			{300_000, 413, false}} {
			body := io.Reader(strings.NewReader(strings.Repeat("x", c.size)))
			if !c.announced {
				body = io.MultiReader(body)
			}
			res, err := s.Client().Post(s.URL, "text/plain", body)
			if err != nil {
				t.Fatal(err)
			}
			said, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != c.status || c.status == 413 && !strings.Contains(string(said), `"code":"body_too_large"`) {
				t.Errorf("%+v over %s: %d %s", c, res.Proto, res.StatusCode, said)
			}
			if !http2 && !c.announced && c.size > 0 && !res.Close {
				t.Errorf("%+v: the connection stays open", c)
			}
		}
	}
}

// TestBody_noLimit: the largest number is a limit like any other.
func TestBody_noLimit(t *testing.T) {
	w := newWorld(t, problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		data, err := io.ReadAll(r.Body)
		if err == nil {
			fmt.Fprint(w, len(data))
		}
		return err
	}), func(c *sallyport.Config) {
		open(c)
		c.MaxBody = math.MaxInt64
	})
	if res := w.send("POST", "/", nil, "four"); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
}

// TestHandler_goesOn: a goroutine that a handler leaves behind reads no body, and writes
// nothing, once the handler has returned.
func TestHandler_goesOn(t *testing.T) {
	const text = `openapi: 3.1.1
paths:
  /:
    post:
      security: []
      requestBody: {content: {application/octet-stream: {}}}
      responses: {"200": {content: {application/json: {schema: {type: string}}}}}
`
	for _, c := range []struct{ http2, described bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		http2 := c.http2
		returned, got := make(chan struct{}), make(chan error, 8)
		next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := visit.From(r.Context())
			reading := make(chan struct{})
			go func() {
				close(reading)
				_, err := io.Copy(io.Discard, r.Body) // the client sends more when it has the answer
				got <- err
			}()
			<-reading
			go func() {
				<-returned
				w.Header().Set("X-Late", "1")
				w.WriteHeader(http.StatusTeapot)
				_, err := w.Write([]byte("late"))
				c := http.NewResponseController(w)
				_, _, hijackErr := c.Hijack()
				got <- errors.Join(err, hijackErr, c.Flush(), c.SetReadDeadline(time.Now()), c.SetWriteDeadline(time.Now()),
					c.EnableFullDuplex())
				v.Note("late")
				problem.Write(w, r, problem.NotFound)
			}()
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `"early"`)
		})
		w := newWorld(t, next, func(cfg *sallyport.Config) {
			open(cfg)
			if !c.described {
				return
			}
			document, err := openapi.Parse([]byte(text), openapi.Config{Responses: openapi.ResponsesShape})
			if err != nil {
				t.Fatal(err)
			}
			cfg.OpenAPI = document
		})
		ended := make(chan struct{})
		outer := w.Handler
		w.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			outer.ServeHTTP(w, r)
		})
		s := listen(t, w, http2)
		body, send := io.Pipe()
		r, _ := http.NewRequest("POST", s.URL, body)
		r.Header.Set("Content-Type", "application/octet-stream")
		go send.Write([]byte("first"))
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		<-ended
		close(returned)
		if said, _ := io.ReadAll(res.Body); string(said) != `"early"` || res.StatusCode != 200 ||
			res.Header.Get("X-Late") != "" {
			t.Errorf("%s: %d %q %v", res.Proto, res.StatusCode, said, res.Header)
		}
		go send.Write([]byte("more"))
		for range 2 {
			if err := <-got; err == nil {
				t.Errorf("%s: what came too late was accepted", res.Proto)
			}
		}
		send.Close()
		res.Body.Close()
	}
}

// TestTimeoutHandler: next goes on behind http.TimeoutHandler, and fails, reads and writes
// while the Gate ends the request.
func TestTimeoutHandler(t *testing.T) {
	done := make(chan error, 64)
	slow := problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		_, err := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Late", "1")
		visit.Caller(r.Context())
		done <- err
		return errors.New("too late")
	})
	s := listen(t, newWorld(t, http.TimeoutHandler(slow, time.Millisecond, "slow"), func(c *sallyport.Config) {
		open(c)
		c.Quotas = []sallyport.Quota{{Name: "up", Limit: "1000000 bytes per 1h", By: []string{"client"}}}
	}), false)
	for range cap(done) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL, strings.NewReader(strings.Repeat("x", 900)))
		if err != nil {
			t.Fatal(err)
		}
		// Of unknown length, and sent again where the server has closed the connection after the answer before.
		req.ContentLength = -1
		req.Header["Idempotency-Key"] = nil
		res, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		<-done
		// The handler's own answer may be ready in the moment in which its time is over.
		if late := res.Header.Get("X-Late") != ""; res.StatusCode != 503 && !late || res.StatusCode == 503 && late {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
	}
}

// hasty is an upstream that answers when it has read some of a request, and then reads on.
func hasty(t *testing.T, answer string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		br := bufio.NewReader(c)
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = br.ReadString('\n'); err != nil {
				return
			}
		}
		io.WriteString(c, answer)
		io.Copy(io.Discard, br)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// TestBody_earlyAnswer: a transport reads on while its answer is handed on. Neither the
// limit nor a quota may touch what the handler is using; the race detector tells.
func TestBody_earlyAnswer(t *testing.T) {
	const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	up := hasty(t, hints+"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n\r\nok")
	next := httputil.NewSingleHostReverseProxy(up)
	next.ErrorLog = log.New(io.Discard, "", 0)
	s := listen(t, newWorld(t, next, func(c *sallyport.Config) {
		open(c)
		c.Quotas = []sallyport.Quota{{Name: "up", Limit: "1000000000 bytes per 1h", By: []string{"client"}}}
	}), false)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 60 {
				c, err := net.Dial("tcp", s.Listener.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
				expect := []string{"", "Expect: 100-continue\r\n"}[i%2]
				fmt.Fprintf(c, "POST /a HTTP/1.1\r\nHost: a\r\n%sTransfer-Encoding: chunked\r\n"+
					"Connection: close\r\n\r\n2bc\r\n%s\r\n", expect, strings.Repeat("a", 700))
				br := bufio.NewReader(c)
				br.ReadString('\n')
				fmt.Fprintf(c, "2bc\r\n%s\r\n0\r\n\r\n", strings.Repeat("a", 700))
				io.Copy(io.Discard, br)
				c.Close()
			}
		})
	}
	wg.Wait()
}

// brittle is a store that panics when a part of a body is charged that has been read.
type brittle struct{ ratelimit.Store }

func (b brittle) Take(ctx context.Context, k ratelimit.Key, l ratelimit.Limit, cost int) (ratelimit.Decision, error) {
	if cost > 1 {
		panic("the store is gone")
	}
	return b.Store.Take(ctx, k, l, cost)
}

// TestBody_panic: a panic while a transport reads the body is a 500 and a line in the log.
func TestBody_panic(t *testing.T) {
	up := httptest.NewServer(reads)
	defer up.Close()
	target, _ := url.Parse(up.URL)
	next := httputil.NewSingleHostReverseProxy(target)
	next.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) { problem.Write(w, r, problem.From(err)) }
	w := newWorld(t, next, on(brittle{&stand{decision: ratelimit.Decision{Allowed: true}}},
		quota(sallyport.Quota{Limit: "100 bytes per 1h"})))
	s := listen(t, w, false)
	r, _ := http.NewRequest("POST", s.URL, io.MultiReader(strings.NewReader("hello")))
	r.Header = as("u1")
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 500 {
		t.Errorf("status %d", res.StatusCode)
	}
	s.Close()
	if !strings.Contains(w.errors.String(), "panic while the body was read") || !strings.Contains(w.audit.String(),
		"sys_crash") {
		t.Errorf("log %s\naudit %s", w.errors, w.audit)
	}
}
