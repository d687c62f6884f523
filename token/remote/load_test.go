package remote_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
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

func sign(t *testing.T, k *token.SigningKey) string {
	t.Helper()
	raw, err := k.Sign(map[string]any{"iss": issuer, "sub": "u", "aud": "api", "exp": time.Now().Add(5 * time.Minute).Unix()}, token.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestRotationUnderLoad: an issuer replaces its key every hour, as it should: published
// for a while, then signing, the old one gone when its tokens are. Callers who never stop,
// and a stranger who makes up kids, leave nobody refused, with a cache and without.
func TestRotationUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp idp
		old, next := newKey(t, token.ES256), newKey(t, token.ES256)
		idp.set("/jwks", publish(old))
		s := open(t, remote.Config{URL: jwks, Transport: &idp})
		defer s.Close()
		v := trusting(t, s)
		cache, err := token.NewCache(token.CacheConfig{Verifier: v})
		if err != nil {
			t.Fatal(err)
		}
		var current atomic.Pointer[string]
		issue := func(k *token.SigningKey) { raw := sign(t, k); current.Store(&raw) }
		issue(old)
		stop := make(chan struct{})
		var all sync.WaitGroup
		var verified atomic.Int64
		for caller := range 8 {
			all.Go(func() {
				for tick, n := time.NewTicker(time.Second), 0; ; n++ {
					verify := cache.Verify
					if caller == 0 && n%10 == 0 {
						verify = v.Verify
					}
					if _, err := verify(*current.Load()); err != nil {
						t.Errorf("%s after the start: %v", time.Since(startOfBubble), err)
						return
					}
					verified.Add(1)
					select {
					case <-tick.C:
					case <-stop:
						return
					}
				}
			})
		}
		all.Go(func() { // a stranger
			for tick, n := time.NewTicker(100*time.Millisecond), 0; ; n++ {
				s.Missing(fmt.Sprint("made-up-", n))
				select {
				case <-tick.C:
				case <-stop:
					return
				}
			}
		})
		for range 3 {
			for minute := range 60 {
				switch minute {
				case 10:
					idp.set("/jwks", publish(old, next))
				case 40:
					idp.set("/jwks", publish(next))
				}
				if minute < 26 {
					issue(old)
				} else {
					issue(next)
				}
				time.Sleep(time.Minute)
			}
			old, next = next, newKey(t, token.ES256)
		}
		close(stop)
		all.Wait()
		t.Logf("%d verifications, %d fetches", verified.Load(), idp.fetches.Load())
		if most := int64(3*3600/10 + 20); idp.fetches.Load() > most {
			t.Errorf("%d fetches, at most %d were due", idp.fetches.Load(), most)
		}
	})
}

// startOfBubble is when virtual time starts.
var startOfBubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// TestSudden: an issuer that changes its key at once, without telling before, costs
// callers one cool-down, whoever else asks for what.
func TestSudden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp idp
		k := newKey(t, token.ES256)
		idp.set("/jwks", publish(k))
		s := open(t, remote.Config{URL: jwks, Transport: &idp, Cooldown: 5 * time.Second})
		defer s.Close()
		for range 5 {
			time.Sleep(7 * time.Second)
			s.Missing("made-up") // the worst moment: just before
			k = newKey(t, token.ES256)
			idp.set("/jwks", publish(k))
			start := time.Now()
			for verify(t, s, k) != nil {
				time.Sleep(50 * time.Millisecond)
			}
			if took := time.Since(start); took > 5050*time.Millisecond {
				t.Errorf("known after %s", took)
			}
		}
	})
}

// slow is an issuer that begins an answer and never ends it, once told to.
type slow struct {
	idp
	stuck atomic.Bool
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.stuck.Load() {
		return s.idp.RoundTrip(r)
	}
	s.fetches.Add(1)
	body, w := io.Pipe()
	go func() { // a byte at a time, until the client gives up
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-tick.C:
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
			case <-r.Context().Done():
				w.CloseWithError(r.Context().Err())
				return
			}
		}
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
}

// TestDrip: an issuer that answers drop by drop is given up after ten seconds. Until
// then, who has a known key does not wait, who has not waits three seconds at the most,
// and of ten thousand a thousand do.
func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp slow
		k := newKey(t, token.ES256)
		idp.stuck.Store(true)
		start := time.Now()
		s := open(t, remote.Config{URL: jwks, Transport: &idp})
		defer s.Close()
		if took := time.Since(start); took != 10*time.Second || s.Keys() != nil {
			t.Errorf("the start took %s", took)
		}
		idp.stuck.Store(false)
		idp.set("/jwks", publish(k))
		time.Sleep(31 * time.Second)
		idp.stuck.Store(true)
		time.Sleep(11 * time.Second) // the cool-down is over, and the set still fresh
		start = time.Now()
		var waited atomic.Int64
		var all sync.WaitGroup
		for n := range 10_000 {
			all.Go(func() {
				s.Missing(fmt.Sprint("made-up-", n))
				if took := time.Since(start); took > 3*time.Second {
					t.Errorf("waited %s", took)
				} else if took > 0 {
					waited.Add(1)
				}
			})
		}
		synctest.Wait()
		if err := verify(t, s, k); err != nil || time.Since(start) != 0 {
			t.Errorf("a known key: %v after %s", err, time.Since(start))
		}
		all.Wait()
		if n := waited.Load(); n == 0 || n > 1000 {
			t.Errorf("%d waited", n)
		}
	})
}

// TestClosed: nobody waits for what nobody fetches, and what is known stays so.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp idp
		k := newKey(t, token.ES256)
		idp.set("/jwks", publish(k))
		s := open(t, remote.Config{URL: jwks, Transport: &idp})
		s.Close()
		time.Sleep(time.Minute)
		start := time.Now()
		for range 10 {
			if s.Missing("x") || time.Since(start) != 0 {
				t.Errorf("waited %s", time.Since(start))
			}
		}
		if err := verify(t, s, k); err != nil {
			t.Error(err)
		}
		time.Sleep(24 * time.Hour)
		if err := verify(t, s, k); !errors.Is(err, token.ErrNoKeys) {
			t.Errorf("a day later: %v", err)
		}
	})
}

// TestAsksNobody: a token that brings keys along, or says where they are, makes nobody
// ask there, nor the issuer more often.
func TestAsksNobody(t *testing.T) {
	var idp, other idp
	canary := httptest.NewServer(&other)
	defer canary.Close()
	k, evil := newKey(t, token.ES256), newKey(t, token.ES256)
	idp.set("/jwks", publish(k))
	other.set("/jwks", publish(evil))
	s := open(t, remote.Config{URL: jwks, Transport: &idp})
	defer s.Close()
	v := trusting(t, s)
	public, err := token.MarshalJWKS([]token.Key{evil.Key()})
	if err != nil {
		t.Fatal(err)
	}
	jwk := strings.TrimSuffix(strings.TrimPrefix(string(public), `{"keys":[`), `]}`)
	_, rest, _ := strings.Cut(sign(t, evil), ".")
	for _, member := range []string{`"jku":"` + canary.URL + `/jwks"`, `"x5u":"` + canary.URL + `/jwks"`, `"jwk":` + jwk, `"x5c":["AAAA"]`} {
		for _, kid := range []string{k.Key().ID, evil.Key().ID, canary.URL + "/jwks"} {
			head := fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt",%s}`, kid, member)
			want := token.ErrUnknownKey
			if kid == k.Key().ID {
				want = token.ErrBadSignature
			}
			if _, err := v.Verify(base64url(head) + "." + rest); !errors.Is(err, want) {
				t.Errorf("%.20s: %v", member, err)
			}
		}
	}
	if idp.fetches.Load() != 1 || other.fetches.Load() != 0 {
		t.Errorf("the issuer was asked %d times, the other %d times", idp.fetches.Load(), other.fetches.Load())
	}
}

func base64url(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
