package token_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

// An API accepts the tokens of one issuer, under the keys which that issuer publishes.
func Example() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	issuer, err := token.GenerateKey(token.Ed25519)
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := token.New(token.Config{
		Issuers: []token.Issuer{{
			Name:      "https://id.example.com",
			Audiences: []string{"notes"},
			Keys:      []token.Key{issuer.Key()},
		}},
		Now: func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	claims := map[string]any{"iss": "https://id.example.com", "sub": "ada", "aud": "notes", "exp": now.Add(time.Minute).Unix()}
	raw, err := issuer.Sign(claims, token.AccessToken)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := verifier.Verify(raw)
	fmt.Println(c.Subject, err)

	claims["aud"] = "invoices"
	other, err := issuer.Sign(claims, token.AccessToken)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = verifier.Verify(other)
	fmt.Println(err)
	fmt.Println(token.Explain(err))
	// Output:
	// ada <nil>
	// token: wrong_audience: aud must name this API
	// The token is for another API: its aud does not name this one.
}

// An ID token says to a web page who logged in. An API that takes any JWT of its issuer
// takes that one, too, wherever the audience is shared.
func Example_incorrect() {
	issuer, err := token.GenerateKey(token.ES256)
	if err != nil {
		fmt.Println(err)
		return
	}
	idToken, err := issuer.Sign(map[string]any{
		"iss": "https://id.example.com", "sub": "ada", "aud": "notes", "nonce": "n-1", "exp": time.Now().Add(time.Minute).Unix(),
	}, "JWT")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, types := range [][]string{{"JWT"}, nil} {
		verifier, err := token.New(token.Config{Issuers: []token.Issuer{
			{Name: "https://id.example.com", Audiences: []string{"notes"}, Keys: []token.Key{issuer.Key()}, Types: types},
		}})
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = verifier.Verify(idToken)
		fmt.Println(types, err)
	}
	// Output:
	// [JWT] <nil>
	// [] token: wrong_type: typ must be one of the issuer's types
}

// An issuer signs with a key that is made on the first start, and publishes its public
// half; a verifier reads that.
func ExampleLoadOrCreate() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	key, err := token.LoadOrCreate(filepath.Join(dir, "signing-key.pem"), token.ES256)
	if err != nil {
		fmt.Println(err)
		return
	}
	raw, err := key.Sign(map[string]any{
		"iss": "https://id.example.com", "sub": "ada", "aud": "notes", "exp": time.Now().Add(10 * time.Minute).Unix(),
	}, token.AccessToken)
	if err != nil {
		fmt.Println(err)
		return
	}
	published, err := token.MarshalJWKS([]token.Key{key.Key()})
	if err != nil {
		fmt.Println(err)
		return
	}

	keys, errs := token.ParseJWKS(published)
	if errs != nil {
		fmt.Println(errs)
		return
	}
	verifier, err := token.New(token.Config{
		Issuers: []token.Issuer{{Name: "https://id.example.com", Audiences: []string{"notes"}, Keys: keys}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := verifier.Verify(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(claims.Subject, claims.KeyID == key.Key().ID)
	// Output: ada true
}
