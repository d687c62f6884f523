package account_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

// published is the key set as a verifier fetches it.
func (w *world) published() []token.Key {
	w.Helper()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	keys, errs := token.ParseJWKS(rec.Body.Bytes())
	if errs != nil || len(keys) == 0 {
		w.Fatal(keys, errs, rec.Body)
	}
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"k"`} {
		if strings.Contains(rec.Body.String(), private) {
			w.Errorf("the set has %s", private)
		}
	}
	if rec.Header().Get("Cache-Control") != "public, max-age=300" {
		w.Error(rec.Header())
	}
	return keys
}

// verifier is another's, that keeps the set for as long as it may.
type verifier struct {
	*token.Verifier
	fetched time.Time
}

func (v *verifier) fetch(w *world) {
	w.Helper()
	made, err := token.New(token.Config{
		Issuers: []token.Issuer{{Name: issuer, Audiences: []string{issuer}, Keys: w.published(), RequireProfile: true}}, Now: func() time.Time { return w.clock },
	})
	if err != nil {
		w.Fatal(err)
	}
	v.Verifier = made
}

func (v *verifier) verify(w *world, raw string) error {
	w.Helper()
	if w.clock.Sub(v.fetched) >= 5*time.Minute {
		v.fetch(w)
		v.fetched = w.clock
	}
	_, err := v.Verify(raw)
	return err
}

func kid(t *testing.T, raw string) string {
	t.Helper()
	seen, err := token.Inspect(raw)
	if err != nil {
		t.Fatal(err)
	}
	var head struct {
		Kid string `json:"kid"`
	}
	if err := unmarshal(seen.Header, &head); err != nil {
		t.Fatal(err)
	}
	return head.Kid
}

// TestRotation: verifiers that keep the set for five minutes, started at every moment,
// refuse no token, and nor does another node; each token is tried until it expires. When a
// key signs does not depend on its algorithm: one verifier is enough for the others.
func TestRotation(t *testing.T) {
	for algorithm, many := range map[token.Algorithm]int{token.ES256: 5, token.Ed25519: 1, token.RS256: 1} {
		t.Run(string(algorithm), func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { c.Algorithm = algorithm; c.MaxSessions = 1000 })
			other := newWorldOn(t, w.store, func(c *account.Config) { c.Algorithm = algorithm })
			w.register()
			verifiers := make([]verifier, many)
			for i := range verifiers {
				verifiers[i].fetched = w.clock.Add(-time.Duration(i) * time.Minute)
				verifiers[i].fetch(w)
			}
			type issued struct {
				raw string
				at  time.Time
			}
			var tokens []issued
			kids := map[string]bool{}
			for minute := range 60 {
				if minute == 3 || minute == 5 || minute == 30 { // 5: again before the first one signs
					if err := w.RotateKeys(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				access, _ := w.login()
				kids[kid(t, access)] = true
				tokens = append(tokens, issued{access, w.clock})
				tokens = slices.DeleteFunc(tokens, func(i issued) bool { return w.clock.Sub(i.at) >= 10*time.Minute })
				for _, one := range tokens {
					for i := range verifiers {
						if err := verifiers[i].verify(w, one.raw); err != nil {
							t.Fatalf("minute %d, verifier %d, a token of %s before: %v", minute, i, w.clock.Sub(one.at), err)
						}
					}
					if _, err := other.Authenticate(one.raw); err != nil {
						t.Fatalf("minute %d, the other node, a token of %s before: %v", minute, w.clock.Sub(one.at), err)
					}
				}
				w.later(time.Minute)
				other.setClock(w.clock)
				other.later(0)
			}
			if len(kids) != 4 {
				t.Errorf("%d keys have signed", len(kids))
			}
			w.later(time.Hour)
			if n := len(w.published()); n != 1 {
				t.Errorf("%d keys are published an hour later", n)
			}
		})
	}
}

// TestManyRotations: who rotates without end is stopped before the set is one that no
// verifier takes; a new process still starts, and later there is room again.
func TestManyRotations(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	made := 0
	for ; made < 70; made++ {
		if err := w.RotateKeys(t.Context()); err != nil {
			if !errors.Is(err, account.ErrManyKeys) {
				t.Error(err)
			}
			break
		}
	}
	if n := len(w.published()); made != 15 || n != 16 {
		t.Errorf("%d were made, %d are published", made, n)
	}
	again := newWorldOn(t, w.store, nil)
	access, _ := again.login()
	w.mustCall(200, "GET", "/auth/me", access, "")
	w.later(time.Hour)
	if err := w.RotateKeys(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestKeysAtRest: no private key can be read from the store, whatever the encoding; for
// the right box, there is one.
func TestKeysAtRest(t *testing.T) {
	for _, algorithm := range []token.Algorithm{token.ES256, token.Ed25519, token.RS256} {
		w := newWorld(t, func(c *account.Config) { c.Algorithm = algorithm })
		records, err := w.store.RecordsOf(t.Context(), "signing-key", "")
		if err != nil || len(records) != 1 {
			t.Fatal(len(records), err)
		}
		var stored map[string]any
		if err := unmarshal(string(records[0].Data), &stored); err != nil {
			t.Fatal(err)
		}
		long := 0
		for name, value := range stored {
			text, ok := value.(string)
			if raw, err := base64.StdEncoding.DecodeString(text); ok && err == nil && len(raw) > 32 {
				long++
				for i := range raw {
					if _, err := x509.ParsePKCS8PrivateKey(raw[i:]); err == nil {
						t.Errorf("%s: %s holds the key", algorithm, name)
					}
				}
			}
		}
		if long != 1 {
			t.Errorf("%s: %d members could hold a key", algorithm, long)
		}
	}
}

// TestScheduledRotation: a key is replaced when its time has come, and when the algorithm
// is another one.
func TestScheduledRotation(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.Tend(t.Context()); err != nil || len(w.published()) != 1 {
		t.Fatal(err)
	}
	w.later(90*24*time.Hour + time.Second)
	if err := w.Tend(t.Context()); err != nil || len(w.published()) != 2 {
		t.Fatal(err, len(w.published()))
	}
	w.later(24 * time.Hour)
	if len(w.published()) != 1 {
		t.Error("the old one stays")
	}
	again := newWorldOn(t, w.store, func(c *account.Config) {
		c.Algorithm = token.RS256
		account.SetClock(c, w.now)
	})
	if keys := again.published(); len(keys) != 2 || keys[1].Algorithm != token.RS256 && keys[0].Algorithm != token.RS256 {
		t.Errorf("%v", keys)
	}
}

// TestRevokeKey: a key that leaked is gone at once, on every node, and clients refresh.
func TestRevokeKey(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	other := newWorldOn(t, w.store, nil)
	access, refresh := w.login()
	other.mustCall(200, "GET", "/auth/me", access, "")
	if err := w.RevokeKey(t.Context(), kid(t, access)); err != nil {
		t.Fatal(err)
	}
	w.mustCall(401, "GET", "/auth/me", access, "")
	other.later(time.Millisecond)
	other.mustCall(401, "GET", "/auth/me", access, "")
	next, _ := w.refresh(refresh)
	w.mustCall(200, "GET", "/auth/me", next, "")
	other.mustCall(200, "GET", "/auth/me", next, "")
	if err := w.RevokeKey(t.Context(), "none"); err == nil {
		t.Error("revoked what is not there")
	}
	// While the old key only verifies until its end, the next is still the one to sign.
	if err := w.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.later(20 * time.Minute)
	if err := w.RevokeKey(t.Context(), w.newest()); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		w.login()
		w.later(time.Minute)
	}
}

func (w *world) newest() string {
	w.Helper()
	list, err := w.SigningKeys(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return list[len(list)-1].ID
}

// TestAnotherSecret: with another secret the keys cannot be opened, which is said, and
// nothing is made in their place.
func TestAnotherSecret(t *testing.T) {
	w := newWorld(t, nil)
	_, err := account.New(t.Context(), account.Config{Store: w.store, Issuer: issuer, Secret: secret.NewBytes([]byte(strings.Repeat("x", 32)))})
	if err == nil || !strings.Contains(err.Error(), "Secret") {
		t.Errorf("%v", err)
	}
	if list, err := w.SigningKeys(t.Context()); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
}

// TestMetadata: other verifiers find things at the issuer's address, whatever Host says.
func TestMetadata(t *testing.T) {
	w := newWorld(t, nil)
	w = newWorldOn(t, w.store, func(c *account.Config) { c.Scopes = []string{} }) // a list that would be empty
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"} {
		said := w.mustCall(200, "GET", path, "", "", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example")
		if path != "/.well-known/jwks.json" && (said["issuer"] != issuer || said["jwks_uri"] != issuer+"/.well-known/jwks.json" || said["introspection_endpoint"] != issuer+"/auth/introspect") {
			t.Errorf("%v", said)
		}
		rec := w.send("GET", path, "", "")
		if rec.Header().Get("Content-Type") != map[bool]string{true: "application/jwk-set+json", false: "application/json"}[said["keys"] != nil] || rec.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%v", rec.Header())
		}
		if again := w.send("GET", path, "", "", "If-None-Match", rec.Header().Get("Etag")); again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("unchanged: %d", again.Code)
		}
		if head := w.send("HEAD", path, "", ""); head.Code != 200 || head.Body.Len() != 0 {
			t.Errorf("HEAD: %d, %d bytes", head.Code, head.Body.Len())
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			if rec := w.send(method, path, "", ""); rec.Code != 405 {
				t.Errorf("%s: %d", method, rec.Code)
			}
		}
		for name, value := range said {
			if list, ok := value.([]any); ok && len(list) == 0 {
				t.Errorf("%s is an empty list (RFC 8414 §3.2)", name)
			}
		}
	}
}

// busy is a store that tells whether it is in a transaction.
type busy struct {
	account.Store
	inside atomic.Int32
}

func (s *busy) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	s.inside.Add(1)
	defer s.inside.Add(-1)
	return s.Store.Update(ctx, key, f)
}

// TestKeyOutside: an RSA key can take seconds to make. No transaction waits for it, and none
// is made that nobody needs.
func TestKeyOutside(t *testing.T) {
	store := &busy{Store: newWorld(t, nil).store}
	w := newWorldOn(t, store, nil)
	made := 0
	w.SetGenerate(func(alg token.Algorithm) (*token.SigningKey, error) {
		if made++; store.inside.Load() != 0 {
			t.Error("made in a transaction")
		}
		return token.GenerateKey(alg)
	})
	for _, row := range []struct {
		name string
		do   func() error
		keys int
	}{
		{"rotated", func() error { return w.RotateKeys(t.Context()) }, 1},
		{"looked at", func() error { return w.Tend(t.Context()) }, 0},
		{"due", func() error { w.setClock(w.clock.Add(91 * 24 * time.Hour)); return w.Tend(t.Context()) }, 1},
		{"revoked", func() error { list, _ := w.SigningKeys(t.Context()); return w.RevokeKey(t.Context(), list[0].ID) }, 1},
		{"not there", func() error { return w.RevokeKey(t.Context(), "x") }, 0},
	} {
		made = 0
		if err := row.do(); err != nil && !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%s: %v", row.name, err)
		}
		if made != row.keys {
			t.Errorf("%s: %d keys were made, want %d", row.name, made, row.keys)
		}
	}
}
