package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// asked is what node/verify.mjs is to do, and verified what it says of a token.
type (
	asked struct {
		Library  string   `json:"library"`
		JWKS     string   `json:"jwks"`
		Issuer   string   `json:"issuer"`
		Audience string   `json:"audience"`
		Tokens   []string `json:"tokens"`
	}
	verified struct {
		OK                    bool
		Sub, Client, Alg, Typ string
		Why                   string
	}
)

const (
	issuer   = "https://id.example.com"
	audience = "https://api.example.com"
)

// TestOthersVerifyOurTokens has the two common libraries of Node.js take the access
// tokens of a running gate, with the keys it publishes.
func TestOthersVerifyOurTokens(t *testing.T) {
	t.Parallel()
	node(t)
	mine, other := serve(t, "--issuer", issuer, "--audience", audience), serve(t, "--issuer", issuer, "--audience", audience)
	token, forged := mine.login("ada"), other.login("ada")
	header, payload, signature := cut(t, token)
	_, foreignPayload, foreignSignature := cut(t, forged)
	tokens := []struct{ name, token string }{
		{"genuine", token},
		{"changed payload", header + "." + change(payload) + "." + signature},
		{"another payload", header + "." + foreignPayload + "." + signature},
		{"changed signature", header + "." + payload + "." + change(signature)},
		{"another signature", header + "." + payload + "." + foreignSignature},
		{"no signature", header + "." + payload + "."},
		{"another gate's key", forged},
	}
	me := mine.me(token)

	for _, library := range []string{"jose", "jsonwebtoken"} {
		for _, expect := range []struct {
			name, issuer, audience string
			ok                     bool
		}{
			{"as issued", issuer, audience, true},
			{"for another issuer", issuer + "/", audience, false},
			{"for another audience", issuer, issuer, false},
		} {
			t.Run(library+" "+expect.name, func(t *testing.T) {
				in := asked{Library: library, JWKS: mine.url + "/.well-known/jwks.json", Issuer: expect.issuer, Audience: expect.audience}
				for _, one := range tokens {
					in.Tokens = append(in.Tokens, one.token)
				}
				said := script[[]verified](t, "verify.mjs", in)
				if len(said) != len(tokens) {
					t.Fatalf("%d answers to %d tokens", len(said), len(tokens))
				}
				for i, got := range said {
					if want := expect.ok && i == 0; got.OK != want {
						t.Errorf("%s: accepted is %v, want %v (%s)", tokens[i].name, got.OK, want, got.Why)
					}
				}
				if got := said[0]; expect.ok && (got.Sub != me || got.Client == "" || got.Alg != "ES256" || got.Typ != "at+jwt") {
					t.Errorf("the genuine token was read as %+v", got)
				}
			})
		}
	}
}

// TestWeVerifyOthersTokens has a gate without accounts take the tokens that jose
// signs, and refuse what is wrong with their likes.
func TestWeVerifyOthersTokens(t *testing.T) {
	t.Parallel()
	signed := script[struct {
		JWKS   jsontext.Value
		Tokens []struct {
			Name, Token string
			OK          bool
		}
	}](t, "sign.mjs", map[string]string{"issuer": issuer, "audience": audience})
	keys := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(keys, signed.JWKS, 0o600); err != nil {
		t.Fatal(err)
	}
	g := serve(t, "--accounts=off", "--issuer", issuer, "--audience", audience, "--jwks", keys, "--upstream", express(t).url)

	accepted := map[string]bool{}
	for _, one := range signed.Tokens {
		got := g.get("/whoami", as(one.Token))
		if !one.OK {
			if got.status != 401 || !strings.Contains(got.header.Get("Www-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s: status %d, want 401 with invalid_token\n%s", one.Name, got.status, got.body)
			}
			continue
		}
		accepted[one.Name] = got.status == 200
		got.want(200)
		if subject := got.member("subject"); subject != "ada" {
			t.Errorf("%s: the upstream sees %q, want ada", one.Name, subject)
		}
	}
	for _, alg := range []string{"ES256", "RS256", "EdDSA", "PS256", "ES384"} {
		if !accepted[alg] {
			t.Errorf("no token with %s was tried", alg)
		}
	}
}

// cut takes a token apart.
func cut(t *testing.T, token string) (header, payload, signature string) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("a token of %d parts", len(parts))
	}
	return parts[0], parts[1], parts[2]
}

// change changes the letter in the middle, all of whose bits count.
func change(part string) string {
	i := len(part) / 2
	letter := "A"
	if part[i] == 'A' {
		letter = "B"
	}
	return part[:i] + letter + part[i+1:]
}
