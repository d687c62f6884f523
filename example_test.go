package sallyport_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore/redisconn"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/visit"
)

// A Gate in front of a mux: one public route, the rest for callers with a token.
func Example() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "fine") })
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := visit.Caller(r.Context())
		fmt.Fprintln(w, caller.Subject)
	})

	key, err := token.GenerateKey(token.ES256)
	if err != nil {
		fmt.Println(err)
		return
	}
	gate, err := sallyport.New(sallyport.Config{
		Issuers: []token.Issuer{{Name: "https://id.example.com", Audiences: []string{"notes"}, Keys: []token.Key{key.Key()}}},
		Routes:  []sallyport.Route{{Pattern: "GET /health", Public: true}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(gate.Handler(mux))
	defer server.Close()

	for _, path := range []string{"/health", "/me"} {
		res, err := http.Get(server.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		res.Body.Close()
		fmt.Println(path, res.Status)
	}
	// Output:
	// /health 200 OK
	// /me 401 Unauthorized
}

// What cannot be meant is refused when the Gate is built, all of it at once.
func ExampleNew_incorrect() {
	_, err := sallyport.New(sallyport.Config{
		Limit:  "lots",
		Routes: []sallyport.Route{{Pattern: "GET /admin", Public: true, Roles: []string{"admin"}}},
	})
	fmt.Println(err != nil)
	// Output:
	// true
}

var keysOfTheIssuer []token.Key

// Limits that all processes of a service share, in Redis. It is not run here.
func ExampleConfig_limits() {
	conn, err := redisconn.Dial(os.Getenv("SALLYPORT_REDIS"))
	if err != nil {
		log.Fatal(err)
	}
	store, err := redisstore.New(redisstore.Config{Client: conn})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	key, err := secret.ReadFile("limits.key")
	if err != nil {
		log.Fatal(err)
	}
	gate, err := sallyport.New(sallyport.Config{
		Issuers:     []token.Issuer{{Name: "https://id.example.com", Audiences: []string{"notes"}, Keys: keysOfTheIssuer, Keep: []string{"org"}}},
		Limits:      store,
		LimitSecret: key,
		Limit:       "100 per 15m",
		Quotas: []sallyport.Quota{
			{Name: "tenant", Limit: "1000 per 1m", By: []string{"claim:org"}},
			{Name: "uploads", Limit: "50000000 bytes per 1h"},
			{Name: "busy", Limit: "10 at once shadow", By: []string{"client", "route"}},
		},
		Routes: []sallyport.Route{{Pattern: "POST /reports", Cost: 10, Limit: "60 per 1h"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", gate.Handler(nil)))
}
