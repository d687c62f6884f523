package sallyport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/sallyport-dev/sallyport"
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
