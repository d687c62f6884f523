package ratelimit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

func limiter(t testing.TB, name, l string, s ratelimit.Store) *ratelimit.Limiter {
	t.Helper()
	out, err := ratelimit.New(ratelimit.Config{Name: name, Limit: limit(t, l), Store: s})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNewRefuses(t *testing.T) {
	m, l := memory(t, ratelimit.MemoryConfig{}), limit(t, "1 per 1s")
	for _, name := range []string{"a", "default", "a-b_c9", "abcdefghijklmnopqrstuvwxyz012345"} {
		if _, err := ratelimit.New(ratelimit.Config{Name: name, Limit: l, Store: m}); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "A", "9a", "-a", "_a", "a b", `a"`, `a\`, "a\n", "a;q=1", "ä", "a.b", "abcdefghijklmnopqrstuvwxyz0123456"} {
		_, err := ratelimit.New(ratelimit.Config{Name: name, Limit: l, Store: m})
		if e, ok := errors.AsType[*ratelimit.ConfigError](err); !ok || e.Field != "Name" {
			t.Errorf("%q: %v", name, err)
		}
	}
	_, err := ratelimit.New(ratelimit.Config{})
	for _, field := range []string{"Name", "Limit", "Store"} {
		if err == nil || !strings.Contains(err.Error(), "ratelimit: "+field+" ") {
			t.Errorf("%s is not among the problems: %v", field, err)
		}
	}
}

var fields = []struct {
	limit string
	d     ratelimit.Decision
	q, w  int64
	r, t  int64 // t 0: left out
	retry string
}{
	{"100 per 15m", ratelimit.Decision{Allowed: true, Limit: 100, Remaining: 93, Reset: 42 * time.Second}, 100, 900, 93, 42, ""},
	{"100 per 15m", ratelimit.Decision{Allowed: true, Limit: 100, Remaining: 100}, 100, 900, 100, 0, ""},
	{"100 per 15m", ratelimit.Decision{Limit: 100, Reset: 1, RetryAfter: 1}, 100, 900, 0, 1, "1"},
	{"100 per 15m", ratelimit.Decision{Limit: 100, Reset: time.Second + 1, RetryAfter: 2*time.Second + 1}, 100, 900, 0, 2, "3"},
	{"100 per 15m", ratelimit.Decision{Limit: 100, Reset: 899*time.Second + 1, RetryAfter: 900 * time.Second}, 100, 900, 0, 900, "900"},
	{"100 per 15m", ratelimit.Decision{Limit: 100, Remaining: 100, RetryAfter: ratelimit.Never}, 100, 900, 100, 0, ""},
	{"100 per 15m", ratelimit.Decision{Limit: 100, Reset: 3 * time.Second, RetryAfter: time.Second}, 100, 900, 0, 3, "3"}, // a store that contradicts itself
	{"3/s burst 3", ratelimit.Decision{Limit: 3, Reset: 1, RetryAfter: 1}, 3, 2, 0, 1, "1"},
	{"10/s burst 20", ratelimit.Decision{Limit: 20, Reset: time.Second, RetryAfter: time.Second}, 20, 2, 0, 1, "1"},
	{"1000000000 per 366d", ratelimit.Decision{Limit: 1000000000, Remaining: 0, Reset: 366 * 24 * time.Hour, RetryAfter: 366 * 24 * time.Hour}, 1000000000, 31622400, 0, 31622400, "31622400"},
}

func TestFields(t *testing.T) {
	for _, c := range fields {
		l := limiter(t, "default", c.limit, memory(t, ratelimit.MemoryConfig{}))
		h := http.Header{}
		l.Apply(h, c.d)
		if p := items(t, h, "RateLimit-Policy")[0]; p.Value != "default" || param(p, "q") != c.q || param(p, "w") != c.w || len(p.Params.Names()) != 2 {
			t.Errorf("%v: %v", c, h)
		}
		item := items(t, h, "RateLimit")[0]
		if item.Value != "default" || param(item, "r") != c.r || param(item, "t") != c.t || (c.t == 0) != (len(item.Params.Names()) == 1) {
			t.Errorf("%v: %v", c, h)
		}
		if c.d.Allowed {
			continue
		}
		for range 2 { // made, and kept
			p := l.Refusal(c.d)
			retry := p.Header.Get("Retry-After")
			if retry != c.retry || p.Status != 429 || p.Code != "rate_limited" || len(p.ViolatedPolicies) != 1 || p.ViolatedPolicies[0] != "default" {
				t.Errorf("%v: %+v", c, p)
			}
			if seconds, _ := strconv.ParseInt(retry, 10, 64); retry != "" && seconds < c.t {
				t.Errorf("Retry-After %s is earlier than t=%d", retry, c.t)
			}
		}
	}
}

// items reads a field as the structured-field List it must be.
func items(t *testing.T, h http.Header, name string) []httpsfv.Item {
	t.Helper()
	list, err := httpsfv.UnmarshalList(h.Values(name))
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %v, %v", name, h.Values(name), err)
	}
	var all []httpsfv.Item
	for _, member := range list {
		all = append(all, member.(httpsfv.Item))
	}
	return all
}

func param(i httpsfv.Item, name string) int64 {
	v, _ := i.Params.Get(name)
	n, _ := v.(int64)
	return n
}

func TestFieldsOfTwoLimiters(t *testing.T) {
	m := memory(t, ratelimit.MemoryConfig{})
	a, b := limiter(t, "client", "100 per 15m", m), limiter(t, "user", "10/s burst 20", m)
	h, again := http.Header{}, http.Header{}
	for _, h := range []http.Header{h, again} {
		a.Apply(h, take(t, m, ratelimit.Key{}, a.Limit(), 0))
	}
	b.Apply(h, take(t, m, ratelimit.Key{}, b.Limit(), 0))
	if got, want := h.Values("RateLimit-Policy"), `"client";q=100;w=900, "user";q=20;w=2`; len(got) != 1 || got[0] != want {
		t.Errorf("%q", got)
	}
	if got := items(t, h, "RateLimit"); len(got) != 2 || got[0].Value != "client" || got[1].Value != "user" || param(got[1], "r") != 20 {
		t.Errorf("%v", h)
	}
	// What one answer's header holds is its own.
	h["Ratelimit-Policy"][0] = "x"
	_ = append(h["Ratelimit-Policy"], "y")
	if got := again.Get("RateLimit-Policy"); got != `"client";q=100;w=900` {
		t.Errorf("%q", got)
	}
	if got := h.Get("RateLimit"); !strings.HasPrefix(got, `"client"`) {
		t.Errorf("%q", got)
	}
}

type broken struct{}

func (broken) Take(context.Context, ratelimit.Key, ratelimit.Limit, int) (ratelimit.Decision, error) {
	return ratelimit.Decision{}, errors.New("redis: dial tcp 10.0.0.7:6379: refused")
}

func TestHandler(t *testing.T) {
	c := newClock()
	serve := func(s ratelimit.Store, passed *int) *http.Response {
		h := limiter(t, "default", "2 per 1m", s).Handler(func(*http.Request) ratelimit.Key { return ratelimit.Key{} },
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { *passed++ }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w.Result()
	}
	m, passed := memory(t, ratelimit.MemoryConfig{Now: c.now}), 0
	for _, want := range []int{200, 200, 429, 429} {
		if res := serve(m, &passed); res.StatusCode != want || len(items(t, res.Header, "RateLimit")) != 1 || (res.Header.Get("Retry-After") == "60") != (want == 429) {
			t.Errorf("%d %v, want %d", res.StatusCode, res.Header, want)
		}
	}
	res := serve(m, &passed)
	var p struct {
		Type     string   `json:"type"`
		Title    string   `json:"title"`
		Code     string   `json:"code"`
		Violated []string `json:"violated-policies"`
	}
	if err := json.UnmarshalRead(res.Body, &p); err != nil || p.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" || p.Title == "" || p.Code != "rate_limited" || len(p.Violated) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	c.wait(time.Minute) // what Retry-After said
	if res := serve(m, &passed); res.StatusCode != 200 || passed != 3 {
		t.Errorf("%d after the wait; %d passed", res.StatusCode, passed)
	}
	res = serve(broken{}, &passed)
	body := make([]byte, 4096)
	n, _ := res.Body.Read(body)
	if res.StatusCode != 503 || passed != 3 || strings.Contains(string(body[:n]), "redis") || res.Header.Get("RateLimit") != "" {
		t.Errorf("a broken store: %d %v %s", res.StatusCode, res.Header, body[:n])
	}
}
