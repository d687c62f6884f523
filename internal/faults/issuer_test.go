package faults_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

const (
	foreignIssuer   = "https://id.example.com"
	foreignAudience = "bench"
)

// issuer signs tokens elsewhere, and publishes its keys.
type issuer struct {
	*httptest.Server
	key *token.SigningKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := token.GenerateKey(token.ES256)
	if err != nil {
		t.Fatal(err)
	}
	set, err := token.MarshalJWKS([]token.Key{key.Key()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(set)
	}))
	t.Cleanup(server.Close)
	return &issuer{server, key}
}

// token returns one that is good for the whole bench.
func (i *issuer) token(t *testing.T) string {
	t.Helper()
	now := time.Now()
	text, err := i.key.Sign(map[string]any{
		"iss": foreignIssuer, "aud": foreignAudience, "sub": "visitor", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"client_id": "bench", "jti": "1",
	}, token.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// newUpstream is the API that is guarded.
func newUpstream(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "hello")
	}))
	t.Cleanup(server.Close)
	return server
}
