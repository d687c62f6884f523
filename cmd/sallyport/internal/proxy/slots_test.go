package proxy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

func address(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}) }

// TestSlots: how many get a slot at once when each of some clients asks for many.
func TestSlots(t *testing.T) {
	for _, c := range []struct {
		max, perClient, clients, each int
		least, most                   int // slots that each client gets
	}{
		{8, 0, 1, 100, 2, 2},
		{512, 0, 1, 1000, 128, 128},
		{512, 512, 1, 1000, 512, 512}, // clients are not told apart
		{512, 511, 1, 1000, 256, 256},
		{512, 0, 4, 1000, 100, 108},
		{512, 0, 20, 1000, 15, 30},
		{512, 0, 500, 1, 1, 1}, // many clients with little each
		{1, 0, 1, 3, 1, 1},
		{2, 2, 2, 1, 1, 1},
	} {
		t.Run(fmt.Sprint(c.max, c.perClient, c.clients, c.each), func(t *testing.T) {
			s, err := checkInFlight(c.max, c.perClient)
			if err != nil {
				t.Fatal(err)
			}
			got := map[int]int{}
			for range c.each {
				for i := range c.clients {
					if turn, err := s.enter(netip.PrefixFrom(address(i), 32)); turn == nil && err == nil {
						got[i]++
					}
				}
			}
			for i := range c.clients {
				if got[i] < c.least || got[i] > c.most {
					t.Errorf("client %d has %d slots", i, got[i])
				}
			}
			// One that comes later gets one all the same, where there is a limit per client.
			if _, err := s.enter(netip.PrefixFrom(address(9999), 32)); err != nil && c.perClient == 0 && c.max > c.clients {
				t.Errorf("a client that comes later: %v", err)
			}
		})
	}
}

func TestSlots_IPv6(t *testing.T) {
	s, _ := checkInFlight(8, 0)
	for i, want := range []error{nil, nil, errNoRoom} {
		a := netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1))
		synctest.Test(t, func(t *testing.T) {
			if err := s.acquire(t.Context(), a); err != want {
				t.Errorf("%v: %v, want %v", a, err, want)
			}
		})
	}
}

// TestSlots_wait: what waits is let in when there is room, fails when there is none in time,
// and leaves nothing behind.
func TestSlots_wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := checkInFlight(4, 0)
		one, other := address(1), address(2)
		if err := s.acquire(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		results := make(chan error, 8)
		start := time.Now()
		for range 2 { // the queue of one client has one place
			go func() { results <- s.acquire(t.Context(), one) }()
			synctest.Wait()
		}
		if err := <-results; err != errFull || time.Since(start) != 0 {
			t.Errorf("past the queue: %v after %v", err, time.Since(start))
		}
		if err := s.acquire(t.Context(), other); err != nil { // goes past the one that waits
			t.Error(err)
		}
		s.release(one)
		if err := <-results; err != nil || time.Since(start) != 0 {
			t.Errorf("after a release: %v after %v", err, time.Since(start))
		}
		go func() { results <- s.acquire(t.Context(), one) }()
		if err := <-results; err != errNoRoom || time.Since(start) != maxWait {
			t.Errorf("without a release: %v after %v", err, time.Since(start))
		}
		gone, cancel := context.WithCancel(t.Context())
		go func() { results <- s.acquire(gone, one) }()
		synctest.Wait()
		cancel()
		if err := <-results; err != errGoneOff {
			t.Errorf("a client that left: %v", err)
		}
		s.release(one)
		s.release(other)
		if s.used != 0 || s.waiting != 0 || len(s.clients) != 0 || len(s.turns) != 0 {
			t.Errorf("left behind: %+v", s)
		}
	})
}

// TestSlots_turns: clients take turns, however many requests of one came first.
func TestSlots_turns(t *testing.T) {
	s := newSlots(4, 3)
	prefix := func(i int) netip.Prefix { return netip.PrefixFrom(address(i), 32) }
	for i := range 4 {
		s.enter(prefix(i))
	}
	var turns []*turn
	for _, i := range []int{10, 10, 11, 12} { // the queue is fair as well: 10 gets no third place
		one, err := s.enter(prefix(i))
		if err != nil {
			t.Fatal(err)
		}
		turns = append(turns, one)
	}
	for released, want := range []string{"[0 2 3]", "[0 2 3]", "[0 2 3]"} {
		s.release(address(released))
		var got []int
		for i, one := range turns {
			select {
			case <-one.admitted:
				got = append(got, i)
			default:
			}
		}
		if want = want[:2+2*released] + "]"; fmt.Sprint(got) != want {
			t.Errorf("after %d releases: %v, want %s", released+1, got, want)
		}
	}
}

// TestSlots_storm: the limits hold under any order of events, and nothing is lost.
func TestSlots_storm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := checkInFlight(16, 0)
		var now, most, admitted, refused atomic.Int64
		for i := range 2000 {
			go func() {
				rnd := rand.New(rand.NewPCG(1, uint64(i)))
				<-time.After(time.Duration(rnd.IntN(20_000)) * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.IntN(3000))*time.Millisecond)
				defer cancel()
				a := address(rnd.IntN(6))
				if s.acquire(ctx, a) != nil {
					refused.Add(1)
					return
				}
				admitted.Add(1)
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				<-time.After(time.Duration(rnd.IntN(500)) * time.Millisecond)
				now.Add(-1)
				s.release(a)
			}()
		}
		<-time.After(time.Minute)
		synctest.Wait()
		t.Logf("%d admitted, %d refused, at most %d at once", admitted.Load(), refused.Load(), most.Load())
		if most.Load() > 16 || s.used != 0 || s.waiting != 0 || len(s.clients) != 0 || len(s.turns) != 0 {
			t.Errorf("at most %d at once, left %+v", most.Load(), s)
		}
		if admitted.Load() == 0 || refused.Load() == 0 {
			t.Error("nothing was tried")
		}
	})
}

type emptyWriter struct{ h http.Header }

func (w emptyWriter) Header() http.Header         { return w.h }
func (w emptyWriter) WriteHeader(int)             {}
func (w emptyWriter) Write(b []byte) (int, error) { return len(b), nil }

// TestBusy: a refusal is a 503 that says when to come back, and allocates nothing.
func TestBusy(t *testing.T) {
	p, err := New(Config{Upstream: "http://127.0.0.1:1", MaxInFlight: 4})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // one slot and one place in the queue
		p.slots.enter(netip.PrefixFrom(address(1), 32))
	}
	v := &visit.Visit{ID: "x", Client: address(1)}
	r := httptest.NewRequest("GET", "/a", nil)
	r = r.WithContext(visit.With(r.Context(), v))
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(),
		`"code":"upstream_busy"`) || v.Reason != errFull.Error() {
		t.Errorf("%d %v %s %q", w.Code, w.Header(), w.Body, v.Reason)
	}
	empty := emptyWriter{http.Header{}}
	if n := testing.AllocsPerRun(100, func() { p.ServeHTTP(empty, r) }); n > 0 {
		t.Errorf("%v allocations for a refusal", n)
	}
}

func TestInFlightConfig(t *testing.T) {
	for _, c := range []struct {
		most, perClient int
		field           string
	}{{-1, 0, "MaxInFlight"}, {60_001, 0, "MaxInFlight"}, {4, 5, "MaxPerClient"}, {4, -1, "MaxPerClient"}, {4, 4, ""},
		{0, 0, ""}, {1, 0, ""}} {
		_, err := checkInFlight(c.most, c.perClient)
		e, ok := errors.AsType[*Error](err)
		if ok != (c.field != "") || ok && e.Field != c.field {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
