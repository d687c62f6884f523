package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// writeLimit is short, so that clients can open their HTTP/2 windows just at it.
const writeLimit = 100 * time.Millisecond

// stress is the whole of the binary, with a server over TLS and one without, and in front
// of its proxy handlers as users of the library write them.
type stress struct {
	*testing.T
	app           *app
	plain, secure *server.Server

	mu     sync.Mutex
	counts map[string]int // by client and by what it saw
	idle   []func()       // close connections of the clients that have become idle
}

func newStress(t *testing.T) *stress {
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(moody))
	upstream.Config.ErrorLog = log.New(io.Discard, "", 0)
	upstream.Start()
	t.Cleanup(upstream.Close)
	defer silence(t)()
	a, err := open(t.Context(), options{
		place: place{data: t.TempDir()}, listen: "127.0.0.1:0", accounts: "on", registration: "closed",
		upstream:        upstream.URL,
		upstreamTimeout: time.Second, routeOptions: routeOptions{public: []string{"GET /", "POST /"}}, maxBody: 2000,
		limitOptions: limitOptions{limit: "1000000/s burst 1000000", quotas: []string{
			"up: 1000000000 bytes per 1h by client", "burst: 3000 bytes per 1s by client shadow",
			"busy: 100000 at once by client"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.close() })
	s := &stress{T: t, app: a, counts: map[string]int{}}
	handler := a.gate.Handler(users(a.proxy))
	s.plain, s.secure = s.listen(handler, false), s.listen(handler, true)
	return s
}

// silence drops what is written to standard error by what is opened until done is called:
// thousands of stacks of panics that are meant.
func silence(t *testing.T) (done func()) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	stderr := os.Stderr
	os.Stderr = null
	return func() { os.Stderr = stderr }
}

func (s *stress) listen(handler http.Handler, secure bool) *server.Server {
	l, err := server.Listen(server.Config{
		Addr: "127.0.0.1:0", SelfSigned: secure, Handler: handler, WriteTimeout: writeLimit, BodyTimeout: time.Second,
		HeaderTimeout: 5 * time.Second, DrainTimeout: time.Second, Crashes: s.app.crashes,
	})
	if err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Serve(ctx)
	}()
	s.Cleanup(func() { cancel(); <-done })
	return l
}

// users are handlers that go about requests in their own ways, and else the proxy.
func users(proxy http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.Handle("/timeout/", http.TimeoutHandler(proxy, 5*time.Millisecond, "slow"))
	mux.Handle("/fail/", http.TimeoutHandler(problem.Handler(func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		_, err := io.Copy(io.Discard, r.Body)
		return errors.Join(errors.New("too late"), err)
	}), time.Millisecond, "slow"))
	mux.HandleFunc("/panic/", func(w http.ResponseWriter, r *http.Request) {
		if rand.IntN(2) == 0 {
			fmt.Fprint(w, strings.Repeat("half", 2000))
		}
		go io.Copy(io.Discard, r.Body)
		panic("a handler of a user")
	})
	mux.HandleFunc("/leave/", func(w http.ResponseWriter, r *http.Request) {
		go func() {
			io.Copy(io.Discard, r.Body)
			w.Write([]byte("late"))
			http.NewResponseController(w).Flush()
			visit.From(r.Context()).Note("late")
		}()
		runtime.Gosched()
	})
	mux.HandleFunc("/large/", func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 8<<10))
	})
	return mux
}

// moody is an upstream that answers early, late, in halves, with hints, with trailers, and
// not at all.
func moody(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	if r.Header.Get("Upgrade") != "" && rand.IntN(4) > 0 {
		echoSome(w)
		return
	}
	switch rand.IntN(9) {
	case 0:
		w.Header().Set("Link", "</a>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, "hinted")
	case 1:
		w.WriteHeader(http.StatusUnauthorized)
	case 2:
		io.CopyN(io.Discard, r.Body, 100)
		fmt.Fprint(w, "early")
	case 3:
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprint(w, "sum")
		c.Flush()
		if r.Header.Get("Expect") == "" { // who expects a 100 and gets an answer sends no body
			io.Copy(io.Discard, r.Body)
		}
		w.Header().Set("X-Sum", "1")
	case 4:
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
		c.Flush()
		panic(http.ErrAbortHandler)
	case 5:
		panic(http.ErrAbortHandler)
	case 6:
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	case 7:
		w.Write(make([]byte, 64<<10))
	default:
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			fmt.Fprint(w, "data: 1\n\n")
			c.Flush()
		}
	}
}

// echoSome switches protocols and sends back what it gets, for a while.
func echoSome(w http.ResponseWriter) {
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Duration(200+rand.IntN(300)) * time.Millisecond))
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	rw.Flush()
	io.Copy(c, rw)
}

func (s *stress) saw(client, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[client+": "+what]++
}

// TestStress: whatever clients, upstreams and handlers do to each other, the process goes
// on, no goroutine uses what another one has, none stays, and no slot is lost. Under the
// race detector it is at its strictest. SALLYPORT_STRESS is how long it runs.
func TestStress(t *testing.T) {
	long := 5 * time.Second
	if text := os.Getenv("SALLYPORT_STRESS"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	s := newStress(t)
	before := runtime.NumGoroutine()
	end := time.Now().Add(long)
	var all sync.WaitGroup
	for name, act := range clients() {
		for range 3 {
			all.Go(func() {
				for time.Now().Before(end) {
					s.saw(name, act(s))
				}
			})
		}
	}
	all.Wait()

	total := 0
	for _, what := range slices.Sorted(maps.Keys(s.counts)) {
		client, _, _ := strings.Cut(what, ": ")
		total += s.counts[what] * max(1, requestsOf[client])
		t.Logf("%6d %s", s.counts[what], what)
	}
	t.Logf("%6d requests in all, in %v; %d panics outside handlers", total, long, s.app.crashes.Count())
	if n := s.app.crashes.Count(); n != 0 {
		t.Errorf("%d panics", n)
	}
	s.settled(before)
}

// settled reports what is left when all clients are gone: it waits for goroutines to end,
// and then finds both servers in good health.
func (s *stress) settled(before int) {
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, DisableKeepAlives: true},
		Timeout: 10 * time.Second}
	for _, l := range []*server.Server{s.plain, s.secure} {
		for range 20 {
			res, err := client.Get(l.URL() + "/large/a")
			if err != nil {
				s.Fatal(err)
			}
			data, err := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != 200 || len(data) != 8<<10 || err != nil {
				s.Errorf("%s afterwards: %d, %d bytes, %v", l.URL(), res.StatusCode, len(data), err)
			}
		}
	}
	s.idle = append(s.idle, http.DefaultClient.CloseIdleConnections, s.app.proxy.CloseIdleConnections)
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before+20 {
		for _, closeIdle := range s.idle {
			closeIdle()
		}
		select {
		case <-tick.C:
		case <-deadline:
			stacks := make([]byte, 1<<20)
			s.Errorf("%d goroutines before, %d after\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}
