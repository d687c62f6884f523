package token

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/secret"
)

// The world of the tests: two issuers, one API, one clock.
const (
	issuerA   = "https://a.example"
	issuerB   = "https://b.example"
	audience1 = "https://api.example"
)

var (
	now    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	signer = sync.OnceValue(func() map[Algorithm]*SigningKey {
		keys := map[Algorithm]*SigningKey{}
		for _, alg := range []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, Ed25519} {
			keys[alg] = must(GenerateKey(alg))
		}
		for i, alg := range []Algorithm{HS256, HS384, HS512} {
			keys[alg] = must(NewSecretKey(alg, fmt.Sprintf("mac%d", i), secret.NewBytes(randomBytes(64))))
		}
		return keys
	})
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// verifierOf accepts tokens of issuerA under one algorithm's key, and of issuerB
// under another key.
func verifierOf(tb testing.TB, alg Algorithm, change func(*Issuer)) *Verifier {
	tb.Helper()
	in := Issuer{Name: issuerA, Audiences: []string{audience1, "api"}, Keys: []Key{signer()[alg].Key()}}
	if change != nil {
		change(&in)
	}
	other := Issuer{Name: issuerB, Audiences: []string{audience1}, Keys: []Key{otherKey().Key()}}
	v, err := New(Config{Issuers: []Issuer{in, other}, Now: func() time.Time { return now }})
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

var otherKey = sync.OnceValue(func() *SigningKey { return must(GenerateKey(ES256)) })

// fair is a good set of claims.
func fair() map[string]any {
	return map[string]any{
		"iss": issuerA, "sub": "u1", "aud": audience1, "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(),
		"jti": "j1", "sid": "s1", "client_id": "web", "scope": "notes:read notes:write", "roles": []string{"admin"},
	}
}

// with is fair with one claim changed; nil takes it out.
func with(name string, value any) map[string]any {
	c := fair()
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return c
}

func claimsJSON(c any) string { return string(must(json.Marshal(c, json.Deterministic(true)))) }

// forge signs any header and payload text with a key.
func forge(k *SigningKey, head, body string) string {
	return must(k.compact([]byte(head), []byte(body)))
}

func head(k *SigningKey) string {
	return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, k.key.Algorithm, k.key.ID)
}

func unsigned(head, body, sig string) string {
	b := base64.RawURLEncoding
	return b.EncodeToString([]byte(head)) + "." + b.EncodeToString([]byte(body)) + "." + sig
}

// row is a token and what is to become of it: nil is accepted.
type row struct {
	name  string
	token func(k *SigningKey) string
	want  *Error
}

func signed(body string) func(*SigningKey) string {
	return func(k *SigningKey) string { return forge(k, head(k), body) }
}

func headed(format string) func(*SigningKey) string {
	return func(k *SigningKey) string {
		h := strings.NewReplacer("ALG", string(k.key.Algorithm), "KID", k.key.ID).Replace(format)
		return forge(k, h, claimsJSON(fair()))
	}
}

func mangled(f func(string) string) func(*SigningKey) string {
	return func(k *SigningKey) string { return f(forge(k, head(k), claimsJSON(fair()))) }
}

func sealed(name string, value any) func(*SigningKey) string {
	return signed(claimsJSON(with(name, value)))
}

// flipLast changes the unused bits of the last character: the same bytes for a lax
// decoder, another string for a cache or a revocation list.
func flipLast(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + alphabet[i^1:i^1+1]
}

func swapPart(s string, i int, part string) string {
	p := strings.Split(s, ".")
	p[i] = part
	return strings.Join(p, ".")
}

// otherFirst changes the first character.
func otherFirst(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

// errAny stands for any refusal, where the reason depends on a signature's length.
var errAny = &Error{Reason: "any"}

// otherLike is a key of the same kind as k, with another secret.
func otherLike(k *SigningKey) *SigningKey {
	if k.signer == nil {
		return must(NewSecretKey(k.key.Algorithm, k.key.ID, secret.NewBytes(randomBytes(64))))
	}
	return must(GenerateKey(k.key.Algorithm))
}
