package sallyport_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/secret"
)

// readme is the program at the top of README.md.
func readme(ctx context.Context, store account.Store, secret secret.Bytes, addr string, mux http.Handler) error {
	// README:
	accounts, err := account.New(ctx, account.Config{Store: store, Issuer: "https://api.example.com", Secret: secret})
	if err != nil {
		return err
	}
	gate, err := sallyport.New(sallyport.Config{
		Accounts: accounts, // register, login, sessions, API keys and more under /auth/
		Routes:   []sallyport.Route{{Pattern: "GET /health", Public: true}},
	})
	if err != nil {
		return err
	}
	return http.ListenAndServe(addr, gate.Handler(mux))
	// :README
}

// TestReadme: the program at the top of README.md compiles, and gets as far as listening.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "```go\n")
	shown, _, _ = strings.Cut(shown, "```")
	_, body, _ := strings.Cut(string(source), "\t// README:\n")
	body, _, _ = strings.Cut(body, "\t// :README\n")
	if body = strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:]; body != shown {
		t.Errorf("README.md has\n%s\nand its test\n%s", shown, body)
	}

	store, err := sqlite.Open(t.Context(), t.TempDir()+"/accounts.db")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := readme(t.Context(), store, ownSecret, "256.0.0.1:0", http.NewServeMux()); err == nil ||
		!strings.Contains(err.Error(), "256.0.0.1") {
		t.Errorf("%v, want that it cannot listen at 256.0.0.1", err)
	}
}
