package sallyport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
)

// quota is a config with nothing but one quota.
func quota(q sallyport.Quota, routes ...sallyport.Route) func(*sallyport.Config) {
	q.Name = "q"
	return func(c *sallyport.Config) {
		c.InsecureUnlimited, c.Quotas, c.Routes = true, []sallyport.Quota{q}, routes
		c.Issuers[0].Keep = []string{"org"}
	}
}

// anything answers every path.
var anything = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "fine") })

// from sends a request from an address.
func (w *world) from(address, method, target string, fields http.Header) int {
	r := httptest.NewRequest(method, target, nil)
	r.Host, r.RemoteAddr = "api.example", address
	for name, values := range fields {
		r.Header[name] = values
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Code
}

// with is the header of a caller whose token has more claims.
func with(subject string, more map[string]any) http.Header {
	c := map[string]any{"sub": subject}
	for name, value := range more {
		c[name] = value
	}
	return bearer(forge(goodHead, claims(c)))
}

// TestQuotaKeys: what shares a bucket, and what has its own. Of each list, the first is
// let in, and whether the others are depends on the key.
func TestQuotaKeys(t *testing.T) {
	type ask struct {
		address, target, subject, org string
		share                         bool // the bucket of the first
	}
	const v4, v6 = "192.0.2.1:1", "[2001:db8:0:1::1]:1"
	for _, c := range []struct {
		name string
		by   []string
		asks []ask
	}{
		{"by address", []string{"client"}, []ask{
			{v4, "/a", "u1", "", true}, {"192.0.2.1:999", "/b", "u2", "x", true}, {"[::ffff:192.0.2.1]:1", "/a", "u1", "", true}, {"192.0.2.2:1", "/a", "u1", "", false},
		}},
		{"by network", []string{"client"}, []ask{
			{v6, "/a", "u1", "", true}, {"[2001:db8:0:1:ffff::9]:1", "/a", "u1", "", true}, {"[2001:db8:0:2::1]:1", "/a", "u1", "", false},
		}},
		{"by default", nil, []ask{{v4, "/a", "u1", "", true}, {v6, "/b", "u1", "x", true}, {v4, "/a", "u2", "", false}}},
		{"by principal", []string{"principal"}, []ask{{v4, "/a", "u1", "", true}, {v6, "/b", "u1", "x", true}, {v4, "/a", "u2", "", false}}},
		{"by claim", []string{"claim:org"}, []ask{
			{v4, "/a", "u1", "acme", true}, {v6, "/b", "u2", "acme", true}, {v4, "/a", "u1", "other", false}, {v4, "/a", "u1", "Acme", false}, {v4, "/a", "u1", "", false},
		}},
		{"without the claim", []string{"claim:org"}, []ask{{v4, "/a", "u1", "", true}, {v6, "/b", "u1", "", true}, {v4, "/a", "u2", "", false}}},
		{"by route", []string{"route"}, []ask{{v4, "/a", "u1", "", true}, {v6, "/a", "u2", "x", true}, {v4, "/b", "u1", "", false}}},
		{"by two", []string{"route", "principal"}, []ask{{v4, "/a", "u1", "", true}, {v6, "/a", "u1", "", true}, {v4, "/b", "u1", "", false}, {v4, "/a", "u2", "", false}}},
		{"by three", []string{"client", "route", "claim:org"}, []ask{
			{v4, "/a", "u1", "acme", true}, {v4, "/a", "u2", "acme", true}, {v6, "/a", "u1", "acme", false}, {v4, "/b", "u1", "acme", false}, {v4, "/a", "u1", "x", false},
		}},
		{"by API key, without one", []string{"apikey"}, []ask{{v4, "/a", "u1", "", true}, {v6, "/b", "u1", "", true}, {v4, "/a", "u2", "", false}}},
	} {
		for i, a := range c.asks[1:] {
			w := newWorld(t, anything, quota(sallyport.Quota{Limit: "1 per 1h", By: c.by}, sallyport.Route{Pattern: "GET /a"}, sallyport.Route{Pattern: "GET /b"}))
			send := func(a ask) int {
				more := map[string]any{}
				if a.org != "" {
					more["org"] = a.org
				}
				return w.from(a.address, "GET", a.target, with(a.subject, more))
			}
			want := 200
			if a.share {
				want = 429
			}
			if first, second := send(c.asks[0]), send(a); first != 200 || second != want {
				t.Errorf("%s, %d: %d and %d, want %d", c.name, i+1, first, second, want)
			}
		}
	}
}

// TestQuotaOfNobody: who has no good token has the bucket of the address, not none.
func TestQuotaOfNobody(t *testing.T) {
	for _, by := range [][]string{nil, {"claim:org"}, {"apikey"}, {"claim:org", "apikey"}, {"principal", "route"}} {
		w := newWorld(t, anything, quota(sallyport.Quota{Limit: "1 per 1h", By: by}, sallyport.Route{Pattern: "GET /open", Public: true}))
		if status := w.from("192.0.2.1:1", "GET", "/open", nil); status != 200 {
			t.Errorf("%q: %d", by, status)
		}
		if status := w.from("192.0.2.1:2", "GET", "/open", bearer("guess")); status != 429 {
			t.Errorf("%q, again: %d", by, status)
		}
		if status := w.from("192.0.2.9:2", "GET", "/open", nil); status != 200 {
			t.Errorf("%q, from another address: %d", by, status)
		}
		first, second := w.from("198.51.100.1:1", "GET", "/closed", bearer("guess")), w.from("198.51.100.1:1", "GET", "/closed", bearer("guess"))
		if first != 401 || second != 429 {
			t.Errorf("%q, guesses: %d and %d", by, first, second)
		}
	}
}

func TestCost(t *testing.T) {
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Limit = "12 per 1h"
		c.Routes = []sallyport.Route{{Pattern: "POST /reports", Cost: 10}}
	})
	res := w.send("POST", "/reports", as("u1"), "")
	if got := res.Header.Get("Ratelimit"); res.StatusCode != 200 || !strings.HasPrefix(got, `"default";r=2;`) {
		t.Errorf("%d %s", res.StatusCode, got)
	}
	wantProblem(t, w.send("POST", "/reports", as("u1"), ""), 429, "rate_limited")
	if res := w.send("GET", "/reports", as("u1"), ""); res.StatusCode != 200 {
		t.Errorf("what costs one: %d", res.StatusCode)
	}
	for range 12 {
		wantProblem(t, w.send("POST", "/reports", bearer("guess"), ""), 401, "invalid_token")
	}
	wantProblem(t, w.send("POST", "/reports", bearer("guess"), ""), 429, "rate_limited")
}

func TestAtOnce(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		<-leave
		if r.URL.Path == "/panic" {
			panic("in flight")
		}
	}), quota(sallyport.Quota{Limit: "1 at once"}))
	for _, path := range []string{"/a", "/panic", "/a"} { // a panic ends a request too
		done := make(chan int)
		go func() { done <- w.from("192.0.2.1:1", "GET", path, as("u1")) }()
		<-entered
		res := w.send("GET", "/b", as("u1"), "")
		p := wantProblem(t, res, 429, "rate_limited")
		if res.Header.Get("Ratelimit-Policy") != `"q";q=1;qu="concurrent-requests"` || res.Header.Get("Ratelimit") != `"q";r=0` || res.Header.Get("Retry-After") != "1" || p.Violated[0] != "q" {
			t.Errorf("%v %+v", res.Header, p)
		}
		leave <- true
		<-done
	}
	go func() { <-entered; leave <- true }()
	if status := w.from("192.0.2.1:1", "GET", "/b", as("u1")); status != 200 {
		t.Errorf("with nothing in flight: %d", status)
	}
}

// reads is a handler that reads the body.
var reads = problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
	_, err := io.ReadAll(r.Body)
	return err
})

// unknown hides how long a body is.
type unknown struct{ io.Reader }

func (w *world) upload(body io.Reader) *http.Response {
	r := httptest.NewRequest("POST", "/files", body)
	r.Host = "api.example"
	r.Header.Set("Origin", appOrigin)
	r.Header.Set("Authorization", as("u1").Get("Authorization"))
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Result()
}

func TestBytes(t *testing.T) {
	w := newWorld(t, reads, quota(sallyport.Quota{Limit: "50000 bytes per 1h"}))
	text := func(n int) io.Reader { return strings.NewReader(strings.Repeat("x", n)) }
	res := w.upload(text(30_000))
	if got := res.Header.Get("Ratelimit"); res.StatusCode != 200 || !strings.HasPrefix(got, `"q";r=20000;`) || res.Header.Get("Ratelimit-Policy") != `"q";q=50000;qu="content-bytes";w=3600` {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if p := wantProblem(t, w.upload(text(30_000)), 429, "rate_limited"); p.Violated[0] != "q" {
		t.Errorf("%+v", p)
	}
	for range 3 {
		if res := w.upload(nil); res.StatusCode != 200 {
			t.Errorf("no body at all: %d", res.StatusCode)
		}
	}
	if p := wantProblem(t, w.upload(unknown{text(30_000)}), 429, "rate_limited"); p.Violated[0] != "q" {
		t.Errorf("%+v", p)
	}
	res = w.upload(nil)
	if got := res.Header.Get("Ratelimit"); !strings.HasPrefix(got, `"q";r=0;`) { // what the handler got is charged
		t.Error(got)
	}
	wantProblem(t, w.upload(text(1)), 429, "rate_limited")
	wantProblem(t, w.upload(unknown{text(1)}), 429, "rate_limited")
	if res := w.upload(text(2 << 20)); res.StatusCode != 413 {
		t.Errorf("more than a body may have: %d", res.StatusCode)
	}
}

// TestBytesAll: a body of unknown length may have all that is left.
func TestBytesAll(t *testing.T) {
	w := newWorld(t, reads, quota(sallyport.Quota{Limit: "20000 bytes per 1h"}))
	if res := w.upload(unknown{strings.NewReader(strings.Repeat("x", 20_000))}); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
	if got := w.upload(nil).Header.Get("Ratelimit"); !strings.HasPrefix(got, `"q";r=0;`) {
		t.Error(got)
	}
}

// TestBytesUnread: a handler that reads a part of a body has that part charged.
func TestBytesUnread(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.ReadFull(r.Body, make([]byte, 10))
	}), quota(sallyport.Quota{Limit: "100 bytes per 1h"}))
	w.upload(unknown{strings.NewReader(strings.Repeat("x", 50))})
	if got := w.upload(nil).Header.Get("Ratelimit"); !strings.HasPrefix(got, `"q";r=90;`) {
		t.Error(got)
	}
}

// TestBytesSpent: once the bytes are spent, bodies of unknown length are refused too,
// however little of them a handler reads at a time, and whether it reads to their end.
func TestBytesSpent(t *testing.T) {
	for _, size := range []int{50, 16_000, 40_000} {
		read := 0
		w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for read < 1<<20 {
				n, err := io.ReadFull(r.Body, make([]byte, 10))
				if read += n; err != nil || n == 0 || size < 1<<10 {
					return
				}
			}
		}), quota(sallyport.Quota{Limit: "100 bytes per 1h"}))
		for range 50 {
			w.upload(unknown{strings.NewReader(strings.Repeat("x", size))})
		}
		if read > 100+16<<10 {
			t.Errorf("%d bytes of bodies of %d were handed on", read, size)
		}
		if res := w.upload(unknown{strings.NewReader("x")}); res.StatusCode != 429 {
			t.Errorf("bodies of %d: then %d", size, res.StatusCode)
		}
	}
}

// TestShadow: everything passes, nothing is said to the client, and all is counted.
func TestShadow(t *testing.T) {
	var gate *sallyport.Gate
	w := newGate(t, reads, &gate, func(c *sallyport.Config) {
		c.Limit, c.ClientLimit = "1 per 1h shadow", "2 per 1h shadow"
		c.Quotas = []sallyport.Quota{{Name: "busy", Limit: "1 at once shadow"}, {Name: "uploads", Limit: "4 bytes per 1h shadow"}}
		c.Routes = []sallyport.Route{{Pattern: "POST /files", Limit: "1 per 1h shadow"}}
	})
	for range 4 {
		res := w.upload(strings.NewReader("abc"))
		if res.StatusCode != 200 || res.Header.Get("Ratelimit") != "" || res.Header.Get("Retry-After") != "" {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
	}
	w.upload(unknown{strings.NewReader("abc")})
	got := map[string]int64{}
	for _, l := range gate.Limits() {
		got[l.Name] = l.Refused
		if !l.Shadow {
			t.Errorf("%+v", l)
		}
	}
	if want := map[string]int64{"default": 4, "client": 3, "route": 4, "busy": 0, "uploads": 4}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := strings.Count(strings.Join(w.events(), ","), "sp_limit_shadow"); n != 15 || !strings.Contains(w.audit.String(), `"reason":"policy uploads"`) {
		t.Errorf("%d events: %s", n, w.audit)
	}
}

// stand is a store that decides what it is told to, and keeps what it was asked.
type stand struct {
	decision ratelimit.Decision
	asked    [][]ratelimit.Take
}

func (s *stand) Take(ctx context.Context, k ratelimit.Key, l ratelimit.Limit, cost int) (ratelimit.Decision, error) {
	return s.decision, nil
}

func (s *stand) TakeAll(ctx context.Context, takes []ratelimit.Take) (int, error) {
	s.asked = append(s.asked, slices.Clone(takes))
	for i := range takes {
		if takes[i].Decision = s.decision; !s.decision.Allowed {
			return i + 1, nil
		}
	}
	return len(takes), nil
}

func on(s ratelimit.Store, change func(*sallyport.Config)) func(*sallyport.Config) {
	return func(c *sallyport.Config) {
		c.Limits, c.LimitSecret = s, secret.NewBytes(make([]byte, 32))
		change(c)
	}
}

// TestOneTrip: what is by the caller is asked in one go, of one owner.
func TestOneTrip(t *testing.T) {
	s := &stand{decision: ratelimit.Decision{Allowed: true, Limit: 9, Remaining: 8}}
	w := newWorld(t, anything, on(s, func(c *sallyport.Config) {
		c.Routes = []sallyport.Route{{Pattern: "GET /a", Limit: "9 per 1h"}}
		c.Quotas = []sallyport.Quota{
			{Name: "tenant", Limit: "9 per 1h", By: []string{"client"}}, {Name: "day", Limit: "9 per 1d"}, {Name: "hour", Limit: "9 per 1h", By: []string{"route", "principal"}},
		}
	}))
	res := w.send("GET", "/a", as("u1"), "")
	if len(s.asked) != 1 || len(s.asked[0]) != 5 {
		t.Fatalf("%d trips: %+v", len(s.asked), s.asked)
	}
	const half = len(ratelimit.Key{}) / 2
	seen := map[ratelimit.Key]bool{}
	for i, take := range s.asked[0] {
		if same := string(take.Key[:half]) == string(s.asked[0][0].Key[:half]); same != (i < 4) || seen[take.Key] {
			t.Errorf("take %d: %x", i, take.Key)
		}
		seen[take.Key] = true
	}
	if got := res.Header.Get("Ratelimit"); got != `"default";r=8, "route";r=8, "day";r=8, "hour";r=8, "tenant";r=8` {
		t.Error(got)
	}
}

// TestOutage: during an outage answers say so, and a share that is used up is a 429.
func TestOutage(t *testing.T) {
	s := &stand{decision: ratelimit.Decision{Allowed: true, Limit: 9, Remaining: 8, Degraded: true}}
	w := newWorld(t, anything, on(s, func(c *sallyport.Config) {}))
	if got := w.send("GET", "/a", as("u1"), "").Header.Get("Ratelimit"); got != `"default";r=8;sallyport-degraded` {
		t.Error(got)
	}
	s.decision = ratelimit.Decision{Limit: 9, Reset: time.Second, RetryAfter: 2 * time.Second, Degraded: true}
	res := w.send("GET", "/a", as("u1"), "")
	p := wantProblem(t, res, 429, "rate_limited")
	if !strings.HasSuffix(p.Type, "#temporary-reduced-capacity") || res.Header.Get("Retry-After") != "2" || !slices.Equal(p.Violated, []string{"client"}) {
		t.Errorf("%+v %v", p, res.Header)
	}
}

func TestLegacyFields(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, on := range []bool{false, true} {
		w := newWorld(t, anything, func(c *sallyport.Config) {
			sallyport.SetClock(c, func() time.Time { return now })
			c.Limit, c.ClientLimit, c.LegacyRateLimitFields = "2 per 1m", "3 per 1m", on
			c.Routes = []sallyport.Route{{Pattern: "GET /a", Public: true, Limit: "9 per 1h"}}
		})
		want := []string{"2 1", "2 0", "2 0", "3 0"}
		for i := range want {
			h := w.send("GET", "/a", nil, "").Header
			got := strings.TrimSpace(h.Get("X-RateLimit-Limit") + " " + h.Get("X-RateLimit-Remaining"))
			if on && (got != want[i] || h.Get("X-RateLimit-Reset") != fmt.Sprint(now.Unix()+60)) || !on && (got != "" || h.Get("X-RateLimit-Reset") != "") {
				t.Errorf("%v, %d: %v", on, i, h)
			}
		}
	}
}

// TestQuotaOfAPIKey: each API key has its own, and the sessions of its owner another.
func TestQuotaOfAPIKey(t *testing.T) {
	accounts := newAccounts(t)
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Accounts, c.Quotas = accounts, []sallyport.Quota{{Name: "q", Limit: "3 per 1h", By: []string{"apikey"}}}
	})
	access, _ := w.signUp("ada") // as nobody, from the address
	var keys []string
	for range 2 {
		res := w.send("POST", "/auth/keys", http.Header{"Authorization": {"Bearer " + access}, "Content-Type": {"application/json"}}, `{"name":"k"}`)
		_, key, _ := strings.Cut(read(res), `"key":"`)
		key, _, _ = strings.Cut(key, `"`)
		keys = append(keys, key)
	}
	for _, c := range []struct {
		raw  string
		want []int
	}{{access, []int{200, 429}}, {keys[0], []int{200, 200, 200, 429}}, {keys[1], []int{200, 200, 200, 429}}} {
		for i, want := range c.want {
			if res := w.send("GET", "/a", bearer(c.raw), ""); res.StatusCode != want {
				t.Errorf("%.8s, %d: %d, want %d: %s", c.raw, i, res.StatusCode, want, read(res))
			}
		}
	}
}
