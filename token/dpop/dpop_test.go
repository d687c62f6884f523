package dpop

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

type m = map[string]any

// TestVerify_algorithms: each algorithm for public keys is accepted, as written by hand from the RFCs.
func TestVerify_algorithms(t *testing.T) {
	for alg, c := range clients() {
		w := newWorld(t, nil)
		got, err := w.Verify(context.Background(), c.request(c.proof(w.now, nil, nil)))
		if err != nil || got.Thumbprint != c.thumbprint() || got.Nonce != "" {
			t.Errorf("%s: %+v %v", alg, got, err)
		}
	}
}

// TestVerify holds every member of a proof to RFC 9449 §4.3. Hostile rows stand beside honest ones.
func TestVerify(t *testing.T) {
	c, other := clients()["ES256"], clients()["ES384"]
	weak, _ := rsa.GenerateKey(rand.Reader, 1024)
	small := &client{alg: "RS256", signer: weak}
	long := strings.Repeat("x", 256)
	withKey := func(changes m) m { return m{"jwk": change(c.jwk(), changes)} }
	for _, row := range []struct {
		name       string
		head, body m
		want       Reason
	}{
		{"good", nil, nil, ""},
		{"typ with its prefix", m{"typ": "application/dpop+jwt"}, nil, ""},
		{"typ in another case", m{"typ": "DPoP+JWT"}, nil, ""},
		{"typ missing", m{"typ": nil}, nil, "wrong_type"},
		{"typ of an access token", m{"typ": "at+jwt"}, nil, "wrong_type"},
		{"typ JWT", m{"typ": "JWT"}, nil, "wrong_type"},
		{"a member that nothing reads", m{"kid": "x", "x5c": []string{"x"}, "jku": "https://evil.example", "iat": 1},
			m{"sub": 1, "x": nil}, ""},
		{"crit", m{"crit": []string{"exp"}}, nil, "bad_header"},
		{"b64", m{"b64": false}, nil, "bad_header"},
		{"zip", m{"zip": "DEF"}, nil, "bad_header"},
		{"enc", m{"enc": "A128GCM"}, nil, "bad_header"},

		{"alg none", m{"alg": "none"}, nil, "wrong_algorithm"},
		{"alg missing", m{"alg": nil}, nil, "wrong_algorithm"},
		{"alg HS256", m{"alg": "HS256"}, nil, "wrong_algorithm"},
		{"alg of another curve", m{"alg": "ES384"}, nil, "bad_header"},
		{"alg of another type", m{"alg": "RS256"}, nil, "bad_header"},
		{"alg of the key, the same", withKey(m{"alg": "ES256"}), nil, ""},
		{"alg of the key, another", withKey(m{"alg": "ES512"}), nil, "wrong_algorithm"},
		{"a key for signatures", withKey(m{"use": "sig"}), nil, ""},
		{"a key for encryption", withKey(m{"use": "enc"}), nil, "bad_header"},
		{"a key exported by a browser", withKey(m{"key_ops": []string{"verify"}, "ext": true}), nil, ""},
		{"no key", m{"jwk": nil}, nil, "bad_header"},
		{"a key that is text", m{"jwk": "x"}, nil, "bad_header"},
		{"a key that is empty", m{"jwk": m{}}, nil, "bad_header"},
		{"a private key", withKey(m{"d": "AAAA"}), nil, "bad_header"},
		{"a secret beside the key", withKey(m{"k": "AAAA"}), nil, "bad_header"},
		{"a secret", m{"jwk": m{"kty": "oct", "k": b64([]byte(long))}}, nil, "bad_header"},
		{"a key off its curve", withKey(m{"y": c.jwk()["x"]}), nil, "bad_header"},
		{"a padded coordinate", withKey(m{"x": c.jwk()["x"].(string) + "="}), nil, "bad_header"},
		{"another's key", m{"jwk": other.jwk(), "alg": "ES384"}, nil, "wrong_key"},

		{"no jti", nil, m{"jti": nil}, "bad_claims"},
		{"jti null", nil, m{"jti": m(nil)}, "bad_claims"},
		{"jti empty", nil, m{"jti": ""}, "bad_claims"},
		{"jti a number", nil, m{"jti": 1}, "bad_claims"},
		{"jti as long as may be", nil, m{"jti": long[1:]}, ""},
		{"jti too long", nil, m{"jti": long}, "bad_claims"},
		{"jti with a line feed", nil, m{"jti": "a\nb"}, "bad_claims"},
		{"no htm", nil, m{"htm": nil}, "bad_claims"},
		{"another method", nil, m{"htm": "POST"}, "wrong_method"},
		{"the method in lower case", nil, m{"htm": "get"}, "wrong_method"},
		{"no htu", nil, m{"htu": nil}, "bad_claims"},
		{"htu a list", nil, m{"htu": []string{target}}, "bad_claims"},
		{"htu too long", nil, m{"htu": target + strings.Repeat("?", maxURL)}, "bad_claims"},
		{"no ath", nil, m{"ath": nil}, "wrong_token"},
		{"the ath of another token", nil, m{"ath": hash("other")}, "wrong_token"},
		{"ath padded", nil, m{"ath": hash(raw) + "="}, "bad_claims"},
		{"the token itself as ath", nil, m{"ath": raw}, "bad_claims"},

		{"no iat", nil, m{"iat": nil}, "bad_claims"},
		{"iat a text", nil, m{"iat": "1772366400"}, "bad_claims"},
		{"iat in milliseconds", nil, m{"iat": start.UnixMilli()}, "bad_claims"},
		{"iat with a fraction", nil, m{"iat": float64(start.Unix()) + 0.25}, ""},
		{"iat negative", nil, m{"iat": -1}, "bad_claims"},
		{"iat at the old edge", nil, m{"iat": start.Unix() - 60}, ""},
		{"iat too old", nil, m{"iat": start.Unix() - 61}, "too_old"},
		{"iat at the new edge", nil, m{"iat": start.Unix() + 60}, ""},
		{"iat ahead", nil, m{"iat": start.Unix() + 61}, "ahead_of_the_clock"},
		{"a nonce that nobody asked for", nil, m{"nonce": "x"}, ""},
	} {
		w := newWorld(t, nil)
		if got := w.verdict(c.request(c.proof(w.now, row.head, row.body))); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if row.want != "" && len(w.replay.ends) > 0 {
			t.Errorf("%s: remembered, though refused", row.name)
		}
	}

	w := newWorld(t, nil)
	good := c.proof(w.now, nil, nil)
	parts := strings.Split(good, ".")
	head, body := c.head(nil), text(goodClaims(w.now))
	for _, row := range []struct {
		name, proof string
		want        Reason
	}{
		{"empty", "", "malformed"},
		{"no signature", parts[0] + "." + parts[1] + ".", "malformed"},
		{"unsigned", b64([]byte(c.head(m{"alg": "none"}))) + "." + parts[1] + ".", "malformed"},
		{"two with a comma", good + "," + good, "malformed"},
		{"two with a comma and a space", good + ", " + good, "malformed"},
		{"a space before", " " + good, "malformed"},
		{"padded", good + "=", "malformed"},
		{"huge", strings.Repeat("x", token.MaxProofSize) + good, "too_large"},
		{"signed by another key", other.forge(head, body), "bad_signature"},
		{"signed with the public key as a secret", c.mac(c.head(m{"alg": "HS256"}), body), "wrong_algorithm"},
		{"a signature over other claims", strings.Join([]string{parts[0], b64([]byte(body)), parts[2]}, "."), "bad_signature"},
		{"claims that are a list", c.forge(head, "["+body+"]"), "bad_claims"},
		{"a claim twice", c.forge(head, `{"htm":"POST",`+body[1:]), "bad_claims"},
		{"a claim twice by an escape", c.forge(head, `{"\u0068tm":"POST",`+body[1:]), "bad_claims"},
		{"a header member twice", c.forge(`{"typ":"at+jwt",`+head[1:], body), "bad_header"},
		{"text after the claims", c.forge(head, body+"x"), "bad_claims"},
		{"no UTF-8", c.forge(head, strings.Replace(body, "GET", "G\xff", 1)), "bad_claims"},
	} {
		if got := w.verdict(c.request(row.proof)); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
	if got := w.verdict(small.request(small.proof(w.now, nil, nil))); got != "bad_header" {
		t.Errorf("RSA of 1024 bits: %q", got)
	}
}

// TestVerify_binding: a proof is for one method, one token and one key.
func TestVerify_binding(t *testing.T) {
	c, other := clients()["ES256"], clients()["EdDSA"]
	w := newWorld(t, nil)
	for _, row := range []struct {
		name   string
		change func(*Request)
		want   Reason
	}{
		{"as it was meant", func(*Request) {}, ""},
		{"another method", func(r *Request) { r.Method = "DELETE" }, "wrong_method"},
		{"another token of the same client", func(r *Request) { r.Token = "other" }, "wrong_token"},
		{"a token of another client", func(r *Request) { r.Thumbprint = other.thumbprint() }, "wrong_key"},
		{"a token that is not bound", func(r *Request) { r.Thumbprint = "" }, "wrong_key"},
		{"another path", func(r *Request) { r.URLs = []string{"https://api.example/admin"} }, "wrong_url"},
		{"another host", func(r *Request) { r.URLs = []string{"https://evil.example/notes"} }, "wrong_url"},
		{"no host that is known", func(r *Request) { r.URLs = nil }, "wrong_url"},
		{"the second name of the server", func(r *Request) { r.URLs = []string{"https://b.example/notes", target} }, ""},
	} {
		r := c.request(c.proof(w.now, nil, nil))
		row.change(&r)
		if got := w.verdict(r); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}

	issue := Request{Proof: c.proof(w.now, nil, m{"ath": nil}), Method: "GET", URLs: []string{target}}
	if got, err := w.Verify(context.Background(), issue); err != nil || got.Thumbprint != c.thumbprint() {
		t.Errorf("a proof that asks for a token: %+v %v", got, err)
	}
}

// TestReplay: a proof is good once, up to the last moment at which it could be accepted.
func TestReplay(t *testing.T) {
	c := clients()["ES256"]
	for _, made := range []time.Duration{-time.Minute, 0, time.Minute} {
		w := newWorld(t, nil)
		proof := c.proof(start.Add(made), nil, nil)
		if got := w.verdict(c.request(proof)); got != "" {
			t.Fatalf("made at %s: %q", made, got)
		}
		if got := w.verdict(c.request(c.proof(start.Add(made), nil, nil))); got != "" {
			t.Errorf("another one made at %s: %q", made, got)
		}
		for at := time.Duration(0); at <= made+time.Minute+2*slack; at += time.Second {
			w.now = start.Add(at)
			want := Replayed
			if at > made+time.Minute {
				want = TooOld
			}
			if got := w.verdict(c.request(proof)); got != want {
				t.Errorf("made at %s, again at %s: %q, want %q", made, at, got, want)
			}
		}
	}
}

// TestReplay_atOnce: of many uses at once, one is the first.
func TestReplay_atOnce(t *testing.T) {
	c := clients()["ES256"]
	w := newWorld(t, nil)
	r := c.request(c.proof(w.now, nil, nil))
	var good atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := w.Verify(context.Background(), r); err == nil {
				good.Add(1)
			} else if !errors.Is(err, ErrReplayed) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if good.Load() != 1 {
		t.Errorf("%d were accepted", good.Load())
	}
}

// TestReplay_sameID: the ids of two clients are two.
func TestReplay_sameID(t *testing.T) {
	w := newWorld(t, nil)
	for _, alg := range []string{"ES256", "ES384"} {
		c := clients()[alg]
		if got := w.verdict(c.request(c.proof(w.now, nil, m{"jti": "1"}))); got != "" {
			t.Errorf("%s: %q", alg, got)
		}
	}
}

// TestReplay_unavailable: where uses cannot be noted, nothing is accepted.
func TestReplay_unavailable(t *testing.T) {
	c := clients()["ES256"]
	w := newWorld(t, nil)
	w.replay.err = errors.New("the store is down")
	_, err := w.Verify(context.Background(), c.request(c.proof(w.now, nil, nil)))
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != Unavailable || !errors.Is(err, w.replay.err) {
		t.Error(err)
	}
}

// TestClock: a clock that is set back makes no used proof young again, and honest ones are
// accepted as soon as they are younger than those from before.
func TestClock(t *testing.T) {
	c := clients()["ES256"]
	w := newWorld(t, nil)
	proof := c.proof(start, nil, nil)
	if got := w.verdict(c.request(proof)); got != "" {
		t.Fatal(got)
	}
	w.now = start.Add(59 * time.Second)
	w.verdict(c.request(c.proof(start.Add(-time.Hour), nil, nil))) // is refused, and seen by the clock
	w.now = start.Add(-time.Hour)
	clear(w.replay.ends) // it goes by a clock of its own
	for at := -time.Hour; at <= 2*time.Minute; at += 10 * time.Second {
		w.now = start.Add(at)
		if got := w.verdict(c.request(proof)); got == "" {
			t.Errorf("accepted again at %s", at)
		}
	}
	w.now = start.Add(time.Second)
	if got := w.verdict(c.request(c.proof(w.now, nil, nil))); got != "" {
		t.Errorf("a new one: %q", got)
	}

	w = newWorld(t, nil)
	w.verdict(c.request(c.proof(start, nil, nil)))
	w.now = start.Add(-slack)
	if got := w.verdict(c.request(c.proof(w.now, nil, nil))); got != "" {
		t.Errorf("a small step: %q", got)
	}

	// Small steps one after the other.
	w = newWorld(t, nil)
	w.verdict(c.request(proof))
	for range 4 {
		w.now = w.now.Add(-3 * time.Second)
		w.verdict(c.request(c.proof(start.Add(-time.Hour), nil, nil)))
	}
	clear(w.replay.ends)
	if got := w.verdict(c.request(proof)); got != "clock_set_back" {
		t.Errorf("after small steps: %q", got)
	}
}

// TestNonces: with nonces a proof needs one that this server made lately; the client's clock
// does not matter.
func TestNonces(t *testing.T) {
	c := clients()["ES256"]
	shared := secret.NewBytes([]byte("0123456789abcdef"))
	ours := func() *Nonces { n, _ := NewNonces(NonceConfig{Secret: shared}); return n }
	w := newWorld(t, func(cfg *Config) { cfg.Nonces = ours() })
	nonce := w.Nonce()
	ask := func(nonce any, at time.Duration) Reason {
		w.now = start.Add(at)
		return w.verdict(c.request(c.proof(start.AddDate(0, 0, 3), nil, m{"nonce": nonce})))
	}
	foreign, _ := NewNonces(NonceConfig{})
	for _, row := range []struct {
		name  string
		nonce any
		at    time.Duration
		want  Reason
	}{
		{"good, with a clock that is wrong", nonce, 0, ""},
		{"again in another proof", nonce, time.Minute, ""},
		{"of another node", ours().make(start), time.Minute, ""},
		{"at its end", nonce, DefaultNonceLifetime, ""},
		{"after its end", nonce, DefaultNonceLifetime + time.Second, "nonce"},
		{"missing", nil, 0, "nonce"},
		{"empty", "", 0, "nonce"},
		{"of another secret", foreign.make(start), 0, "nonce"},
		{"cut", nonce[1:], 0, "nonce"},
		{"with a line feed", nonce[:31] + "\n", 0, "nonce"},
		{"changed", "A" + nonce[1:31] + "A", 0, "nonce"},
		{"made later", ours().make(start.Add(time.Minute)), 0, "nonce"},
		{"a list", []string{nonce}, 0, "bad_claims"},
	} {
		if got := ask(row.nonce, row.at); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}

	w = newWorld(t, func(cfg *Config) { cfg.Nonces = ours() })
	w.now = start.Add(DefaultNonceLifetime/2 + time.Second)
	proof := c.proof(w.now, nil, m{"nonce": nonce})
	got, err := w.Verify(context.Background(), c.request(proof))
	if err != nil || got.Nonce == "" || got.Nonce == nonce {
		t.Errorf("when the nonce is half as old as it may be: %+v %v", got, err)
	}
	for at := w.now; at.Before(start.Add(DefaultNonceLifetime + 2*slack)); at = at.Add(time.Second) {
		if w.now = at; w.verdict(c.request(proof)) == "" {
			t.Errorf("accepted again at %s", at)
		}
	}
}

// TestField: there is one proof, whatever the rest of the header.
func TestField(t *testing.T) {
	for _, row := range []struct {
		lines []string
		want  string
		err   error
	}{
		{nil, "", ErrMissing},
		{[]string{"a.b.c"}, "a.b.c", nil},
		{[]string{""}, "", nil},
		{[]string{"a.b.c", "a.b.c"}, "", ErrSeveral},
		{[]string{"", "a.b.c"}, "", ErrSeveral},
	} {
		h := http.Header{}
		for _, line := range row.lines {
			h.Add("DPoP", line)
		}
		if got, err := Field(h); got != row.want || !errors.Is(err, row.err) {
			t.Errorf("%q: %q %v", row.lines, got, err)
		}
	}
}

// TestSign: what a client makes is accepted, and nothing private is in it.
func TestSign(t *testing.T) {
	for _, alg := range []token.Algorithm{token.ES256, token.ES384, token.ES512, token.Ed25519, token.RS256} {
		key, err := token.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := Sign(key, Proof{Method: "GET", URL: target + "?q=1#x", Token: raw, Issued: start})
		if err != nil {
			t.Fatal(err)
		}
		if seen, err := token.Inspect(proof); err != nil || strings.Contains(seen.Header, `"d"`) {
			t.Errorf("%s: %+v %v", alg, seen, err)
		}
		w := newWorld(t, nil)
		r := Request{Proof: proof, Method: "GET", URLs: []string{target}, Token: raw, Thumbprint: key.Key().ID}
		if got := w.verdict(r); got != "" {
			t.Errorf("%s: %q", alg, got)
		}
	}
	mac, err := token.NewSecretKey(token.HS256, "k", secret.NewBytes([]byte(
		"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"+
			"\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff")))
	if err != nil {
		t.Fatal(err)
	}
	if proof, err := Sign(mac, Proof{Method: "GET", URL: target, Issued: start}); err == nil {
		t.Errorf("a secret signs %s", proof)
	}
	key, _ := token.GenerateKey(token.ES256)
	if _, err := Sign(key, Proof{Method: "GET", URL: "/notes", Issued: start}); err == nil {
		t.Error("a relative URL")
	}
}

// TestConfig: every mistake is named.
func TestConfig(t *testing.T) {
	if _, err := New(Config{Window: time.Hour}); err == nil || strings.Count(err.Error(), "dpop: ") != 2 {
		t.Error(err)
	}
	for _, cfg := range []NonceConfig{
		{Lifetime: time.Second}, {Lifetime: 2 * time.Hour}, {Secret: secret.NewBytes([]byte("short"))},
	} {
		if _, err := NewNonces(cfg); err == nil {
			t.Errorf("%v is accepted", cfg.Lifetime)
		}
	}
}
