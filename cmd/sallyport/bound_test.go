package main

import (
	"os"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/dpop"
)

// issuerKey signs the tokens of bound, and clientKey its proofs.
var issuerKey, clientKey = sync.OnceValues(newKey), sync.OnceValues(newKey)

func newKey() (*token.SigningKey, error) { return token.GenerateKey(token.ES256) }

// bound METHOD URL makes the issuer's key set, keys.json, a token that is bound to a client's key,
// $TOKEN, and a proof of that key for the request, $PROOF.
func bound(ts *testscript.TestScript, _ bool, args []string) {
	issuer, err := issuerKey()
	ts.Check(err)
	client, err := clientKey()
	ts.Check(err)
	now := time.Now()
	raw, err := issuer.Sign(map[string]any{
		"iss": "https://id.example.com", "aud": "notes", "sub": "ada", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"cnf": map[string]string{"jkt": client.Key().ID}, "roles": []string{"user"},
	}, token.AccessToken)
	ts.Check(err)
	proof, err := dpop.Sign(client, dpop.Proof{Method: args[0], URL: args[1], Token: raw, Issued: now})
	ts.Check(err)
	keys, err := token.MarshalJWKS([]token.Key{issuer.Key()})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("keys.json"), keys, 0o600))
	ts.Setenv("TOKEN", raw)
	ts.Setenv("PROOF", proof)
}
