package remote_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/remote"
)

// idp is an issuer elsewhere. It answers by paths; the empty one is the key set's.
type idp struct {
	mu      sync.Mutex
	answers map[string]func(w http.ResponseWriter, r *http.Request)
	fetches atomic.Int64
}

func (i *idp) set(path string, f func(w http.ResponseWriter, r *http.Request)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.answers == nil {
		i.answers = map[string]func(http.ResponseWriter, *http.Request){}
	}
	i.answers[path] = f
}

func (i *idp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	f := i.answers[r.URL.Path]
	i.mu.Unlock()
	if r.URL.Path == "/jwks" {
		i.fetches.Add(1)
	}
	if f == nil {
		http.NotFound(w, r)
		return
	}
	f(w, r)
}

// RoundTrip lets tests in a bubble of virtual time do without a network.
func (i *idp) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	i.ServeHTTP(rec, r)
	res := rec.Result()
	res.Request = r
	return res, nil
}

func publish(keys ...*token.SigningKey) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		var list []token.Key
		for _, k := range keys {
			list = append(list, k.Key())
		}
		body, err := token.MarshalJWKS(list)
		if err != nil {
			panic(err)
		}
		w.Write(body)
	}
}

func text(s string) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, s) }
}

func newKey(t testing.TB, alg token.Algorithm) *token.SigningKey {
	t.Helper()
	k, err := token.GenerateKey(alg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const (
	issuer = "https://id.example"
	jwks   = "https://id.example/jwks"
)

func open(t *testing.T, cfg remote.Config) *remote.Source {
	t.Helper()
	s, err := remote.New(t.Context(), quiet(cfg))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func quiet(cfg remote.Config) remote.Config {
	cfg.ErrorLog = slog.New(slog.DiscardHandler)
	if cfg.Issuer == "" {
		cfg.Issuer = issuer
	}
	return cfg
}

// verify says what a gate that trusts the source says of a token of a key.
func verify(t *testing.T, s *remote.Source, k *token.SigningKey) error {
	t.Helper()
	_, err := trusting(t, s).Verify(sign(t, k))
	return err
}

// trusting is the verifier of a gate that trusts the source.
func trusting(t *testing.T, s *remote.Source) *token.Verifier {
	t.Helper()
	v, err := token.New(token.Config{Issuers: []token.Issuer{{Name: issuer, Audiences: []string{"api"}, Source: s}}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRotation: a new key is known within a cool-down, the old one stays good, and what
// is not published any more is refused.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp idp
		old, next := newKey(t, token.ES256), newKey(t, token.ES256)
		idp.set("/jwks", publish(old))
		s := open(t, remote.Config{URL: jwks, Transport: &idp})
		defer s.Close()
		if err := verify(t, s, old); err != nil {
			t.Fatal(err)
		}
		set := s.Keys()
		time.Sleep(11 * time.Second)
		idp.set("/jwks", publish(old, next))
		for _, k := range []*token.SigningKey{next, old} {
			if err := verify(t, s, k); err != nil {
				t.Error(err)
			}
		}
		if s.Keys() == set {
			t.Error("another set has the same pointer")
		}
		set = s.Keys()
		time.Sleep(time.Hour) // fetched again meanwhile
		if s.Keys() != set {
			t.Error("the same set has another pointer")
		}
		idp.set("/jwks", publish(next))
		time.Sleep(16 * time.Minute)
		if err := verify(t, s, old); !errors.Is(err, token.ErrUnknownKey) {
			t.Errorf("a key that is gone: %v", err)
		}
	})
}

// TestFlood: ten thousand tokens with made-up kids cost one fetch in each cool-down, and
// keep nobody from the key that is really new.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp idp
		known, next := newKey(t, token.ES256), newKey(t, token.ES256)
		idp.set("/jwks", publish(known))
		s := open(t, remote.Config{URL: jwks, Transport: &idp})
		defer s.Close()
		const rounds = 5
		for range rounds {
			time.Sleep(10 * time.Second)
			var all sync.WaitGroup
			for n := range 2000 {
				all.Go(func() { s.Missing(fmt.Sprint("made-up-", n)) })
			}
			all.Wait()
			if err := verify(t, s, known); err != nil {
				t.Error(err)
			}
		}
		if n := idp.fetches.Load(); n > 1+rounds {
			t.Errorf("%d fetches in %d cool-downs", n, rounds)
		}
		idp.set("/jwks", publish(known, next))
		start := time.Now()
		for verify(t, s, next) != nil {
			s.Missing("made-up")
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("the new key was known after %s", took)
		}
	})
}

// TestDown: keys stay good for MaxStale, and then none is; when the issuer is back, so
// are they. An issuer that is down at the start is waited for.
func TestDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp idp
		k := newKey(t, token.ES256)
		s := open(t, remote.Config{URL: jwks, Transport: &idp, MaxStale: 2 * time.Hour})
		defer s.Close()
		if err := verify(t, s, k); !errors.Is(err, token.ErrNoKeys) {
			t.Fatalf("before the first set: %v", err)
		}
		idp.set("/jwks", publish(k))
		time.Sleep(31 * time.Second)
		if err := verify(t, s, k); err != nil {
			t.Fatal(err)
		}
		for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
			"down": nil, "empty": text(""), "a page": text("<html>"), "no keys": text(`{"keys":[]}`), "another document": text(`{"issuer":"x"}`),
		} {
			idp.set("/jwks", answer)
			time.Sleep(time.Hour)
			if err := verify(t, s, k); err != nil {
				t.Errorf("%s, after an hour: %v", name, err)
			}
			time.Sleep(90 * time.Minute)
			if err := verify(t, s, k); !errors.Is(err, token.ErrNoKeys) {
				t.Errorf("%s, past the bound: %v", name, err)
			}
			idp.set("/jwks", publish(k))
			time.Sleep(time.Minute)
			if err := verify(t, s, k); err != nil {
				t.Errorf("%s, after it: %v", name, err)
			}
		}
	})
}

// TestAge: what Cache-Control asks for, within bounds.
func TestAge(t *testing.T) {
	for asked, want := range map[string]time.Duration{
		"": 15 * time.Minute, "max-age=600": 10 * time.Minute, "max-age=1": time.Minute, "max-age=999999999": time.Hour,
		"private\nmax-age=600": 10 * time.Minute, "max-age=99999999999999999999": 15 * time.Minute,
		"no-store": time.Minute, "public, max-age=\"300\"": 5 * time.Minute, "max-age=-5": 15 * time.Minute, "max-age=x": 15 * time.Minute, "NO-CACHE": time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			var idp idp
			k := newKey(t, token.ES256)
			idp.set("/jwks", func(w http.ResponseWriter, r *http.Request) {
				for line := range strings.SplitSeq(asked, "\n") {
					w.Header().Add("Cache-Control", line)
				}
				publish(k)(w, r)
			})
			s := open(t, remote.Config{URL: jwks, Transport: &idp})
			defer s.Close()
			time.Sleep(want - time.Second)
			synctest.Wait()
			if n := idp.fetches.Load(); n != 1 {
				t.Errorf("%q: fetched again before %s", asked, want)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if n := idp.fetches.Load(); n != 2 {
				t.Errorf("%q: %d fetches after %s", asked, n, want)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	for _, cfg := range []remote.Config{
		{}, {Issuer: "id.example"}, {Issuer: "http://id.example"}, {URL: "http://10.0.0.1/jwks"}, {URL: "file:///jwks"}, {URL: "https://"},
		{URL: "https://u:p@id.example/jwks"}, {URL: "https://id.example/jwks#x"}, {Issuer: issuer, Algorithms: []token.Algorithm{token.HS256}},
		{Issuer: issuer, Algorithms: []token.Algorithm{""}}, {Issuer: issuer, Cooldown: time.Millisecond}, {Issuer: issuer, MaxStale: time.Minute},
		{Issuer: issuer, MaxStale: 8 * 24 * time.Hour}, {Issuer: issuer, MaxStale: -time.Hour}, {Issuer: issuer, Cooldown: time.Hour}, {Issuer: issuer, Cooldown: -time.Second},
		{Issuer: issuer, Algorithms: []token.Algorithm{"none"}}, {Issuer: issuer, Algorithms: []token.Algorithm{token.ES256, "RS257"}}, {Issuer: issuer, Algorithms: []token.Algorithm{"R"}},
	} {
		if _, err := remote.New(t.Context(), cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
