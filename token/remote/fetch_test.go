package remote_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/remote"
)

// TestBrokenMember: one key of the set that cannot be used spoils no other.
func TestBrokenMember(t *testing.T) {
	var idp idp
	good := newKey(t, token.ES256)
	body, err := token.MarshalJWKS([]token.Key{good.Key()})
	if err != nil {
		t.Fatal(err)
	}
	rest := strings.TrimPrefix(string(body), `{"keys":[`)
	for name, broken := range map[string]string{
		"off the curve":     `{"kty":"EC","crv":"P-256","kid":"x","x":"AAAA","y":"AAAA"}`,
		"weak RSA":          `{"kty":"RSA","alg":"RS256","kid":"x","n":"AQAB","e":"AQAB"}`,
		"for encryption":    `{"kty":"EC","use":"enc","kid":"x"}`,
		"private":           `{"kty":"EC","crv":"P-256","kid":"x","d":"AAAA"}`,
		"symmetric":         `{"kty":"oct","k":"AAAA","kid":"x"}`,
		"of no known kind":  `{"kty":"XYZ","kid":"x"}`,
		"no object":         `7`,
		"without a name":    `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"not in key_ops":    `{"kty":"EC","crv":"P-256","kid":"x","key_ops":["sign"]}`,
		"Ed25519 of zeros":  `{"kty":"OKP","crv":"Ed25519","kid":"x","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"RSA, even":         `{"kty":"RSA","alg":"RS256","kid":"x","n":"` + strings.Repeat("_", 341) + `A","e":"AQAB"}`,
		"algorithm none":    `{"kty":"EC","alg":"none","kid":"x"}`,
		"another algorithm": `{"kty":"OKP","crv":"X25519","kid":"x","x":"AAAA"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			idp.set("/jwks", text(`{"keys":[`+broken+`,`+rest))
			var said bytes.Buffer
			s, err := remote.New(t.Context(), remote.Config{Issuer: issuer, URL: jwks, Transport: &idp, ErrorLog: slog.New(slog.NewTextHandler(&said, nil))})
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(t, s, good); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			time.Sleep(time.Hour) // fetched again, four times
			s.Close()
			if n := strings.Count(said.String(), "left out"); n != 1 && name != "without a name" && name != "for encryption" && name != "not in key_ops" {
				t.Errorf("%s: said %d times", name, n)
			}
		})
	}
	idp.set("/jwks", publish(good, newKey(t, token.RS256)))
	s := open(t, remote.Config{URL: jwks, Transport: &idp, Algorithms: []token.Algorithm{token.RS256}})
	defer s.Close()
	if err := verify(t, s, good); err == nil {
		t.Error("a key of an algorithm that is not allowed")
	}
}

// TestAlgorithms: what the Config lists is taken, by whichever name, and nothing else. An
// RSA key that does not say its algorithm is for the first of RSA that is listed.
func TestAlgorithms(t *testing.T) {
	ed, rsa := newKey(t, token.Ed25519), newKey(t, token.RS256)
	unsaid := func(k *token.SigningKey, alg string) func(http.ResponseWriter, *http.Request) {
		body, err := token.MarshalJWKS([]token.Key{k.Key()})
		if err != nil {
			t.Fatal(err)
		}
		return text(strings.Replace(string(body), `"alg":"`+string(k.Key().Algorithm)+`",`, alg, 1))
	}
	for _, row := range []struct {
		name   string
		set    func(http.ResponseWriter, *http.Request)
		key    *token.SigningKey
		listed []token.Algorithm
		ok     bool
	}{
		{"Ed25519 as EdDSA", publish(ed), ed, []token.Algorithm{token.EdDSA}, true},
		{"EdDSA as Ed25519", unsaid(ed, `"alg":"EdDSA",`), ed, []token.Algorithm{token.Ed25519}, true},
		{"Ed25519, unsaid", unsaid(ed, ""), ed, []token.Algorithm{token.EdDSA}, true},
		{"Ed25519, not listed", publish(ed), ed, []token.Algorithm{token.ES256}, false},
		{"RSA, unsaid, nothing listed", unsaid(rsa, ""), rsa, nil, true},
		{"RSA, unsaid, one listed", unsaid(rsa, ""), rsa, []token.Algorithm{token.ES256, token.RS256}, true},
		{"RSA, unsaid, another listed", unsaid(rsa, ""), rsa, []token.Algorithm{token.PS256}, false},
		{"RSA, unsaid, two listed", unsaid(rsa, ""), rsa, []token.Algorithm{token.RS256, token.RS512}, true},
		{"RSA, another said", unsaid(rsa, `"alg":"RS512",`), rsa, []token.Algorithm{token.RS256}, false},
	} {
		var idp idp
		idp.set("/jwks", row.set)
		s := open(t, remote.Config{URL: jwks, Transport: &idp, Algorithms: row.listed})
		if err := verify(t, s, row.key); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
		s.Close()
	}
}

// TestHuge: a set of 200 MB is not read, whether it says so or not, and nor is one that
// comes drop by drop.
func TestHuge(t *testing.T) {
	var idp idp
	server := httptest.NewServer(&idp)
	defer server.Close()
	chunk := []byte(strings.Repeat(" ", 1<<20))
	for name, announce := range map[string]bool{"announced": true, "not announced": false} {
		var sent atomic.Int64
		idp.set("/jwks", func(w http.ResponseWriter, r *http.Request) {
			if announce {
				w.Header().Set("Content-Length", fmt.Sprint(200<<20))
			}
			for range 200 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
				sent.Add(int64(len(chunk)))
			}
		})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s := open(t, remote.Config{URL: server.URL + "/jwks"})
		runtime.ReadMemStats(&after)
		if s.Keys() != nil {
			t.Errorf("%s: it has keys", name)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 || sent.Load() > 16<<20 {
			t.Errorf("%s: %d bytes sent, %d allocated", name, sent.Load(), grown)
		}
		s.Close()
	}
	drip := make(chan struct{})
	defer close(drip)
	idp.set("/jwks", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"keys":[`))
		w.(http.Flusher).Flush()
		select {
		case <-drip:
		case <-r.Context().Done():
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	s, err := remote.New(ctx, quiet(remote.Config{URL: server.URL + "/jwks"}))
	if err != nil || s.Keys() != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestDiscovery: by either document; and what an issuer may not say of itself.
func TestDiscovery(t *testing.T) {
	k := newKey(t, token.ES256)
	for _, row := range []struct {
		name, issuer, path, document string
		contradiction                bool
		ok                           bool
	}{
		{"OpenID Connect", issuer, "/.well-known/openid-configuration", `{"issuer":"https://id.example","jwks_uri":"https://id.example/jwks","x":1}`, false, true},
		{"RFC 8414", issuer, "/.well-known/oauth-authorization-server", `{"issuer":"https://id.example","jwks_uri":"https://id.example/jwks"}`, false, true},
		{"below a path", issuer + "/t", "/t/.well-known/openid-configuration", `{"issuer":"https://id.example/t","jwks_uri":"https://id.example/jwks"}`, false, true},
		{"RFC 8414 below a path", issuer + "/t", "/.well-known/oauth-authorization-server/t", `{"issuer":"https://id.example/t","jwks_uri":"https://id.example/jwks"}`, false, true},
		{"another issuer", issuer, "/.well-known/openid-configuration", `{"issuer":"https://evil.example","jwks_uri":"https://id.example/jwks"}`, true, false},
		{"a slash more", issuer, "/.well-known/openid-configuration", `{"issuer":"https://id.example/","jwks_uri":"https://id.example/jwks"}`, true, false},
		{"keys over http", issuer, "/.well-known/openid-configuration", `{"issuer":"https://id.example","jwks_uri":"http://id.example/jwks"}`, true, false},
		{"keys on this machine", issuer, "/.well-known/openid-configuration", `{"issuer":"https://id.example","jwks_uri":"http://127.0.0.1/jwks"}`, true, false},
		{"keys on this machine by name", issuer, "/.well-known/openid-configuration", `{"issuer":"https://id.example","jwks_uri":"http://localhost/jwks"}`, true, false},
		{"all on this machine", "http://127.0.0.1:9", "/.well-known/openid-configuration", `{"issuer":"http://127.0.0.1:9","jwks_uri":"http://127.0.0.1:9/jwks"}`, false, true},
		{"keys in a file", issuer, "/.well-known/openid-configuration", `{"issuer":"https://id.example","jwks_uri":"file:///etc/passwd"}`, true, false},
		{"issuer twice", issuer, "/.well-known/openid-configuration", `{"issuer":"https://evil.example","issuer":"https://id.example","jwks_uri":"https://id.example/jwks"}`, false, false},
		{"a page", issuer, "/.well-known/openid-configuration", `<html>`, false, false},
	} {
		var idp idp
		idp.set("/jwks", publish(k))
		idp.set("/.well-known/openid-configuration", text("<html>")) // as a single-page application answers
		idp.set(row.path, text(row.document))
		s, err := remote.New(t.Context(), quiet(remote.Config{Issuer: row.issuer, Transport: &idp}))
		if _, is := errors.AsType[*remote.ContradictionError](err); is != row.contradiction || !is && err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if err != nil {
			continue
		}
		if (s.Keys() != nil) != row.ok {
			t.Errorf("%s: keys %t", row.name, s.Keys() != nil)
		}
		s.Close()
	}
}

// TestRedirects: to its own host, and no other, least of all to this machine.
func TestRedirects(t *testing.T) {
	k := newKey(t, token.ES256)
	var idp, other idp
	canary := httptest.NewServer(&other)
	defer canary.Close()
	other.set("/jwks", publish(k))
	server := httptest.NewServer(&idp)
	defer server.Close()
	idp.set("/moved", publish(k))
	for to, ok := range map[string]bool{"/moved": true, canary.URL + "/jwks": false, "https://id.example/jwks": false, "/jwks": false} {
		idp.set("/jwks", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
		s := open(t, remote.Config{URL: server.URL + "/jwks"})
		if (s.Keys() != nil) != ok {
			t.Errorf("to %s: keys %t", to, s.Keys() != nil)
		}
		s.Close()
	}
	if n := other.fetches.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

// TestCertificate: whose name leads to another machine, such as this one, does not get
// past TLS: the keys that are known stay.
func TestCertificate(t *testing.T) {
	var idp idp
	idp.set("/jwks", publish(newKey(t, token.ES256)))
	server := httptest.NewUnstartedServer(&idp)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	for name, row := range map[string]struct {
		transport http.RoundTripper
		ok        bool
	}{"unknown": {nil, false}, "known": {server.Client().Transport, true}} {
		s := open(t, remote.Config{URL: server.URL + "/jwks", Transport: row.transport})
		if (s.Keys() != nil) != row.ok {
			t.Errorf("a certificate that is %s: keys %t", name, s.Keys() != nil)
		}
		s.Close()
	}
}

// TestOddAnswers: sets with a byte order mark or in gzip, and a discovery document with a mark.
func TestOddAnswers(t *testing.T) {
	k := newKey(t, token.ES256)
	set, err := token.MarshalJWKS([]token.Key{k.Key()})
	if err != nil {
		t.Fatal(err)
	}
	squeezed := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	for _, row := range []struct {
		name, body string
		ok         bool
	}{
		{"a byte order mark", "\ufeff" + string(set), true},
		{"gzip", squeezed(string(set)), true},
		{"gzip and a mark", squeezed("\ufeff" + string(set)), true},
		{"gzip, cut", squeezed(string(set))[:40], false},
		{"gzip of a gigabyte", squeezed(`{"keys":[],"x":"` + strings.Repeat("x", 64<<20)), false},
		{"gzip in gzip", squeezed(squeezed(string(set))), false},
	} {
		var idp idp
		idp.set("/jwks", text(row.body))
		idp.set("/.well-known/openid-configuration", text("\ufeff"+`{"issuer":"https://id.example","jwks_uri":"https://id.example/jwks"}`))
		for _, address := range []string{jwks, ""} {
			s := open(t, remote.Config{URL: address, Transport: &idp})
			if err := verify(t, s, k); (err == nil) != row.ok {
				t.Errorf("%s: %v", row.name, err)
			}
			s.Close()
		}
	}
}

// TestInsecureHTTP: cleartext only where it is said, for the discovery document and for the set
// that it names, and a name that is no address only with the address of the set.
func TestInsecureHTTP(t *testing.T) {
	for _, row := range []struct {
		issuer, url, named string
		insecure, ok       bool
	}{
		{"http://keycloak:8080", "", "http://keycloak:8080/jwks", true, true},
		{"http://keycloak:8080", "", "http://keycloak:8080/jwks", false, false},
		{"https://id.example", "", "http://keycloak:8080/jwks", false, false},
		{"https://id.example", "", "http://keycloak:8080/jwks", true, true},
		{"https://id.example", "http://keycloak:8080/jwks", "", true, true},
		{"https://id.example", "http://keycloak:8080/jwks", "", false, false},
		{"kubernetes/serviceaccount", "https://id.example/jwks", "", false, true},
		{"kubernetes/serviceaccount", "", "", true, false},
		{"accounts.google.com", "", "", false, false},
		{"ftp://id.example", "", "", true, false},
		{"http://user:pass@keycloak", "", "", true, false},
	} {
		var idp idp
		idp.set("/jwks", publish(newKey(t, token.ES256)))
		idp.set("/.well-known/openid-configuration", text(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, row.issuer, row.named)))
		s, err := remote.New(t.Context(), quiet(remote.Config{
			Issuer: row.issuer, URL: row.url, InsecureHTTP: row.insecure, Transport: &idp,
		}))
		if (err == nil) != row.ok {
			t.Errorf("%+v: %v", row, err)
		}
		if err == nil {
			if s.Keys() == nil {
				t.Errorf("%+v: no keys", row)
			}
			s.Close()
		}
	}
}

// TestRefreshWithoutNames: a new key is found for a token that names none, too.
func TestRefreshWithoutNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idp idp
		old, next := newKey(t, token.ES256), newKey(t, token.ES256)
		unnamed := func(k *token.SigningKey) func(http.ResponseWriter, *http.Request) {
			body, err := token.MarshalJWKS([]token.Key{{Algorithm: token.ES256, Public: k.Key().Public}})
			if err != nil {
				t.Fatal(err)
			}
			return text(string(body))
		}
		idp.set("/jwks", unnamed(old))
		s := open(t, remote.Config{URL: jwks, Transport: &idp})
		defer s.Close()
		if err := verify(t, s, old); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		idp.set("/jwks", unnamed(next))
		if err := verify(t, s, next); err != nil {
			t.Error(err)
		}
		fetches := idp.fetches.Load()
		for range 100 { // forgeries: one fetch in a cool-down, whatever comes
			if err := verify(t, s, old); err == nil {
				t.Error("a key that is not published any more")
			}
		}
		if n := idp.fetches.Load() - fetches; n > 0 {
			t.Errorf("%d fetches within the cool-down", n)
		}
	})
}
