package ratelimit_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// TestDegraded: an answer whose store could not be asked says so, and is no 5xx.
func TestDegraded(t *testing.T) {
	l := limiter(t, "default", "100 per 15m", memory(t, ratelimit.MemoryConfig{}))
	d := ratelimit.Decision{Limit: 100, Reset: 3 * time.Second, RetryAfter: 3 * time.Second, Degraded: true}
	h := http.Header{}
	l.Apply(h, d)
	if v, ok := items(t, h, "RateLimit")[0].Params.Get("sallyport-degraded"); !ok || v != true {
		t.Errorf("%v", h)
	}
	if got := h.Get("RateLimit"); got != `"default";r=0;t=3;sallyport-degraded` {
		t.Error(got)
	}
	p := l.Refusal(d)
	if p.Status != 429 || !strings.HasSuffix(p.Type, "#temporary-reduced-capacity") || p.Header.Get("Retry-After") != "3" || p.ViolatedPolicies[0] != "default" {
		t.Errorf("%+v", p)
	}
	d.Degraded = false
	if p := l.Refusal(d); !strings.HasSuffix(p.Type, "#quota-exceeded") {
		t.Errorf("the share of an outage is still what is refused for: %+v", p)
	}
}

func TestBytes(t *testing.T) {
	l, err := ratelimit.New(ratelimit.Config{Name: "uploads", Limit: limit(t, "5000 per 1h"), Bytes: true, Store: memory(t, ratelimit.MemoryConfig{})})
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	l.Apply(h, ratelimit.Decision{Limit: 5000, Remaining: 12})
	policy := items(t, h, "RateLimit-Policy")[0]
	if unit, _ := policy.Params.Get("qu"); unit != "content-bytes" || param(policy, "q") != 5000 || param(policy, "w") != 3600 {
		t.Errorf("%v", h)
	}
}

// TestRefuse: what is sent at once says the same as Refusal and Apply, whatever the
// decision, and costs nothing.
func TestRefuse(t *testing.T) {
	l := limiter(t, "client", "100 per 15m", memory(t, ratelimit.MemoryConfig{}))
	r := httptest.NewRequest("GET", "/", nil)
	for _, d := range []ratelimit.Decision{
		{Limit: 100, Reset: 3 * time.Second, RetryAfter: 3 * time.Second},
		{Limit: 100, Reset: time.Second, RetryAfter: 3 * time.Second},
		{Limit: 100, Remaining: 4, Reset: 3 * time.Second, RetryAfter: 3 * time.Second},
		{Limit: 100, Remaining: 100, RetryAfter: ratelimit.Never},
		{Limit: 100, RetryAfter: ratelimit.Never},
		{Limit: 100, Reset: 800 * time.Second, RetryAfter: 899 * time.Second, Degraded: true},
		{Limit: 100, Reset: 2000 * time.Second, RetryAfter: 2000 * time.Second, Degraded: true},
	} {
		w, want := httptest.NewRecorder(), http.Header{}
		l.Refuse(w, r, d)
		l.Apply(want, d)
		p := l.Refusal(d)
		for _, name := range []string{"Ratelimit", "Ratelimit-Policy"} {
			if got := w.Header()[name]; len(got) != 1 || got[0] != want[name][0] {
				t.Errorf("%+v: %s is %q, want %q", d, name, got, want[name])
			}
		}
		if w.Code != 429 || w.Header().Get("Retry-After") != p.Header.Get("Retry-After") || strings.Contains(w.Body.String(), "instance") {
			t.Errorf("%+v: %d %v %s", d, w.Code, w.Header(), w.Body)
		}
		if n := w.Header().Get("Content-Length"); n != strconv.Itoa(w.Body.Len()) {
			t.Errorf("Content-Length %s of %d", n, w.Body.Len())
		}
	}
	d := ratelimit.Decision{Limit: 100, Reset: 3 * time.Second, RetryAfter: 3 * time.Second}
	w := &quiet{h: http.Header{}}
	if n := testing.AllocsPerRun(100, func() { clear(w.h); l.Refuse(w, r, d) }); n != 0 && !raceEnabled {
		t.Errorf("%v allocations", n)
	}
}

// quiet is a ResponseWriter that costs nothing.
type quiet struct{ h http.Header }

func (q *quiet) Header() http.Header         { return q.h }
func (q *quiet) Write(b []byte) (int, error) { return len(bytes.TrimSpace(b)), nil }
func (q *quiet) WriteHeader(int)             {}

// TestLegacy: of several policies the one shows of which the least is left, whole.
func TestLegacy(t *testing.T) {
	now := time.Unix(1000, 1)
	tight := ratelimit.Decision{Limit: 20, Remaining: 3, Reset: 2 * time.Second}
	wide := ratelimit.Decision{Limit: 100, Remaining: 50, Reset: time.Minute}
	for _, order := range [][]ratelimit.Decision{{tight, wide}, {wide, tight}} {
		h := http.Header{}
		for _, d := range order {
			ratelimit.Legacy(h, now, d)
		}
		if h.Get("X-RateLimit-Limit") != "20" || h.Get("X-RateLimit-Remaining") != "3" || h.Get("X-RateLimit-Reset") != "1003" {
			t.Errorf("%v", h)
		}
	}
}
