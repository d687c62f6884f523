package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// at midnight, for examples that come out the same every time.
func midnight() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }

func Example() {
	store, err := ratelimit.NewMemory(ratelimit.MemoryConfig{Now: midnight})
	if err != nil {
		panic(err)
	}
	perClient, err := ratelimit.Parse("2 per 15m")
	if err != nil {
		panic(err)
	}
	limiter, err := ratelimit.New(ratelimit.Config{Name: "default", Limit: perClient, Store: store})
	if err != nil {
		panic(err)
	}
	keys := ratelimit.NewKeyer()
	byAddress := func(r *http.Request) ratelimit.Key {
		peer, _ := netip.ParseAddrPort(r.RemoteAddr) // behind a proxy, use package clientip
		p, _ := peer.Addr().Prefix(peer.Addr().BitLen())
		return keys.Prefix("client", p)
	}
	h := limiter.Handler(byAddress, http.NotFoundHandler())
	for range 3 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		fmt.Printf("%d %s %q\n", w.Code, w.Header().Get("RateLimit"), w.Header().Get("Retry-After"))
	}
	// Output:
	// 404 "default";r=1;t=900 ""
	// 404 "default";r=0;t=900 ""
	// 429 "default";r=0;t=900 "900"
}

// A key from a field the client sends is a key the client may change at will: every
// request here finds a whole quota.
func ExampleLimiter_Handler_incorrect() {
	store, _ := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	once, _ := ratelimit.Window(1, time.Hour)
	limiter, _ := ratelimit.New(ratelimit.Config{Name: "default", Limit: once, Store: store})
	keys := ratelimit.NewKeyer()
	h := limiter.Handler(func(r *http.Request) ratelimit.Key {
		return keys.Sum(r.Header.Get("X-Forwarded-For")) // anybody may write this
	}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for i := range 3 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Forwarded-For", fmt.Sprint("192.0.2.", i))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 200
	// 200
}
