package token_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

// An issuer signs with a key that is made on the first start, and publishes its public
// half; a verifier reads that.
func Example() {
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
	fmt.Println(claims.Subject)

	_, err = verifier.Verify(raw + "=")
	fmt.Println(err)
	// Output:
	// ada
	// token: malformed
}
